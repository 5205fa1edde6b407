"""App Homes: published by a worker; what people do with them is in ``bot.delegations.homes``.

Like cards they are projections: a row says that a home is stale, and the step renders what is true
now. Publishing replaces the whole home, so doing it twice is the same as doing it once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from slack_sdk.models.views import View

from bot.cards.everybody import MOST_ROWS as MOST_LISTED
from bot.cards.everybody import everybody_view
from bot.cards.homes import HISTORY_PAGE, MOST_ROWS, home_view
from bot.delegations.people.duties import MOST
from bot.projections.showing import Showing
from bot.slack.views import Views
from bot.store import Store
from bot.store.homes import SHOWN_FOR
from models.cover import by_cover
from models.delegation import Delegation
from models.home import Home, HomeList, read_place
from models.notice import NoticeKind
from models.overview import Everybodys, Excerpt, Overview


@dataclass(frozen=True, slots=True)
class HomeStep:
    """The worker's step for one leased home; ``admins`` are named as who can help, and see
    everybody's rights and which settings are ``unset``."""

    showing: Showing
    views: Views
    admins: frozenset[str]
    unset: frozenset[str] = frozenset()

    async def take(self, home: Home) -> None:
        """Publish what is true now."""
        view = await (self._everybodys(home) if self._is_for_everybody(home) else self._own(home))
        await self.views.publish(home.slack_user_id, view)
        await self.showing.database.run_single(lambda store: store.homes.due.rest(home))

    def _is_for_everybody(self, home: Home) -> bool:
        """Who is no admin any more sees their own home again."""
        return home.everybody_at is not None and home.slack_user_id in self.admins

    async def _own(self, home: Home) -> View:
        overview = await self.showing.database.read(
            lambda store: self._overview(store, home), at_one_moment=True
        )
        return home_view(
            overview,
            connect_url=self.showing.links.connect(home.team_id, home.slack_user_id),
            now=self.showing.now(),
            admins=sorted(self.admins),
            unset=self.unset,
        )

    async def _everybodys(self, home: Home) -> View:
        seen = await self.showing.database.read(
            lambda store: _seen_by_admin(store, home, now=self.showing.now()), at_one_moment=True
        )
        return everybody_view(seen, now=self.showing.now())

    async def put_off(self, home: Home, error: Exception) -> None:
        """Try again when Slack may take it."""
        await self.showing.put_off(
            lambda store: store.homes.due, home, error, until=home.opened_at + SHOWN_FOR
        )

    def _overview(self, store: Store, home: Home) -> Overview:
        team, person = home.team_id, home.slack_user_id
        listed = store.overviews.open(home, size=MOST_ROWS)
        standing = store.overviews.standing(home, size=MOST_ROWS, now=self.showing.now())
        history, has_older = store.overviews.history(home, size=HISTORY_PAGE)
        people = _people(listed.values()) | {person}
        review = store.reviews.open_of(team, person)
        reviewed = store.reviews.asked_about(review, now=self.showing.now()) if review else ()
        unconfirmed = store.pairings.unconfirmed(team, people)
        deputies = store.deputies.of_person(team, person, now=self.showing.now())
        serving = [each for each in deputies if each.deputy_id == person]
        return Overview(
            person_id=person,
            with_person=home.with_person,
            connection=store.connections.get(team, person),
            pairing=next((each for each in unconfirmed if each.slack_user_id == person), None),
            unconfirmed=frozenset(each.slack_user_id for each in unconfirmed),
            review=review,
            reviewed=len(reviewed),
            waiting=listed[HomeList.WAITING],
            deputies=deputies,
            in_place=store.deputies.waiting(serving),
            asked=listed[HomeList.ASKED],
            given=listed[HomeList.GIVEN],
            received=listed[HomeList.RECEIVED],
            for_others=listed[HomeList.FOR_OTHERS],
            covers=by_cover(listed[HomeList.COVERS].rows),
            is_quiet=store.absences.is_quiet(team, person),
            trusted=standing[HomeList.TRUSTED],
            trusting=standing[HomeList.TRUSTING],
            history=history,
            page=home.page,
            has_older=has_older,
            has_invited=bool(history) or store.notices.is_told(NoticeKind.INVITED, person),
            is_anybody_connected=store.connections.is_anybody(team),
        )


def _seen_by_admin(store: Store, home: Home, *, now: datetime) -> Everybodys:
    team_id, person_id = home.team_id, home.with_person
    place = read_place(home.everybody_at or "")
    leftovers = store.overdue.of(team_id, now=now)
    if person_id is not None:
        leftovers = [each for each in leftovers if each.grantor_id == person_id]
    return Everybodys(
        admin_id=home.slack_user_id,
        counts=store.everybody.counts(team_id, now=now),
        rights=store.everybody.rights(
            team_id,
            place=place,
            person_id=person_id,
            size=MOST_LISTED,
        ),
        with_person=person_id,
        about=store.everybody.about(team_id, person_id, now=now) if person_id else None,
        leftovers=leftovers,
        gone=store.departures.reasons(team_id, (each.grantor_id for each in leftovers)),
        disconnected=[] if person_id else store.everybody.disconnected(team_id, limit=MOST),
    )


def _people(lists: Iterable[Excerpt[Delegation]]) -> set[str]:
    """Of whom something may wait."""
    return {
        person
        for rows in lists
        for each in rows.rows
        for person in (each.grantor_id, each.grantee_id)
    }
