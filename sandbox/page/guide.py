"""One line that tells a newcomer what could be done next, read from what is on the screens."""

from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.page.screen import HOME, MESSAGES, SEATED, Screen
from sandbox.people import DANA, SandboxPerson
from sandbox.running import House
from sandbox.slack.workspace import Message

_STEPS = ("Ask", "Approve", "Connect", "Active", "Ended")
EXAMPLE = "/sendas @ada 2h Covering the spring pipeline"


@dataclass(frozen=True, slots=True)
class Guide:
    """The steps of the story, how many are behind us, and a sentence about the next one.

    ``absent`` is who has to do it, or to look at that ``tab``, when they sit in no seat.
    """

    steps: tuple[str, ...]
    done: int
    sentence: str
    absent: SandboxPerson | None = None
    tab: str = MESSAGES


def guide(house: House, screen: Screen) -> Guide:
    """Where the story stands, for those who sit there."""
    if holder := _holding(house, screen, "Approve"):
        sentence = f"{holder.name} has a request: press Approve on the card."
        return Guide(_STEPS, 1, sentence, _absent(screen, holder))
    if holder := _holding(house, screen, "Connect Close"):
        sentence = f"{holder.name} presses Connect Close and allows it, as {holder.name}."
        return Guide(_STEPS, 2, sentence, _absent(screen, holder))
    if holder := _holding(house, screen, "Keep all"):
        sentence = f"{holder.name} has a review: is what they lent still needed?"
        return Guide(_STEPS, 4, sentence, _absent(screen, holder))
    if house.close.associations:
        return Guide(_STEPS, 4, "It is active. Push the clock ahead, and watch it end on time.")
    if any(call.method == "DELETE" for call in house.close.calls):
        sentence = (
            "Over, and confirmed by Close. Ask again, try some trouble, or look at it as an admin."
        )
        return Guide(_STEPS, 5, sentence, _absent(screen, DANA), tab=HOME)
    return Guide(_STEPS, 0, f"Pick up the example below, or type {EXAMPLE} in a channel.")


def _absent(screen: Screen, person: SandboxPerson) -> SandboxPerson | None:
    return None if any(seat.person is person for seat in screen.seats) else person


def _holding(house: House, screen: Screen, button: str) -> SandboxPerson | None:
    """Whose card has this button; those who sit there first."""
    for person in [*(seat.person for seat in screen.seats), *SEATED]:
        if any(button in message.buttons() for message in _direct(house, person)):
            return person
    return None


def _direct(house: House, person: SandboxPerson) -> Iterator[Message]:
    return (message for message in house.slack.messages(person) if not message.ephemeral)
