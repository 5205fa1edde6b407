"""Who sits in front of the page: one or two people, each looking at one tab."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sandbox.people import ADA, BEN, PEOPLE, SandboxPerson
from sandbox.slack.workspace import AUDIT, SALES

HOME = "home"
MESSAGES = "messages"
TABS = (MESSAGES, HOME, SALES, AUDIT)
NOBODY = "nobody"
SEATED = tuple(
    person for person in PEOPLE if not (person.is_bot or person.deleted or person.is_stranger)
)

Side = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class Seat:
    """One person at one half of the page; ``tab`` is a word of ours or a channel's id."""

    side: Side
    person: SandboxPerson
    tab: str


@dataclass(frozen=True, slots=True)
class Screen:
    """One seat, or two side by side."""

    seats: tuple[Seat, ...]


def read_screen(query: Mapping[str, str]) -> Screen:
    """The screen that an address asks for; anything unknown becomes the usual."""
    left = _seat("left", query, BEN)
    if query.get("right") == NOBODY or left is None:
        return Screen((left or Seat("left", BEN, MESSAGES),))
    right = _seat("right", query, ADA if left.person is not ADA else BEN)
    return Screen((left, right) if right else (left,))


def person_called(handle: str) -> SandboxPerson | None:
    """Somebody who can sit here."""
    return next((person for person in SEATED if person.handle == handle), None)


def _seat(side: Side, query: Mapping[str, str], usual: SandboxPerson) -> Seat | None:
    person = person_called(query.get(side, usual.handle))
    tab = query.get(f"{side}_tab", MESSAGES)
    return Seat(side, person, tab if tab in TABS else MESSAGES) if person else None
