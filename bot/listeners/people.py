"""Events: people change, and people leave; the app does; and what admins answer about leavers."""

from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.cards import alarms
from bot.delegations import absences
from bot.delegations.people import departures, verdicts
from bot.delegations.uninstalling import uninstall
from bot.listeners import clicks
from bot.listeners.reception import Reception
from models.policy import DEPARTURES, who_refusal


def register(app: AsyncApp, reception: Reception) -> None:
    """Listen to changes of people, and to the buttons of admins."""
    desk = reception.desk

    async def on_user_change(event: dict[str, Any], body: dict[str, Any]) -> None:
        """Of every status and every name as well, so most of them change nothing here. That
        somebody has left, or is a guest now, is said in no other way (slack.md §8)."""
        person, team_id = await desk.directory.learn(event["user"]), str(body["team_id"])
        refusal = who_refusal(person, team_id)
        if refusal is None:
            await absences.heard(desk, team_id, person)
        else:
            await departures.offboard(desk, team_id, person.id, DEPARTURES[refusal])

    async def on_uninstalled(event: dict[str, Any], body: dict[str, Any]) -> None:
        """The app is gone: Slack takes nothing from us any more."""
        await uninstall(desk, str(body["team_id"]), event["type"])

    async def on_revoked(event: dict[str, Any], body: dict[str, Any]) -> None:
        """Of tokens of people, of which there are none, nothing follows."""
        if event["tokens"].get("bot"):
            await uninstall(desk, str(body["team_id"]), event["type"])

    app.event("user_change")(on_user_change)
    app.event("app_uninstalled")(on_uninstalled)
    app.event("tokens_revoked")(on_revoked)
    clicks.on(app, reception, alarms.END_THEM, verdicts.end_them)
    clicks.on(app, reception, alarms.KEEP_THEM, verdicts.keep_them)
    clicks.decides(app, reception, alarms.IS_GONE, verdicts.is_gone)
