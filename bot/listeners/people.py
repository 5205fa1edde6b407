"""Events: people change, and people leave."""

from typing import Any, Protocol

from slack_bolt.async_app import AsyncApp

from bot.delegations import Delegations
from bot.slack.directory import person_of
from models.person import Person


class Learning(Protocol):
    """A directory that is told when somebody changes."""

    def learn(self, person: Person) -> None: ...


def register(app: AsyncApp, directory: Learning, delegations: Delegations) -> None:
    """Listen to changes of people."""

    async def on_user_change(event: dict[str, Any], body: dict[str, Any]) -> None:
        person = person_of(event["user"])
        directory.learn(person)
        if person.is_deactivated:  # the only sign that somebody has left (slack.md §8)
            await delegations.offboard(str(body["team_id"]), person.id)

    app.event("user_change")(on_user_change)
