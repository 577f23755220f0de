"""Names of profiles as they stand in URLs, so that clients send them unchanged (sdk-contract §6, rule 2)."""

import hashlib
import re

FIT = re.compile(r"[A-Za-z0-9._~-]{1,128}")
# What clients take out of a path before they send it.
DOTS = frozenset({".", ".."})
UNFIT = re.compile(r"[^A-Za-z0-9._~]+")
HASH_LENGTH = 8
LONGEST_STEM = 64
MADE = re.compile(rf"(?:.*-)?[0-9a-f]{{{HASH_LENGTH}}}")


def slug(name: str) -> str:
    """Return the name itself where clients send it as it is, else a stem and eight digits of its SHA-256.

    It depends on nothing but the name, so that it is the same wherever it is made.
    """
    if FIT.fullmatch(name) and name not in DOTS:
        return name
    stem = UNFIT.sub("-", name).strip("-.")[:LONGEST_STEM]
    digest = hashlib.sha256(name.encode(errors="replace")).hexdigest()[:HASH_LENGTH]
    return f"{stem}-{digest}" if stem else digest


def may_be_made(segment: str) -> bool:
    """Tell whether ``segment`` looks like a slug that was made of another name."""
    return MADE.fullmatch(segment) is not None
