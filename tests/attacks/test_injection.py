"""Text of people, of Slack and of Close is only text: on cards, pages, in logs and figures."""

import asyncio
import json
import re
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.cards.foreign import plain
from models.delegation import State
from models.mark import marked
from sandbox.people import ADA, BEN, DANA, SandboxPerson
from sandbox.slack.workspace import AUDIT, Message
from tests.attacks.arena import Arena, Cast
from tests.patience import MOMENT, PATIENCE
from tests.scenarios.moves import asked, at_rest, cards_at_rest, shown
from tests.scenarios.test_pairings import opened_by
from tests.scenarios.world import World, open_world

LIE = "Admin approved this."
REASONS = [
    f"Covering\n\n{LIE}",
    f"Covering\u2028{LIE}",
    f"Covering \u202e{LIE[::-1]}",
    f"Covering\u200b\u2066\u2060 {LIE}",
    f"Covering.” {LIE} “",
    "Covering" + " " * 300 + "\n" * 30 + LIE,
]
MARKUP = [
    *("<!channel>", "<!here|here>", "<!everyone>", "<!subteam^S0SALES0001>", "<#C0SALES0002|x>"),
    *("<@U0DANA6NBY4>", "<@U0DANA6NBY4|Dana>", "<https://evil.example|Approve here>"),
    *("<mailto:x@evil.example|Ada>", "<!date^0^{date}|now>", "&lt;!channel&gt;", "<javascript:x>"),
    *("*Approved*", "_so_ ~it~ `is`", "```x```", "> quoted", "&amp;lt;!here&amp;gt;", "<>", "<!>"),
]
ACTIVE = re.compile(r"<(?!@U0|!date\^\d+\^\{)[^>]*>")  # markup that is not a mention, or a time


def drawn(message: Message) -> list[str]:
    """Everything in a message that Slack reads as markup."""
    texts = re.findall(
        r'{"type": "mrkdwn", "text": "((?:[^"\\]|\\.)*)"', json.dumps(message.blocks)
    )
    return [message.text, *(json.loads(f'"{each}"') for each in texts)]


async def asked_because(arena: Arena, cast: Cast, reason: str) -> Message:
    """Ben asks by the form, which sends a reason as it was typed; Ada's card."""
    await arena.slack.shortcut(cast.ben, "ask_send_as")
    await arena.slack.wait_for(lambda: arena.slack.view(cast.ben), what="the form")
    typed = {"person": [cast.ada], "duration": "2h", "reason": reason}
    reply = await arena.slack.submit(cast.ben, typed)
    assert reply.ok, reply
    return await shown(arena.world, cast.ada, "Approve")


@pytest.mark.parametrize("reason", REASONS)
async def test_a_reason_is_one_line_of_what_is_seen(arena: Arena, cast: Cast, reason: str) -> None:
    """On the card and in the notification a reason is one quotation, whatever it holds."""
    card = await asked_because(arena, cast, reason)
    quotations = [block["text"]["text"] for block in card.blocks if block["type"] == "section"]
    assert f"“{plain(reason)}”" in quotations
    for text in (card.text, *quotations):
        assert not {"\u202e", "\u2066", "\u2028", "\u2060"} & set(text)
        assert f"\n{LIE}" not in text
        assert " " * 2 not in text
    assert (await arena.of(cast)).reason.strip() == reason.strip()


async def test_markup_in_a_reason(arena: Arena) -> None:
    """A reason mentions nobody, calls no channel, links to nothing and formats nothing."""
    for markup in MARKUP:
        cast = arena.cast()
        card = await asked_because(arena, cast, f"Covering {markup} leads")
        for text in drawn(card):
            mentions = set(re.findall(r"<@(U0\w+)>", text))
            assert mentions <= {cast.ada.id, cast.ben.id}, markup
            assert not ACTIVE.search(text), (markup, text)
        assert markup in arena.slack.read(card, cast.ada)


async def test_markup_in_a_command(arena: Arena, cast: Cast) -> None:
    """What is typed and not understood is quoted back as it was typed, and calls nobody."""
    for markup in MARKUP:
        for text in (markup, f"nonsense {markup}", f"<@{cast.ada.id}> until {markup}"):
            answer = await arena.said(cast.ben, text)
            assert not re.search(r"<!(channel|here|everyone|subteam)", answer), (text, answer)
            assert "<https://evil" not in answer
            assert DANA.id not in answer or text.startswith("<@")


@pytest.mark.parametrize(
    "markup", ["<!channel>", "<https://evil.example|x>", "a\nAdmin: yes", "*x*"]
)
async def test_markup_in_the_audit_channel(arena: Arena, cast: Cast, markup: str) -> None:
    """Lines of the audit channel are one line each, and call nobody, whatever a reason holds."""
    card = await asked_because(arena, cast, f"Covering {markup}")
    await arena.slack.click(cast.ada, card, "Deny")
    lines = await arena.slack.wait_for(
        lambda: [
            each
            for each in arena.slack.channel_messages(AUDIT)
            if cast.ada.id in json.dumps([each.text, each.blocks])
        ],
        what="a line",
    )
    for line in lines:
        for text in drawn(line):
            assert not ACTIVE.search(text), text
            assert "\nAdmin" not in text


@pytest.mark.parametrize(
    "note", ["<!channel> no", f"No\n{LIE}", "\u202eon", ":white_check_mark: yes"]
)
async def test_markup_in_a_note(arena: Arena, cast: Cast, note: str) -> None:
    """A word with a denial is a quotation like any other."""
    await arena.asked(cast)
    card = await shown(arena.world, cast.ada, "Approve")
    await arena.slack.click(cast.ada, card, "Deny with a reason…")
    await arena.slack.wait_for(lambda: arena.slack.view(cast.ada), what="the form")
    assert (await arena.slack.submit(cast.ada, {"note": note})).ok
    told = await arena.world.card(cast.cleo, "denied")
    for text in drawn(told):
        assert not ACTIVE.search(text)
        assert "\u202e" not in text
        assert f"\n{LIE}" not in text
        assert ":white_check_mark:" not in text


@pytest.mark.parametrize("code", [":white_check_mark:", ":large_green_circle: Approved:", "a:b:c"])
async def test_emoji_in_a_reason(arena: Arena, cast: Cast, code: str) -> None:
    """The code of an emoji is no emoji, which could be taken for one of the bot's own."""
    card = await asked_because(arena, cast, code)
    for text in drawn(card):
        assert not re.search(r":[a-z0-9_+-]+:", text), text
    assert code in arena.slack.read(card, cast.ada).replace("\u200b", "")


SQL = ["'; DROP TABLE delegations; --", "' OR '1'='1", "\\' OR 1=1 #", "\0", "%' AND sleep(9)--"]


@pytest.mark.parametrize("text", SQL)
async def test_sql_everywhere(arena: Arena, cast: Cast, text: str) -> None:
    """What would be a statement is a reason, an id, a state and a link like any other."""
    before = len(await arena.world.delegations())
    await asked_because(arena, cast, text)
    assert (await arena.of(cast)).reason == text.replace("\0", "")
    assert len(await arena.world.delegations()) == before + 1
    for action in ("approve", "revoke", "end_standing", "confirm_pairing", "first_reading"):
        assert (await arena.click(cast.ada, action, text)).status in (200, 400)
    async with arena.browser() as browser:
        for path in (f"/close/connect?for={text}", f"/close/callback?state={text}&code=x"):
            assert (await browser.get(path.replace("\0", "%00"))).status_code == 400


SUM = "1111111*1111111"
WORKED_OUT = "1234567654321"  # longer than any time or id on a card


@pytest.mark.parametrize(
    "text",
    [f"{{{{{SUM}}}}}", f"${{{SUM}}}", f"#{{{SUM}}}", "%s %d", "{0} {reason}", "$(id)"],
)
async def test_templates(arena: Arena, cast: Cast, text: str) -> None:
    """Nothing that a template would work out is worked out."""
    card = await asked_because(arena, cast, f"Covering {text}")
    assert text in arena.slack.read(card, cast.ada).replace("\u200b", "")
    assert WORKED_OUT not in card.text
    word = text.split(maxsplit=1)[0]
    assert word in (await arena.said(cast.ben, f"{word} 2h")).replace("\u200b", "")


@pytest.mark.parametrize(
    "path", ["/close/connect?for=", "/close/callback?state=", "/close/slack?x="]
)
async def test_headers_in_an_address(arena: Arena, path: str) -> None:
    """Line ends in an address make no header of the answer."""
    for end in ("%0d%0a", "%0a", "%E5%98%8A%E5%98%8D"):
        request = f"GET {path}x{end}Set-Cookie:%20evil=1 HTTP/1.1\r\nHost: bot\r\n"
        answer = await arena.raw(f"{request}Connection: close\r\n\r\n".encode())
        assert b"evil=1" not in answer


@pytest.mark.parametrize(
    "text", ['x\n{"level": "error", "event": "forged"}', "x\r\nforged", "\x1b[2J"]
)
async def test_lines_in_the_log(arena: Arena, cast: Cast, text: str) -> None:
    """Nobody writes lines of their own into the log: each line is one object, none forged."""
    before = arena.log_length()
    await arena.said(cast.ben, text)
    await arena.click(cast.ben, text, text)
    await arena.send({"type": text, "number": text})
    await arena.send(
        {"type": "event_callback", "team_id": "T1", "event": {"type": text}}, "payload"
    )
    async with arena.browser() as browser:
        await browser.get("/close/callback", params={"state": text, "error": text})
    lines = arena.log(before).splitlines()
    assert lines
    for line in lines:
        assert json.loads(line).get("event") != "forged"  # those of the audit trail have another
        assert "\x1b" not in line


async def test_labels_of_figures(arena: Arena, cast: Cast) -> None:
    """What Slack calls an error becomes no line of its own among the figures."""
    arena.slack.trouble.fail("chat.postMessage", 'x"} 1\nforged_total{a="b')
    await arena.asked(cast)
    async with asyncio.timeout(PATIENCE):
        while "forged_total" not in (figures := await arena.figures()):  # noqa: ASYNC110 - only looking tells
            await asyncio.sleep(MOMENT)
    names = {family.name for family in text_string_to_metric_families(figures)}
    assert "forged" not in {name.partition("_total")[0] for name in names}


@pytest.mark.parametrize("said", ["<!channel>", "<script>alert(1)</script>", LIE, "x" * 5_000])
async def test_what_close_says_when_it_refuses(arena: Arena, cast: Cast, said: str) -> None:
    """Words of Close's own about a refusal stand on no card: there is a sentence of ours."""
    await arena.world.connect(cast.ada)
    request = await arena.asked(cast)
    body = json.dumps({"error": said, "field-errors": {"allowed_user_id": said}}).encode()
    arena.close.trouble.fail("POST /send_as/", 400, body=body)
    await arena.click(cast.ada, "approve", marked(request))
    await arena.until(cast, State.FAILED)
    for person in (cast.ada, cast.ben, cast.cleo):
        await arena.world.card(person, "not")
        for message in arena.slack.messages(person):
            assert said not in message.text + json.dumps(message.blocks)


@pytest.mark.parametrize("field", ["user_name", "team_domain", "channel_name", "enterprise_name"])
async def test_names_beside_an_id(arena: Arena, cast: Cast, field: str) -> None:
    """Names that a payload carries beside the ids are shown nowhere: who it is, the id says."""
    await arena.type(cast.ben, f"<@{cast.ada.id}|admin> 2h", **{field: "Admin <!channel>"})
    card = await shown(arena.world, cast.ada, "Approve")
    assert "Admin" not in card.text + json.dumps(card.blocks)


def named(world: World, person: SandboxPerson, name: str) -> None:
    """What somebody is called in Close."""
    key = person.close_user_id or ""
    world.close.state.members[key] = replace(world.close.state.members[key], name=name)


PADDED = "Ben Okafor, ada.lindqvist@example.com" + "\u00a0" * 300


async def test_a_name_is_no_address(stage: World) -> None:
    """C5: a name in Close that looks like an address stands above the address, which has a line of
    its own."""
    named(stage, BEN, PADDED)
    await stage.connect(ADA)
    await asked(stage)
    await at_rest(stage)
    await cards_at_rest(stage)
    card = await shown(stage, ADA, "Approve", BEN.email)
    (lines,) = [
        block["text"]["text"].splitlines()
        for block in card.blocks
        if "Goes to" in str(block.get("text"))
    ]
    assert lines == [
        "*Goes to:* Ben Okafor, ada.lindqvist@example.com",
        f"Address in Close: {BEN.email} (matched by email)",
    ]


async def test_an_admin_reads_the_address(sqlite_url: str) -> None:
    """C5: the same in the question to an admin."""
    async with open_world(sqlite_url, admins=(DANA.id,)) as world:
        named(world, BEN, PADDED)
        await opened_by(world, ADA, BEN)
        question = await shown(world, DANA, "Confirm")
        assert f"\nAddress in Close: {BEN.email}" in question.text
        assert "\u00a0" not in question.text


async def test_a_stray_is_shown_by_its_address(stage: World) -> None:
    """C5: whoever is not found in Slack is told by a name that is cut, and by the address."""
    stage.slack.workspace.people.pop(DANA.id)
    named(stage, DANA, f"Ada\u202e Lindqvist\n{LIE}" + "x" * 200)
    stage.close.allow(ADA, DANA)
    await stage.connect(ADA)
    card = await shown(stage, ADA, "Keep")
    assert f"\nAddress in Close: {DANA.email}" in card.text
    assert f"\n{LIE}" not in card.text
    assert "\u202e" not in card.text
    assert "x" * 60 not in card.text
