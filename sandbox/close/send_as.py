"""The rules of Send As: who may list, allow and withdraw, with every unknown in its variants."""

from dataclasses import dataclass

from sandbox.close.refusals import RefusalError, coded, invalid
from sandbox.close.state import CloseState, HeldAssociation
from sandbox.close.unknowns import Bulk, DeleteGone, DuplicateCreate


@dataclass(frozen=True, slots=True)
class SendAs:
    """Acts on the state for ``caller``, a Close user id; raises ``RefusalError``."""

    state: CloseState
    caller: str

    def listed(self, allowing: str | None, allowed: str | None) -> list[HeldAssociation]:
        """Return the matching associations; one of the filters has to be the caller."""
        if allowing is None and allowed is None:
            allowing = self.caller
        if self.caller not in (allowing, allowed):
            raise self._not_own()
        return [
            each
            for each in self.state.readable()
            if allowing in (None, each.allowing_user_id) and allowed in (None, each.allowed_user_id)
        ]

    def one(self, association_id: str) -> HeldAssociation:
        """Return an association in which the caller takes part."""
        for each in self.state.readable():
            if each.id == association_id:
                if self.caller not in (each.allowing_user_id, each.allowed_user_id):
                    raise self._not_own()
                return each
        raise coded(404, "Not found.")

    def create(self, allowing: str, allowed: str) -> tuple[int, HeldAssociation]:
        """Add an association; returns the status with it."""
        if allowing != self.caller:
            raise self._not_own("allowing_user_id")
        self._check_allowed(allowed)
        existing = self.state.find(allowing, allowed)
        if existing is None:
            return 201, self.state.add(allowing, allowed)
        return self._again(existing)

    def _again(self, existing: HeldAssociation) -> tuple[int, HeldAssociation]:
        match self.state.unknowns.duplicate_create:
            case DuplicateCreate.REFUSED:
                raise invalid("allowed_user_id", "This user is allowed already.")
            case DuplicateCreate.SAME_WITH_200:
                return 200, existing
            case DuplicateCreate.SAME_WITH_201:
                return 201, existing
            case DuplicateCreate.SECOND_OBJECT:
                return 201, self.state.add(existing.allowing_user_id, existing.allowed_user_id)

    def delete(self, association_id: str) -> int:
        """Remove by id; returns the status."""
        found = next((each for each in self.state.associations if each.id == association_id), None)
        if found is None:
            return self._gone()
        if not self._may_delete(found):
            raise self._not_own()
        self.state.drop(found)
        return self.state.unknowns.delete_success.value

    def delete_pair(self, allowing: str, allowed: str) -> int:
        """Remove by the two users; returns the status."""
        if allowing != self.caller:
            raise self._not_own("allowing_user_id")
        if not self.state.drop_pair(allowing, allowed):
            return self._gone()
        return self.state.unknowns.delete_success.value

    def bulk(self, allow: list[str], disallow: list[str]) -> list[HeldAssociation]:
        """Allow some and withdraw others; returns all that the caller now allows."""
        wrong = self._wrong(allow, disallow)
        if wrong is not None and self.state.unknowns.bulk is Bulk.ATOMIC:
            raise wrong
        for user_id in disallow:
            self.state.drop_pair(self.caller, user_id)
        for user_id in allow:
            if self._is_fine(user_id) and self.state.find(self.caller, user_id) is None:
                self.state.add(self.caller, user_id)
        return [each for each in self.state.associations if each.allowing_user_id == self.caller]

    def _wrong(self, allow: list[str], disallow: list[str]) -> RefusalError | None:
        if set(allow) & set(disallow):
            return invalid("allowed_user_ids", "A user is in both lists.")
        if not all(self._is_fine(each) for each in allow):
            return invalid("allowed_user_ids", "No such user.")
        if not all(each in self.state.members for each in disallow):
            return invalid("disallowed_user_ids", "No such user.")
        return None

    def _is_fine(self, allowed: str) -> bool:
        try:
            self._check_allowed(allowed)
        except RefusalError:
            return False
        return True

    def _check_allowed(self, allowed: str) -> None:
        unknowns = self.state.unknowns
        if allowed == self.caller and not unknowns.allowing_oneself_is_fine:
            raise invalid("allowed_user_id", "You cannot allow yourself.")
        if allowed not in self.state.members:
            raise invalid("allowed_user_id", "No such user in your organization.")
        if not self.state.active(allowed) and not unknowns.allowing_inactive_is_fine:
            raise invalid("allowed_user_id", "This user is not active.")

    def _may_delete(self, association: HeldAssociation) -> bool:
        if self.caller == association.allowing_user_id:
            return True
        is_allowed_user = self.caller == association.allowed_user_id
        return is_allowed_user and self.state.unknowns.allowed_user_may_delete

    def _gone(self) -> int:
        variant = self.state.unknowns.delete_gone
        if variant is DeleteGone.FINE:
            return self.state.unknowns.delete_success.value
        raise coded(variant.value, "Not found.")

    def _not_own(self, field: str | None = None) -> RefusalError:
        status = self.state.unknowns.not_own.value
        if status == 400 and field is not None:
            return invalid(field, "Must be the current user.")
        return coded(status, "Not allowed.")
