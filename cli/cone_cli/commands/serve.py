"""``cone serve``: run the sidecar."""

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

    from cone_sidecar.runtime import RunningSidecar
    from cone_sidecar.secret import Secret
    from cone_sidecar.settings import SidecarSettings

EXAMPLE = "example: cone serve --token-file ./token"
TOKEN_FILE_NAME = "authorization-token"  # noqa: S105 -- a file's name

logger = logging.getLogger("cone_sidecar")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--listen",
        metavar="HOST:PORT",
        default="127.0.0.1:9911",
        help="where SDKs ask for credentials (default: 127.0.0.1:9911)",
    )
    parser.add_argument(
        "--management-listen",
        metavar="HOST:PORT",
        default="127.0.0.1:9912",
        help="where people and probes ask how things stand (default: 127.0.0.1:9912)",
    )
    parser.add_argument(
        "--token-file",
        metavar="F",
        help="file of the authorization token; it is made there if it doesn't exist",
    )
    parser.add_argument(
        "--prefetch",
        metavar="PROFILE",
        action="append",
        help="begin this profile's story at once, and keep it fresh; may be repeated (CONE_PREFETCH)",
    )
    parser.add_argument(
        "--strict",
        action="store_const",
        const="true",
        help="serve nothing that ConductorOne hasn't confirmed lately (CONE_STRICT)",
    )
    parser.add_argument(
        "--max-wait",
        metavar="DURATION",
        help="keep no client waiting for longer: 30s (CONE_MAX_WAIT)",
    )
    parser.add_argument(
        "--request-cooldown",
        metavar="DURATION",
        help="after a refusal, ask for access again no sooner: 5m (CONE_REQUEST_COOLDOWN)",
    )
    parser.add_argument(
        "--idle-after",
        metavar="DURATION",
        help="let profiles rest that nobody asked for as long: 1h (CONE_IDLE_AFTER)",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM; returns the exit code."""
    from cone_cli.asked_with import asked_with
    from cone_cli.composition import run_async
    from cone_sidecar import server
    from cone_sidecar.authorization_token import token_in_or_made
    from cone_sidecar.runtime import RunningSidecar
    from cone_sidecar.settings import sidecar_settings
    from cone_sidecar.warm_file import setting, state_directory

    settings = sidecar_settings(_told(args), os.environ)
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )
    # httpx tells of each request at INFO, its URL included; uvicorn of each listener, in its own words.
    for noisy in ("httpx", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    listeners = [
        server.bind(server.parse_listen(text, option=option), option=option)
        for text, option in (
            (args.listen, "--listen"),
            (args.management_listen, "--management-listen"),
        )
    ]
    state = Path(state_directory(os.environ))
    token_file = Path(args.token_file or state / TOKEN_FILE_NAME).absolute()
    token = token_in_or_made(token_file)
    for listener in listeners:
        if not (address := server.bound(listener)).private:
            logger.warning("%s: the network sees what is asked and answered here", address.host)
    credentials, management = (server.bound(listener).url for listener in listeners)
    running = RunningSidecar(
        credentials_url=credentials,
        management_url=management,
        token_file=str(token_file),
        pid=os.getpid(),
        setting=setting(asked_with(args), getattr(args, "tenant_profile", "")),
    )
    return run_async(_serve(args, settings, listeners, token, running, state))


def _told(args: argparse.Namespace) -> dict[str, str]:
    """Return what flags say, as texts."""
    return {
        "prefetch": ",".join(args.prefetch or ()),
        "strict": args.strict or "",
        "max_wait": args.max_wait or "",
        "request_cooldown": args.request_cooldown or "",
        "idle_after": args.idle_after or "",
    }


async def _serve(
    args: argparse.Namespace,
    settings: "SidecarSettings",
    listeners: "list[socket.socket]",
    token: "Secret",
    running: "RunningSidecar",
    state: Path,
) -> int:
    from cone_cli.composition import access_settings, open_connections, profile_source
    from cone_sidecar import server
    from cone_sidecar.clock import SystemClock
    from cone_sidecar.cooldown import Cooldown
    from cone_sidecar.justification import Justification
    from cone_sidecar.runtime import withdraw
    from cone_sidecar.sidecar import Sidecar

    credentials, management = listeners
    started = asyncio.Event()
    async with open_connections(args, source="cone:serve") as connections:
        sidecar = Sidecar(
            connections=connections,
            profiles=profile_source(connections, os.environ, access_settings(os.environ).terms),
            token=token,
            clock=SystemClock(),
            justify=Justification(os.environ, Path.cwd()).of,
            cooldown=Cooldown(request=settings.request_cooldown),
            strict=settings.strict,
            prefetch=settings.prefetch,
            idle_after=settings.idle_after,
            longest_wait_s=settings.max_wait.total_seconds(),
        )
        announcing = asyncio.create_task(_announce(started, state, running))
        try:
            await server.serve(
                (
                    server.new_server(sidecar.credentials_app(server.bound(credentials))),
                    credentials,
                ),
                (server.new_server(sidecar.management_app(server.bound(management))), management),
                started=started,
                beside=sidecar.run,
                before_drain=sidecar.broker.close,
            )
        finally:
            announcing.cancel()
            withdraw(state)
    logger.info("stopped")
    return 0


async def _announce(started: asyncio.Event, state: Path, running: "RunningSidecar") -> None:
    """Write down where the sidecar is, once it answers."""
    from cone_sidecar.runtime import announce

    await started.wait()
    announce(state, running)
    logger.info("credentials: %s/credentials/<profile>", running.credentials_url)
    logger.info("management: %s/status", running.management_url)
    logger.info("token file: %s", running.token_file)
