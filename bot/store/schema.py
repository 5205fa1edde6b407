"""The schema's version: migrating, and knowing whether that was done."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

import models
from bot.store.database import Database

LOCK = 7_365_465  # any constant: two releases on PostgreSQL migrate one after the other


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(models.__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


async def migrate(database: Database, revision: str = "head") -> None:
    """Bring the schema up to ``revision``; safe to run twice, or from two places."""

    def upgrade(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        command.upgrade(alembic_config(connection), revision)

    await database.run_connection(upgrade)


async def is_current(database: Database) -> bool:
    """Whether the database answers and has every migration."""

    def heads(connection: Connection) -> bool:
        wanted = ScriptDirectory.from_config(alembic_config()).get_current_head()
        return MigrationContext.configure(connection).get_current_revision() == wanted

    try:
        return bool(await database.run_connection(heads))
    except (SQLAlchemyError, OSError):
        return False
