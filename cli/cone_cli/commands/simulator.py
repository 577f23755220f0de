"""``cone simulator``: a tenant, an Identity Center and an STS on one port of this machine."""

import argparse
import asyncio
import sys
from pathlib import Path

from cone_sidecar.errors import UsageError

DEFAULT_PORT = 9920
LARGEST_PORT = 65535

EXAMPLE = "example: cone simulator --auto-confirm"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--scenario", type=Path, metavar="FILE", help="what there is, as YAML (default: built in)"
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)"
    )
    parser.add_argument(
        "--port",
        type=int,
        default=DEFAULT_PORT,
        help="the port; 0 takes a free one (default: %(default)s)",
    )
    parser.add_argument(
        "--tls-cert", type=Path, metavar="FILE", help="serve TLS with this chain (PEM)"
    )
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="the chain's key (PEM)")
    parser.add_argument(
        "--auto-confirm", action="store_true", help="confirm each device authorization at once"
    )


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; prints the ``export`` lines once the port accepts.

    Raises:
        UsageError: The options don't go together.
        ConfigurationError: The scenario, the certificate or the port can't be used.
    """
    if (args.tls_cert is None) != (args.tls_key is None):
        raise UsageError(
            "--tls-cert and --tls-key go together", hint="cone simulator --tls-cert F --tls-key F"
        )
    if not 0 <= args.port <= LARGEST_PORT:
        raise UsageError("--port takes a number from 0 to 65535", hint="cone simulator --port 9920")
    asyncio.run(_serve(args))
    return 0


async def _serve(args: argparse.Namespace) -> None:
    from cone_sidecar.listening import until_stopped
    from cone_sidecar.simulator.app import build_simulator
    from cone_sidecar.simulator.exports import export_lines
    from cone_sidecar.simulator.scenario import load_scenario
    from cone_sidecar.simulator.server import TlsFiles, serving

    simulator = build_simulator(load_scenario(args.scenario), auto_confirm=args.auto_confirm)
    tls = TlsFiles(args.tls_cert, args.tls_key) if args.tls_cert else None
    async with serving(simulator.app, host=args.host, port=args.port, tls=tls) as url:
        sys.stdout.write("".join(f"{line}\n" for line in export_lines(simulator.world, url)))
        sys.stdout.flush()
        await until_stopped()
