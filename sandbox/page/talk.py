"""A little conversation in a channel, so that message shortcuts have something to start from."""

from sandbox.people import ADA, CLEO, DANA
from sandbox.slack import SandboxSlack
from sandbox.slack.workspace import SALES

_SAID = (
    (DANA, "Quarter closes on Friday: please keep the notes in Close up to date."),
    (ADA, "I am travelling until Thursday. Could somebody keep the Hartwell thread warm?"),
    (CLEO, "Happy to, if I may write in your name."),
)


def small_talk(slack: SandboxSlack) -> None:
    """Let people say a few things in the sales channel."""
    for person, text in _SAID:
        slack.say(person, SALES, text)
