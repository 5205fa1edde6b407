"""Clicks: who clicked, the use case, and an acknowledgement that says that it is committed.

A button or a form carries an id and perhaps the mark of what its reader saw (``models.mark``),
never rights: who acts is what Slack signed.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.models.views import View

from bot.cards import changed
from bot.desk import Actor, Desk
from bot.listeners import opening
from bot.listeners.reception import REFUSALS, Reception
from bot.refusals import Changed, ConfirmFirst, Refused
from bot.slack.message import Message
from models.mark import marked, read_marked
from models.policy import Refusal

Result = TypeVar("Result")
UseCase = Callable[[Desk, Actor, str], Awaitable[Result]]  # the text is the button's value
Decision = Callable[[Desk, Actor, str, str], Awaitable[object]]  # the id, and the mark
Submitted = Callable[[Desk, Actor, dict[str, Any]], Awaitable[str | None]]


def on(app: AsyncApp, reception: Reception, action_id: str, use_case: UseCase[object]) -> None:
    """Have a button carried out whatever has changed since it was read: it takes away, or leafs.

    The use case gets the id alone. A refusal is answered in words.
    """

    async def on_click(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        row_id, _ = read_marked(value_of(action))
        await carried_out(reception, ack, body, row_id, use_case)

    app.action(action_id)(on_click)


def decides(app: AsyncApp, reception: Reception, action_id: str, decision: Decision) -> None:
    """As :func:`on`, for a button that counts only for what its reader saw."""

    async def decide(desk: Desk, actor: Actor, value: str) -> object:
        return await decision(desk, actor, *read_marked(value))

    async def on_click(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await carried_out(reception, ack, body, value_of(action), decide)

    app.action(action_id)(on_click)


def replaces(
    app: AsyncApp, reception: Reception, action_id: str, use_case: UseCase[str | Message]
) -> None:
    """As :func:`on`, and what came of it stands in place of the button's message."""

    async def on_click(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        answer = await carried_out(reception, ack, body, value_of(action), use_case)
        if answer is not None:
            await reception.responses.whisper(body.get("response_url"), answer, in_place=True)

    app.action(action_id)(on_click)


def opens(app: AsyncApp, reception: Reception, action_id: str, form: UseCase[View | None]) -> None:
    """Have a button open a form; nothing is stored."""

    async def on_click(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        view = await carried_out(reception, ack, body, value_of(action), form)
        if view is not None:
            await opening.show(reception, body, view)

    app.action(action_id)(on_click)


def submits(
    app: AsyncApp,
    reception: Reception,
    callback_id: str,
    submitted: Submitted,
    *,
    anew: UseCase[View],
    field: str | None = None,
    fields: Mapping[Refusal, str] | None = None,
) -> None:
    """Have a form carried out; what ``submitted`` returns is said once the form has closed.

    When something is wrong the form stays open with what was typed, and the sentence stands
    beside ``field``, or beside the one that ``fields`` has for a refusal; without a ``field``
    beside the first that there is. When it is about
    something that has changed, ``anew`` makes the form again, of what there is now.
    """
    others = fields or {}

    async def on_submit(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        said: str | Message | View | None
        try:
            actor = await actor_of(reception.desk, body)
            said = await _submitted(reception.desk, actor, view, submitted, anew)
        except ConfirmFirst as error:
            said = await reception.to_confirm(actor, error)
        except REFUSALS as error:
            beside = others.get(error.refusal, field) if isinstance(error, Refused) else field
            beside = beside or first_field(view)
            text = reception.in_form(error)
            await ack(response_action="errors", errors={beside: text})
            return
        if isinstance(said, View):
            await ack(response_action="update", view=said)
            return
        await ack()  # an empty acknowledgement closes the form (slack.md §4)
        if said:
            await reception.responses.tell(body, said)

    app.view(callback_id)(on_submit)


async def _submitted(
    desk: Desk, actor: Actor, view: dict[str, Any], submitted: Submitted, anew: UseCase[View]
) -> str | View | None:
    try:
        return await submitted(desk, actor, view)
    except Changed as error:
        value = marked(error.subject, error.beside)
        return changed.form(await anew(desk, actor, value), error)


async def carried_out(
    reception: Reception,
    ack: AsyncAck,
    body: dict[str, Any],
    value: str,
    use_case: UseCase[Result],
) -> Result | None:
    """What came of it, or None when whoever clicked reads why it was refused."""
    actor = None
    try:
        actor = await actor_of(reception.desk, body)
        result = await use_case(reception.desk, actor, value)
    except REFUSALS as error:
        await ack()
        await reception.refuse(body, error, actor)
        return None
    await ack()  # only now: it says that all of it is committed, or ready to be shown
    return result


async def actor_of(desk: Desk, body: dict[str, Any]) -> Actor:
    """Who clicked. A person of another workspace keeps their own team, and so has no say here,
    unless that is one of our own Enterprise Grid. Raises ``bot.slack.errors``."""
    user = body["user"]
    here = str((body.get("team") or {}).get("id") or "")
    home, user_id = str(user.get("team_id") or here), str(user["id"])
    if here and home != here:
        person = await desk.directory.person(user_id)
        if person is not None and person.is_colleague:
            return Actor(here, user_id)
    return Actor(home, user_id)


def first_field(view: dict[str, Any]) -> str:
    """The id of the first field of a form; empty where it has none."""
    fields = (block.get("block_id") for block in view["blocks"] if block["type"] == "input")
    return next((str(field) for field in fields if field), "")


def value_of(action: dict[str, Any]) -> str:
    """What a button, or the choice in a menu, carries: an id, perhaps with the choice's name before
    it and a mark behind it."""
    return str((action.get("selected_option") or action).get("value") or "")
