"""What Close shows of it: contacts in sequences, bulk actions and email that waits, as far as the
grantor's own connection sees them.

Started by a grantee is what sends from an account of the grantor's and was made by the grantee, or
what an email under their right names: whom Close writes down as the maker is known only by reading.

An ordinary end, after which nothing goes on, costs three reads for all that ended together (the
bulk actions about sequences, the bulk emails, the sequences: a page of each), and one for each
sequence, where its count of active contacts is. What waits was seen when the receipt was made;
until then, and when that is forgotten, it is two reads a right more. The accounts are asked for
once something may be the grantee's, and the contacts of a sequence while some in it are active.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.close.errors import NotFound, RefusedByClose
from bot.connections.sessions import CloseSession
from bot.delegations.receipts import Receipts, outgoing, traces, window
from bot.delegations.tools import Tools
from bot.ports import BulkAction, CloseSequence, OutsideError, Subscription
from bot.store import Store
from models.aftermath import Aftermath, Course, Obstacle
from models.delegation import Delegation, State

MOST_CALLS = 200  # for one look, and as many again for what one step pauses
BETWEEN_LOOKS = 10  # calls; so often it is looked whether a right waits to be taken back
GATHERING = timedelta(seconds=3)  # what ends together is looked for together
GIVE_WAY = timedelta(seconds=2)  # rights that are to be taken back go first


class GivesWay(OutsideError):
    """Rights wait to be taken back: those go first."""

    wait = GIVE_WAY


class TooMuch(OutsideError):
    """It would take more calls than there may be."""


def look_for_more(store: Store, over: Delegation, *, now: datetime) -> None:
    """A right is over, and what was sent is counted: Close is asked what goes on. Not where Close
    never had it, nor where the two have a right again: what goes on is under that."""
    if over.association_id is None or over.grantee_close_id is None or may_send_again(store, over):
        return
    gathering = GATHERING if over.ended_with is not None else timedelta()
    store.aftermaths.begin(over, Course.LOOKING, now=now, wake_at=now + gathering)


def may_send_again(store: Store, of: Delegation | Aftermath) -> bool:
    """Whether the two have a right again, after this one."""
    present = store.delegations.open_for_pair(of.team_id, of.grantor_id, of.grantee_id)
    return present is not None and present.id != of.id and present.state is State.ACTIVE


@dataclass(slots=True)
class Budget:
    """So many calls for one purpose in a grantor's name; each is a ``turn``."""

    tools: Tools
    of: Delegation
    left: int = MOST_CALLS
    _made: int = 0

    async def turn(self) -> None:
        """Raises TooMuch when none is left, and GivesWay while rights wait to be taken back."""
        if self._made % BETWEEN_LOOKS == 0 and await self._are_ends_due():
            raise GivesWay
        if self.left <= 0:
            raise TooMuch
        self._made += 1
        self.left -= 1

    async def _are_ends_due(self) -> bool:
        whose = (self.of.team_id, self.of.grantor_id, self.of.organization_id)
        soon = self.tools.now() + GIVE_WAY
        return await self.tools.database.read(
            lambda store: store.receipts.are_ends_due(*whose, now=soon)
        )


@dataclass(slots=True)
class Found:
    """What goes on of one right, by Close's ids; with an ``obstacle`` there may be more."""

    subscriptions: list[str] = field(default_factory=list)
    enrolments: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    obstacle: Obstacle | None = None


async def look(
    tools: Tools,
    session: CloseSession,
    rights: Sequence[Delegation],
    budget: Budget,
    *,
    receipts: Receipts | None = None,
) -> Mapping[str, Found]:
    """What goes on of each of these rights of one grantor, who is the session's owner, by its id.
    ``receipts`` spare a look at their emails, which those have just seen.

    Raises what keeps the whole look from being made: GivesWay, and RetryLater.
    """
    looking = _Look(tools, session, budget, rights)
    try:
        await looking.at_all(receipts)
    except TooMuch:
        looking.note(Obstacle.TOO_MUCH)
    return looking.found


class _Look:
    """One look; what Close refuses is noted, and the rest is looked at all the same."""

    def __init__(
        self, tools: Tools, session: CloseSession, budget: Budget, rights: Sequence[Delegation]
    ) -> None:
        self._tools = tools
        self._session = session
        self._budget = budget
        self._rights = rights
        self._since = min(window(tools, each)[0] for each in rights)
        self._by_emails: dict[str, tuple[str, str | None]] = {}  # right and sequence, of who sent
        self._seen: set[str] = set()
        self._counted: set[str | None] = set()  # sequences of which every active contact was seen
        self._accounts: frozenset[str] | None = None
        self.found = {each.id: Found() for each in rights}

    def note(self, obstacle: Obstacle, *, of: str | None = None) -> None:
        """Of all of them, or of one, not everything is known."""
        for right_id, found in self.found.items():
            if of in (None, right_id):
                found.obstacle = found.obstacle or obstacle

    async def at_all(self, receipts: Receipts | None) -> None:
        """What may point to the sequences that matter first, then each of them."""
        for each in self._rights:
            await self._at_emails(each, receipts)
        await self._at_sequences(await self._at_bulk_actions())
        for subscription_id, (right_id, sequence_id) in self._by_emails.items():
            if subscription_id not in self._seen and sequence_id not in self._counted:
                # it is there, and the grantor does not see it
                self.note(Obstacle.REFUSED, of=right_id)

    async def _at_emails(self, right: Delegation, receipts: Receipts | None) -> None:
        shown = receipts.take_traces(right) if receipts is not None else None
        if shown is None:
            try:
                for _ in range(2):  # for the grantor and for the grantee
                    await self._budget.turn()
                shown = traces(await outgoing(self._tools, self._session, right))
            except RefusedByClose:
                self.note(Obstacle.REFUSED, of=right.id)
                return
        self.found[right.id].waiting = list(shown.waiting)
        for subscription_id, sequence_id in shown.subscriptions.items():
            self._by_emails[subscription_id] = (right.id, sequence_id)

    async def _at_bulk_actions(self) -> Sequence[str | None]:
        """The sequences that the grantees' bulk actions are about: they are looked at first."""
        sequences = []
        for ask in (self._tools.close.enrolments, self._tools.close.bulk_emails):
            try:
                done: Sequence[BulkAction] = await self._session.call(
                    ask, since=self._since, turn=self._budget.turn
                )
            except RefusedByClose:
                self.note(Obstacle.REFUSED)
                continue
            for each in done:
                right_id = await self._right_of(each)
                if right_id is not None:
                    sequences.append(each.sequence_id)
                    if each.is_under_way:
                        self.found[right_id].enrolments.append(each.id)
        return sequences

    async def _at_sequences(self, first: Sequence[str | None]) -> None:
        close, turn = self._tools.close, self._budget.turn
        try:
            sequences = await self._session.call(close.sequences, turn=turn)
        except RefusedByClose:
            self.note(Obstacle.REFUSED)
            return
        for each in sorted(sequences, key=lambda each: each.id not in first):
            try:
                await self._at_sequence(each)
            except NotFound:
                continue  # deleted meanwhile
            except RefusedByClose:
                self.note(Obstacle.REFUSED)

    async def _at_sequence(self, sequence: CloseSequence) -> None:
        """Who is active in it, if anybody is. Close counts all of them, whoever may see them."""
        active = sequence.active
        if active is None:
            active = await self._active_in(sequence)
        if active != 0:
            inside = await self._session.call(
                self._tools.close.subscriptions, sequence.id, most=active, turn=self._budget.turn
            )
            for each in inside:
                await self._at_subscription(each)
            seen = sum(each.is_active for each in inside)
            if active is not None and seen < active:
                left = await self._active_in(sequence)  # some may have come to their end meanwhile
                if left is None or seen < left:
                    self.note(Obstacle.REFUSED)
                    return
        if active is not None:
            self._counted.add(sequence.id)

    async def _active_in(self, sequence: CloseSequence) -> int | None:
        await self._budget.turn()
        return (await self._session.call(self._tools.close.sequence, sequence.id)).active

    async def _at_subscription(self, each: Subscription) -> None:
        self._seen.add(each.id)
        if not each.is_active:
            return
        right_id = await self._right_of(each)
        if right_id is None and each.id in self._by_emails:
            right_id, _ = self._by_emails[each.id]
        if right_id is not None:
            self.found[right_id].subscriptions.append(each.id)

    async def _right_of(self, made: BulkAction | Subscription) -> str | None:
        """Whose it is, if it sends from the grantor's mailbox and a grantee has made it."""
        for each in self._rights:
            if each.grantee_close_id is None or each.grantee_close_id != made.created_by:
                continue
            if self._accounts is None:
                await self._budget.turn()
                lent = await self._session.call(
                    self._tools.close.sending_accounts, self._session.account.close_user_id
                )
                self._accounts = frozenset(each.id for each in lent)
            return each.id if made.sender_account_id in self._accounts else None
        return None
