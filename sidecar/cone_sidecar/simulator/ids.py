"""Ids as the real tenant's: 27 characters that validate as KSUIDs (reference §0)."""

import hashlib
import re
import secrets
import string

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
LENGTH = 27
PATTERN = re.compile(r"^[a-zA-Z0-9]{27}$")


def named_id(*names: str) -> str:
    """Return the id of what is named so: the same after every start."""
    digest = int.from_bytes(hashlib.sha256("\0".join(names).encode()).digest(), "big")
    characters = []
    for _ in range(LENGTH):
        digest, index = divmod(digest, len(ALPHABET))
        characters.append(ALPHABET[index])
    return "".join(characters)


def random_id() -> str:
    """Return an id of its own."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
