"""The listeners, put together: each kind of request from Slack goes to the use case it is for."""

from slack_bolt.async_app import AsyncApp

from bot.connections.links import Links
from bot.delegations.receipts import Receipts
from bot.desk import Desk
from bot.listeners import (
    absences,
    admins,
    aftermath,
    card_forms,
    commands,
    connections,
    covers,
    delegations,
    deputies,
    homes,
    people,
    questions,
    receipts,
    request_form,
    reviews,
    second_yes,
    shortcuts,
    strays,
)
from bot.listeners.reception import Reception
from bot.slack.responses import Responses
from bot.slack.views import Views


def listen(
    app: AsyncApp,
    desk: Desk,
    *,
    responses: Responses,
    views: Views,
    links: Links,
    sent: Receipts,
) -> None:
    """Register everything that people can do in Slack."""
    reception = Reception(desk, responses, views, links)
    commands.register(app, reception)
    delegations.register(app, reception)
    card_forms.register(app, reception)
    request_form.register(app, reception)
    second_yes.register(app, reception)
    deputies.register(app, reception)
    questions.register(app, reception)
    receipts.register(app, reception, sent)
    reviews.register(app, reception)
    covers.register(app, reception)
    absences.register(app, reception)
    aftermath.register(app, reception)
    connections.register(app, reception)
    strays.register(app, reception)
    shortcuts.register(app, reception)
    homes.register(app, reception)
    people.register(app, reception)
    admins.register(app, reception)
