"""Who somebody is in Slack: ``users.info``, kept for a few minutes, or asked afresh."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from pydantic import ValidationError
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.ports import Now, Sighting
from bot.slack.bolt import Workspace
from bot.slack.errors import (
    UNREADABLE,
    SlackError,
    SlackRefused,
    SlackRetryLater,
    SlackSilent,
    translate,
)
from bot.slack.payloads import User
from bot.slack.web_api import NOT_JSON
from models.address import is_same_address
from models.person import Person

KEPT = timedelta(minutes=5)
GROUPS_KEPT = 600.0  # seconds of this process: it asks again well before (process/rulebook.py)
UNKNOWN_KEPT = timedelta(seconds=30)  # somebody may just be joining
MOST_KEPT = 5_000
PATIENCE = 1.4  # seconds: the answer is needed before Slack's three seconds are over
LONG_PATIENCE = 10.0  # seconds, where nobody waits for the answer
AT_ONCE = 16  # calls; a group of a hundred is not asked about all at the same moment
AT_LEISURE = 8  # calls of the worker, beside those that somebody waits for
FAILURES = (SlackClientError, aiohttp.ClientError, TimeoutError, OSError, *NOT_JSON)
UNKNOWN = frozenset({"user_not_found", "user_not_visible", "users_not_found"})


class SlackDirectory:
    """Implements ``ports.Directory`` with one Web API client that never waits for a rate limit."""

    def __init__(self, client: AsyncWebClient, workspace: Workspace, now: Now) -> None:
        self._client = client
        self._workspace = workspace
        self._now = now
        self._people: OrderedDict[str, tuple[datetime, Person | None]] = OrderedDict()
        self._groups: dict[str, tuple[float, frozenset[str]]] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._idle_turns = asyncio.Semaphore(AT_LEISURE)

    async def person(self, user_id: str, *, afresh: bool = False) -> Person | None:
        """The person, or None when this workspace does not know the id.

        Raises SlackRetryLater when Slack cannot say, and SlackSilent when it cannot be reached.
        """
        known = None if afresh else self.known(user_id)
        if known is not None:
            return known.person
        person = await self._found("users.info", is_urgent=not afresh, user=user_id)
        self._keep(user_id, person)
        return person

    def known(self, user_id: str) -> Sighting | None:
        """What Slack said within the last minutes; of nobody, within the last seconds."""
        kept = self._people.get(user_id)
        if kept is None:
            return None
        learnt_at, person = kept
        is_fresh = self._now() - learnt_at < (UNKNOWN_KEPT if person is None else KEPT)
        return Sighting(person) if is_fresh else None

    async def members(self, group_id: str) -> Sequence[str]:
        """The user ids of a user group.

        Raises SlackRetryLater when Slack cannot say, and SlackRefused when it will not: unknown
        groups, plans without groups, and an app that lacks the scope.
        """
        try:
            answer = await self._call("usergroups.users.list", usergroup=group_id)
        except SlackRefused:  # there is no such group (any more)
            self._groups.pop(group_id, None)
            raise
        except SlackRetryLater as error:
            if error.code == "missing_scope":  # waiting does not mend that
                raise SlackRefused(error.code) from error
            raise
        members = answer.get("users")
        if not isinstance(members, list) or not all(isinstance(each, str) for each in members):
            raise SlackRetryLater(UNREADABLE)
        self._groups[group_id] = (time.monotonic(), frozenset(members))
        return members

    def known_members(self, group_id: str) -> frozenset[str] | None:
        """Who is in a user group, as Slack said within the last minutes; None when it did not."""
        learnt_at, members = self._groups.get(group_id, (None, frozenset[str]()))
        if learnt_at is None or time.monotonic() - learnt_at >= GROUPS_KEPT:
            return None
        return members

    async def by_email(self, email: str) -> Person | None:
        """The member with this address, if they have confirmed it; else None.

        Raises SlackRetryLater when Slack cannot say.
        """
        person = await self._found("users.lookupByEmail", email=email)
        if person is None:
            return None
        self._keep(person.id, person)
        # However Slack compares them: another address is somebody else's.
        return person if is_same_address(person.email, email) else None

    async def learn(self, user: Mapping[str, Any]) -> Person:
        """Keep what Slack just sent (a ``user_change`` event)."""
        person = await self._read(user)
        self._keep(person.id, person)
        return person

    def _keep(self, user_id: str, person: Person | None) -> None:
        self._people[user_id] = (self._now(), person)
        self._people.move_to_end(user_id)
        while len(self._people) > MOST_KEPT:
            self._people.popitem(last=False)

    async def _found(
        self, method: str, *, is_urgent: bool = True, **arguments: str
    ) -> Person | None:
        call = self._call if is_urgent else self._call_at_leisure
        try:
            answer = await call(method, **arguments)
        except SlackRefused as error:
            if error.code in UNKNOWN:
                return None
            raise SlackRetryLater(error.code) from error
        try:  # in the shape that events about people have, too
            user = User.model_validate(answer.get("user"))
        except ValidationError:
            raise SlackRetryLater(UNREADABLE) from None
        return await self._read(user.model_dump(exclude_unset=True))

    async def _read(self, user: Mapping[str, Any]) -> Person:
        """A person of a Grid is compared with ours, which Slack has to have named."""
        if not _enterprise(user):
            return person_of(user)
        if self._workspace.team_id is None:
            try:
                await self._workspace.learn()
            except SlackError as error:
                raise SlackRetryLater(error.code, error.wait) from error
        return person_of(user, own_enterprise=self._workspace.enterprise_id)

    async def _call(self, method: str, **arguments: str) -> dict[str, Any]:
        """In time for Slack's three seconds, or not at all."""
        try:
            async with asyncio.timeout(PATIENCE), self._turns:
                return _data(await self._client.api_call(method, params=arguments))
        except FAILURES as error:
            raise _failure(error) from error

    async def _call_at_leisure(self, method: str, **arguments: str) -> dict[str, Any]:
        """For the worker: its turn comes when it comes, and never takes that of somebody who
        waits."""
        try:
            async with self._idle_turns, asyncio.timeout(LONG_PATIENCE):
                return _data(await self._client.api_call(method, params=arguments))
        except FAILURES as error:
            raise _failure(error) from error


def _data(answer: AsyncSlackResponse) -> dict[str, Any]:
    if not isinstance(answer.data, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - what the SDK raises for no JSON
    return answer.data


def _failure(error: Exception) -> SlackError:
    """Nothing was changed by asking, so whatever is not a refusal can be asked again."""
    if isinstance(error, TimeoutError):
        return SlackRetryLater("timeout")
    if isinstance(error, aiohttp.ClientError | OSError):
        return SlackSilent(type(error).__name__)
    failure = translate(error)
    is_final = isinstance(failure, SlackRefused)
    return failure if is_final else SlackRetryLater(failure.code, failure.wait)


def person_of(user: Mapping[str, Any], *, own_enterprise: str | None = None) -> Person:
    """Slack's user object, read with care: fields can be missing, null or empty (slack.md §9).

    An address that its owner has not confirmed proves nothing, so it counts as none.
    """
    profile = user.get("profile") or {}
    names = (profile.get("real_name"), user.get("real_name"), profile.get("display_name"))
    is_confirmed = user.get("is_email_confirmed") is True
    expires = profile.get("status_expiration")
    return Person(
        id=str(user["id"]),
        team_id=str(user.get("team_id") or ""),
        name=next((name for name in names if name), str(user["id"])),
        email=(profile.get("email") or None) if is_confirmed else None,
        time_zone=user.get("tz") or "UTC",
        is_bot=bool(user.get("is_bot") or user.get("is_workflow_bot") or user["id"] == "USLACKBOT"),
        is_deactivated=bool(user.get("deleted")),
        is_guest=bool(user.get("is_restricted") or user.get("is_ultra_restricted")),
        is_stranger=bool(user.get("is_stranger")),
        is_colleague=own_enterprise is not None and _enterprise(user) == own_enterprise,
        status_emoji=profile.get("status_emoji") or "",
        status_text=profile.get("status_text") or "",
        status_expires_at=datetime.fromtimestamp(expires, UTC) if expires else None,
    )


def _enterprise(user: Mapping[str, Any]) -> str | None:
    """The Enterprise Grid that somebody belongs to, if any."""
    own = user.get("enterprise_user")
    return str(own.get("enterprise_id") or "") or None if isinstance(own, dict) else None
