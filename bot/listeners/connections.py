"""Connections: the words of ``/sendas connect`` and ``disconnect``, and the buttons about them."""

from slack_bolt.async_app import AsyncApp

from bot.cards import notices
from bot.connections import leaving, pairings
from bot.desk import Actor, Desk
from bot.grammar import Command
from bot.listeners import clicks
from bot.listeners.reception import Reception
from bot.refusals import LeavingChanged, NotConnectedYet
from bot.slack.message import Message
from models.mark import read_marked


def register(app: AsyncApp, reception: Reception) -> None:
    """Listen to the button that confirms a disconnection, and to an admin's answers."""
    clicks.replaces(app, reception, notices.DISCONNECT, _leave)
    clicks.replaces(app, reception, notices.STAY, _stay)
    clicks.decides(app, reception, notices.CONFIRM_PAIRING, pairings.confirm)
    clicks.decides(app, reception, notices.REJECT_PAIRING, pairings.reject)


async def connect(reception: Reception, actor: Actor, _command: Command) -> str:
    """How the actor is connected, with a link."""
    standing = await leaving.standing_of(reception.desk, actor)
    url = reception.links.connect(actor.team_id, actor.user_id)
    return notices.connection(standing.connection, standing.pairing, url)


async def disconnect(reception: Reception, actor: Actor, _command: Command) -> str | Message:
    """Done at once, or a question when something depends on it. Raises NotConnectedYet."""
    standing = await leaving.leave_if_free(reception.desk, actor)
    if standing.connection is not None and standing.dependents:
        return notices.leaving_question(standing.connection, standing.dependents)
    return notices.leaving((), is_alive=True)


async def trouble(desk: Desk, actor: Actor) -> str:
    """A line that says that the actor's connection does not work, or nothing."""
    return notices.broken_connection((await leaving.standing_of(desk, actor)).connection)


async def _leave(desk: Desk, actor: Actor, value: str) -> str | Message:
    """Whose connection it is, is who clicked."""
    _, seen = read_marked(value)
    try:
        standing = await leaving.leave(desk, actor, seen)
    except LeavingChanged:
        return await _asked_anew(desk, actor)
    is_alive = standing.connection is not None and standing.connection.is_alive
    return notices.leaving(standing.dependents, is_alive=is_alive)


async def _stay(_desk: Desk, _actor: Actor, _value: str) -> str:
    return notices.STAYED


async def _asked_anew(desk: Desk, actor: Actor) -> str | Message:
    """The question in its place, as it is now; nothing was done."""
    standing = await leaving.standing_of(desk, actor)
    if standing.connection is None:
        raise NotConnectedYet
    return notices.leaving_question(standing.connection, standing.dependents, is_new=False)
