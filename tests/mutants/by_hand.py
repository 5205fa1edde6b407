"""Eight mutants that somebody thought of: each would break a promise, and has to be noticed.

They are larger than what a tool makes: a rule is left out, not a sign turned round.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ByHand:
    """``was``, which is once in the module, becomes ``becomes``; ``test`` has to fail."""

    promise: str
    module: str
    was: str
    becomes: str
    test: str


_INTEGRATION = "tests/integration"
BY_HAND = (
    ByHand(
        "leases are prolonged while a step takes its time",
        "bot/store/due.py",
        ".where(columns.id.in_(select(free.c.id)))",
        ".where(columns.id.in_(()))",
        f"{_INTEGRATION}/test_claims.py::test_a_lease_is_prolonged_only_while_it_is_held[sqlite]",
    ),
    ByHand(
        "gone is not believed while an unclear create may still arrive",
        "bot/delegations/steps/attempts.py",
        "return delegation.is_unanswered and until is not None and until > now",
        "return False",
        f"{_INTEGRATION}/test_late_creates.py::test_what_arrives_late_is_taken_away[sqlite]",
    ),
    ByHand(
        "nothing is extended after its end",
        "bot/delegations/extending.py",
        "if delegation.has_run_out(now):",
        "if False:",
        f"{_INTEGRATION}/test_extending.py::test_not_after_the_end[sqlite-by_answer]",
    ),
    ByHand(
        "what is leased is nobody else's",
        "bot/store/due.py",
        "return or_(leased_until.is_(None), leased_until <= _clock(dialect, timedelta()))",
        "return true()",
        f"{_INTEGRATION}/test_claims.py::test_a_lease_that_ran_out_is_claimed_again[sqlite]",
    ),
    ByHand(
        "a click counts for what its reader saw",
        "bot/desk.py",
        "if seen != mark_of(subject, beside):",
        "if not seen:",
        f"{_INTEGRATION}/test_deciding.py::test_who_may_answer[approves-sqlite]",
    ),
    ByHand(
        "who was overtaken does not overrule what was decided meanwhile",
        "bot/delegations/steps/moves.py",
        "if current is not None and current.version == row.version:",
        "if current is not None:",
        f"{_INTEGRATION}/test_steps_remove.py::test_prolonged_in_the_last_second[sqlite]",
    ),
    ByHand(
        "an end is said only when Close has confirmed it",
        "bot/delegations/steps/held.py",
        "if await _is_seen(tools, session, association_id, grantor, grantee):",
        "if False:",
        f"{_INTEGRATION}/test_steps_remove.py::test_seen_in_the_list_alone[sqlite]",
    ),
    ByHand(
        "what existed before us is not ours",
        "bot/delegations/steps/create.py",
        "    if there:\n        await _is_taken(tools, delegation, there)\n        return None\n",
        "",
        f"{_INTEGRATION}/test_steps_create.py::test_it_existed_before[sqlite]",
    ),
)
