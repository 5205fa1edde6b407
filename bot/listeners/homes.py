"""The App Home: opened, leafed through, and its own buttons."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.cards.first_hour import INVITE
from bot.cards.homes import ASK, END_STANDING, EVERYBODY, NEWER, OLDER, WITH_PERSON
from bot.delegations import homes, invitations, standing
from bot.desk import Actor, Desk
from bot.listeners import clicks, opening
from bot.listeners.reception import Reception
from models.home import HomeList


def register(app: AsyncApp, reception: Reception) -> None:
    """Listen to the App Home, apart from the buttons that cards have too."""

    async def on_opened(event: dict[str, Any], body: dict[str, Any]) -> None:
        """Slack says this at every visit, also to the messages tab (slack.md §8)."""
        if event.get("tab") == "home":
            await homes.visit(reception.desk, Actor(str(body["team_id"]), str(event["user"])))

    async def on_ask(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        await opening.show_request_form(reception, body)

    async def on_person(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """The person whom the reader looks for."""
        person_id = action.get("selected_user")
        await homes.look_for(
            reception.desk,
            await clicks.actor_of(reception.desk, body),
            str(person_id)[:32] if person_id else None,
        )
        await ack()

    async def on_invited(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """The colleague that somebody new has chosen."""
        colleague_id = str(action.get("selected_user") or "")[:32]
        await clicks.carried_out(reception, ack, body, colleague_id, invitations.invite)

    app.event("app_home_opened")(on_opened)
    app.action(ASK)(on_ask)
    clicks.on(app, reception, NEWER, _turn)
    clicks.on(app, reception, OLDER, _turn)
    clicks.on(app, reception, EVERYBODY, _everybody)
    app.action(WITH_PERSON)(on_person)
    app.action(INVITE)(on_invited)
    clicks.on(app, reception, END_STANDING, standing.end_standing)


async def _turn(desk: Desk, actor: Actor, wanted: str) -> None:
    """``page`` of the history, or ``list/page``."""
    name, _, page = wanted.rpartition("/")
    if page.isascii() and page.isdigit() and name in ("", *HomeList):
        await homes.turn(desk, actor, int(page), name=HomeList(name) if name else None)


async def _everybody(desk: Desk, actor: Actor, _value: str) -> None:
    await homes.look_for(desk, actor, None)
