"""The comparison: one list call for each connected grantor, at connect, hourly, and when asked.

Close tells nobody about changes in its own screen (close.md §8), so this is the only way to
notice them. What the bot made is set right; what it did not make is never touched, but asked about.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.cards.strays import report
from bot.clock.backoff import pause_after
from bot.close.errors import ReconnectNeeded
from bot.connections.sessions import CloseSession, NotConnected
from bot.delegations.people.departures import believe
from bot.delegations.people.eligibility import look_up
from bot.delegations.tools import Tools
from bot.ports import AddressBook, OutsideError
from bot.slack.chat import LOOK_FIRST, Envelope, Messages
from bot.slack.errors import SlackRefused
from bot.slack.message import Message
from bot.strays import repairs, unknown
from bot.strays.differences import Differences
from bot.strays.looking import look
from models.comparison import Comparison

EVERY = timedelta(hours=1)
MOST_PEOPLE = 50  # asked about in Slack at once, when a grantor wants to know how things are
UNHURRIED = 2  # attempts that a first failure counts for: nobody loses a right by waiting
REFUSED = timedelta(minutes=10)  # the first wait for a Slack that does not take the answer,
ANSWERED_WITHIN = timedelta(days=1)  # and so long an answer is of use
SOON = timedelta(minutes=1)  # after somebody removed a right in Close: was it replaced by another?


@dataclass(frozen=True, slots=True)
class Compare:
    """The worker's step for one comparison."""

    tools: Tools
    address_book: AddressBook
    messages: Messages
    on_change: Callable[[], None]

    async def take(self, comparison: Comparison) -> None:
        """Compare, set right what can be, ask about the rest, and tell whoever wanted to know."""
        connections, database = self.tools.connections, self.tools.database
        waits = None
        try:
            session = await connections.open(comparison.team_id, comparison.grantor_id)
            found = await self._set_right(session, comparison)
            if comparison.asked_at is not None:
                await self._look_for_people(comparison)
                may_send = await self._may_workflows_send(session)
                message = report(**found.numbers(), may_workflows_send=may_send)
                waits = await self._answer(comparison, message, comparison.asked_at)
        except NotConnected:
            await database.run(lambda store: store.comparisons.remove(comparison))
            return
        wait = await unknown.seek(self.tools, self.address_book, comparison)
        self.on_change()
        pause = EVERY * random.uniform(0.9, 1.1)  # noqa: S311 - spread
        soon = SOON if found.gone or found.is_early else pause
        wake_at = self.tools.now() + min(wait or pause, soon, waits or pause)
        await database.run(
            lambda store: store.comparisons.done(
                comparison, wake_at=wake_at, is_answered=waits is None
            )
        )

    async def _set_right(self, session: CloseSession, comparison: Comparison) -> Differences:
        tools = self.tools
        found = await look(tools, session, comparison)
        whose = await unknown.members(tools, session, found.unknown)
        for delegation in found.gone:
            await repairs.removed_in_close(tools, delegation, found.held)
        for delegation, association in found.back:
            await repairs.end_again(tools, session, delegation, association)
        now = tools.now()
        await tools.database.run(lambda store: unknown.note(store, comparison, found, whose, now))
        return found

    async def _look_for_people(self, comparison: Comparison) -> None:
        """Whether those whom this grantor has to do with are still here; of many, the round finds
        out. Raises PeopleUnclear."""
        tools, team_id = self.tools, comparison.team_id
        rows = await tools.database.read(
            lambda store: store.delegations.open_for_person(team_id, comparison.grantor_id)
        )
        people = sorted({who for each in rows for who in (each.grantor_id, each.grantee_id)})
        look = await look_up(tools.directory, team_id, people[:MOST_PEOPLE])
        await believe(tools, team_id, look)
        if len(people) > MOST_PEOPLE:
            now = tools.now()
            await tools.database.run(lambda store: store.rounds.plan(team_id, now=now))
        if look.refusals:
            self.on_change()

    async def _may_workflows_send(self, session: CloseSession) -> bool | None:
        """The other way in which Close lets something send in this grantor's name; None where that
        cannot be said, which keeps nobody waiting for the rest."""
        try:
            return await session.call(self.tools.close.may_workflows_send)
        except OutsideError:
            return None

    async def _answer(
        self, comparison: Comparison, message: Message, asked_at: datetime
    ) -> timedelta | None:
        """Tell the grantor; where Slack does not take it, returns when to try again, less and less
        often, for a day."""
        mark = f"{comparison.id}:{asked_at}"
        to = Envelope(comparison.grantor_id, mark, LOOK_FIRST)  # who is killed notes nothing
        try:
            await self.messages.write(message, to)
        except SlackRefused as error:
            log = structlog.get_logger("bot.strays.comparisons")
            log.warning("nobody to answer to", comparison=comparison.id, code=error.code)
            waited = self.tools.now() - asked_at
            return max(waited, REFUSED) if waited < ANSWERED_WITHIN else None
        return None

    async def put_off(self, comparison: Comparison, error: Exception) -> None:
        """Try again later; whoever reconnects has one planned at once."""
        attempts = comparison.attempts + 1
        is_lost = isinstance(error, ReconnectNeeded)
        pause = EVERY if is_lost else pause_after(error, attempts + UNHURRIED)
        wake_at = self.tools.now() + pause
        await self.tools.database.run(
            lambda store: store.comparisons.due.put_off(
                comparison, wake_at=wake_at, attempts=attempts
            )
        )
