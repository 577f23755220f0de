"""What holds for some clients whatever else is found (sdk-contract §2.4, §6 rules 19 and 27)."""

from collections.abc import Mapping

from cone_cli.container_environment import FULL_URI
from cone_cli.doctor.finding import Finding, Level

SILENT = Finding(
    "silent-clients",
    Level.INFO,
    "why the sidecar refuses is never shown by JavaScript v2 and v3, Go v1, Rust aws-config, awscrt, "
    "Ruby, AsyncAws (PHP), C++ and MinIO; AsyncAws, C++ and MinIO go on unsigned, as if nothing had "
    "happened",
    "the sidecar's log has each refusal, and so has: cone aws status",
)
TOO_OLD = Finding(
    "unsupported-clients",
    Level.INFO,
    f"Ruby's aws-sdk-core up to 3.168 and PHP's AsyncAws up to 1.18 ignore {FULL_URI}",
    "a newer one, or the sidecar at 169.254.170.2 and AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
)


def client_caveats(environment: Mapping[str, str]) -> list[Finding]:
    """Return what the user of a client should know here."""
    return [SILENT, *([TOO_OLD] if environment.get(FULL_URI) else [])]
