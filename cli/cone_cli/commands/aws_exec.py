"""``cone aws exec <profile> -- <command>``: a command whose credentials renew themselves."""

import argparse
import os
from typing import TYPE_CHECKING

from cone_cli.terminal import note
from cone_sidecar.errors import UsageError

if TYPE_CHECKING:
    from cone_cli.asked_access import AskedAccess
    from cone_sidecar.domain.ports import HeldCredentials

EXAMPLE = "example: cone aws exec production-admin -- aws s3 ls"
# For prompts: a shell shows whose credentials it has.
EXEC_PROFILE = "CONE_EXEC_PROFILE"
# For prompts as well, and for nobody who has an endpoint.
KEYS_END = "AWS_CREDENTIAL_EXPIRATION"
FALLBACK_SHELL = "/bin/sh"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    from cone_cli.access_options import add_access_options

    add_access_options(parser)
    parser.add_argument(
        "stray",
        metavar="-- command",
        nargs="*",
        default=[],
        help="the command and its arguments; your shell, where there is none",
    )
    parser.add_argument(
        "--env",
        action="store_true",
        help="give the command keys that end, in place of an endpoint that renews them",
    )
    parser.set_defaults(after_dashes="command")


def run(args: argparse.Namespace) -> int:
    """Run the command, once there are credentials for it; returns its exit code."""
    if args.stray:
        raise UsageError(
            'the command stands after "--"',
            hint=f"cone aws exec {args.aws_profile} -- {args.stray[0]}",
        )
    from cone_cli.access_options import wait_from
    from cone_cli.asked_access import AskedAccess
    from cone_cli.child_command import end_alike, refuse_missing, replace_ourselves
    from cone_cli.composition import run_async

    command = args.command or [os.environ.get("SHELL") or FALLBACK_SHELL]
    if exit_code := refuse_missing(command[0], os.environ):
        return exit_code
    access = AskedAccess(args, wait_from(args))
    if not args.env:
        return end_alike(run_async(_run_beside_endpoint(args, access, command)))
    held = run_async(_obtain(args, access))
    if held is None:
        return access.exit_code
    _say_whose_shell(args)
    return replace_ourselves(command, _with_keys(access, held))


async def _run_beside_endpoint(
    args: argparse.Namespace, access: "AskedAccess", command: list[str]
) -> int:
    from cone_cli.child_command import ChildCommand, cannot_start
    from cone_cli.container_environment import unset_beside
    from cone_cli.private_endpoint import private_endpoint

    async with private_endpoint(args, access) as endpoint:
        if await access.obtain(endpoint.broker) is None:
            return access.exit_code
        _say_whose_shell(args)
        exports = endpoint.environment(os.environ) | {EXEC_PROFILE: access.profile.name}
        environment = _without([*unset_beside(exports), KEYS_END]) | exports
        try:
            return await ChildCommand(command, environment).run()
        except OSError as error:
            return cannot_start(command[0], error)


async def _obtain(args: argparse.Namespace, access: "AskedAccess") -> "HeldCredentials | None":
    from cone_cli.composition import open_broker, warm_entries

    async with open_broker(
        args, access.settings, warm_entries(args), source="cone:aws:exec", listeners=[access.hear]
    ) as broker:
        return await access.obtain(broker)


def _with_keys(access: "AskedAccess", held: "HeldCredentials") -> dict[str, str]:
    """Return our environment with static keys, and without anything that would point elsewhere."""
    from cone_cli.container_environment import unset_beside
    from cone_sidecar.clock import rfc3339

    credentials = held.credentials
    keys = {
        EXEC_PROFILE: access.profile.name,
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key.reveal(),
        "AWS_SESSION_TOKEN": credentials.session_token.reveal(),
        KEYS_END: rfc3339(credentials.expiration),
    }
    if region := access.profile.region:
        keys |= {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    return _without(unset_beside(keys)) | keys


def _without(names: list[str]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in names}


def _say_whose_shell(args: argparse.Namespace) -> None:
    if not args.command:
        note(f'a shell for "{args.aws_profile}": leave it with exit')
