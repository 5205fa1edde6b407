"""One line that tells a newcomer what could be done next, read from what is on the screens."""

from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.people import PEOPLE, SandboxPerson
from sandbox.running import House
from sandbox.slack.workspace import Message

_STEPS = ("Ask", "Approve", "Connect", "Active", "Ended")
EXAMPLE = "/sendas @ada 2h Covering the spring pipeline"


@dataclass(frozen=True, slots=True)
class Guide:
    """The steps of the story, how many are behind us, and a sentence about the next one."""

    steps: tuple[str, ...]
    done: int
    sentence: str


def guide(house: House) -> Guide:
    """Where the story stands."""
    if holder := _holding(house, "Approve"):
        return Guide(_STEPS, 1, f"{holder.name} has a request: press Approve on the card.")
    if holder := _holding(house, "Connect Close"):
        sentence = f"{holder.name} presses Connect Close and allows it, as {holder.name}."
        return Guide(_STEPS, 2, sentence)
    if house.close.associations:
        return Guide(_STEPS, 4, "It is active. Push the clock ahead, and watch it end on time.")
    if any(call.method == "DELETE" for call in house.close.calls):
        return Guide(_STEPS, 5, "Over, and confirmed by Close. Ask again, or try some trouble.")
    return Guide(_STEPS, 0, f"Pick up the example below, or type {EXAMPLE} yourself.")


def _holding(house: House, button: str) -> SandboxPerson | None:
    for person in PEOPLE:
        if any(button in message.buttons() for message in _direct(house, person)):
            return person
    return None


def _direct(house: House, person: SandboxPerson) -> Iterator[Message]:
    return (message for message in house.slack.messages(person) if not message.ephemeral)
