"""An environment in the words of shells and files: each gets the values as they are, whatever they hold."""

import io
import json
import os
import re
import shutil
import subprocess

import pytest
from dotenv import dotenv_values
from hypothesis import given, settings
from hypothesis import strategies as st

from cone_cli.shell_syntax import SYNTAXES, as_json, bash, dotenv, fish, pwsh
from cone_sidecar.errors import ConfigurationError

# A variable holds any character but NUL.
VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
HOSTILE = st.lists(
    st.sampled_from(
        [
            *"'\"\\$`(){};&|#\n\r !*~%@,",
            "\u2018",
            "\u2019",
            "\u201a",
            "\u201b",
            "$(id)",
            "${HOME}",
            "x",
        ]
    ),
    max_size=12,
).map("".join)
ANY = st.one_of(VALUES, HOSTILE)
EXAMPLES = settings(max_examples=60, deadline=None)
DIFFER = set("'\\$\n\r")
GONE = ["AWS_PROFILE", "AWS_ACCESS_KEY_ID"]
LIMIT_S = 10


@pytest.mark.parametrize("shell", ["bash", "dash"])
@settings(max_examples=25, deadline=None)
@given(value=ANY)
def test_a_posix_shell_takes_it_as_it_is(shell, value):
    """A program started from the shell has the value, byte for byte, and none of what was to go."""
    if not shutil.which(shell):
        pytest.skip(f"NOT RUN: {shell} is not here")
    script = bash({"VALUE": value}, GONE) + '\nprintf %s "$VALUE|${AWS_PROFILE-gone}"'
    done = subprocess.run(
        [shell],
        input=script.encode(),
        env={"PATH": os.environ["PATH"], "AWS_PROFILE": "other"},
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert (done.stdout.decode(), done.stderr) == (f"{value}|gone", b"")


def fish_value(text):
    """Read a text in single quotes as fish does: a backslash escapes itself and the quote alone."""
    assert re.fullmatch(r"'(?:[^'\\]|\\.)*'", text, re.DOTALL)
    return re.sub(r"\\([\\'])", r"\1", text[1:-1])


@EXAMPLES
@given(value=ANY)
def test_fish_takes_it_as_it_is(value):
    """By fish's rules the text in quotes is one word, and the value; a container test asks fish itself."""
    text = fish({"VALUE": value}, GONE)
    head, _, quoted = text.partition("set --global --export VALUE ")
    assert head == "set --erase AWS_PROFILE\nset --erase AWS_ACCESS_KEY_ID\n"
    assert fish_value(quoted) == value


def pwsh_value(text):
    """Read a text in single quotes as PowerShell does: any of its five quotes ends it, unless doubled."""
    quotes = "'\u2018\u2019\u201a\u201b"
    assert text[0] == "'"
    value, at = "", 1
    while True:
        if text[at] not in quotes:
            value += text[at]
            at += 1
        elif text[at + 1 : at + 2] and text[at + 1] in quotes:
            value += text[at]
            at += 2
        else:
            assert at == len(text) - 1, "something stands behind the closing quote"
            return value


@EXAMPLES
@given(value=ANY)
def test_powershell_takes_it_as_it_is(value):
    """By its rules for quotes, the typographic ones included; there is no PowerShell to ask here."""
    text = pwsh({"VALUE": value}, GONE)
    head, _, quoted = text.partition("$Env:VALUE = ")
    assert head == "Remove-Item -ErrorAction Ignore Env:AWS_PROFILE,Env:AWS_ACCESS_KEY_ID\n"
    assert pwsh_value(quoted) == value


@EXAMPLES
@given(value=ANY)
def test_a_dotenv_file_is_read_as_it_was_meant_or_not_written(value):
    """python-dotenv has the value and no other variable; what readers differ about is refused."""
    if set(value) & DIFFER:
        with pytest.raises(ConfigurationError) as refused:
            dotenv({"VALUE": value}, GONE)
        assert refused.value.hint
        return
    text = dotenv({"VALUE": value}, GONE)
    assert dotenv_values(stream=io.StringIO(text)) == {"VALUE": value}


def test_what_is_usual_stands_without_quotes_in_a_dotenv_file():
    """``docker run --env-file`` takes quotes for a part of the value."""
    usual = {
        "URL": "http://[::1]:9911/credentials/production-admin",
        "FILE": "/home/ada/.cache/cone-sidecar/tokens/dev",
        "NO_PROXY": "10.0.0.0/8,*.example.com,127.0.0.1",
        "TOKEN": "abc_DEF-123+/=",
    }
    lines = dotenv(usual, []).splitlines()[1:]
    assert lines == [f"{name}={value}" for name, value in usual.items()]


@EXAMPLES
@given(value=ANY)
def test_json_has_values_and_null_for_what_is_to_go(value):
    """As editors read it for their terminals: null unsets a variable."""
    assert json.loads(as_json({"VALUE": value}, GONE)) == {
        "VALUE": value,
        "AWS_PROFILE": None,
        "AWS_ACCESS_KEY_ID": None,
    }


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_nothing_is_set_to_nothing(syntax):
    """What is to be absent is named and not assigned: an empty variable counts as set for many clients."""
    text = SYNTAXES[syntax]({"VALUE": "x"}, GONE)
    assert "AWS_PROFILE" in text
    assert not re.search(r"AWS_PROFILE(=|\s*=\s*''| '')", text)
