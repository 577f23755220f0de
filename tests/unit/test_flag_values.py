"""Flags with a value, as the original's parser takes them."""

import argparse
import os

import pytest

from cone_cli.dispatch import build_parser
from cone_cli.flag_values import plain_flags
from cone_cli.preferences import settle
from cone_sidecar.truth import TRUTH


@pytest.fixture(name="options")
def _options():
    """Give what a parser with two flags and an option means by its words."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-w", "--wait", action="store_true")
    parser.add_argument("--query")
    return parser._option_string_actions


@pytest.mark.parametrize("text", TRUTH)
def test_a_flag_takes_a_truth(options, text):
    """True is the flag alone, false says no to it; the short name as well."""
    for name in ("-w", "--wait"):
        wanted = ([name], []) if TRUTH[text] else ([], ["wait"])
        assert plain_flags([f"{name}={text}"], options) == wanted


@pytest.mark.parametrize(
    "argument", ["--wait=2h", "--wait=", "--query=true", "--other=true", "true", "wait=true"]
)
def test_everything_else_stays(options, argument):
    """What isn't a truth, no flag, or nobody's, is left to the parser."""
    assert plain_flags([argument], options) == ([argument], [])


def test_another_program_keeps_its_flags(options):
    """What stands after two dashes is not ours."""
    line = ["--wait=true", "--", "--wait=true", "--wait=false"]
    assert plain_flags(line, options) == (["--wait", *line[1:]], [])


def test_a_no_wins_over_variables(monkeypatch):
    """Those of a command's own options, and those that hold for every command."""
    for name in ("CONE_WAIT", "CONE_DEBUG", "CONE_NON_INTERACTIVE"):
        monkeypatch.setenv(name, "true")
    line = ["--debug=false", "get", "-w=false", "-i=false", "alias"]
    args = build_parser(line).parse_args(line)
    settle(args, os.environ)
    assert (args.wait, args.log_level, args.non_interactive) == (False, "", False)
    line = ["get", "alias"]
    args = build_parser(line).parse_args(line)
    settle(args, os.environ)
    assert (args.wait, args.log_level, args.non_interactive) == (True, "debug", True)
