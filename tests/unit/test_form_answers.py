"""Request forms, filled in: by what was given, by asking, by defaults."""

from datetime import date

import pytest

from cone_cli.form_answers import FormFiller, parse_form_data
from cone_sidecar.conductorone.request_form import read_form
from cone_sidecar.errors import RequestFormRequired, UsageError
from fakes.person import Person

TODAY = date(2026, 1, 15)
COMMAND = "cone get x"
TICKET = {
    "name": "ticket",
    "displayName": "Ticket",
    "description": "What it is for",
    "required": True,
    "stringField": {"textField": {}, "placeholder": "OPS-1", "rules": {"prefix": "OPS-"}},
}
SIZE = {
    "name": "size",
    "displayName": "Size",
    "stringField": {
        "defaultValue": "s",
        "selectField": {
            "options": [{"value": "s", "displayName": "Small"}, {"value": "l"}],
        },
    },
}
COUNT = {"name": "count", "int64Field": {"defaultValue": "2", "rules": {"lte": "9"}}}
URGENT = {"name": "urgent", "boolField": {"defaultValue": False}}
HOSTS = {"name": "hosts", "stringSliceField": {"chipsField": {}, "defaultValues": ["a"]}}
LABELS = {"name": "labels", "stringMapField": {}}
PASSWORD = {"name": "password", "stringField": {"passwordField": {}}}
FILE = {"name": "file", "displayName": "File", "fileField": {"fileInputField": {}}}
OWNER = {"name": "owner", "readOnly": True, "stringField": {"defaultValue": "ada"}}


def filler(*fields, person=None, relationships=()):
    form = read_form({"fields": list(fields), "fieldRelationships": list(relationships)})
    return FormFiller(form, command=COMMAND, today=TODAY, prompter=person)


def needed(*fields, given=None, relationships=()):
    """Fill in without a person, and return the error."""
    with pytest.raises(RequestFormRequired) as caught:
        filler(*fields, relationships=relationships).fill_in(given or {})
    return caught.value


def test_without_a_person_defaults_are_taken():
    """What has a default gets it, what isn't needed is left out, what is ConductorOne's stays its own."""
    given = {"ticket": "OPS-7"}
    found = filler(TICKET, SIZE, COUNT, URGENT, HOSTS, LABELS, FILE, OWNER).fill_in(given)
    assert found == {
        "ticket": "OPS-7",
        "size": "s",
        "count": 2,
        "urgent": False,
        "hosts": ["a"],
        "owner": "ada",
    }


def test_without_a_person_the_first_missing_field_is_named():
    """The error says which, and how to give it."""
    error = needed(COUNT, TICKET, TICKET | {"name": "other"})
    assert error.message == "the request form needs Ticket (ticket)"
    assert error.hint == """cone get x --form-data '{"ticket": "…"}'"""
    assert error.exit_code == 7


def test_a_default_that_breaks_a_rule_is_none():
    """Nothing is sent that the tenant would refuse."""
    count = COUNT | {"int64Field": {"defaultValue": "12", "rules": {"lte": "9"}}}
    assert needed(count).message == "the request form needs count, which must be at most 9"


def test_a_file_that_is_needed():
    """Only ConductorOne's page can take one."""
    assert needed(FILE | {"required": True}).message == "the request form needs File (file)"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"tickt": "x"}, "the request form has no field 'tickt'"),
        ({"ticket": "x"}, "ticket: must begin with 'OPS-'"),
        ({"ticket": ""}, "ticket: is required"),
        ({"count": "x"}, "count: takes a whole number"),
        ({"size": "m"}, "size: must be one of s, l"),
        ({"owner": "me"}, "owner is filled in by ConductorOne"),
    ],
)
def test_what_is_given_is_checked(given, message):
    """A wrong name or value is told of before anything is asked for."""
    person = Person()
    with pytest.raises(UsageError) as caught:
        filler(TICKET, COUNT, SIZE, OWNER, person=person).fill_in(given)
    assert caught.value.message == message
    assert person.asked == []


def test_unknown_names_are_answered_with_the_known_ones():
    """The hint lists them."""
    with pytest.raises(UsageError) as caught:
        filler(TICKET, COUNT).check({"x": 1})
    assert caught.value.hint == "there are: ticket, count"


def test_a_person_is_asked():
    """Each kind of field in its own way; an empty answer is the default, or nothing."""
    person = Person(
        *["", "7", "OPS-1"], "2", "", "y", *["b", "c", ""], *["x", "", "env=dev", ""], "s3"
    )
    fields = (TICKET, SIZE, COUNT, URGENT, HOSTS, LABELS, PASSWORD, FILE, OWNER)
    labels = LABELS | {"displayName": "Labels"}
    assert (
        filler(*fields[:5], labels, PASSWORD, FILE, OWNER, person=person).fill_in({})
        == {
            "ticket": "OPS-1",
            "size": "l",
            "count": 2,
            "urgent": True,
            "hosts": ["b", "c"],
            "labels": {"env": "dev"},
            "password": "s3",
            "owner": "ada",
        }
        or person.shown
    )
    assert person.asked[0] == "Ticket (required, e.g. OPS-1): "
    assert "What it is for" in person.shown
    assert "Ticket is required." in person.shown
    assert "Ticket must begin with 'OPS-'." in person.shown
    assert "File: only ConductorOne's page can ask for this." in person.shown


def test_what_was_given_is_not_asked_for():
    """Only the rest is."""
    person = Person("3")
    assert filler(TICKET, COUNT, person=person).fill_in({"ticket": "OPS-1"}) == {
        "ticket": "OPS-1",
        "count": 3,
    }
    assert person.asked == ["count [2]: "]


def plain(name, **content):
    return {"name": name, "stringField": {"textField": {}, **content}}


def test_relationships_without_a_person():
    """What doesn't hold is told of."""
    either = {"fieldNames": ["a", "b"], "atLeastOne": {}}
    error = needed(plain("a"), plain("b"), relationships=[either])
    assert error.message == "the request form takes at least one of a, b"
    assert error.hint == """cone get x --form-data '{"a": "…"}'"""


def test_relationships_with_a_person():
    """The fields of the relationship are asked for again, no others."""
    person = Person("", "", "x", "", "y")
    either = {"fieldNames": ["a", "b"], "atLeastOne": {}}
    form = filler(plain("a"), plain("b"), plain("c"), person=person, relationships=[either])
    assert form.fill_in({}) == {"b": "y", "c": "x"}
    assert person.asked == ["a: ", "b: ", "c: ", "a: ", "b: "]


def test_a_field_that_depends_on_another_is_asked_for_with_it_alone():
    """Nor is its default taken without the other."""
    depends = {"fieldNames": ["b"], "dependentOn": {"dependencyFieldNames": ["a"]}}
    fields = (plain("a"), plain("b", defaultValue="z"))
    person = Person("")
    assert filler(*fields, person=person, relationships=[depends]).fill_in({}) == {}
    assert person.asked == ["a: "]
    assert filler(*fields, relationships=[depends]).fill_in({"a": "x"}) == {"a": "x", "b": "z"}


@pytest.mark.parametrize("text", ["{", "[]", '"x"', "7", "{'a': 1}"])
def test_form_data_that_is_no_object(text):
    """It is refused with an example of what is meant."""
    with pytest.raises(UsageError, match="--form-data is no") as caught:
        parse_form_data(text)
    assert caught.value.hint == """--form-data '{"field": "value"}'"""


def test_form_data():
    """A JSON object, or nothing."""
    assert parse_form_data("") == {}
    assert parse_form_data('{"a": [1]}') == {"a": [1]}
