"""Tells a story in the terminal: who did what, what Slack showed, which call Close received."""

import os
import re
import textwrap
import time
from collections.abc import Sequence
from typing import TextIO

from sandbox.close.state import RecordedCall
from sandbox.people import PEOPLE, SandboxPerson

WIDTH = 88
_NAMES = {person.close_user_id: person.name for person in PEOPLE if person.close_user_id}
_BOLD_MARKS = re.compile(r"\*(\S[^*\n]*)\*")
_BOLD, _DIM, _GREEN, _CYAN, _YELLOW, _RED = "1", "2", "32", "36", "33", "31"


class Narrator:
    """Writes to ``stream``; in colour only where a person watches (and NO_COLOR is not set)."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._has_colour = stream.isatty() and "NO_COLOR" not in os.environ
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long the story has been told so far."""
        return time.monotonic() - self._began

    def title(self, text: str, *lines: str) -> None:
        """The head of the story."""
        self._say(self._paint(text, _BOLD), *(self._paint(line, _DIM) for line in lines))

    def chapter(self, text: str) -> None:
        """A new part."""
        rule = "─" * max(WIDTH - len(text) - 4, 0)
        self._say("", self._paint(f"── {text} {rule}", _BOLD))

    def step(self, who: str, did: str) -> None:
        """Something that a person did, at this moment of the story."""
        moment = self._paint(f"{self.seconds:6.1f} s", _DIM)
        self._say("", f"{moment}  {self._paint(who, _BOLD, _CYAN)} {did}")

    def slack_shows(self, person: SandboxPerson, text: str, kind: str = "") -> None:
        """A message as this person reads it now."""
        note = self._paint(f" ({kind})", _DIM) if kind else ""
        self._happened(f"Slack shows {person.name}{note}", _GREEN)
        for line in _BOLD_MARKS.sub(r"\1", text).splitlines():
            for part in textwrap.wrap(line, WIDTH - 15) or [""]:
                self._say(f"{'':11}{self._paint('│', _DIM)} {part}")

    def close_received(self, calls: Sequence[RecordedCall]) -> None:
        """Calls in the order in which Close got them."""
        for call in calls:
            status = "no answer" if call.status is None else str(call.status)
            by = _NAMES.get(call.caller or "", "the app")
            short = f"{call.method} {_shortened(call.path)} → {status}"
            self._happened(f"Close received {short}" + self._paint(f"  as {by}", _DIM), _YELLOW)

    def browser_shows(self, title: str) -> None:
        """A page."""
        self._happened(f"The browser shows “{title}”", _GREEN)

    def fact(self, text: str) -> None:
        """Something that was looked up and is so."""
        self._happened(text, _YELLOW)

    def end(self, *lines: str) -> None:
        """The last words of a story that went well."""
        self._say("", *(self._paint(line, _BOLD, _GREEN) for line in lines))

    def failure(self, step: str, problem: str, log: str) -> None:
        """What did not happen, and what the bot wrote."""
        self._say("", self._paint(f"The story broke at: {step}", _BOLD, _RED), problem)
        self._say("", self._paint("The end of the bot's log:", _BOLD), log)

    def _happened(self, text: str, colour: str) -> None:
        self._say(f"{'':10} {self._paint('•', colour)} {text}")

    def _say(self, *lines: str) -> None:
        for line in lines:
            print(line, file=self._stream, flush=True)

    def _paint(self, text: str, *codes: str) -> str:
        return f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if self._has_colour else text


def _shortened(path: str) -> str:
    """A path with ids short enough to read."""
    parts = path.split("/")
    return "/".join(part if len(part) <= 14 else f"{part[:12]}…" for part in parts)
