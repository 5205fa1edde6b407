"""A delegation: one stretch of send-as from ask to end. Its row, its states, its transitions."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from models.account import Account
from models.base import PERSONAL, Length, UtcTime, metadata, partial_index, words
from models.person import Departure
from models.reminders import put_off_until
from models.rows import part


class State(StrEnum):
    """Where a delegation is in its life."""

    REQUESTED = "requested"  # the grantor has not answered, or a second person whose yes it needs
    APPROVED = "approved"  # the grantor agreed; not yet confirmed by Close
    ACTIVE = "active"  # the association exists in Close
    ENDING = "ending"  # over; Close has not yet confirmed that the association is gone
    ENDED = "ended"  # Close confirmed that the association is gone
    DENIED = "denied"  # the grantor said no
    CANCELLED = "cancelled"  # taken back before anything happened in Close
    LAPSED = "lapsed"  # nobody answered, or nobody connected, in time
    FAILED = "failed"  # approved, but Close refused it for good


class Event(StrEnum):
    """What can happen to a delegation."""

    REQUEST = "request"
    GRANT = "grant"  # given without being asked
    REMIND = "remind"
    SNOOZE = "snooze"
    CHANGE = "change"  # by who asked: other terms
    AGREE = "agree"  # by the grantor, or before: a second person has to say yes, too
    NUDGE = "nudge"  # by who waits: the grantor is reminded to connect
    APPROVE = "approve"  # by a click of whoever had to say yes, or under a standing approval
    DENY = "deny"
    CANCEL = "cancel"
    LAPSE = "lapse"
    ATTEMPT = "attempt"  # written down before Close is asked to create the association
    ACTIVATE = "activate"  # Close holds the association
    FAIL = "fail"
    WARN = "warn"  # the end is near
    ASK_EXTENSION = "ask_extension"
    EXTEND = "extend"
    DECLINE_EXTENSION = "decline_extension"
    EXPIRE = "expire"
    REVOKE = "revoke"  # by the grantor
    RELEASE = "release"  # by the grantee or the requester
    END = "end"  # by an admin, who has no part in it
    WITHDRAW = "withdraw"  # the standing approval that covered it was ended before it began
    UNCONFIRMED = "unconfirmed"  # the grantor did not say in a review that it is still needed
    OFFBOARD = "offboard"  # somebody in it has left, or may no longer take part
    DISCONNECT = "disconnect"  # the grantor's connection is being given up
    UNINSTALL = "uninstall"  # the app was taken out of Slack
    REMOVE = "remove"  # somebody removed the association in Close itself
    ADOPT = "adopt"  # an association that was made in Close itself is given an end
    REAPPEAR = "reappear"  # Close holds again, or still, what it had confirmed as gone
    CONFIRM = "confirm"  # Close confirmed that the association is gone, or an admin did


OPEN_STATES = (State.REQUESTED, State.APPROVED, State.ACTIVE, State.ENDING)

TRANSITIONS: dict[State | None, dict[Event, State]] = {
    None: {
        Event.REQUEST: State.REQUESTED,
        Event.GRANT: State.APPROVED,
        Event.ADOPT: State.ACTIVE,
    },
    State.REQUESTED: {
        Event.REMIND: State.REQUESTED,
        Event.SNOOZE: State.REQUESTED,
        Event.CHANGE: State.REQUESTED,
        Event.AGREE: State.REQUESTED,
        Event.APPROVE: State.APPROVED,
        Event.DENY: State.DENIED,
        Event.CANCEL: State.CANCELLED,
        Event.LAPSE: State.LAPSED,
    },
    State.APPROVED: {
        Event.REMIND: State.APPROVED,
        Event.AGREE: State.REQUESTED,  # the rules ask for a second yes since
        Event.NUDGE: State.APPROVED,
        Event.ATTEMPT: State.APPROVED,
        Event.ACTIVATE: State.ACTIVE,
        Event.FAIL: State.FAILED,
        Event.CANCEL: State.CANCELLED,
        Event.LAPSE: State.LAPSED,
        Event.EXPIRE: State.ENDING,
        Event.REVOKE: State.ENDING,
        Event.RELEASE: State.ENDING,
        Event.END: State.ENDING,
        Event.WITHDRAW: State.ENDING,
        Event.UNCONFIRMED: State.ENDING,
        Event.OFFBOARD: State.ENDING,
        Event.DISCONNECT: State.ENDING,
        Event.UNINSTALL: State.ENDING,
    },
    State.ACTIVE: {
        Event.WARN: State.ACTIVE,
        Event.ASK_EXTENSION: State.ACTIVE,
        Event.AGREE: State.ACTIVE,
        Event.REMIND: State.ACTIVE,
        Event.EXTEND: State.ACTIVE,
        Event.DECLINE_EXTENSION: State.ACTIVE,
        Event.EXPIRE: State.ENDING,
        Event.REVOKE: State.ENDING,
        Event.RELEASE: State.ENDING,
        Event.END: State.ENDING,
        Event.UNCONFIRMED: State.ENDING,
        Event.OFFBOARD: State.ENDING,
        Event.DISCONNECT: State.ENDING,
        Event.UNINSTALL: State.ENDING,
        Event.REMOVE: State.ENDED,
    },
    State.ENDING: {
        Event.REMIND: State.ENDING,
        # The answer to a create can arrive after the grantor has already taken the right back.
        Event.ACTIVATE: State.ENDING,
        Event.CONFIRM: State.ENDED,
    },
    State.ENDED: {Event.REAPPEAR: State.ENDING},
    State.DENIED: {},
    State.CANCELLED: {},
    State.LAPSED: {},
    State.FAILED: {},
}


class ImpossibleTransition(Exception):
    """The event cannot happen in this state."""

    def __init__(self, state: State | None, event: Event) -> None:
        super().__init__(f"{event} cannot happen in state {state}")
        self.state = state
        self.event = event


def next_state(state: State | None, event: Event) -> State:
    """The state after ``event``; raises :class:`ImpossibleTransition`."""
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise ImpossibleTransition(state, event) from None


def is_possible(state: State | None, event: Event) -> bool:
    """Whether ``event`` can happen in ``state``."""
    return event in TRANSITIONS[state]


class ReceiptState(StrEnum):
    """Whether the grantor was told what was sent in their name."""

    DUE = "due"  # it is being made; the message about the end waits for it, but not for long
    MADE = "made"
    FAILED = "failed"  # Close did not give what is needed for it


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was sent in the grantor's name: so many emails, to so many people, once it is made; of
    these so many ``in_bulk``, and ``in_sequences``."""

    state: ReceiptState
    emails: int = 0
    people: int = 0
    in_bulk: int = 0
    in_sequences: int = 0


@dataclass(frozen=True, slots=True)
class ExtensionWish:
    """More time, for the grantor to give. Neither ``length`` nor ``until`` means: for ever."""

    asked_at: datetime
    length: timedelta | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for, where the grantor agreed to something else at ``changed_at``. Neither
    ``length`` nor ``until`` means: for ever."""

    changed_at: datetime
    length: timedelta | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeputysWord:
    """The grantor's present answer, where a deputy gave it in their place; a right that rests on
    it ends ``until`` then, when they answer no longer."""

    deputy_id: str
    said_at: datetime
    until: datetime


class Trouble(StrEnum):
    """Why a delegation waits or failed; the card has one sentence for each."""

    NOT_CONNECTED = "not_connected"
    CONNECTION_LOST = "connection_lost"
    GRANTEE_NOT_IN_CLOSE = "grantee_not_in_close"
    GRANTEE_FOUND_TWICE = "grantee_found_twice"
    GRANTEE_NOT_CONNECTED = "grantee_not_connected"
    GRANTEE_WITHOUT_EMAIL = "grantee_without_email"
    GRANTEE_CHANGED = "grantee_changed"
    SAME_CLOSE_ACCOUNT = "same_close_account"
    OTHER_ORGANIZATION = "other_organization"
    OTHER_CLOSE_ACCOUNT = "other_close_account"
    NO_SENDING_ADDRESS = "no_sending_address"
    STILL_THERE = "still_there"
    EXISTED_BEFORE = "existed_before"
    PERSON_UNKNOWN = "person_unknown"
    SLACK_SILENT = "slack_silent"
    CLOSE_BUSY = "close_busy"
    CLOSE_DOWN = "close_down"
    CLOSE_INVALID = "close_invalid"
    CLOSE_EXISTS = "close_exists"
    CLOSE_PLAN_LIMIT = "close_plan_limit"
    CLOSE_FORBIDDEN = "close_forbidden"
    CLOSE_NOT_FOUND = "close_not_found"
    CLOSE_APP_REJECTED = "close_app_rejected"
    CLOSE_UNEXPECTED = "close_unexpected"
    RESTORED = "restored"
    AGAINST_RULES = "against_rules"
    NOBODY_TO_SECOND = "nobody_to_second"
    UNKNOWN = "unknown"


# The grantor can mend these by connecting: an approval waits for that, within its time.
WAITS_FOR_GRANTOR = frozenset({Trouble.NOT_CONNECTED, Trouble.CONNECTION_LOST})
# The grantee can mend these by connecting: an approval waits for that, within its time.
WAITS_FOR_GRANTEE = frozenset(
    {
        Trouble.GRANTEE_NOT_IN_CLOSE,
        Trouble.GRANTEE_FOUND_TWICE,
        Trouble.GRANTEE_WITHOUT_EMAIL,
        Trouble.GRANTEE_NOT_CONNECTED,
    }
)


@dataclass(frozen=True, kw_only=True)
class Delegation:
    """One row. Neither ``length`` nor ``until`` means: until revoked.

    - ``bundle_id`` is the same for all that were asked or granted with one wish, and
      ``ended_with`` for all that one grantor's rights ended together; None where it was one alone.
    - ``asked`` is what was asked for, where something else was agreed to.
    - ``note`` is the grantor's word with a decision or, while an ``extension`` is asked for, that
      of who asks for it, or of the admin who ended it; ``decided_at`` is when the present end was
      agreed to, and ``standing_id`` names the standing approval that did it, if one did.
    - ``second`` is the person or group whose yes is needed as well, by a rule, and ``second_name``
      what people call that group. They are waited for while there is an ``agreed_at``: since then
      the grantor agrees. ``seconded_by`` is who said yes to the present end.
    - ``deputys_word`` is there where a deputy gave the grantor's present answer. Of a request, or a
      wish for more time, ``shared_with`` is the deputy who has a card about it, too.
    - ``rule`` is what a rule said against it, in words.
    - ``grantee_account`` is the name and address of the grantee's Close account,
      ``grantee_close_id`` is its id, and ``is_grantee_proven`` says that they connected it
      themselves. ``identified_at`` is when this was looked up, and ``grantee_trouble`` is why it
      led nowhere.
    - ``reminders`` counts how often the grantor was reminded of what they have to do, and
      ``remind_at`` is when they will be next; ``nudged_at`` is when somebody last asked for that.
    - ``addresses`` are the sender addresses that the right opens, one a line.
    - ``attempted_at`` is when Close was last asked to create the association, and ``is_unclear``
      says that one of the attempts before may still take effect, too.
    - ``arrives_until`` is until when something that Close was asked for this pair, and has not
      answered, may still arrive there: a create, or a withdrawal that names people, not ids.
    - ``is_taken_over`` says that the create was not answered, and that the association which was
      found afterwards counts as its effect. ``has_twin`` is whether Close held another one of the
      two people at the end, which is not ours; None while nobody has looked.
    - ``surplus_id`` is a second association that Close has answered was made for it: it is to be
      taken away, whatever else is found.
    - ``is_unchecked`` says that it was made or prolonged on what Slack said about its people
      before, so Slack is asked afresh as soon as that can be.
    - ``closed_by`` is who ended it; with ``departure`` they did so by leaving, and this is how.
      ``confirmed_by`` is the admin who said, in Close's place, that it is gone.
    """

    id: str
    team_id: str
    grantor_id: str
    grantee_id: str
    requester_id: str
    bundle_id: str | None = None
    ended_with: str | None = None
    grantee_email: str | None = None
    reason: str
    starts_at: datetime | None = None
    length: timedelta | None = None
    until: datetime | None = None
    asked: Asked | None = field(
        default=None, metadata=part(Asked, "asked_changed_at", "asked_length", "asked_until")
    )
    state: State
    version: int = 1
    requested_at: datetime
    lapses_at: datetime
    decided_at: datetime | None = None
    grantor_zone: str = "UTC"
    remind_at: datetime | None = None
    reminders: int = 0
    nudged_at: datetime | None = None
    note: str = ""
    standing_id: str | None = None
    second: str | None = None
    second_name: str = ""
    agreed_at: datetime | None = None
    seconded_by: str | None = None
    deputys_word: DeputysWord | None = field(
        default=None, metadata=part(DeputysWord, "deputy_id", "deputy_said_at", "deputy_until")
    )
    shared_with: str | None = None
    rule: str = ""
    attempted_at: datetime | None = None
    is_unclear: bool = False
    is_unchecked: bool = False
    arrives_until: datetime | None = None
    is_taken_over: bool = False
    has_twin: bool | None = None
    active_at: datetime | None = None
    ends_at: datetime | None = None
    ended_at: datetime | None = None
    end_event: Event | None = None
    closed_by: str | None = None
    departure: Departure | None = None
    confirmed_by: str | None = None
    trouble: Trouble | None = None
    attempts: int = 0
    warn_at: datetime | None = None
    is_warned: bool = False
    extension: ExtensionWish | None = field(
        default=None,
        metadata=part(ExtensionWish, "extension_asked_at", "extension_length", "extension_until"),
    )
    extension_declined_at: datetime | None = None
    grantee_account: str | None = None
    is_grantee_proven: bool = False
    grantee_trouble: Trouble | None = None
    identified_at: datetime | None = None
    addresses: str = ""
    receipt: Receipt | None = field(
        default=None,
        metadata=part(
            Receipt, "receipt", "sent_count", "sent_people", "sent_in_bulk", "sent_in_sequences"
        ),
    )
    association_id: str | None = None
    surplus_id: str | None = None
    organization_id: str | None = None
    grantor_close_id: str | None = None
    grantee_close_id: str | None = None
    wake_at: datetime | None = None
    leased_until: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether the pair is taken: something can still happen in Close."""
        return self.state in OPEN_STATES

    def belongs_to(self, account: Account) -> bool:
        """Whether Close was asked for it with this account."""
        return (self.grantor_close_id, self.organization_id) == account.membership

    def is_known(self, association_id: str) -> bool:
        """Whether Close holds this one, or held it, for this delegation."""
        return association_id in (self.association_id, self.surplus_id)

    @property
    def waits_for_second(self) -> bool:
        """Whether the grantor agreed, and a second person has not answered."""
        return self.agreed_at is not None and self.state in (State.REQUESTED, State.ACTIVE)

    @property
    def waits_for_grantor(self) -> bool:
        """Whether the grantor, or somebody in their place, has to answer a request or a wish."""
        is_wish = self.state is State.ACTIVE and self.extension is not None
        return self.agreed_at is None and (self.state is State.REQUESTED or is_wish)

    @property
    def is_unanswered(self) -> bool:
        """Whether Close may have made, or may yet make, an association that nobody has seen."""
        return self.is_unclear or (self.attempted_at is not None and self.association_id is None)

    def has_run_out(self, now: datetime) -> bool:
        """Whether its time is up, although it still counts as active: nobody has looked yet."""
        return self.state is State.ACTIVE and self.ends_at is not None and self.ends_at <= now

    def is_over(self, now: datetime) -> bool:
        """Whether Close should hold it no longer, and has not yet confirmed that it is gone."""
        return self.state is State.ENDING or self.has_run_out(now)

    def is_passing(self, now: datetime) -> bool:
        """Whether it will be something else within moments, unless something gets in the way."""
        is_waiting = self.trouble is not None or (
            self.starts_at is not None and self.starts_at > now
        )
        return self.state in (State.APPROVED, State.ENDING) and not is_waiting

    @property
    def is_granted_in_bundle(self) -> bool:
        """Whether the grantor gave it together with others: one message tells how all of it is."""
        return self.bundle_id is not None and self.requester_id == self.grantor_id

    @property
    def is_account_unseen(self) -> bool:
        """Whether the grantee's account was looked up only after the grantor had agreed."""
        identified, decided = self.identified_at, self.decided_at
        return identified is not None and decided is not None and identified >= decided

    @property
    def put_off_until(self) -> datetime | None:
        """When the grantor is reminded if they put the next reminder off; None where that changes
        nothing, or would be too late."""
        later = put_off_until(
            asked_at=self.requested_at,
            sent=self.reminders,
            remind_at=self.remind_at,
            zone=self.grantor_zone,
        )
        return later if later is not None and later < self.lapses_at else None

    @property
    def is_receipt_due(self) -> bool:
        """Whether what was sent is still being counted."""
        return self.receipt is not None and self.receipt.state is ReceiptState.DUE

    @property
    def was_used(self) -> bool:
        """Whether the receipt counts any email."""
        return self.receipt is not None and self.receipt.emails > 0

    @property
    def is_extended_by_standing(self) -> bool:
        """Whether the present end was given under a standing approval while it was active."""
        if self.standing_id is None or self.decided_at is None or self.active_at is None:
            return False
        return self.decided_at > self.active_at

    def end_when_active_from(self, moment: datetime) -> datetime | None:
        """When it ends if the association exists from ``moment`` on; None = until revoked."""
        ends_at = self.until if self.length is None else moment + self.length
        if self.deputys_word is None:
            return ends_at
        return self.deputys_word.until if ends_at is None else min(ends_at, self.deputys_word.until)


def default_wake(delegation: Delegation, now: datetime) -> datetime | None:
    """When somebody has to look at it next, when nothing more urgent is known."""
    match delegation.state:
        case State.REQUESTED if delegation.identified_at is None:
            return now
        case State.REQUESTED | State.ACTIVE if _has_untold_second(delegation):
            return now
        case State.REQUESTED:
            return min(delegation.lapses_at, delegation.remind_at or delegation.lapses_at)
        case State.APPROVED | State.ENDING:
            return now
        case State.ACTIVE if delegation.is_unchecked:
            return now
        case State.ACTIVE:
            planned = delegation.warn_at or delegation.ends_at
            doubted = delegation.arrives_until if delegation.is_unclear else None
            moments = (planned, doubted, delegation.remind_at)
            return min((each for each in moments if each is not None), default=None)
        case _:
            return None


def _has_untold_second(delegation: Delegation) -> bool:
    """Whether a second person is waited for, and was not asked yet."""
    return delegation.waits_for_second and delegation.remind_at is None


MOST_NAME = 80  # characters of what people call a group,
MOST_RULE = 400  # and of what a rule says of two of them

# What the partial indexes hold. SQLite uses one only where a question has the very same words.
OPEN = "state IN ('requested', 'approved', 'active', 'ending')"
OVER = "state NOT IN ('requested', 'approved', 'active', 'ending')"
HELD = "state IN ('active', 'ending')"  # by Close, as far as is known
UNSEEN = "(is_unclear OR (attempted_at IS NOT NULL AND association_id IS NULL))"
RECEIPT_DUE = "receipt = 'due'"
BY_WORD = "confirmed_by IS NOT NULL"  # an admin said, in Close's place, that it is gone


delegations = Table(
    "delegations",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team_id", String(32), nullable=False),
    Column("grantor_id", String(32), nullable=False),
    Column("grantee_id", String(32), nullable=False),
    Column("requester_id", String(32), nullable=False),
    Column("bundle_id", String(32)),
    Column("ended_with", String(32)),
    Column("grantee_email", String(320), info=PERSONAL),
    Column("reason", Text, nullable=False, info=PERSONAL),
    Column("starts_at", UtcTime),
    Column("length", Length),
    Column("until", UtcTime),
    Column("asked_changed_at", UtcTime),
    Column("asked_length", Length),
    Column("asked_until", UtcTime),
    Column("state", words(State), nullable=False),
    Column("version", Integer, nullable=False),
    Column("requested_at", UtcTime, nullable=False),
    Column("lapses_at", UtcTime, nullable=False),
    Column("decided_at", UtcTime),
    Column("grantor_zone", String(64), nullable=False),
    Column("remind_at", UtcTime),
    Column("reminders", Integer, nullable=False),
    Column("nudged_at", UtcTime),
    Column("note", Text, nullable=False, info=PERSONAL),
    Column("standing_id", String(32)),
    Column("second", String(32)),
    Column("second_name", String(MOST_NAME), nullable=False, info=PERSONAL),
    Column("agreed_at", UtcTime),
    Column("seconded_by", String(32)),
    Column("deputy_id", String(32)),
    Column("deputy_said_at", UtcTime),
    Column("deputy_until", UtcTime),
    Column("shared_with", String(32)),
    Column("rule", String(MOST_RULE), nullable=False, info=PERSONAL),
    Column("attempted_at", UtcTime),
    Column("is_unclear", Boolean, nullable=False),
    Column("is_unchecked", Boolean, nullable=False),
    Column("arrives_until", UtcTime),
    Column("is_taken_over", Boolean, nullable=False),
    Column("has_twin", Boolean),
    Column("active_at", UtcTime),
    Column("ends_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("end_event", words(Event)),
    Column("closed_by", String(32)),
    Column("departure", words(Departure)),
    Column("confirmed_by", String(32)),
    Column("trouble", words(Trouble)),
    Column("attempts", Integer, nullable=False),
    Column("warn_at", UtcTime),
    Column("is_warned", Boolean, nullable=False),
    Column("extension_asked_at", UtcTime),
    Column("extension_length", Length),
    Column("extension_until", UtcTime),
    Column("extension_declined_at", UtcTime),
    Column("grantee_account", String(400), info=PERSONAL),
    Column("is_grantee_proven", Boolean, nullable=False),
    Column("grantee_trouble", words(Trouble)),
    Column("identified_at", UtcTime),
    Column("addresses", Text, nullable=False, info=PERSONAL),
    Column("sent_count", Integer),
    Column("sent_people", Integer),
    Column("sent_in_bulk", Integer),
    Column("sent_in_sequences", Integer),
    Column("receipt", words(ReceiptState)),
    Column("association_id", String(64)),
    Column("surplus_id", String(64)),
    Column("organization_id", String(64)),
    Column("grantor_close_id", String(64), info=PERSONAL),
    Column("grantee_close_id", String(64), info=PERSONAL),
    Column("wake_at", UtcTime),
    Column("leased_until", UtcTime),
    partial_index(
        "uq_delegations_open_pair", "team_id", "grantor_id", "grantee_id", where=OPEN, unique=True
    ),
    partial_index(
        "ix_delegations_open_grantee", "team_id", "grantee_id", "requested_at", where=OPEN
    ),
    partial_index(
        "ix_delegations_open_requester", "team_id", "requester_id", "requested_at", where=OPEN
    ),
    partial_index("ix_delegations_over_grantor", "team_id", "grantor_id", "ended_at", where=OVER),
    partial_index("ix_delegations_over_grantee", "team_id", "grantee_id", "ended_at", where=OVER),
    partial_index("ix_delegations_held", "state", "ends_at", where=HELD),
    partial_index("ix_delegations_by_word", "team_id", where=BY_WORD),
    partial_index("ix_delegations_wake_at", "wake_at", where="wake_at IS NOT NULL"),
    partial_index("ix_delegations_bundle_id", "bundle_id", where="bundle_id IS NOT NULL"),
    partial_index("ix_delegations_ended_with", "ended_with", where="ended_with IS NOT NULL"),
    partial_index(
        "ix_delegations_association",
        *("team_id", "grantor_id", "association_id"),
        where="association_id IS NOT NULL",
    ),
    partial_index(
        "ix_delegations_arriving", "team_id", "grantor_id", where="arrives_until IS NOT NULL"
    ),
    partial_index("ix_delegations_unseen", "team_id", "grantor_id", where=UNSEEN),
    partial_index("ix_delegations_receipt_due", "team_id", "grantor_id", where=RECEIPT_DUE),
    Index("ix_delegations_requester", "team_id", "requester_id", "requested_at"),
)
