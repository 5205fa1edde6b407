"""Bolt's app, which knows who listens to a command, a click or a form by its id.

Bolt asks all listeners one after another, and makes for each whatever it might want, a client of
Slack's API among it: half of what a short answer costs, and more for each listener before the one
that is meant. Here that one is called at once, with what it takes. Everything else goes Bolt's way.
"""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.listener.async_listener import AsyncListener
from slack_bolt.logger.messages import debug_running_listener
from slack_bolt.request.async_internals import build_async_context
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.slack.payloads import COMMAND, Payload, kind_of

CLICK, FORM = "block_actions", "view_submission"
NOTHING_YET = BoltResponse(status=200)  # from the listeners before: there are none
Listener = Callable[..., Awaitable[Any]]


class ReadRequest(AsyncBoltRequest):
    """A request whose payload is verified and read already. Headers are not signed, so that bolt
    does not see them; what else Bolt reads out of a payload is looked for where Bolt is asked."""

    def __init__(self, payload: Payload) -> None:
        self.raw_body, self.body = "", payload
        self.query, self.headers, self.content_type = {}, {}, None
        self.context = AsyncBoltContext()
        self.lazy_only, self.lazy_function_name = False, None
        self.mode = "socket_mode"


class Direct(AsyncListener):
    """Calls a listener with those of ``ack``, ``body`` and the named part of it that it takes."""

    auto_acknowledgement = False

    def __init__(self, function: Listener, name: str) -> None:
        self.ack_function = function
        self._name = name
        self._wanted = tuple(inspect.signature(function).parameters)

    async def run_ack_function(
        self, *, request: AsyncBoltRequest, response: BoltResponse
    ) -> BoltResponse | None:
        """Call it; raises what it raises."""
        given = {"ack": request.context["ack"], "body": request.body}
        given[self._name] = PARTS[self._name](request.body)
        answer: BoltResponse | None = await self.ack_function(
            **{each: given[each] for each in self._wanted}
        )
        return answer


PARTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "command": lambda body: body,
    "action": lambda body: body["actions"][0],
    "view": lambda body: body["view"],
}


class IndexedApp(AsyncApp):
    """Listeners are registered as with Bolt; of two for the same id the first is called."""

    def __init__(self, **settings: Any) -> None:
        self._by_id: dict[tuple[str, str], Direct] = {}
        super().__init__(**settings)

    def command(self, command: Any, *others: Any, **named: Any) -> Any:
        """Listen to a command."""
        register = super().command(command, *others, **named)
        return self._indexed(register, (COMMAND, command), "command")

    def action(self, constraints: Any, *others: Any, **named: Any) -> Any:
        """Listen to a button, or to a choice in a menu."""
        register = super().action(constraints, *others, **named)
        return self._indexed(register, (CLICK, constraints), "action")

    def view(self, constraints: Any, *others: Any, **named: Any) -> Any:
        """Listen to a form."""
        register = super().view(constraints, *others, **named)
        return self._indexed(register, (FORM, constraints), "view")

    async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        """What the listener answers, or whatever Bolt makes of it where none is known."""
        listener = self._by_id.get(_id_of(req.body))
        if listener is None:
            build_async_context(req.context, req.body)
            return await super().async_dispatch(req)
        name = listener.ack_function.__name__
        self.logger.debug(debug_running_listener(name))
        answer = await self._async_listener_runner.run(
            request=req,
            response=NOTHING_YET,
            listener_name=name,
            listener=listener,
        )
        return answer or BoltResponse(status=404, body={"error": "unhandled request"})

    def _indexed(
        self, register: Callable[[Listener], Any], key: tuple[str, str], name: str
    ) -> Callable[[Listener], Any]:
        def registered(function: Listener) -> Any:
            self._by_id.setdefault(key, Direct(function, name))
            return register(function)

        return registered


def _id_of(body: dict[str, Any]) -> tuple[str, str]:
    """Of what kind a payload is, and by which id it has its listener."""
    kind = kind_of(body)
    if kind == COMMAND:
        return kind, body["command"]
    if kind == CLICK:
        return kind, body["actions"][0]["action_id"]
    return kind, body["view"]["callback_id"] if kind == FORM else ""
