"""What the listeners share: the desk, the ways back to whoever acted, and words for a refusal."""

from dataclasses import dataclass
from typing import Any

from bot.cards import answers, changed, notices, strays
from bot.cards.markup import unmarked
from bot.connections.errors import OtherAccountInUse
from bot.connections.links import Links
from bot.desk import Desk
from bot.refusals import Changed, NotDone, StrayDecided
from bot.slack.errors import SlackError
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

    async def refuse(self, body: dict[str, Any], error: Exception) -> None:
        """Say to whoever acted why nothing was done."""
        reader = str(body["user"]["id"])
        await self.responses.tell(body, explain(error, self.desk.policy, reader=reader))


def explain(
    error: Exception, policy: Policy, *, reader: str | None = None, plain: bool = False
) -> str:
    """The sentence for one of :data:`REFUSALS`; ``plain`` is for forms, which show no markup."""
    match error:
        case StrayDecided():
            text = strays.decided(error)
        case Changed():
            text = changed.said(error)
        case OtherAccountInUse():
            text = notices.in_use(error.email)
        case _:
            return answers.explain(error, policy, reader=reader, plain=plain)
    return unmarked(text) if plain else text
