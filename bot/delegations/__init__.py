"""The use cases: what people do with a delegation.

Each is one method named by its verb. It authorises the actor itself, and returns once the new
state is committed; the worker does the rest.
"""

from bot.delegations.asking import Asking, Terms
from bot.delegations.ending import Ending
from bot.delegations.extending import Extending
from bot.delegations.standing import Standing
from bot.desk import Actor

__all__ = ["Actor", "Delegations", "Terms"]


class Delegations(Asking, Extending, Ending, Standing):
    """Everything that people can do."""
