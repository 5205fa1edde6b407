"""``/close/connect`` and ``/close/callback``, in the person's own browser, and the way back.

Nothing here sends the browser anywhere but to Close's consent page and to Slack: the addresses of
both are settings.
"""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import structlog
from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from bot.cards import answers
from bot.cards.foreign import address, name
from bot.close.errors import CloseError, CloseProblem, RefusedByClose, Unauthorized
from bot.connections import flow
from bot.connections.errors import (
    AccountMismatch,
    AccountTaken,
    NobodyCanConfirm,
    NoOrganization,
    NotAMember,
    NotConnectable,
    NotTheirAccount,
    OrganizationUnclear,
    OtherAccountInUse,
    StateRefused,
    StoredLater,
    TooManyKeys,
)
from bot.connections.flow import MOST_KEYS, STATE_LIFE, Arrival, Departure, Way
from bot.connections.links import LinkRefused
from bot.connections.vault import fingerprint, new_secret
from bot.delegations import confirming
from bot.delegations.confirming import Wanted
from bot.desk import Actor, zone_of
from bot.refusals import Changed, DraftGone, NotDone
from bot.slack.errors import SlackError
from bot.times.saying import say_span
from bot.times.span import DurationError
from bot.web import pages
from models.connection import ConnectState
from models.person import Person

BROWSER = "sendas_browser"  # ties the question to the browser that was shown it
PATH = "/close"
LONGEST_FORM = 4096  # bytes
AGAIN = "Nothing changed. Please use the Connect Close button in Slack again."
KEY_REFUSED = "Close does not accept this key. Please check that it was copied completely."
KEY_PROBLEMS = {
    CloseProblem.PLAN_LIMIT: "Close knows this key, but your Close plan does not include what the "
    "bot does with it. Nothing changed. An admin of your Close account can say more.",
    CloseProblem.FORBIDDEN: "Close knows this key, but does not let its owner do this. Nothing "
    "changed. An admin of your Close account can look at your role there.",
}
CHANGED = "What you wanted to confirm has changed since. Please look at it again in Slack."
CHOOSE_THERE = "Please continue to Close instead, where you choose one."
NO_CONSENT_PAGE = (
    "Only Close's own consent page asks which one, and whoever runs this bot has not set it up: "
    "CLOSE_CLIENT_ID would do that."
)


@dataclass(frozen=True, slots=True)
class _Page:
    """What somebody reads who was not connected, with the HTTP status."""

    title: str
    text: str = AGAIN
    status: int = 502


_NOT_CONNECTED: dict[type[Exception], _Page] = {
    StateRefused: _Page(
        "This did not start here",
        "The way to Close takes at most ten minutes and has to end in the browser where it began. "
        "Please use the Connect Close button in Slack again.",
        400,
    ),
    NobodyCanConfirm: _Page(
        "This is another address than yours in Slack",
        "You are {email} in Close. Nothing changed. Log in to Close with your own Slack "
        "address, or ask whoever runs this bot: once ADMINS names somebody other than you, that "
        "person can confirm such accounts.",
        403,
    ),
    AccountTaken: _Page(
        "Somebody else here uses this account",
        "You are {email} in Close, and in Slack that account is known as somebody else's. Nothing "
        "changed. Whoever runs this bot can help: once ADMINS names somebody other than the two "
        "of you, that person can confirm it.",
        403,
    ),
    OtherAccountInUse: _Page(
        "You lent rights with another Close account",
        "Rights that exist now were given as {email}, and only that account can take them back. "
        "Nothing changed. Connect that account, or first revoke the rights and answer what "
        "the bot asked you about in Slack.",
        409,
    ),
    NotTheirAccount: _Page(
        "This is not the account that you are connected with",
        "You are {email} in Close. Nothing changed. Log in to Close with the account that you are "
        "connected with, and use the link in Slack again.",
        403,
    ),
    NotAMember: _Page(
        "This is for full members of the workspace",
        "Guests, apps and people whose Slack account is deactivated can neither give nor get the "
        "right to send as a colleague. Nothing changed.",
        403,
    ),
    NoOrganization: _Page(
        "This account is in no organization",
        "Close knows the key, but its owner belongs to no organization there, so there is nothing "
        "to send from. Nothing changed.",
        409,
    ),
    OrganizationUnclear: _Page(
        "This account is in several organizations",
        "A key does not say to which of them it belongs. Nothing changed. {way_on}",
        409,
    ),
    TooManyKeys: _Page(
        "Too many API keys",
        f"{MOST_KEYS} keys were tried for you within an hour. Nothing changed. Please wait an "
        "hour, and then use the Connect Close button in Slack again.",
        429,
    ),
    StoredLater: _Page(
        "Almost there",
        "Close has agreed, but the bot's database does not answer. The bot keeps trying, and its "
        "Home in Slack says when you are connected. You can close this window.",
    ),
    AccountMismatch: _Page("Close's answers do not fit together"),
    SlackError: _Page("Slack could not be asked who you are"),
    Exception: _Page("Close did not finish the connection"),
}


_WITH_ADDRESS = (NobodyCanConfirm, AccountTaken, OtherAccountInUse, NotTheirAccount)
_UNDONE = (NotDone, DurationError, SlackError)
MOST_NAMED = 10  # people on a page; more are counted


class ConnectPages:
    """The pages on the way. ``has_app`` says that an OAuth app is configured at Close."""

    def __init__(
        self,
        way: Way,
        slack_address: Callable[[], Awaitable[str | None]],
        *,
        has_app: bool,
        allows_keys: bool,
    ) -> None:
        self._way = way
        self._slack_address = slack_address
        self._has_app = has_app
        self._allows_keys = allows_keys
        self._log = structlog.get_logger("bot.web.connections")

    async def connect(self, request: Request) -> Response:
        """Asks whom the link is for; what they answer, and a key, are posted here."""
        if request.method != "POST":
            return await self._for_whom(request, request.query_params.get("for", ""))
        form = await _form(request)
        try:
            if "state" in form:
                return await self._key_posted(request, form)
            return await self._answered(request, form)
        except (NotConnectable, CloseError, SlackError) as error:
            return self._not_connected(error)

    async def to_slack(self, _request: Request) -> Response:
        """Back to the conversation with the bot, once it is known where that is."""
        address = await self._slack_address()
        if address is not None:
            return RedirectResponse(address, status_code=303)
        return pages.problem(
            "Slack does not answer",
            "Please open Slack yourself; the bot is among your apps there.",
            status=503,
        )

    async def _for_whom(self, request: Request, link: str, *, is_again: bool = False) -> Response:
        """Before anything is stored or sent anywhere: somebody's link may have reached somebody
        else, and programs that look at links open it as well."""
        try:
            person = await flow.invited(self._way, link)
            confirms = await self._to_confirm(link, person)
        except LinkRefused:
            return pages.problem(
                "This link is no longer good",
                "Type /sendas connect in Slack to get a new one.",
                status=400,
            )
        except (NotConnectable, SlackError) as error:
            return self._not_connected(error)
        except DraftGone as error:
            return self._not_done(error)
        browser = request.cookies.get(BROWSER, "") or new_secret()  # one for all tabs
        response = pages.for_whom(
            person.name,
            person.email,
            link=link,
            token=_token(browser, link),
            leads_to=self._leads_to(is_confirming=bool(confirms)),
            is_again=is_again,
            confirms=confirms,
        )
        self._keep(response, BROWSER, browser)
        return response

    async def _to_confirm(self, link: str, person: Person) -> str:
        """What a link is to confirm, in words; empty for one that only connects."""
        draft_id = self._way.links.confirms(link)
        if not draft_id:
            return ""
        team_id, user_id = self._way.links.read(link)
        wanted = await confirming.look_at(self._way.desk, Actor(team_id, user_id), draft_id)
        return await self._said(wanted, person.time_zone)

    async def _said(self, wanted: Wanted, zone: str) -> str:
        desk, shown = self._way.desk, wanted.grantee_ids[:MOST_NAMED]
        found = [await desk.directory.person(each) for each in shown]
        names = [name(each.name if each else "somebody") for each in found]
        if more := len(wanted.grantee_ids) - len(shown):
            names.append(f"{more} more")
        said = say_span(wanted.span, now=desk.now(), zone=zone)
        return f"{', '.join(names)} can send email as you {said}"

    async def _answered(self, request: Request, form: dict[str, str]) -> Response:
        """Continue leads to Close; the token proves that this browser was shown the question."""
        link, browser = form.get("for", ""), request.cookies.get(BROWSER, "")
        is_shown = hmac.compare_digest(
            form.get("token", "").encode(), _token(browser, link).encode()
        )
        if not browser or not is_shown:
            return await self._for_whom(request, link, is_again=True)
        try:
            if form.get("do") != "continue":
                return pages.not_me((await flow.invited(self._way, link)).name)
            is_confirming = bool(self._way.links.confirms(link))
            departure = await flow.depart(self._way, link)
            return self._departing(departure, is_confirming=is_confirming)
        except LinkRefused:
            return await self._for_whom(request, link)

    async def callback(self, request: Request) -> Response:
        """Back from Close."""
        if request.method != "GET":  # a HEAD must not use anything up
            return PlainTextResponse("", status_code=405, headers={"Allow": "GET"})
        query = request.query_params
        state = query.get("state", "")
        browser = request.cookies.get(_cookie(state), "")
        try:
            started = await flow.take_state(self._way.desk, state=state, browser_secret=browser)
            response = await self._back(started, query)
        except (NotConnectable, CloseError, SlackError) as error:
            response = self._not_connected(error)
        response.delete_cookie(_cookie(state), path=PATH)
        return response

    async def _back(self, started: ConnectState, query: QueryParams) -> Response:
        error, code = query.get("error", ""), query.get("code", "")
        if not error and code:
            arrival = await flow.arrive(self._way, started, code=code)
            is_confirmed = started.confirms is not None and not arrival.needs_admin
            return await self._confirmed(started) if is_confirmed else _arrived(arrival)
        if error not in ("", "access_denied"):
            return pages.problem("Close did not finish the connection", AGAIN, status=502)
        return pages.problem(
            "Close was not connected",
            "You did not allow it in Close. Nothing changed; the button in Slack starts again.",
        )

    async def _confirmed(self, started: ConnectState) -> Response:
        """What they wanted in Slack takes effect: they have shown in Close who they are."""
        desk = self._way.desk
        actor = Actor(started.team_id, started.slack_user_id, is_proven=True)
        try:
            wanted = await confirming.carry_out(desk, actor, started.confirms or "")
            return pages.confirmed(await self._said(wanted, await zone_of(desk, actor)))
        except _UNDONE as error:
            return self._not_done(error)

    def _not_done(self, error: Exception) -> Response:
        policy = self._way.desk.policy
        is_changed = isinstance(error, Changed)
        text = CHANGED if is_changed else answers.explain(error, policy, plain=True)
        return pages.problem("Nothing changed", text, status=409)

    async def _key_posted(self, request: Request, form: dict[str, str]) -> Response:
        """An API key from our own form: the state inside it and the cookie beside it prove that
        this browser was shown the form."""
        state = form.get("state", "")
        browser = request.cookies.get(_cookie(state), "")
        if not self._allows_keys:
            raise StateRefused
        started = await flow.take_state(self._way.desk, state=state, browser_secret=browser)
        try:
            key = form.get("key", "")
            response = _arrived(await flow.arrive_with_key(self._way, started, api_key=key))
        except (Unauthorized, RefusedByClose) as error:
            departure = await flow.depart_again(self._way, started.team_id, started.slack_user_id)
            response = self._departing(
                departure, problem=KEY_PROBLEMS.get(error.problem, KEY_REFUSED)
            )
        except (NotConnectable, CloseError, SlackError) as error:
            response = self._not_connected(error)
        response.delete_cookie(_cookie(state), path=PATH)
        return response

    def _departing(
        self, departure: Departure, *, problem: str = "", is_confirming: bool = False
    ) -> Response:
        response: Response
        if self._allows_keys and not is_confirming:
            url = departure.url if self._has_app else None
            response = pages.choice(url, departure.state, problem=problem)
        else:
            response = RedirectResponse(departure.url, status_code=303)
        self._keep(response, _cookie(departure.state), departure.browser_secret)
        return response

    def _keep(self, response: Response, name: str, secret: str) -> None:
        """Give the browser a secret of its own for as long as a walk may take."""
        response.set_cookie(
            name,
            secret,
            max_age=int(STATE_LIFE.total_seconds()),
            path=PATH,
            httponly=True,
            secure=self._way.links.is_https,
            samesite="lax",  # Close sends the browser back with a top-level GET
        )

    def _leads_to(self, *, is_confirming: bool) -> str:
        """The origin of Close's consent page, if Continue leads there at once."""
        if (self._allows_keys and not is_confirming) or not self._has_app:
            return ""
        url = urlsplit(self._way.oauth.authorize_url(""))
        return f"{url.scheme}://{url.netloc}"

    def _not_connected(self, error: Exception) -> Response:
        if isinstance(error, CloseError):
            self._log.warning("connecting failed", problem=error.problem)
        kind = next(kind for kind in _NOT_CONNECTED if isinstance(error, kind))
        page, way_on = _NOT_CONNECTED[kind], CHOOSE_THERE if self._has_app else NO_CONSENT_PAGE
        email = error.email if isinstance(error, _WITH_ADDRESS) else ""
        text = page.text.format(email=address(email), way_on=way_on)
        return pages.problem(page.title, text, status=page.status)


def _arrived(arrival: Arrival) -> Response:
    if arrival.needs_admin:
        return pages.needs_admin(arrival.email)
    return pages.connected(arrival.email)


def _cookie(state: str) -> str:
    """The cookie of one walk: several tabs may be on their way at the same time."""
    return f"sendas_connect_{fingerprint(state)[:16]}"


def _token(browser: str, link: str) -> str:
    """What only a page shown to this browser carries."""
    return fingerprint(f"{browser} {link}")


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
