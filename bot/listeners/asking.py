"""From what somebody typed to a stored request; the command and the form share it."""

from bot.delegations import Actor, Delegations, Terms
from bot.durations import read_span, split_command
from bot.ports import Directory, Now
from bot.spans import Span
from bot.typed import as_typed, storable
from models.delegation import Delegation
from models.policy import Policy


class Asking:
    """Reads times in the asker's own zone, and asks."""

    def __init__(
        self, delegations: Delegations, directory: Directory, policy: Policy, now: Now
    ) -> None:
        self._delegations = delegations
        self._directory = directory
        self._policy = policy
        self._now = now

    async def from_text(self, actor: Actor, grantor_id: str, text: str) -> Delegation:
        """``2h Covering the pipeline``: a time if there is one, and the rest is the reason."""
        zone = await self._zone(actor)
        span, reason = split_command(as_typed(text), now=self._now(), zone=zone)
        return await self._ask(actor, grantor_id, span, reason)

    async def from_form(
        self, actor: Actor, grantor_id: str, duration: str, reason: str
    ) -> Delegation:
        """The fields of the form."""
        zone = await self._zone(actor)
        span = read_span(duration, now=self._now(), zone=zone) if duration else None
        return await self._ask(actor, grantor_id, span, reason)

    async def _ask(
        self, actor: Actor, grantor_id: str, span: Span | None, reason: str
    ) -> Delegation:
        return await self._delegations.request(
            actor,
            grantor_id=grantor_id,
            terms=Terms(span or Span(length=self._policy.default_duration), storable(reason)),
        )

    async def _zone(self, actor: Actor) -> str:
        person = await self._directory.person(actor.user_id)
        return person.time_zone if person else "UTC"
