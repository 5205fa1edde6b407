"""What admins decide: whether so many departures are carried out, and that a right is gone."""

import structlog

from bot.desk import Actor, Desk, change, check_admin
from bot.refusals import AlreadyDecided, ListChanged
from bot.store import Store
from models.delegation import Event, State
from models.event import Deed
from models.mark import mark_of_leftovers
from models.overdue import Leftover
from models.round import Round, Stage, Word
from models.stray import UNSETTLED, StrayState

_log = structlog.get_logger("bot.delegations.people.verdicts")


async def end_them(desk: Desk, actor: Actor, question: str) -> None:
    """Carry out what the round found. Raises AdminsOnly and AlreadyDecided."""
    await _answer(desk, actor, question, Word.END)


async def keep_them(desk: Desk, actor: Actor, question: str) -> None:
    """End nothing; the next round looks again. Raises AdminsOnly and AlreadyDecided."""
    await _answer(desk, actor, question, Word.KEEP)


async def _answer(desk: Desk, actor: Actor, question: str, word: Word) -> None:
    def answer(store: Store) -> None:
        check_admin(desk, actor)
        held = _held(store, actor, question)
        now = desk.now()
        values: dict[str, object] = {"answer": word, "answered_by": actor.user_id}
        if word is Word.END:
            values |= {"stage": Stage.CARRY_OUT, "cursor": "", "wake_at": now}
        store.rounds.go_on(held, **values)
        store.log.note(
            Deed.DEPARTURES_CONFIRMED if word is Word.END else Deed.DEPARTURES_KEPT,
            team_id=actor.team_id,
            now=now,
            subject_id=question,
            actor=actor.user_id,
        )
        store.notices.mark_stale(question, now=now)

    await change(desk, answer)
    _log.info("an admin answered for the departed", admin=actor.user_id, answer=word)


async def is_gone(desk: Desk, actor: Actor, grantor_id: str, seen: str) -> None:
    """An admin has seen in Close that nothing is left of what one person gave: in place of Close's
    own word this ends it. ``seen`` is the mark of exactly the rights that were shown.

    It is looked up once that person's connection works. Raises AdminsOnly and ListChanged.
    """

    def confirm(store: Store) -> list[Leftover]:
        check_admin(desk, actor)
        now = desk.now()
        found = list(store.overdue.of(actor.team_id, grantor_id=grantor_id, now=now))
        if not found or mark_of_leftovers(found) != seen:
            store.notices.overdue_changed(actor.team_id, now=now)
            return []
        for each in sorted(found, key=lambda each: each.id):
            _confirm(desk, store, actor, each)
        store.notices.overdue_changed(actor.team_id, now=now)
        return found

    confirmed = await change(desk, confirm)
    if not confirmed:
        raise ListChanged
    _log.info(
        "an admin said that rights are gone in Close",
        admin=actor.user_id,
        grantor=grantor_id,
        rights=[each.id for each in confirmed],
    )


def _confirm(desk: Desk, store: Store, actor: Actor, leftover: Leftover) -> None:
    now = desk.now()
    store.log.note(
        Deed.GONE_IN_CLOSE,
        team_id=actor.team_id,
        now=now,
        subject_id=leftover.id,
        delegation_id=None if leftover.is_stray else leftover.id,
        actor=actor.user_id,
        grantor=leftover.grantor_id,
        grantee=leftover.grantee_id,
    )
    if leftover.is_stray:
        stray = store.strays.get(leftover.id, lock=True)
        if stray is not None and stray.state in UNSETTLED:
            store.strays.decide(
                stray, StrayState.VANISHED, now=now, by=actor.user_id, leased_until=None
            )
        return
    current = store.delegations.get(leftover.id, lock=True)
    if current is not None and current.state is State.ENDING:
        store.delegations.apply(
            current,
            Event.CONFIRM,
            now=now,
            actor=actor.user_id,
            confirmed_by=actor.user_id,
            ended_at=now,
        )


def _held(store: Store, actor: Actor, question: str) -> Round:
    asked = store.rounds.asking(question) if question else None
    held = store.rounds.get(actor.team_id, lock=True)
    if asked is None or held is None or held.question != question:
        raise AlreadyDecided
    if held.stage is not Stage.HELD or held.answer is not None:
        raise AlreadyDecided
    return held
