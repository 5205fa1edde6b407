"""Inviting a colleague who has not seen the bot yet: once for each who invites."""

from bot.desk import Actor, Desk, change, check_person
from bot.store import Store
from models.notice import NoticeKind


async def invite(desk: Desk, actor: Actor, colleague_id: str) -> None:
    """Have the colleague told what this is, in the actor's name.

    Only a first invitation is sent: nobody can have the bot write to one colleague after another.
    Raises Refused, for whoever cannot take part.
    """
    if colleague_id in ("", actor.user_id):  # nobody is chosen any more, or nobody needs it
        return
    await check_person(desk, actor.team_id, actor.user_id)
    await check_person(desk, actor.team_id, colleague_id)

    def tell(store: Store) -> None:
        now = desk.now()
        is_new = store.homes.is_opened(actor.team_id, actor.user_id, lock=True)
        if is_new and not store.notices.is_told(NoticeKind.INVITED, actor.user_id):
            store.notices.tell(
                NoticeKind.INVITED,
                team_id=actor.team_id,
                recipients=[colleague_id],
                subject_id=actor.user_id,
                incident="invited",
                now=now,
            )
        store.homes.touch(actor.team_id, actor.user_id, now=now)

    await change(desk, tell)
