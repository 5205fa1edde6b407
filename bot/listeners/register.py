"""The listeners, put together: each kind of request from Slack goes to the use case it is for."""

from collections.abc import Callable

from slack_bolt.async_app import AsyncApp

from bot.connections.leaving import Disconnecting
from bot.connections.links import Links
from bot.connections.pairings import Pairings
from bot.delegations import Delegations
from bot.delegations.drafts import Drafting
from bot.delegations.receipts import Receipts
from bot.delegations.wishes import Asking
from bot.desk import Desk
from bot.listeners import card_forms as forms
from bot.listeners import commands, connections, errors, receipts, shortcuts, strays
from bot.listeners import delegations as actions
from bot.listeners import homes as home
from bot.listeners import people as events
from bot.listeners import questions as drafts
from bot.listeners import request_form as views
from bot.listeners.opening import FormOpener, Forms
from bot.projections.homes import Homes
from bot.slack.responses import Responses
from bot.slack.views import Views
from bot.strays.deciding import Strays


def listen(
    app: AsyncApp,
    desk: Desk,
    *,
    links: Links,
    receipts_shown: Receipts,
    responses: Responses,
    views_out: Views,
    show: Callable[[], None],
) -> None:
    """Register everything that people can do in Slack."""
    policy, database, now = desk.policy, desk.database, desk.now
    audit_channel, directory = desk.audit_channel, desk.directory
    delegations = Delegations(
        database, directory, policy, now, desk.wake, audit_channel=audit_channel
    )
    stray_cases = Strays(database, directory, policy, now, desk.wake, audit_channel=audit_channel)
    disconnecting = Disconnecting(database, now, desk.wake)
    pairings = Pairings(database, policy.admins, now, desk.wake)
    asking = Asking(delegations, Drafting(database, now), directory, policy, now)
    opening = Forms(views_out, responses)
    opener = FormOpener(opening, policy)

    commands.register(
        app,
        commands.Commands(
            delegations,
            asking,
            connections.ConnectionCommands(disconnecting, links),
            opener,
            policy,
            stray_cases,
        ),
    )
    actions.register(app, delegations, responses, policy)
    forms.register(
        app, forms.CardForms(delegations, asking, opening, responses, policy, now), policy
    )
    views.register(app, views.RequestForm(asking, responses, policy))
    drafts.register(app, drafts.DraftButtons(asking, policy), responses, policy)
    receipts.register(app, receipts.ReceiptButton(receipts_shown, responses, policy))
    connections.register(
        app, connections.ConnectionButtons(disconnecting, pairings, responses, policy)
    )
    strays.register(
        app,
        stray_cases,
        strays.StrayButtons(stray_cases, directory, opening, responses, policy, now),
    )
    shortcuts.register(app, opener, shortcuts.AskAuthor(opener, responses, policy))
    homes = Homes(database, now, show)
    home.register(app, home.HomeTab(homes, delegations, responses, policy), opener)
    events.register(app, directory, delegations)
    errors.register(app, responses)
