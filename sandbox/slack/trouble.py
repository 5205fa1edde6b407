"""Switches that make the sandbox Slack misbehave the way the real one sometimes does."""

import asyncio
from dataclasses import dataclass
from typing import Literal

EVERY_METHOD = "*"

FaultKind = Literal["fail", "rate_limit", "stall", "drop", "page", "late_page"]


@dataclass(slots=True)
class Fault:
    """One planned misbehaviour of a method; ``times`` calls are hit, then it is used up."""

    kind: FaultKind
    method: str
    times: int
    error: str = ""
    status: int = 200
    seconds: float = 0.0
    spared: int = 0

    def hits(self, method: str) -> bool:
        """Whether a call of ``method`` is to be hit."""
        return self.times > 0 and self.method in (method, EVERY_METHOD)


class Trouble:
    """What is going to go wrong, in the order in which it was asked for.

    ``method`` is a Web API method, ``response_url``, or ``*`` for all of them.
    """

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self.is_down = False

    def fail(
        self, method: str, error: str = "fatal_error", times: int = 1, status: int = 200
    ) -> None:
        """Answer ``ok: false`` with ``error`` and do nothing."""
        self._faults.append(Fault("fail", method, times, error=error, status=status))

    def rate_limit(
        self, method: str, retry_after: int = 1, times: int = 1, *, spared: int = 0
    ) -> None:
        """Answer 429 with ``Retry-After`` in seconds and do nothing, once ``spared`` calls of the
        method have passed."""
        fault = Fault("rate_limit", method, times, seconds=retry_after, spared=spared)
        self._faults.append(fault)

    def stall(self, method: str, seconds: float, times: int = 1) -> None:
        """Wait ``seconds`` before doing anything, then answer as usual."""
        self._faults.append(Fault("stall", method, times, seconds=seconds))

    def drop(self, method: str, times: int = 1, *, error: str = "", status: int = 500) -> None:
        """Do the work, then cut the connection; with ``error``, answer that and ``status``."""
        self._faults.append(Fault("drop", method, times, error=error, status=status))

    def garble(
        self, method: str, times: int = 1, *, is_taken: bool = False, json: str = ""
    ) -> None:
        """Answer 200 with a page, or with ``json``, once it is done if it ``is_taken``."""
        kind: FaultKind = "late_page" if is_taken else "page"
        self._faults.append(Fault(kind, method, times, error=json))

    def down(self) -> None:
        """Break every connection until ``up`` is called."""
        self.is_down = True

    def up(self) -> None:
        """End what ``down`` began."""
        self.is_down = False

    def clear(self) -> None:
        """Forget all trouble."""
        self._faults.clear()
        self.up()

    def take(self, method: str) -> Fault | None:
        """Use up and return the fault that hits this call of ``method``, if any."""
        for fault in self._faults:
            if not fault.hits(method):
                continue
            if fault.spared > 0:
                fault.spared -= 1
                continue
            fault.times -= 1
            return fault
        return None


async def wait_out(fault: Fault | None) -> None:
    """Sleep when the fault is a stall."""
    if fault is not None and fault.kind == "stall":
        await asyncio.sleep(fault.seconds)
