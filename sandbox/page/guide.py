"""One line that tells a newcomer what could be done next, read from what is on the screens."""

from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.page.screen import HOME, MESSAGES, SEATED, Screen
from sandbox.people import DANA, SandboxPerson
from sandbox.running import House
from sandbox.slack.workspace import Message

_STEPS = ("Ask", "Approve", "Connect", "Active", "Ended")
EXAMPLE = "/sendas @ada 2h Covering the spring pipeline"

DEPUTY = "/sendas deputy @cleo 2 days"


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
    if asked := _to_approve(house, screen):
        return asked
    if holder := _holding(house, screen, "Connect Close"):
        sentence = f"{holder.name} presses Connect Close and allows it, as {holder.name}."
        return Guide(_STEPS, 2, sentence, _absent(screen, holder))
    if holder := _holding(house, screen, "Keep all"):
        sentence = f"{holder.name} has a review: is what they lent still needed?"
        return Guide(_STEPS, 4, sentence, _absent(screen, holder))
    if holder := _holding(house, screen, "Let them cover"):
        sentence = f"{holder.name} is away: pick who covers, and press Let them cover."
        return Guide(_STEPS, 4, sentence, _absent(screen, holder))
    if holder := _holding(house, screen, "Pause what"):
        sentence = f"What was started in {holder.name}'s name goes on: pause it, or leave it."
        return Guide(_STEPS, 5, sentence, _absent(screen, holder))
    if house.close.associations:
        return Guide(_STEPS, 4, "It is active. Push the clock ahead, and watch it end on time.")
    if any(call.method == "DELETE" for call in house.close.calls):
        sentence = (
            f"Over, and confirmed by Close. Ask again, name a deputy ({DEPUTY}), try some "
            "trouble, set a status (On holiday until Monday), or look at it as an admin."
        )
        return Guide(_STEPS, 5, sentence, _absent(screen, DANA), tab=HOME)
    return Guide(_STEPS, 0, f"Pick up the example below, or type {EXAMPLE} in a channel.")


def _to_approve(house: House, screen: Screen) -> Guide | None:
    """A request waits: for whose name it is, or for their deputy as well."""
    holder = _holding(house, screen, "Approve")
    if holder is None:
        return None
    sentence = f"{holder.name} has a request: press Approve on the card."
    deputy = _holding(house, screen, "Approve", "Step down")
    if deputy is holder:
        sentence = f"{holder.name} can answer in somebody's place: press Approve on the card."
    elif deputy is not None:
        sentence = f"{sentence} {deputy.name} has one, too, and can answer in their place."
        return Guide(_STEPS, 1, sentence, _absent(screen, holder) or _absent(screen, deputy))
    return Guide(_STEPS, 1, sentence, _absent(screen, holder))


def _absent(screen: Screen, person: SandboxPerson) -> SandboxPerson | None:
    return None if any(seat.person is person for seat in screen.seats) else person


def _holding(house: House, screen: Screen, *buttons: str) -> SandboxPerson | None:
    """Whose cards have these buttons; those who sit there first."""
    for person in [*(seat.person for seat in screen.seats), *SEATED]:
        labels = [label for message in _direct(house, person) for label in message.buttons()]
        if all(any(label.startswith(button) for label in labels) for button in buttons):
            return person
    return None


def _direct(house: House, person: SandboxPerson) -> Iterator[Message]:
    return (message for message in house.slack.messages(person) if not message.ephemeral)
