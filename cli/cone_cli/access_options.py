"""The options of commands that may ask for access: its terms, and how long to wait for it."""

import argparse
from dataclasses import dataclass, replace
from datetime import timedelta

from cone_cli.credential_process import time_left_s
from cone_sidecar.domain.profile import RequestTerms
from cone_sidecar.duration import parse_duration
from cone_sidecar.errors import UsageError

# Nobody waits longer for an approval, and a timer needs some number.
LONGEST_WAIT_S = timedelta(days=30).total_seconds()


@dataclass(frozen=True, slots=True)
class WaitOptions:
    """How long a person said to wait: ``seconds`` None is as long as an SDK would."""

    seconds: float | None = None
    not_at_all: bool = False

    @property
    def for_people(self) -> bool:
        """Tell whether other people are waited for."""
        return self.seconds is not None

    @property
    def limit_s(self) -> float:
        """Return the seconds that are left."""
        return time_left_s() if self.seconds is None else self.seconds

    def from_now(self, passed_s: float) -> "WaitOptions":
        """Return what is left after ``passed_s`` seconds."""
        if self.seconds is None:
            return self
        return replace(self, seconds=max(0.0, self.seconds - passed_s))


def add_access_options(parser: argparse.ArgumentParser) -> None:
    """Add the one profile that is wanted, and all that says how access to it may be asked for."""
    parser.add_argument("aws_profile", metavar="profile", help="the profile's name")
    parser.add_argument("--no-request", action="store_true", help="never ask for access")
    add_wait_options(parser, short=False)
    add_terms_options(parser)


def add_terms_options(parser: argparse.ArgumentParser) -> None:
    """Add what tells how access is asked for."""
    group = parser.add_argument_group("if access has to be asked for")
    group.add_argument("-j", "--justification", metavar="TEXT", help="why, as approvers read it")
    group.add_argument(
        "-d", "--duration", metavar="DURATION", help="for how long: 12h, 2h45m, 1w2d (the maximum)"
    )
    group.add_argument(
        "--emergency",
        "--emergency-access",
        action="store_true",
        default=None,
        help="under the emergency policy",
    )


def add_wait_options(parser: argparse.ArgumentParser, *, short: bool) -> None:
    """Add ``--wait`` and ``--no-wait``; ``short`` gives the first its ``-w``."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        *(["-w", "--wait"] if short else ["--wait"]),
        action="store_true",
        help="wait for the people who decide; --wait=2h for so long",
    )
    # What --wait=2h becomes: an option whose value is optional would swallow the profile's name.
    group.add_argument("--wait-for", metavar="DURATION", help=argparse.SUPPRESS)
    group.add_argument(
        "--no-wait", action="store_true", help="wait for nothing that is being decided"
    )


def terms_from(args: argparse.Namespace, terms: RequestTerms) -> RequestTerms:
    """Return ``terms`` with what the options say over them.

    Raises:
        UsageError: The duration is none.
    """
    return replace(
        terms,
        justification=args.justification or terms.justification,
        duration=_duration("--duration", args.duration) if args.duration else terms.duration,
        emergency=terms.emergency if args.emergency is None else args.emergency,
    )


def said_terms(args: argparse.Namespace) -> dict[str, object]:
    """Return what the options say of a request, as the sidecar is told; it knows the rest."""
    said = {
        "justification": args.justification,
        "duration": args.duration,
        "emergency": args.emergency,
    }
    return {key: value for key, value in said.items() if value is not None}


def wait_from(args: argparse.Namespace) -> WaitOptions:
    """Return how long to wait.

    Raises:
        UsageError: The duration is none.
    """
    if args.wait_for is not None:
        duration = _duration("--wait", args.wait_for)
        return WaitOptions(min(duration.total_seconds(), LONGEST_WAIT_S))
    return WaitOptions(LONGEST_WAIT_S if args.wait else None, not_at_all=args.no_wait)


def _duration(option: str, text: str) -> timedelta:
    duration = parse_duration(text)
    if duration is None:
        raise UsageError(f"{option} takes a duration", hint=f"{option}=2h45m")
    return duration
