"""Notices go out: one stale notice is rendered from the present rows, and posted or updated."""

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from bot.cards import absences, alarms, deputies, digest, first_hour, second_yes, strays, words
from bot.cards import notices as texts
from bot.delegations.people.duties import waiting
from bot.ports import Directory, OutsideError
from bot.projections import refused, reviews, together
from bot.projections.showing import REFUSED_FOR, Overtaken, Showing, place_of
from bot.slack.chat import Envelope, Place
from bot.slack.message import Message
from bot.store import Store
from models.notice import Notice, NoticeKind

TOGETHER = (NoticeKind.BUNDLE, NoticeKind.ENDS, NoticeKind.REVIEW, NoticeKind.AFTERMATH)
LOOK_AGAIN = timedelta(
    minutes=10
)  # time alone makes something overdue, and a day's list an old one
TRYING = timedelta(seconds=10)  # until another look whether Close accepts a connection


@dataclass(frozen=True, slots=True)
class NoticeStep:
    """The worker's step for one leased notice; ``admins`` have a list of what is overdue."""

    showing: Showing
    admins: frozenset[str] = frozenset()
    directory: Directory | None = None

    async def take(self, notice: Notice) -> None:
        """Show what is true now, also in what an earlier attempt posted and could not note."""
        try:
            await self._take(notice, time.monotonic())
        except Overtaken:
            return  # whoever has it now shows it

    async def _take(self, notice: Notice, began: float) -> None:
        found = await self._found(notice)
        if notice.kind is NoticeKind.OVERDUE_LIST:
            await self._list(notice, found, began)
            return
        if notice.kind in TOGETHER:
            await self._together(notice, found, began)
            return
        if await self.showing.database.read(lambda store: _is_being_tried(store, found)):
            again = self.showing.now() + TRYING
            await self.showing.database.run(
                lambda store: store.notices.due.put_off(
                    notice, wake_at=again, attempts=notice.attempts - 1
                )
            )
            return
        message = await self.showing.database.read(lambda store: self._message(store, found))
        place = {} if message is None else asdict(await self._shown(found, message, began))
        await self.showing.database.run(lambda store: store.notices.shown(notice, place=place))

    async def put_off(self, notice: Notice, error: Exception) -> None:
        """Try again when Slack may take it."""
        await self.showing.put_off(
            lambda store: store.notices.due, notice, error, until=notice.created_at + REFUSED_FOR
        )

    async def _list(self, notice: Notice, found: Notice, began: float) -> None:
        """Today's list is looked at again and again as long as anything is on it; one of an earlier
        day waits for its end."""
        message, is_over, is_newest = await self.showing.database.run(
            lambda store: self._overdue(store, found)  # a day later it begins another one
        )
        place = {} if message is None else asdict(await self._shown(found, message, began))
        now = self.showing.now()
        kind = NoticeKind.OVERDUE_OVER if is_over else NoticeKind.OVERDUE_LIST
        wake_at = now + LOOK_AGAIN if is_newest and not is_over else None
        await self.showing.database.run(
            lambda store: store.notices.shown(notice, place=place, wake_at=wake_at, kind=kind)
        )

    async def _together(self, notice: Notice, found: Notice, began: float) -> None:
        """What several things have in common: a wish, an end, a review, what goes on after it."""
        now = self.showing.now()
        if notice.kind is NoticeKind.AFTERMATH:
            said = await self._aftermath(found, now)
        else:
            said = await self.showing.database.read(lambda store: self._said(store, found, now))
        place = {}
        if said.is_past and said.message is not None:
            await self._let_go(found, said.message)
        elif said.message is not None:
            place = asdict(await self._shown(found, said.message, began))
        await self.showing.database.run(
            lambda store: store.notices.shown(notice, place=place, wake_at=said.wake_at)
        )

    async def _aftermath(self, notice: Notice, now: datetime) -> together.Said:
        """A button shows no mention, so it needs a name."""
        rows = await self.showing.database.read(
            lambda store: store.aftermaths.of(notice.subject_id)
        )
        names = {}
        if len(rows) == 1 and self.directory is not None:
            with contextlib.suppress(OutsideError):
                person = await self.directory.person(rows[0].grantee_id)
                names = {person.id: person.name} if person else {}
        return together.goes_on(rows, notice, names, now=now)

    def _said(self, store: Store, notice: Notice, now: datetime) -> together.Said:
        if notice.kind is NoticeKind.REVIEW:
            return reviews.said(store, notice, now=now)
        return together.said(store, notice, self.showing.links, now=now)

    async def _let_go(self, notice: Notice, left: Message) -> None:
        place = place_of(notice.channel_id, notice.message_ts)
        if place is not None:
            await self.showing.messages.delete(place, left)

    def _overdue(self, store: Store, notice: Notice) -> tuple[Message | None, bool, bool]:
        """What it says, whether nothing of it is left, and whether it is the admin's latest."""
        now, team_id = self.showing.now(), notice.team_id
        work = waiting(store, team_id, now=now)
        if not work.is_any:
            return digest.over() if notice.message_ts is not None else None, True, True
        store.notices.tell_overdue(team_id, self.admins, now=now)
        newest = store.notices.newest_overdue(team_id, notice.recipient)
        if newest is not None and newest.id != notice.id:
            return digest.before(work, notice.recipient), False, False
        gone = store.departures.reasons(team_id, (each.grantor_id for each in work.leftovers))
        return digest.waiting(work, gone, notice.recipient), False, True

    def _message(self, store: Store, notice: Notice) -> Message | None:
        """None when it has become pointless before anybody saw it."""
        is_seen = notice.message_ts is not None
        match notice.kind:
            case (
                NoticeKind.CONNECTION_LOST
                | NoticeKind.RESTORED
                | NoticeKind.RESTORED_ADMIN
                | NoticeKind.INVITED
            ):
                return self._connection(store, notice, is_seen=is_seen)
            case NoticeKind.OVERDUE | NoticeKind.STILL_IN_CLOSE:
                return _left_over(store, notice, is_seen=is_seen)
            case NoticeKind.OVERDUE_LIST | NoticeKind.OVERDUE_OVER:
                return digest.over() if is_seen else None
            case NoticeKind.DEPARTURES:
                return _departures(store, notice, is_seen=is_seen)
            case NoticeKind.UNREACHABLE | NoticeKind.AUDIT_SILENT:
                return refused.said(store, notice, is_seen=is_seen)
            case NoticeKind.PAIRING | NoticeKind.PAIRING_DECIDED | NoticeKind.ACCOUNT_CLAIMED:
                return self._pairing(store, notice)
            case NoticeKind.STRAYS | NoticeKind.STANDING_ENDED | NoticeKind.AWAY:
                return _several(store, notice, is_seen=is_seen)
            case _ if notice.kind in OF_DEPUTIES:
                return _of_deputies(store, notice, now=self.showing.now())
            case _:
                return _other(store, notice, is_seen=is_seen)

    def _invited(self, store: Store, notice: Notice, *, is_seen: bool) -> Message | None:
        """Whoever knows the bot by now needs no invitation."""
        who = (notice.team_id, notice.recipient)
        if not is_seen and (store.connections.get(*who) or store.homes.is_opened(*who)):
            return None
        url = self.showing.links.connect(*who)
        return first_hour.invitation(notice.subject_id, connect_url=url)

    def _pairing(self, store: Store, notice: Notice) -> Message | None:
        pairing = store.pairings.get(notice.subject_id)
        if pairing is None:
            return None
        if notice.kind is NoticeKind.PAIRING:
            held = store.connections.get(pairing.team_id, pairing.slack_user_id)
            account = held.account if held else None
            return texts.pairing(pairing, account, reader=notice.recipient)
        if notice.kind is NoticeKind.ACCOUNT_CLAIMED:
            return texts.account_claimed(pairing)
        url = self.showing.links.connect(notice.team_id, notice.recipient)
        return texts.pairing_decided(pairing, connect_url=url)

    def _connection(self, store: Store, notice: Notice, *, is_seen: bool) -> Message | None:
        if notice.kind is NoticeKind.RESTORED_ADMIN:
            return alarms.restored(_moment(notice.subject_id))
        if notice.kind is NoticeKind.RESTORED:
            return self._restored(store, notice)
        if notice.kind is NoticeKind.INVITED:
            return self._invited(store, notice, is_seen=is_seen)
        return self._connection_lost(store, notice, is_seen=is_seen)

    def _connection_lost(self, store: Store, notice: Notice, *, is_seen: bool) -> Message | None:
        connection = store.connections.find(notice.subject_id)
        if connection is None or connection.is_alive:
            return texts.connection_works() if is_seen else None
        served = store.delegations.served_by(connection.team_id, connection.slack_user_id)
        url = self.showing.links.connect(notice.team_id, notice.recipient)
        return texts.connection_lost(connection, served, connect_url=url)

    def _restored(self, store: Store, notice: Notice) -> Message:
        return texts.restored(
            store.connections.get(notice.team_id, notice.recipient),
            since=_moment(notice.incident),
            until=notice.created_at,
            connect_url=self.showing.links.connect(notice.team_id, notice.recipient),
        )

    async def _found(self, notice: Notice) -> Notice:
        if notice.message_ts is not None:
            return notice
        present = await self.showing.database.read(lambda store: store.notices.get(notice.id))
        if present is not None and present.message_ts is not None:  # somebody else has posted it
            return replace(notice, channel_id=present.channel_id, message_ts=present.message_ts)
        lost = await self.showing.messages.lost(_to(notice, notice.attempts))
        return notice if lost is None else replace(notice, **asdict(lost))

    async def _shown(self, notice: Notice, message: Message, began: float) -> Place:
        place = place_of(notice.channel_id, notice.message_ts)
        if place is not None:
            await self.showing.messages.update(place, message)  # what its reader deleted stays so
            return place
        until = await self.showing.check_mine(lambda store: store.notices.due, notice, began)
        to = replace(_to(notice, 1), until=until)
        place, _ = await self.showing.messages.show(message, to)
        return place


FIXED: Mapping[NoticeKind, Callable[[], Message]] = {
    NoticeKind.DISCONNECTED: partial(texts.disconnected, was_key=False),
    NoticeKind.KEY_FORGOTTEN: partial(texts.disconnected, was_key=True),
    NoticeKind.KEYS_LOST: texts.keys_lost,
    NoticeKind.TOKENS_FORGOTTEN: texts.tokens_forgotten,
}


OF_DEPUTIES = (
    *(NoticeKind.DEPUTY_NAMED, NoticeKind.DEPUTY_OVER, NoticeKind.DEPUTY_AUDIT),
    *(NoticeKind.DEPUTY_ASKED, NoticeKind.DEPUTY_NEEDS_YOU),
)


def _of_deputies(store: Store, notice: Notice, *, now: datetime) -> Message | None:
    """Who answers for whom, and what they are asked."""
    reader, is_seen = notice.recipient, notice.message_ts is not None
    if notice.kind in (NoticeKind.DEPUTY_ASKED, NoticeKind.DEPUTY_NEEDS_YOU):
        delegation = store.delegations.get(notice.subject_id)
        if delegation is None or not (is_seen or delegation.waits_for_grantor):
            return None
        deputy = store.deputies.of_grantor(delegation.team_id, delegation.grantor_id)
        if notice.kind is NoticeKind.DEPUTY_NEEDS_YOU:
            return deputies.needs_you(delegation, deputy)
        mine = deputy if deputy is not None and deputy.deputy_id == reader else None
        if mine is None and not is_seen:
            return None
        is_last = not store.notices.is_followed(notice)
        return deputies.asked(delegation, mine, reader, now=now, is_last=is_last)
    deputy = store.deputies.get(notice.subject_id)
    if deputy is None:
        return None
    if notice.kind is NoticeKind.DEPUTY_NAMED:
        return deputies.named(deputy, now) if is_seen or deputy.is_in_force(now) else None
    if notice.kind is NoticeKind.DEPUTY_OVER:
        return deputies.over(deputy, reader)
    return deputies.audited(deputy, is_over=notice.incident == "over")


def _other(store: Store, notice: Notice, *, is_seen: bool) -> Message | None:
    if notice.kind is not NoticeKind.SECOND_YES:
        return FIXED[notice.kind]()
    delegation = store.delegations.get(notice.subject_id)
    if delegation is None or not (is_seen or delegation.waits_for_second):
        return None
    is_last = not store.notices.is_followed(notice)
    return second_yes.asked(delegation, notice.recipient, is_last=is_last)


def _is_being_tried(store: Store, notice: Notice) -> bool:
    """Whether the watch has still to ask Close about the connection since the restore."""
    if notice.kind is not NoticeKind.RESTORED:
        return False
    connection = store.connections.get(notice.team_id, notice.recipient)
    return (
        connection is not None
        and not connection.is_alive
        and connection.wake_at is not None
        and connection.wake_at <= notice.created_at
    )


def _moment(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def _departures(store: Store, notice: Notice, *, is_seen: bool) -> Message | None:
    held = store.rounds.asking(notice.subject_id)
    if held is None:
        return alarms.departures_over() if is_seen else None
    some = store.departures.pending(notice.team_id, limit=words.MOST_NAMED)
    toll = store.departures.toll(notice.team_id)
    return alarms.departures(held, toll, some, notice.recipient)


def _several(store: Store, notice: Notice, *, is_seen: bool) -> Message | None:
    """What an admin ended of its reader's; whether they are asked who covers for them; or what was
    found in Close, where a newer list has everything that is left."""
    if notice.kind is NoticeKind.AWAY:
        return _away(store, notice, is_seen=is_seen)
    if notice.kind is NoticeKind.STANDING_ENDED:
        ended = store.standing.ended_together(notice.subject_id)
        mine = [each for each in ended if notice.recipient in (each.grantor_id, each.grantee_id)]
        return texts.standing_ended(mine, notice.recipient) if mine else None
    listed = store.strays.listed(notice.team_id, notice.recipient)
    shown = [] if store.notices.is_followed(notice) else listed
    return strays.listing(shown) if shown or is_seen else None


def _away(store: Store, notice: Notice, *, is_seen: bool) -> Message | None:
    absence = store.absences.get(notice.subject_id)
    is_latest = absence is not None and notice.incident == str(absence.number)
    if absence is not None and is_latest and absence.is_open:
        return absences.question(absence)
    offer = absence.offer if absence is not None and is_latest else None
    return absences.over(offer) if is_seen else None


def _left_over(store: Store, notice: Notice, *, is_seen: bool) -> Message | None:
    """A right that Close holds although it should not, to an admin.

    Whoever said of one that it was gone is told that it was not, also if it is gone by now.
    """
    delegation = store.delegations.get(notice.subject_id)
    if delegation is None:
        return None
    if notice.kind is NoticeKind.STILL_IN_CLOSE:
        return alarms.still_in_close(delegation, notice.recipient)
    return alarms.overdue(delegation, notice.recipient) if delegation.is_open or is_seen else None


def _to(notice: Notice, attempt: int) -> Envelope:
    return Envelope(notice.recipient, f"notice:{notice.id}", attempt)
