"""The worker asks Slack afresh: may these people still take part?"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from bot.ports import Directory, NoAnswer, OutsideError
from models.policy import Groups, Refusal, who_refusal


class PeopleUnclear(OutsideError):
    """Slack cannot say now who may take part; ``wait`` when it named a time."""

    def __init__(self, wait: timedelta | None = None) -> None:
        super().__init__("Slack cannot say who may take part")
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Look:
    """What came of it: those who may not take part, and why.

    It is not ``is_certain`` when Slack could not be reached for somebody, and had said within the
    last minutes that they may: that has to be asked again. ``groups`` are those of the rules, as
    far as Slack says who is in them.
    """

    refusals: Mapping[str, Refusal] = field(default_factory=dict)
    is_certain: bool = True
    groups: Groups = field(default_factory=dict)

    @property
    def departed(self) -> Mapping[str, Refusal]:
        """Those of whom Slack knows enough to be believed at once: an outage may know nobody."""
        return {who: why for who, why in self.refusals.items() if why is not Refusal.UNKNOWN_PERSON}

    @property
    def unknown(self) -> frozenset[str]:
        """Those whom Slack does not know here; the round finds out whether they have left."""
        return frozenset(self.refusals) - frozenset(self.departed)


async def look_up(directory: Directory, team_id: str, people: Iterable[str]) -> Look:
    """Ask Slack about each of these, at the same time; raises PeopleUnclear."""
    asked = sorted(set(people))
    answers = await asyncio.gather(
        *(_refusal(directory, team_id, user_id) for user_id in asked), return_exceptions=True
    )
    refusals: dict[str, Refusal] = {}
    is_certain = True
    for user_id, answer in zip(asked, answers, strict=True):
        if isinstance(answer, NoAnswer) and _was_fine(directory, team_id, user_id):
            is_certain = False
        elif isinstance(answer, OutsideError):
            raise PeopleUnclear(answer.wait) from answer
        elif isinstance(answer, BaseException):
            raise answer
        elif answer is not None:
            refusals[user_id] = answer
    return Look(refusals, is_certain)


async def ask_groups(directory: Directory, groups: Iterable[str]) -> Groups:
    """Who is in each of these, asked at the same time; one that Slack does not say is left out."""
    asked = sorted(groups)
    answers = await asyncio.gather(
        *(directory.members(each) for each in asked), return_exceptions=True
    )
    known: dict[str, frozenset[str]] = {}
    for group_id, answer in zip(asked, answers, strict=True):
        if isinstance(answer, BaseException):
            if not isinstance(answer, OutsideError):
                raise answer
            continue
        known[group_id] = frozenset(answer)
    return known


async def _refusal(directory: Directory, team_id: str, user_id: str) -> Refusal | None:
    return who_refusal(await directory.person(user_id, afresh=True), team_id)


def _was_fine(directory: Directory, team_id: str, user_id: str) -> bool:
    """Whether Slack said so within the last minutes."""
    known = directory.known(user_id)
    return known is not None and who_refusal(known.person, team_id) is None
