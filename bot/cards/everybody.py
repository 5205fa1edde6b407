"""What admins see of everybody: their App Home of it, and what is open of one person.

No mail is shown here, nor what was sent: an admin sees who may speak in whose name, and why.
"""

from collections.abc import Sequence
from datetime import datetime

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    PlainTextObject,
    UserSelectElement,
)
from slack_sdk.models.views import View

from bot.cards import digest, lists
from bot.cards.delegations import MARKS
from bot.cards.homes import EVERYBODY, WITH_PERSON
from bot.cards.markup import mention, moment, quoted_name
from bot.cards.parts import button, context, header, section
from bot.cards.pronouns import party
from bot.slack.message import Message
from models.delegation import Delegation, State
from models.home import Place
from models.overview import Counts, Everybodys, Rights, Slice
from models.standing import StandingApproval
from models.stray import Stray

MOST_ROWS = 20  # of a page: with everything around them they stay below 100 blocks
MOST_LINES = 10  # of what stands beside them
END_RIGHT, END_ALL = "end_right", "end_all_of"
OWN_RIGHTS = "own_rights"
EARLIER, FURTHER = "everybody_earlier", "everybody_further"
WHO_BACK, WHO_MORE = "who_back", "who_more"
IN_CLOSE = "set up in Close itself, without an end"
NOT_OVER = (State.REQUESTED, State.APPROVED, State.ACTIVE)


def everybody_view(seen: Everybodys, *, now: datetime) -> View:
    """An admin's App Home with everybody's rights."""
    blocks: list[Block] = [
        header("Everybody's rights"),
        section(_counted(seen.counts)),
        *_search(seen),
        *_incidents(seen),
        *_about(seen.about),
        *_rights(seen),
        context("As an admin you can end rights, but not give, extend or use any."),
        context(f"As of {moment(now)}. Changes show here within some seconds."),
    ]
    return View(type="home", callback_id="home", blocks=blocks)


def _counted(counts: Counts) -> str:
    forever = f" ({counts.until_revoked} until revoked)" if counts.until_revoked else ""
    kinds = [
        (counts.waiting, "waiting for an answer"),
        (counts.being_set_up, "approved and not yet active"),
        (counts.not_removed, "over but not removed"),
        (counts.by_word, "ended by an admin's word"),
    ]
    said = [f"*{counts.active} active*{forever}"]
    said += [f"{number} {what}" for number, what in kinds if number]
    if counts.dead_connections:
        one = counts.dead_connections == 1
        works = "connection that no longer works" if one else "connections that no longer work"
        said.append(f"{counts.dead_connections} {works}")
    return " · ".join(said)


def _search(seen: Everybodys) -> list[Block]:
    find = UserSelectElement(
        action_id=WITH_PERSON,
        placeholder=PlainTextObject(text="Find a person…", emoji=False),
        initial_user=seen.with_person,
    )
    own = button(OWN_RIGHTS, "Back to my own", "home")
    who = seen.with_person
    if who is None:
        return [ActionsBlock(block_id="everybody", elements=[find, own])]
    everybody = button(EVERYBODY, "Show everybody", "home")
    ends = button(END_ALL, "End all of theirs…", who)
    return [ActionsBlock(block_id=f"everybody:{who}", elements=[find, everybody, own, ends])]


def _incidents(seen: Everybodys) -> list[Block]:
    blocks: list[Block] = []
    if seen.leftovers:
        blocks.append(header("Over, but not removed in Close"))
        blocks += digest.leftovers(seen.leftovers, seen.gone, seen.admin_id, most=MOST_LINES)
    if seen.disconnected:
        blocks.append(context(digest.disconnected(seen.disconnected, seen.admin_id)))
    return blocks


def _about(about: Rights | None) -> list[Block]:
    """What there is of the person whom an admin looks for, beside the delegations."""
    if about is None:
        return []
    found = [*_standing(about, None), *_strays(about.strays, None)]
    lines = [_account(about, None), *found[:MOST_LINES]]
    if (more := len(found) - MOST_LINES) > 0:
        everything = f"`/sendas who {mention(about.person_id)}` shows everything."
        lines.append(f"… and {more} more: {everything}")
    return [section("\n".join(lines))]


def _rights(seen: Everybodys) -> list[Block]:
    who = seen.with_person
    blocks: list[Block] = [header("Open rights and requests" if who is None else "Theirs")]
    blocks += [_row(each) for each in seen.rights.rows]
    if not seen.rights.rows:
        blocks.append(context("Nothing is open."))
    turns = _turns(seen.rights)
    return [*blocks, ActionsBlock(block_id="everybody:turn", elements=turns)] if turns else blocks


def _row(d: Delegation) -> Block:
    text = f"{MARKS[d.state]} {lists.line(d, '')}"
    if d.state not in NOT_OVER:
        return section(text)
    ends = button(END_RIGHT, "End", d.id)
    return section(text, block_id=f"right:{d.id}", accessory=ends)


def _turns(rights: Slice) -> list[ButtonElement]:
    turns: list[tuple[str, str, Place | None]] = [
        (EARLIER, "Back", rights.before),
        (FURTHER, "More", rights.after),
    ]
    return [button(action, label, to.said) for action, label, to in turns if to is not None]


def who(rights: Rights, reader: str, page: int = 0) -> str | Message:
    """The answer to ``/sendas who``: who can send as somebody, and as whom they can send."""
    person = party(rights.person_id, reader)
    entries = [
        lists.Entry(f"*Who can send as {person.name}*", line) for line in _given(rights, reader)
    ]
    can_send = f"*{person.first} can send as*"
    entries += [lists.Entry(can_send, line) for line in _received(rights, reader)]
    entries += [
        lists.Entry("*Waiting for an answer, or not yet active*", lists.line(each, ""))
        for each in rights.delegations
        if each.state in (State.REQUESTED, State.APPROVED)
    ]
    entries += [lists.Entry("*Standing approvals*", line) for line in _standing(rights, reader)]
    about = _account(rights, reader)
    if not entries:
        nobody = f"Nobody can send as {person.name}, and {person.they} can send as nobody."
        return f"{nobody}\n{about}"
    return lists.leafed(
        entries, page, turns=(WHO_BACK, WHO_MORE), about=rights.person_id, below=about
    )


def _given(rights: Rights, reader: str) -> list[str]:
    me = rights.person_id
    given = [each for each in _held(rights) if each.grantor_id == me]
    found = [each for each in rights.strays if each.grantor_id == me]
    lines = [f"{_grantee(each, reader)}: {IN_CLOSE}" for each in found]
    return [*(lists.line(each, me) for each in given), *lines]


def _received(rights: Rights, reader: str) -> list[str]:
    me = rights.person_id
    received = [each for each in _held(rights) if each.grantee_id == me]
    found = [each for each in rights.strays if each.grantor_id != me]
    lines = [f"{party(each.grantor_id, reader).first}: {IN_CLOSE}" for each in found]
    return [*(lists.line(each, me) for each in received), *lines]


def _held(rights: Rights) -> list[Delegation]:
    """What Close holds, as far as is known."""
    return [each for each in rights.delegations if each.state in (State.ACTIVE, State.ENDING)]


def _standing(rights: Rights, reader: str | None) -> list[str]:
    return [_always(each, reader) for each in rights.standing]


def _always(standing: StandingApproval, reader: str | None) -> str:
    grantor, grantee = party(standing.grantor_id, reader), party(standing.grantee_id, reader)
    says = f"{grantor.first} always approve{grantor.s} {grantee.name}"
    return f"{says}: {lists.limits(standing)}"


def _strays(found: Sequence[Stray], reader: str | None) -> list[str]:
    return [
        f"{_grantee(each, reader)} as {party(each.grantor_id, reader).name}: {IN_CLOSE}"
        for each in found
    ]


def _grantee(stray: Stray, reader: str | None) -> str:
    if stray.grantee_id is not None:
        return party(stray.grantee_id, reader).first
    return quoted_name(stray.grantee_name or stray.grantee_email) or "Somebody I don't know"


def _account(rights: Rights, reader: str | None) -> str:
    """How much of it is known: what was set up by hand is only seen with their connection."""
    person = party(rights.person_id, reader)
    match rights.is_connected:
        case True:
            return f"{person.first_whose} Close account is connected."
        case False:
            return (
                f"{person.first_whose} connection to Close no longer works, so what {person.they} "
                "gave can't be taken away until it does."
            )
        case None:
            return (
                f"{person.first_whose} Close account is not connected: what {person.they} set up "
                "in Close itself is not known here."
            )
