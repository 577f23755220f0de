"""``cone aws setup``: write an AWS profile for each permission set of the catalogue (reference §6.1)."""

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cone_cli import terminal
from cone_cli.start_url import is_region, is_start_url
from cone_sidecar.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from cone_sidecar.cone_config import AwsSettings
    from cone_sidecar.domain.profile import PermissionSet, SkippedEntitlement
    from cone_sidecar.profile_setup import SetupResult

EXAMPLE = "example: cone aws setup --sso-url https://acme.awsapps.com/start --sso-region us-east-1"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--sso-url", metavar="URL", help="your AWS SSO start URL; required on first run"
    )
    parser.add_argument(
        "--sso-region",
        metavar="REGION",
        help="AWS region where IAM Identity Center is configured (default: us-east-1)",
    )
    parser.add_argument(
        "--region",
        metavar="REGION",
        help="default AWS region of the generated profiles (default: us-east-1)",
    )


def run(args: argparse.Namespace) -> int:
    """Write the profiles that aren't there yet; returns the exit code."""
    from cone_cli.composition import run_async
    from cone_cli.sso_session import session_of, tenant_name
    from cone_sidecar.aws_config.config_file import AwsConfigFile
    from cone_sidecar.cone_config import ConeConfig
    from cone_sidecar.profile_setup import set_up

    config = ConeConfig.load(os.environ)
    tenant = tenant_name(args, os.environ, config)
    settings = chosen_settings(args, config.aws_settings(tenant))
    command = cone_path(os.environ)
    file = AwsConfigFile.of(os.environ)
    # Read before anything is saved or asked: a file that can't be used is told of at once.
    file.read()
    config.save_aws_settings(settings, tenant)
    terminal.put(f"INFO  SSO URL:        {settings.sso_url}")
    terminal.put(f"INFO  SSO Region:     {settings.sso_region}")
    terminal.put(f"INFO  Default Region: {settings.region}")
    found = run_async(_permission_sets(args))
    if not found:
        terminal.put("INFO  No AWS permission set entitlements found.")
        return 0
    own = config.has_own_settings(tenant)
    session = session_of(settings, tenant if own else "")
    with file.change() as document:
        result = set_up(
            found,
            document,
            session=session,
            region=settings.region,
            tenant=tenant,
            command=command,
        )
    if file.new_backup is not None:
        terminal.put(f"INFO  The file as it was before is kept in {file.new_backup}.")
    _report(result, session.name)
    _warn_of_shadowed(result.created)
    return 0


def chosen_settings(args: argparse.Namespace, saved: "AwsSettings") -> "AwsSettings":
    """Return what the flags say, else what is saved, else the defaults.

    Raises:
        UsageError: There is no start URL, or one of them can't be right.
    """
    from cone_sidecar.cone_config import AwsSettings

    sso_url = (args.sso_url or saved.sso_url).strip()
    if not sso_url:
        raise UsageError(
            "--sso-url is required on first run",
            hint="cone aws setup --sso-url https://<your organization>.awsapps.com/start",
        )
    if not is_start_url(sso_url):
        raise UsageError(
            "--sso-url is not a URL",
            hint="cone aws setup --sso-url https://<your organization>.awsapps.com/start",
        )
    regions = {
        "--sso-region": (args.sso_region or saved.sso_region).strip(),
        "--region": (args.region or saved.region).strip(),
    }
    for flag, region in regions.items():
        if not is_region(region):
            raise UsageError(
                f"{flag} is not an AWS region", hint=f"cone aws setup {flag} us-east-1"
            )
    return AwsSettings(sso_url, regions["--sso-region"], regions["--region"])


def cone_path(environment: Mapping[str, str]) -> str:
    """Return an absolute path of ``cone`` that every AWS SDK can run: the one that runs now, if it can.

    Raises:
        ConfigurationError: It is nowhere, or only under a path that would have to be quoted.
    """
    import shutil

    from cone_sidecar.aws_config.profile_section import credential_process

    called = Path(sys.argv[0])
    candidates = [called.absolute()] if called.stem == "cone" and called.is_file() else []
    candidates.append(Path(sys.executable).absolute().with_name("cone"))
    if on_path := shutil.which("cone", path=environment.get("PATH")):
        candidates.append(Path(on_path).absolute())
    there = [str(candidate) for candidate in candidates if os.access(candidate, os.X_OK)]
    if not there:
        raise ConfigurationError(
            "the command cone is neither beside its Python nor on PATH",
            hint="install cone-sidecar so that cone is on PATH, then run: cone aws setup",
        )
    refused: ConfigurationError | None = None
    for path in there:
        try:
            credential_process(path, "profile")
        except ConfigurationError as error:
            refused = refused or error
        else:
            return path
    raise refused or ConfigurationError("cone has no path")


async def _permission_sets(args: argparse.Namespace) -> list["PermissionSet | SkippedEntitlement"]:
    from cone_cli.composition import open_tenant

    async with open_tenant(args) as tenant:
        return await tenant.permission_sets()


def _warn_of_shadowed(names: list[str]) -> None:
    from cone_sidecar.aws_config.shadowing import credentials_path, shadowed_profiles

    try:
        shadowed = shadowed_profiles(os.environ, names)
    except ConfigurationError as error:
        # The profiles are written; what is in another file is for cone aws doctor.
        terminal.put(terminal.printable(f"WARNING  {error.message}"))
        return
    for name in shadowed:
        path = credentials_path(os.environ)
        terminal.put(f"WARNING  Keys of {name} in {path} win over this profile; delete them there.")


def _report(result: "SetupResult", session: str) -> None:
    for name in result.created:
        terminal.put(f"SUCCESS  Created profile: {name}")
    for row in result.left_out:
        terminal.put(terminal.printable(f"WARNING  Skipping {row.display_name}: {row.reason}"))
    if result.session_corrected:
        terminal.put(f"INFO  Updated the AWS SSO session {session}.")
    skipped = result.existing + len(result.left_out)
    terminal.put(
        f"INFO  \nDone: {len(result.created)} profiles created, "
        f"{skipped} skipped (already exist or missing data)."
    )
