"""What every answer says besides: it is not kept by whoever passes it on, its kind is not guessed,
and whoever goes on from here does not say whence they came."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS = {
    b"cache-control": b"no-store",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
}


def guarded(app: ASGIApp) -> ASGIApp:
    """The application with these headers on all that it answers."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = [each for each in message["headers"] if each[0] not in _HEADERS]
                message["headers"] = [*said, *_HEADERS.items()]
            await send(message)

        await app(scope, receive, say)

    return answer
