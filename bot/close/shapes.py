"""The shapes of Close's answers, checked where they come in; more fields than these are fine."""

from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from bot.grammar import storable
from bot.ports import (
    Association,
    BulkAction,
    CloseSequence,
    CloseUser,
    Memberships,
    SendingAccount,
    SentEmail,
    Subscription,
    TokenAnswer,
)

WAITING = frozenset({"scheduled", "outbox"})  # written, and Close has yet to send it
STOPPED = frozenset({"error", "finished", "goal", "paused"})  # a subscription sends nothing more
UNDER_WAY = frozenset({"created", "loading", "processing", "resuming"})  # a bulk action

SENDING_TYPES = frozenset({"google", "microsoft", "custom_email"})


USUAL_LIFE = 3600  # seconds: what Close documents for an access token
LONGEST_LIFE = 30 * 86_400  # seconds
MOST_THINGS = 10**9


def _in_utc(value: object) -> object:
    """Read a date-time without an offset as UTC (close.md §7)."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(moment, datetime):
        return value
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:  # at either end of the calendar
        raise ValueError("no such moment in UTC") from error


def _a_life(value: object) -> int:
    """Read how long an access token lives. Tokens exist nowhere else, and are not lost for this."""
    if isinstance(value, int | float) and value > 0:
        return max(1, int(min(value, LONGEST_LIFE)))
    return USUAL_LIFE


def _a_number(value: object) -> int | None:
    """Read a number of things; what is no such number says nothing."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= MOST_THINGS else None


def _the_active(value: object) -> int | None:
    """Read how many are active of the counts by status; any other shape of it says nothing."""
    return _a_number(value.get("active")) if isinstance(value, dict) else None


UserId = Annotated[str, StringConstraints(pattern="^user_[A-Za-z0-9]+$", max_length=64)]
OrganizationId = Annotated[str, StringConstraints(pattern="^orga_[A-Za-z0-9]+$", max_length=64)]
AssociationId = Annotated[str, StringConstraints(pattern="^sdas_[A-Za-z0-9]+$", max_length=64)]
SequenceId = Annotated[str, StringConstraints(pattern="^seq_[A-Za-z0-9]+$", max_length=64)]
SubscriptionId = Annotated[str, StringConstraints(pattern="^sub_[A-Za-z0-9]+$", max_length=64)]
EnrolmentId = Annotated[str, StringConstraints(pattern="^bulkseqsub_[A-Za-z0-9]+$", max_length=64)]
BulkEmailId = Annotated[str, StringConstraints(pattern="^bulkemail_[A-Za-z0-9]+$", max_length=64)]
AnyId = Annotated[str, StringConstraints(pattern="^[a-z0-9]+_[A-Za-z0-9]+$", max_length=64)]
AccountId = Annotated[str, StringConstraints(pattern="^emailacct_[A-Za-z0-9]+$", max_length=64)]
ActivityId = Annotated[str, StringConstraints(pattern="^acti_[A-Za-z0-9]+$", max_length=64)]
Token = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$", max_length=4096)]
Moment = Annotated[AwareDatetime, BeforeValidator(_in_utc)]
Seconds = Annotated[int, BeforeValidator(_a_life)]
Number = Annotated[int | None, BeforeValidator(_a_number)]
Active = Annotated[int | None, BeforeValidator(_the_active)]
# As long as the columns that hold it, and without what PostgreSQL refuses.
Email = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=320)]
Name = Annotated[str, AfterValidator(storable)]


class Shape(BaseModel):
    """Base of all answers; values stay out of validation errors, they may be tokens."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


Row = TypeVar("Row", bound=Shape)


class AssociationShape(Shape):
    """One association, as create, get and list give it."""

    id: AssociationId
    organization_id: OrganizationId
    allowing_user_id: UserId
    allowed_user_id: UserId

    def value(self) -> Association:
        """Return what the rest of the bot knows."""
        return Association(
            self.id, self.organization_id, self.allowing_user_id, self.allowed_user_id
        )


class _Named(Shape):
    id: UserId
    email: Email
    first_name: Name | None = None
    last_name: Name | None = None

    def _value(self, organization_ids: tuple[str, ...]) -> CloseUser:
        name = " ".join(part for part in (self.first_name, self.last_name) if part)
        return CloseUser(self.id, self.email, name or self.email, organization_ids)


class UserShape(_Named):
    """A user in ``/user/``, where organizations are ids."""

    organizations: tuple[OrganizationId, ...]

    def value(self) -> CloseUser:
        """Return what the rest of the bot knows."""
        return self._value(self.organizations)


class OrganizationShape(Shape):
    """An organization in ``/me/``."""

    id: OrganizationId


class OwnMembershipShape(Shape):
    """The owner's place in an organization; whether the last field is there is unknown."""

    organization_id: OrganizationId
    may_workflows_impersonate: bool | None = None


class WorkflowsShape(Shape):
    """What ``/me/`` says of Workflows; any other shape of it says nothing."""

    memberships: tuple[OwnMembershipShape, ...] = ()


class MeShape(_Named):
    """The answer of ``/me/``, where organizations are objects."""

    organizations: tuple[OrganizationShape, ...]

    def value(self) -> CloseUser:
        """Return what the rest of the bot knows."""
        return self._value(tuple(each.id for each in self.organizations))


class MembershipShape(Shape):
    """Somebody's place in an organization."""

    user_id: UserId


class OrganizationMembersShape(Shape):
    """The answer of ``/organization/{id}/``; either list may be kept from the caller."""

    id: OrganizationId
    memberships: tuple[MembershipShape, ...] | None = None
    inactive_memberships: tuple[MembershipShape, ...] | None = None

    def value(self) -> Memberships | None:
        """Return what the rest of the bot knows; None unless both lists are there."""
        if self.memberships is None or self.inactive_memberships is None:
            return None
        return Memberships(
            active=frozenset(each.user_id for each in self.memberships),
            inactive=frozenset(each.user_id for each in self.inactive_memberships),
        )


class IdentityShape(Shape):
    """One address of a connected account."""

    email: Email


class AccountShape(Shape):
    """A connected account; only some types can send email (close.md §4)."""

    id: AccountId
    type: str = Field(alias="_type")
    user_id: UserId
    identities: tuple[IdentityShape, ...] = ()

    @property
    def can_send(self) -> bool:
        """Return whether email can leave through it."""
        return self.type in SENDING_TYPES and bool(self.identities)

    def value(self) -> SendingAccount:
        """Return what the rest of the bot knows."""
        return SendingAccount(self.id, self.user_id, tuple(each.email for each in self.identities))


class EmailShape(Shape):
    """An email activity (close.md §3, last points)."""

    id: ActivityId
    send_as_id: AssociationId | None = None
    user_id: UserId | None = None
    date_created: Moment
    date_sent: Moment | None = None
    date_scheduled: Moment | None = None
    direction: str | None = None
    status: str | None = None
    subject: str | None = None
    to: tuple[str, ...] | None = None
    cc: tuple[str, ...] | None = None
    bcc: tuple[str, ...] | None = None
    bulk_email_action_id: str | None = None
    sequence_subscription_id: str | None = None
    sequence_id: str | None = None

    @property
    def was_sent(self) -> bool:
        """Return whether it went out; Close does not promise the two fields that say so."""
        return self.direction in (None, "outgoing") and self.status in (None, "sent")

    @property
    def is_waiting(self) -> bool:
        """Return whether Close has yet to send it."""
        return self.direction in (None, "outgoing") and self.status in WAITING

    def value(self) -> SentEmail:
        """Return what the rest of the bot knows."""
        recipients = (*(self.to or ()), *(self.cc or ()), *(self.bcc or ()))
        date = self.date_sent or self.date_scheduled or self.date_created
        return SentEmail(
            *(self.id, self.send_as_id, self.user_id, date, self.subject or "", recipients),
            bulk_id=self.bulk_email_action_id,
            subscription_id=self.sequence_subscription_id,
            sequence_id=self.sequence_id,
            is_waiting=self.is_waiting,
        )


class SequenceShape(Shape):
    """A sequence; Close documents the counts where one is asked for, not in the list."""

    id: SequenceId
    name: Name | None = None
    subscription_counts_by_status: Active = None

    def value(self) -> CloseSequence:
        """Return what the rest of the bot knows."""
        return CloseSequence(self.id, self.name or "", self.subscription_counts_by_status)


class SubscriptionShape(Shape):
    """One contact in a sequence."""

    id: SubscriptionId
    status: str | None = None
    sender_account_id: AccountId | None = None
    created_by_id: UserId | None = None

    @property
    def is_active(self) -> bool:
        """Return whether it sends more; a status of which nothing is known counts as active."""
        return self.status not in STOPPED

    def value(self) -> Subscription:
        """Return what the rest of the bot knows."""
        return Subscription(self.id, self.is_active, self.sender_account_id, self.created_by_id)


class EnrolmentShape(Shape):
    """A bulk action about sequences."""

    id: EnrolmentId
    action_type: str
    status: str | None = None
    sequence_id: SequenceId | None = None
    sender_account_id: AccountId | None = None
    created_by: UserId | None = None
    date_created: Moment | None = None
    n_leads: Number = None

    def value(self) -> BulkAction:
        """Return what the rest of the bot knows."""
        return BulkAction(
            *(self.id, self.action_type, self.sequence_id, self.sender_account_id),
            *(self.created_by, self.date_created, self.n_leads, self.status in UNDER_WAY),
        )


class BulkEmailShape(Shape):
    """An email to many at once."""

    id: BulkEmailId
    status: str | None = None
    email_account_id: AccountId | None = None
    created_by: UserId | None = None
    date_created: Moment | None = None
    n_leads: Number = None

    def value(self) -> BulkAction:
        """Return what the rest of the bot knows."""
        return BulkAction(
            *(self.id, "email", None, self.email_account_id),
            *(self.created_by, self.date_created, self.n_leads, self.status in UNDER_WAY),
        )


class ChangedShape(Shape):
    """The answer to a change of one object."""

    id: AnyId
    status: str


class RefusalShape(Shape):
    """Why Close refused something: one of the forms of close.md §5, or both."""

    error: object = None
    errors: object = None
    field_errors: object = Field(default=None, alias="field-errors")

    @property
    def text(self) -> str:
        """Return all words of it; they are searched, and neither kept nor shown."""
        return " ".join(str(part) for part in (self.error, self.errors, self.field_errors) if part)

    @property
    def says_no(self) -> bool:
        """Return whether it names any error at all."""
        return any((self.error, self.errors, self.field_errors))


class Page(Shape, Generic[Row]):
    """A list; a missing ``has_more`` means that this is all (close.md §3)."""

    data: tuple[Row, ...]
    has_more: bool | None = None


class TokenShape(Shape):
    """The answer of the token endpoint."""

    access_token: Token
    refresh_token: Token | None = None
    expires_in: Seconds = USUAL_LIFE
    user_id: UserId
    organization_id: OrganizationId

    def value(self) -> TokenAnswer:
        """Return what the rest of the bot knows."""
        return TokenAnswer(
            self.access_token,
            self.refresh_token,
            self.expires_in,
            self.user_id,
            self.organization_id,
        )


class OAuthErrorShape(Shape):
    """An error of the OAuth endpoints, as RFC 6749 has it."""

    error: str
