"""A field of a request form: what it takes, its default, its options (the API's ``form.v1.Field``)."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, ClassVar

from cone_sidecar.conductorone import form_rules
from cone_sidecar.conductorone.form_rules import Rules

TRUE = frozenset({"true", "t", "yes", "y", "1", "on"})
FALSE = frozenset({"false", "f", "no", "n", "0", "off"})
ISO_DATE = 10


class FieldProblem(ValueError):
    """A value that the field doesn't take; the text says what it should be."""


@dataclass(frozen=True, slots=True)
class Option:
    """One of the values that may be chosen."""

    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField(ABC):
    """What all fields have. ``asked`` tells whether the person may fill it in, or the tenant does."""

    name: str
    label: str
    description: str = ""
    placeholder: str = ""
    required: bool = False
    asked: bool = True
    rules: Rules = field(default_factory=dict)
    preset: Any = None

    takes: ClassVar[str] = "a text"
    example: ClassVar[object] = "…"

    def default(self, today: date) -> Any:  # noqa: ANN401, ARG002 -- JSON; some depend on the day
        """Return what is taken where nobody says anything, None where nothing is."""
        return self.preset

    def accept(self, value: object, today: date) -> Any:  # noqa: ANN401 -- JSON
        """Return ``value`` as the API takes it, None where it is empty and may be.

        Raises:
            FieldProblem: The field doesn't take it.
        """
        if value is None or value in ("", [], {}):
            if self.required:
                raise FieldProblem("is required")
            return None
        return self._accept(value, today)

    def read(self, text: str, today: date) -> Any:  # noqa: ANN401 -- JSON
        """Return what a person typed, as :meth:`accept` does."""
        return self.accept(text, today)

    @abstractmethod
    def _accept(self, value: object, today: date) -> Any:  # noqa: ANN401 -- JSON
        """Return a value that isn't empty as the API takes it; raises as :meth:`accept` does."""


class TextField(FormField):
    """Any text within its rules; also an id of a person or thing, where the form has a picker."""

    def _accept(self, value: object, today: date) -> str:  # noqa: ARG002 -- the base's
        if not isinstance(value, str):
            raise FieldProblem(f"takes {self.takes}")
        if problem := form_rules.string_problem(self.rules, value):
            raise FieldProblem(problem)
        return value


class SecretField(TextField):
    """A text that isn't shown while it is typed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceField(FormField):
    """One of several options."""

    options: tuple[Option, ...] = ()

    takes: ClassVar[str] = "one of its options"

    def _accept(self, value: object, today: date) -> str:  # noqa: ARG002 -- the base's
        values = [option.value for option in self.options]
        if not isinstance(value, str) or value not in values:
            raise FieldProblem(f"must be one of {', '.join(values)}")
        if problem := form_rules.string_problem(self.rules, value):
            raise FieldProblem(problem)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class DateField(FormField):
    """A day, as ``YYYY-MM-DD``."""

    earliest: str = ""
    latest: str = ""
    earliest_in_days: int | None = None
    latest_in_days: int | None = None
    default_to_today: bool = False

    takes: ClassVar[str] = "a day: YYYY-MM-DD"
    example: ClassVar[object] = "2026-01-31"

    def default(self, today: date) -> str | None:
        """Return the preset, else today where the form says so."""
        if self.preset:
            return str(self.preset)
        return today.isoformat() if self.default_to_today else None

    def _accept(self, value: object, today: date) -> str:
        day = _day(value)
        if not isinstance(value, str) or day is None:
            raise FieldProblem(f"takes {self.takes}")
        firsts = [_day(self.earliest), _in_days(today, self.earliest_in_days)]
        lasts = [_day(self.latest), _in_days(today, self.latest_in_days)]
        if (first := max(filter(None, firsts), default=day)) > day:
            raise FieldProblem(f"must not be before {first}")
        if (last := min(filter(None, lasts), default=day)) < day:
            raise FieldProblem(f"must not be after {last}")
        if problem := form_rules.string_problem(self.rules, value):
            raise FieldProblem(problem)
        return value


class BoolField(FormField):
    """Yes or no."""

    takes: ClassVar[str] = "true or false"
    example: ClassVar[object] = True

    def _accept(self, value: object, today: date) -> bool:  # noqa: ARG002 -- the base's
        if isinstance(value, str) and value.strip().lower() in TRUE | FALSE:
            value = value.strip().lower() in TRUE
        if not isinstance(value, bool):
            raise FieldProblem(f"takes {self.takes}")
        # A constant false is how an unset rule looks, and no form asks for a no.
        if self.rules.get("const") is True and not value:
            raise FieldProblem("must be true")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberField(FormField):
    """A whole number. ``least`` and ``most`` of the input, both 0 where it has no limits."""

    least: int = 0
    most: int = 0

    takes: ClassVar[str] = "a whole number"
    example: ClassVar[object] = 1

    def _accept(self, value: object, today: date) -> int:  # noqa: ARG002 -- the base's
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        found = form_rules.number(value.strip() if isinstance(value, str) else value)
        if found is None or not -(2**63) <= found < 2**63:
            raise FieldProblem(f"takes {self.takes}")
        # The two are 0 where they aren't set: a 0 is a limit only beside another one.
        if self.least < self.most and not self.least <= found <= self.most:
            raise FieldProblem(f"must be from {self.least} to {self.most}")
        if self.most <= self.least and self.least > 0 and found < self.least:
            raise FieldProblem(f"must be at least {self.least}")
        if problem := form_rules.number_problem(self.rules, found):
            raise FieldProblem(problem)
        return found


class ListField(FormField):
    """Several texts."""

    takes: ClassVar[str] = "a list of texts"
    example: ClassVar[object] = ("…",)

    def read(self, text: str, today: date) -> Any:  # noqa: ANN401 -- JSON
        """Return the items that a person typed, a line for each."""
        return self.accept([line.strip() for line in text.splitlines() if line.strip()], today)

    def _accept(self, value: object, today: date) -> list[str]:  # noqa: ARG002 -- the base's
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise FieldProblem(f"takes {self.takes}")
        if problem := form_rules.list_problem(self.rules, value):
            raise FieldProblem(problem)
        return value


class MapField(FormField):
    """Texts under names."""

    takes: ClassVar[str] = "an object of texts"
    example: ClassVar[object] = {"name": "value"}

    def read(self, text: str, today: date) -> Any:  # noqa: ANN401 -- JSON
        """Return the pairs that a person typed: a line for each, ``name=value``."""
        pairs = [line.partition("=") for line in text.splitlines() if line.strip()]
        if not all(name.strip() and equals for name, equals, _ in pairs):
            raise FieldProblem("takes lines of the form name=value")
        return self.accept({name.strip(): value.strip() for name, _, value in pairs}, today)

    def _accept(self, value: object, today: date) -> dict[str, str]:  # noqa: ARG002 -- the base's
        if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
            raise FieldProblem(f"takes {self.takes}")
        return value


class ForeignField(FormField):
    """A field for a browser: a file, a sign-in elsewhere, or a kind that is new. What is given is sent."""

    takes: ClassVar[str] = "what only ConductorOne's page can ask for"

    def _accept(self, value: object, today: date) -> object:  # noqa: ARG002 -- the base's
        return value


def in_rules(content: Mapping[str, Any]) -> Rules:
    """Return the rules of a field's content, empty where it has none."""
    rules = content.get("rules")
    return rules if isinstance(rules, dict) else {}


def _day(value: object) -> date | None:
    """Read the day of a date or of a time."""
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value[:ISO_DATE])
    except ValueError:
        return None


def _in_days(today: date, days: int | None) -> date | None:
    try:
        return None if days is None else today + timedelta(days=days)
    except OverflowError:
        return None
