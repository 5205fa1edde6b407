"""The App Home: what waits for an answer, who can send as somebody else, and what is over.

At most 100 blocks fit (slack.md §5): every list is shown in pages, so that the fullest home has
fewer. Of the open lists each turns its own; a person can be looked for in all of them.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    InteractiveElement,
    PlainTextObject,
    UserSelectElement,
)
from slack_sdk.models.views import View

from bot.cards import absences, covers, deputies, dialogs, first_hour, lists, reviews, words
from bot.cards.delegations import MARKS, button, buttons, connect
from bot.cards.faces import Action, Face, face
from bot.cards.markup import mention, moment, quoted_address, stretch
from bot.cards.parts import button as part_button
from bot.cards.parts import context, header, section, typed
from bot.cards.pronouns import party
from models.card import Audience
from models.cover import MOST_COVERS
from models.delegation import Delegation, State
from models.home import HomeList
from models.overview import Excerpt, Overview
from models.standing import StandingApproval

MOST_ROWS = 7  # of a page of each list
HISTORY_PAGE = 10
MOST_BLOCKS = 100  # of a view (slack.md §5)
MOST_HELPERS = 3  # admins that are named as who can help
LINES_A_BLOCK = 5  # of the history; two blocks of them stay below 3,000 characters each

ASK = "ask_send_as"
END_STANDING = "end_standing"
NEWER, OLDER = "home_newer", "home_older"
WITH_PERSON, EVERYBODY = "with_person", "everybody"
EVERYBODYS_RIGHTS = "everybodys_rights"


def home_view(
    overview: Overview,
    *,
    connect_url: str,
    now: datetime,
    admins: Sequence[str] = (),
    unset: Collection[str] = (),
) -> View:
    """One person's App Home; ``admins`` are the Slack ids of who can help, and see everybody's and
    which settings are ``unset``."""
    is_admin = overview.person_id in admins
    above: list[Block] = [
        *_top(overview, connect_url, is_admin=is_admin),
        *(_not_set_up(overview, unset) if is_admin else []),
        *_waiting(overview, connect_url),
    ]
    below: list[Block] = [
        *_rows(lists.WAITING, overview, overview.asked, HomeList.ASKED, is_always=False),
        *_given(overview),
        *_rows(lists.RECEIVED, overview, overview.received, HomeList.RECEIVED),
        *_rows(
            lists.FOR_OTHERS, overview, overview.for_others, HomeList.FOR_OTHERS, is_always=False
        ),
        *_standing("You always approve", overview.trusted, HomeList.TRUSTED),
        *_standing("Always approve you", overview.trusting, HomeList.TRUSTING),
    ]
    below += _history(overview)
    below += _bottom(now, admins[:MOST_HELPERS])
    room = MOST_BLOCKS - len(above) - len(below)
    blocks = [*above, *_deputies(overview, now, room), *below]
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


def _top(overview: Overview, connect_url: str, *, is_admin: bool) -> list[Block]:
    about = (
        "*Send email as a colleague in Close, for as long as they allow it.*\n"
        f"That is {words.ALLOWS}, in their name."
    )
    ask = part_button(ASK, "Ask to send as…", "home", style="primary")
    find = UserSelectElement(
        action_id=WITH_PERSON,
        placeholder=PlainTextObject(text="Find a person…", emoji=False),
        initial_user=overview.with_person,
    )
    away = part_button(covers.PLAN, "I'll be away…", "home")
    actions: list[InteractiveElement] = [ask, away, find]
    if overview.review is not None and overview.reviewed:
        line, choose = reviews.invitation(overview.review, overview.reviewed)
        about = f"{about}\n\n{line}"  # in a block that is there: the fullest home has no room
        actions.append(choose)
    top: list[Block] = [section(about)]
    if overview.is_quiet:
        actions.append(part_button(absences.ASK_ME, "Ask me again when I'm away", "home"))
    actions.append(part_button(deputies.NAME, "Who answers for me…", "home"))
    if is_admin:
        actions.append(part_button(EVERYBODYS_RIGHTS, "Everybody's rights", "home"))
    if overview.with_person is None:
        top.append(ActionsBlock(block_id="ask", elements=actions))
    else:
        actions.insert(3, part_button(EVERYBODY, "Show everybody", "home"))
        top.append(ActionsBlock(block_id=f"ask:{overview.with_person}", elements=actions))
        top.append(context(f"This is only about {mention(overview.with_person)}."))
    return [*top, *first_hour.guide(overview), _health(overview, connect_url)]


def _not_set_up(overview: Overview, unset: Collection[str]) -> list[Block]:
    return first_hour.not_set_up(unset, is_anybody_connected=overview.is_anybody_connected)


def _health(overview: Overview, connect_url: str) -> Block:
    connection = overview.connection
    connecting = connect("home", connect_url)
    if overview.pairing is not None:
        asked = quoted_address(overview.pairing.account.email)
        text = (
            f"{MARKS[State.APPROVED]} *Your Close account waits for an admin,* who has been asked "
            f"whether {asked} is yours. Whatever needs it then starts automatically."
        )
        return section(text, block_id="connection")
    if connection is None:
        text = (
            f"{MARKS[State.ENDED]} *Your Close account is not connected.* You only need that to "
            "let colleagues send as you."
        )
        return section(text, block_id="connection", accessory=connecting)
    if not connection.is_alive:
        text = (
            f"{MARKS[State.FAILED]} *Your connection to Close no longer works.* Connect again: "
            "until then I can neither give rights in your name nor take them away."
        )
        return section(text, block_id="connection", accessory=connecting)
    email = quoted_address(connection.account.email)
    return section(f"{MARKS[State.ACTIVE]} *Your Close account is connected:* {email}")


def _waiting(overview: Overview, connect_url: str) -> list[Block]:
    excerpt = overview.waiting
    if not excerpt.rows:
        return []
    blocks: list[Block] = [_title(lists.WAITING_FOR_YOU, excerpt)]
    for each in excerpt.rows:
        shown = face(each, Audience.GRANTOR, unconfirmed=overview.unconfirmed)
        blocks.append(section(_to_answer(each, shown)))
        if each.state is State.REQUESTED:
            blocks += typed(each.reason)
        if shown.actions:
            blocks.append(buttons(each, shown.actions, connect_url, Audience.GRANTOR))
    return blocks + _leafing(HomeList.WAITING, excerpt)


def _to_answer(delegation: Delegation, shown: Face) -> str:
    """What is decided; of what was decided already, only how it stands."""
    lines = shown.lines if delegation.state is State.REQUESTED else shown.lines[:1]
    return "\n".join([f"{MARKS[delegation.state]} *{shown.headline}*", *lines])


def _deputies(overview: Overview, now: datetime, room: int) -> list[Block]:
    """Who answers in whose place, and what there is to answer for others, as far as there is room:
    each of that has a message of its own as well."""
    me, about = overview.person_id, overview.with_person
    held = [each for each in overview.deputies if about in (None, each.grantor_id, each.deputy_id)]
    held.sort(key=lambda each: each.grantor_id != me)
    blocks: list[Block] = [deputies.row(each, me) for each in held[: deputies.MOST_LISTED + 1]]
    if len(held) > len(blocks):
        blocks.append(context("`/sendas deputy` shows all of them."))
    serving = {each.grantor_id: each for each in held if each.deputy_id == me}
    waiting = [each for each in overview.in_place if each.grantor_id in serving]
    if waiting:
        number = f" ({len(waiting)})" if len(waiting) > deputies.MOST_LISTED else ""
        blocks.append(header(f"You can answer for others{number}"))
    for each in waiting[: deputies.MOST_LISTED]:
        deputy = serving[each.grantor_id]
        blocks.append(section("\n".join(deputies.said(each, deputy, now))))
        blocks.append(ActionsBlock(elements=deputies.buttons(each, deputy, now)))
    return blocks[:room]


def _rows(
    title: str,
    overview: Overview,
    excerpt: Excerpt[Delegation],
    name: HomeList,
    *,
    is_always: bool = True,
) -> list[Block]:
    """A list; without any row it is there only if ``is_always``."""
    if not excerpt.rows and not is_always:
        return []
    blocks: list[Block] = [_title(title, excerpt)]
    for each in excerpt.rows:
        blocks += _row(each, overview)
    if not excerpt.rows:
        blocks.append(context("Nobody at the moment."))
    return blocks + _leafing(name, excerpt)


def _given(overview: Overview) -> list[Block]:
    """What is given while they are away comes first; each cover is one thing."""
    shown = overview.covers[:MOST_COVERS]
    if not shown:
        return _rows(lists.GIVEN, overview, overview.given, HomeList.GIVEN)
    title, *others = _rows(lists.GIVEN, overview, overview.given, HomeList.GIVEN)
    rows = [block for each in shown for block in covers.row(each)]
    return [title, *rows, *(others if overview.given.rows else [])]


def _row(delegation: Delegation, overview: Overview) -> list[Block]:
    audience = _audience(delegation, overview.person_id)
    shown = face(delegation, audience, unconfirmed=overview.unconfirmed)
    actions = [action for action in shown.actions if action is not Action.CONNECT]
    line = lists.line(delegation, overview.person_id, unconfirmed=overview.unconfirmed)
    text = f"{MARKS[delegation.state]} {line}"
    if len(actions) == 1 and actions[0] is not Action.MORE:
        return [
            section(
                text,
                block_id=f"delegation:{delegation.id}",
                accessory=button(delegation, audience, actions[0], ""),
            )
        ]
    blocks: list[Block] = [section(text)]
    return [*blocks, buttons(delegation, actions, "", audience)] if actions else blocks


def _audience(delegation: Delegation, reader: str) -> Audience:
    if delegation.grantor_id == reader:
        return Audience.GRANTOR
    return Audience.GRANTEE if delegation.grantee_id == reader else Audience.REQUESTER


def _standing(title: str, excerpt: Excerpt[StandingApproval], name: HomeList) -> list[Block]:
    if not excerpt.rows:
        return []
    rows = [_standing_row(each, name) for each in excerpt.rows]
    return [_title(title, excerpt), *rows, *_leafing(name, excerpt)]


def _standing_row(standing: StandingApproval, name: HomeList) -> Block:
    """Only its giver can end it."""
    limits = lists.limits(standing)
    if name is HomeList.TRUSTING:
        return section(f"{mention(standing.grantor_id)}: {limits}")
    question = dialogs.asked(
        "End this standing approval?",
        "Their requests wait for your answer again. What has not begun yet is cancelled, and what "
        "is active goes on until its end.",
    )
    return section(
        f"{mention(standing.grantee_id)}: {limits}",
        block_id=f"standing:{standing.id}",
        accessory=part_button(END_STANDING, "End", standing.id, confirm=question),
    )


def _history(overview: Overview) -> list[Block]:
    if not overview.history and overview.page == 0:
        return []
    title = "History" if overview.page == 0 else f"History, page {overview.page + 1}"
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
    grantor, grantee = party(d.grantor_id, me), party(d.grantee_id, me)
    return f"• {grantee.first} as {grantor.name}, {_when(d)}: {_outcome(d, me)}"


def _when(d: Delegation) -> str:
    over = d.ended_at or d.requested_at
    return stretch(d.active_at, over) if d.active_at else moment(over)


def _outcome(d: Delegation, me: str) -> str:
    match d.state:
        case State.DENIED:
            return f"{party(d.grantor_id, me).first} denied it."
        case State.CANCELLED:
            return f"{words.why_cancelled(d, me)}."
        case State.LAPSED:
            return words.why_lapsed(d, me)
        case State.FAILED:
            return "It could not be set up."
        case _:
            return words.how_it_ended(d, me)


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
