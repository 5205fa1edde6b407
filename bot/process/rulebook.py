"""The rules in force: read at the start, and again on SIGHUP; a mistake leaves them as they are."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import structlog

from bot.ports import Directory, Now, OutsideError
from bot.process.rules_file import BadRules, read_rules
from bot.store import Database, Store
from models.event import Deed
from models.policy import Policy, Rule, Rules
from models.rules_in_force import RulesInForce

GROUPS_AGAIN = 180.0  # seconds: well within the time for which the directory keeps them
BETWEEN_LOOKS = 1.0  # seconds, until it is known in which workspace the bot is
BETWEEN = 3.0  # seconds from one group to the next: Slack takes about twenty such calls a minute
NO_FILE = "none"
AT_ONCE = 15  # groups that need not wait for one another


class Rulebook:
    """One for each process; raises BadRules when its file cannot be used from the start."""

    def __init__(self, path: Path | None, policy: Policy) -> None:
        self._path = path
        self._policy = policy
        self._file = read_rules(path, policy)
        self._to_write_down, self._to_ask = asyncio.Event(), asyncio.Event()
        self._log = structlog.get_logger("bot.process.rulebook")

    def present(self) -> Sequence[Rule]:
        """The rules that hold now."""
        return self._file.rules

    @property
    def rules(self) -> Rules:
        """The same, and the policy behind them."""
        return Rules(self._policy, self._file.rules)

    def read_again(self) -> None:
        """Take what the file says now, or keep what held so far and say why."""
        try:
            self._file = read_rules(self._path, self._policy)
        except BadRules as error:
            self._log.error("the rules stay as they were", problem=str(error))
            return
        self._log.info("the rules were read", rules=len(self._file.rules), digest=self._file.digest)
        self._to_write_down.set()
        self._to_ask.set()

    async def write_down(
        self, database: Database, team: Callable[[], str | None], now: Now
    ) -> None:
        """Write each other file of rules into the log once, whichever process read it first; runs
        until it is cancelled."""
        while True:
            self._to_write_down.clear()
            while (team_id := team()) is None:  # noqa: ASYNC110 - Slack says it when it answers
                await asyncio.sleep(BETWEEN_LOOKS)
            held = RulesInForce(team_id=team_id, digest=self._file.digest, since=now())
            if await database.run_until_stored(partial(_hold, held)):
                self._log.info("other rules hold", digest=held.digest)
            await self._to_write_down.wait()

    async def know_groups(self, directory: Directory) -> None:
        """Ask Slack again and again who is in the groups that the rules name, so that no click has
        to wait for that; runs until it is cancelled."""
        while True:
            self._to_ask.clear()
            for number, group_id in enumerate(sorted(self.rules.all_groups)):
                if number >= AT_ONCE:
                    await asyncio.sleep(BETWEEN)
                try:
                    await directory.members(group_id)
                except OutsideError as error:
                    self._log.warning(
                        "Slack does not say who is in a group", group=group_id, code=_word(error)
                    )
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GROUPS_AGAIN):
                    await self._to_ask.wait()


def _word(error: OutsideError) -> str:
    """Slack's word for it."""
    return str(getattr(error, "code", type(error).__name__))


def _hold(held: RulesInForce, store: Store) -> bool:
    """Note that these rules hold, unless that stands there, and write it down."""
    if not store.rules.hold(held):
        return False
    subject = held.digest or NO_FILE
    store.log.note(Deed.RULES, team_id=held.team_id, now=held.since, subject_id=subject)
    return True
