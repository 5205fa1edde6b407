"""Socket Mode: the WebSocket through which payloads go out and acknowledgements come back."""

import asyncio
import contextlib
import json
import secrets
import uuid
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox.people import APP_ID


class SocketHub:
    """All connected sockets; each payload goes to any one of them (slack.md §12)."""

    def __init__(self) -> None:
        self.connections: list[WebSocket] = []
        self._tickets: set[str] = set()
        self._waiting: dict[str, asyncio.Future[Any]] = {}

    def new_ticket(self) -> str:
        """A single-use ticket for the address that apps.connections.open answers."""
        ticket = secrets.token_urlsafe(16)
        self._tickets.add(ticket)
        return ticket

    async def endpoint(self, socket: WebSocket) -> None:
        """Greet one socket and take its acknowledgements until it leaves."""
        ticket = socket.query_params.get("ticket", "")
        if ticket not in self._tickets:
            await socket.close(code=1008)
            return
        self._tickets.discard(ticket)
        await socket.accept()
        await socket.send_text(json.dumps(self._hello()))
        self.connections.append(socket)
        try:
            await self._listen(socket)
        finally:
            self.connections.remove(socket)

    def _hello(self) -> dict[str, Any]:
        return {
            "type": "hello",
            "num_connections": len(self.connections) + 1,
            "connection_info": {"app_id": APP_ID},
            "debug_info": {"host": "sandbox", "approximate_connection_time": 18060},
        }

    async def _listen(self, socket: WebSocket) -> None:
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                answer = json.loads(await socket.receive_text())
                waiting = self._waiting.get(answer.get("envelope_id", ""))
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer.get("payload"))

    async def send(self, kind: str, payload: dict[str, Any], seconds: float) -> Any:
        """Send one envelope and return the payload of its acknowledgement, if it had one.

        Raises ``TimeoutError`` without an acknowledgement in ``seconds``, and ``ConnectionError``
        when no socket is connected.
        """
        if not self.connections:
            raise ConnectionError("no socket is connected")
        envelope_id = str(uuid.uuid4())
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = answer
        envelope = {
            "envelope_id": envelope_id,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
        }
        try:
            await self.connections[0].send_text(json.dumps(envelope))
            return await asyncio.wait_for(answer, seconds)
        finally:
            del self._waiting[envelope_id]
