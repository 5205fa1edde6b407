"""As many people as a measurement needs."""

from sandbox.people import PEOPLE, SandboxPerson, close_id


def crowd(size: int) -> list[SandboxPerson]:
    """The usual people, and ``size`` more who can ask."""
    return [*PEOPLE, *(person(number) for number in range(size))]


def askers(people: list[SandboxPerson]) -> list[SandboxPerson]:
    """Those of the crowd who were added."""
    return people[len(PEOPLE) :]


def person(number: int) -> SandboxPerson:
    """One of those who were added."""
    handle = f"rep{number}"
    return SandboxPerson(
        id=f"U0REP{number:06d}",
        handle=handle,
        name=f"Rep {number}",
        email=f"{handle}@example.com",
        tz="Europe/Berlin",
        close_user_id=close_id("user", handle),
    )
