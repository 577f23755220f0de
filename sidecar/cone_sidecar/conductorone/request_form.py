"""A request form: its fields in their order, and what holds between them (the API's ``form.v1.Form``)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cone_sidecar.conductorone import form_rules, wire
from cone_sidecar.conductorone.form_field import (
    BoolField,
    ChoiceField,
    DateField,
    ForeignField,
    FormField,
    ListField,
    MapField,
    NumberField,
    Option,
    SecretField,
    TextField,
    in_rules,
)

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Relationship:
    """What holds between fields. ``dependencies`` are what the fields of ``dependentOn`` need."""

    kind: str
    names: tuple[str, ...]
    dependencies: tuple[str, ...] = ()

    def problem(self, filled: set[str]) -> str:
        """Return what is wrong when just the fields of ``filled`` are filled in, empty where nothing is."""
        present = [name for name in self.names if name in filled]
        listed = ", ".join(self.names)
        match self.kind:
            case "requiredTogether" if present and len(present) < len(self.names):
                return f"all or none of {listed}"
            case "mutuallyExclusive" if len(present) > 1:
                return f"only one of {listed}"
            case "atLeastOne" if not present:
                return f"at least one of {listed}"
            case "dependentOn" if present and not filled.issuperset(self.dependencies):
                return f"{', '.join(present)} only with {', '.join(self.dependencies)}"
        return ""


@dataclass(frozen=True, slots=True)
class RequestForm:
    """A form. A kind of relationship that is new is left to the tenant."""

    title: str
    description: str
    fields: tuple[FormField, ...]
    relationships: tuple[Relationship, ...] = ()
    hides_justification: bool = False

    @property
    def names(self) -> list[str]:
        """Return the names of its fields."""
        return [each.name for each in self.fields]

    def waits_for(self, name: str, filled: set[str]) -> bool:
        """Tell whether a field makes sense only with others, which aren't filled in."""
        return any(
            each.kind == "dependentOn"
            and name in each.names
            and not filled.issuperset(each.dependencies)
            for each in self.relationships
        )

    def broken(self, filled: set[str]) -> tuple[Relationship, str] | None:
        """Return the first relationship that doesn't hold, and what is wrong."""
        for each in self.relationships:
            if problem := each.problem(filled):
                return each, problem
        return None


def read_form(content: object, *, hides_justification: bool = False) -> RequestForm:
    """Read a form as the API sends it; fields without a name can't be answered and are left out."""
    content = content if isinstance(content, dict) else {}
    relationships = (_relationship(row) for row in wire.rows(content, "fieldRelationships"))
    return RequestForm(
        title=_text(content, "displayName"),
        description=_text(content, "description"),
        fields=tuple(_field(row) for row in wire.rows(content, "fields") if _text(row, "name")),
        relationships=tuple(each for each in relationships if each),
        hides_justification=hides_justification,
    )


def _relationship(row: Json) -> Relationship | None:
    for kind in ("requiredTogether", "mutuallyExclusive", "atLeastOne", "dependentOn"):
        if isinstance(row.get(kind), dict):
            return Relationship(
                kind, _texts(row, "fieldNames"), _texts(row[kind], "dependencyFieldNames")
            )
    return None


def _field(row: Json) -> FormField:
    admin, shared = row.get("adminConfig"), row.get("sharedConfig")
    common: dict[str, Any] = {
        "name": _text(row, "name"),
        "label": _text(row, "displayName") or _text(row, "name"),
        "description": _text(row, "description"),
        # What an administrator provides isn't the person's; a default that is computed is unknown here.
        "asked": not (
            row.get("readOnly") is True
            or isinstance(admin, dict)
            or wire.dig(shared, "lockDefaultValues") is True
        ),
        "required": row.get("required") is True and not wire.dig(shared, "defaultValueCel"),
    }
    for kind, make in KINDS.items():
        content = row.get(kind)
        if isinstance(content, dict):
            own = {"placeholder": _text(content, "placeholder"), "rules": in_rules(content)}
            return make(content, common | own)
    return ForeignField(**common)


def _string_field(content: Json, common: dict[str, Any]) -> FormField:
    if form_rules.needs_text(common["rules"]):
        common["required"] = True
    common["preset"] = _text(content, "defaultValue") or None
    if isinstance(content.get("selectField"), dict):
        return ChoiceField(**common, options=_options(content["selectField"]))
    if isinstance(found := content.get("dateField"), dict):
        return DateField(
            **common,
            earliest=_text(found, "minDate"),
            latest=_text(found, "maxDate"),
            earliest_in_days=form_rules.number(found.get("minDaysFromToday")),
            latest_in_days=form_rules.number(found.get("maxDaysFromToday")),
            default_to_today=found.get("defaultToToday") is True,
        )
    if isinstance(content.get("passwordField"), dict):
        return SecretField(**common)
    return TextField(**common)


def _bool_field(content: Json, common: dict[str, Any]) -> FormField:
    preset = content.get("defaultValue")
    return BoolField(**common, preset=preset if isinstance(preset, bool) else None)


def _number_field(content: Json, common: dict[str, Any]) -> FormField:
    limits = content.get("numberField")
    return NumberField(
        **common,
        preset=form_rules.number(content.get("defaultValue")),
        least=form_rules.number(wire.dig(limits, "minValue")) or 0,
        most=form_rules.number(wire.dig(limits, "maxValue")) or 0,
    )


def _list_field(content: Json, common: dict[str, Any]) -> FormField:
    if form_rules.needs_items(common["rules"]):
        common["required"] = True
    return ListField(**common, preset=list(_texts(content, "defaultValues")) or None)


def _map_field(content: Json, common: dict[str, Any]) -> FormField:
    preset = content.get("defaultValue")
    if common["rules"].get("isRequired") is True:
        common["required"] = True
    return MapField(**common, preset=preset if isinstance(preset, dict) and preset else None)


KINDS: Mapping[str, Callable[[Json, dict[str, Any]], FormField]] = {
    "stringField": _string_field,
    "boolField": _bool_field,
    "int64Field": _number_field,
    "stringSliceField": _list_field,
    "stringMapField": _map_field,
}


def _options(select: Json) -> tuple[Option, ...]:
    return tuple(
        Option(_text(row, "value"), _text(row, "displayName") or _text(row, "value"))
        for row in wire.rows(select, "options")
    )


def _text(content: Json, key: str) -> str:
    value = content.get(key)
    return value if isinstance(value, str) else ""


def _texts(content: Json, key: str) -> tuple[str, ...]:
    found = content.get(key)
    return tuple(str(each) for each in found) if isinstance(found, list) else ()
