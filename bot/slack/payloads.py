"""What Slack's payloads have to hold, so that bolt and the listeners can read them.

Only what is named here gets in, and only in the shape that is named here (slack.md §3, §4, §8).
Everything else is left out, so nothing in it can trip anybody. Whoever reads a new field, or
listens to a new kind, names it here first.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationError,
)

from bot.grammar import storable

COMMAND, EVENT = "command", "event_callback"
# Unix seconds: two days before the end of the last year that a calendar here holds, so that each
# clock in the world can show it.
LATEST = 253_402_300_799 - 2 * 86_400
LONGEST_NAME = 40  # of what stands in a payload and goes into the log

# As long as the columns that hold it.
SlackId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,32}$")]
# What both UTF-8 and a database can hold: no half emoji, no NUL.
Word = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
# What a person wrote loses what cannot be held; nobody is turned away for half an emoji.
Typed = Annotated[str, AfterValidator(storable)]
Address = Annotated[str, StringConstraints(pattern=r"^(https?://[^\x00\s]+)?$")]
# What a button or a choice may carry at most (slack.md §5).
Carried = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=2000)]
Zone = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+/-]{0,64}$")]


class Malformed(Exception):
    """The payload is not one that Slack would send; the message says where, never what it held."""


class Unheard(Exception):
    """Nobody here listens to such a payload; the message is its kind."""


class Payload(dict[str, Any]):
    """A payload, or a part of one, that raises Malformed where a listener needs what is missing."""

    def __missing__(self, key: str) -> Any:
        """What a listener asked for is not there."""
        raise Malformed(f"{key}: missing")


class Shape(BaseModel):
    """A part of a payload. Fields without a default have to be there."""

    model_config = ConfigDict(strict=True, extra="ignore")


class Team(Shape):
    """The workspace that something was done in."""

    id: SlackId
    enterprise_id: Word | None = None


class Enterprise(Shape):
    """The Enterprise Grid that it belongs to."""

    id: Word


class Acting(Shape):
    """Whoever acted. A person of another workspace keeps their own team."""

    id: SlackId
    team_id: Word | None = None


class Chosen(Shape):
    """An option of a menu or a select."""

    value: Carried


class Entry(Shape):
    """What one field of a form holds; an untouched one holds null."""

    value: Typed | None = None
    selected_option: Chosen | None = None
    selected_options: list[Chosen] | None = None
    selected_user: SlackId | None = None
    selected_users: list[SlackId] | None = None
    selected_date: Word | None = None
    selected_date_time: Annotated[int, Field(ge=0, le=LATEST)] | None = None


class Pressed(Entry):
    """One of ``actions``: what was clicked or chosen."""

    type: Word
    action_id: Word
    block_id: Word | None = None
    value: Carried | None = None


class Overflowed(Pressed):
    """A choice in a "more" menu, which is never nothing."""

    selected_option: Chosen


def _kind_of_action(action: Any) -> str:
    kind = action.get("type") if isinstance(action, dict) else None
    return "overflow" if kind == "overflow" else "other"


Action = Annotated[
    Annotated[Overflowed, Tag("overflow")] | Annotated[Pressed, Tag("other")],
    Discriminator(_kind_of_action),
]


class State(Shape):
    """What stands in the fields, by block and action."""

    values: dict[Word, dict[Word, Entry]]


class Block(Shape):
    """A block of a form; which are fields has to be known where something went wrong."""

    type: Word
    block_id: Word | None = None


class View(Shape):
    """A form or an App Home, as it was when somebody acted in it."""

    id: SlackId
    type: Literal["modal", "home"]
    callback_id: Word
    private_metadata: Word
    blocks: list[Block]
    state: State
    app_installed_team_id: Word | None = None


class Shown(Shape):
    """A message that was clicked in, or that a shortcut was used on."""

    ts: Word | None = None
    user: Word | None = None
    bot_id: Word | None = None


class SlashCommand(Shape):
    """A slash command; it alone has no ``type``."""

    command: Word
    team_id: SlackId
    user_id: SlackId
    trigger_id: Word
    text: Typed = ""
    response_url: Address | None = None
    enterprise_id: Word | None = None
    channel_id: Word | None = None
    channel_name: Word | None = None


class Interaction(Shape):
    """What all interactions have in common. ``team`` is null where a whole Grid has the app."""

    type: Word
    user: Acting
    team: Team | None = None
    enterprise: Enterprise | None = None
    response_url: Address | None = None


class Click(Interaction):
    """A click in a message, a form or an App Home. ``state`` has what stands in the fields of a
    message; a view has its own."""

    trigger_id: Word
    actions: list[Action] = Field(min_length=1)
    message: Shown | None = None
    state: State | None = None
    view: View | None = None


class Submission(Interaction):
    """A submitted form."""

    view: View


class Shortcut(Interaction):
    """A shortcut from anywhere."""

    trigger_id: Word
    callback_id: Word


class MessageShortcut(Shortcut):
    """A shortcut on a message."""

    message: Shown


class Authorization(Shape):
    """For which installation an event was sent."""

    team_id: Word | None = None
    enterprise_id: Word | None = None


class Envelope(Shape):
    """What all events have in common."""

    type: Literal["event_callback"]
    team_id: SlackId
    authorizations: list[Authorization] | None = None


class HomeOpened(Shape):
    """Somebody looks at the App Home, or at the messages beside it."""

    type: Word
    user: SlackId
    tab: Word | None = None


def _moment_or_none(value: Any) -> Any:
    """A status is no reason not to know who somebody is: what is no moment counts as none."""
    is_moment = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LATEST
    return value if is_moment else None


class Profile(Shape):
    """The part of a user object that its owner writes. A status without an end says 0."""

    display_name: Typed | None = None
    real_name: Typed | None = None
    email: Typed | None = None
    status_emoji: Typed | None = None
    status_text: Typed | None = None
    status_expiration: Annotated[int | None, BeforeValidator(_moment_or_none)] = None


class EnterpriseUser(Shape):
    """Whose Enterprise Grid somebody belongs to."""

    enterprise_id: Word | None = None


class User(Shape):
    """Slack's user object; every field but the id can be missing or null (slack.md §9)."""

    id: SlackId
    team_id: Word | None = None
    real_name: Typed | None = None
    tz: Zone | None = None
    profile: Profile | None = None
    enterprise_user: EnterpriseUser | None = None
    deleted: bool | None = None
    is_bot: bool | None = None
    is_workflow_bot: bool | None = None
    is_restricted: bool | None = None
    is_ultra_restricted: bool | None = None
    is_stranger: bool | None = None
    is_email_confirmed: bool | None = None


class UserChanged(Shape):
    """Somebody's user object is another one now."""

    type: Word
    user: User


class Uninstalled(Shape):
    """The app was taken out of the workspace."""

    type: Word


class RevokedTokens(Shape):
    """Whose tokens were revoked, by the ids of users (slack.md §8); ours is the bot's."""

    bot: list[SlackId] | None = None
    oauth: list[SlackId] | None = None


class TokensRevoked(Shape):
    """Tokens of the app are good for nothing any more."""

    type: Word
    tokens: RevokedTokens


class UninstalledEvent(Envelope):
    """The event in its envelope."""

    event: Uninstalled


class TokensRevokedEvent(Envelope):
    """The event in its envelope."""

    event: TokensRevoked


class HomeOpenedEvent(Envelope):
    """The event in its envelope."""

    event: HomeOpened


class UserChangedEvent(Envelope):
    """The event in its envelope."""

    event: UserChanged


class Verification(Shape):
    """Slack makes sure of the address."""

    type: Word
    challenge: Word


SHAPES: dict[str, type[Shape]] = {
    COMMAND: SlashCommand,
    "block_actions": Click,
    "view_submission": Submission,
    "shortcut": Shortcut,
    "message_action": MessageShortcut,
    "url_verification": Verification,
}
EVENTS: dict[str, type[Shape]] = {
    "app_home_opened": HomeOpenedEvent,
    "app_uninstalled": UninstalledEvent,
    "tokens_revoked": TokensRevokedEvent,
    "user_change": UserChangedEvent,
}


def kind_of(body: dict[str, Any]) -> str:
    """What kind of payload it is; raises Malformed where it does not say."""
    kind = body.get("type", COMMAND if COMMAND in body else None)
    if not isinstance(kind, str) or not kind:
        raise Malformed("type: missing")
    return kind


def read_payload(body: dict[str, Any]) -> Payload:
    """What bolt and the listeners may read; raises Malformed, or Unheard."""
    kind = kind_of(body)
    shape = _event_shape(body) if kind == EVENT else SHAPES.get(kind)
    if shape is None:
        raise Unheard(kind)
    try:
        read = shape.model_validate(body)
    except ValidationError as error:
        raise Malformed(_place(error)) from None
    payload: Payload = _guarded(read.model_dump(exclude_unset=True))
    return payload


def _event_shape(body: dict[str, Any]) -> type[Shape]:
    event = body.get("event")
    kind = event.get("type") if isinstance(event, dict) else None
    if not isinstance(kind, str) or not kind:
        raise Malformed("event.type: missing")
    if kind not in EVENTS:
        raise Unheard(f"{EVENT} {kind}")
    return EVENTS[kind]


def _place(error: ValidationError) -> str:
    """Where the first flaw is, and of which kind."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    path = ".".join(str(each)[:LONGEST_NAME] for each in first["loc"])
    return ascii(f"{path}: {first['type']}")[1:-1]


def _guarded(value: Any) -> Any:
    if isinstance(value, dict):
        return Payload(
            {key: each if isinstance(each, str) else _guarded(each) for key, each in value.items()}
        )
    if isinstance(value, list):
        return [_guarded(each) for each in value]
    return value
