"""``cone aws env <profile>``: what points an SDK at the running sidecar (sdk-contract §6)."""

import argparse
import os
import shlex
from pathlib import Path
from urllib.parse import quote

from cone_cli import terminal

EXAMPLE = 'example: eval "$(cone aws env production-admin)"'

# Each of these would win over the sidecar, or send its token elsewhere. Unset means absent, not empty.
UNWANTED = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
)
LOOPBACK = ("127.0.0.1", "localhost")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("aws_profile", metavar="profile", help="the profile's name")


def run(args: argparse.Namespace) -> int:
    """Print ``unset`` and ``export`` lines; returns the exit code."""
    from cone_cli.sso_session import saved_region
    from cone_sidecar.authorization_token import token_in
    from cone_sidecar.aws_config.profiles import find_profile, read_profiles
    from cone_sidecar.runtime import find
    from cone_sidecar.warm_file import aws_config_path, state_directory

    sidecar = find(Path(state_directory(os.environ)))
    if read_profiles(os.environ):
        region = find_profile(args.aws_profile, os.environ).region
    else:
        # The sidecar serves the tenant's permission sets then, all with the same region.
        region = saved_region(os.environ)
    token = token_in(Path(sidecar.token_file))
    exports = {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": (
            f"{sidecar.credentials_url}/credentials/{quote(args.aws_profile, safe='')}"
        ),
        # Some clients read only the one, some only the other, and where both are set they agree.
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": token.reveal(),
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": sidecar.token_file,
        "CONE_AWS_CONFIG_FILE": aws_config_path(os.environ),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": _no_proxy(os.environ.get("NO_PROXY") or os.environ.get("no_proxy", "")),
    }
    if region:
        exports |= {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    terminal.put("unset " + " ".join(UNWANTED))
    for name, value in exports.items():
        terminal.put(f"export {name}={shlex.quote(value)}")
    return 0


def _no_proxy(existing: str) -> str:
    hosts = [host.strip() for host in existing.split(",") if host.strip()]
    return ",".join([*hosts, *(host for host in LOOPBACK if host not in hosts)])
