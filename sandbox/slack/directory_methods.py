"""auth.test, users.* and usergroups.* of the Web API (slack.md §7, §9)."""

from typing import Any

from sandbox.people import (
    APP_ID,
    BOT,
    BOT_ID,
    BOT_USER_ID,
    TEAM_DOMAIN,
    TEAM_ID,
    TEAM_NAME,
    SandboxPerson,
    user_object,
)
from sandbox.slack.refusals import (
    Answer,
    Arguments,
    Caller,
    Method,
    Refusal,
    is_true,
    number,
    required,
)
from sandbox.slack.workspace import UserGroup

_PAGE_LIMIT = 1000


def _auth_test(caller: Caller, _arguments: Arguments) -> Answer:
    enterprise_id = caller.workspace.enterprise_id
    grid = {} if enterprise_id is None else {"enterprise_id": enterprise_id}
    return grid | {
        "url": f"https://{TEAM_DOMAIN}.slack.com/",
        "team": TEAM_NAME,
        "user": BOT.handle,
        "team_id": TEAM_ID,
        "user_id": BOT_USER_ID,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def _bot_info(_caller: Caller, arguments: Arguments) -> Answer:
    if required(arguments, "bot") != BOT_ID:
        raise Refusal("bot_not_found")
    bot = {"id": BOT_ID, "deleted": False, "name": BOT.name, "updated": 1_760_000_000}
    return {"bot": bot | {"app_id": APP_ID, "user_id": BOT_USER_ID, "icons": {}}}


def _user(caller: Caller, person: SandboxPerson, arguments: Arguments) -> dict[str, Any]:
    return user_object(
        person,
        caller.workspace.now(),
        with_email="users:read.email" in caller.scopes,
        with_locale=is_true(arguments.get("include_locale")),
    )


def _info(caller: Caller, arguments: Arguments) -> Answer:
    person = caller.workspace.people.get(required(arguments, "user"))
    if person is None:
        raise Refusal("user_not_found")
    return {"user": _user(caller, person, arguments)}


def _list(caller: Caller, arguments: Arguments) -> Answer:
    members = [p for p in caller.workspace.people.values() if not p.is_stranger]
    cursor = str(arguments.get("cursor") or "0")
    if not cursor.isdigit() or int(cursor) > len(members):
        raise Refusal("invalid_cursor")
    limit = number(arguments, "limit", 0)
    if not 0 <= limit <= _PAGE_LIMIT:
        raise Refusal("invalid_limit")
    start = int(cursor)
    end = start + limit if limit else len(members)
    return {
        "members": [_user(caller, person, arguments) for person in members[start:end]],
        "cache_ts": int(caller.workspace.now().timestamp()),
        "response_metadata": {"next_cursor": str(end) if end < len(members) else ""},
    }


def _lookup_by_email(caller: Caller, arguments: Arguments) -> Answer:
    wanted = required(arguments, "email").lower()
    for person in caller.workspace.people.values():
        is_findable = not (person.deleted or person.is_stranger or person.is_bot)
        if is_findable and person.email.lower() == wanted:
            return {"user": _user(caller, person, arguments)}
    raise Refusal("users_not_found")


def _group_users(caller: Caller, arguments: Arguments) -> Answer:
    group = caller.workspace.groups.get(required(arguments, "usergroup"))
    if group is None:
        raise Refusal("no_such_subteam")
    return {"users": list(group.members)}


def _groups(caller: Caller, _arguments: Arguments) -> Answer:
    return {"usergroups": [_group_object(g) for g in caller.workspace.groups.values()]}


def _group_object(group: UserGroup) -> dict[str, Any]:
    return {
        "id": group.id,
        "team_id": TEAM_ID,
        "is_usergroup": True,
        "name": group.name,
        "handle": group.handle,
        "user_count": len(group.members),
        "date_delete": 0,
    }


METHODS: dict[str, tuple[str | None, Method]] = {
    "auth.test": (None, _auth_test),
    "bots.info": ("users:read", _bot_info),
    "users.info": ("users:read", _info),
    "users.list": ("users:read", _list),
    "users.lookupByEmail": ("users:read.email", _lookup_by_email),
    "usergroups.users.list": ("usergroups:read", _group_users),
    "usergroups.list": ("usergroups:read", _groups),
}
