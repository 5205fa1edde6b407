"""A log that is proven: more than transitions, personal details beside, seals, and chores

Revision: 0013
Follows: 0012

Rows of the log are only added: triggers refuse everything else on both databases, but for what
erasing a detail needs. Each new row has a place in the next seal, whichever release writes it.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from models.base import Length, UtcTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

PERSONAL = ("actor", "grantor", "grantee", "text")
ADDED: tuple[tuple[str, sa.types.TypeEngine[Any]], ...] = (
    ("team_id", sa.String(length=32)),
    ("deed", sa.String(length=32)),
    ("subject_id", sa.String(length=64)),
    ("amount", sa.Integer()),
    ("ends_at", UtcTime(timezone=True)),
    ("length", Length()),
    ("association_id", sa.String(length=64)),
    *((f"{name}_digest", sa.LargeBinary(length=32)) for name in PERSONAL),
)
# Of an older release's row, the actor is laid beside; nothing else of any row changes.
KEPT = (
    *("id", "delegation_id", "at", "event", "state", "trouble"),
    *(name for name, _ in ADDED if name != "actor_digest"),
)
FIXED = ("events", "particulars", "seals", "sealings")
ERASED = "~"  # how the keyed hash of an id begins
REFUSAL = "the log is only added to"
DUE = sa.text("wake_at IS NOT NULL")


def upgrade() -> None:
    with op.batch_alter_table("events") as batch_op:
        for name, length in (("delegation_id", 32), ("event", 32), ("state", 32)):
            batch_op.alter_column(name, existing_type=sa.String(length=length), nullable=True)
        for name, kind in ADDED:
            batch_op.add_column(sa.Column(name, kind))
    deeds = sa.text("deed IS NOT NULL")
    op.create_index(
        "ix_events_deed", "events", ["deed", "id"], postgresql_where=deeds, sqlite_where=deeds
    )
    _create_particulars()
    _create_seals()
    _create_chores()
    op.execute("INSERT INTO sealings (event_id) SELECT id FROM events")
    if op.get_context().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _create_particulars() -> None:
    details = [
        each
        for name in PERSONAL
        for each in (
            sa.Column(name, sa.Text() if name == "text" else sa.String(length=32)),
            sa.Column(f"{name}_salt", sa.LargeBinary(length=16)),
        )
    ]
    op.create_table(
        "particulars",
        sa.Column("event_id", sa.Integer(), autoincrement=False, nullable=False),
        *details,
        sa.Column("erased_at", UtcTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_particulars_event_id_events")
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_particulars")),
    )
    kept = sa.text("erased_at IS NULL")
    op.create_index(
        "ix_particulars_kept",
        "particulars",
        ["event_id"],
        postgresql_where=kept,
        sqlite_where=kept,
    )


def _create_seals() -> None:
    op.create_table(
        "seals",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", UtcTime(timezone=True), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("last_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_seals")),
    )
    op.create_table(
        "sealings",
        sa.Column("event_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seal", sa.Integer()),
        sa.Column("digest", sa.LargeBinary(length=32)),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_sealings")),
    )
    for name, columns, where in (
        ("ix_sealings_open", ["event_id"], "seal IS NULL"),
        ("ix_sealings_seal", ["seal", "event_id"], "seal IS NOT NULL"),
    ):
        rows = sa.text(where)
        op.create_index(name, "sealings", columns, postgresql_where=rows, sqlite_where=rows)


def _create_chores() -> None:
    op.create_table(
        "chores",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("done_at", UtcTime(timezone=True)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("wake_at", UtcTime(timezone=True)),
        sa.Column("leased_until", UtcTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chores")),
    )
    op.create_index(
        "ix_chores_wake_at", "chores", ["wake_at"], postgresql_where=DUE, sqlite_where=DUE
    )
    op.create_table(
        "erasure_keys",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure_keys")),
    )


def _allowed(same: str) -> dict[str, str]:
    """What may change in a row of each table; ``same`` compares two values that may be empty."""

    def all_same(*names: str) -> str:
        return " AND ".join(f"NEW.{name} {same} OLD.{name}" for name in names)

    def left(name: str) -> str:
        """What an erasure may put in its place: nothing of a text, and of an id its keyed hash."""
        is_empty = f"NEW.{name} IS NULL"
        return is_empty if name == "text" else f"substr(NEW.{name}, 1, 1) = '{ERASED}'"

    erased = " AND ".join(
        f"(({all_same(name, f'{name}_salt')})"
        f" OR (OLD.{name}_salt IS NOT NULL AND NEW.{name}_salt IS NULL AND {left(name)}))"
        for name in PERSONAL
    )
    return {
        "events": f"{all_same(*KEPT)} AND OLD.actor IS NOT NULL AND OLD.actor_digest IS NULL"
        " AND NEW.actor IS NULL AND NEW.actor_digest IS NOT NULL",
        "particulars": f"{all_same('event_id')} AND {erased}",
        "sealings": f"{all_same('event_id')} AND OLD.seal IS NULL AND OLD.digest IS NULL"
        " AND NEW.seal IS NOT NULL AND NEW.digest IS NOT NULL",
    }


def _guard_sqlite() -> None:
    allowed = _allowed("IS")
    refuse = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    for table in FIXED:
        when = f"WHEN NOT ({allowed[table]}) " if table in allowed else ""
        op.execute(f"CREATE TRIGGER {table}_update BEFORE UPDATE ON {table} {when}{refuse}")
        op.execute(f"CREATE TRIGGER {table}_delete BEFORE DELETE ON {table} {refuse}")
    op.execute(
        "CREATE TRIGGER events_insert AFTER INSERT ON events"
        " BEGIN INSERT INTO sealings (event_id) VALUES (NEW.id); END"
    )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION sendas_refuse() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$"
    )
    op.execute(
        "CREATE FUNCTION sendas_to_be_sealed() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN INSERT INTO sealings (event_id) VALUES (NEW.id); RETURN NULL; END $$"
    )
    allowed = _allowed("IS NOT DISTINCT FROM")
    for table in FIXED:
        when = f"WHEN (NOT ({allowed[table]})) " if table in allowed else ""
        op.execute(
            f"CREATE TRIGGER {table}_update BEFORE UPDATE ON {table} FOR EACH ROW"
            f" {when}EXECUTE FUNCTION sendas_refuse()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_delete BEFORE DELETE ON {table} FOR EACH ROW"
            " EXECUTE FUNCTION sendas_refuse()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table}"
            " EXECUTE FUNCTION sendas_refuse()"
        )
    op.execute(
        "CREATE TRIGGER events_insert AFTER INSERT ON events FOR EACH ROW"
        " EXECUTE FUNCTION sendas_to_be_sealed()"
    )


def downgrade() -> None:
    is_postgresql = op.get_context().dialect.name == "postgresql"
    kinds = ("update", "delete", *(["truncate"] if is_postgresql else []))
    for table in FIXED:
        for kind in kinds:
            op.execute(f"DROP TRIGGER {table}_{kind}" + (f" ON {table}" if is_postgresql else ""))
    op.execute("DROP TRIGGER events_insert" + (" ON events" if is_postgresql else ""))
    # The release before has the actor in the row, and knows nothing but transitions.
    op.execute(
        "UPDATE events SET actor = (SELECT actor FROM particulars WHERE event_id = events.id)"
        " WHERE actor IS NULL"
    )
    for table in ("erasure_keys", "chores", "sealings", "seals", "particulars"):
        op.drop_table(table)
    op.execute("DELETE FROM events WHERE event IS NULL OR delegation_id IS NULL OR state IS NULL")
    op.drop_index("ix_events_deed", table_name="events")
    with op.batch_alter_table("events") as batch_op:
        for name, _ in reversed(ADDED):
            batch_op.drop_column(name)
        for name in ("delegation_id", "event", "state"):
            batch_op.alter_column(name, existing_type=sa.String(length=32), nullable=False)
    if is_postgresql:
        op.execute("DROP FUNCTION sendas_refuse")
        op.execute("DROP FUNCTION sendas_to_be_sealed")
