"""Whoever has not got Slack's signing secret: nothing is believed, read or done."""

import hashlib
import hmac
import json
import time

import pytest

from sandbox.people import SandboxPerson
from sandbox.slack.delivery import Reply
from tests.attacks.arena import FORM, JSON, Arena, Cast, status_of

SIGNATURE, TIMESTAMP = "X-Slack-Signature", "X-Slack-Request-Timestamp"
MINUTE = 60


class Forger:
    """Somebody who wants Cleo's request to be believed, and is without the secret."""

    def __init__(self, arena: Arena, cast: Cast) -> None:
        self._arena = arena
        self._cast = cast
        self.body = self.wish(cast.cleo)

    def wish(self, person: SandboxPerson) -> bytes:
        """A request that nobody has sent yet."""
        text = f"<@{self._cast.ada.id}> for <@{self._cast.ben.id}> 2h Covering"
        return self._arena.command(person, text)

    def proof(self, body: bytes | None = None, at: int | None = None) -> dict[str, str]:
        """What Slack would send with a body: what a forger has seen of another request."""
        return self._arena.slack.sign(self.body if body is None else body, at)

    async def post(self, headers: dict[str, str], kind: str = FORM) -> Reply:
        """Send the request with these headers."""
        return await self._arena.post(self.body, {"Content-Type": kind, **headers})

    async def fails_with(self, headers: dict[str, str], kind: str = FORM) -> None:
        """It is refused in the same words as all others, and nothing comes of it."""
        reply = await self.post(headers, kind)
        assert (reply.status, reply.body) == (401, {"error": "invalid request"})
        assert not await self._arena.all_of(self._cast)


@pytest.fixture
def forger(arena: Arena, cast: Cast) -> Forger:
    """Somebody without the secret."""
    return Forger(arena, cast)


def digest_with(secret: bytes, base: bytes) -> str:
    """A signature made by hand."""
    return "v0=" + hmac.new(secret, base, hashlib.sha256).hexdigest()


async def test_slack_itself_is_believed(forger: Forger, arena: Arena, cast: Cast) -> None:
    """What the other tests here forge is taken when it is true: they refuse for that reason."""
    assert (await forger.post(forger.proof())).status == 200
    assert len(await arena.all_of(cast)) == 1


@pytest.mark.parametrize("kind", [FORM, JSON, "text/plain"])
async def test_no_proof_at_all(forger: Forger, kind: str) -> None:
    """A request without a signature or a time is not read."""
    await forger.fails_with({}, kind)


@pytest.mark.parametrize("missing", [SIGNATURE, TIMESTAMP])
@pytest.mark.parametrize("instead", [None, ""])
async def test_half_a_proof(forger: Forger, missing: str, instead: str | None) -> None:
    """One of the two headers left out, or left empty, is no proof."""
    headers = forger.proof()
    del headers[missing]
    await forger.fails_with(headers | ({} if instead is None else {missing: instead}))


async def test_proof_of_another_body(forger: Forger, cast: Cast) -> None:
    """A signature that was seen on another request fits no other words."""
    await forger.fails_with(forger.proof(forger.wish(cast.ben)))


async def test_one_byte_was_changed(forger: Forger) -> None:
    """Two hours signed do not become nine."""
    headers = forger.proof()
    forger.body = forger.body.replace(b"2h", b"9h")
    await forger.fails_with(headers)


@pytest.mark.parametrize("added", [b"&text=x", b" ", b"\n", b"&user_id=U1", b"\x00"])
async def test_something_was_added(forger: Forger, added: bytes) -> None:
    """Fields or blanks behind what was signed are part of what is compared."""
    headers = forger.proof()
    forger.body += added
    await forger.fails_with(headers)


@pytest.mark.parametrize("secret", [b"", b"sandbox-signing-secre", b"None", b"null", b"\x00"])
async def test_another_secret(forger: Forger, secret: bytes) -> None:
    """Whoever guesses the secret, nearly or as nothing, is refused."""
    now = str(int(time.time()))
    base = f"v0:{now}:".encode() + forger.body
    await forger.fails_with({TIMESTAMP: now, SIGNATURE: digest_with(secret, base)})


async def test_a_digest_without_a_secret(forger: Forger) -> None:
    """A plain digest of what is signed is no signature."""
    now = str(int(time.time()))
    base = f"v0:{now}:".encode() + forger.body
    await forger.fails_with({TIMESTAMP: now, SIGNATURE: f"v0={hashlib.sha256(base).hexdigest()}"})


@pytest.mark.parametrize(
    "shape",
    [
        "{hex}",
        "v1={hex}",
        "V0={hex}",
        "v0={HEX}",
        "v0:{hex}",
        "v0={hex}0",
        "v0={half}",
        "v0=",
        "v0={hex},v0={zeros}",
        '"v0={hex}"',
        "v0= {hex}",
        "sha256={hex}",
    ],
)
async def test_the_shape_of_a_signature(forger: Forger, shape: str) -> None:
    """A true digest in any other writing than Slack's is refused: there is one way to say it."""
    headers = forger.proof()
    digest = headers[SIGNATURE].removeprefix("v0=")
    said = shape.format(hex=digest, HEX=digest.upper(), half=digest[:32], zeros="0" * 64)
    await forger.fails_with(headers | {SIGNATURE: said})


@pytest.mark.parametrize("age", [6 * MINUTE, 3600, 86_400, 10**9])
async def test_an_old_proof(forger: Forger, age: int) -> None:
    """What Slack signed more than five minutes ago is refused, though it was never sent."""
    await forger.fails_with(forger.proof(at=int(time.time()) - age))


@pytest.mark.parametrize("ahead", [6 * MINUTE, 86_400, 10**10])
async def test_a_proof_of_tomorrow(forger: Forger, ahead: int) -> None:
    """A time far ahead cannot be used to keep a signature good for longer."""
    await forger.fails_with(forger.proof(at=int(time.time()) + ahead))


async def test_an_old_proof_made_young(forger: Forger) -> None:
    """The time is signed as well: it cannot be replaced by a newer one."""
    old = forger.proof(at=int(time.time()) - 10 * MINUTE)
    await forger.fails_with(old | {TIMESTAMP: str(int(time.time()))})


@pytest.mark.parametrize(
    "written",
    ["{now}.0", "+{now}", "-{now}", "0x{now:x}", "{now}e0", "nan", "inf", "1_0", "9" * 400],
)
async def test_odd_times(forger: Forger, written: str) -> None:
    """A time that is not plain digits is a refusal and no error, although its signature is true."""
    moment = written.format(now=int(time.time()))
    base = f"v0:{moment}:".encode() + forger.body
    digest = digest_with(b"sandbox-signing-secret", base)
    await forger.fails_with({TIMESTAMP: moment, SIGNATURE: digest})


async def test_digits_of_another_script(forger: Forger, arena: Arena) -> None:
    """Digits that only people read are no time; the header is refused as it is."""
    moment = str(int(time.time())).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    head = (
        "POST /slack/events HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n"
        f"{TIMESTAMP}: {moment}\r\n{SIGNATURE}: v0={'0' * 64}\r\n"
        f"Content-Length: {len(forger.body)}\r\n\r\n"
    )
    assert status_of(await arena.raw(head.encode() + forger.body)) == 401


async def test_time_and_body_run_together(forger: Forger) -> None:
    """What is signed is time, colon, body: moving the border between the two is noticed."""
    headers = forger.proof(at=int(time.time()))
    first, forger.body = forger.body[:5], forger.body[5:]
    moved = headers[TIMESTAMP] + ":" + first.decode()
    await forger.fails_with(headers | {TIMESTAMP: moved})


async def test_two_signatures(forger: Forger, arena: Arena, cast: Cast) -> None:
    """A true signature of another body beside a false one of this does not count, in any order."""
    now = int(time.time())
    other = forger.proof(forger.wish(cast.ben), now)[SIGNATURE]
    for pair in ([other, "v0=" + "0" * 64], ["v0=" + "0" * 64, other]):
        lines = "".join(f"{SIGNATURE}: {each}\r\n" for each in pair)
        head = (
            f"POST /slack/events HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n"
            f"Content-Type: {FORM}\r\n{TIMESTAMP}: {now}\r\n{lines}"
            f"Content-Length: {len(forger.body)}\r\n\r\n"
        )
        assert status_of(await arena.raw(head.encode() + forger.body)) == 401
    assert not await arena.all_of(cast)


async def test_two_times(forger: Forger, arena: Arena, cast: Cast) -> None:
    """An old request with its own time and a new one beside it stays an old request."""
    old = int(time.time()) - 10 * MINUTE
    for pair in ([old, int(time.time())], [int(time.time()), old]):
        lines = "".join(f"{TIMESTAMP}: {each}\r\n" for each in pair)
        head = (
            f"POST /slack/events HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n"
            f"Content-Type: {FORM}\r\n{SIGNATURE}: {forger.proof(at=old)[SIGNATURE]}\r\n{lines}"
            f"Content-Length: {len(forger.body)}\r\n\r\n"
        )
        assert status_of(await arena.raw(head.encode() + forger.body)) == 401
    assert not await arena.all_of(cast)


@pytest.mark.parametrize("where", ["query", "cookie", "form"])
async def test_the_proof_in_another_place(forger: Forger, arena: Arena, where: str) -> None:
    """A true signature counts in its header, and nowhere else."""
    proof = forger.proof()
    said = "&".join(f"{name}={value}" for name, value in proof.items())
    async with arena.browser() as browser:
        answer = await browser.post(
            f"/slack/events{'?' + said if where == 'query' else ''}",
            content=forger.body + (f"&{said}".encode() if where == "form" else b""),
            headers={"Content-Type": FORM}
            | ({"Cookie": said.replace("&", "; ")} if where == "cookie" else {}),
        )
    assert answer.status_code == 401


async def test_the_old_token_proves_nothing(forger: Forger) -> None:
    """The verification token that every payload still carries is not taken for a signature."""
    assert b"token=sandbox-verification-token" in forger.body
    await forger.fails_with({"X-Slack-Token": "sandbox-verification-token"})


async def test_a_bearer_is_no_signature(forger: Forger, arena: Arena) -> None:
    """Whoever has the bot's own token cannot speak for Slack with it."""
    await forger.fails_with({"Authorization": f"Bearer {arena.slack.bot_token}"})


async def test_a_forged_challenge(arena: Arena) -> None:
    """The address is not confirmed to whoever asks: the challenge has to be signed as well."""
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aB"}).encode()
    reply = await arena.post(body, {"Content-Type": JSON})
    assert reply.status == 401
    assert "3eZbrw1aB" not in reply.text


async def test_a_forger_writes_no_log(forger: Forger, arena: Arena) -> None:
    """Neither the words nor the headers of what is refused reach the log."""
    before = arena.log_length()
    forger.body = forger.body.replace(b"Covering", b"Private-words")
    await forger.fails_with({SIGNATURE: "v0=" + "a" * 64, TIMESTAMP: str(int(time.time()))})
    assert "Private-words" not in arena.log(before)
    assert "a" * 64 not in arena.log(before)
