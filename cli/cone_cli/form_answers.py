"""A request form, filled in: by what was given, by asking, by defaults."""

import json
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from cone_cli.prompt import Prompter, choose, confirm
from cone_sidecar.conductorone.form_field import (
    BoolField,
    ChoiceField,
    FieldProblem,
    ForeignField,
    FormField,
    ListField,
    MapField,
    SecretField,
)
from cone_sidecar.conductorone.request_form import RequestForm
from cone_sidecar.errors import RequestFormRequired, UsageError

Answers = dict[str, Any]
OPTION = "--form-data"


def parse_form_data(text: str) -> Answers:
    """Read ``--form-data``.

    Raises:
        UsageError: It is no JSON object.
    """
    if not text:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        raise UsageError(f"{OPTION} is no valid JSON{where}", hint=_how("field", "value")) from None
    if not isinstance(found, dict):
        raise UsageError(f"{OPTION} is no JSON object", hint=_how("field", "value"))
    return found


class FormFiller:
    """Fill in one form. Without a ``prompter`` nobody is asked: defaults, or an error.

    Args:
        form: The form.
        command: The command that a person would repeat, with ``--form-data`` behind it.
        today: The day, which dates are counted from.
        prompter: Who is asked.
    """

    def __init__(
        self, form: RequestForm, *, command: str, today: date, prompter: Prompter | None
    ) -> None:
        self._form = form
        self._command = command
        self._today = today
        self._prompter = prompter

    def check(self, given: Mapping[str, object]) -> Answers:
        """Return what was given, as the API takes it.

        Raises:
            UsageError: It names a field that isn't there, or has a value that a field doesn't take.
        """
        if unknown := [name for name in given if name not in self._form.names]:
            known = ", ".join(self._form.names) or "none"
            raise UsageError(
                f"the request form has no field {unknown[0]!r}", hint=f"there are: {known}"
            )
        answers: Answers = {}
        for field in self._form.fields:
            if field.name not in given:
                continue
            if not field.asked:
                raise UsageError(
                    f"{field.name} is filled in by ConductorOne", hint=f"leave it out of {OPTION}"
                )
            try:
                value = field.accept(given[field.name], self._today)
            except FieldProblem as problem:
                hint = f"{field.name} takes {field.takes}: {_how(field.name, field.example)}"
                raise UsageError(f"{field.name}: {problem}", hint=hint) from None
            if value is not None:
                answers[field.name] = value
        return answers

    def fill_in(self, given: Mapping[str, object]) -> Answers:
        """Return all answers: those given, and asked for or preset ones for the other fields.

        Raises:
            UsageError: What was given doesn't fit.
            RequestFormRequired: Something is needed that can't be had here.
        """
        checked = self.check(given)
        if self._prompter and (self._form.title or self._form.description):
            self._prompter.say(": ".join(filter(None, (self._form.title, self._form.description))))
        answers = self._complete(checked, self._form.names)
        while found := self._form.broken(_filled(answers)):
            relationship, problem = found
            again = [
                field.name
                for field in self._form.fields
                if field.name in relationship.names and field.asked and field.name not in checked
            ]
            if self._prompter is None or not again:
                raise self._needed(f"the request form takes {problem}", relationship.names[0])
            self._prompter.say(f"The form takes {problem}.")
            kept = {name: value for name, value in answers.items() if name not in again}
            answers = self._complete(kept, again)
        return answers

    def _complete(self, answers: Mapping[str, object], names: Collection[str]) -> Answers:
        """Return ``answers`` and what is still to be had of ``names``."""
        complete = dict(answers)
        for field in self._form.fields:
            if field.name in complete or field.name not in names:
                continue
            value = self._value(field, _filled(complete))
            if value is not None:
                complete[field.name] = value
        return {name: complete[name] for name in self._form.names if name in complete}

    def _value(self, field: FormField, filled: set[str]) -> Any:  # noqa: ANN401 -- JSON
        if not field.asked:
            return field.default(self._today)
        if self._form.waits_for(field.name, filled):
            return None
        if isinstance(field, ForeignField):
            if field.required:
                raise self._needed(f"the request form needs {_called(field)}", field.name)
            if self._prompter:
                self._prompter.say(f"{field.label}: only ConductorOne's page can ask for this.")
            return None
        if self._prompter is not None:
            return _ask(self._prompter, field, self._today)
        try:
            return field.accept(field.default(self._today), self._today)
        except FieldProblem as problem:
            # A default that isn't taken is none.
            why = f", which {problem}" if field.default(self._today) is not None else ""
            raise self._needed(
                f"the request form needs {_called(field)}{why}", field.name
            ) from None

    def _needed(self, message: str, name: str) -> RequestFormRequired:
        examples = {each.name: each.example for each in self._form.fields}
        how = _how(name, examples.get(name, FormField.example))
        return RequestFormRequired(message, hint=f"{self._command} {how}")


def _ask(prompter: Prompter, field: FormField, today: date) -> Any:  # noqa: ANN401 -- JSON
    """Ask until the answer is one that the field takes."""
    if field.description:
        prompter.say(field.description)
    default = field.default(today)
    while True:
        try:
            if isinstance(field, BoolField):
                preset = default if isinstance(default, bool) else None
                return field.accept(confirm(prompter, field.label, default=preset), today)
            if isinstance(field, ChoiceField) and field.options:
                return field.accept(_chosen(prompter, field, default), today)
            text = _typed(prompter, field, default)
            return field.read(text, today) if text else field.accept(default, today)
        except FieldProblem as problem:
            prompter.say(f"{field.label} {problem}.")


def _chosen(prompter: Prompter, field: ChoiceField, default: object) -> str:
    values = [option.value for option in field.options]
    labels = [option.label for option in field.options]
    if not field.required and default not in values:
        values, labels, default = [*values, ""], [*labels, "(none)"], ""
    index = values.index(str(default)) if default in values else -1
    return values[choose(prompter, field.label, labels, default=index)]


def _typed(prompter: Prompter, field: FormField, default: object) -> str:
    remarks = ["required"] if field.required and default is None else []
    remarks += [f"e.g. {field.placeholder}"] if field.placeholder else []
    question = field.label + (f" ({', '.join(remarks)})" if remarks else "")
    if isinstance(field, (ListField, MapField)):
        form = ", each as name=value" if isinstance(field, MapField) else ""
        prompter.say(f"{question}: one per line{form}, an empty line to finish.")
        if default:
            prompter.say(f"Without any: {_shown(default)}")
        lines = iter(lambda: prompter.line("  "), "")
        return "\n".join(lines)
    if isinstance(field, SecretField):
        return prompter.secret(f"{question}: ")
    return prompter.line(question + (f" [{default}]: " if default is not None else ": "))


def _shown(default: object) -> str:
    if isinstance(default, dict):
        return ", ".join(f"{name}={value}" for name, value in default.items())
    return ", ".join(map(str, default)) if isinstance(default, list) else str(default)


def _filled(answers: Mapping[str, object]) -> set[str]:
    """Return which fields count as filled in: a no is as good as nothing."""
    return {name for name, value in answers.items() if value is not False}


def _called(field: FormField) -> str:
    return field.name if field.label == field.name else f"{field.label} ({field.name})"


def _how(name: str, example: object) -> str:
    return f"{OPTION} '{json.dumps({name: example}, ensure_ascii=False)}'"
