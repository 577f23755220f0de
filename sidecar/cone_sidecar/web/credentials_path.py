"""What a path on the credentials listener asks for."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

# The second and the third are those of AWS's container for local endpoints.
PREFIX = "/credentials/"
ROLE_PREFIX = "/role/"
DEFAULT_PATH = "/creds"
PREFIXES = (PREFIX, ROLE_PREFIX)
# Stands for the profile that is served without being named.
DEFAULT = ""


def segment_of(scope: Mapping[str, Any]) -> str | None:
    """Return the profile's segment, percent-decoded once, None where the path is another one."""
    try:
        raw: str = (
            (scope.get("raw_path") or scope["path"].encode()).decode("ascii").partition("?")[0]
        )
    except UnicodeDecodeError:
        return None
    for prefix in PREFIXES:
        if raw.startswith(prefix):
            return _decoded(raw[len(prefix) :])
    return DEFAULT if raw == DEFAULT_PATH else None


def _decoded(segment: str) -> str | None:
    if not segment or "/" in segment:
        return None
    if "%" not in segment:
        return segment
    try:
        return unquote(segment, errors="strict") or None
    except UnicodeDecodeError:
        return None
