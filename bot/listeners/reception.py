"""What the listeners share: the desk, the ways back to whoever acted, and words for a refusal."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.cards import answers, changed, notices, strays, way_to_close
from bot.cards.markup import mentioned, unmarked
from bot.connections.errors import OtherAccountInUse
from bot.connections.links import Links
from bot.delegations import confirming
from bot.desk import Actor, Desk
from bot.refusals import Changed, ConfirmFirst, NotDone, StrayDecided
from bot.slack.errors import SlackError
from bot.slack.message import Message
from bot.slack.responses import Responses
from bot.slack.views import Views
from bot.times.span import DurationError
from models.policy import Policy

REFUSALS = (NotDone, OtherAccountInUse, DurationError, SlackError)


@dataclass(frozen=True, slots=True)
class Reception:
    """Where requests from Slack arrive."""

    desk: Desk
    responses: Responses
    views: Views
    links: Links

    async def to_confirm(self, actor: Actor, error: ConfirmFirst) -> Message:
        """What has to be confirmed in Close is kept, and this is the way there."""
        draft_id = await confirming.keep(self.desk, actor, error)
        url = self.links.confirm(actor.team_id, actor.user_id, draft_id)
        return way_to_close.confirm(url, self.desk.policy)

    async def refuse(
        self, body: dict[str, Any], error: Exception, actor: Actor | None = None
    ) -> None:
        """Say to whoever acted why nothing was done."""
        if isinstance(error, ConfirmFirst) and actor is not None:
            await self.responses.tell(body, await self.to_confirm(actor, error))
            return
        reader = str(body["user"]["id"])
        await self.responses.tell(body, explain(error, self.desk.policy, reader=reader))

    def in_form(self, error: Exception) -> str:
        """The same for a form, which shows no markup."""
        policy = self.desk.policy
        names = self._names(explain(error, policy))
        return explain(error, policy, plain=True, names=names)

    def unmarked(self, text: str) -> str:
        """Any text, for a form."""
        return unmarked(text, self._names(text))

    def _names(self, text: str) -> dict[str, str]:
        """Of those who are mentioned, as far as Slack has told them within the last minutes."""
        known = {each: self.desk.directory.known(each) for each in mentioned(text)}
        return {
            each: sighting.person.name
            for each, sighting in known.items()
            if sighting is not None and sighting.person is not None
        }


def explain(
    error: Exception,
    policy: Policy,
    *,
    reader: str | None = None,
    plain: bool = False,
    names: Mapping[str, str] | None = None,
) -> str:
    """The sentence for one of :data:`REFUSALS`; ``plain`` is for forms, which show no markup, and
    call people by their ``names``."""
    match error:
        case StrayDecided():
            text = strays.decided(error)
        case Changed():
            text = changed.said(error)
        case OtherAccountInUse():
            text = notices.in_use(error.email)
        case _:
            return answers.explain(error, policy, reader=reader, plain=plain, names=names)
    return unmarked(text, names) if plain else text
