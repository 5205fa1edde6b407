"""Who may ask whom, and for how long. Pure: the same input gives the same answer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from models.absence import AwayStatuses
from models.aftermath import AtEnd
from models.person import Departure, Person

REASON_LIMIT = 500  # characters; a card must hold it beside everything else (slack.md §5)
MOST_OPEN = 100  # unanswered requests of one asker: a wish for a hundred people fits
MOST_OPEN_FOR_ONE = 10  # of these to the same grantor
MOST_LATELY_FOR_ONE = 20  # messages that one person causes another to get, within
LATELY = timedelta(hours=1)
MOST_WISHES = 5  # for more time, on one right within LATELY
FEW, FEW_OF = 5, 10  # this many, or one of so many, end without an admin's word


class Refusal(StrEnum):
    """Why a request is not accepted; ``bot.cards.answers`` has one sentence for each."""

    ONESELF = "oneself"
    BOT = "bot"
    DEACTIVATED = "deactivated"
    GUEST = "guest"
    STRANGER = "stranger"
    UNKNOWN_PERSON = "unknown_person"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    PERMANENT = "permanent"
    NOT_LONGER = "not_longer"
    RUNS_ALREADY = "runs_already"
    LENGTH_ONLY = "length_only"
    DATE_PASSED = "date_passed"
    TOO_MANY = "too_many"
    TOO_MANY_COVER = "too_many_cover"
    NOBODY_COVERS = "nobody_covers"
    COVER_ENDS = "cover_ends"
    COVER_RUNS = "cover_runs"
    LAST_BEFORE_FIRST = "last_before_first"
    TOO_MANY_OPEN = "too_many_open"
    TOO_MANY_FOR_ONE = "too_many_for_one"
    TOO_OFTEN = "too_often"
    REASON_MISSING = "reason_missing"
    REASON_TOO_LONG = "reason_too_long"
    STANDING = "standing"
    DEPUTY = "deputy"
    DEPUTY_STARTS = "deputy_starts"
    DEPUTY_LENGTH = "deputy_length"
    DEPUTY_ONESELF = "deputy_oneself"
    DEPUTY_OFTEN = "deputy_often"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules of this installation, from its environment. Over ``confirm_over`` a right is a
    strong one; the longest timedelta leaves only those without an end, and None leaves none. By
    ``away`` statuses people say in Slack that they are away."""

    min_duration: timedelta = timedelta(minutes=5)
    max_duration: timedelta = timedelta(days=30)
    default_duration: timedelta = timedelta(days=1)
    allow_permanent: bool = True
    require_reason: bool = False
    pending_ttl: timedelta = timedelta(days=3)
    remind_before: timedelta = timedelta(hours=1)
    admins: frozenset[str] = frozenset()
    confirm_over: timedelta | None = None
    away: AwayStatuses = field(default_factory=AwayStatuses)
    at_end: AtEnd = AtEnd.ASK

    def is_strong(
        self,
        *,
        length: timedelta | None,
        starts_at: datetime | None,
        until: datetime | None,
        now: datetime,
    ) -> bool:
        """Whether it lends a name for so long that its grantor has to confirm it in Close. No
        length and no until: until revoked."""
        if self.confirm_over is None:
            return False
        if until is not None:
            length = until - (starts_at or now)
        return length is None or length > self.confirm_over

    def warn_at(self, ends_at: datetime | None, now: datetime) -> datetime | None:
        """When the grantee is told that the end is near; None when it is near from the start."""
        if ends_at is None or ends_at - self.remind_before <= now:
            return None
        return ends_at - self.remind_before


GROUP = "S"  # how the ids of user groups begin; those of people begin with U or W
Groups = Mapping[str, frozenset[str]]  # who is in which; a group that is not there is not known


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What holds between some people.

    - ``who`` would send, and ``whose`` name it is: Slack ids of people and of user groups. Without
      any it is everybody. The names are what people call them, as in "Interns can send as the
      board".
    - ``standing``: a standing approval may answer for the grantor.
    - ``deputies``: somebody else may answer in the grantor's place.
    - ``second`` is the person, or the group, whose yes is needed after the grantor's.
    """

    max_duration: timedelta
    allow_permanent: bool
    require_reason: bool
    standing: bool = True
    deputies: bool = True
    second: str | None = None
    second_name: str = ""
    who: frozenset[str] = frozenset()
    who_name: str = "Everybody"
    whose: frozenset[str] = frozenset()
    whose_name: str = "somebody"
    is_default: bool = False

    def fits(self, grantor_id: str, grantee_id: str, groups: Groups) -> bool | None:
        """Whether it is about these two; None where a group that decides it is not known."""
        parts = (_names(self.who, grantee_id, groups), _names(self.whose, grantor_id, groups))
        return False if False in parts else None if None in parts else True

    def length_refusal(
        self,
        policy: Policy,
        *,
        length: timedelta | None,
        starts_at: datetime | None,
        until: datetime | None,
        now: datetime,
    ) -> Refusal | None:
        """As the function of that name, by this rule."""
        return length_refusal(
            policy, length=length, starts_at=starts_at, until=until, now=now, rule=self
        )

    @property
    def needs_a_click(self) -> bool:
        """Whether no standing approval may answer. Where two have to agree, neither is spared."""
        return self.second is not None or not self.standing


@dataclass(frozen=True, slots=True)
class Verdict:
    """The rules that hold between two people: the one that decides or, where a group is not known,
    each that may decide. What one of them does not allow is not allowed."""

    policy: Policy
    rules: Sequence[Rule]

    @property
    def is_certain(self) -> bool:
        """Whether it is known which rule decides."""
        return len(self.rules) == 1

    @property
    def bounds(self) -> Policy:
        """The installation's policy, within all of these."""
        return replace(
            self.policy,
            max_duration=min(each.max_duration for each in self.rules),
            allow_permanent=all(each.allow_permanent for each in self.rules),
            require_reason=any(each.require_reason for each in self.rules),
        )

    @property
    def second(self) -> Rule | None:
        """The rule by which somebody else has to agree, too."""
        return next((each for each in self.rules if each.second is not None), None)

    @property
    def without_standing(self) -> Rule | None:
        """The rule by which no standing approval may answer for the grantor."""
        return next((each for each in self.rules if each.needs_a_click), None)

    @property
    def without_deputy(self) -> Rule | None:
        """The rule by which nobody may answer in the grantor's place."""
        return next((each for each in self.rules if not each.deputies), None)

    def length_refusal(
        self,
        *,
        length: timedelta | None,
        starts_at: datetime | None,
        until: datetime | None,
        now: datetime,
    ) -> tuple[Refusal, Rule] | None:
        """Why this stretch of time is not allowed, and by which rule; None where it is."""
        for rule in self.rules:
            refusal = rule.length_refusal(
                self.policy, length=length, starts_at=starts_at, until=until, now=now
            )
            if refusal is not None:
                return refusal, rule
        return None

    def reason_refusal(self, reason: str) -> tuple[Refusal, Rule] | None:
        """Why this reason cannot be taken, and by which rule; None where it can."""
        for rule in self.rules:
            refusal = reason_refusal(rule, reason)
            if refusal is not None:
                return refusal, rule
        return None


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of this installation, in their order: the first that fits decides. Behind them all
    stands the policy, which fits everybody."""

    policy: Policy
    rules: Sequence[Rule] = ()

    @property
    def default(self) -> Rule:
        """The policy, as a rule."""
        return Rule(
            max_duration=self.policy.max_duration,
            allow_permanent=self.policy.allow_permanent,
            require_reason=self.policy.require_reason,
            is_default=True,
        )

    @property
    def groups(self) -> frozenset[str]:
        """The user groups that decide which rule fits."""
        named = (each.who | each.whose for each in self.rules)
        return frozenset(each for some in named for each in some if is_group(each))

    @property
    def all_groups(self) -> frozenset[str]:
        """Those, and the groups whose members may have to agree, too."""
        seconds = {each.second for each in self.rules if each.second and is_group(each.second)}
        return self.groups | seconds

    def between(self, grantor_id: str, grantee_id: str, groups: Groups) -> Verdict:
        """What holds when ``grantee_id`` would send as ``grantor_id``. Where it is not known who is
        in a group, every rule that may decide holds."""
        held: list[Rule] = []
        for rule in (*self.rules, self.default):
            fits = rule.fits(grantor_id, grantee_id, groups)
            if fits is not False:
                held.append(rule)
            if fits:
                break
        return Verdict(self.policy, held)

    def without_deputy(self, grantor_id: str, groups: Groups) -> Rule | None:
        """The rule by which nobody may ever answer for this grantor, whoever would send as them;
        None where there may be something to answer."""
        for rule in self.rules:
            if _names(rule.whose, grantor_id, groups) is False:
                continue
            if rule.deputies:
                return None
            if not rule.who:
                return rule
        return None

    def idle(self, groups: Groups) -> Sequence[int]:
        """The places, from 0 on, of rules that never decide, because those before them fit
        everybody whom they are about. With few ``groups`` known some are not found, and none is
        said wrongly."""
        who = {_marks([each.who for each in self.rules], some) for some in self._kinds(groups)}
        whose = {_marks([each.whose for each in self.rules], some) for some in self._kinds(groups)}
        deciding = {_first_of_both(one, other) for one in who for other in whose}
        return [place for place in range(len(self.rules)) if place not in deciding]

    def _kinds(self, groups: Groups) -> Iterator[frozenset[str]]:
        """Everybody whom a rule could mean, as the ids that name them: each person with their
        groups, somebody of each group, and whoever is named nowhere."""
        people = {each for rule in self.rules for each in rule.who | rule.whose}
        for person in people.union(*(groups.get(each, frozenset()) for each in self.groups)):
            of = {each for each in self.groups if person in groups.get(each, frozenset())}
            if not groups.get(person):  # a group whose members are known is only these
                yield frozenset({person, *of})
        yield frozenset()


def _marks(named: Sequence[frozenset[str]], ids: frozenset[str]) -> Sequence[bool]:
    """Which of these name somebody who goes by ``ids``."""
    return tuple(not each or bool(each & ids) for each in named)


def _first_of_both(some: Sequence[bool], others: Sequence[bool]) -> int | None:
    both = (place for place, pair in enumerate(zip(some, others, strict=True)) if all(pair))
    return next(both, None)


def is_group(slack_id: str) -> bool:
    """Whether this is the id of a user group, not of a person."""
    return slack_id.startswith(GROUP)


def _names(these: frozenset[str], person_id: str, groups: Groups) -> bool | None:
    """Whether these name somebody, by themselves or in a group; none name everybody."""
    if not these or person_id in these:
        return True
    known = [groups.get(each) for each in these if is_group(each)]
    if any(members is not None and person_id in members for members in known):
        return True
    return None if None in known else False


def who_refusal(person: Person | None, team_id: str) -> Refusal | None:
    """Why ``person`` cannot take part in a delegation in this workspace, or None."""
    if person is None:
        return Refusal.UNKNOWN_PERSON
    if person.is_deactivated:
        return Refusal.DEACTIVATED
    if person.is_stranger or not (person.team_id == team_id or person.is_colleague):
        return Refusal.STRANGER
    if person.is_bot:
        return Refusal.BOT
    if person.is_guest:
        return Refusal.GUEST
    return None


DEPARTURES = {
    Refusal.UNKNOWN_PERSON: Departure.LEFT,
    Refusal.DEACTIVATED: Departure.LEFT,
    Refusal.GUEST: Departure.GUEST,
    Refusal.STRANGER: Departure.ELSEWHERE,
    Refusal.BOT: Departure.APP,
}


def crowd_refusal(*, open_in_all: int, open_for_one: int, lately_for_one: int) -> Refusal | None:
    """Why somebody has to wait before they ask once more, or None.

    Counted are their unanswered requests, those of them to the one they would ask next, and all
    that they asked this one, or gave them, within :data:`LATELY`.
    """
    if open_in_all >= MOST_OPEN:
        return Refusal.TOO_MANY_OPEN
    if open_for_one >= MOST_OPEN_FOR_ONE:
        return Refusal.TOO_MANY_FOR_ONE
    if lately_for_one >= MOST_LATELY_FOR_ONE:
        return Refusal.TOO_OFTEN
    return None


def is_too_much(lost: int, total: int) -> bool:
    """Whether an admin has to agree before so many of ``total`` end, because Slack or Close says
    that their people are gone: an outage can say that of everybody."""
    return lost > max(FEW, total // FEW_OF)


def length_refusal(
    policy: Policy,
    *,
    length: timedelta | None,
    starts_at: datetime | None,
    until: datetime | None,
    now: datetime,
    rule: Rule | None = None,
) -> Refusal | None:
    """Why this stretch of time is not allowed, or None; by the ``rule``, where there is one. No
    length and no until: until revoked."""
    bounds = policy if rule is None else rule
    if until is not None:
        length = until - (starts_at or now)
    if length is None:
        return None if bounds.allow_permanent else Refusal.PERMANENT
    if length < policy.min_duration:
        return Refusal.TOO_SHORT
    if length > bounds.max_duration:
        return Refusal.TOO_LONG
    return None


def says_something(reason: str) -> bool:
    """Whether anybody could read it: a card shows no blanks, and nothing that has no width."""
    return any(each.isprintable() and not each.isspace() for each in reason)


def reason_refusal(bounds: Policy | Rule, reason: str) -> Refusal | None:
    """Why this reason cannot be taken, or None."""
    if bounds.require_reason and not says_something(reason):
        return Refusal.REASON_MISSING
    if len(reason) > REASON_LIMIT:
        return Refusal.REASON_TOO_LONG
    return None
