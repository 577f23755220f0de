"""What of an environment no finding may show, however it came into a text."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from cone_sidecar.warm_file import SECRET_VARIABLES

VARIABLES = (
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "CONE_AUTHORIZATION_TOKEN",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    *SECRET_VARIABLES,
)
# What is shorter is no secret of anybody's, and may be a word of the text.
SHORTEST = 8
HIDDEN = "***"


def secrets_in(environment: Mapping[str, str]) -> list[str]:
    """Return the values that are secrets."""
    return [environment[name] for name in VARIABLES if environment.get(name)]


def hide(text: str, secrets: Iterable[str]) -> str:
    """Return ``text`` without ``secrets``, as they are, percent-encoded, escaped, or in another case."""
    forms = {form for secret in secrets for form in _forms(secret) if len(form) >= SHORTEST}
    if not forms:
        return text
    # The longest first: what is a part of another one must not leave the rest of it behind.
    alternatives = "|".join(map(re.escape, sorted(forms, key=len, reverse=True)))
    return re.sub(alternatives, HIDDEN, text, flags=re.IGNORECASE)


def _forms(secret: str) -> set[str]:
    plain = {secret, secret.strip(), *secret.split()}
    encoded = {quote(part, safe=safe, errors="replace") for part in plain for safe in ("", "/")}
    return plain | encoded | {ascii(part)[1:-1] for part in plain}
