"""Events: people change, and people leave."""

from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.delegations import ending
from bot.desk import Desk
from bot.slack.directory import person_of


def register(app: AsyncApp, desk: Desk) -> None:
    """Listen to changes of people."""

    async def on_user_change(event: dict[str, Any], body: dict[str, Any]) -> None:
        person = person_of(event["user"])
        desk.directory.learn(person)
        if person.is_deactivated:  # the only sign that somebody has left (slack.md §8)
            await ending.offboard(desk, str(body["team_id"]), person.id)

    app.event("user_change")(on_user_change)
