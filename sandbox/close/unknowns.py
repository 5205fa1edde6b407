"""What Close does not document: each unknown of close.md with the variants that a test can choose.

The first variant of each is the one that the sandbox plays when nothing is chosen.
"""

from dataclasses import dataclass
from enum import Enum, auto


class DuplicateCreate(Enum):
    """Creating an association that exists (close.md §3)."""

    REFUSED = auto()
    SAME_WITH_200 = auto()
    SAME_WITH_201 = auto()
    SECOND_OBJECT = auto()


class OldRefreshToken(Enum):
    """Using a refresh token that was replaced (close.md §2.2)."""

    REFUSED = auto()
    KILLS_THE_GRANT = auto()


class DeleteGone(Enum):
    """Deleting an association that is gone (close.md §3)."""

    NOT_FOUND = 404
    FINE = 204
    BAD_REQUEST = 400


class NotOwn(Enum):
    """Naming an association or a pair that is not the caller's (close.md §3)."""

    NOT_FOUND = 404
    BAD_REQUEST = 400
    FORBIDDEN = 403


class Bulk(Enum):
    """A bulk change in which one id is wrong (close.md §3)."""

    ATOMIC = auto()
    PARTIAL = auto()


class DeleteSuccess(Enum):
    """The status of a delete; the documentation has two versions (close.md §3)."""

    NO_CONTENT = 204
    OK = 200


class DeactivatedCaller(Enum):
    """A call with the credential of somebody who was removed (close.md §2.1)."""

    UNAUTHORIZED = 401
    FORBIDDEN = 403


class AfterEnd(Enum):
    """What becomes of active subscriptions when the right that they were made under ends."""

    SENDS_ON = auto()
    ERROR = auto()
    PAUSES = auto()


class Seen(Enum):
    """What an ordinary member sees of others' subscriptions and bulk actions."""

    EVERYTHING = auto()
    OWN_ONLY = auto()
    NOTHING = auto()  # refused


class BulkPause(Enum):
    """Pausing a bulk action that is under way: documented once, and not any more."""

    FINE = 200
    NOT_ALLOWED = 405


@dataclass(slots=True)
class Unknowns:
    """The chosen variants."""

    duplicate_create: DuplicateCreate = DuplicateCreate.REFUSED
    old_refresh_token: OldRefreshToken = OldRefreshToken.REFUSED
    delete_gone: DeleteGone = DeleteGone.NOT_FOUND
    delete_success: DeleteSuccess = DeleteSuccess.NO_CONTENT
    not_own: NotOwn = NotOwn.NOT_FOUND
    bulk: Bulk = Bulk.ATOMIC
    deactivated_caller: DeactivatedCaller = DeactivatedCaller.UNAUTHORIZED
    after_end: AfterEnd = AfterEnd.SENDS_ON
    seen: Seen = Seen.EVERYTHING
    bulk_pause: BulkPause = BulkPause.FINE
    subscription_created_by_grantor: bool = False
    email_created_by_grantor: bool = False
    membership_names_workflows: bool = True
    sequence_has_counts: bool = True
    sequence_list_has_counts: bool = False
    allowed_user_may_delete: bool = False
    allowing_oneself_is_fine: bool = False
    allowing_inactive_is_fine: bool = False
    access_survives_refresh: bool = True
    access_survives_revoke: bool = False
    deactivation_removes_associations: bool = False
    all_accounts_are_visible: bool = False
    email_belongs_to_grantor: bool = False
    email_names_association: bool = True
    email_is_forbidden: bool = False
    list_has_more_field: bool = False
    removed_members_are_listed: bool = False
    organization_is_visible: bool = True
