"""Alembic's entry: runs on the connection it is given (see ``bot.store.schema``)."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Enum

import models.absence
import models.aftermath
import models.card
import models.chore
import models.comparison
import models.connection
import models.cover
import models.delegation
import models.departure
import models.deputy
import models.draft
import models.event
import models.home
import models.key_try
import models.need
import models.notice
import models.pairing
import models.particulars
import models.review
import models.revocation
import models.round
import models.seal
import models.seen_request
import models.standing
import models.stray  # noqa: F401 - each import adds its tables to the metadata
from models.base import metadata


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Fixed words are plain text in the schema: a new word needs no migration."""
    if kind == "type" and isinstance(item, Enum):
        return f"sa.String(length={item.length})"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    user_module_prefix="",
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()
