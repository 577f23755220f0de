"""The rules of a form's fields: protoc-gen-validate's, as the API sends them (its ``validate.*`` schemas).

The tenant is the judge. A rule that is new, or that can't be read, is none here.
"""

import contextlib
import ipaddress
import operator
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

Rules = Mapping[str, Any]

LONGEST_ADDRESS, LONGEST_MAILBOX, LONGEST_HOST, LONGEST_LABEL = 254, 64, 253, 63
LABEL = re.compile(r"(?!-)[a-z0-9-]+(?<!-)")
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
HEADER_PATTERNS = {
    ("HTTP_HEADER_NAME", True): re.compile(r":?[0-9a-zA-Z!#$%&'*+\-.^_|~`]+"),
    ("HTTP_HEADER_NAME", False): re.compile(r"[^\0\n\r]+"),
    ("HTTP_HEADER_VALUE", True): re.compile(r"[^\0-\x08\n-\x1f\x7f]*"),
    ("HTTP_HEADER_VALUE", False): re.compile(r"[^\0\n\r]*"),
}
BOUNDS = ("const", "lt", "lte", "gt", "gte")


def number(value: object) -> int | None:
    """Return a 64-bit number, which JSON holds as a string; None for what isn't one."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    try:
        return int(value)
    except ValueError:
        return None


def string_problem(rules: Rules, text: str) -> str:
    """Return what ``text`` should be and isn't, empty where it breaks no rule."""
    if not text and rules.get("ignoreEmpty"):
        return ""
    for name, measure, compare, wanted in LENGTHS:
        # Zero is how an unset limit looks when a gateway spells it out.
        limit = number(rules.get(name))
        if limit and not compare(measure(text), limit):
            return wanted.format(limit)
    for name, holds, wanted in CONTENTS:
        part = rules.get(name)
        if isinstance(part, str) and part and not holds(text, part):
            return wanted.format(part)
    for name, is_one, wanted in FORMATS:
        if rules.get(name) is True and not is_one(text):
            return wanted
    return _header_problem(rules, text) or _listing_problem(rules, text, str)


def number_problem(rules: Rules, value: int) -> str:
    """Return what ``value`` should be and isn't, empty where it breaks no rule."""
    if value == 0 and rules.get("ignoreEmpty"):
        return ""
    bounds = {name: limit for name in BOUNDS if (limit := number(rules.get(name))) is not None}
    if len(bounds) == len(BOUNDS) and not any(bounds.values()):
        # All of them at zero: that is how unset ones look when a gateway spells them out.
        bounds = {}
    if "const" in bounds and value != bounds["const"]:
        return f"must be {bounds['const']}"
    return _range_problem(bounds, value) or _listing_problem(rules, value, number)


def list_problem(rules: Rules, items: Sequence[str]) -> str:
    """Return what ``items`` should be and aren't, empty where they break no rule."""
    if not items and rules.get("ignoreEmpty"):
        return ""
    least, most = number(rules.get("minItems")), number(rules.get("maxItems"))
    if least and len(items) < least:
        return f"needs at least {least} of them"
    if most and len(items) > most:
        return f"takes at most {most} of them"
    if rules.get("unique") and len(set(items)) != len(items):
        return "must not hold the same twice"
    each = rules.get("items")
    string_rules = each.get("string") if isinstance(each, dict) else None
    for item in items if isinstance(string_rules, dict) else ():
        if problem := string_problem(string_rules or {}, item):
            return f"each {problem}: {item!r} isn't right"
    return ""


def needs_text(rules: Rules) -> bool:
    """Tell whether an empty string breaks a rule that isn't about its content."""
    if rules.get("ignoreEmpty"):
        return False
    return any(number(rules.get(name)) for name in ("len", "minLen", "lenBytes", "minBytes"))


def needs_items(rules: Rules) -> bool:
    """Tell whether an empty list breaks a rule."""
    return bool(number(rules.get("minItems"))) and not rules.get("ignoreEmpty")


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _matches(text: str, pattern: str) -> bool:
    # The tenant's patterns are RE2's: ASCII classes, found anywhere. What isn't Python's is left to it.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with contextlib.suppress(re.error, Warning, OverflowError, RecursionError):
            return re.search(pattern.replace(r"\z", r"\Z"), text, re.ASCII) is not None
    return True


LENGTHS: tuple[tuple[str, Callable[[str], int], Callable[[int, int], bool], str], ...] = (
    ("len", len, operator.eq, "must have exactly {} characters"),
    ("minLen", len, operator.ge, "needs at least {} characters"),
    ("maxLen", len, operator.le, "takes at most {} characters"),
    ("lenBytes", _bytes, operator.eq, "must have exactly {} bytes"),
    ("minBytes", _bytes, operator.ge, "needs at least {} bytes"),
    ("maxBytes", _bytes, operator.le, "takes at most {} bytes"),
)
CONTENTS: tuple[tuple[str, Callable[[str, str], bool], str], ...] = (
    ("const", str.__eq__, "must be {!r}"),
    ("pattern", _matches, "must match {}"),
    ("prefix", str.startswith, "must begin with {!r}"),
    ("suffix", str.endswith, "must end with {!r}"),
    ("contains", str.__contains__, "must contain {!r}"),
    ("notContains", lambda text, part: part not in text, "must not contain {!r}"),
)


def _is_host(text: str) -> bool:
    name = text.lower().removesuffix(".")
    labels = name.split(".")
    return len(name) <= LONGEST_HOST and all(
        len(label) <= LONGEST_LABEL and LABEL.fullmatch(label) for label in labels
    )


def _is_email(text: str) -> bool:
    mailbox, at, host = text.rpartition("@")
    if not at or len(text) > LONGEST_ADDRESS or not 0 < len(mailbox) <= LONGEST_MAILBOX:
        return False
    return mailbox.isprintable() and " " not in mailbox and _is_host(host)


def _is_ip(text: str, version: int = 0) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return version in {0, address.version}


def _is_uri(text: str, *, absolute: bool) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return text.isprintable() and " " not in text and (bool(parts.scheme) or not absolute)


FORMATS: tuple[tuple[str, Callable[[str], bool], str], ...] = (
    ("email", _is_email, "must be an e-mail address"),
    ("hostname", _is_host, "must be a host name"),
    ("ip", _is_ip, "must be an IP address"),
    ("ipv4", lambda text: _is_ip(text, 4), "must be an IPv4 address"),
    ("ipv6", lambda text: _is_ip(text, 6), "must be an IPv6 address"),
    ("address", lambda text: _is_ip(text) or _is_host(text), "must be a host name or IP address"),
    ("uri", lambda text: _is_uri(text, absolute=True), "must be a URI, such as https://…"),
    ("uriRef", lambda text: _is_uri(text, absolute=False), "must be a URI or the end of one"),
    ("uuid", lambda text: bool(UUID.fullmatch(text)), "must be a UUID"),
)


def _header_problem(rules: Rules, text: str) -> str:
    pattern = HEADER_PATTERNS.get(
        (str(rules.get("wellKnownRegex")), rules.get("strict") is not False)
    )
    return "" if pattern is None or pattern.fullmatch(text) else "must fit into an HTTP header"


def _listing_problem(
    rules: Rules, value: str | int, read: Callable[[object], str | int | None]
) -> str:
    allowed, refused = (
        [read(item) for item in found] if isinstance(found := rules.get(name), list) else []
        for name in ("in", "notIn")
    )
    if allowed and value not in allowed:
        return f"must be one of {', '.join(map(str, allowed))}"
    if value in refused:
        return f"must be none of {', '.join(map(str, refused))}"
    return ""


def _range_problem(bounds: Mapping[str, int], value: int) -> str:
    below = [(bounds["lt"] - 1, f"less than {bounds['lt']}")] if "lt" in bounds else []
    below += [(bounds["lte"], f"at most {bounds['lte']}")] if "lte" in bounds else []
    above = [(bounds["gt"] + 1, f"more than {bounds['gt']}")] if "gt" in bounds else []
    above += [(bounds["gte"], f"at least {bounds['gte']}")] if "gte" in bounds else []
    most, at_most = min(below, default=(value, ""))
    least, at_least = max(above, default=(value, ""))
    if at_most and at_least and most < least:
        # Bounds in this order leave out what is between them, in protoc-gen-validate's reading.
        return "" if value <= most or value >= least else f"must be {at_most} or {at_least}"
    if value > most:
        return f"must be {at_most}"
    return f"must be {at_least}" if value < least else ""
