"""Request forms: what the API sends is read leniently, what people answer is held to its rules."""

import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cone_sidecar.conductorone import form_rules
from cone_sidecar.conductorone.form_field import FieldProblem
from cone_sidecar.conductorone.request_form import read_form

TODAY = date(2026, 1, 15)
UNSET_NUMBER_RULES = {"const": "0", "lt": "0", "lte": "0", "gt": "0", "gte": "0", "in": []}
UNSET_TEXT_RULES = {
    "const": "",
    "len": "0",
    "minLen": "0",
    "maxLen": "0",
    "pattern": "",
    "in": [],
    "email": None,
}


def field(**content):
    """Read a form of one field."""
    return read_form({"fields": [{"name": "f", **content}]}).fields[0]


def taken(value, **content):
    """Return what the field makes of a value."""
    return field(**content).accept(value, TODAY)


def refused(value, **content):
    """Return why the field doesn't take a value."""
    with pytest.raises(FieldProblem) as caught:
        taken(value, **content)
    return str(caught.value)


def text(**content):
    return {"stringField": {"textField": {}, **content}}


def whole_number(**content):
    return {"int64Field": {"numberField": {"minValue": "0", "maxValue": "0"}, **content}}


@pytest.mark.parametrize(
    ("rules", "good", "bad", "problem"),
    [
        ({"minLen": "3"}, "abc", "ab", "needs at least 3 characters"),
        ({"maxLen": "3"}, "äöü", "abcd", "takes at most 3 characters"),
        ({"len": 2}, "ab", "abc", "must have exactly 2 characters"),
        ({"maxBytes": "3"}, "abc", "äö", "takes at most 3 bytes"),
        ({"minBytes": "3"}, "äö", "ab", "needs at least 3 bytes"),
        ({"lenBytes": "2"}, "ä", "a", "must have exactly 2 bytes"),
        ({"const": "yes"}, "yes", "no", "must be 'yes'"),
        ({"pattern": "^OPS-\\d+$"}, "OPS-12", "OPS-", "must match ^OPS-\\d+$"),
        ({"pattern": "b"}, "abc", "ac", "must match b"),
        ({"pattern": "^\\d+\\z"}, "12", "١٢", "must match ^\\d+\\z"),
        ({"prefix": "OPS-"}, "OPS-1", "1", "must begin with 'OPS-'"),
        ({"suffix": "!"}, "a!", "a", "must end with '!'"),
        ({"contains": "@"}, "a@b", "ab", "must contain '@'"),
        ({"notContains": " "}, "ab", "a b", "must not contain ' '"),
        ({"in": ["a", "b"]}, "b", "c", "must be one of a, b"),
        ({"notIn": ["a"]}, "b", "a", "must be none of a"),
        ({"email": True}, "ada@example.com", "ada@", "must be an e-mail address"),
        ({"email": True}, "a+b@x.example", "a b@x.example", "must be an e-mail address"),
        ({"hostname": True}, "db-1.example.com", "-x.example", "must be a host name"),
        ({"ip": True}, "::1", "localhost", "must be an IP address"),
        ({"ipv4": True}, "10.0.0.1", "::1", "must be an IPv4 address"),
        ({"ipv6": True}, "::1", "10.0.0.1", "must be an IPv6 address"),
        ({"address": True}, "localhost", "a b", "must be a host name or IP address"),
        ({"uri": True}, "https://x.example/a", "x/a", "must be a URI, such as https://…"),
        ({"uriRef": True}, "/a", "http://[", "must be a URI or the end of one"),
        ({"uuid": True}, "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6ba7", "must be a UUID"),
        ({"wellKnownRegex": "HTTP_HEADER_NAME"}, "X-A", "X A", "must fit into an HTTP header"),
    ],
)
def test_rules_of_texts(rules, good, bad, problem):
    """Each rule lets the right text through, and tells what a wrong one should be."""
    assert taken(good, **text(rules=rules)) == good
    assert refused(bad, **text(rules=rules)) == problem


@pytest.mark.parametrize(
    "rules",
    [UNSET_TEXT_RULES, None, [], {"pattern": "[[:alpha:]]"}, {"pattern": "("}, {"prefix": 7}],
)
def test_rules_that_say_nothing(rules):
    """Unset ones, foreign ones and patterns that aren't Python's are left to the tenant."""
    assert taken("x", **text(rules=rules)) == "x"


@pytest.mark.parametrize(
    ("rules", "good", "bad", "problem"),
    [
        ({"const": "7"}, 7, 8, "must be 7"),
        ({"gt": "0"}, 1, 0, "must be more than 0"),
        ({"gte": "1"}, 1, 0, "must be at least 1"),
        ({"lt": 5}, 4, 5, "must be less than 5"),
        ({"lte": "5"}, 5, 6, "must be at most 5"),
        ({"gte": "1", "lte": "5"}, 3, 6, "must be at most 5"),
        ({"lt": "2", "gt": "8"}, 9, 5, "must be less than 2 or more than 8"),
        ({"in": ["1", "3"]}, 3, 2, "must be one of 1, 3"),
        ({"notIn": ["2"]}, 3, 2, "must be none of 2"),
        ({"gte": "5", "ignoreEmpty": True}, 0, 4, "must be at least 5"),
    ],
)
def test_rules_of_numbers(rules, good, bad, problem):
    """64-bit limits come as strings; bounds the wrong way round leave out what is between."""
    assert taken(good, **whole_number(rules=rules)) == good
    assert refused(bad, **whole_number(rules=rules)) == problem


@pytest.mark.parametrize(
    ("limits", "good", "bad", "problem"),
    [
        ({"minValue": "1", "maxValue": "5"}, 5, 6, "must be from 1 to 5"),
        ({"minValue": "0", "maxValue": "5"}, 0, -1, "must be from 0 to 5"),
        ({"minValue": "3", "maxValue": "0"}, 1000, 2, "must be at least 3"),
        ({"minValue": "-5", "maxValue": "0"}, -5, 1, "must be from -5 to 0"),
    ],
)
def test_limits_of_a_number_s_input(limits, good, bad, problem):
    """Both are 0 where they aren't set; a 0 counts beside another limit."""
    content = {"int64Field": {"numberField": limits}}
    assert taken(good, **content) == good
    assert refused(bad, **content) == problem


def test_what_is_a_number():
    """JSON numbers and digits are; what is neither whole nor 64 bits isn't."""
    content = whole_number(rules=UNSET_NUMBER_RULES)
    assert [taken(each, **content) for each in (5, "5", " -5 ", 5.0)] == [5, 5, -5, 5]
    for wrong in (True, "5.5", 5.5, float("nan"), "x", [], {"a": 1}, 2**63, "9" * 5000):
        if wrong != []:
            assert refused(wrong, **content) == "takes a whole number"


def test_a_choice():
    """One of its values is taken, whatever they are called."""
    options = [{"value": "p", "displayName": "Production"}, {"value": "s"}]
    content = {"stringField": {"selectField": {"options": options}}}
    assert [(each.value, each.label) for each in field(**content).options] == [
        ("p", "Production"),
        ("s", "s"),
    ]
    assert taken("p", **content) == "p"
    assert refused("Production", **content) == "must be one of p, s"


def test_a_day():
    """Limits are days, or counted from today; a default may be today."""
    content = {
        "stringField": {
            "dateField": {
                "minDate": "2026-01-10",
                "maxDate": "",
                "maxDaysFromToday": 3,
                "minDaysFromToday": None,
                "defaultToToday": True,
            }
        }
    }
    assert field(**content).default(TODAY) == "2026-01-15"
    assert taken("2026-01-18", **content) == "2026-01-18"
    assert refused("2026-01-19", **content) == "must not be after 2026-01-18"
    assert refused("2026-01-09", **content) == "must not be before 2026-01-10"
    assert refused("tomorrow", **content) == "takes a day: YYYY-MM-DD"


def test_yes_and_no():
    """Only a constant yes is a rule: a constant no is how an unset one looks."""
    assert taken("Yes", boolField={}) is True
    assert taken(False, boolField={"rules": {"const": False}}) is False
    assert refused(False, boolField={"rules": {"const": True}}) == "must be true"
    assert refused("perhaps", boolField={}) == "takes true or false"


def test_lists():
    """Their number, their items and their sameness are held to the rules."""
    rules = {
        "minItems": "1",
        "maxItems": "2",
        "unique": True,
        "items": {"string": {"minLen": "2"}, "bool": None},
    }
    content = {"stringSliceField": {"chipsField": {}, "rules": rules}}
    assert taken(["ab", "cd"], **content) == ["ab", "cd"]
    assert refused(["ab", "cd", "ef"], **content) == "takes at most 2 of them"
    assert refused(["ab", "ab"], **content) == "must not hold the same twice"
    assert refused(["a"], **content).startswith("each needs at least 2 characters")
    assert refused([], **content) == "is required"
    assert refused("ab", **content) == "takes a list of texts"
    assert field(**content).read("ab\n cd \n\n", TODAY) == ["ab", "cd"]


def test_maps():
    """Pairs of texts, typed as lines; an empty one is refused where the rules say so."""
    content = {"stringMapField": {"rules": {"isRequired": True}}}
    assert field(**content).read("a=1\nb = x=y", TODAY) == {"a": "1", "b": "x=y"}
    assert refused({}, **content) == "is required"
    assert refused({"a": 1}, **content) == "takes an object of texts"
    with pytest.raises(FieldProblem, match="name=value"):
        field(**content).read("a", TODAY)


@pytest.mark.parametrize(
    ("content", "default"),
    [
        ({"stringField": {"defaultValue": "x"}}, "x"),
        ({"stringField": {"defaultValue": ""}}, None),
        ({"boolField": {"defaultValue": False}}, False),
        ({"boolField": {}}, None),
        ({"int64Field": {"defaultValue": "0"}}, 0),
        ({"int64Field": {"defaultValue": None}}, None),
        ({"stringSliceField": {"defaultValues": ["a"]}}, ["a"]),
        ({"stringSliceField": {"defaultValues": []}}, None),
        ({"stringMapField": {"defaultValue": {"a": "b"}}}, {"a": "b"}),
        ({"fileField": {}}, None),
    ],
)
def test_defaults(content, default):
    """An empty default is none, except for a no and a zero."""
    assert field(**content).default(TODAY) == default


@pytest.mark.parametrize(
    ("content", "required"),
    [
        ({"required": True, **text()}, True),
        (text(rules={"minLen": "1"}), True),
        (text(rules={"minLen": "1", "ignoreEmpty": True}), False),
        ({"required": True, "sharedConfig": {"defaultValueCel": "user.email"}, **text()}, False),
        (text(rules={"pattern": "."}), False),
        ({"stringSliceField": {"rules": {"minItems": "1"}}}, True),
    ],
)
def test_what_is_required(content, required):
    """The form says so, or a rule that nothing empty can meet; what the tenant computes isn't."""
    assert field(**content).required is required


@pytest.mark.parametrize(
    ("content", "asked"),
    [
        ({"userConfig": {}}, True),
        ({"readOnly": True}, False),
        ({"adminConfig": {"showToUser": True}}, False),
        ({"sharedConfig": {"lockDefaultValues": True}}, False),
        ({"sharedConfig": {"lockDefaultValues": False}}, True),
    ],
)
def test_whose_a_field_is(content, asked):
    """What ConductorOne or an administrator fills in isn't asked for."""
    assert field(**content, **text()).asked is asked


RELATIONSHIPS = {
    "requiredTogether": ({"a"}, {"a", "b"}, "all or none of a, b"),
    "mutuallyExclusive": ({"a", "b"}, {"b"}, "only one of a, b"),
    "atLeastOne": ({"c"}, {"b"}, "at least one of a, b"),
}


@pytest.mark.parametrize("kind", RELATIONSHIPS)
def test_relationships(kind):
    """Each kind tells what is wrong with the fields that are filled in."""
    broken, kept, problem = RELATIONSHIPS[kind]
    form = read_form({"fieldRelationships": [{"fieldNames": ["a", "b"], kind: {}}]})
    assert form.broken(broken)[1] == problem
    assert form.broken(kept) is None


def test_a_field_that_depends_on_another():
    """It waits until the other one is filled in."""
    row = {"fieldNames": ["b"], "dependentOn": {"dependencyFieldNames": ["a"]}}
    form = read_form({"fieldRelationships": [row, {"fieldNames": ["a"], "somethingNew": {}}]})
    assert form.waits_for("b", {"c"})
    assert not form.waits_for("b", {"a"})
    assert form.broken({"b"})[1] == "b only with a"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
STRING_RULE_NAMES = [
    *("len", "minLen", "maxLen", "minBytes", "maxBytes", "lenBytes", "const", "pattern"),
    *("prefix", "suffix", "contains", "notContains", "in", "notIn", "email", "hostname", "ip"),
    *("uri", "uriRef", "uuid", "wellKnownRegex", "strict", "ignoreEmpty", "items", "unique"),
    *("minItems", "maxItems", "lt", "lte", "gt", "gte", "isRequired"),
]
RULES = st.dictionaries(st.sampled_from(STRING_RULE_NAMES), JSON, max_size=4) | JSON
CONTENT = st.fixed_dictionaries(
    {},
    optional={
        "rules": RULES,
        "defaultValue": JSON,
        "defaultValues": JSON,
        "selectField": JSON,
        "dateField": JSON,
        "numberField": JSON,
    },
)
KINDS = ["stringField", "boolField", "int64Field", "stringSliceField", "stringMapField", "newField"]


@st.composite
def wild_fields(draw):
    """Make fields of any shape, some of them nearly right."""
    return {
        "name": draw(st.sampled_from(["f", "g"]) | JSON),
        "required": draw(JSON),
        "sharedConfig": draw(JSON),
        draw(st.sampled_from(KINDS)): draw(CONTENT | JSON),
    }


@settings(deadline=None)
@given(st.lists(wild_fields() | JSON, max_size=3), JSON, JSON)
def test_nothing_that_is_sent_or_answered_crashes(rows, relationships, answer):
    """Whatever the form and the answer: it is taken, and again the same, or it is refused by a sentence."""
    form = read_form({"fields": rows, "fieldRelationships": relationships})
    form.broken(set(form.names))
    for each in form.fields:
        for value in (answer, each.default(TODAY)):
            accepted, problem = attempt(each, value)
            assert accepted is None or problem == ""
            again, problem = attempt(each, accepted)
            assert json.dumps(again) == json.dumps(accepted)
            assert problem in {"", "is required"}


def attempt(field, value):
    """Return what the field makes of a value, and why it doesn't take it."""
    try:
        return field.accept(value, TODAY), ""
    except FieldProblem as problem:
        return None, str(problem)


@given(
    st.integers(-20, 20),
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("lt", "lte", "gt", "gte"), st.integers(-10, 10))
    ),
)
def test_bounds_of_numbers_are_those_of_the_rules(value, bounds):
    """A number is taken just when it lies where protoc-gen-validate's bounds put it."""
    rules = {name: str(limit) for name, limit in bounds.items()}
    below = [bounds["lt"] - 1] if "lt" in bounds else []
    below += [bounds["lte"]] if "lte" in bounds else []
    above = [bounds["gt"] + 1] if "gt" in bounds else []
    above += [bounds["gte"]] if "gte" in bounds else []
    under, over = (value <= each for each in below), (value >= each for each in above)
    if below and above and min(below) < max(above):
        expected = all(under) or all(over)
    else:
        expected = all(under) and all(over)
    if len(bounds) == 5 and not any(bounds.values()):
        expected = True
    assert (form_rules.number_problem(rules, value) == "") is expected


@given(st.text(max_size=6), st.integers(0, 6), st.integers(0, 6), st.text(max_size=1))
def test_texts_are_taken_just_when_they_keep_the_rules(value, least, most, prefix):
    """Lengths count characters, a zero is no limit."""
    rules = {"minLen": str(least), "maxLen": str(most), "prefix": prefix}
    expected = (
        len(value) >= least and (most == 0 or len(value) <= most) and value.startswith(prefix)
    )
    assert (form_rules.string_problem(rules, value) == "") is expected
