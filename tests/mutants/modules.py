"""The modules that decide, and the tests that have to notice when one of them is broken.

These are the fast ones that know it, on SQLite: whole scenarios would take minutes for a mutant.
"""

from collections.abc import Mapping, Sequence

_REMOVE = ("tests/integration/test_steps_remove.py", "tests/integration/test_late_creates.py")
_CREATE = ("tests/integration/test_steps_create.py", "tests/integration/test_late_creates.py")
_TIMES = ("tests/unit/times", "tests/unit/test_grammar.py")

MODULES: Mapping[str, Sequence[str]] = {
    "models/policy.py": ("tests/unit/models/test_policy.py",),
    "models/mark.py": ("tests/unit/models/test_mark.py",),
    "models/standing.py": ("tests/unit/models/test_standing.py",),
    "models/delegation.py": ("tests/unit/models/test_delegation.py",),
    "bot/store/due.py": (
        "tests/integration/test_claims.py",
        "--deselect=tests/integration/test_claims.py::test_several_workers_do_everything_once",
    ),
    "bot/delegations/asking.py": (
        "tests/integration/test_asking.py",
        "tests/unit/delegations/test_asking.py",
    ),
    "bot/delegations/deciding.py": (
        "tests/integration/test_deciding.py",
        "tests/integration/test_always_approve.py",
    ),
    "bot/delegations/ending.py": ("tests/integration/test_taking_back.py",),
    "bot/delegations/extending.py": ("tests/integration/test_extending.py",),
    "bot/delegations/standing.py": ("tests/integration/test_always_approve.py",),
    "bot/delegations/steps/create.py": _CREATE,
    "bot/delegations/steps/attempts.py": _CREATE,
    "bot/delegations/steps/recheck.py": _CREATE,
    "bot/delegations/steps/bulk.py": ("tests/integration/test_steps_bulk.py",),
    "bot/delegations/steps/moves.py": (
        "tests/integration/test_steps_waiting.py",
        "tests/integration/test_steps_remove.py",
        "tests/integration/test_moves.py",
    ),
    "bot/delegations/steps/remove.py": _REMOVE,
    "bot/delegations/steps/settle.py": _REMOVE,
    "bot/delegations/steps/held.py": _REMOVE,
    "bot/connections/sessions.py": ("tests/integration/test_refresh.py",),
    "bot/slack/edge.py": ("tests/unit/slack/test_edge.py",),
    "bot/times/saying.py": _TIMES,
}
