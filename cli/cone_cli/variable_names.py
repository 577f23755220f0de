"""Variables that nobody reads, and which one may have been meant."""

import re
from collections.abc import Iterable, Iterator

from cone_sidecar.endpoint_settings import NAMES as ENDPOINT_NAMES
from cone_sidecar.request_terms import KEYS
from cone_sidecar.secret_files import FILE_VARIABLES
from cone_sidecar.settings import NAMES
from cone_sidecar.told_settings import PREFIX

KNOWN = frozenset(
    (
        "CONE_API_ENDPOINT",
        "CONE_AWS_CONFIG_FILE",
        "CONE_CONFIG_PATH",
        "CONE_DEBUG",
        "CONE_EXEC_PROFILE",
        "CONE_INSECURE_HOSTS",
        "CONE_LOG_LEVEL",
        "CONE_NON_INTERACTIVE",
        "CONE_OUTPUT",
        "CONE_PROFILE",
        "CONE_REGION",
        "CONE_SERVICE_ACCOUNT_DIR",
        "CONE_SIDECAR_CONFIG",
        "CONE_SSO_REGION",
        "CONE_SSO_URL",
        "CONE_TRACEBACK",
        *(PREFIX + name.upper() for name in (*NAMES, *ENDPOINT_NAMES)),
        *map(str.upper, KEYS),
        *(name for pair in FILE_VARIABLES.items() for name in pair if name.startswith(PREFIX)),
    )
)
# What Kubernetes puts into each container for a Service called cone, or cone-sidecar
# (concepts/services-networking/service, "Environment variables").
SERVICE_LINK = re.compile(
    r"CONE_(?:[A-Z0-9_]+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|"
    r"PORT(?:_[0-9]+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)"
)
NEAR = 0.8


def mistaken_names(variables: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each of ``variables`` that is nearly one of ours, and that one."""
    for name in sorted(variables):
        if not name.startswith(PREFIX) or name in KNOWN or SERVICE_LINK.fullmatch(name):
            continue
        # Importing it costs 0.2 MiB, and few names are wrong.
        import difflib

        if near := difflib.get_close_matches(name, sorted(KNOWN), n=1, cutoff=NEAR):
            yield name, near[0]
