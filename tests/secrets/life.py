"""A whole life of the real process, with all that can go wrong on the way; every secret in it is
known to the one who looks on."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import httpx

from bot.store import Database
from sandbox.close import CLIENT_SECRET
from sandbox.close.trouble import After
from sandbox.people import ADA, BEN, CLEO, SandboxPerson
from sandbox.running import House
from tests.patience import PATIENCE
from tests.scenarios import houses
from tests.scenarios.outages import BREAK, MEND
from tests.secrets.searching import Secrets

TOKENS, LINKS, STATES, CODES, KEYS, MAIL = "token", "link", "state", "code", "API key", "mail"
FIELDS = {"for": LINKS, "state": STATES, "code": CODES, "token": "form token", "key": KEYS}
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
_BUTTON = re.compile(r'<a class="button" href="([^"]+)"')
_SOON = timedelta(seconds=60)  # so that tokens are refreshed at each use
SUBJECT, RECIPIENT = "A-subject-of-a-mail", "recipient-of-a-mail@example.org"


class Life:
    """What happens, and what was seen of it."""

    def __init__(
        self, house: House, database_url: str, encryption_key: str, *, is_loud: bool
    ) -> None:
        self.house = house
        self.is_loud = is_loud
        self.secrets = Secrets()
        self.answers: list[str] = []  # to whoever asks over HTTP, without being anybody
        self._database_url = database_url
        self.secrets.add("client secret", CLIENT_SECRET)
        self.secrets.add("signing secret", house.slack.signing_secret)
        self.secrets.add("bot token", house.slack.bot_token)
        self.secrets.add("encryption key", encryption_key)
        self.secrets.add("metrics token", house.bot.environment["METRICS_TOKEN"])
        self.secrets.add(MAIL, SUBJECT, RECIPIENT)

    async def lived(self) -> None:
        """From the first link to the last word."""
        self.house.close.set_expires_in(_SOON)
        await self._connect_with_trouble()
        await self._connect_with_a_key()
        await self._used()
        await self._without_a_database()
        await self._asked_by_strangers()
        await self._ended()
        self._learn()

    async def _connect_with_trouble(self) -> None:
        """Close fails, answers a page, hangs up, and then tokens that fit to nobody."""
        trouble = self.house.close.trouble
        spoils: tuple[Callable[[], None], ...] = (
            lambda: trouble.fail("POST /oauth2/token/", 500),
            lambda: trouble.html("POST /oauth2/token/", 200),
            lambda: trouble.after("POST /oauth2/token/", After.CUT),
            lambda: trouble.fail("GET /me/", 403),
        )
        for spoil in spoils:
            spoil()
            page = await self._walk(ADA)
            assert page.status_code >= 400, page.text
            self.answers.append(page.text)
            trouble.clear()
        page = await self._walk(ADA)
        assert "Close is connected" in page.text
        self.answers.append(page.text)

    async def _walk(self, person: SandboxPerson) -> httpx.Response:
        """To Close's consent page and back."""
        async with self._browser() as browser:
            choice = await self._begun(browser, person)
            found = _BUTTON.search(choice.text)
            assert found is not None, choice.text
            consent = await browser.get(unescape(found[1]))
            form = {"person": person.close_user_id or "", "do": "allow"}
            return await browser.post(str(consent.url), data=form)

    async def _begun(self, browser: httpx.AsyncClient, person: SandboxPerson) -> httpx.Response:
        reply = await self.house.slack.command(person, "/sendas", "connect")
        assert reply.ok, reply
        messages = self.house.slack.messages(person)
        answer = next(each for each in reversed(messages) if each.ephemeral)
        link = answer.text.partition("<")[2].partition("|")[0]
        page = await browser.get(unescape(link))
        form = {**dict(_HIDDEN.findall(page.text)), "do": "continue"}
        form = {name: unescape(value) for name, value in form.items()}
        return await browser.post(f"{self.house.bot_url}/close/connect", data=form)

    async def _connect_with_a_key(self) -> None:
        key = self.house.close.api_key(CLEO)
        self.secrets.add(KEYS, key, "api_that.does-not-exist")
        async with self._browser() as browser:
            page = await self._begun(browser, CLEO)
            for each in ("api_that.does-not-exist", key):
                state = dict(_HIDDEN.findall(page.text))["state"]
                form = {"state": state, "key": each}
                page = await browser.post(f"{self.house.bot_url}/close/connect", data=form)
        assert "Close is connected" in page.text
        self.answers.append(page.text)

    def _browser(self) -> httpx.AsyncClient:
        """Takes down what it is given to carry."""

        async def note(response: httpx.Response) -> None:
            await response.aread()
            fields = parse_qsl(urlsplit(str(response.request.url)).query)
            fields += parse_qsl(urlsplit(response.headers.get("location", "")).query)
            fields += [(name, unescape(value)) for name, value in _HIDDEN.findall(response.text)]
            for name, value in fields:
                if name in FIELDS:
                    self.secrets.add(FIELDS[name], value)
            self.secrets.add("cookie", *(each.value or "" for each in response.cookies.jar))

        return httpx.AsyncClient(
            follow_redirects=True,
            timeout=PATIENCE,
            trust_env=False,
            event_hooks={"response": [note]},
        )

    async def _used(self) -> None:
        """The right is made, tokens are refreshed on the way, and Slack is not well."""
        close, slack = self.house.close, self.house.slack
        close.trouble.fail("POST /oauth2/token/", 503)
        close.trouble.html("GET /send_as/", 200)
        slack.trouble.garble("chat.postMessage", is_taken=True)
        slack.trouble.fail("chat.update", "invalid_auth")
        await houses.active(self.house, BEN)
        close.send_email(BEN, in_name_of=ADA, subject=SUBJECT, to=(RECIPIENT,))

    async def _without_a_database(self) -> None:
        """What nobody foresees is in the log, with a traceback."""
        await _say(self._database_url, BREAK)
        for text in ("list", "@cleo 2h Covering", "connect", "disconnect"):
            await self.house.slack.command(BEN, "/sendas", text)
        await _say(self._database_url, MEND)

    async def _asked_by_strangers(self) -> None:
        """Everything that answers whoever asks."""
        state = self.secrets.of(STATES)[0]
        async with httpx.AsyncClient(base_url=self.house.bot_url, timeout=PATIENCE) as stranger:
            for path in (
                *("/healthz", "/readyz", "/metrics", "/nowhere", "/slack/events", "/close/connect"),
                *("/close/connect?for=x", "/close/slack", f"/close/callback?state={state}&code=x"),
            ):
                answer = await stranger.get(path)
                self.answers.append(f"{answer.headers} {answer.text}".replace(state, ""))
            token = self.house.bot.environment["METRICS_TOKEN"]
            for said in (f"Bearer {token}", f"Basic {token}", f"Bearer {token}x"):
                answer = await stranger.get("/metrics", headers={"Authorization": said})
                self.answers.append(f"{answer.headers} {answer.text}")
            forged = {"x-slack-request-timestamp": "1", "x-slack-signature": f"v0={'0' * 64}"}
            answer = await stranger.post("/slack/events", content=b"{}", headers=forged)
            self.answers.append(f"{answer.status_code} {answer.headers} {answer.text}")

    async def _ended(self) -> None:
        """Taken back, and both leave."""
        slack = self.house.slack
        card = await houses.message(self.house, ADA, "can send email as you")
        await slack.click(ADA, card, "Revoke")
        await houses.message(self.house, ADA, SUBJECT)
        for person in (ADA, CLEO):
            self._learn()
            await slack.command(person, "/sendas", "disconnect")
            await houses.message(self.house, person, "Close is disconnected")

    def _learn(self) -> None:
        """What Close has handed out so far."""
        for grant in self.house.close.state.grants:
            self.secrets.add(TOKENS, grant.refresh_token, *grant.old_refresh_tokens)
            self.secrets.add(TOKENS, *grant.access_tokens)


async def _say(database_url: str, statement: str) -> None:
    database = Database(database_url)
    try:
        await database.run_connection(lambda each: each.exec_driver_sql(statement))
    finally:
        await database.dispose()
