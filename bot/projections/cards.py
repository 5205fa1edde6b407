"""Cards catch up: one stale card shows the present row, and moves where its reader is notified.

There is one living message for each delegation and reader. However much happened while Slack was
away, one update is sent.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from bot.cards import delegations as blocks
from bot.cards import milestones
from bot.cards.faces import Action, face
from bot.cards.receipts import listed, scheduled
from bot.delegations.receipts import Receipts
from bot.ports import Directory, OutsideError
from bot.projections import audit, refused
from bot.projections.showing import Overtaken, Showing, place_of
from bot.slack.chat import Envelope, Place
from bot.slack.errors import SlackRefused
from bot.slack.message import Message
from bot.store import Store
from models.card import Audience, Card
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

    async def take(self, card: Card) -> None:
        """Make the message show what is true now, and notify its reader of what is news to them."""
        try:
            await self._take(card, time.monotonic())
        except Overtaken:
            return  # whoever has it now shows it, and nothing of theirs is touched

    async def _take(self, card: Card, began: float) -> None:
        claimed = before = card
        if card.audience is Audience.AUDIT:
            card, delegation = await audit.write(self.showing, card, began)
            claimed = card  # noted line by line
        else:
            delegation, is_mine, is_elsewhere = await self.showing.database.read(
                lambda store: _looked_up(store, card)
            )
            if is_mine and await self._waits(card, delegation):
                return
            if is_mine:
                card = await self._shown(card, delegation, began, is_elsewhere=is_elsewhere)
        now = self.showing.now()

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
            if delegation.bundle_id is not None and before.message_ts is None:
                store.notices.mark_stale(delegation.bundle_id, now=now)  # it has its own message

        await self.showing.database.run(save)

    async def _waits(self, card: Card, delegation: Delegation) -> bool:
        """Whether it has no message yet, and can have a better one in a moment. This claim was no
        attempt; an earlier one may have posted something all the same."""
        until = milestones.begins_until(delegation, card.audience)
        if card.message_ts is not None or until is None or until <= self.showing.now():
            return False
        await self.showing.database.run(
            lambda store: store.cards.due.put_off(card, wake_at=until, attempts=card.attempts - 1)
        )
        return True

    async def put_off(self, card: Card, error: Exception) -> None:
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

    async def _shown(
        self, card: Card, delegation: Delegation, began: float, *, is_elsewhere: bool
    ) -> Card:
        """The card as it is once its message shows what is true, and its reader was notified.

        With ``is_elsewhere`` the reader has it in another message, until there is news of its own.
        """
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

    async def _found(self, card: Card, delegation: Delegation, mark: str) -> Found:
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
        self, card: Card, delegation: Delegation, old: Place, mark: str, began: float
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

    async def _message(self, card: Card, delegation: Delegation) -> Message:
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

    async def _details(self, card: Card, d: Delegation) -> Sequence[str]:
        """What stands in no row, and is asked of Close whenever it is shown."""
        match card.audience:
            case Audience.GRANTOR if d.state is State.ENDED:
                return listed(await self.receipts.last_few(d))
            case Audience.GRANTEE if d.state is State.ACTIVE and d.is_warned:
                return scheduled(await self.receipts.waiting(d))
            case _:
                return ()


def _looked_up(store: Store, card: Card) -> tuple[Delegation, bool, bool]:
    """The delegation, whether the card is still as it was claimed, and whether its reader has one
    message for all that they wished together."""
    delegation, is_mine = store.cards.subject(card)
    is_elsewhere = delegation.bundle_id is not None and card.recipient == delegation.requester_id
    return delegation, is_mine, is_elsewhere


def _mark(card: Card, what: str) -> str:
    """What marks a message as the card itself, not a notice beside it."""
    return f"{card.id}:card:{what}"
