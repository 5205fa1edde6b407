"""What people do with their App Home: open it, and leaf through its lists."""

from bot.desk import Actor, Desk, change
from models.home import HomeList

MOST_PAGES = 10_000  # no list is that long; a forged page number need not reach the database


async def visit(desk: Desk, actor: Actor) -> None:
    """Somebody looks at their home; an event that comes twice does no harm."""
    now = desk.now()
    await change(desk, lambda store: store.homes.open(actor.team_id, actor.user_id, now=now))


async def turn(desk: Desk, actor: Actor, page: int, *, name: HomeList | None = None) -> None:
    """Show another page of the history, or of another list; ``page`` counts from 0."""
    now, wanted = desk.now(), min(max(page, 0), MOST_PAGES)
    whose = (actor.team_id, actor.user_id)
    await change(desk, lambda store: store.homes.turn(*whose, page=wanted, name=name, now=now))


async def look_for(desk: Desk, actor: Actor, person_id: str | None) -> None:
    """Show only what concerns this person as well; None: everything."""
    now, whose = desk.now(), (actor.team_id, actor.user_id)
    await change(desk, lambda store: store.homes.look_for(*whose, person_id=person_id, now=now))
