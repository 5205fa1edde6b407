"""Who somebody is in Slack: ``users.info``, kept for a few minutes."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.ports import Now
from bot.slack.errors import SlackRefused, SlackRetryLater, translate
from models.person import Person

KEPT = timedelta(minutes=5)
UNKNOWN_KEPT = timedelta(seconds=30)  # somebody may just be joining
MOST_KEPT = 5_000
PATIENCE = 1.8  # seconds: the answer is needed before Slack's three seconds are over
AT_ONCE = 16  # calls; a group of a hundred is not asked about all at the same moment
UNKNOWN = frozenset({"user_not_found", "user_not_visible", "users_not_found"})


class SlackDirectory:
    """Implements ``ports.Directory`` with one Web API client that never waits for a rate limit."""

    def __init__(self, client: AsyncWebClient, now: Now) -> None:
        self._client = client
        self._now = now
        self._people: OrderedDict[str, tuple[datetime, Person | None]] = OrderedDict()
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def person(self, user_id: str) -> Person | None:
        """The person, or None when this workspace does not know the id.

        Raises SlackRetryLater when Slack cannot say.
        """
        known = self._people.get(user_id)
        if known is not None:
            learnt_at, person = known
            if self._now() - learnt_at < (UNKNOWN_KEPT if person is None else KEPT):
                return person
        person = await self._found("users.info", user=user_id)
        self._keep(user_id, person)
        return person

    async def members(self, group_id: str) -> Sequence[str]:
        """The user ids of a user group.

        Raises SlackRetryLater when Slack cannot say, and SlackRefused when it will not: unknown
        groups, plans without groups, and an app that lacks the scope.
        """
        try:
            answer = await self._call("usergroups.users.list", usergroup=group_id)
        except SlackRetryLater as error:
            if error.code == "missing_scope":  # waiting does not mend that
                raise SlackRefused(error.code) from error
            raise
        return [str(member) for member in answer.get("users") or []]

    async def by_email(self, email: str) -> Person | None:
        """The member with this address, or None. Raises SlackRetryLater when Slack cannot say."""
        person = await self._found("users.lookupByEmail", email=email)
        if person is not None:
            self.learn(person)
        return person

    def learn(self, person: Person) -> None:
        """Keep what Slack just told us (``users.info`` or a ``user_change`` event)."""
        self._keep(person.id, person)

    def _keep(self, user_id: str, person: Person | None) -> None:
        self._people[user_id] = (self._now(), person)
        self._people.move_to_end(user_id)
        while len(self._people) > MOST_KEPT:
            self._people.popitem(last=False)

    async def _found(self, method: str, **arguments: str) -> Person | None:
        try:
            answer = await self._call(method, **arguments)
        except SlackRefused as error:
            if error.code in UNKNOWN:
                return None
            raise SlackRetryLater(error.code) from error
        user = answer.get("user")
        return person_of(user) if isinstance(user, dict) else None

    async def _call(self, method: str, **arguments: str) -> AsyncSlackResponse:
        """In time for Slack's three seconds, or not at all."""
        try:
            async with asyncio.timeout(PATIENCE), self._turns:
                return await self._client.api_call(method, params=arguments)
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            failure = translate(error)
            if isinstance(failure, SlackRefused):
                raise failure from error
            raise SlackRetryLater(failure.code) from error


def person_of(user: dict[str, Any]) -> Person:
    """Slack's user object, read with care: fields can be missing, null or empty (slack.md §9)."""
    profile = user.get("profile") or {}
    names = (profile.get("display_name"), profile.get("real_name"), user.get("real_name"))
    return Person(
        id=str(user["id"]),
        team_id=str(user.get("team_id") or ""),
        name=next((name for name in names if name), str(user["id"])),
        email=profile.get("email") or None,
        time_zone=user.get("tz") or "UTC",
        is_bot=bool(user.get("is_bot") or user.get("is_workflow_bot") or user["id"] == "USLACKBOT"),
        is_deactivated=bool(user.get("deleted")),
        is_guest=bool(user.get("is_restricted") or user.get("is_ultra_restricted")),
        is_stranger=bool(user.get("is_stranger")),
    )
