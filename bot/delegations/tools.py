"""What the steps of the clock have in common: one of each, for the whole process."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bot.connections.sessions import Connections
from bot.delegations.members import Members
from bot.desk import no_rules
from bot.ports import Close, Directory, Now
from bot.store import Database
from bot.telemetry import Metrics
from models.policy import Policy, Rule, Rules
from models.review import ReviewRules


@dataclass(frozen=True, slots=True)
class Tools:
    """The database, Close in people's names, who people are in Slack, and the rules.

    Without ``matches_email`` only a grantee's own connection tells which account is theirs.
    """

    database: Database
    connections: Connections
    close: Close
    members: Members
    policy: Policy
    now: Now
    metrics: Metrics
    directory: Directory
    matches_email: bool = True
    reviews: ReviewRules = field(default_factory=ReviewRules)
    present_rules: Callable[[], Sequence[Rule]] = no_rules

    @property
    def rules(self) -> Rules:
        """The rules of now, and the policy behind them."""
        return Rules(self.policy, self.present_rules())
