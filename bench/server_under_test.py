"""The baselines: bare ASGI and bare Starlette on the very uvicorn that the sidecar runs on."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn

Message = MutableMapping[str, Any]
BODY = json.dumps(
    {
        "AccessKeyId": "ASIA0123456789ABCDEF",
        "SecretAccessKey": "s" * 40,
        "Token": "t" * 400,
        "Expiration": "2026-01-02T03:04:05Z",
        "AccountId": "000000000001",
    }
).encode()


async def bare(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Answer everything with a body of the same size."""
    if scope["type"] != "http":
        return
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(BODY)).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})


def starlette_app() -> Any:  # noqa: ANN401 -- an ASGI application
    """Return a Starlette application with one route."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    async def answer(request: Request) -> Response:
        return Response(BODY, media_type="application/json")

    return Starlette(routes=[Route("/credentials/{name}", answer)])


def main(kind: str, port: int) -> None:
    """Serve ``kind`` on ``port``."""
    config = uvicorn.Config(
        bare if kind == "bare" else starlette_app(),
        host="127.0.0.1",
        port=port,
        http="httptools",
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        backlog=2048,
    )
    asyncio.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
