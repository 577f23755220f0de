"""``cone token``: an access token, for calls of ConductorOne's API."""

import argparse

from cone_cli.output import add_output_option, put_object
from cone_cli.terminal import put

# The header goes through a pipe: in curl's arguments every user of the machine could read it.
EXAMPLE = (
    'example: echo "Authorization: $(cone token --raw)" | '
    "curl -H @- https://acme.conductor.one/api/v1/auth/introspect"
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--raw", action="store_true", help="print what goes into the Authorization header, no more"
    )
    add_output_option(parser)


def run(args: argparse.Namespace) -> int:
    """Print the token; returns the exit code."""
    from cone_cli.composition import run_async

    return run_async(_token(args))


async def _token(args: argparse.Namespace) -> int:
    from cone_cli.composition import open_tenant
    from cone_sidecar.clock import rfc3339
    from cone_sidecar.conductorone.bearer import MintedBearer

    async with open_tenant(args, source="cone:token") as tenant:
        token = await tenant.api.bearer.token()
        # Of one that was given to us nobody knows when it ends.
        known = isinstance(tenant.api.bearer, MintedBearer)
    bearer = f"Bearer {token.value.reveal()}"
    if args.raw:
        put(bearer)
        return 0
    expiry = rfc3339(token.expires) if known else ""
    content = {"AccessToken": bearer, "TokenType": "Bearer", "Expiry": expiry}
    rows = [("Access Token", bearer), ("Token Type", "Bearer"), ("Expiry", expiry)]
    put_object(args.output, content, rows, rows)
    return 0
