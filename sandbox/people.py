"""Who lives in the sandbox: one small sales team, a guest, a leaver, a bot and a stranger.

The sandbox Slack and the sandbox Close share these people, so that an address in one is the same
person in the other.
"""

import hashlib
import string
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

TEAM_ID = "T0NORTHWIND"
TEAM_DOMAIN = "northwind"
TEAM_NAME = "Northwind Sales"
STRANGER_TEAM_ID = "T0SOUTHBANK"
SISTER_TEAM_ID = "T0NORTHEAST"
ENTERPRISE_ID = "E0NORTHWIND"
APP_ID = "A0SENDAS001"
BOT_ID = "B0SENDAS001"
BOT_USER_ID = "U0SENDASBOT"

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def close_id(prefix: str, seed: str) -> str:
    """An id shaped like Close's, the same at every run: ``prefix`` and 43 base62 characters."""
    number = int.from_bytes(hashlib.sha512(seed.encode()).digest(), "big")
    letters = []
    for _ in range(43):
        number, index = divmod(number, 62)
        letters.append(_BASE62[index])
    return f"{prefix}_{''.join(letters)}"


ORGANIZATION_ID = close_id("orga", TEAM_NAME)


@dataclass(frozen=True, slots=True)
class SandboxPerson:
    """A Slack user; ``close_user_id`` is set when the person has a Close account as well."""

    id: str
    handle: str
    name: str
    email: str
    tz: str
    close_user_id: str | None = None
    is_admin: bool = False
    is_bot: bool = False
    is_restricted: bool = False
    deleted: bool = False
    team_id: str = TEAM_ID
    title: str = ""
    is_email_confirmed: bool = True
    enterprise_id: str | None = None
    status_text: str = ""
    status_emoji: str = ""
    status_expiration: int = 0  # Unix seconds; 0 is for a status that stays

    @property
    def is_stranger(self) -> bool:
        """True for somebody of another workspace, unless they are in an Enterprise Grid: whose it
        is, the caller has to compare."""
        return self.team_id != TEAM_ID and self.enterprise_id is None


ADA = SandboxPerson(
    id="U0ADA4KPXQ7",
    handle="ada",
    name="Ada Lindqvist",
    email="ada.lindqvist@example.com",
    tz="Europe/Berlin",
    close_user_id=close_id("user", "ada"),
    title="Head of Sales",
)
BEN = SandboxPerson(
    id="U0BEN7TRWM2",
    handle="ben",
    name="Ben Okafor",
    email="ben.okafor@example.com",
    tz="America/New_York",
    close_user_id=close_id("user", "ben"),
    title="Account Executive",
)
CLEO = SandboxPerson(
    id="U0CLEO3HDV9",
    handle="cleo",
    name="Cleo Marchetti",
    email="cleo.marchetti@example.com",
    tz="Europe/London",
    close_user_id=close_id("user", "cleo"),
    title="Account Executive",
)
DANA = SandboxPerson(
    id="U0DANA6NBY4",
    handle="dana",
    name="Dana Whitfield",
    email="dana.whitfield@example.com",
    tz="America/Los_Angeles",
    close_user_id=close_id("user", "dana"),
    is_admin=True,
    title="Sales Operations",
)
ELI = SandboxPerson(
    id="U0ELI8QZCF5",
    handle="eli",
    name="Eli Nakamura",
    email="eli.nakamura@example.com",
    tz="Asia/Tokyo",
    title="Product Designer",
)
FINN = SandboxPerson(
    id="U0FINN2LSG8",
    handle="finn",
    name="Finn Gallagher",
    email="finn.gallagher@example.com",
    tz="Europe/Dublin",
    close_user_id=close_id("user", "finn"),
    deleted=True,
    title="Account Executive",
)
GUS = SandboxPerson(
    id="U0GUS5WJHT3",
    handle="gus",
    name="Gus Peralta",
    email="gus.peralta@example.com",
    tz="America/Chicago",
    is_restricted=True,
    title="Agency contractor",
)
STRANGER = SandboxPerson(
    id="U0VERA1XKB6",
    handle="vera",
    name="Vera Sandoval",
    email="vera.sandoval@example.com",
    tz="America/Bogota",
    team_id=STRANGER_TEAM_ID,
    title="Partner at Southbank",
)
BOT = SandboxPerson(
    id=BOT_USER_ID,
    handle="sendas",
    name="Send-As",
    email="",
    tz="America/Los_Angeles",
    is_bot=True,
)

# Not among the usual people: of a sister workspace, for when this one is in an Enterprise Grid.
HANA = SandboxPerson(
    id="W0HANA4JQZ2",
    handle="hana",
    name="Hana Kowalczyk",
    email="hana.kowalczyk@example.com",
    tz="Europe/Warsaw",
    close_user_id=close_id("user", "hana"),
    team_id=SISTER_TEAM_ID,
    enterprise_id=ENTERPRISE_ID,
    title="Account Executive, North-East",
)

PEOPLE: tuple[SandboxPerson, ...] = (ADA, BEN, CLEO, DANA, ELI, FINN, GUS, STRANGER, BOT)


def user_object(
    person: SandboxPerson, now: datetime, *, with_email: bool, with_locale: bool = False
) -> dict[str, Any]:
    """The full Slack user object of ``person`` (slack.md §9); a leaver's carries fewer fields."""
    user: dict[str, Any] = {
        "id": person.id,
        "team_id": person.team_id,
        "name": person.handle,
        "deleted": person.deleted,
        "real_name": person.name,
        "profile": _profile(person, now, with_email=with_email),
        "is_bot": person.is_bot,
        "is_app_user": False,
        "updated": 1_760_000_000,
    }
    if person.enterprise_id is not None:
        user["enterprise_user"] = {
            "id": person.id,
            "enterprise_id": person.enterprise_id,
            "enterprise_name": TEAM_NAME,
            "is_admin": False,
            "is_owner": False,
            "teams": [person.team_id],
        }
    if person.deleted:
        return user
    user |= _roles(person) | _zone(person, now)
    if with_locale:
        user["locale"] = "en-US"
    return user


def _status(person: SandboxPerson, now: datetime) -> dict[str, Any]:
    """What somebody says about themselves; Slack clears it when its time is over."""
    if 0 < person.status_expiration <= now.timestamp():
        return {"status_text": "", "status_emoji": "", "status_expiration": 0}
    return {
        "status_text": person.status_text,
        "status_emoji": person.status_emoji,
        "status_expiration": person.status_expiration,
    }


def _profile(person: SandboxPerson, now: datetime, *, with_email: bool) -> dict[str, Any]:
    profile: dict[str, Any] = {
        "title": person.title,
        "phone": "",
        "real_name": person.name,
        "real_name_normalized": person.name,
        "display_name": "" if person.is_bot else person.handle,
        "display_name_normalized": "" if person.is_bot else person.handle,
        "team": person.team_id,
    } | _status(person, now)
    if person.is_bot:
        return profile | {"api_app_id": APP_ID, "bot_id": BOT_ID}
    if with_email and not person.is_stranger:
        profile["email"] = person.email
    return profile


def _roles(person: SandboxPerson) -> dict[str, Any]:
    roles: dict[str, Any] = {
        "is_admin": person.is_admin,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": person.is_restricted,
        "is_ultra_restricted": False,
        "is_email_confirmed": person.is_email_confirmed and not person.is_bot,
        "who_can_share_contact_card": "EVERYONE",
    }
    if person.is_stranger:
        roles["is_stranger"] = True
    return roles


def _zone(person: SandboxPerson, now: datetime) -> dict[str, Any]:
    local = now.astimezone(ZoneInfo(person.tz))
    offset = local.utcoffset()
    return {
        "tz": person.tz,
        "tz_label": local.tzname() or person.tz,
        "tz_offset": int(offset.total_seconds()) if offset else 0,
    }
