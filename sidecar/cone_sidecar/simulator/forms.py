"""The fields of a form, as a browser or an OAuth client sends them."""

from urllib.parse import parse_qsl

from starlette.requests import Request


async def form_fields(request: Request) -> dict[str, str]:
    """Read ``application/x-www-form-urlencoded``; of a repeated field the last one counts."""
    body = await request.body()
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
