"""Switches that make the sandbox Close misbehave, and its rate limits."""

import asyncio
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from fnmatch import fnmatch


class HeaderForm(Enum):
    """The forms in which a limit is told (close.md §6)."""

    COMMA = auto()
    SEMICOLON = auto()
    RETRY_AFTER_ONLY = auto()
    BODY_ONLY = auto()


class After(Enum):
    """What happens to the answer once Close has acted."""

    CUT = auto()
    GARBAGE = auto()
    TRUNCATED = auto()
    SLOW_BODY = auto()


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer in one piece."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Held:
    """A call that waits before it is acted on: from when it has ``arrived`` until ``let_go``."""

    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Fault:
    """One planned misbehaviour; it is used up after ``times`` requests."""

    pattern: str
    times: int
    reply: Reply | None = None
    after: After | None = None
    seconds: float = 0.0
    held: Held | None = None

    def hits(self, method: str, path: str) -> bool:
        """Return whether this request is to be hit."""
        short = path.removeprefix("/api/v1")
        names = (path, short, f"{method} {path}", f"{method} {short}")
        return self.times > 0 and any(fnmatch(name, self.pattern) for name in names)


class Bucket:
    """A token bucket: ``rate`` requests per second, ``rate`` at once after a pause."""

    def __init__(self, rate: float, monotonic: Callable[[], float]) -> None:
        self.rate = rate
        self._monotonic = monotonic
        self._tokens = rate
        self._seen = monotonic()

    @property
    def left(self) -> int:
        """Return how many may be taken now."""
        now = self._monotonic()
        self._tokens = min(self.rate, self._tokens + (now - self._seen) * self.rate)
        self._seen = now
        return int(self._tokens)

    def take(self) -> None:
        """Take one token."""
        self._tokens -= 1

    @property
    def reset(self) -> float:
        """Return the seconds until it is full."""
        return (self.rate - self._tokens) / self.rate

    def headers(self) -> dict[str, str]:
        """Return the present state as Close's headers."""
        return limit_headers(int(self.rate), int(self._tokens), self.reset)


class Limits:
    """What a whole organization may ask in a second, and each of its credentials."""

    def __init__(self, rate: float, each: float, monotonic: Callable[[], float]) -> None:
        self._organization = Bucket(rate, monotonic)
        self._each = each
        self._monotonic = monotonic
        self._credentials: dict[str, Bucket] = {}

    def take(self, credential: str) -> tuple[bool, Bucket]:
        """Return whether a request is let through, and the limit that is closest to being hit."""
        own = self._credentials.setdefault(credential, Bucket(self._each, self._monotonic))
        buckets = (own, self._organization)
        is_allowed = all(each.left >= 1 for each in buckets)
        if is_allowed:
            for each in buckets:
                each.take()
        return is_allowed, min(buckets, key=lambda each: each.left)


def limit_headers(
    limit: int, remaining: int, reset: float, form: HeaderForm = HeaderForm.COMMA
) -> dict[str, str]:
    """Return the rate-limit headers in one of their forms; ``reset`` is in seconds."""
    parts = [f"limit={limit}", f"remaining={remaining}", f"reset={reset:.3f}"]
    if form is HeaderForm.COMMA:
        return {"ratelimit": ", ".join(parts)}
    if form is HeaderForm.SEMICOLON:
        return {
            "ratelimit": "; ".join(parts),
            "ratelimit-limit": str(limit),
            "ratelimit-remaining": str(remaining),
            "ratelimit-reset": f"{reset:.3f}",
        }
    return {}


def too_many(reset: float, form: HeaderForm, limit: int = 20) -> Reply:
    """Return a 429 that names ``reset`` seconds in the given form."""
    headers = {"content-type": "application/json", **limit_headers(limit, 0, reset, form)}
    if form is not HeaderForm.BODY_ONLY:
        headers["retry-after"] = str(math.ceil(reset))
    error: object = "Too many requests."
    if form is HeaderForm.BODY_ONLY:
        error = {"message": "API call count exceeded for this endpoint group", "rate_reset": reset}
    return Reply(429, headers, json.dumps({"error": error}).encode())


class Trouble:
    """What is going to go wrong, first come first served.

    A pattern is a path with or without ``/api/v1``, with ``*`` for any text, and may start with a
    method: ``"*"``, ``"/send_as/"``, ``"DELETE /send_as/*"``, ``"/oauth2/token/"``.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.is_down = False
        self.limits: Limits | None = None
        self._faults: list[Fault] = []
        self._monotonic = monotonic

    def fail(
        self,
        pattern: str,
        status: int,
        times: int = 1,
        *,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        """Answer ``status`` without acting."""
        sent = json.dumps({"error": "The sandbox fails."}).encode() if body is None else body
        reply = Reply(status, {"content-type": "application/json", **(headers or {})}, sent)
        self._faults.append(Fault(pattern, times, reply=reply))

    def html(self, pattern: str, status: int = 502, times: int = 1) -> None:
        """Answer an HTML error page without acting, as a proxy before Close would."""
        page = b"<!doctype html><title>Bad gateway</title><h1>Bad gateway</h1>"
        reply = Reply(status, {"content-type": "text/html"}, page)
        self._faults.append(Fault(pattern, times, reply=reply))

    def rate_limit(
        self,
        pattern: str = "*",
        *,
        reset: float = 1.0,
        form: HeaderForm = HeaderForm.COMMA,
        times: int = 1,
    ) -> None:
        """Answer 429 without acting and name ``reset`` seconds in the given form."""
        self._faults.append(Fault(pattern, times, reply=too_many(reset, form)))

    def stall(self, pattern: str, seconds: float, times: int = 1) -> None:
        """Wait before acting, then answer as usual."""
        self._faults.append(Fault(pattern, times, seconds=seconds))

    def hold(self, pattern: str) -> Held:
        """Keep one call waiting before it is acted on, until the one who asked lets it go."""
        held = Held()
        self._faults.append(Fault(pattern, times=1, held=held))
        return held

    def after(self, pattern: str, what: After, times: int = 1, *, seconds: float = 0.0) -> None:
        """Act, then spoil the answer."""
        self._faults.append(Fault(pattern, times, after=what, seconds=seconds))

    def drop(self, pattern: str, times: int = 1) -> None:
        """Act, then cut the connection without an answer."""
        self.after(pattern, After.CUT, times)

    def limit_per_second(self, rate: float | None, *, each: float | None = None) -> None:
        """Allow ``rate`` requests a second for the whole organization, and ``each`` for one of its
        credentials, else as many; None ends it. Whatever there was before is forgotten."""
        self.limits = None if rate is None else Limits(rate, each or rate, self._monotonic)

    def down(self) -> None:
        """Break every connection until ``up``."""
        self.is_down = True

    def up(self) -> None:
        """End what ``down`` began."""
        self.is_down = False

    def clear(self) -> None:
        """Forget all trouble."""
        self._faults.clear()
        self.limits = None
        self.up()

    def take(self, method: str, path: str) -> Fault | None:
        """Use up and return the fault that hits this request, if any."""
        for fault in self._faults:
            if fault.hits(method, path):
                fault.times -= 1
                return fault
        return None


async def wait_out(fault: Fault) -> None:
    """Sleep when the fault is a stall; wait when it is held."""
    if fault.held is not None:
        fault.held.arrived.set()
        await fault.held.let_go.wait()
    if fault.after is None and fault.seconds:
        await asyncio.sleep(fault.seconds)
