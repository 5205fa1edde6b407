"""Whether somebody whom the settings name can do their part."""

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.process.doctor.tokens import No, ask
from bot.slack.directory import person_of
from models.policy import Refusal, who_refusal

SAID = {
    Refusal.UNKNOWN_PERSON: "is nobody in this workspace",
    Refusal.DEACTIVATED: "is deactivated",
    Refusal.STRANGER: "belongs to another workspace",
    Refusal.BOT: "is an app",
    Refusal.GUEST: "is a guest",
}


async def look_up(
    client: AsyncWebClient, user_id: str, ours: AsyncSlackResponse
) -> Refusal | No | None:
    """Why not, or why Slack does not say; None where they can. ``ours`` is what Slack says of our
    token."""
    answer = await ask(client.users_info(user=user_id))
    if isinstance(answer, No):
        return answer
    person = person_of(answer["user"], own_enterprise=ours.get("enterprise_id"))
    return who_refusal(person, str(ours.get("team_id")))
