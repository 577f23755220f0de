"""``cone aws doctor``: each link of the chain from the login to an SDK's credentials, looked at."""

import argparse
from typing import TYPE_CHECKING

from cone_cli import terminal
from cone_cli.output import add_output_option, put_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cone_cli.doctor.finding import Finding
    from cone_cli.doctor.sdk_profiles import SdkProfiles
    from cone_cli.known_profiles import KnownProfiles

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
    parser.add_argument(
        "--offline", action="store_true", help="ask neither ConductorOne nor AWS nor the endpoint"
    )
    add_output_option(parser)


def run(args: argparse.Namespace) -> int:
    """Print what was found; returns 1 if something fails, else 0."""
    from cone_cli.asked_with import asked_with
    from cone_cli.doctor.finding import Level

    findings = _findings(args, asked_with(args))
    _put(args.output, findings)
    return FAILED if any(finding.level is Level.FAIL for finding in findings) else 0


def _findings(args: argparse.Namespace, environment: "Mapping[str, str]") -> "list[Finding]":
    from cone_cli.doctor.client_caveats import client_caveats
    from cone_cli.doctor.environment_check import check_environment, has_endpoint
    from cone_cli.doctor.environment_secrets import secrets_in
    from cone_cli.doctor.strict_reading import check_strict_reading
    from cone_cli.doctor.token_file_check import check_token_file

    profile = args.aws_profile
    token_file = check_token_file(environment)
    profiles, findings = _sdk_profiles(environment)
    findings += check_strict_reading(environment)
    findings += _chain(args, environment)
    if has_endpoint(environment) or not profile:
        findings += check_environment(environment, profiles or {}, profile)
        findings += token_file.findings
        if not args.offline:
            findings += _asked(environment, token_file.content.reveal())
    else:
        findings += _section(environment, getattr(args, "tenant_profile", ""), profile, profiles)
    secrets = [*secrets_in(environment), token_file.content.reveal()]
    return [finding.without(secrets) for finding in (*findings, *client_caveats(environment))]


def _chain(args: argparse.Namespace, environment: "Mapping[str, str]") -> "list[Finding]":
    """Look at what cone itself needs; where an endpoint is set, that is another process's unless told."""
    from cone_cli.composition import run_async
    from cone_cli.doctor.access_chain import AccessChain
    from cone_cli.doctor.config_check import check_aws_config, check_cone_config, check_section
    from cone_cli.doctor.environment_check import has_endpoint
    from cone_cli.doctor.home_check import check_home
    from cone_cli.doctor.program_check import check_program
    from cone_cli.doctor.variable_check import check_variables
    from cone_sidecar.clock import SystemClock
    from cone_sidecar.domain.profile import Profile
    from cone_sidecar.errors import ConfigurationError

    name = args.aws_profile
    known = _known_profiles(environment)
    entry = known.entries.get(name) if known else None
    if has_endpoint(environment) and entry is None:
        return []
    config = check_cone_config(environment)
    home = check_home(environment, getattr(args, "tenant_profile", ""), name)
    program = check_program(environment, _command(environment, name))
    findings = [*home, *program, *check_variables(environment), config]
    if known is None or config.level == "fail":
        return findings
    findings += check_aws_config(environment, known)
    if name:
        findings += check_section(environment, name)
    if isinstance(entry, ConfigurationError):
        return [*findings, _incomplete(entry)]
    # Of a profile that isn't there, what holds for each of them is looked at.
    profile = entry if isinstance(entry, Profile) else None
    chain = AccessChain(args, environment, profile, SystemClock())
    return findings + run_async(chain.findings(offline=args.offline))


def _incomplete(error: "Exception") -> "Finding":
    from cone_cli.doctor.finding import Finding, Level
    from cone_sidecar.errors import ConeError

    hint = error.hint if isinstance(error, ConeError) else ""
    return Finding("profile-incomplete", Level.FAIL, str(error), hint)


def _known_profiles(environment: "Mapping[str, str]") -> "KnownProfiles | None":
    """Return cone's profiles, None where a file can't be read: that is another check's finding."""
    from cone_cli.composition import access_settings
    from cone_cli.known_profiles import configured_profiles
    from cone_sidecar.domain.profile import DEFAULT_TERMS
    from cone_sidecar.errors import ConfigurationError

    try:
        terms = access_settings(environment).terms
    except ConfigurationError:
        terms = DEFAULT_TERMS
    try:
        return configured_profiles(environment, terms)
    except ConfigurationError:
        return None


def _command(environment: "Mapping[str, str]", profile: str) -> str:
    """Return the command of the profile's section, empty where there is none."""
    from cone_cli.doctor.profile_check import KEY

    return (_sdk_profiles(environment)[0] or {}).get(profile, {}).get(KEY, "")


def _sdk_profiles(environment: "Mapping[str, str]") -> "tuple[SdkProfiles | None, list[Finding]]":
    """Return the profiles that SDKs read, None where they can't, with why."""
    from cone_cli.doctor.finding import Finding, Level
    from cone_cli.doctor.sdk_profiles import read_sdk_profiles
    from cone_sidecar.errors import ConfigurationError

    try:
        return read_sdk_profiles(environment), []
    except ConfigurationError as error:
        return None, [Finding("aws-files", Level.FAIL, error.message, error.hint)]


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
    environment: "Mapping[str, str]", tenant: str, profile: str, of_sdks: "SdkProfiles | None"
) -> "list[Finding]":
    """Look at a profile as SDKs run it, and at the sidecar that serves it."""
    from cone_cli.doctor.credential_sources import check_before_profile
    from cone_cli.doctor.environment_check import check_imds, check_region
    from cone_cli.doctor.finding import Level
    from cone_cli.doctor.profile_check import check_profile, missing
    from cone_cli.doctor.sdk_profiles import CONFIG, sdk_file
    from cone_cli.doctor.sidecar_check import check_served

    served = check_served(environment, tenant, profile)
    before = check_before_profile(environment, of_sdks or {}, profile)
    imds = check_imds(environment, Level.INFO)
    if of_sdks is None:
        return [*before, *imds, served]
    values = of_sdks.get(profile)
    if values is None:
        return [
            *before,
            *missing(profile, of_sdks, sdk_file(environment, *CONFIG), served),
            *imds,
            served,
        ]
    found = [*check_profile(profile, values), *check_region(environment, of_sdks, profile)]
    return [*before, *found, *imds, served]


def _put(output: str, findings: "Sequence[Finding]") -> None:
    if output.startswith("json"):
        keys = ("id", "level", "what", "fix", "evidence")
        put_json(output, [{key: getattr(each, key) for key in keys} for each in findings])
        return
    from cone_cli.doctor.finding import Level

    width = max(len(finding.id) for finding in findings)
    for finding in findings:
        evidence = f" ({finding.evidence})" if finding.evidence and output == "wide" else ""
        fix = f"; fix: {finding.fix}" if finding.fix else ""
        line = f"{finding.level:<4} {finding.id:<{width}} {finding.what}{evidence}{fix}"
        terminal.put(terminal.printable(line).replace("\n", " "))
    counted = {level: sum(each.level is level for each in findings) for level in reversed(Level)}
    terminal.put("\n" + ", ".join(f"{times} {level}" for level, times in counted.items() if times))
