"""What people do with their App Home: open it, and leaf through their history."""

from bot.desk import Actor, Desk, change

MOST_PAGES = 10_000  # no history is that long; a forged page number need not reach the database


async def visit(desk: Desk, actor: Actor) -> None:
    """Somebody looks at their home; an event that comes twice does no harm."""
    now = desk.now()
    await change(desk, lambda store: store.homes.open(actor.team_id, actor.user_id, now=now))


async def turn(desk: Desk, actor: Actor, page: int) -> None:
    """Show another page of the history; ``page`` counts from 0."""
    now, wanted = desk.now(), min(max(page, 0), MOST_PAGES)
    await change(
        desk,
        lambda store: store.homes.turn(actor.team_id, actor.user_id, page=wanted, now=now),
    )
