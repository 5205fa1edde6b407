"""Whose delegations: conditions by which both databases find a few rows among very many.

Each is answered by an index of its own (``models/delegation.py``); where a person can have one of
several parts, by one for each part, which no database does by itself.
"""

from sqlalchemy import ColumnElement, Subquery, literal_column, select, union_all

from models.delegation import BY_WORD, HELD, OPEN, OVER, RECEIPT_DUE, UNSEEN, delegations

_columns = delegations.c
Text = str | ColumnElement[str]  # or what stands for it in a prepared statement


def _written_out(condition: str) -> ColumnElement[bool]:
    """As in a partial index: SQLite uses that only for the very same words."""
    return literal_column(f"({condition})")


IS_OPEN = _written_out(f"delegations.{OPEN}")
IS_OVER = _written_out(f"delegations.{OVER}")
IS_HELD = _written_out(f"delegations.{HELD}")
IS_UNSEEN = _written_out(UNSEEN)
IS_BY_WORD = _written_out(f"delegations.{BY_WORD}")
IS_RECEIPT_DUE = _written_out(f"delegations.{RECEIPT_DUE}")

GRANTOR, GRANTEE, REQUESTER = _columns.grantor_id, _columns.grantee_id, _columns.requester_id


def open_of(team_id: Text, person_id: Text, *parts: ColumnElement[str]) -> Subquery:
    """Everything open in which this person has one of these parts, each row once."""
    mine, found = (_columns.team_id == team_id, IS_OPEN), []
    for number, part in enumerate(parts):
        in_no_other = (each != person_id for each in parts[:number])
        found.append(select(delegations).where(*mine, part == person_id, *in_no_other))
    return union_all(*found).subquery("delegations_of")
