"""What holds for every command: flags over variables over the config file, wherever flags stand."""

import pytest

from cone_cli.dispatch import build_parser
from cone_cli.preferences import settle
from cone_sidecar.errors import UsageError


@pytest.fixture(name="settled")
def _settled(tmp_path):
    """Parse a command line, and settle what it leaves open."""

    def parse(*arguments, saved="", **environment):
        (tmp_path / "config.yaml").write_text(saved)
        args = build_parser().parse_args(arguments)
        settle(args, {"CONE_CONFIG_PATH": str(tmp_path), **environment})
        return args

    return parse


def test_nothing_said(settled):
    """The defaults."""
    args = settled("whoami")
    assert (args.output, args.non_interactive, args.log_level) == ("table", False, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ("-o", "json", "-i", "--debug", "task", "get", "1"),
        ("task", "-o", "json", "-i", "--debug", "get", "1"),
        ("task", "get", "1", "-o", "json", "-i", "--debug"),
    ],
)
def test_flags_stand_anywhere(settled, arguments):
    """Before a command, between its words, and after it."""
    args = settled(*arguments, saved="output: wide\n", CONE_OUTPUT="table", CONE_DEBUG="false")
    assert (args.output, args.non_interactive, args.log_level) == ("json", True, "debug")


def test_variables_win_over_the_file(settled):
    """The file is asked last."""
    saved = "output: wide\nnon-interactive: true\nLog-Level: error\n"
    args = settled("whoami", saved=saved)
    assert (args.output, args.non_interactive, args.log_level) == ("wide", True, "error")
    args = settled(
        "whoami",
        saved=saved,
        CONE_OUTPUT="JSON",
        CONE_NON_INTERACTIVE="0",
        CONE_LOG_LEVEL="info",
    )
    assert (args.output, args.non_interactive, args.log_level) == ("json", False, "info")


def test_empty_is_absent(settled):
    """As the original writes its file."""
    saved = 'output: ""\nnon-interactive: false\ndebug: false\nlog-level: ""\n'
    args = settled("whoami", saved=saved, CONE_OUTPUT="")
    assert (args.output, args.non_interactive, args.log_level) == ("table", False, "")


@pytest.mark.parametrize(
    "name", ["CONE_OUTPUT", "CONE_NON_INTERACTIVE", "CONE_DEBUG", "CONE_LOG_LEVEL"]
)
def test_a_variable_that_means_nothing(settled, name):
    """It is named."""
    with pytest.raises(UsageError, match=name):
        settled("whoami", **{name: "nonsense"})


def test_a_format_is_nothing_to_a_command_without_data(settled):
    """It may be given all the same, as with the original."""
    args = settled("login", "acme", "-o", "json", CONE_OUTPUT="nonsense")
    assert args.tenant == "acme"


def test_a_file_that_cannot_be_read_is_told_of_by_who_needs_it(settled):
    """Not here."""
    assert settled("whoami", saved="output: {").output == "table"
