"""sidecar.yaml: what each key says, what is refused with which hint, and that nothing makes it break."""

import os
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cone_cli.commands.serve import ACCESS, ENDPOINT, variable
from cone_sidecar.endpoint_settings import endpoint_settings
from cone_sidecar.errors import ConeError
from cone_sidecar.problems import Problems
from cone_sidecar.settings import sidecar_settings
from cone_sidecar.sidecar_file import LARGEST, parse_sidecar_file, read_sidecar_file
from cone_sidecar.sidecar_keys import KINDS, SECRET_KEYS, Kind, variable_of

PATH = Path("/etc/cone/sidecar.yaml")
EXAMPLE = Path(__file__).parents[2] / "docs" / "sidecar.yaml"
KEY = re.compile(r"^(?:# )?([a-z][a-z-]*):(?: |$)", re.MULTILINE)


def parsed(text):
    """Return what is said, and the messages of what is wrong."""
    problems = Problems()
    file = parse_sidecar_file(text if isinstance(text, bytes) else text.encode(), PATH, problems)
    return file, [error.message for error in problems.errors]


def texts(text):
    file, wrong = parsed(text)
    assert wrong == []
    return dict(file.texts)


def refused(text):
    """Return message and hint of the only thing that is wrong."""
    problems = Problems()
    parse_sidecar_file(text.encode(), PATH, problems)
    (error,) = problems.errors
    return error.message, error.hint


def test_each_flag_has_its_key():
    """A key has its flag's name and its variable; lists and switches are what the flags make of them."""
    kinds = {
        option.name: Kind.SWITCH
        if not option.metavar
        else Kind.FILES
        if "=" in option.metavar
        else Kind.LIST
        if option.repeated
        else Kind.TEXT
        for option in (*ENDPOINT, *ACCESS)
    }
    assert {name: KINDS[name] for name in kinds} == kinds
    for option in (*ENDPOINT, *ACCESS):
        assert variable_of(option.name) == variable(option)


def test_the_example_has_every_key():
    """docs/sidecar.yaml names each key, each with a value that it may have, and no other."""
    text = EXAMPLE.read_text()
    assert sorted(set(KEY.findall(text)) - {"access"}) == sorted(KINDS)
    found = texts(text)
    assert endpoint_settings({}, found).audit == "stdout"
    assert sidecar_settings({}, found).prefetch == ("production-readonly",)
    commented = "\n".join(
        line.removeprefix("# ") for line in text.splitlines() if KEY.match(line) and line[0] == "#"
    )
    assert set(texts(commented)) >= {"CONE_CLIENT_ID_FILE", "CONDUCTORONE_OIDC_TOKEN_FILE"}


def test_each_kind_is_put_as_its_variable():
    """Lists with commas or spaces, files as profile=path, switches and scalars as they were written."""
    assert texts(
        """
        listen: [auto, "[::1]:80"]
        allow-client: 10.0.0.0/8
        insecure-hosts: [simulator, other]
        profile-token-file: {dev: /run/dev/token, "a=b": /run/ab}
        token-file-mode: 0440
        audit: off
        strict: yes
        auto-request: false
        justification: "one, two"
        max-wait: 10s
        oidc-token-file: /t
        access-token-file: /a
        """
    ) == {
        "CONE_LISTEN": "auto,[::1]:80",
        "CONE_ALLOW_CLIENT": "10.0.0.0/8",
        "CONE_INSECURE_HOSTS": "simulator other",
        "CONE_PROFILE_TOKEN_FILE": "dev=/run/dev/token,a=b=/run/ab",
        "CONE_TOKEN_FILE_MODE": "0440",
        "CONE_AUDIT": "off",
        "CONE_STRICT": "yes",
        "CONE_AUTO_REQUEST": "false",
        "CONE_JUSTIFICATION": "one, two",
        "CONE_MAX_WAIT": "10s",
        "CONDUCTORONE_OIDC_TOKEN_FILE": "/t",
        "CONDUCTORONE_ACCESS_TOKEN_FILE": "/a",
    }


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "---\n", "null", "{}", "max-wait:\n", 'region: ""']
)
def test_nothing_is_said(text):
    """An empty file says nothing, and neither does an empty value."""
    assert texts(text) == {}


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("max-wiat: 3s", '"max-wiat" is no key', "did you mean max-wait?"),
        ("MAX_WAIT: 3s", '"MAX_WAIT" is no key', "did you mean max-wait?"),
        (
            "[a]: 3s",
            "what stands before the colon is no key",
            "the keys are in docs/configuration.md",
        ),
        (
            "client-secret:secret-token:v1:hunter2: 3s",
            "what stands before the colon is no key",
            "the keys are in docs/configuration.md",
        ),
        ("zzzzzzzz: 3s", '"zzzzzzzz" is no key', "the keys are in docs/configuration.md"),
        ("strict: 1", "strict is true or false", "strict: true"),
        ("strict: [true]", "strict is true or false", "strict: true"),
        ("max-wait: [1s]", "max-wait takes one value", "max-wait: <value>"),
        ("max-wait: {a: 1s}", "max-wait takes one value", "max-wait: <value>"),
        ("listen: {a: b}", "listen takes a list of values", "listen: [<value>, <value>]"),
        (
            "allow-client: []",
            "allow-client lets nobody in",
            "name somebody, or leave allow-client out: all",
        ),
        ("prefetch: [[a]]", "prefetch takes a list of values", "prefetch: [<value>, <value>]"),
        (
            'prefetch: ["a,b"]',
            "prefetch has two values in one item of its list",
            "prefetch: [<value>, <value>], each without ','",
        ),
        (
            "profile-token-file: [dev=/t]",
            "profile-token-file takes a mapping of profiles to files",
            "profile-token-file: {<profile>: /run/prod/token}",
        ),
        (
            "profile-token-file: {dev: }",
            "profile-token-file takes a mapping of profiles to files",
            "profile-token-file: {<profile>: /run/prod/token}",
        ),
    ],
)
def test_what_a_key_is_not(text, message, hint):
    """It is refused with its line, and with what to write instead."""
    assert refused(f"# first\n{text}\n") == (f"{message} ({PATH}, line 2)", hint)


@pytest.mark.parametrize("key", SECRET_KEYS)
def test_no_secret_stands_in_it(key):
    """It is refused by the name of the key that does it, and isn't shown."""
    message, hint = refused(f"{key}: hunter2")
    assert message == (
        f"{key} doesn't belong in this file, which is none for secrets ({PATH}, line 1)"
    )
    assert hint == f"write it into a file of its own, and here {key}-file: <that file>"
    assert f"{key}-file" in KINDS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: b\n: : :\n  - x: [", "is not one valid YAML document at line 2"),
        ("region: a\n---\nregion: b\n", "is not one valid YAML document at line 2"),
        ("- region", "is no mapping of keys to values"),
        ("region", "is no mapping of keys to values"),
        ("region: a\nregion: *x\n", "is not one valid YAML document at line 2"),
        ("a: \x07", "is not one valid YAML document at line 1"),
        ("[" * 3000, "is not one valid YAML document at line 1"),
        ("#" * (LARGEST + 1), "is larger than 256 KiB"),
    ],
)
def test_what_is_no_such_file(text, message):
    """No YAML, several documents, no mapping, far too large: one line says so, and where."""
    assert refused(text)[0] == f"{PATH} {message}"


def test_a_key_that_is_there_twice():
    """It is neither the first nor the last that counts."""
    assert refused("region: a\nstrict: true\nregion: b")[0] == (
        f"region is there twice ({PATH}, line 3)"
    )


def test_all_is_told_together():
    """What can be used is read; everything else is a problem of its own."""
    file, wrong = parsed("reigon: a\nmax-wait: 3s\nstrict: maybe\nclient-secret: x")
    assert dict(file.texts) == {"CONE_MAX_WAIT": "3s"}
    assert len(wrong) == 3


def test_a_file_that_cannot_be_read(tmp_path):
    """One that is named has to be there."""
    problems = Problems()
    read_sidecar_file(tmp_path / "none.yaml", problems)
    read_sidecar_file(tmp_path, problems)
    assert [error.message for error in problems.errors] == [
        f"{tmp_path}/none.yaml can't be read: no such file or directory",
        f"{tmp_path} can't be read: is a directory",
    ]


@pytest.mark.parametrize(
    ("said", "variables", "counts"),
    [
        ("max-wait: 3s", {"CONE_MAX_WAIT": "4s"}, False),
        ("max-wait: 3s", {"CONE_MAX_WAIT": ""}, True),
        ("client-id: a", {"CONDUCTORONE_CLIENT_ID": "b"}, False),
        ("client-id: a", {"CONE_CLIENT_ID_FILE": "/b"}, False),
        ("client-secret-file: /a", {"CONDUCTORONE_CLIENT_SECRET": "b"}, False),
        ("access-token-file: /a", {"CONE_CLIENT_SECRET": "b"}, False),
        ("oidc-token-file: /a", {"CONDUCTORONE_ACCESS_TOKEN_FILE": "/b"}, False),
        ("authorization-token-file: /a", {"CONE_AUTHORIZATION_TOKEN": "b"}, False),
        ("authorization-token-file: /a", {"CONE_CLIENT_SECRET": "b"}, True),
        ("api-endpoint: a", {"CONDUCTORONE_SERVER_URL": "b"}, False),
    ],
)
def test_a_variable_wins(said, variables, counts):
    """Whichever of its names it goes by."""
    file, _ = parsed(said)
    assert bool(file.below(variables).texts) == counts


def test_where_it_says_so():
    """Each variable that it speaks for has its line."""
    file, _ = parsed("\nmax-wait: 3s\n")
    assert file.places() == {"CONE_MAX_WAIT": f"{PATH}, line 2"}


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(max_size=4), SCALARS)
KEYS = st.sampled_from([*KINDS, *SECRET_KEYS]) | st.text(max_size=12)


@settings(deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_whatever_a_mapping_holds(content):
    """It is read, or refused with message and hint on one line; a secret's key is always refused."""
    problems = Problems()
    parse_sidecar_file(yaml.safe_dump(content).encode(), PATH, problems)
    for error in problems.errors:
        assert isinstance(error, ConeError)
        assert error.message.isprintable()
        assert error.hint
    refused_keys = " ".join(error.message for error in problems.errors)
    assert all(key in refused_keys for key in SECRET_KEYS if key in content)


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_a_file_holds(data):
    """No bytes make it break."""
    parsed(data)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(KINDS)), VALUES, max_size=6))
def test_whatever_is_read_can_be_judged(content):
    """Settings made of it are values, or refused as settings are."""
    file, _ = parsed(yaml.safe_dump(content))
    problems = Problems()
    for read in (endpoint_settings, sidecar_settings):
        with problems.noted():
            read({}, file.texts, file.places())
    assert all(isinstance(error, ConeError) for error in problems.errors)


@pytest.mark.parametrize("written", [b"", b"max-wait: 3s\n"])
def test_a_pipe_is_no_file(tmp_path, written):
    """A shell's <(…) can be read once, and this file is read again: said at once, whatever is in it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    descriptor = os.open(pipe, os.O_RDWR)
    try:
        os.write(descriptor, written)
        problems = Problems()
        assert read_sidecar_file(pipe, problems).texts == {}
    finally:
        os.close(descriptor)
    (error,) = problems.errors
    assert error.message == f"{pipe} is a pipe, and this file is read again and again"


def test_nothing_is_a_file():
    """/dev/null stands for none, as everywhere: not even the default one is read."""
    problems = Problems()
    assert read_sidecar_file(Path("/dev/null"), problems).texts == {}
    assert problems.errors == []


def test_a_directory_that_is_read_again_and_again(tmp_path):
    """Each look gives back what it opened: a sidecar that is told to look for days doesn't run out."""
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        read_sidecar_file(tmp_path, Problems())
    assert len(os.listdir("/proc/self/fd")) == before
