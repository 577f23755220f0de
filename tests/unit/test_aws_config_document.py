"""The AWS config file, byte for byte."""

import configparser

import pytest
from botocore.configloader import load_config
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from cone_sidecar.aws_config.document import AwsConfigDocument, safe_name, safe_value
from cone_sidecar.aws_config.lines import SectionName
from cone_sidecar.domain.profile import EntitlementRef, PermissionSet
from cone_sidecar.errors import ConfigurationError
from cone_sidecar.profile_template import DEFAULT_TEMPLATE

modest = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
OURS = SectionName("profile", "zz-ours-zz")
VALUES = {"cone_app_id": "a" * 27, "region": "us-west-2", "output": "json"}

HAND_WRITTEN = b"""\
# my accounts
[default]
region = eu-west-1

; the old one
  [profile "legacy"]   # keep
    cli_pager=
    s3 =
        max_concurrent_requests = 20
        addressing_style = path
[sso-session acme]
sso_start_url = https://acme.awsapps.com/start#/
sso_region: eu-central-1
[preview]
thing = 1"""

PIECES = st.sampled_from(
    [
        "[default]", "[profile a]", '[profile "b c"]', "[profile 'd']", "[profile o'brien]", "[x",
        " [profile e] # c", "a = 1", "A: 2", "  b = 3", "k =", "junk", "# c", "; c", "", "\t", "=",
        "[]", "[[x]]", "ü = é", "\ufeff", "\x85", "\u2028", "\x0c", "]",
    ]
)  # fmt: skip
ENDS = st.sampled_from(["\n", "\r\n", "\r", ""])
FILES = st.one_of(
    st.binary(max_size=200),
    st.lists(st.tuples(PIECES, ENDS), max_size=12).map(
        lambda parts: "".join(piece + end for piece, end in parts).encode()
    ),
)

LINES = st.sampled_from(
    ["[default]", "[profile b]", "x = 1", "Y: 2", "  z = 3", "w =", "# c", "  ; c", "", "\t"]
)
WELL_FORMED = st.tuples(st.lists(LINES, max_size=8), ENDS.filter(bool), ENDS).map(
    lambda parts: (parts[1].join(["[profile a]", "x = 0", *parts[0]]) + parts[2]).encode()
)


@modest
@given(FILES)
def test_render_gives_back_any_bytes(data):
    """What isn't changed is rendered as it was read, whatever it is."""
    assert AwsConfigDocument.parse(data).render() == data


@modest
@given(FILES)
def test_adding_and_removing_a_section_restores_the_file(data):
    """A section that is added, written, read again and removed leaves no trace."""
    document = AwsConfigDocument.parse(data)
    assume(document.values(OURS) is None)
    document.append_section(OURS, VALUES)
    written = document.render()
    assert written.startswith(data)
    read_again = AwsConfigDocument.parse(written)
    assert read_again.values(OURS) == VALUES
    read_again.remove_section(OURS)
    assert read_again.render() == data


@modest
@given(WELL_FORMED)
def test_adding_and_removing_a_key_restores_the_file(data):
    """A key that is added and removed leaves no trace."""
    document = AwsConfigDocument.parse(data)
    assert document.malformed_line == 0
    name = SectionName("profile", "a")
    before = document.values(name)
    document.set_value(name, "cone_new", "1")
    assert AwsConfigDocument.parse(document.render()).values(name) == {**before, "cone_new": "1"}
    document.remove_key(name, "cone_new")
    assert document.render() == data


def test_sections_are_read_as_people_write_them():
    """Indented and quoted headers, trailing comments and nested blocks are what they look like."""
    document = AwsConfigDocument.parse(HAND_WRITTEN)
    assert [tuple(section.name) for section in document.sections] == [
        ("profile", "default"),
        ("profile", "legacy"),
        ("sso-session", "acme"),
        ("", "preview"),
    ]
    legacy = document.values(SectionName("profile", "legacy"))
    assert legacy["s3"] == "\nmax_concurrent_requests = 20\naddressing_style = path"
    session = document.values(SectionName("sso-session", "acme"))
    assert session["sso_region"] == "eu-central-1"
    assert document.malformed_line == 0


def test_keys_match_exactly_and_in_any_case():
    """A key that begins as another one isn't it; upper case is."""
    document = AwsConfigDocument.parse(b"[profile x]\ncone_app_id_note = no\nCone_App_Id = yes\n")
    assert document.values(SectionName("profile", "x"))["cone_app_id"] == "yes"


def test_a_header_in_a_comment_is_a_comment():
    """Neither a comment nor a value makes a section."""
    document = AwsConfigDocument.parse(b"# [profile x]\n[default]\na = [profile x]\n")
    assert document.values(SectionName("profile", "x")) is None


def test_sections_of_one_name_are_one():
    """Of a section that comes twice, the last value counts, and is the one that is replaced."""
    document = AwsConfigDocument.parse(b"[profile x]\na = 1\nb = 1\n[profile x]\na = 2\n")
    assert document.values(SectionName("profile", "x")) == {"a": "2", "b": "1"}
    document.set_value(SectionName("profile", "x"), "a", "3")
    assert document.render() == b"[profile x]\na = 1\nb = 1\n[profile x]\na = 3\n"


def test_setting_a_value_touches_its_line_alone():
    """A multi-line value is replaced whole, in its own indentation; an equal one not at all."""
    data = b"[profile x]\r\n  A  =  1\r\n    more\r\n# c\r\nb=2"
    document = AwsConfigDocument.parse(data)
    document.set_value(SectionName("profile", "x"), "b", "2")
    assert document.render() == data
    document.set_value(SectionName("profile", "x"), "a", "x=y:z")
    assert document.render() == b"[profile x]\r\n  A = x=y:z\r\n# c\r\nb=2"


def test_setting_a_value_of_a_missing_section_is_refused():
    """There is nothing to set it in."""
    with pytest.raises(ConfigurationError):
        AwsConfigDocument().set_value(OURS, "a", "1")


def test_removing_keeps_the_comments_of_the_next_section():
    """What stands above the next header belongs to it."""
    document = AwsConfigDocument.parse(b"[a]\n\n[profile x]\nk = 1\n\n# next\n[profile y]\nk = 2\n")
    document.remove_section(SectionName("profile", "x"))
    assert document.render() == b"[a]\n\n# next\n[profile y]\nk = 2\n"


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"region = x\n", 1),
        (b"[default]\nregion\n", 2),
        (b"# c\n\n[profile x\n", 3),
        (b"\xff\xfe[\x00d\x00", 1),
        (b"\xef\xbb\xbf[default]\nregion = x\n", 0),
        (b"[default]\n# caf\xe9\nregion = x\n", 0),
        (b"", 0),
    ],
)
def test_the_first_line_that_no_tool_can_read_is_named(data, line):
    """A mark in front and undecodable comments are no fault; lines without a meaning are."""
    assert AwsConfigDocument.parse(data).malformed_line == line


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_new_sections_follow_the_style_of_the_file(end):
    """A file of CRLF gets CRLF, after one blank line."""
    document = AwsConfigDocument.parse(f"[default]{end}a = 1{end}".encode())
    document.append_section(OURS, {"b": "2"})
    expected = f"[default]{end}a = 1{end}{end}[profile {OURS.name}]{end}b = 2{end}"
    assert document.render() == expected.encode()


def test_a_new_file_begins_with_its_section():
    """There is no blank line to separate from nothing."""
    document = AwsConfigDocument()
    document.append_section(OURS, {"b": "2"})
    assert document.render() == b"[profile zz-ours-zz]\nb = 2\n"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("x]\n[profile y", {"a": "1"}),
        ("x y", {"a": "1"}),
        ("$(id)", {"a": "1"}),
        ("", {"a": "1"}),
        ("x", {"a": "1\nb = 2"}),
        ("x", {"a": "1\rb = 2"}),
        ("x", {"a": " 1"}),
        ("x", {"a": "1 # not a comment to botocore"}),
        ("x", {"a": "\udcff"}),
        ("x", {"a": ""}),
        ("x", {"a]\n[b": "1"}),
    ],
)
def test_what_could_inject_is_refused_and_nothing_is_changed(name, values):
    """A name or value that would be read back as anything else is not written."""
    document = AwsConfigDocument.parse(HAND_WRITTEN)
    with pytest.raises(ConfigurationError):
        document.append_section(SectionName("profile", name), values)
    assert document.render() == HAND_WRITTEN


@modest
@given(
    st.text(max_size=30), st.dictionaries(st.from_regex("[a-z_]{1,9}", fullmatch=True), st.text())
)
def test_botocore_reads_back_what_was_written(tmp_path, name, values):
    """Every name and value that is accepted comes back from botocore as it went in."""
    written = {key: value for key, value in values.items() if safe_value(value)}
    assume(safe_name(name) and name != "default")
    document = AwsConfigDocument.parse(b"[profile before]\ncredential_process = /bin/before\n")
    document.append_section(SectionName("profile", name), written)
    path = tmp_path / "config"
    path.write_bytes(document.render())
    assume(name != "before")
    profiles = load_config(str(path))["profiles"]
    assert profiles == {"before": {"credential_process": "/bin/before"}, name: written}


@modest
@example("", "=;")
@example("a:#b", ":;#")
@given(st.text(max_size=40), st.text(min_size=1, max_size=40))
def test_names_from_the_api_inject_nothing(account_name, role_name):
    """Whatever an account or a role is called, its profile's name is one safe word."""
    permission_set = PermissionSet(
        EntitlementRef("a", "e"), "1" * 12, account_name, role_name, role_name
    )
    name = DEFAULT_TEMPLATE.name(permission_set)
    assert safe_name(name)
    document = AwsConfigDocument()
    document.append_section(SectionName("profile", name), {"a": "1"})
    parser = configparser.RawConfigParser()
    parser.read_string(document.render().decode())
    assert parser.sections() == [f"profile {name}"]
    assert dict(parser[f"profile {name}"]) == {"a": "1"}
