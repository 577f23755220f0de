"""How profiles are named: a template, filled in with what the catalogue says of a permission set."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from string import Formatter

from cone_sidecar.ascii_text import ascii_text
from cone_sidecar.domain.profile import DEFAULT_TENANT, PermissionSet
from cone_sidecar.errors import UsageError

NO_ACCOUNT_NAME = "aws"
# The original drops the first four; three would end or change a quoted word of a shell, and with a comma
# Go's SDK of 2023 can't read the file.
DROPPED = frozenset("[]\"\\'`$,\ufeff")
# A word that begins so is an option or a comment.
NOT_FIRST = "-#;"
# Behind these, some SDKs take a comment to begin.
MISTAKEN = re.compile(r"(?<=[=:])[#;]+")
ASCII = {
    code: None if not chr(code).isprintable() or chr(code) in DROPPED else chr(code).lower()
    for code in range(128)
} | {ord(" "): "-"}

FIELDS: Mapping[str, Callable[[PermissionSet], str]] = {
    "account_id": lambda found: found.account_id,
    "account_name": lambda found: found.account_name,
    "alias": lambda found: found.alias,
    "app_name": lambda found: found.app_name,
    "partition": lambda found: found.partition,
    "role_name": lambda found: found.role_name,
}
TENANT = "tenant"
KNOWN = (*FIELDS, TENANT)


@dataclass(frozen=True, slots=True)
class ProfileTemplate:
    """A template that was read; ``parts`` are literals, each with the field behind it."""

    text: str
    parts: tuple[tuple[str, str], ...]

    def name(self, permission_set: PermissionSet, tenant: str = DEFAULT_TENANT) -> str:
        """Return the name that a permission set has by this template.

        Lower case, whitespace a dash; what could end a line, a header or a shell's word is dropped. An
        account without a name is called ``aws``; where nothing is left, the default template says.
        """
        name = "".join(
            literal + self._field(field, permission_set, tenant) for literal, field in self.parts
        )
        name = MISTAKEN.sub("", name).lstrip(NOT_FIRST)
        if name:
            return name
        return NO_ACCOUNT_NAME if self.default else DEFAULT_TEMPLATE.name(permission_set)

    @property
    def default(self) -> bool:
        """Tell whether this is the original's way to name profiles."""
        return self.text == DEFAULT_TEXT

    @staticmethod
    def _field(field: str, permission_set: PermissionSet, tenant: str) -> str:
        if field in FIELDS:
            text = safe_text(FIELDS[field](permission_set))
            return text or (NO_ACCOUNT_NAME if field == "account_name" else "")
        return safe_text(tenant) if field == TENANT else ""


def parse_template(text: str) -> ProfileTemplate:
    """Read a template such as ``{account_name}-{role_name}``.

    Raises:
        UsageError: A brace is alone, a field isn't known or is more than its name, a character can't be
            in a profile's name, or there is no field at all.
    """
    try:
        found = list(Formatter().parse(text))
    except ValueError:
        raise _refused("a brace of the profile template is alone; write it twice") from None
    if text.startswith(tuple(NOT_FIRST)):
        raise _refused(f"the profile template can't begin with {text[0]}")
    parts = []
    for literal, field, spec, conversion in found:
        kept = safe_text(literal)
        if kept != literal.lower():
            wrong = next(
                character for character in literal if safe_text(character) != character.lower()
            )
            raise _refused(f"a profile template can't hold {ascii_text(repr(wrong))}")
        if field is not None and (field not in KNOWN or spec or conversion):
            raise _unknown_field(field, plain=not (spec or conversion))
        parts.append((kept, field or ""))
    if not any(field for _, field in parts):
        raise _refused("the profile template names no field")
    return ProfileTemplate(text, tuple(parts))


@lru_cache(maxsize=4096)
def safe_text(text: str) -> str:
    """Return what of ``text`` may stand in a profile's name, in lower case."""
    if text.isascii():
        return text.translate(ASCII)
    kept = []
    for character in text:
        category = unicodedata.category(character)[0]
        if category == "Z":
            kept.append("-")
        elif category != "C" and character not in DROPPED:
            kept.append(character)
    return "".join(kept).lower()


def _unknown_field(field: str, *, plain: bool) -> UsageError:
    shown = ascii_text("{" + field + "}")
    if field in KNOWN and not plain:
        return _refused(f"{shown} of the profile template takes no format and no conversion")
    # Importing it costs 0.2 MiB, and few fields are wrong.
    import difflib  # noqa: PLC0415 -- as said above

    near = difflib.get_close_matches(field, KNOWN, n=1)
    meant = f"; did you mean {{{near[0]}}}?" if near else ""
    return _refused(f"the profile template has no field {shown}{meant}")


def _refused(message: str) -> UsageError:
    known = " ".join(f"{{{name}}}" for name in sorted(KNOWN))
    return UsageError(
        message,
        hint=f"cone aws setup --profile-template '{DEFAULT_TEXT}'; the fields are: {known}",
    )


DEFAULT_TEXT = "{account_name}-{role_name}"
DEFAULT_TEMPLATE = parse_template(DEFAULT_TEXT)
