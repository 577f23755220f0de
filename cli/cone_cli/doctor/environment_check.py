"""Whether SDKs in an environment get their credentials from the sidecar: a mapping in, findings out.

What is said of clients is in sdk-contract §1, §5 and §6.
"""

from collections.abc import Mapping

from cone_cli.container_environment import FULL_URI, RELATIVE_URI, TOKEN, TOKEN_FILE, UNWANTED
from cone_cli.doctor.credential_sources import PROFILE_VARIABLES, check_credential_sources
from cone_cli.doctor.endpoint_address import EndpointAddress, asked_address
from cone_cli.doctor.endpoint_address_check import ANY_PROFILE, check_addresses, env_command
from cone_cli.doctor.environment_secrets import secrets_in
from cone_cli.doctor.finding import Finding, Level
from cone_cli.doctor.proxy_check import check_proxies
from cone_cli.doctor.sdk_profiles import SdkProfiles
from cone_sidecar.authorization_token import ALPHABET

ENDPOINT = (FULL_URI, RELATIVE_URI, TOKEN, TOKEN_FILE)
NO_IMDS = "AWS_EC2_METADATA_DISABLED"
REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
# Set but empty: what that does to whom (sdk-contract §1.2).
EMPTY = {
    RELATIVE_URI: "boto3, the AWS CLI, Rust, object_store and Ruby take it for set, and fail",
    TOKEN_FILE: "boto3, the AWS CLI, Rust, object_store and Ruby open a file of no name, and fail",
    FULL_URI: "object_store panics",
}


def has_endpoint(environment: Mapping[str, str]) -> bool:
    """Tell whether a variable of the endpoint is set to something."""
    return any(environment.get(name) for name in ENDPOINT)


def check_environment(
    environment: Mapping[str, str], profiles: SdkProfiles | None = None, profile: str = ""
) -> list[Finding]:
    """Return what is to be said of an environment, without a secret of it.

    Args:
        environment: The variables.
        profiles: The profiles of the files that SDKs read.
        profile: The profile that SDKs are meant to get, empty for whichever the endpoint names.
    """
    known = profiles or {}
    findings = _empty(environment)
    address = asked_address(environment)
    if environment.get(FULL_URI) or environment.get(RELATIVE_URI):
        findings += check_addresses(environment, profile)
        findings += _tokens(environment, address)
        findings += check_credential_sources(environment, known)
        findings += check_proxies(environment, address) if address else []
        findings += check_imds(environment)
        findings += check_region(environment, known)
    else:
        findings.append(_no_endpoint(environment))
    secrets = secrets_in(environment)
    return [finding.without(secrets) for finding in findings]


def _no_endpoint(environment: Mapping[str, str]) -> Finding:
    fix = f'eval "$(cone aws env {ANY_PROFILE})"'
    if has_endpoint(environment):
        what = f"neither {FULL_URI} nor {RELATIVE_URI} is set beside the token"
        return Finding("no-endpoint", Level.FAIL, what, fix)
    return Finding(
        "no-endpoint",
        Level.INFO,
        "no variable points SDKs at a sidecar here; a profile of the AWS config file needs none: "
        f"cone aws doctor {ANY_PROFILE} looks at one",
        fix,
    )


def _empty(environment: Mapping[str, str]) -> list[Finding]:
    names = dict.fromkeys((*ENDPOINT, *UNWANTED))
    return [
        Finding(
            "empty-variable",
            Level.FAIL if name in {RELATIVE_URI, TOKEN_FILE} else Level.WARN,
            f"{name} is set, and empty: {EMPTY.get(name, 'clients differ on what that means')}",
            f"unset {name}",
        )
        for name in names
        if environment.get(name) == ""
    ]


def _tokens(environment: Mapping[str, str], address: EndpointAddress | None) -> list[Finding]:
    token, file = environment.get(TOKEN, ""), environment.get(TOKEN_FILE, "")
    fix = env_command(address)
    if not token and not file:
        told = address is not None and address.is_loopback
        what = "no authorization token is set"
        what += ": the sidecar refuses" if told else ", which only a sidecar with --no-token allows"
        return [Finding("token", Level.FAIL if told else Level.WARN, what, fix)]
    findings = [_alphabet(token, fix)] if token and not ALPHABET.fullmatch(token) else []
    if not token:
        findings.append(
            Finding(
                "token",
                Level.WARN,
                f"{TOKEN} is not set: Go v1, MinIO, AWS CLI 2.9 and JavaScript v3's "
                "fromContainerMetadata read no token file",
                f'export {TOKEN}="$(cat "${TOKEN_FILE}")"',
            )
        )
    elif not file:
        findings.append(
            Finding(
                "token",
                Level.WARN,
                f"{TOKEN_FILE} is not set: object_store doesn't use {FULL_URI} without it, and a "
                "rotated token isn't seen",
                fix,
            )
        )
    return findings or [Finding("token", Level.OK, f"{TOKEN} and {TOKEN_FILE} are both set")]


def _alphabet(token: str, fix: str) -> Finding:
    broken = not token.isprintable() or not token.isascii()
    return Finding(
        "token-alphabet",
        Level.FAIL if broken else Level.WARN,
        f"{TOKEN} holds a line break, a control or a non-ASCII character: clients can't send it"
        if broken
        else f"{TOKEN} holds other characters than A-Z a-z 0-9 . _ ~ + / = -",
        fix,
    )


def check_imds(environment: Mapping[str, str], level: Level = Level.WARN) -> list[Finding]:
    """Find out whether clients that are refused go on to the instance metadata service."""
    if environment.get(NO_IMDS, "").lower() == "true":
        return [Finding("imds", Level.OK, "no client goes on to the instance metadata service")]
    return [
        Finding(
            "imds",
            level,
            f"{NO_IMDS} is not true: JavaScript v2 goes on to the instance metadata service where the "
            "endpoint refuses, and C++ and awscrt after a credential_process that fails",
            f"export {NO_IMDS}=true",
        )
    ]


def check_region(
    environment: Mapping[str, str], profiles: SdkProfiles, named: str = ""
) -> list[Finding]:
    """Find out whether clients know a region, by a variable or by the profile that is ``named``."""
    names = (named, *(environment.get(name) for name in PROFILE_VARIABLES))
    profile = next(filter(None, names), "default")
    there = [name for name in REGIONS if environment.get(name)]
    if len(there) == len(REGIONS) or profiles.get(profile, {}).get("region"):
        return [Finding("region", Level.OK, "a region is set")]
    if not there:
        fix = " ".join(f"{name}=<region>" for name in REGIONS)
        what = "no region is set: most clients sign nothing without one"
        return [Finding("region", Level.WARN, what, f"export {fix}")]
    (missing,) = set(REGIONS).difference(there)
    reader = "boto3 reads" if missing == "AWS_DEFAULT_REGION" else "Go, Java and JavaScript read"
    return [
        Finding(
            "region",
            Level.WARN,
            f"{missing} is not set, and {reader} no other",
            f'export {missing}="${there[0]}"',
        )
    ]
