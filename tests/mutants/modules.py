"""The modules that decide, and the tests that have to notice when one of them is broken.

These are the fast ones that know it, on SQLite: whole scenarios would take minutes for a mutant.
"""

from collections.abc import Mapping, Sequence

_TWICE = ("tests/integration/test_late_creates.py", "tests/integration/test_stale_copies.py")
_REMOVE = ("tests/integration/test_steps_remove.py", *_TWICE)
_CREATE = ("tests/integration/test_steps_create.py", *_TWICE)
_TIMES = (
    "tests/mutants/phrases_at_once.py",
    "tests/unit/times/test_choices.py",
    "tests/unit/times/test_days.py",
    "tests/unit/times/test_impossible.py",
    "tests/unit/times/test_foreign.py",
    "tests/unit/times/test_forms.py",
    "tests/unit/times/test_hours.py",
    "tests/unit/times/test_leftovers.py",
    "tests/unit/times/test_lengths.py",
    "tests/unit/times/test_moments.py",
    "tests/unit/times/test_numbers.py",
    "tests/unit/times/test_places.py",
    "tests/unit/times/test_plain.py",
    "tests/unit/times/test_reading.py",
    "tests/unit/times/test_saying.py",
    "tests/unit/times/test_splitting.py",
    "tests/unit/times/test_tokens.py",
    "tests/unit/times/test_vocabulary.py",
    *("-m", "not hypothesis"),
)
_PHRASES = "tests/unit/times/test_phrases.py"
_AT_ONCE = (
    "test_phrase",
    "test_phrase_in_a_form",
    "test_phrase_before_a_reason",
    "test_refused_before_a_reason",
    "test_an_ordinary_reason_is_no_time",
)
# What hypothesis comes upon may be a fault without any mutant: it would count as noticed.
_TIMES_THEN = (
    _PHRASES,
    *(f"--deselect={_PHRASES}::{name}" for name in _AT_ONCE),
    *("tests/unit/test_grammar.py", "-m", "not hypothesis"),
)
_TIMES_OF = (
    "choices",
    "days",
    "foreign",
    "forms",
    "hours",
    "impossible",
    "leftovers",
    "lengths",
    "moments",
    "numbers",
    "places",
    "plain",
    "reading",
    "saying",
    "span",
    "splitting",
    "tokens",
    "vocabulary",
)

MODULES: Mapping[str, Sequence[str]] = {
    "models/policy.py": ("tests/unit/models/test_policy.py",),
    "models/mark.py": ("tests/unit/models/test_mark.py",),
    "models/standing.py": ("tests/unit/models/test_standing.py",),
    "models/delegation.py": ("tests/unit/models/test_delegation.py",),
    "bot/store/due.py": (
        "tests/integration/test_claims.py",
        "--deselect=tests/integration/test_claims.py::test_several_workers_do_everything_once",
    ),
    "bot/delegations/admins.py": ("tests/integration/test_admins.py",),
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
    "bot/delegations/second_yes.py": ("tests/integration/test_second_yes.py",),
    "bot/delegations/confirming.py": ("tests/integration/test_confirming.py",),
    "bot/delegations/prolonging.py": (
        "tests/integration/test_extending.py",
        "tests/integration/test_second_yes.py",
    ),
    "bot/delegations/tools.py": ("tests/integration/test_second_yes.py",),
    "bot/delegations/steps/second_yes.py": ("tests/integration/test_second_yes.py",),
    "bot/delegations/steps/ruling.py": ("tests/integration/test_second_yes.py",),
    "bot/delegations/steps/create.py": _CREATE,
    "bot/delegations/steps/attempts.py": _CREATE,
    "bot/delegations/steps/recheck.py": ("tests/integration/test_steps_recheck.py",),
    "bot/delegations/steps/bulk.py": ("tests/integration/test_steps_bulk.py",),
    "bot/delegations/steps/moves.py": (
        "tests/integration/test_steps_waiting.py",
        "tests/integration/test_steps_remove.py",
        "tests/integration/test_moves.py",
    ),
    "bot/delegations/steps/remove.py": _REMOVE,
    "bot/delegations/steps/settle.py": _REMOVE,
    "bot/delegations/steps/held.py": (*_REMOVE, "tests/integration/test_steps_bulk.py"),
    "bot/connections/sessions.py": ("tests/integration/test_sessions.py",),
    "bot/slack/edge.py": ("tests/unit/slack/test_edge.py",),
    "bot/delegations/steps/advance.py": (
        "tests/integration/test_advance.py",
        "tests/integration/test_nothing_to_do.py",
    ),
    "bot/delegations/steps/count.py": (
        "tests/integration/test_steps_count.py",
        "tests/integration/test_receipts_wait.py",
        "tests/integration/test_advance.py",
    ),
    "bot/delegations/steps/identify.py": ("tests/integration/test_advance.py",),
    "bot/delegations/accounts.py": ("tests/integration/test_accounts.py", *_CREATE),
    "bot/delegations/drafts.py": ("tests/integration/test_drafts.py",),
    "bot/delegations/finding.py": ("tests/integration/test_finding.py",),
    "bot/delegations/homes.py": ("tests/integration/test_homes.py",),
    "bot/delegations/invitations.py": ("tests/integration/test_invitations.py",),
    "bot/delegations/members.py": ("tests/unit/delegations/test_members.py",),
    "bot/delegations/nudging.py": ("tests/integration/test_nudging.py",),
    "bot/delegations/receipts.py": ("tests/integration/test_receipts.py",),
    "bot/delegations/rewriting.py": ("tests/integration/test_rewriting.py",),
    "bot/delegations/uninstalling.py": ("tests/scenarios/test_uninstalling.py",),
    "bot/delegations/understanding.py": ("tests/integration/test_understanding.py",),
    "bot/delegations/wishes.py": ("tests/integration/test_wishes.py",),
    **{f"bot/times/{name}.py": _TIMES for name in _TIMES_OF},
}

# Whom a mutant that lived meets besides, before it counts as living.
THEN: Mapping[str, Sequence[str]] = {
    "bot/connections/sessions.py": ("-k", "not postgresql", "tests/integration/test_refresh.py"),
    "bot/store/due.py": ("-k", "postgresql", *MODULES["bot/store/due.py"]),
    **{f"bot/times/{name}.py": _TIMES_THEN for name in _TIMES_OF},
}

# Those of which every mutant has met its tests: each was noticed, or has a reason. The others are
# run by name only, until they are judged, too.
JUDGED = (
    "models/policy.py",
    "models/mark.py",
    "models/standing.py",
    "models/delegation.py",
    "bot/store/due.py",
    "bot/delegations/asking.py",
    "bot/delegations/deciding.py",
    "bot/delegations/ending.py",
    "bot/delegations/extending.py",
    "bot/delegations/standing.py",
    "bot/delegations/understanding.py",
    "bot/delegations/accounts.py",
    "bot/delegations/rewriting.py",
    "bot/delegations/drafts.py",
    "bot/delegations/wishes.py",
    "bot/delegations/finding.py",
    "bot/delegations/receipts.py",
    "bot/delegations/homes.py",
    "bot/delegations/nudging.py",
    "bot/delegations/members.py",
    "bot/delegations/steps/advance.py",
    "bot/delegations/steps/create.py",
    "bot/delegations/steps/attempts.py",
    "bot/delegations/steps/bulk.py",
    "bot/delegations/steps/count.py",
    "bot/delegations/steps/held.py",
    "bot/delegations/steps/identify.py",
    "bot/delegations/steps/moves.py",
    "bot/delegations/steps/recheck.py",
    "bot/delegations/steps/remove.py",
    "bot/delegations/steps/settle.py",
    "bot/connections/sessions.py",
    "bot/slack/edge.py",
    "bot/times/choices.py",
    "bot/times/days.py",
    "bot/times/foreign.py",
    "bot/times/forms.py",
    "bot/times/hours.py",
    "bot/times/lengths.py",
    "bot/times/impossible.py",
    "bot/times/leftovers.py",
    "bot/times/moments.py",
    "bot/times/numbers.py",
    "bot/times/places.py",
    "bot/times/plain.py",
    "bot/times/reading.py",
    "bot/times/saying.py",
    "bot/times/span.py",
    "bot/times/splitting.py",
    "bot/times/tokens.py",
    "bot/times/vocabulary.py",
)
