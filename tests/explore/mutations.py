"""Seeded faults: each breaks the real code in one place, and the search has to see it.

``where`` is a function or a method, whose source is changed; or a constant, which is replaced.
"""

import importlib
import inspect
import sys
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from tests.explore.scenarios import BY_CLEO
from tests.explore.world import Scenario

STEPS = "bot.delegations.steps."
RUNNING = ("ask", "approve")
SHOWN = ("delegations", "cards")


@dataclass(frozen=True, slots=True)
class Mutation:
    """``old`` becomes ``new`` in the source of ``where``; ``breaks`` says what that would do."""

    breaks: str
    where: str
    old: str
    new: str
    scenario: Scenario

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The code is broken within this."""
        module_name, _, name = self.where.partition(":")
        module = importlib.import_module(module_name)
        owner_name, _, function_name = name.rpartition(".")
        owner = getattr(module, owner_name) if owner_name else module
        before = inspect.getattr_static(owner, function_name)
        after = self._changed(module, before)
        with ExitStack() as stack:
            stack.enter_context(patch.object(owner, function_name, after))
            for each in list(sys.modules.values()):
                is_ours = getattr(each, "__name__", "").startswith(("bot.", "models."))
                if not owner_name and is_ours and vars(each).get(function_name) is before:
                    stack.enter_context(patch.object(each, function_name, after))
            yield

    def _changed(self, module: Any, before: Any) -> Any:
        source = textwrap.dedent(inspect.getsource(before))
        if source.count(self.old) != 1:
            raise ValueError(f"{self.where} has no such place: {self.old}")
        made: dict[str, Any] = {}
        code = compile(source.replace(self.old, self.new), self.where, "exec", dont_inherit=True)
        exec(code, vars(module), made)  # noqa: S102 - our own source, changed in one place
        return next(iter(made.values()))


MUTATIONS = (
    Mutation(
        "a click counts, whatever its reader saw",
        "bot.desk:check_seen",
        "if seen != mark_of(subject, beside):",
        "if False:",
        Scenario("mark", {"approve an old screen": 1}, first=("ask",)),
    ),
    Mutation(
        "the second yes is not asked for before the right is set up",
        "bot.delegations.deciding:approved",
        "if ruled.second is not None:",
        "if False:",
        Scenario("alone", {"approve": 1}, first=("ask",), rules=(BY_CLEO,)),
    ),
    Mutation(
        "what cannot be seen of an unclear create is believed never to come",
        STEPS + "attempts:is_on_its_way",
        "return delegation.is_unanswered and until is not None and until > now",
        "return False",
        Scenario("gone at once", {"approve": 1, "revoke": 1}, faults=1, first=("ask",)),
    ),
    Mutation(
        "an attempt is not written down before Close is asked",
        STEPS + "attempts:_write",
        "store.delegations.apply(current, Event.ATTEMPT, now=now, **changes)",
        "__import__('dataclasses').replace(current, **changes)",
        Scenario("unwritten", {"approve": 1, "revoke": 1}, crashes=1, first=("ask",)),
    ),
    Mutation(
        "more time is given although the end has come",
        "bot.delegations.extending:_only_running",
        "if delegation.has_run_out(now):",
        "if False:",
        Scenario("too late", {"extend": 1}, pauses=1, first=RUNNING),
    ),
    Mutation(
        "an association that somebody made meanwhile is taken for ours",
        STEPS + "attempts:_activate",
        "can_be_ours = made.is_answer or current.is_unanswered",
        "can_be_ours = True",
        Scenario(
            "refused", {"approve": 1}, faults=1, pauses=1, by_hand=1, has_twins=True, first=("ask",)
        ),
    ),
    Mutation(
        "what was made twice is looked for, although both are known",
        STEPS + "settle:_surplus",
        "if delegation.surplus_id is not None:",
        "if False:",
        Scenario("made twice", {"approve": 1}, faults=1, pauses=1, has_twins=True, first=("ask",)),
    ),
    Mutation(
        "what else Close holds of the two is taken for ours, whoever was asked about it",
        STEPS + "remove:_look_for_more",
        "late = await held.unexplained(tools, over, others) if over.is_unanswered else []",
        "late = others",
        Scenario("not ours", {"revoke": 1}, faults=1, by_hand=1, has_twins=True, first=RUNNING),
    ),
    Mutation(
        "a delete that was not answered counts as done",
        STEPS + "held:deleted",
        "if await _is_seen(tools, session, association_id, grantor, grantee):",
        "if False:",
        Scenario("not deleted", {"revoke": 1}, faults=2, first=RUNNING),
    ),
    Mutation(
        "what Close does not show counts as deleted, however new it is",
        STEPS + "held:deleted",
        "        return False\n    return True",
        "        return True\n    return True",
        Scenario("too new", {"revoke": 1}, faults=3, first=RUNNING),
    ),
    Mutation(
        "who disconnects forgets what runs",
        "bot.store.delegations:Delegations.end_with_connection",
        "for each in self._served(team_id, grantor_id, *SERVED_STATES):",
        "for each in []:",
        Scenario("forgotten", {"disconnect": 1}, first=RUNNING),
    ),
    Mutation(
        "who was paused overrules what happened meanwhile",
        STEPS + "moves:moved_on",
        "current.version == row.version",
        "True",
        Scenario("overruled", {"revoke": 1}, first=RUNNING),
    ),
    Mutation(
        "what was approved is not due",
        "models.delegation:default_wake",
        "case State.APPROVED | State.ENDING:\n            return now",
        "case State.APPROVED | State.ENDING:\n            return None",
        Scenario("never due", {"approve": 1}, first=("ask",)),
    ),
    Mutation(
        "what Close was asked for is cancelled, not ended",
        "bot.delegations.ending:_ends_by",
        "or delegation.attempted_at is not None",
        "",
        Scenario("cancelled", {"approve": 1, "revoke": 1}, first=("ask",)),
    ),
    Mutation(
        "a create that was not answered had no effect",
        STEPS + "create:_asked_for",
        "return await _made_unseen(tools, session, attempt, unclear)",
        "await attempts.had_no_effect(tools, [attempt]); raise",
        Scenario("no effect", {"approve": 1, "revoke": 1}, faults=1, first=("ask",)),
    ),
    Mutation(
        "that an attempt before may still take effect is forgotten by the next",
        STEPS + "attempts:_changes",
        '"is_unclear": is_on_its_way(current, now),',
        '"is_unclear": False,',
        Scenario("unclear", {"approve": 1}, faults=1, has_twins=True, first=("ask",)),
    ),
    Mutation(
        "more time is promised and not written down",
        "bot.delegations.prolonging:extended",
        "ends_at=ends_at,\n        length",
        "length",
        Scenario("not longer", {"extend": 1}, first=RUNNING),
    ),
    Mutation(
        "nobody looks whether the time is up",
        "models.delegation:Delegation.has_run_out",
        "return self.state is State.ACTIVE and self.ends_at is not None and self.ends_at <= now",
        "return False",
        Scenario("no end", {}, first=RUNNING),
    ),
    Mutation(
        "what waits for a connection is not woken by it",
        "bot.store.delegations:Delegations.wake_for_person",
        "wake_at=now, attempts=0",
        "attempts=0",
        Scenario("not woken", {"connect": 1}, is_connected=False, first=RUNNING),
    ),
    Mutation(
        "who leaves keeps what they have",
        "bot.delegations.people.departures:_ends_with",
        "return who in (d.grantor_id, d.grantee_id) or d.state is State.REQUESTED",
        "return d.state is State.REQUESTED",
        Scenario("kept", {"Ben leaves": 1}, first=RUNNING),
    ),
    Mutation(
        "a second right is made while the withdrawal of the first may still arrive",
        STEPS + "attempts:_too_early",
        "if of_others is not None and of_others > now:",
        "if False:",
        Scenario(
            "withdrawn late", {"revoke all": 1, "grant both": 1}, faults=1, first=("grant both",)
        ),
    ),
    Mutation(
        "a card is not shown anew",
        "bot.store.cards:Cards.mark_stale",
        '"due_at": now,',
        '"due_at": None,',
        Scenario("stale", {"revoke": 1}, first=RUNNING, workers=SHOWN),
    ),
    Mutation(
        "a card that waits forgets that it may be there already",
        "bot.projections.cards:CardStep._waits",
        "attempts=card.attempts - 1",
        "attempts=0",
        Scenario(
            "posted twice",
            {"ask": 1, "approve": 1},
            faults=1,
            pauses=1,
            processes=1,
            workers=SHOWN,
        ),
    ),
)
