"""What clients would take before they ask the endpoint (sdk-contract §5.1, §6 rule 25)."""

import shlex
from collections.abc import Mapping

from cone_cli.doctor.finding import Finding, Level
from cone_cli.doctor.sdk_profiles import SdkProfiles

STATIC_KEYS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
)
WEB_IDENTITY = ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN")
PROFILE_VARIABLES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
DEFAULT = "default"
HIDE_FILES = "export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null"
# The key, and what it means to whom. In the order in which botocore looks.
IN_A_PROFILE = (
    ("role_arn", "a role to assume, which most clients do instead"),
    ("web_identity_token_file", "a web identity, which most clients take instead"),
    ("sso_session", "SSO settings: {sso}"),
    ("sso_start_url", "SSO settings: {sso}"),
    ("sso_account_id", "SSO settings: {sso}"),
    ("aws_access_key_id", "static keys, which every client but MinIO and object_store takes"),
    ("login_session", "a console login, which clients that know it take"),
    ("credential_process", "a credential_process, which all but JavaScript v2, MinIO and "
     "object_store run"),
)  # fmt: skip
SSO_WINS_IN = "boto3, the AWS CLI, JavaScript v3, Go, Rust and Ruby take them, or fail on them"


def check_credential_sources(
    environment: Mapping[str, str], profiles: SdkProfiles
) -> list[Finding]:
    """Return what wins over the endpoint, or that nothing does."""
    findings = [
        *_static_keys(environment),
        *_web_identity(environment),
        *_profiles(environment, profiles),
    ]
    return findings or [
        Finding(
            "credential-sources", Level.OK, "nothing wins over the endpoint: no keys, no profile"
        )
    ]


def check_before_profile(
    environment: Mapping[str, str], profiles: SdkProfiles, profile: str
) -> list[Finding]:
    """Return what clients take in place of ``profile``, unless their command line names it."""
    others = [
        (variable, environment[variable])
        for variable in PROFILE_VARIABLES
        if environment.get(variable, profile) not in {"", profile}
    ]
    named = [
        Finding(
            "aws-profile",
            Level.WARN,
            f"{variable} names "
            + ("another profile" if other in profiles else "a profile that isn't there")
            + ": that is what clients take unless they are told on their command line",
            f"export {variable}={shlex.quote(profile)}",
        )
        for variable, other in others
    ]
    return [*_static_keys(environment), *_web_identity(environment), *named]


def _static_keys(environment: Mapping[str, str]) -> list[Finding]:
    """Return the finding of keys in the environment, which win in every client."""
    there = [name for name in STATIC_KEYS if environment.get(name)]
    if not there:
        return []
    return [
        Finding(
            "static-keys",
            Level.FAIL,
            f"{there[0]} is set: keys in the environment win in every client",
            f"unset {' '.join(there)}",
        )
    ]


def _web_identity(environment: Mapping[str, str]) -> list[Finding]:
    there = [name for name in WEB_IDENTITY if environment.get(name)]
    if not there:
        return []
    alone = there == ["AWS_ROLE_ARN"]
    return [
        Finding(
            "web-identity",
            Level.WARN if alone else Level.FAIL,
            "AWS_ROLE_ARN is set: with a token file it would be assumed instead"
            if alone
            else f"{there[0]} is set: clients assume its role before they ask an endpoint or a process",
            f"unset {' '.join(there)}",
        )
    ]


def _profiles(environment: Mapping[str, str], profiles: SdkProfiles) -> list[Finding]:
    named = {name: environment[name] for name in PROFILE_VARIABLES if environment.get(name)}
    if not named:
        return _in_a_profile("[default]", "default-profile", profiles.get(DEFAULT, {}), HIDE_FILES)
    findings: list[Finding] = []
    for variable, name in named.items():
        if name in profiles:
            where = f"the profile that {variable} names"
            findings += _in_a_profile(where, "aws-profile", profiles[name], f"unset {variable}")
        else:
            findings.append(
                Finding(
                    "aws-profile",
                    Level.FAIL,
                    f"{variable} names a profile that isn't there: boto3, the AWS CLI and Go v2 fail",
                    f"unset {variable}",
                )
            )
    return findings


def _in_a_profile(where: str, check: str, values: Mapping[str, str], fix: str) -> list[Finding]:
    if values.get("credential_source") == "EcsContainer" and values.get("role_arn"):
        return [
            Finding(
                check,
                Level.WARN,
                f"{where} assumes a role with the endpoint's credentials: C++, awscrt and JavaScript v2 "
                "go on without the role, Go v1 fails",
                f"let the endpoint give out the narrower role itself, and {fix}",
            )
        ]
    for key, meaning in IN_A_PROFILE:
        if values.get(key):
            what = meaning.format(sso=SSO_WINS_IN)
            return [Finding(check, Level.FAIL, f"{where} holds {what}", fix)]
    return []
