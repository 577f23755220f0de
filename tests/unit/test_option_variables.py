"""A variable for each option of the original's commands."""

import pytest

from cone_cli.dispatch import build_parser
from cone_sidecar.errors import UsageError


@pytest.fixture(name="parsed")
def _parsed(monkeypatch):
    """Read a command line beside variables."""

    def parse(line, **variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        arguments = line.split()
        return build_parser(arguments).parse_args(arguments)

    return parse


def test_an_option_has_a_variable(parsed):
    """Texts, flags, lists and values that are read, each as its option takes them."""
    args = parsed("get", CONE_APP_ID="a", CONE_ENTITLEMENT_ID="e", CONE_FORCE="true")
    assert (args.app_id, args.entitlement_id, args.force, args.wait) == ("a", "e", True, False)
    args = parsed("task search", CONE_STATE="open", CONE_ASSIGNEE_ID="me,you", CONE_QUERY="x")
    assert (args.state, args.assigneesInIds, args.query) == ("TASK_STATE_OPEN", ["me", "you"], "x")
    assert parsed("task deny 7", CONE_COMMENT="no").comment == "no"


def test_an_option_wins(parsed):
    """Also over a list, to which the option's values would be added."""
    assert parsed("get -a given", CONE_APP_ID="a").app_id == "given"
    args = parsed("task search --assignee-id given", CONE_ASSIGNEE_ID="me")
    assert args.assigneesInIds == ["given"]


def test_an_empty_variable_is_none(parsed):
    """As everywhere else."""
    args = parsed("search", CONE_QUERY="", CONE_GRANTED="")
    assert (args.query, args.granted) == ("", False)


def test_a_flag_is_true_or_false(parsed):
    """Anything else is refused."""
    assert parsed("search", CONE_GRANTED="false").granted is False
    with pytest.raises(UsageError, match="CONE_GRANTED is neither"):
        parsed("search", CONE_GRANTED="maybe")


@pytest.mark.parametrize("line", ["whoami", "aws status"])
def test_other_commands_have_none(parsed, line):
    """What is ours alone isn't told by a variable that another command means."""
    assert vars(parsed(line, CONE_APP_ID="a", CONE_QUERY="x")).keys() == vars(parsed(line)).keys()
