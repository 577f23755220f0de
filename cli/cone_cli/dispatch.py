"""Find the command that the arguments name, and turn its errors into lines and an exit code."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import NoReturn

from cone_cli import terminal
from cone_cli.argument_parser import EXAMPLE, Parser
from cone_cli.main import INTERRUPTED
from cone_cli.output import take_output_option
from cone_cli.preferences import add_preferences, settle
from cone_sidecar.errors import ConeError, InternalError
from cone_sidecar.problems import refusals


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its words, the module that is it, and one line about it."""

    words: tuple[str, ...]
    module: str
    summary: str


COMMANDS = (
    Command(("login",), "login", "log in to a ConductorOne tenant"),
    Command(("whoami",), "whoami", "show who you are in ConductorOne"),
    Command(("get-user",), "get_user", "show a person of ConductorOne"),
    Command(("token",), "token", "print an access token, for calls of the API"),
    Command(("search",), "search", "search for entitlements that you may request"),
    Command(("has",), "has", "tell whether you have an entitlement"),
    Command(("get",), "get", "ask for access to an entitlement"),
    Command(("drop",), "drop", "give back access to an entitlement"),
    Command(("task", "get"), "task_get", "show how a request for access stands"),
    Command(("task", "search"), "task_search", "search for requests for access"),
    Command(("task", "approve"), "task_approve", "approve a request for access"),
    Command(("task", "deny"), "task_deny", "deny a request for access"),
    Command(("task", "comment"), "task_comment", "add a comment to a request for access"),
    Command(("task", "escalate"), "task_escalate", "turn a request into one for emergency access"),
    Command(("aws", "setup"), "aws_setup", "write an AWS profile for each permission set"),
    Command(("aws", "setup", "show"), "aws_setup_show", "show the saved AWS settings"),
    Command(("aws", "credentials"), "aws_credentials", "print credentials for a profile"),
    Command(("aws", "request"), "aws_request", "ask for access to profiles"),
    Command(("aws", "list"), "aws_list", "list profiles, and whether you have access"),
    Command(("aws", "status"), "aws_status", "show how access to profiles stands"),
    Command(("aws", "forget"), "aws_forget", "drop what is kept of access to profiles"),
    Command(("aws", "login"), "aws_login", "sign in to AWS IAM Identity Center"),
    Command(("aws", "logout"), "aws_logout", "sign out of AWS IAM Identity Center"),
    Command(("aws", "env"), "aws_env", "print what points an SDK at the running sidecar"),
    Command(("aws", "exec"), "aws_exec", "run a command whose credentials renew themselves"),
    Command(("aws", "console"), "aws_console", "open the AWS console as a profile"),
    Command(("aws", "doctor"), "aws_doctor", "find what keeps SDKs from their credentials"),
    Command(("serve",), "serve", "run the sidecar"),
    Command(("healthcheck",), "healthcheck", "tell whether the running sidecar answers"),
    Command(("simulator",), "simulator", "run a simulated tenant and Identity Center"),
    Command(("demo",), "demo", "show it all working, on the simulator"),
    Command(("completion",), "completion", "print what makes a shell complete cone's words"),
    Command(("help",), "help", "show what a command takes"),
)
SUMMARIES: dict[tuple[str, ...], str] = {
    ("aws",): "AWS access through ConductorOne",
    ("task",): "requests for access",
}
EXAMPLES: dict[tuple[str, ...], str] = {
    ("aws",): f"{EXAMPLE}cone aws list",
    ("task",): f"{EXAMPLE}cone task search --state open",
}


def dispatch(arguments: Sequence[str], *, leading: bool = False) -> int:
    """Run the command that ``arguments`` name; returns the exit code.

    Args:
        arguments: What stands after ``cone``.
        leading: This process holds the lock of the credentials that it is asked for.
    """
    terminal.keep_stdout_plain()
    parsed = argparse.Namespace()
    try:
        parsed = build_parser(arguments).parse_args(arguments)
        parsed.leading = leading
        if not getattr(parsed, "settles_itself", False):
            _settle(parsed)
        return _run(parsed)
    except ConeError as error:
        return _fail(error, parsed)
    except KeyboardInterrupt:
        terminal.leave_line()
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone: nothing is left to say, and Python must not try again.
        terminal.give_up_stdout()
        return 1
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except Exception as error:
        # Several refusals come as one: each is told, and the gravest is the exit code.
        errors = refusals(error) if isinstance(error, ExceptionGroup) else []
        if not errors and os.environ.get("CONE_TRACEBACK"):
            raise
        return max(_fail(each, parsed) for each in errors or [_fault(error)])


def _fail(error: ConeError, parsed: argparse.Namespace) -> int:
    """Tell of an error, to a program where JSON was asked for; returns the exit code."""
    in_json = str(getattr(parsed, "output", "")).startswith("json")
    return terminal.fail_in_json(error) if in_json else terminal.fail(error)


def _run(parsed: argparse.Namespace) -> int:
    """Run the command; where none is named, show which there are, as the original does."""
    if not hasattr(parsed, "module"):
        terminal.put(parsed.group.format_help().rstrip("\n"))
        return 0
    module: ModuleType = parsed.module
    return int(module.run(parsed))


def _settle(parsed: argparse.Namespace) -> None:
    """Fill in what holds for every command, and log as it says."""
    settle(parsed, os.environ)
    if parsed.log_level:
        from cone_cli.log_output import log_to_stderr

        log_to_stderr(parsed.log_level)
    elif not os.environ.get("CONE_TRACEBACK"):
        from cone_cli.log_output import log_nowhere

        log_nowhere()


def _fault(error: Exception) -> InternalError:
    return InternalError(
        f"internal error ({type(error).__name__})",
        hint="please report it, with what CONE_TRACEBACK=1 prints",
    )


def build_parser(arguments: Sequence[str] | None = None) -> Parser:
    """Build the parser of all commands.

    With ``arguments``, commands that they can't mean are known by name alone: importing and describing
    all of them takes longer than most of them run.
    """
    shared = _shared_options()
    root = Parser(
        prog="cone",
        description="Just-in-time AWS access through ConductorOne.",
        epilog="example: cone login acme && cone aws setup --sso-url https://acme.awsapps.com/start",
        parents=[shared],
    )
    take_output_option(root)
    root.add_argument("-v", "--version", action=VersionAction, help="print the version and end")
    groups: dict[tuple[str, ...], argparse._SubParsersAction[Parser]] = {(): _group(root)}
    for command in COMMANDS:
        above = command.words[:-1]
        if above not in groups:
            group = groups[above[:-1]].add_parser(
                above[-1],
                help=SUMMARIES[above],
                description=SUMMARIES[above],
                epilog=EXAMPLES[above],
                parents=[shared],
            )
            take_output_option(group)
            groups[above] = _group(group)
        if arguments is None or _may_mean(arguments, command):
            child = _described(command, groups[above], shared)
        else:
            child = groups[above].add_parser(command.words[-1], help=command.summary)
        if any(other.words[:-1] == command.words for other in COMMANDS):
            groups[command.words] = _group(child)
    return root


def _may_mean(arguments: Sequence[str], command: Command) -> bool:
    """Tell whether the words of ``command`` are among ``arguments``, in their order."""
    rest = iter(arguments)
    return all(word in rest for word in command.words)


def _described(
    command: Command, group: "argparse._SubParsersAction[Parser]", shared: Parser
) -> Parser:
    module = importlib.import_module(f"cone_cli.commands.{command.module}")
    child = group.add_parser(
        command.words[-1],
        help=command.summary,
        description=command.summary,
        epilog=getattr(module, "EXAMPLE", None),
        parents=[shared],
    )
    module.configure(child)
    take_output_option(child)
    child.set_defaults(module=module)
    return child


def _group(parser: Parser) -> "argparse._SubParsersAction[Parser]":
    parser.set_defaults(group=parser)
    return parser.add_subparsers(title="commands", metavar="<command>", parser_class=Parser)


def _shared_options() -> Parser:
    """Return the options that the original takes before and after any command (reference §6)."""
    shared = Parser(add_help=False, argument_default=argparse.SUPPRESS)
    options = shared.add_argument_group("ConductorOne")
    options.add_argument(
        "-p",
        "--profile",
        dest="tenant_profile",
        metavar="NAME",
        help="profile of ~/.conductorone/config.yaml (CONE_PROFILE)",
    )
    options.add_argument("--client-id", metavar="ID", help="client id (CONE_CLIENT_ID)")
    options.add_argument(
        "--client-secret",
        metavar="SECRET",
        help="client secret; better set CONE_CLIENT_SECRET, which no process list shows",
    )
    options.add_argument(
        "--api-endpoint", metavar="HOST", help="the tenant's host or URL (CONE_API_ENDPOINT)"
    )
    add_preferences(shared)
    return shared


class VersionAction(argparse.Action):
    """Print the version as the original does; reading it costs, so only when asked."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str) -> None:  # noqa: A002 -- argparse's name
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, *_: object) -> NoReturn:
        """Print and end."""
        from importlib.metadata import version

        terminal.put(f"cone version {version('cone-sidecar')} (cone-sidecar)")
        sys.exit(0)
