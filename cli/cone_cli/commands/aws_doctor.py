"""``cone aws doctor``: whether SDKs get their credentials in the environment that it runs in."""

import argparse
from typing import TYPE_CHECKING

from cone_cli import terminal
from cone_cli.output import add_output_option, put_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cone_cli.doctor.finding import Finding
    from cone_cli.doctor.sdk_profiles import SdkProfiles

EXAMPLE = "example: cone aws doctor production-admin"
FAILED = 1


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "aws_profile",
        metavar="profile",
        nargs="?",
        default="",
        help="the profile that SDKs are meant to get; where no variable points them at a sidecar, its "
        "section of the AWS config file is looked at",
    )
    add_output_option(parser)


def run(args: argparse.Namespace) -> int:
    """Print what was found; returns 1 if something fails, else 0."""
    from cone_cli.asked_with import asked_with
    from cone_cli.doctor.finding import Level

    tenant = getattr(args, "tenant_profile", "")
    findings = _findings(asked_with(args), tenant, args.aws_profile)
    _put(args.output, findings)
    return FAILED if any(finding.level is Level.FAIL for finding in findings) else 0


def _findings(environment: "Mapping[str, str]", tenant: str, profile: str) -> "list[Finding]":
    from cone_cli.doctor.client_caveats import client_caveats
    from cone_cli.doctor.environment_check import check_environment, has_endpoint
    from cone_cli.doctor.environment_secrets import secrets_in
    from cone_cli.doctor.token_file_check import check_token_file

    token_file = check_token_file(environment)
    profiles, findings = _sdk_profiles(environment)
    if has_endpoint(environment) or not profile:
        findings += check_environment(environment, profiles, profile)
        findings += token_file.findings
        findings += _asked(environment, token_file.content.reveal())
    else:
        findings += _section(environment, tenant, profile, profiles)
    secrets = [*secrets_in(environment), token_file.content.reveal()]
    return [finding.without(secrets) for finding in (*findings, *client_caveats(environment))]


def _sdk_profiles(environment: "Mapping[str, str]") -> "tuple[SdkProfiles, list[Finding]]":
    from cone_cli.doctor.finding import Finding, Level
    from cone_cli.doctor.sdk_profiles import read_sdk_profiles
    from cone_sidecar.errors import ConfigurationError

    try:
        return read_sdk_profiles(environment), []
    except ConfigurationError as error:
        return {}, [Finding("aws-files", Level.FAIL, error.message, error.hint)]


def _asked(environment: "Mapping[str, str]", token: str) -> "list[Finding]":
    """Ask the endpoint, if SDKs would: nobody else is to get the token."""
    from cone_cli.container_environment import TOKEN
    from cone_cli.doctor.endpoint_address import asked_address
    from cone_cli.doctor.endpoint_probe import is_unreachable, probe
    from cone_cli.doctor.sidecar_check import check_asked
    from cone_sidecar.clock import SystemClock
    from cone_sidecar.secret import Secret

    address = asked_address(environment)
    if address is None or address.refused_by is None:
        return []
    sent = (token or environment.get(TOKEN, "")).strip()
    found = probe(address, Secret(sent), SystemClock())
    return [found, *(check_asked(environment, address) if is_unreachable(found) else [])]


def _section(
    environment: "Mapping[str, str]", tenant: str, profile: str, of_sdks: "SdkProfiles"
) -> "list[Finding]":
    """Look at a profile as SDKs run it, and at the sidecar that serves it."""
    from cone_cli.doctor.credential_sources import check_static_keys
    from cone_cli.doctor.environment_check import check_imds
    from cone_cli.doctor.profile_check import check_profile, missing
    from cone_cli.doctor.sidecar_check import check_served

    served = check_served(environment, tenant, profile)
    values = of_sdks.get(profile)
    found = missing(profile, served) if values is None else check_profile(profile, values)
    return [*check_static_keys(environment), *found, *check_imds(environment), served]


def _put(output: str, findings: "Sequence[Finding]") -> None:
    if output.startswith("json"):
        put_json(
            output,
            [
                {"id": each.id, "level": each.level, "what": each.what, "fix": each.fix}
                for each in findings
            ],
        )
        return
    width = max(len(finding.id) for finding in findings)
    for finding in findings:
        fix = f"; fix: {finding.fix}" if finding.fix else ""
        line = f"{finding.level:<4} {finding.id:<{width}} {finding.what}{fix}"
        terminal.put(terminal.printable(line).replace("\n", " "))
