"""The client against prepared answers: what it sends, what it accepts, what it drops."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import structlog

from bot.close.client import CloseClient
from bot.close.errors import CloseProblem, NotFound, OutcomeUnclear, RefusedByClose, RetryLater
from bot.close.limits import Limiter
from bot.close.transport import LONGEST_BODY, Request, send
from bot.ports import Credential

CREDENTIAL = Credential("secret-token")
ORGANIZATION = "orga_1"
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
PAIR = {
    "id": "sdas_1",
    "organization_id": ORGANIZATION,
    "allowing_user_id": "user_a",
    "allowed_user_id": "user_b",
}

Answering = Callable[[httpx.Request], httpx.Response]


def client_of(answering: Answering) -> CloseClient:
    """Return a client whose requests are answered by a function."""
    return CloseClient(httpx.MockTransport(answering), "https://close.test", Limiter())


def always(status: int, body: Any = None, *, content: bytes | None = None) -> CloseClient:
    """Return a client that gets the same answer to everything."""
    return client_of(
        lambda _: (
            httpx.Response(status, content=content)
            if content is not None
            else httpx.Response(status, json=body)
        )
    )


@pytest.mark.parametrize(
    ("credential", "header"),
    [
        (Credential("yourapikey", is_api_key=True), "Basic eW91cmFwaWtleTo="),
        (Credential("token"), "Bearer token"),
    ],
)
async def test_the_credential_is_sent_as_close_wants_it(
    credential: Credential, header: str
) -> None:
    """A key is the user name with an empty password (Close's own vector), a token is a bearer."""
    seen: list[str] = []

    def answering(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return httpx.Response(200, json={"data": []})

    await client_of(answering).users(credential)
    assert seen == [header]


async def test_every_path_ends_in_a_slash() -> None:
    """No call leaves out the trailing slash, for a redirect would lose its body."""
    paths: list[str] = []

    def answering(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path)
        return httpx.Response(500)

    client, moment = client_of(answering), datetime(2026, 1, 1, tzinfo=UTC)
    for call in (
        client.me(CREDENTIAL),
        client.users(CREDENTIAL),
        client.sending_accounts(CREDENTIAL, "user_a"),
        client.associations(CREDENTIAL),
        client.association(CREDENTIAL, "sdas_1"),
        client.create_association(CREDENTIAL, "user_a", "user_b"),
        client.delete_association(CREDENTIAL, "sdas_1"),
        client.change_associations(CREDENTIAL, allow=[], disallow=["user_b"]),
        client.outgoing_emails(CREDENTIAL, user_id="user_a", since=moment, until=moment),
    ):
        with pytest.raises((RetryLater, OutcomeUnclear)):
            await call
    assert len(paths) == 9
    assert all(path.startswith("/api/v1/") and path.endswith("/") for path in paths)


async def test_a_redirect_is_not_followed() -> None:
    """A redirect is an error, and nothing is sent to where it points."""
    hosts: list[str] = []

    def answering(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        return httpx.Response(301, headers={"location": "https://elsewhere.test/"})

    with pytest.raises(RefusedByClose) as caught:
        await client_of(answering).me(CREDENTIAL)
    assert (caught.value.problem, hosts) == (CloseProblem.UNEXPECTED, ["close.test"])


async def test_all_pages_are_read_and_no_row_twice() -> None:
    """Paging goes on by the rows received, and a row that moved to the next page counts once."""
    pages = {
        "0": {"data": [user("a"), user("b")], "has_more": True},
        "2": {"data": [user("b"), user("c")], "has_more": False},
    }
    client = client_of(
        lambda request: httpx.Response(200, json=pages[request.url.params.get("_skip", "0")])
    )
    assert [each.id for each in await client.users(CREDENTIAL)] == ["user_a", "user_b", "user_c"]


BULK: dict[str, Any] = {
    "action_type": "subscribe",
    "status": "done",
    "sender_account_id": "emailacct_1",
    "created_by": "user_b",
}


@pytest.mark.parametrize(
    ("days", "pages"),
    [
        ([[9, 8], [7, 2], [1, 1]], 2),  # from new to old: what comes after is older still
        ([[1, 2], [3, 7], [8, 9]], 3),  # from old to new
        ([[2, 2], [9, 8]], 2),  # in no order that can be told
        ([[9, None], [8, 7]], 2),
    ],
)
async def test_bulk_actions_are_read_until_they_are_older(
    days: list[list[int | None]], pages: int
) -> None:
    """Close documents no order: paging ends where a page shows that it runs from new to old."""
    asked: list[str] = []

    def answering(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        page = days[len(asked) - 1]
        rows = [
            BULK
            | {
                "id": f"bulkseqsub_{len(asked)}{number}",
                "date_created": day and f"2026-11-0{day}T12:00:00",
            }
            for number, day in enumerate(page)
        ]
        return httpx.Response(200, json={"data": rows, "has_more": len(asked) < len(days)})

    since = datetime(2026, 11, 5, tzinfo=UTC)
    await client_of(answering).enrolments(CREDENTIAL, since=since)
    assert len(asked) == pages


@pytest.mark.parametrize(
    ("counts", "active"),
    [({"active": 10}, 10), ({"active": True}, None), ({"active": -1}, None), ([], None), (9, None)],
)
async def test_how_many_are_active(counts: Any, active: int | None) -> None:
    """A count that is no count says nothing."""
    row = {"id": "seq_1", "subscription_counts_by_status": counts}
    assert (await always(200, row).sequence(CREDENTIAL, "seq_1")).active == active


async def test_paging_without_end_is_given_up() -> None:
    """A list that says has_more for ever does not keep the bot busy for ever."""
    client = always(200, {"data": [user("a")], "has_more": True})
    with pytest.raises(RetryLater):
        await client.users(CREDENTIAL)


def user(letter: str, **changes: Any) -> dict[str, Any]:
    """Return a user as ``/user/`` shows it."""
    shown = {
        "id": f"user_{letter}",
        "email": f"{letter}@example.com",
        "first_name": "Ada",
        "last_name": "Example",
        "organizations": [ORGANIZATION],
        "something_new": {"deep": True},
    }
    return shown | changes


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [
        ("Ada", "Example", "Ada Example"),
        (None, "Example", "Example"),
        ("Ada", None, "Ada"),
        (None, None, "a@example.com"),
    ],
)
async def test_names_may_be_missing(first: str | None, last: str | None, name: str) -> None:
    """Either part of a name may be null; with neither the address stands in."""
    client = always(200, {"data": [user("a", first_name=first, last_name=last)]})
    assert [each.name for each in await client.users(CREDENTIAL)] == [name]


async def test_what_no_column_holds_is_not_read() -> None:
    """A name loses what PostgreSQL refuses; an address like that, or too long, is nobody's."""
    (read,) = await always(200, {"data": [user("a", first_name="A\x00da")]}).users(CREDENTIAL)
    assert read.name == "Ada Example"
    for odd in ("a\x00da@example.com", f"{'a' * 320}@example.com"):
        with pytest.raises(RetryLater):
            await always(200, user("a", organizations=[], email=odd)).me(CREDENTIAL)


async def test_organizations_are_objects_in_me_and_ids_in_user() -> None:
    """Both forms of organizations end up as ids."""
    me = await always(200, user("a", organizations=[{"id": ORGANIZATION, "name": "x"}])).me(
        CREDENTIAL
    )
    users = await always(200, {"data": [user("a")]}).users(CREDENTIAL)
    assert me.organization_ids == users[0].organization_ids == (ORGANIZATION,)


async def test_only_matching_associations_are_listed() -> None:
    """A server that ignores the filters does not lead to somebody else's association."""
    rows = [PAIR, PAIR | {"id": "sdas_2", "allowed_user_id": "user_c"}]
    found = await always(200, {"data": rows}).associations(
        CREDENTIAL, allowing_user_id="user_a", allowed_user_id="user_b"
    )
    assert [each.id for each in found] == ["sdas_1"]


@pytest.mark.parametrize("body", [PAIR | {"allowed_user_id": "user_c"}, PAIR | {"id": "x"}, []])
async def test_a_create_answer_that_does_not_fit_is_unclear(body: Any) -> None:
    """201 about another pair, without a proper id or of another shape is no success."""
    with pytest.raises(OutcomeUnclear):
        await always(201, body).create_association(CREDENTIAL, "user_a", "user_b")


GARBAGE = [b"", b"<html>", b'{"id": "sdas_1", "organ', b"\xff\xfe", b"[" * 100_000, b"null"]


@pytest.mark.parametrize("content", GARBAGE, ids=range(len(GARBAGE)))
async def test_200_with_garbage(content: bytes) -> None:
    """An unreadable success is unclear after a write and a reason to wait after a read."""
    client = always(200, content=content)
    with pytest.raises(OutcomeUnclear) as of_write:
        await client.create_association(CREDENTIAL, "user_a", "user_b")
    with pytest.raises(RetryLater) as of_read:
        await client.me(CREDENTIAL)
    assert of_write.value.problem == of_read.value.problem == CloseProblem.UNREADABLE


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (204, b""),
        (204, b"<not json>"),
        (200, b""),
        (200, b" \n"),
        (200, b"{}"),
        (200, b'{"id": 1}'),
    ],
)
async def test_what_confirms_a_delete(status: int, content: bytes) -> None:
    """204 does, and 200 with nothing or with JSON that names no error."""
    await always(status, content=content).delete_association(CREDENTIAL, "sdas_1")


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, b"<!doctype html><h1>Blocked</h1>"),
        (200, b'{"id": "sdas_1", "organ'),
        (200, b'{"error": "Blocked by your administrator."}'),
        (200, b'{"errors": [], "field-errors": {"id": "no"}}'),
        (200, b"[" * 100_000),
        (201, b""),
        (202, b""),
        (203, b"<html>"),
        (206, b"{}"),
    ],
)
async def test_what_does_not_confirm_a_delete(status: int, content: bytes) -> None:
    """F2: any other success is unclear: a proxy's page, an error, half an answer, "accepted"."""
    with pytest.raises(OutcomeUnclear):
        await always(status, content=content).delete_association(CREDENTIAL, "sdas_1")


async def test_a_delete_of_what_close_does_not_know() -> None:
    """F2: 404 is no confirmation, but something to look at."""
    with pytest.raises(NotFound):
        await always(404, {}).delete_association(CREDENTIAL, "sdas_1")


@pytest.mark.parametrize("status", [200, 201])
async def test_what_confirms_a_write(status: int) -> None:
    """Both codes of a success with the documented shape, for a create and for a bulk call."""
    created = await always(status, PAIR).create_association(CREDENTIAL, "user_a", "user_b")
    client = always(status, {"data": [PAIR]})
    assert await client.change_associations(CREDENTIAL, allow=["user_b"], disallow=[]) == [created]


@pytest.mark.parametrize(
    ("status", "body"), [(202, {"data": [PAIR]}), (200, PAIR), (200, {"data": [{}]}), (200, [])]
)
async def test_a_bulk_answer_of_another_shape_is_unclear(status: int, body: Any) -> None:
    """F2: what is not the documented list says nothing about what Close holds."""
    with pytest.raises(OutcomeUnclear):
        await always(status, body).change_associations(CREDENTIAL, allow=[], disallow=["user_b"])


async def test_a_bulk_call_whose_list_cannot_be_read_is_unclear() -> None:
    """F2: it is made, and only the rest of its answer is missing: nobody may think it was not."""

    def answering(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(200, json={"data": [PAIR], "has_more": True})
        return httpx.Response(503)

    with pytest.raises(OutcomeUnclear):
        await client_of(answering).change_associations(CREDENTIAL, allow=["user_b"], disallow=[])


async def test_a_body_that_breaks_off_confirms_nothing() -> None:
    """F2: 200, and the connection breaks before the first byte of what was announced."""

    async def broken() -> AsyncIterator[bytes]:
        for chunk in (b"",):
            yield chunk
            raise httpx.ReadError("cut")

    client = client_of(lambda _: httpx.Response(200, content=broken()))
    with pytest.raises(OutcomeUnclear):
        await client.delete_association(CREDENTIAL, "sdas_1")


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (409, {}, CloseProblem.EXISTS),
        (400, {"error": "This user is allowed already."}, CloseProblem.EXISTS),
        (400, {"field-errors": {"allowed_user_id": "exists"}}, CloseProblem.EXISTS),
        (422, {"errors": ["Duplicate."]}, CloseProblem.EXISTS),
        (400, {"errors": ["No such user exists."]}, CloseProblem.INVALID),
        (400, {"error": "The user does not exist."}, CloseProblem.INVALID),
        (403, {"error": "already"}, CloseProblem.FORBIDDEN),
        (400, [], CloseProblem.INVALID),
    ],
)
async def test_a_create_of_what_exists(status: int, body: Any, problem: CloseProblem) -> None:
    """F6: however Close says it, and nothing else, is understood as "exists already"."""
    with pytest.raises(RefusedByClose) as caught:
        await always(status, body).create_association(CREDENTIAL, "user_a", "user_b")
    assert caught.value.problem is problem


@pytest.mark.parametrize("odd", ["", "sdas_", "user_a", "sdas_1/../../me", "sdas_1\n", "sdas_ä"])
async def test_an_id_that_is_none_is_never_sent(odd: str) -> None:
    """What does not look like an id is refused before it can become part of an address."""
    with pytest.raises(RefusedByClose):
        await always(204).delete_association(CREDENTIAL, odd)


async def test_email_is_typed_and_dates_without_offset_are_utc() -> None:
    """Sent email has its association, a date in UTC and all recipients; drafts are left out."""
    row = {
        "id": "acti_1",
        "send_as_id": "sdas_1",
        "user_id": "user_b",
        "date_created": "2026-11-04T11:04:13.014979",
        "direction": "outgoing",
        "status": "sent",
        "subject": None,
        "to": ["x@example.org"],
        "cc": None,
        "bcc": ["y@example.org"],
    }
    drafts = [
        row | {"id": "acti_2", "status": "draft"},
        row | {"id": "acti_3", "direction": "incoming"},
    ]
    moment = datetime(2026, 11, 4, tzinfo=UTC)
    (sent,) = await always(200, {"data": [row, *drafts]}).outgoing_emails(
        CREDENTIAL, user_id="user_b", since=moment, until=moment + timedelta(days=1)
    )
    assert sent.date == datetime(2026, 11, 4, 11, 4, 13, 14979, tzinfo=UTC)
    assert (sent.send_as_id, sent.subject) == ("sdas_1", "")
    assert sent.recipients == ("x@example.org", "y@example.org")


@pytest.mark.parametrize("odd", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "soon"])
async def test_a_moment_that_no_calendar_has_is_unreadable(odd: str) -> None:
    """A date beyond either end of the calendar is an answer that makes no sense, and no more."""
    with pytest.raises(RetryLater) as caught:
        await always(200, {"data": [{"id": "acti_1", "date_created": odd}]}).outgoing_emails(
            CREDENTIAL, user_id="user_b", since=MOMENT, until=MOMENT
        )
    assert caught.value.problem is CloseProblem.UNREADABLE


async def test_a_body_without_end_is_cut() -> None:
    """Not more than the cap is kept of a body, and the status still counts."""
    http = httpx.MockTransport(lambda _: httpx.Response(404, content=b"x" * 3_000_000))
    answer = await send(http, Request("GET", "/x/", "https://close.test/x/"))
    assert (answer.status, len(answer.body)) == (404, LONGEST_BODY)


async def test_the_log_has_neither_tokens_nor_bodies() -> None:
    """A call is logged as method, path template, status and milliseconds, and nothing else."""
    with structlog.testing.capture_logs() as entries, pytest.raises(RefusedByClose):
        await always(403, {"error": "private"}).association(CREDENTIAL, "sdas_1")
    (entry,) = entries
    assert entry.pop("milliseconds") >= 0
    assert entry == {
        "event": "close_call",
        "log_level": "info",
        "method": "GET",
        "path": "/api/v1/send_as/{id}/",
        "status": 403,
    }


async def test_a_refreshed_token_does_not_forget_a_429() -> None:
    """The limit is the connection's: after a 429 its next token sends nothing either."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(429, headers={"retry-after": "60"})

    client = client_of(answer)
    for secret in ("old", "new"):
        with pytest.raises(RetryLater):
            await client.me(Credential(secret, connection_id="c1", organization_id=ORGANIZATION))
    assert len(asked) == 1
