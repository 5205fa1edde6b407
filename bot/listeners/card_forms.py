"""The forms that open from a card, and what happens when they are submitted."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.models.views import View

from bot.cards import answers
from bot.cards import card_forms as forms
from bot.cards.faces import Action
from bot.delegations import Delegations
from bot.delegations.wishes import Asking
from bot.desk import Actor
from bot.grammar import storable
from bot.listeners.delegations import actor_of
from bot.listeners.opening import Forms
from bot.ports import Now
from bot.refusals import NotDone, Refused
from bot.slack.errors import SlackError
from bot.slack.responses import Responses
from bot.times.saying import local_time
from bot.times.span import DurationError, InThePast, NotATime
from models.delegation import Delegation, State
from models.policy import Policy, Refusal

STANDING_FOR = timedelta(days=30)  # what the date of a new standing approval starts out with

Open = Callable[[Delegation], View]
# What is said once the form has closed, if anything.
Submit = Callable[[Actor, str, dict[str, Any]], Awaitable[str | None]]
Add = Callable[[dict[str, Any], str], Awaitable[None]]


class CardForms:
    """Opens each form with what is known, and carries it out once it is submitted."""

    def __init__(
        self,
        delegations: Delegations,
        asking: Asking,
        opening: Forms,
        responses: Responses,
        policy: Policy,
        now: Now,
    ) -> None:
        self._delegations = delegations
        self._asking = asking
        self._opening = opening
        self._responses = responses
        self._policy = policy
        self._now = now

    async def menu(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """A choice in the "more" menu: ``choice:delegation id``."""
        choice, _, delegation_id = str(action["selected_option"]["value"]).partition(":")
        openers: dict[str, Open] = {
            forms.APPROVE_FOR: lambda d: forms.approve_for(d, self._policy),
            forms.DENY_WITH_NOTE: forms.deny_with_note,
            forms.ALWAYS_APPROVE: self._always,
        }
        await ack()
        if choice in openers:
            await self._open(body, delegation_id, openers[choice])

    async def extend_button(
        self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]
    ) -> None:
        """The Extend button of somebody who wants, or gives, more time."""
        await ack()
        await self._open(
            body, str(action.get("value", "")), lambda d: forms.extend(d, self._policy)
        )

    async def approve_for(self, actor: Actor, delegation_id: str, view: dict[str, Any]) -> None:
        """Approve, for the time in the form."""
        span = await self._asking.span(actor, forms.value(view, forms.DURATION))
        await self._delegations.approve(actor, delegation_id, span)

    async def deny(self, actor: Actor, delegation_id: str, view: dict[str, Any]) -> None:
        """Deny, with the word in the form."""
        note = storable(forms.value(view, forms.NOTE))
        await self._delegations.deny(actor, delegation_id, note)

    async def extend(self, actor: Actor, delegation_id: str, view: dict[str, Any]) -> None:
        """Extend, or ask for it."""
        span = await self._asking.span(actor, forms.value(view, forms.DURATION))
        await self._delegations.extend(actor, delegation_id, span)

    async def always(self, actor: Actor, delegation_id: str, view: dict[str, Any]) -> str | None:
        """Keep a standing approval, and let it answer this request if it covers it."""
        typed = forms.value(view, forms.DURATION)
        span = await self._asking.span(actor, typed)
        if span.length is None:
            raise NotATime(typed)
        await self._delegations.always_approve_like(
            actor,
            delegation_id,
            max_length=span.length,
            until=await self._last_moment(actor, forms.value(view, forms.UNTIL)),
        )
        request = await self._delegations.get(actor, delegation_id)
        return answers.NOT_COVERED if request.state is State.REQUESTED else None

    async def add(self, body: dict[str, Any], text: str) -> None:
        """Say something about a form that was carried out."""
        await self._responses.tell(body, text)

    async def _last_moment(self, actor: Actor, day: str) -> datetime:
        """The last second of a day as the actor's own clock shows it; raises Refused."""
        try:
            span = await self._asking.span(actor, f"until {day}")
        except InThePast:
            raise Refused(Refusal.DATE_PASSED) from None
        if span.until is None:
            raise NotATime(day)
        return span.until - timedelta(seconds=1)

    def _always(self, d: Delegation) -> View:
        until = local_time(self._now() + STANDING_FOR, d.grantor_zone).date()
        return forms.always_approve(d, self._policy, until=until.to_stdlib())

    async def _open(self, body: dict[str, Any], delegation_id: str, form: Open) -> None:
        try:
            delegation = await self._delegations.get(actor_of(body), delegation_id)
        except NotDone as error:
            await self._responses.tell(body, answers.explain(error, self._policy))
        else:
            await self._opening.show(body, form(delegation))


def register(app: AsyncApp, card_forms: CardForms, policy: Policy) -> None:
    """Listen to the menu, the Extend button and the submitted forms."""
    app.action(Action.MORE.value)(card_forms.menu)
    app.action(Action.EXTEND.value)(card_forms.extend_button)
    submits: dict[str, tuple[Submit, str]] = {
        forms.APPROVE_FOR: (card_forms.approve_for, forms.DURATION),
        forms.DENY_WITH_NOTE: (card_forms.deny, forms.NOTE),
        forms.EXTEND_FORM: (card_forms.extend, forms.DURATION),
        forms.ALWAYS_APPROVE: (card_forms.always, forms.DURATION),
    }
    for callback_id, (submit, field) in submits.items():
        app.view(callback_id)(_submitted(submit, field, card_forms.add, policy))


def _submitted(
    submit: Submit, field: str, add: Add, policy: Policy
) -> Callable[..., Awaitable[None]]:
    async def on_submit(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        try:
            said = await submit(actor_of(body), view["private_metadata"], view)
        except (NotDone, DurationError, SlackError) as error:
            text = answers.explain(error, policy, plain=True)
            await ack(response_action="errors", errors={_beside(error) or field: text})
            return
        await ack()
        if said:
            await add(body, said)

    return on_submit


def _beside(error: Exception) -> str | None:
    """The field that an error is about, when that is not the form's main one."""
    is_date = isinstance(error, Refused) and error.refusal is Refusal.DATE_PASSED
    return forms.UNTIL if is_date else None
