"""A Slack that is a value: the bot's messages, and how it answers."""

from dataclasses import dataclass, replace
from typing import Any

from bot.slack.errors import MessageGone, SlackRetryLater, SlackUnclear
from tests.explore.close import Answer
from tests.explore.effects import Effect

WRITES = ("chat.postMessage", "chat.update", "chat.delete")
FAULTS = (Answer.BUSY, Answer.LOST_BEFORE, Answer.LOST_AFTER)


@dataclass(frozen=True, slots=True)
class Post:
    """A message in somebody's conversation with the bot."""

    channel: str
    ts: str
    mark: str
    text: str


@dataclass(frozen=True, slots=True)
class Slack:
    """All messages, and how many there ever were."""

    posts: tuple[Post, ...] = ()
    written: int = 0

    def at(self, channel: str | None, ts: str | None) -> Post | None:
        """The message there."""
        return next((each for each in self.posts if (each.channel, each.ts) == (channel, ts)), None)


EMPTY = Slack()


def call(slack: Slack, effect: Effect, answer: Answer) -> tuple[Slack, Any, Exception | None]:
    """Slack afterwards, and what it answers or what is raised."""
    arguments = dict(effect.ask)
    if answer is Answer.BUSY:
        return slack, None, SlackRetryLater("ratelimited")
    if answer is Answer.LOST_BEFORE:
        return slack, None, SlackUnclear("TimeoutError")
    after, value, error = _done(slack, effect.name, arguments)
    if answer is Answer.LOST_AFTER:
        return after, None, SlackUnclear("TimeoutError")
    return after, value, error


def _done(
    slack: Slack, method: str, arguments: dict[str, Any]
) -> tuple[Slack, Any, Exception | None]:
    if method == "chat.postMessage":
        return _posted(slack, arguments)
    if method == "conversations.open":
        return slack, {"channel": {"id": f"D{arguments['users']}"}}, None
    if method == "conversations.history":
        found = [each for each in slack.posts if each.channel == arguments["channel"]]
        return slack, {"messages": [_as_slack_says(each) for each in found]}, None
    there = slack.at(arguments["channel"], arguments["ts"])
    if there is None:
        return slack, None, MessageGone("message_not_found")
    others = tuple(each for each in slack.posts if each is not there)
    if method == "chat.update":
        others = (*others, replace(there, text=arguments["text"]))
    return replace(slack, posts=others), {}, None


def _posted(slack: Slack, arguments: dict[str, Any]) -> tuple[Slack, Any, Exception | None]:
    number = slack.written + 1
    post = Post(f"D{arguments['channel']}", str(number), arguments["mark"], arguments["text"])
    after = Slack((*slack.posts, post), number)
    return after, {"channel": post.channel, "ts": post.ts}, None


def _as_slack_says(post: Post) -> dict[str, Any]:
    return {"ts": post.ts, "metadata": {"event_payload": {"mark": post.mark}}}
