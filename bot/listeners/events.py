"""Events: people change."""

from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.slack.directory import SlackDirectory, person_of


def register(app: AsyncApp, directory: SlackDirectory) -> None:
    """Listen to changes of people."""

    async def on_user_change(event: dict[str, Any]) -> None:
        directory.learn(person_of(event["user"]))

    app.event("user_change")(on_user_change)
