"""The same bot as any good developer would write it in a day: ``python -m bench.peers obvious``.

Bolt as its documentation has it, SQLAlchemy's ORM, one APScheduler job an expiry in a job store,
messages posted by the listener, no outbox. It asks, approves, denies, revokes and expires; what it
leaves out is the way through Close's consent page: tokens are put into its table. It stands here
so that there is something to compare with.
"""

import contextlib
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.serving import serve

TOKEN_LEEWAY = timedelta(minutes=1)


class Base(DeclarativeBase):
    """What both tables share."""


class Right(Base):
    """One right, from the ask to its end."""

    __tablename__ = "rights"

    id: Mapped[int] = mapped_column(primary_key=True)
    grantor: Mapped[str] = mapped_column(index=True)
    grantee: Mapped[str] = mapped_column(index=True)
    seconds: Mapped[int]
    state: Mapped[str] = mapped_column(default="requested", index=True)
    association: Mapped[str | None]
    ends_at: Mapped[datetime | None]
    grantor_channel: Mapped[str | None]
    grantor_ts: Mapped[str | None]
    grantee_channel: Mapped[str | None]
    grantee_ts: Mapped[str | None]


class Token(Base):
    """A person's Close account."""

    __tablename__ = "tokens"

    slack_user: Mapped[str] = mapped_column(primary_key=True)
    close_user: Mapped[str]
    access_token: Mapped[str]
    refresh_token: Mapped[str]
    expires_at: Mapped[datetime]


class Obvious:
    """All that the listeners and the jobs need."""

    def __init__(self, url: str) -> None:
        path = url.removeprefix("sqlite:///")
        self.engine = create_async_engine(
            f"sqlite+aiosqlite:///{path}", connect_args={"timeout": 30}
        )
        event.listen(self.engine.sync_engine, "connect", _prepare)
        self.sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self.slack = AsyncWebClient(
            token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"]
        )
        self.close = httpx.AsyncClient(base_url=f"{os.environ['CLOSE_API_URL']}/api/v1")
        # In a file of its own: it writes in the event loop's thread, and would wait there for a
        # transaction that cannot go on meanwhile.
        stores = {"default": SQLAlchemyJobStore(url=f"{url}.jobs")}
        defaults = {"misfire_grace_time": None, "coalesce": True}
        self.scheduler = AsyncIOScheduler(jobstores=stores, job_defaults=defaults)
        self._members: dict[str, str] = {}

    async def ask(self, grantor: str, grantee: str, seconds: int) -> None:
        """Write it down, and ask the grantor."""
        async with self.sessions() as session:
            right = Right(grantor=grantor, grantee=grantee, seconds=seconds)
            session.add(right)
            await session.commit()
            text = f"<@{grantee}> asks to send email as you for {seconds // 3600} hours."
            blocks = _card(text, right.id, approve="Approve", deny="Deny")
            card = await self.slack.chat_postMessage(channel=grantor, text=text, blocks=blocks)
            right.grantor_channel, right.grantor_ts = card["channel"], card["ts"]
            await session.commit()
            text = f"You asked to send email as <@{grantor}>."
            card = await self.slack.chat_postMessage(channel=grantee, text=text)
            right.grantee_channel, right.grantee_ts = card["channel"], card["ts"]
            await session.commit()

    async def approve(self, right_id: int, user: str, channel: str, ts: str) -> None:
        """Have Close make it, and plan its end."""
        async with self.sessions() as session:
            right = await session.get(Right, right_id)
            if right is None or right.grantor != user or right.state != "requested":
                return
            right.grantor_channel, right.grantor_ts = channel, ts
            right.association = await self._allow(session, right)
            right.state = "active"
            right.ends_at = datetime.now(UTC) + timedelta(seconds=right.seconds)
            await session.commit()
            self.scheduler.add_job(
                "bench.obvious:expire",
                "date",
                run_date=right.ends_at,
                args=[right.id],
                id=str(right.id),
            )
            await self._show(right, "can send email as", revoke="Revoke")

    async def deny(self, right_id: int, user: str, channel: str, ts: str) -> None:
        """Say no."""
        async with self.sessions() as session:
            right = await session.get(Right, right_id)
            if right is not None and right.grantor == user and right.state == "requested":
                right.grantor_channel, right.grantor_ts = channel, ts
                right.state = "denied"
                await session.commit()
                await self._show(right, "was told no by")

    async def revoke(self, right_id: int, user: str, _channel: str, _ts: str) -> None:
        """End it before its time."""
        async with self.sessions() as session:
            right = await session.get(Right, right_id)
            if right is None or right.grantor != user or right.state != "active":
                return
            await self._end(session, right)
            if self.scheduler.get_job(str(right.id)):
                self.scheduler.remove_job(str(right.id))

    async def expire(self, right_id: int) -> None:
        """Its time is up."""
        async with self.sessions() as session:
            right = await session.get(Right, right_id)
            if right is not None and right.state == "active":
                await self._end(session, right)

    async def _end(self, session: AsyncSession, right: Right) -> None:
        headers = await self._headers(session, right.grantor)
        answer = await self.close.delete(f"/send_as/{right.association}/", headers=headers)
        if answer.status_code != 404:
            answer.raise_for_status()
        right.state = "ended"
        await session.commit()
        await self._show(right, "can no longer send email as")

    async def _allow(self, session: AsyncSession, right: Right) -> str:
        headers = await self._headers(session, right.grantor)
        token = await session.get(Token, right.grantor)
        profile = (await self.slack.users_info(user=right.grantee))["user"]["profile"]
        if profile["email"] not in self._members:
            await self._learn(headers)
        body = {
            "allowing_user_id": token.close_user if token else "",
            "allowed_user_id": self._members[profile["email"]],
        }
        answer = await self.close.post("/send_as/", json=body, headers=headers)
        return str(answer.raise_for_status().json()["id"])

    async def _learn(self, headers: dict[str, str]) -> None:
        """Who is who in Close."""
        page: dict[str, Any] = {"has_more": True}
        skip = 0
        while page["has_more"]:
            params = {"_skip": skip, "_limit": 100}
            page = (await self.close.get("/user/", params=params, headers=headers)).json()
            self._members |= {each["email"]: each["id"] for each in page["data"]}
            skip += 100

    async def _headers(self, session: AsyncSession, user: str) -> dict[str, str]:
        token = await session.get(Token, user)
        if token is None:
            raise LookupError(f"{user} is not connected")
        if token.expires_at.replace(tzinfo=UTC) - TOKEN_LEEWAY < datetime.now(UTC):
            await self._refresh(session, token)
        return {"Authorization": f"Bearer {token.access_token}"}

    async def _refresh(self, session: AsyncSession, token: Token) -> None:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": token.refresh_token,
            "client_id": os.environ["CLOSE_CLIENT_ID"],
            "client_secret": os.environ["CLOSE_CLIENT_SECRET"],
        }
        answer = await self.close.post(f"{os.environ['CLOSE_API_URL']}/oauth2/token/", data=form)
        fresh = answer.raise_for_status().json()
        token.access_token, token.refresh_token = fresh["access_token"], fresh["refresh_token"]
        token.expires_at = datetime.now(UTC) + timedelta(seconds=fresh["expires_in"])
        await session.commit()

    async def _show(self, right: Right, how: str, **buttons: str) -> None:
        text = f"<@{right.grantee}> {how} <@{right.grantor}>."
        await self.slack.chat_update(
            channel=right.grantor_channel or "",
            ts=right.grantor_ts or "",
            text=text,
            blocks=_card(text, right.id, **buttons),
        )
        if right.grantee_channel and right.grantee_ts:
            await self.slack.chat_update(
                channel=right.grantee_channel, ts=right.grantee_ts, text=text
            )


_running: list[Obvious] = []  # a job in a store can name a function, and nothing else


async def expire(right_id: int) -> None:
    """What a job does."""
    await _running[0].expire(right_id)


def _prepare(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _card(text: str, right_id: int, **buttons: str) -> list[dict[str, Any]]:
    section = {"type": "section", "text": {"type": "mrkdwn", "text": text}}
    elements = [
        {
            "type": "button",
            "action_id": action,
            "value": str(right_id),
            "text": {"type": "plain_text", "text": label},
        }
        for action, label in buttons.items()
    ]
    return [section, {"type": "actions", "elements": elements}] if elements else [section]


def listen(app: AsyncApp, bot: Obvious) -> None:
    """One command, three buttons."""

    @app.command("/sendas")
    async def on_command(ack: Any, command: dict[str, Any]) -> None:
        await ack()
        person, _, hours = command["text"].partition(" ")
        grantor = person.removeprefix("<@").removesuffix(">").partition("|")[0]
        await bot.ask(grantor, command["user_id"], int(hours.removesuffix("h")) * 3600)

    for action, act in (("approve", bot.approve), ("deny", bot.deny), ("revoke", bot.revoke)):
        _button(app, action, act)


def _button(app: AsyncApp, action_id: str, act: Any) -> None:
    async def on_click(ack: Any, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        place = body["container"]
        right_id, user = int(action["value"]), body["user"]["id"]
        await act(right_id, user, place["channel_id"], place["message_ts"])

    app.action(action_id)(on_click)


def main() -> None:
    """Serve all of it."""
    bot = Obvious(os.environ["DATABASE_URL"])
    _running.append(bot)
    app = AsyncApp(signing_secret=os.environ["SLACK_SIGNING_SECRET"], client=bot.slack)
    listen(app, bot)
    handler = AsyncSlackRequestHandler(app)

    async def handle(request: Request) -> Response:
        return await handler.handle(request)

    @contextlib.asynccontextmanager
    async def at_work(_: Starlette) -> AsyncIterator[None]:
        bot.scheduler.start()
        yield
        bot.scheduler.shutdown(wait=False)

    serve(Route("/slack/events", handle, methods=["POST"]), lifespan=at_work)
