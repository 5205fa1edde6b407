"""``/close/connect`` and ``/close/callback``, in the person's own browser.

Nothing here sends the browser anywhere but to Close's consent page, whose address is a setting.
"""

from urllib.parse import parse_qs

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from bot.close.errors import CloseError, CloseProblem, RefusedByClose, Unauthorized
from bot.connections.flow import (
    STATE_LIFE,
    AccountMismatch,
    Arrival,
    Connecting,
    Departure,
    NobodyCanConfirm,
    NoOrganization,
    NotAMember,
    NotConnectable,
    OrganizationUnclear,
    OtherAccountInUse,
    StateRefused,
)
from bot.connections.links import LinkRefused, Links
from bot.slack.errors import SlackError
from bot.web import pages

COOKIE = "sendas_connect"
LONGEST_FORM = 4096  # bytes
AGAIN = "Nothing was stored. Please use the Connect Close button in Slack again."
KEY_REFUSED = "Close does not accept this key. Please check that it was copied completely."
KEY_PROBLEMS = {
    CloseProblem.PLAN_LIMIT: "Close knows this key, but your Close plan does not include what the "
    "bot does with it. Nothing was stored. An admin of your Close account can say more.",
    CloseProblem.FORBIDDEN: "Close knows this key, but does not let its owner do this. Nothing was "
    "stored. An admin of your Close account can look at your role there.",
}


class ConnectPages:
    """The pages on the way. ``has_app`` says that an OAuth app is configured at Close."""

    def __init__(
        self, connecting: Connecting, links: Links, *, has_app: bool, allows_keys: bool
    ) -> None:
        self._connecting = connecting
        self._links = links
        self._has_app = has_app
        self._allows_keys = allows_keys
        self._log = structlog.get_logger("bot.web.connections")

    @property
    def methods(self) -> list[str]:
        """What ``/close/connect`` takes: keys are posted only where they are allowed."""
        return ["GET", "POST"] if self._allows_keys else ["GET"]

    async def connect(self, request: Request) -> Response:
        """Off to Close's consent page, with a secret that only this browser has."""
        if request.method == "POST":
            return await self._key_posted(request)
        try:
            departure = await self._connecting.depart(request.query_params.get("for", ""))
        except LinkRefused:
            return pages.problem(
                "This link is no longer good",
                "Type /sendas connect in Slack to get a new one.",
                status=400,
            )
        except (NotConnectable, SlackError) as error:
            return self._not_connected(error)
        return self._departing(departure)

    async def callback(self, request: Request) -> Response:
        """Back from Close."""
        query = request.query_params
        state, browser = query.get("state", ""), request.cookies.get(COOKIE, "")
        try:
            started = await self._connecting.take_state(state=state, browser_secret=browser)
            if "code" not in query:
                response: Response = pages.problem(
                    "Close was not connected",
                    "You did not allow it in Close. Nothing was changed; the button in Slack "
                    "starts again.",
                )
            else:
                response = _arrived(await self._connecting.arrive(started, code=query["code"]))
        except (NotConnectable, CloseError, SlackError) as error:
            response = self._not_connected(error)
        response.delete_cookie(COOKIE, path="/close")
        return response

    async def _key_posted(self, request: Request) -> Response:
        """An API key from our own form: the state inside it and the cookie beside it prove that
        this browser was shown the form."""
        form = await _form(request)
        browser = request.cookies.get(COOKIE, "")
        try:
            started = await self._connecting.take_state(
                state=form.get("state", ""), browser_secret=browser
            )
            try:
                arrival = await self._connecting.arrive_with_key(
                    started, api_key=form.get("key", "")
                )
            except (Unauthorized, RefusedByClose) as error:
                departure = await self._connecting.depart_again(
                    started.team_id, started.slack_user_id
                )
                problem = KEY_PROBLEMS.get(error.problem, KEY_REFUSED)
                return self._departing(departure, problem=problem)
            response: Response = _arrived(arrival)
        except (NotConnectable, CloseError, SlackError) as error:
            response = self._not_connected(error)
        response.delete_cookie(COOKIE, path="/close")
        return response

    def _departing(self, departure: Departure, *, problem: str = "") -> Response:
        response: Response
        if self._allows_keys:
            url = departure.url if self._has_app else None
            response = pages.choice(url, departure.state, problem=problem)
        else:
            response = RedirectResponse(departure.url, status_code=303)
        response.set_cookie(
            COOKIE,
            departure.browser_secret,
            max_age=int(STATE_LIFE.total_seconds()),
            path="/close",
            httponly=True,
            secure=self._links.is_https,
            samesite="lax",  # Close sends the browser back with a top-level GET
        )
        return response

    def _not_connected(self, error: Exception) -> Response:
        match error:
            case StateRefused():
                return pages.problem(
                    "This did not start here",
                    "The way to Close takes at most ten minutes and has to end in the browser "
                    "where it began. Please use the Connect Close button in Slack again.",
                    status=400,
                )
            case NobodyCanConfirm():
                return pages.problem(
                    "This is another address than yours in Slack",
                    f"You are {error.email} in Close. Nothing was stored. Log in to Close with "
                    "your own Slack address, or ask whoever runs this bot: once ADMINS names "
                    "somebody other than you, that person can confirm such accounts.",
                    status=403,
                )
            case OtherAccountInUse():
                return pages.problem(
                    "You lent rights with another Close account",
                    f"Rights that exist now were given as {error.email}, and only that account "
                    "can take them back. Nothing was changed. Connect that account, or first "
                    "revoke the rights and answer what the bot asked you about in Slack.",
                    status=409,
                )
            case NotAMember():
                return pages.problem(
                    "This is for full members of the workspace",
                    "Guests, apps and people whose Slack account is deactivated can neither give "
                    "nor get the right to send as a colleague. Nothing was stored.",
                    status=403,
                )
            case NoOrganization():
                return pages.problem(
                    "This account is in no organization",
                    "Close knows the key, but its owner belongs to no organization there, so "
                    "there is nothing to send from. Nothing was stored.",
                    status=409,
                )
            case OrganizationUnclear():
                way_on = (
                    "Please continue to Close instead, where you choose one."
                    if self._has_app
                    else "Only Close's own consent page asks which one, and whoever runs this bot "
                    "has not set it up: CLOSE_CLIENT_ID would do that."
                )
                return pages.problem(
                    "This account is in several organizations",
                    f"A key does not say to which of them it belongs. Nothing was stored. {way_on}",
                    status=409,
                )
            case AccountMismatch():
                return pages.problem("Close's answers do not fit together", AGAIN, status=502)
            case SlackError():
                return pages.problem("Slack could not be asked who you are", AGAIN, status=502)
            case CloseError():
                self._log.warning("connecting failed", problem=error.problem)
        return pages.problem("Close did not finish the connection", AGAIN, status=502)


def _arrived(arrival: Arrival) -> Response:
    if arrival.needs_admin:
        return pages.needs_admin(arrival.email)
    return pages.connected(arrival.email)


async def _form(request: Request) -> dict[str, str]:
    """The form's fields; empty when it is not one, or too large to be ours."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "application/x-www-form-urlencoded":
        return {}
    body = b""
    try:
        async for part in request.stream():
            body += part
            if len(body) > LONGEST_FORM:
                return {}
        fields = parse_qs(body.decode("ascii"), max_num_fields=4)
    except (ClientDisconnect, ValueError):
        return {}
    return {name: values[0].strip() for name, values in fields.items()}
