"""Which file of rules holds in a workspace, so that each change of it is written down once."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, String, Table

from models.base import UtcTime, metadata


@dataclass(frozen=True, kw_only=True)
class RulesInForce:
    """One row; ``digest`` is of the file, and empty where there is none."""

    team_id: str
    digest: str
    since: datetime


rules_in_force = Table(
    "rules_in_force",
    metadata,
    Column("team_id", String(32), primary_key=True),
    Column("digest", String(32), nullable=False),
    Column("since", UtcTime, nullable=False),
)
