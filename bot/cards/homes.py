"""The App Home: who may send as whom, what waits for an answer, and what is over.

At most 100 blocks fit (slack.md §5): every list is shown in pages, so that the fullest home has
fewer. Of the open lists each turns its own; a person can be looked for in all of them.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    PlainTextObject,
    UserSelectElement,
)
from slack_sdk.models.views import View

from bot.cards import words
from bot.cards.delegations import MARKS, button, buttons
from bot.cards.faces import Action, Face, face
from bot.cards.markup import mention, moment, quoted_address
from bot.cards.parts import button as part_button
from bot.cards.parts import context, header, section, typed
from bot.times.saying import say_length
from models.card import Audience
from models.connection import Connection
from models.delegation import Delegation, State
from models.home import HomeList
from models.mark import marked
from models.overview import Excerpt, Overview
from models.standing import StandingApproval

MOST_ROWS = 7  # of a page of each list
HISTORY_PAGE = 10
LINES_A_BLOCK = 5  # of the history; two blocks of them stay below 3,000 characters each

ASK = "ask_send_as"
END_STANDING = "end_standing"
NEWER, OLDER = "home_newer", "home_older"
WITH_PERSON, EVERYBODY = "with_person", "everybody"


def home_view(
    overview: Overview, *, connect_url: str, now: datetime, admins: Sequence[str] = ()
) -> View:
    """One person's App Home; ``admins`` are the Slack ids of who can help."""
    me = overview.person_id
    blocks: list[Block] = [
        *_top(overview, connect_url),
        *_waiting(overview.waiting, connect_url),
        *_rows("Who may send as you", overview.given, HomeList.GIVEN, Audience.GRANTOR, now),
        *_rows("Whom you may send as", overview.received, HomeList.RECEIVED, Audience.GRANTEE, now),
    ]
    if overview.for_others.rows:
        blocks += _rows(
            "What you asked for others",
            overview.for_others,
            HomeList.FOR_OTHERS,
            Audience.REQUESTER,
            now,
        )
    blocks += _standing("Whom you approve without a click", overview.trusted, HomeList.TRUSTED, me)
    blocks += _standing(
        "Who approves you without a click", overview.trusting, HomeList.TRUSTING, me
    )
    blocks += _history(overview)
    blocks += _bottom(now, admins)
    _without_repeated_ids(blocks)
    return View(type="home", callback_id="home", blocks=blocks)


def _without_repeated_ids(blocks: Sequence[Block]) -> None:
    """Slack refuses a view in which two blocks have one id; without any it chooses one."""
    seen: set[str] = set()
    for block in blocks:
        if block.block_id in seen:
            block.block_id = None
        elif block.block_id is not None:
            seen.add(block.block_id)


def _top(overview: Overview, connect_url: str) -> list[Block]:
    about = "Send email as a colleague in Close, for as long as they allow it."
    ask = part_button(ASK, "Ask to send as…", "home", style="primary")
    find = UserSelectElement(
        action_id=WITH_PERSON,
        placeholder=PlainTextObject(text="Find a person…", emoji=False),
        initial_user=overview.with_person,
    )
    top: list[Block] = [section(f"*{about}*")]
    if overview.with_person is None:
        top.append(ActionsBlock(block_id="ask", elements=[ask, find]))
    else:
        back = part_button(EVERYBODY, "Show everybody", "home")
        top.append(ActionsBlock(block_id=f"ask:{overview.with_person}", elements=[ask, find, back]))
        top.append(context(f"Only what concerns {mention(overview.with_person)} is shown."))
    return [*top, _health(overview.connection, connect_url)]


def _health(connection: Connection | None, connect_url: str) -> Block:
    connect = button(Action.CONNECT, "home", connect_url)
    if connection is None:
        text = (
            f"{MARKS[State.ENDED]} *Your Close account is not connected.* You only need that to "
            "let colleagues send as you."
        )
        return section(text, block_id="connection", accessory=connect)
    if not connection.is_alive:
        text = (
            f"{MARKS[State.FAILED]} *Your connection to Close no longer works.* Connect again: "
            "until then the bot can neither give rights in your name nor take them back."
        )
        return section(text, block_id="connection", accessory=connect)
    email = quoted_address(connection.account.email)
    return section(f"{MARKS[State.ACTIVE]} *Your Close account is connected:* {email}")


def _waiting(excerpt: Excerpt[Delegation], connect_url: str) -> list[Block]:
    if not excerpt.rows:
        return []
    blocks: list[Block] = [_title("Waiting for you", excerpt)]
    for each in excerpt.rows:
        shown = face(each, Audience.GRANTOR)
        blocks.append(section(_all_of(each, shown)))
        if shown.shows_reason:
            blocks += typed(each.reason)
        if shown.actions:
            blocks.append(buttons(each, shown.actions, connect_url))
    return blocks + _leafing(HomeList.WAITING, excerpt)


def _rows(
    title: str, excerpt: Excerpt[Delegation], name: HomeList, audience: Audience, now: datetime
) -> list[Block]:
    blocks: list[Block] = [_title(title, excerpt)]
    for each in excerpt.rows:
        blocks += _row(each, face(each, audience), now)
    if not excerpt.rows:
        blocks.append(context("Nobody at the moment."))
    return blocks + _leafing(name, excerpt)


def _row(delegation: Delegation, shown: Face, now: datetime) -> list[Block]:
    actions = [action for action in shown.actions if action is not Action.CONNECT]
    text = _all_of(delegation, shown, now)
    if len(actions) == 1 and actions[0] is not Action.MORE:
        return [
            section(
                text,
                block_id=f"delegation:{delegation.id}",
                accessory=button(actions[0], marked(delegation), ""),
            )
        ]
    blocks: list[Block] = [section(text)]
    return [*blocks, buttons(delegation, actions, "")] if actions else blocks


def _all_of(delegation: Delegation, shown: Face, now: datetime | None = None) -> str:
    lines = [f"{MARKS[delegation.state]} *{shown.headline}*"]
    if now is not None and delegation.state is State.ACTIVE and delegation.ends_at is not None:
        lines.append(words.left(delegation.ends_at, now))
    lines += [*shown.lines, *(line for line in shown.small if line)]
    return "\n".join(lines)


def _standing(
    title: str, excerpt: Excerpt[StandingApproval], name: HomeList, me: str
) -> list[Block]:
    if not excerpt.rows:
        return []
    rows = [_standing_row(each, me) for each in excerpt.rows]
    return [_title(title, excerpt), *rows, *_leafing(name, excerpt)]


def _standing_row(standing: StandingApproval, me: str) -> Block:
    limits = f"up to {say_length(standing.max_length)} at a time, until {moment(standing.until)}"
    if standing.grantor_id != me:
        return section(
            f"{mention(standing.grantor_id)} approves your requests without a click: {limits}."
        )
    end = part_button(END_STANDING, "End", standing.id)
    return section(
        f"You approve the requests of {mention(standing.grantee_id)} without a click: {limits}.",
        block_id=f"standing:{standing.id}",
        accessory=end,
    )


def _history(overview: Overview) -> list[Block]:
    if not overview.history and overview.page == 0:
        return []
    title = "What is over" if overview.page == 0 else f"What is over, page {overview.page + 1}"
    lines = [_past(each, overview.person_id) for each in overview.history]
    blocks: list[Block] = [header(title)]
    blocks += [
        section("\n".join(lines[start : start + LINES_A_BLOCK]))
        for start in range(0, len(lines), LINES_A_BLOCK)
    ]
    if not lines:
        blocks.append(context("Nothing older."))
    turns = _turns(overview)
    return [*blocks, ActionsBlock(block_id="history", elements=turns)] if turns else blocks


def _turns(overview: Overview) -> list[ButtonElement]:
    turns = []
    if overview.page > 0:
        turns.append((NEWER, "Newer", overview.page - 1))
    if overview.has_older:
        turns.append((OLDER, "Older", overview.page + 1))
    return [part_button(action, label, str(page)) for action, label, page in turns]


def _past(d: Delegation, me: str) -> str:
    grantor = "you" if d.grantor_id == me else mention(d.grantor_id)
    grantee = "You" if d.grantee_id == me else mention(d.grantee_id)
    return f"• {grantee} as {grantor}, {_when(d)}: {_outcome(d)}"


def _when(d: Delegation) -> str:
    over = moment(d.ended_at or d.requested_at)
    return f"{moment(d.active_at)} to {over}" if d.active_at else over


def _outcome(d: Delegation) -> str:
    outcomes: dict[State, Callable[[], str]] = {
        State.ENDED: lambda: words.how_it_ended(d),
        State.DENIED: lambda: "Denied.",
        State.CANCELLED: lambda: f"{words.why_cancelled(d)}.",
        State.LAPSED: lambda: "Lapsed.",
        State.FAILED: lambda: "Could not be set up.",
    }
    return outcomes[d.state]()


def _bottom(now: datetime, admins: Sequence[str]) -> list[Block]:
    helper = " or ".join(mention(admin) for admin in admins)
    asking = f" If something looks wrong, ask {helper}." if helper else ""
    return [
        context(f"`/sendas help` shows everything you can do.{asking}"),
        context(f"As of {moment(now)}; all times are in your own time zone."),
    ]


def _title(title: str, excerpt: Excerpt[Any]) -> Block:
    """With the place of these rows among all, where there are more than are shown."""
    last = excerpt.before + len(excerpt.rows)
    is_all = len(excerpt.rows) == excerpt.total
    return header(
        title if is_all else f"{title} ({excerpt.before + 1} to {last} of {excerpt.total})"
    )


def _leafing(name: HomeList, excerpt: Excerpt[Any]) -> list[Block]:
    """Buttons to the pages before and behind, where there are any."""
    page = excerpt.before // MOST_ROWS
    turns = []
    if page > 0:
        turns.append((NEWER, "Back", page - 1))
    if excerpt.before + len(excerpt.rows) < excerpt.total:
        turns.append((OLDER, "More", page + 1))
    buttons = [part_button(action, label, f"{name}/{to}") for action, label, to in turns]
    return [ActionsBlock(block_id=f"turn:{name}", elements=buttons)] if buttons else []
