"""Modals: every kind of field, errors beside the fields, questions before a click."""

from typing import Any

import pytest
from playwright.async_api import expect

from sandbox.people import ADA, BEN, CLEO
from sandbox.slack.fields import value_of
from sandbox.slack.workspace import SALES
from tests.browser.looking import problems, violations
from tests.browser.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="package")


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def _options(*words: str) -> list[dict[str, Any]]:
    return [{"text": _plain(word.title()), "value": word} for word in words]


def _field(name: str, kind: str, **more: Any) -> dict[str, Any]:
    element = {"type": kind, "action_id": name, **more}
    return {"type": "input", "block_id": name, "label": _plain(name), "element": element}


EVERY_FIELD = {
    "type": "modal",
    "callback_id": "every_field",
    "title": _plain("Every field"),
    "submit": _plain("Send it"),
    "blocks": [
        _field("line", "plain_text_input"),
        _field("lines", "plain_text_input", multiline=True),
        _field("one", "static_select", options=_options("red", "green")),
        _field("many", "multi_static_select", options=_options("red", "green", "blue")),
        _field("person", "users_select"),
        _field("people", "multi_users_select"),
        _field("place", "conversations_select"),
        _field("day", "datepicker"),
        _field("time", "timepicker"),
        _field("moment", "datetimepicker"),
        _field("radio", "radio_buttons", options=_options("yes", "no")),
        _field("boxes", "checkboxes", options=_options("first", "second")),
    ],
}


async def test_every_kind_of_field(shared_stage: Stage) -> None:
    """What is typed and chosen arrives at the bot as Slack's own values, in the person's zone."""
    stage = shared_stage
    await stage.show_modal(BEN, EVERY_FIELD)
    form = stage.seat().get_by_role("dialog")
    await expect(form).to_be_visible()
    assert await problems(stage.page) == []
    await form.get_by_label("line", exact=True).fill("one <line> & more")
    await form.get_by_label("lines").fill("two\nlines")
    await form.get_by_label("one", exact=True).select_option("green")
    await form.get_by_role("group", name="many").get_by_label("Blue").check()
    await stage.choose(form.get_by_label("person", exact=True), "lindq", "Ada Lindqvist")
    await stage.choose(form.get_by_label("people", exact=True), "@cl", "Cleo Marchetti")
    await form.get_by_label("place").select_option(label="#sales")
    await form.get_by_label("day").fill("2026-12-01")
    await form.get_by_label("time", exact=True).fill("17:30")
    await form.get_by_label("moment").fill("2026-12-01T17:30")
    await form.get_by_role("group", name="radio").get_by_label("No").check()
    await form.get_by_role("group", name="boxes").get_by_label("Second").check()
    view = stage.house.slack.view(BEN)
    await form.get_by_role("button", name="Send it").click()
    await expect(stage.page.locator("#journal").get_by_text("submit “Every field”")).to_be_visible()
    assert view is not None
    given = {name: value_of(entry[name]) for name, entry in view.values.items()}
    options = {"one": "green", "radio": "no"}
    assert {name: given.pop(name)["value"] for name in options} == options
    assert [each["value"] for each in given.pop("many")] == ["blue"]
    assert [each["value"] for each in given.pop("boxes")] == ["second"]
    assert given == {
        "line": "one <line> & more",
        "lines": "two\nlines",
        "person": ADA.id,
        "people": [CLEO.id],
        "place": SALES,
        "day": "2026-12-01",
        "time": "17:30",
        "moment": 1_796_164_200,  # 17:30 in New York
    }


async def test_people_are_searched_for(shared_stage: Stage) -> None:
    """One field finds people by any part of the name or the handle, but nobody twice; Escape
    closes the list and not the form; somebody can be taken away again, also with Backspace."""
    stage = shared_stage
    await stage.show_modal(BEN, EVERY_FIELD)
    form = stage.seat().get_by_role("dialog")
    people, chosen = form.get_by_label("people", exact=True), form.get_by_role("list").nth(1)
    await stage.choose(people, "lindq", "Ada Lindqvist")
    await stage.choose(people, "@cleo", "Cleo Marchetti")
    await expect(chosen.get_by_role("listitem")).to_have_text(["Ada Lindqvist×", "Cleo Marchetti×"])
    await people.fill("ada")
    await expect(form.get_by_role("option", name="Ada")).to_have_count(0)
    await people.fill("dana")
    await expect(form.get_by_role("option", name="Dana")).to_be_visible()
    await people.press("Escape")
    await expect(form.get_by_role("option", name="Dana")).to_be_hidden()
    await people.fill("")
    await people.press("Backspace")
    await form.get_by_role("button", name="Remove Ada Lindqvist").click()
    await expect(chosen.get_by_role("listitem")).to_have_count(0)
    await expect(people).to_be_focused()
    await people.press("Escape")
    await expect(form).to_have_count(0)


async def test_a_form_shown_anew_lets_one_go_on_typing(shared_stage: Stage) -> None:
    """When the bot changes a form under somebody, what they search for and what they selected to
    write over it are as they were, and the next key goes where it would have gone."""
    stage = shared_stage
    view = await stage.show_modal(BEN, EVERY_FIELD)
    form = stage.seat().get_by_role("dialog")

    async def change(title: str) -> None:
        await stage.call(
            "views.update", {"view_id": view, "view": {**EVERY_FIELD, "title": _plain(title)}}
        )
        await expect(form.get_by_role("heading", name=title)).to_be_visible()

    await form.get_by_label("people", exact=True).fill("dan")
    await change("Changed once")
    await stage.page.keyboard.type("a")
    await expect(form.get_by_label("people", exact=True)).to_have_value("dana")
    await expect(form.get_by_role("option", name="Dana")).to_be_visible()
    for name in ("line", "lines"):
        await form.get_by_label(name, exact=True).fill("first")
        await form.get_by_label(name, exact=True).select_text()
        await change(f"Changed in {name}")
        await stage.page.keyboard.insert_text("second")
        await expect(form.get_by_label(name, exact=True)).to_have_value("second")


async def test_errors_keep_what_was_typed(shared_stage: Stage) -> None:
    """A wrong field is named beside it and focused; right ones stay; Escape gives the box back."""
    stage = shared_stage
    await stage.type("/sendas")
    form = stage.seat().get_by_role("dialog")
    await form.get_by_label("Or in your own words").fill("as long as it takes")
    await form.get_by_role("button", name="Ask", exact=True).click()
    await expect(form.get_by_role("alert").first).to_be_visible()
    await expect(form.locator(".wrong input").first).to_be_focused()
    await expect(form.get_by_label("Or in your own words")).to_have_value("as long as it takes")
    await stage.page.keyboard.press("Escape")
    await expect(form).to_have_count(0)
    await expect(stage.page.locator("#left-box")).to_be_focused()


async def test_the_form_asks_like_the_command(shared_stage: Stage) -> None:
    """A filled form becomes a request, while the other person's half stays usable."""
    stage = shared_stage
    await stage.type("/sendas")
    form = stage.seat().get_by_role("dialog")
    await expect(form.locator(":focus")).to_have_count(1)  # it takes the focus once, when it opens
    await stage.type("/sendas help", "right")
    await stage.sees("Only visible to you", "right")
    await stage.choose(form.get_by_label("Whose name"), "ada", "Ada Lindqvist")
    await form.get_by_role("button", name="Ask", exact=True).click()
    await expect(form).to_have_count(0)
    await stage.look("Messages", "right")
    await stage.sees("asks to send email as you", "right")


async def test_a_question_before_a_click(shared_stage: Stage) -> None:
    """A button with a question acts only after yes; a choice that is not confirmed is undone."""
    stage = shared_stage
    confirm = {
        "title": _plain("Sure?"),
        "text": _plain("It cannot be undone."),
        "confirm": _plain("Yes"),
        "deny": _plain("No"),
    }
    button = {"type": "button", "action_id": "b", "text": _plain("Danger"), "confirm": confirm}
    menu = {"type": "static_select", "action_id": "m", "options": _options("red", "green")}
    view = {
        "type": "modal",
        "title": _plain("Question"),
        "blocks": [
            {
                "type": "actions",
                "block_id": "row",
                "elements": [button, menu | {"confirm": confirm}],
            }
        ],
    }
    await stage.show_modal(BEN, view)
    before = len(stage.house.slack.delivery.sent)
    await stage.seat().get_by_role("button", name="Danger").click()
    question = stage.page.get_by_role("dialog", name="Sure?")
    await expect(question).to_be_visible()
    assert await violations(stage.page) == []
    await question.get_by_role("button", name="No").click()
    await expect(question).to_be_hidden()
    choice = stage.seat().get_by_role("dialog").get_by_label("Choose")
    await choice.select_option("green")
    await stage.page.keyboard.press("Escape")
    await expect(choice).to_have_value("")
    assert len(stage.house.slack.delivery.sent) == before
    await stage.seat().get_by_role("button", name="Danger").click()
    await question.get_by_role("button", name="Yes").click()
    await expect(stage.page.locator("#journal").get_by_text("click b")).to_be_visible()
    assert len(stage.house.slack.delivery.sent) == before + 1
