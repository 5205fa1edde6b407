"""Cards catch up: one stale card shows the present row, and moves where its reader is notified.

There is one living message for each delegation and reader. However much happened while Slack was
away, one update is sent.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from bot.cards import aftermath, milestones
from bot.cards import delegations as blocks
from bot.cards.faces import Action, face
from bot.cards.receipts import enrolled, listed, scheduled
from bot.delegations.receipts import Receipts
from bot.ports import Directory, OutsideError
from bot.projections import audit, refused
from bot.projections.showing import Overtaken, Showing, place_of
from bot.slack.chat import Envelope, Place
from bot.slack.errors import SlackRefused
from bot.slack.message import Message
from bot.store import Store
from bot.store.cards import StaleCard
from models.aftermath import Aftermath, AtEnd
from models.card import Audience
from models.delegation import WAITS_FOR_GRANTOR, Delegation, State


@dataclass(frozen=True, slots=True)
class Found:
    """Where a card is; ``is_other``: an attempt that could not note it posted it there, and by
    that its reader ``has_notified`` of the present news."""

    place: Place | None
    is_other: bool = False
    has_notified: bool = False


@dataclass(frozen=True, slots=True)
class CardStep:
    """The worker's step for one leased card; ``admins`` hear when the audit channel is closed."""

    showing: Showing
    receipts: Receipts
    directory: Directory
    admins: frozenset[str] = frozenset()
    at_end: AtEnd = AtEnd.ASK

    async def take(self, card: StaleCard) -> None:
        """Make the message show what is true now, and notify its reader of what is news to them."""
        try:
            await self._take(card)
        except Overtaken:
            return  # whoever has it now shows it, and nothing of theirs is touched

    async def _take(self, before: StaleCard) -> None:
        delegation, began = before.delegation, before.claimed_at
        card = claimed = before
        if card.audience is Audience.AUDIT:
            claimed, card, delegation = await audit.write(self.showing, card, began)
        else:
            if await self._waits(card, delegation):
                return
            card = await self._shown(card, delegation, began)
        now = self.showing.now()
        left = delegation.bundle_id if before.message_ts is None else None

        def save(store: Store) -> None:
            is_refused = store.cards.save(
                claimed,
                shown_version=delegation.version,
                channel_id=card.channel_id,
                message_ts=card.message_ts,
                told=card.told,
                refused_at=None,
                refusal=None,
                attempts=0,
                leased_until=None,
            )
            refused.is_over(store, before, card, now=now, is_any_left=is_refused)
            if left is not None:  # it has a message of its own now
                store.notices.mark_stale(left, now=now)

        database, is_single = self.showing.database, before.refused_at is None and left is None
        await (database.run_single(save) if is_single else database.run(save))

    async def _waits(self, card: StaleCard, delegation: Delegation) -> bool:
        """Whether it has no message yet, and can have a better one in a moment. This claim was no
        attempt; an earlier one may have posted something all the same."""
        until = milestones.begins_until(delegation, card.audience)
        if card.message_ts is not None or until is None or until <= self.showing.now():
            return False
        await self.showing.database.run_single(
            lambda store: store.cards.due.put_off(card, wake_at=until, attempts=card.attempts - 1)
        )
        return True

    async def put_off(self, card: StaleCard, error: Exception) -> None:
        """Try again when Slack may take it; what it keeps refusing is said to somebody."""
        now, waited, until = self.showing.now(), None, None
        if isinstance(error, SlackRefused):
            code = error.code
            waited, until = await self.showing.database.run(
                lambda store: refused.note(store, card, code, self.admins, now=now)
            )
        await self.showing.put_off(
            lambda store: store.cards, card, error, until=until, waited=waited
        )

    async def _shown(self, card: StaleCard, delegation: Delegation, began: float) -> StaleCard:
        """The card as it is once its message shows what is true, and its reader was notified.

        Who wished several things together has one message for them, until there is news of one.
        """
        is_elsewhere = (
            delegation.bundle_id is not None and card.recipient == delegation.requester_id
        )
        news = milestones.news(delegation, card.audience, card.told)
        moves = news.key if news is not None and news.notifies else None
        mark = _mark(card, moves or card.message_ts or "")
        found = await self._found(card, delegation, mark)
        told = card.told if news is None else news.key
        place = found.place
        is_unneeded = delegation.state is State.CANCELLED or (is_elsewhere and moves is None)
        if place is None and is_unneeded:
            return replace(card, told=told)  # never seen, and nothing to see any more
        if place is not None and moves is not None and not found.has_notified:
            place = await self._moved(card, delegation, place, mark, began)
        elif place is None or found.is_other or card.shown_version != delegation.version:
            message = await self._message(card, delegation)
            until = await self.showing.check_mine(lambda store: store.cards.due, card, began)
            to = Envelope(card.recipient, mark, until=until)
            place, _ = await self.showing.messages.show(message, to, place)
        return replace(card, told=told, **asdict(place))

    async def _found(self, card: StaleCard, delegation: Delegation, mark: str) -> Found:
        """What earlier attempts posted and could not note: the newest is where the card is, and
        every other one goes."""
        place = place_of(card.channel_id, card.message_ts)
        if card.attempts <= 1:
            return Found(place)
        posted = await self.showing.messages.find(card.recipient, _mark(card, ""))
        newest = posted[0] if posted else None
        if newest is None or (place is not None and newest.place.message_ts <= place.message_ts):
            found = Found(place)
        else:
            found = Found(newest.place, is_other=True, has_notified=newest.mark == mark)
        old = {each.place for each in posted} | ({place} if place else set())
        for each in old - {found.place}:
            await self._let_go(each, delegation, card.audience)
        return found

    async def _moved(
        self, card: StaleCard, delegation: Delegation, old: Place, mark: str, began: float
    ) -> Place:
        """The card again at the bottom, in a new message that notifies; the old one goes."""
        message = await self._message(card, delegation)
        until = await self.showing.check_mine(lambda store: store.cards.due, card, began)
        # An earlier attempt was looked for already.
        to = Envelope(card.recipient, mark, until=until)
        new, _ = await self.showing.messages.show(message, to)
        await self._let_go(old, delegation, card.audience)
        return new

    async def _let_go(self, place: Place, delegation: Delegation, audience: Audience) -> None:
        await self.showing.messages.delete(place, blocks.moved(delegation, audience))

    async def _message(self, card: StaleCard, delegation: Delegation) -> Message:
        unconfirmed = await self._unconfirmed(delegation)
        shown, url = face(delegation, card.audience, unconfirmed=unconfirmed), ""
        if Action.CONNECT in shown.actions:
            url = self.showing.links.connect(delegation.team_id, card.recipient)
        return blocks.card(
            delegation,
            card.audience,
            connect_url=url,
            details=await self._details(card, delegation),
            grantor_name=await self._name_of(delegation.grantor_id, delegation),
            unconfirmed=unconfirmed,
        )

    async def _unconfirmed(self, d: Delegation) -> frozenset[str]:
        """Those of the two whose Close account waits for an admin's word, while it matters."""
        if d.state is not State.APPROVED or d.trouble is None:
            return frozenset()
        waiting = await self.showing.database.read(
            lambda store: store.pairings.unconfirmed(d.team_id, (d.grantor_id, d.grantee_id))
        )
        return frozenset(each.slack_user_id for each in waiting)

    async def _name_of(self, person_id: str, d: Delegation) -> str:
        """For a button that names somebody; empty when none does, or when Slack does not say."""
        if d.state is not State.APPROVED or d.trouble not in WAITS_FOR_GRANTOR:
            return ""
        try:
            person = await self.directory.person(person_id)
        except OutsideError:
            return ""
        return person.name if person else ""

    async def _details(self, card: StaleCard, d: Delegation) -> Sequence[str]:
        """What does not stand in the delegation's row: what goes on by itself, and what is asked of
        Close whenever it is shown."""
        match card.audience:
            case Audience.GRANTOR if d.state is State.ENDED and not d.is_receipt_due:
                row = await self._aftermath(d)
                is_any = (row is not None and row.is_any) or _by_sequences(d)
                done = await self.receipts.enrolled(d) if is_any else ()
                sent = listed(await self.receipts.last_few(d))
                return [*sent, *enrolled(done or (), d), *aftermath.after(row)]
            case Audience.GRANTEE if d.state is State.ACTIVE and d.is_warned:
                goes_on = aftermath.before(await self._aftermath(d), self.at_end)
                return [*goes_on, *scheduled(await self.receipts.waiting(d))]
            case _:
                return ()

    async def _aftermath(self, d: Delegation) -> Aftermath | None:
        return await self.showing.database.read(lambda store: store.aftermaths.get(d.id))


def _by_sequences(d: Delegation) -> bool:
    return d.receipt is not None and d.receipt.in_sequences > 0


def _mark(card: StaleCard, what: str) -> str:
    """What marks a message as the card itself, not a notice beside it."""
    return f"{card.id}:card:{what}"
