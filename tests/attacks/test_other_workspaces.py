"""Another workspace, another Grid, a shared channel: whoever is not of ours has no say in ours."""

import json
from dataclasses import replace
from typing import Any

import pytest

from models.delegation import State
from models.mark import marked
from sandbox.people import STRANGER, STRANGER_TEAM_ID, TEAM_ID
from sandbox.slack import payloads
from tests.attacks.arena import JSON, Arena, Cast

VERBS = ("", "help", "list", "check", "connect", "disconnect", "revoke all")
ELSEWHERE = {"team": {"id": STRANGER_TEAM_ID, "domain": "southbank"}}
GRID = "E0SOUTHBANK"


@pytest.mark.parametrize("verb", VERBS)
async def test_a_command_from_elsewhere(arena: Arena, cast: Cast, verb: str) -> None:
    """Whatever is typed in another workspace is answered with one sentence, and does nothing."""
    await arena.asked(cast)
    before = await arena.kept(cast)
    reply = await arena.type(cast.ada, verb, team_id=STRANGER_TEAM_ID)
    assert "another Slack workspace" in reply.text
    assert await arena.kept(cast) == before


@pytest.mark.parametrize("grid", ["", GRID, TEAM_ID])
async def test_a_command_from_elsewhere_in_a_grid(arena: Arena, cast: Cast, grid: str) -> None:
    """A Grid that the command names does not make its workspace ours: ours is in none."""
    text = f"<@{cast.ada.id}> 2h"
    reply = await arena.type(cast.ben, text, team_id=STRANGER_TEAM_ID, enterprise_id=grid)
    assert "another Slack workspace" in reply.text
    assert not await arena.all_of(cast)


@pytest.mark.parametrize("action", ["approve", "deny", "revoke", "snooze"])
async def test_a_click_from_elsewhere(arena: Arena, cast: Cast, action: str) -> None:
    """Ada's own click, as another workspace signs it, is refused at the door."""
    asked = await arena.asked(cast)
    reply = await arena.click(cast.ada, action, marked(asked), **ELSEWHERE)
    assert reply.status == 403
    assert (await arena.of(cast)).state is State.REQUESTED


@pytest.mark.parametrize("team", [None, "missing", {"id": ""}, {"id": TEAM_ID.lower()}])
async def test_a_click_from_nowhere(arena: Arena, cast: Cast, team: Any) -> None:
    """A click that names no workspace, or nearly ours, by somebody of another one does nothing."""
    asked = await arena.asked(cast)
    namesake = replace(cast.ada, team_id=STRANGER_TEAM_ID)
    payload = arena.pressed(namesake, "approve", marked(asked), team=team)
    if team == "missing":
        del payload["team"]
    assert (await arena.send(payload)).status in (200, 400, 403)
    assert (await arena.of(cast)).state is State.REQUESTED


async def test_ada_of_another_workspace(arena: Arena, cast: Cast) -> None:
    """In a channel shared by Slack Connect, a person with Ada's id and another team is not Ada."""
    asked = await arena.asked(cast)
    namesake = replace(cast.ada, team_id=STRANGER_TEAM_ID)
    for action in ("approve", "deny", "revoke"):
        assert "Only the people" in await arena.told(namesake, action, marked(asked))
    assert (await arena.of(cast)).state is State.REQUESTED


async def test_a_stranger_in_a_shared_channel(arena: Arena, cast: Cast) -> None:
    """Somebody who is there by Slack Connect can neither ask, nor be asked, nor be given."""
    reply = await arena.type(STRANGER, f"<@{cast.ada.id}> 2h", team_id=TEAM_ID)
    assert "another workspace" in reply.text
    for text in (f"<@{STRANGER.id}> 2h", f"grant <@{STRANGER.id}> 2h"):
        assert "another workspace" in await arena.said(cast.ada, text)
    text = f"<@{cast.ada.id}> for <@{STRANGER.id}> 2h"
    assert "another workspace" in await arena.said(cast.ben, text)
    assert not await arena.all_of(cast)


async def test_a_stranger_sees_nothing(arena: Arena, cast: Cast) -> None:
    """Nor do lists and homes tell a stranger of anybody's rights."""
    await arena.asked(cast)
    reply = await arena.type(STRANGER, f"list <@{cast.ada.id}>", team_id=TEAM_ID)
    assert cast.ben.id not in reply.text
    assert "Covering" not in reply.text


@pytest.mark.parametrize("kind", ["shortcut", "view_submission", "message_action"])
async def test_other_things_from_elsewhere(arena: Arena, cast: Cast, kind: str) -> None:
    """Shortcuts and forms of another workspace open nothing and store nothing."""
    fields = {"person": {"person": {"type": "multi_users_select", "selected_users": [cast.ada.id]}}}
    view = {
        "id": "V1",
        "type": "modal",
        "callback_id": "request_form",
        "private_metadata": "",
        "blocks": [],
        "state": {"values": fields},
    }
    payload = payloads.interaction(kind, cast.ben) | ELSEWHERE
    payload |= {"trigger_id": "1.2.x", "callback_id": "ask_send_as", "view": view}
    payload |= {"message": {"ts": "1.2", "user": cast.ada.id}}
    calls = len(arena.slack.calls)
    assert (await arena.send(payload)).status == 403
    assert not [each for each in arena.slack.calls[calls:] if each.method == "views.open"]
    assert not await arena.all_of(cast)


async def departed_elsewhere(arena: Arena, cast: Cast, **changes: Any) -> int:
    """Another workspace says that Ada has left; the status of the answer."""
    event = {"type": "user_change", "user": {"id": cast.ada.id, "deleted": True}, "n": cast.ada.id}
    envelope = payloads.event_envelope(event, f"Ev{cast.ada.id}", 1) | changes
    return (await arena.send(envelope, JSON)).status


async def test_an_event_from_elsewhere(arena: Arena, cast: Cast) -> None:
    """That somebody left another workspace ends nothing here; the event is taken, and dropped."""
    await arena.asked(cast)
    there = [{"team_id": STRANGER_TEAM_ID, "enterprise_id": None}]
    status = await departed_elsewhere(arena, cast, team_id=STRANGER_TEAM_ID, authorizations=there)
    assert status == 200
    assert (await arena.at_rest(cast)).state is State.REQUESTED


async def test_an_event_of_a_stranger_with_our_team(arena: Arena, cast: Cast) -> None:
    """A user object that names another team is that person's departure from here, and nobody
    else's: Ben's request stays."""
    await arena.asked(cast)
    user = {"id": STRANGER.id, "team_id": STRANGER_TEAM_ID, "deleted": True, "profile": {}}
    envelope = payloads.event_envelope({"type": "user_change", "user": user}, "Ev9", 1)
    assert (await arena.send(envelope, JSON)).status == 200
    assert (await arena.at_rest(cast)).state is State.REQUESTED


async def test_a_home_from_elsewhere(arena: Arena, cast: Cast) -> None:
    """Opening the App Home in another workspace shows nothing of ours."""
    event = {"type": "app_home_opened", "user": cast.ada.id, "tab": "home"}
    envelope = payloads.event_envelope(event, f"EvH{cast.ada.id}", 1)
    envelope |= {"team_id": STRANGER_TEAM_ID, "authorizations": []}
    assert (await arena.send(envelope, JSON)).status == 200
    assert arena.slack.home(cast.ada) is None


async def test_two_workspaces_in_one_payload(arena: Arena, cast: Cast) -> None:
    """A payload that names our workspace in one place and another in others is judged by where it
    was signed for and by the person's own: never by a form's or a message's word."""
    asked = await arena.asked(cast)
    namesake = replace(cast.ada, team_id=STRANGER_TEAM_ID)
    view: dict[str, Any] = {
        "id": "V1",
        "type": "home",
        "callback_id": "",
        "private_metadata": "",
        "blocks": [],
    }
    view |= {"state": {"values": {}}, "app_installed_team_id": TEAM_ID, "team_id": TEAM_ID}
    for more in ({"view": view}, {"view": view, **ELSEWHERE}, {"enterprise": {"id": GRID}}):
        reply = await arena.click(
            namesake, "approve", marked(asked), **json.loads(json.dumps(more))
        )
        assert reply.status in (200, 403)
    assert (await arena.of(cast)).state is State.REQUESTED


@pytest.mark.parametrize("team", ["T0NORTHWIND ", "t0northwind", "T0NORTHWIND\x00", "T", "E1"])
async def test_a_team_that_is_nearly_ours(arena: Arena, cast: Cast, team: str) -> None:
    """Ids of workspaces are compared as they are."""
    reply = await arena.type(cast.ben, f"<@{cast.ada.id}> 2h", team_id=team)
    assert reply.status == 400 or "another Slack workspace" in reply.text
    assert not await arena.all_of(cast)
