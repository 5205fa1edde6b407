"""The sandbox Slack's Web API, called with raw HTTP and with slack_sdk."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import httpx
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.people import ADA, BEN, BOT_USER_ID, FINN, PEOPLE, STRANGER, TEAM_ID
from sandbox.slack import SandboxSlack
from sandbox.slack.workspace import AUDIT, GENERAL, SALES_TEAM

MODAL = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "Ask"},
    "submit": {"type": "plain_text", "text": "Send"},
    "blocks": [
        {
            "type": "input",
            "block_id": "reason",
            "optional": True,
            "label": {"type": "plain_text", "text": "Reason"},
            "element": {"type": "plain_text_input", "action_id": "reason"},
        }
    ],
}
HOME = {"type": "home", "blocks": [{"type": "divider"}]}


class Clock:
    """A clock that only moves when told to."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The present moment."""
        return self.moment


@pytest.fixture
def clock() -> Clock:
    """A clock that the tests move."""
    return Clock()


@pytest.fixture
async def slack(clock: Clock) -> AsyncIterator[SandboxSlack]:
    """A local Slack on that clock."""
    slack = SandboxSlack(now=clock)
    async with slack.serving():
        yield slack


@pytest.fixture
async def client(slack: SandboxSlack) -> AsyncIterator[AsyncWebClient]:
    """The SDK's client, which tries nothing twice."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield AsyncWebClient(
            slack.bot_token, base_url=slack.api_url, session=session, retry_handlers=[]
        )


async def error_of(call: Any) -> str:
    """Slack's word for why it refused the call."""
    with pytest.raises(SlackApiError) as refused:
        await call
    return str(refused.value.response["error"])


@pytest.mark.parametrize(
    ("token", "method", "error"),
    [
        ("", "auth.test", "not_authed"),
        ("xoxb-wrong", "auth.test", "invalid_auth"),
        ("xoxb-sandbox-bot", "chat.shout", "unknown_method"),
        ("xapp-sandbox-app", "auth.test", "not_allowed_token_type"),
        ("xoxb-sandbox-bot", "apps.connections.open", "not_allowed_token_type"),
    ],
)
async def test_wrong_callers_are_refused(
    slack: SandboxSlack, token: str, method: str, error: str
) -> None:
    """A missing, wrong or misused token and an unknown method get Slack's own errors, with 200."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"{slack.api_url}{method}", headers=headers)
    assert answer.status_code == 200
    assert (answer.json()["ok"], answer.json()["error"]) == (False, error)


@pytest.mark.parametrize("form", ["json", "data", "params"])
async def test_arguments_come_as_json_form_or_query(slack: SandboxSlack, form: str) -> None:
    """The three ways in which clients send arguments lead to the same post."""
    headers = {"Authorization": f"Bearer {slack.bot_token}"}
    arguments: Any = {form: {"channel": ADA.id, "text": "hello", "team_id": "T0NORTHWIND"}}
    async with httpx.AsyncClient(headers=headers) as http:
        answer = await http.post(f"{slack.api_url}chat.postMessage", **arguments)
    assert answer.json()["ok"] is True
    assert [message.text for message in slack.messages(ADA)] == ["hello"]


async def test_broken_json_is_refused(slack: SandboxSlack) -> None:
    """A JSON body that is none, or no object, is told apart."""
    headers = {
        "Authorization": f"Bearer {slack.bot_token}",
        "Content-Type": "application/json",
    }
    async with httpx.AsyncClient(headers=headers) as http:
        answers = [
            (await http.post(f"{slack.api_url}auth.test", content=body)).json()["error"]
            for body in (b"{", b"[]")
        ]
    assert answers == ["invalid_json", "json_not_object"]


async def test_auth_test_names_the_bot(client: AsyncWebClient) -> None:
    """auth.test tells who the token belongs to and which scopes it has."""
    answer = await client.auth_test()
    assert answer["user_id"] == BOT_USER_ID
    assert "chat:write" in answer.headers["x-oauth-scopes"]


async def test_the_bot_finds_its_app_and_the_way_there(
    slack: SandboxSlack, client: AsyncWebClient
) -> None:
    """bots.info tells the app of a bot; Slack's own address for it leads to where people see it,
    and for any other nowhere."""
    bot_id = (await client.auth_test())["bot_id"]
    app_id = (await client.bots_info(bot=bot_id))["bot"]["app_id"]
    assert await error_of(client.bots_info(bot="B0")) == "bot_not_found"
    slack.client_url = "http://localhost:3000"
    async with httpx.AsyncClient(base_url=slack.url) as http:
        query = {"app": app_id, "team": TEAM_ID}
        there = await http.get("/app_redirect", params=query)
        nowhere = await http.get("/app_redirect", params=query | {"app": "A0"})
    assert (there.status_code, there.headers["location"]) == (302, slack.client_url)
    assert nowhere.status_code == 404


async def test_post_to_a_person_opens_the_direct_messages(
    slack: SandboxSlack, client: AsyncWebClient
) -> None:
    """A user id as channel is answered with the D id, which alone works for chat.update."""
    posted = await client.chat_postMessage(channel=ADA.id, text="one")
    assert posted["channel"].startswith("D")
    wrong = client.chat_update(channel=ADA.id, ts=posted["ts"], text="two")
    assert await error_of(wrong) == "channel_not_found"
    await client.chat_update(channel=posted["channel"], ts=posted["ts"], text="two")
    [message] = slack.messages(ADA)
    assert (message.text, message.updated) == ("two", 1)


async def test_update_without_blocks_removes_them(
    slack: SandboxSlack, client: AsyncWebClient
) -> None:
    """chat.update with text alone takes the blocks away and keeps the metadata."""
    metadata = {"event_type": "card", "event_payload": {"id": "1"}}
    posted = await client.chat_postMessage(
        channel=BEN.id, text="a", blocks=[{"type": "divider"}], metadata=metadata
    )
    await client.chat_update(channel=posted["channel"], ts=posted["ts"], text="b")
    [message] = slack.messages(BEN)
    assert (message.blocks, message.metadata) == ([], metadata)


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("chat.postMessage", {"channel": STRANGER.id, "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": GENERAL, "text": "x"}, "not_in_channel"),
        ("chat.postMessage", {"channel": ADA.id, "blocks": [{"type": "divider"}]}, "no_text"),
        (
            "chat.postMessage",
            {"channel": ADA.id, "text": "x", "blocks": [{"type": "section"}]},
            "invalid_blocks",
        ),
        (
            "chat.postMessage",
            {"channel": ADA.id, "text": "x", "blocks": {}},
            "invalid_blocks_format",
        ),
        (
            "chat.postMessage",
            {"channel": ADA.id, "text": "x", "thread_ts": "1.2"},
            "thread_not_found",
        ),
        (
            "chat.postMessage",
            {"channel": ADA.id, "text": "x", "username": "Boss"},
            "missing_scope",
        ),
        (
            "chat.postMessage",
            {"channel": ADA.id, "text": "x", "metadata": {"event_type": "card"}},
            "invalid_metadata_format",
        ),
        ("chat.postMessage", {"channel": ADA.id, "text": "<@nobody>"}, "invalid_arguments"),
        ("chat.postMessage", {"text": "x"}, "invalid_arguments"),
        (
            "chat.postEphemeral",
            {"channel": AUDIT, "user": FINN.id, "text": "x"},
            "user_not_in_channel",
        ),
    ],
)
async def test_posting_is_refused_with_slacks_errors(
    slack: SandboxSlack,
    client: AsyncWebClient,
    method: str,
    arguments: dict[str, Any],
    error: str,
) -> None:
    """Unreachable people, missing text and bad content each have their own error."""
    assert await error_of(client.api_call(method, json=arguments)) == error
    assert slack.workspace.messages == []


async def test_bad_blocks_are_named_by_pointer(client: AsyncWebClient) -> None:
    """invalid_blocks says where and why in response_metadata.messages."""
    long = {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel=ADA.id, text="x", blocks=[long])
    assert refused.value.response["response_metadata"]["messages"] == [
        "[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]"
    ]


async def test_only_own_messages_can_be_changed(
    slack: SandboxSlack, client: AsyncWebClient
) -> None:
    """The bot can neither update nor delete what a person wrote, nor what is gone."""
    said = slack.say(BEN, AUDIT, "mine")
    update = client.chat_update(channel=AUDIT, ts=said.ts, text="x")
    delete = client.chat_delete(channel=AUDIT, ts=said.ts)
    gone = client.chat_update(channel=AUDIT, ts="1.000001", text="x")
    errors = [await error_of(call) for call in (update, delete, gone)]
    assert errors == ["cant_update_message", "cant_delete_message", "message_not_found"]


async def test_a_deleted_message_is_gone_from_history(
    slack: SandboxSlack, client: AsyncWebClient
) -> None:
    """chat.delete takes the message off the screen and out of history; a second one finds none."""
    posted = [await client.chat_postMessage(channel=ADA.id, text=text) for text in ("old", "new")]
    place = {"channel": posted[0]["channel"], "ts": posted[0]["ts"]}
    deleted = await client.chat_delete(**place)
    assert (deleted["channel"], deleted["ts"]) == (place["channel"], place["ts"])
    history = await client.conversations_history(channel=place["channel"])
    assert [m["text"] for m in history["messages"]] == ["new"]
    assert [m.text for m in slack.messages(ADA)] == ["new"]
    again = [client.chat_delete(**place), client.chat_update(**place, text="x")]
    assert [await error_of(call) for call in again] == ["message_not_found"] * 2


async def test_deletion_can_be_forbidden(slack: SandboxSlack, client: AsyncWebClient) -> None:
    """Where compliance exports are on the message stays, and can still be changed."""
    posted = await client.chat_postMessage(channel=ADA.id, text="old")
    place = {"channel": posted["channel"], "ts": posted["ts"]}
    slack.workspace.undeletable = "compliance_exports_prevent_deletion"
    refused = await error_of(client.chat_delete(**place))
    await client.chat_update(**place, text="new")
    assert refused == "compliance_exports_prevent_deletion"
    assert [m.text for m in slack.messages(ADA)] == ["new"]
    slack.workspace.undeletable = ""
    await client.chat_delete(**place)
    assert slack.messages(ADA) == []


async def test_update_refuses_long_text(client: AsyncWebClient) -> None:
    """chat.update takes 4,000 characters, chat.postMessage many more."""
    posted = await client.chat_postMessage(channel=ADA.id, text="x" * 4001)
    update = client.chat_update(channel=posted["channel"], ts=posted["ts"], text="x" * 4001)
    assert await error_of(update) == "msg_too_long"


async def test_ephemerals_are_seen_by_one_and_never_updated(
    slack: SandboxSlack, client: AsyncWebClient
) -> None:
    """An ephemeral shows for its person only, stays out of history and cannot be updated."""
    posted = await client.chat_postEphemeral(channel=AUDIT, user=ADA.id, text="psst")
    assert [m.text for m in slack.messages(ADA) if m.ephemeral] == ["psst"]
    assert slack.messages(BEN) == []
    assert slack.channel_messages(AUDIT) == []
    update = client.chat_update(channel=AUDIT, ts=posted["message_ts"], text="x")
    assert await error_of(update) == "message_not_found"


async def test_history_pages_and_shows_metadata_when_asked(client: AsyncWebClient) -> None:
    """conversations.history is newest first, paged, and gives metadata only on request."""
    metadata = {"event_type": "card", "event_payload": {"id": "1"}}
    for text in ("one", "two", "three"):
        posted = await client.chat_postMessage(channel=ADA.id, text=text, metadata=metadata)
    channel = posted["channel"]
    page = await client.conversations_history(channel=channel, limit=2, include_all_metadata=True)
    assert [m["text"] for m in page["messages"]] == ["three", "two"]
    assert page["messages"][0]["metadata"] == metadata
    cursor = page["response_metadata"]["next_cursor"]
    last = await client.conversations_history(channel=channel, limit=2, cursor=cursor)
    assert [m["text"] for m in last["messages"]] == ["one"]
    assert "metadata" not in last["messages"][0]


async def test_scopes_that_were_not_granted_are_named(client: AsyncWebClient) -> None:
    """missing_scope carries what is needed and what there is."""
    with pytest.raises(SlackApiError) as refused:
        await client.conversations_info(channel=AUDIT)
    assert refused.value.response["needed"] == "channels:read"
    assert "im:history" in refused.value.response["provided"]


async def test_conversations_open_knows_who_can_be_met(client: AsyncWebClient) -> None:
    """Leavers, strangers and unknown people are told apart; a second opening changes nothing."""
    opened = await client.conversations_open(users=ADA.id)
    again = await client.conversations_open(users=[ADA.id])
    assert opened["channel"]["id"] == again["channel"]["id"]
    assert (opened["already_open"], again["already_open"]) == (False, True)
    errors = [
        await error_of(client.conversations_open(users=user))
        for user in (FINN.id, STRANGER.id, "U0NOBODY", BOT_USER_ID)
    ]
    assert errors == [
        "user_disabled",
        "user_not_visible",
        "user_not_found",
        "invalid_user_combination",
    ]


async def test_people_are_found_by_id_mail_and_page(client: AsyncWebClient) -> None:
    """users.info, lookupByEmail and users.list agree; leavers cannot be looked up by mail."""
    user = (await client.users_info(user=ADA.id))["user"]
    found = (await client.users_lookupByEmail(email=ADA.email.upper()))["user"]
    assert user == found
    assert user["tz"] == "Europe/Berlin"
    finn = (await client.users_info(user=FINN.id))["user"]
    assert (finn["deleted"], "tz" in finn) == (True, False)
    assert await error_of(client.users_lookupByEmail(email=FINN.email)) == "users_not_found"
    names = [m["name"] async for page in await client.users_list(limit=3) for m in page["members"]]
    assert names == [person.handle for person in PEOPLE if not person.is_stranger]


async def test_mail_needs_its_own_scope(slack: SandboxSlack) -> None:
    """Without users:read.email a user object has no address."""
    poor = SandboxSlack(scopes=["users:read"])
    async with poor.serving(), aiohttp.ClientSession() as session:
        client = AsyncWebClient(poor.bot_token, base_url=poor.api_url, session=session)
        user = (await client.users_info(user=ADA.id))["user"]
    assert "email" not in user["profile"]


async def test_groups_list_their_members(client: AsyncWebClient) -> None:
    """A user group is listed and opened up; an unknown one is refused."""
    [group] = (await client.usergroups_list())["usergroups"]
    users = (await client.usergroups_users_list(usergroup=group["id"]))["users"]
    assert (group["id"], ADA.id in users) == (SALES_TEAM, True)
    assert await error_of(client.usergroups_users_list(usergroup="S0")) == "no_such_subteam"


async def test_a_trigger_works_once_and_for_three_seconds(
    slack: SandboxSlack, client: AsyncWebClient, clock: Clock
) -> None:
    """views.open tells used, late and invented triggers apart."""
    used, late = (slack.workspace.new_trigger(ADA.id) for _ in range(2))
    await client.views_open(trigger_id=used, view=MODAL)
    clock.moment += timedelta(seconds=3, microseconds=1)
    errors = [
        await error_of(client.views_open(trigger_id=trigger, view=MODAL))
        for trigger in (used, late, "1.2.abc")
    ]
    assert errors == ["exchanged_trigger_id", "expired_trigger_id", "invalid_trigger_id"]


async def test_an_invalid_view_does_not_use_up_the_trigger(
    slack: SandboxSlack, client: AsyncWebClient
) -> None:
    """invalid_arguments comes before the trigger is exchanged."""
    trigger = slack.workspace.new_trigger(ADA.id)
    bad = {key: value for key, value in MODAL.items() if key != "submit"}
    assert await error_of(client.views_open(trigger_id=trigger, view=bad)) == "invalid_arguments"
    await client.views_open(trigger_id=trigger, view=MODAL)
    view = slack.view(ADA)
    assert view is not None
    assert view.title == "Ask"


async def test_modals_stack_three_high(slack: SandboxSlack, client: AsyncWebClient) -> None:
    """views.push needs a trigger from inside a modal, and stops at three views."""
    await client.views_open(trigger_id=slack.workspace.new_trigger(ADA.id), view=MODAL)
    outside = slack.workspace.new_trigger(ADA.id)
    assert await error_of(client.views_push(trigger_id=outside, view=MODAL)) == "not_found"

    def inside() -> str:
        return slack.workspace.new_trigger(ADA.id, slack.workspace.modals[ADA.id][-1].id)

    for _ in range(2):
        pushed = await client.views_push(trigger_id=inside(), view=MODAL)
    assert pushed["view"]["root_view_id"] == slack.workspace.modals[ADA.id][0].id
    full = client.views_push(trigger_id=inside(), view=MODAL)
    assert await error_of(full) == "push_limit_reached"


async def test_update_keeps_what_was_typed_and_checks_the_hash(
    slack: SandboxSlack, client: AsyncWebClient
) -> None:
    """Equal ids keep their value through views.update; an old hash is refused."""
    opened = await client.views_open(trigger_id=slack.workspace.new_trigger(ADA.id), view=MODAL)
    view_id, old_hash = opened["view"]["id"], opened["view"]["hash"]
    await slack.click(ADA, slack.workspace.modals[ADA.id][0], "Reason", "typed")
    updated = await client.views_update(view_id=view_id, view=MODAL, hash=old_hash)
    assert updated["view"]["state"]["values"]["reason"]["reason"]["value"] == "typed"
    stale = client.views_update(view_id=view_id, view=MODAL, hash=old_hash)
    assert await error_of(stale) == "hash_conflict"
    assert await error_of(client.views_update(view_id="V0", view=MODAL)) == "not_found"


async def test_publish_replaces_the_home(slack: SandboxSlack, client: AsyncWebClient) -> None:
    """views.publish keeps one home a person, refuses modals and outdated hashes."""
    first = await client.views_publish(user_id=ADA.id, view=HOME)
    again = await client.views_publish(user_id=ADA.id, view=HOME, hash=first["view"]["hash"])
    assert first["view"]["id"] == again["view"]["id"]
    stale = client.views_publish(user_id=ADA.id, view=HOME, hash=first["view"]["hash"])
    assert await error_of(stale) == "hash_conflict"
    modal = client.views_publish(user_id=ADA.id, view=MODAL)
    assert await error_of(modal) == "invalid_arguments"


async def test_external_ids_are_unique(slack: SandboxSlack, client: AsyncWebClient) -> None:
    """A second view with the same external id is refused; the first can be updated by it."""
    named = MODAL | {"external_id": "ask-1"}
    await client.views_open(trigger_id=slack.workspace.new_trigger(ADA.id), view=named)
    second = client.views_open(trigger_id=slack.workspace.new_trigger(BEN.id), view=named)
    assert await error_of(second) == "duplicate_external_id"
    await client.views_update(external_id="ask-1", view=named)


async def test_response_urls_end_after_five_uses_and_thirty_minutes(
    slack: SandboxSlack, clock: Clock
) -> None:
    """The sixth use, and any use after half an hour, answer 404."""
    channel = slack.workspace.direct_channel(ADA.id).id
    secrets = [slack.workspace.new_response_url(ADA.id, channel, None) for _ in range(2)]
    url, late = (f"{slack.url}/commands/T0NORTHWIND/{secret}" for secret in secrets)
    async with httpx.AsyncClient() as http:
        answers = [await http.post(url, json={"text": str(i)}) for i in range(6)]
        clock.moment += timedelta(minutes=30, seconds=1)
        answers.append(await http.post(late, json={"text": "late"}))
    assert [a.status_code for a in answers] == [200] * 5 + [404] * 2
    assert [a.json()["error"] for a in answers[5:]] == ["used_url", "expired_url"]
    assert [m.ephemeral for m in slack.messages(ADA)] == [True] * 5


async def test_response_url_replaces_and_deletes_the_original(slack: SandboxSlack) -> None:
    """replace_original changes the message in place, delete_original takes it away."""
    channel = slack.workspace.direct_channel(ADA.id).id
    async with aiohttp.ClientSession() as session, httpx.AsyncClient() as http:
        client = AsyncWebClient(slack.bot_token, base_url=slack.api_url, session=session)
        await client.chat_postEphemeral(channel=channel, user=ADA.id, text="before")
        [message] = slack.messages(ADA)
        secret = slack.workspace.new_response_url(ADA.id, channel, message)
        url = f"{slack.url}/commands/T0NORTHWIND/{secret}"
        await http.post(url, json={"text": "after", "replace_original": True})
        assert [(m.text, m.ephemeral) for m in slack.messages(ADA)] == [("after", True)]
        await http.post(url, json={"delete_original": True})
    assert slack.messages(ADA) == []


async def test_calls_are_recorded_without_tokens(
    slack: SandboxSlack, client: AsyncWebClient
) -> None:
    """Each call is kept with its arguments and outcome; the token is not among them."""
    await client.chat_postMessage(channel=ADA.id, text="hello")
    await error_of(client.users_info(user="U0"))
    seen = [(call.method, call.outcome) for call in slack.calls]
    assert seen == [("chat.postMessage", "ok"), ("users.info", "user_not_found")]
    assert slack.calls[0].arguments["text"] == "hello"
    assert slack.bot_token not in repr(slack.calls)


async def test_blocks_are_looked_at_without_posting(
    client: AsyncWebClient, slack: SandboxSlack
) -> None:
    """blocks.validate takes one kind of thing at a time, and says where each problem is."""
    good = {"type": "section", "text": {"type": "mrkdwn", "text": "Hello"}}
    bad = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}
    view = {"type": "home", "blocks": [good]}
    assert (await client.blocks_validate(blocks=[good]))["ok"]
    assert (await client.blocks_validate(message={"blocks": [good], "text": "Hello"}))["ok"]
    assert (await client.blocks_validate(view=view))["ok"]
    with pytest.raises(SlackApiError, match="invalid_blocks") as caught:
        await client.blocks_validate(blocks=[good, bad])
    [error] = caught.value.response["errors"]
    assert error["pointer"] == "/1/text/text"
    assert error["code"] == "failed_constraint"
    with pytest.raises(SlackApiError, match="invalid_view"):
        await client.blocks_validate(view={"type": "home", "blocks": [bad]})
    assert await error_of(client.blocks_validate()) == "invalid_arguments"
    both = client.blocks_validate(blocks=[good], view=view)
    assert await error_of(both) == "invalid_arguments"
    assert not slack.workspace.messages
