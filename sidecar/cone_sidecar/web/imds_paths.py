"""The paths of the instance metadata service that AWS SDKs read, and no others."""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Any

TOKEN_PATH = "/latest/api/token"  # noqa: S105 -- a path
ROLES = "/latest/meta-data/iam/security-credentials"
# Newer Java, JavaScript, PHP and Ruby ask here first; its document has the account's id.
EXTENDED_ROLES = "/latest/meta-data/iam/security-credentials-extended"
PLACEMENT = "/latest/meta-data/placement"
IDENTITY = "/latest/dynamic/instance-identity/document"


class Asked(Enum):
    """What a path asks for."""

    TOKEN = auto()
    ROLE = auto()
    CREDENTIALS = auto()
    EXTENDED_CREDENTIALS = auto()
    REGION = auto()
    AVAILABILITY_ZONE = auto()
    IDENTITY = auto()


class ImdsPaths:
    """Know the paths there are where the instance's one role is called ``role``."""

    def __init__(self, role: str) -> None:
        self._asked = {
            TOKEN_PATH: Asked.TOKEN,
            ROLES: Asked.ROLE,
            EXTENDED_ROLES: Asked.ROLE,
            f"{ROLES}/{role}": Asked.CREDENTIALS,
            f"{EXTENDED_ROLES}/{role}": Asked.EXTENDED_CREDENTIALS,
            f"{PLACEMENT}/region": Asked.REGION,
            f"{PLACEMENT}/availability-zone": Asked.AVAILABILITY_ZONE,
            IDENTITY: Asked.IDENTITY,
        }

    def asked(self, scope: Mapping[str, Any]) -> Asked | None:
        """Return what the request's path asks for, None where there is nothing.

        Nothing is decoded: no client encodes these paths. Some end them with a slash.
        """
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        return self._asked.get(raw.partition(b"?")[0].decode("latin-1").removesuffix("/"))
