"""The listeners, put together: each kind of request from Slack goes to the use case it is for."""

from slack_bolt.async_app import AsyncApp

from bot.bell import Bell
from bot.delegations import Delegations
from bot.disconnecting import Disconnecting
from bot.drafting import Drafting
from bot.homes import Homes
from bot.listeners import (
    actions,
    commands,
    connections,
    drafts,
    errors,
    events,
    forms,
    home,
    receipts,
    shortcuts,
    strays,
    views,
)
from bot.listeners.asking import Asking
from bot.listeners.opening import FormOpener, Forms
from bot.outside import Outside
from bot.pairings import Pairings
from bot.slack.responses import Responses
from bot.slack.views import Views
from bot.strays import Strays
from bot.workshop import Workshop


def listen(app: AsyncApp, outside: Outside, workshop: Workshop, bell: Bell) -> None:
    """Register everything that people can do in Slack."""
    policy, database, now = outside.settings.policy, outside.database, outside.now
    audit_channel, directory = outside.settings.audit_channel, workshop.directory
    delegations = Delegations(
        database, directory, policy, now, bell.all, audit_channel=audit_channel
    )
    stray_cases = Strays(database, directory, policy, now, bell.all, audit_channel=audit_channel)
    disconnecting = Disconnecting(database, now, bell.all)
    pairings = Pairings(database, policy.admins, now, bell.all)
    asking = Asking(delegations, Drafting(database, now), directory, policy, now)
    responses = Responses(outside.session, outside.quick)
    opening = Forms(Views(outside.quick), responses)
    opener = FormOpener(opening, policy)

    commands.register(
        app,
        commands.Commands(
            delegations,
            asking,
            connections.ConnectionCommands(disconnecting, outside.links),
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
    receipts.register(app, receipts.ReceiptButton(workshop.receipts, responses, policy))
    connections.register(
        app, connections.ConnectionButtons(disconnecting, pairings, responses, policy)
    )
    strays.register(
        app,
        stray_cases,
        strays.StrayButtons(stray_cases, directory, opening, responses, policy, now),
    )
    shortcuts.register(app, opener, shortcuts.AskAuthor(opener, responses, policy))
    homes = Homes(database, now, bell.show)
    home.register(app, home.HomeTab(homes, delegations, responses, policy), opener)
    events.register(app, directory, delegations)
    errors.register(app, responses)
