"""App Homes: published by a worker; what people do with them is in ``bot.delegations.homes``.

Like cards they are projections: a row says that a home is stale, and the step renders what is true
now. Publishing replaces the whole home, so doing it twice is the same as doing it once.
"""

import structlog

from bot.cards.homes import HISTORY_PAGE, MOST_ROWS, home_view
from bot.clock.backoff import pause_after
from bot.connections.links import Links
from bot.ports import Now
from bot.slack.errors import SlackError, SlackRefused
from bot.slack.views import Views
from bot.store import Database, Store
from bot.telemetry import Metrics
from models.home import Home
from models.overview import Overview
from models.policy import Policy

MOST_HELPERS = 3  # admins that are named as who can help


class HomeSync:
    """The worker's step for one leased home."""

    def __init__(
        self,
        database: Database,
        views: Views,
        links: Links,
        policy: Policy,
        now: Now,
        metrics: Metrics,
    ) -> None:
        self._database = database
        self._views = views
        self._links = links
        self._helpers = sorted(policy.admins)[:MOST_HELPERS]
        self._now = now
        self._metrics = metrics
        self._log = structlog.get_logger("bot.projections.homes")

    async def take(self, home: Home) -> None:
        """Publish what is true now."""
        overview = await self._database.run(lambda store: self._overview(store, home))
        url = self._links.connect(home.team_id, home.slack_user_id)
        view = home_view(overview, connect_url=url, now=self._now(), admins=self._helpers)
        await self._views.publish(home.slack_user_id, view)
        await self._database.run(lambda store: store.homes.due.rest(home))

    def _overview(self, store: Store, home: Home) -> Overview:
        team, person = home.team_id, home.slack_user_id
        history, has_older = store.overviews.history(
            team, person, page=home.page, size=HISTORY_PAGE
        )
        return Overview(
            person_id=person,
            connection=store.connections.get(team, person),
            waiting=store.overviews.waiting(team, person, limit=MOST_ROWS),
            given=store.overviews.given(team, person, limit=MOST_ROWS),
            received=store.overviews.received(team, person, limit=MOST_ROWS),
            for_others=store.overviews.for_others(team, person, limit=MOST_ROWS),
            standing=store.standing.for_person(team, person, now=self._now()),
            history=history,
            page=home.page,
            has_older=has_older,
        )

    async def put_off(self, home: Home, error: Exception) -> None:
        """Try again when Slack may take it; what Slack refuses waits for the next change."""
        if isinstance(error, SlackError):
            self._metrics.slack_failures.labels(error.code[:40]).inc()
            self._log.warning("Slack did not take a home", home=home.id, code=error.code)
        is_final = isinstance(error, SlackRefused)
        wake_at = None if is_final else self._now() + pause_after(error, home.attempts)
        await self._database.run(lambda store: store.homes.due.put_off(home, wake_at=wake_at))
