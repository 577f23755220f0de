"""The keys of ``sidecar.yaml``: what stands under each, and which variable says the same."""

from enum import Enum, auto
from types import MappingProxyType

from cone_sidecar.secret_files import CLIENT_ID_FILES, SECRET_FILES


class Kind(Enum):
    """What stands under a key, and how a variable would put it."""

    TEXT = auto()
    SWITCH = auto()
    LIST = auto()
    WORDS = auto()
    """As LIST; the variable's words are separated by spaces."""
    FILES = auto()
    """A mapping of profiles to files."""


VARIABLES_OF = MappingProxyType(
    {
        "access-token-file": "CONDUCTORONE_ACCESS_TOKEN_FILE",
        "oidc-token-file": "CONDUCTORONE_OIDC_TOKEN_FILE",
    }
)
KINDS = MappingProxyType(
    {
        "client-id": Kind.TEXT,
        "client-id-file": Kind.TEXT,
        "client-secret-file": Kind.TEXT,
        "access-token-file": Kind.TEXT,
        "oidc-token-file": Kind.TEXT,
        "api-endpoint": Kind.TEXT,
        "profile": Kind.TEXT,
        "insecure-hosts": Kind.WORDS,
        "sso-url": Kind.TEXT,
        "sso-region": Kind.TEXT,
        "region": Kind.TEXT,
        "justification": Kind.TEXT,
        "duration": Kind.TEXT,
        "auto-request": Kind.SWITCH,
        "emergency": Kind.SWITCH,
        "extend-before": Kind.TEXT,
        "prefetch": Kind.LIST,
        "strict": Kind.SWITCH,
        "max-wait": Kind.TEXT,
        "request-cooldown": Kind.TEXT,
        "idle-after": Kind.TEXT,
        "listen": Kind.LIST,
        "management-listen": Kind.TEXT,
        "default-profile": Kind.TEXT,
        "authorization-token-file": Kind.TEXT,
        "token-file": Kind.TEXT,
        "profile-token-file": Kind.FILES,
        "token-file-mode": Kind.TEXT,
        "token-file-group": Kind.TEXT,
        "token-grace": Kind.TEXT,
        "no-token": Kind.SWITCH,
        "allow-client": Kind.LIST,
        "allow-host": Kind.LIST,
        "tls-cert": Kind.TEXT,
        "tls-key": Kind.TEXT,
        "imds-listen": Kind.TEXT,
        "imds-profile": Kind.TEXT,
        "audit": Kind.TEXT,
        "pod-events": Kind.SWITCH,
        "log-level": Kind.TEXT,
    }
)
# Whose absence lets everybody in, which a list of none must not be taken for.
NONE_IS_ALL = frozenset(("allow-client",))
# A file that others read, keep in a repository or print is no place for these.
SECRET_KEYS = ("client-secret", "access-token", "oidc-token", "authorization-token")
# Whoever is named by a variable isn't named by the file, whichever variable it is.
RIVALS = (
    frozenset((*CLIENT_ID_FILES, *CLIENT_ID_FILES.values())),
    frozenset(
        name
        for pair in SECRET_FILES.items()
        for name in pair
        if not name.startswith("CONE_AUTHORIZATION_TOKEN")
    ),
    frozenset(("CONE_AUTHORIZATION_TOKEN", "CONE_AUTHORIZATION_TOKEN_FILE")),
    frozenset(("CONDUCTORONE_SERVER_URL", "CONE_API_ENDPOINT")),
)


def variable_of(key: str) -> str:
    """Return the variable that says the same as ``key``."""
    return VARIABLES_OF.get(key, "CONE_" + key.upper().replace("-", "_"))
