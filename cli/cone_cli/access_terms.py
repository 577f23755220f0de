"""How access is asked for: why, for how long, for which account. Asked for where it isn't said."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from cone_cli import terminal
from cone_cli.grant_duration import SYNTAX, check_duration, duration_text, parse_duration
from cone_cli.prompt import Prompter, choose, confirm
from cone_sidecar.errors import UsageError

JUSTIFICATION_NEEDED = "please provide a justification when requesting access to an entitlement"
SEVERAL_ACCOUNTS = "this app has multiple users, please select any one"
USUAL = (timedelta(minutes=5), timedelta(days=28))
UNUSUAL = "The time you entered is outside of the range of 5 minutes - 28 days. Are you sure?"


def justification(given: str, prompter: Prompter | None) -> str:
    """Return why access is asked for.

    Raises:
        UsageError: Nobody says, and nobody can be asked.
    """
    if given.strip():
        return given
    if prompter is None:
        raise UsageError(JUSTIFICATION_NEEDED, hint="add one: -j <why>")
    prompter.say(JUSTIFICATION_NEEDED)
    while not (answer := prompter.line("Justification: ")):
        pass
    return answer


def duration(
    given: timedelta | None, longest: timedelta | None, prompter: Prompter | None
) -> timedelta | None:
    """Return for how long access is asked for, None for as long as it isn't taken back.

    Raises:
        UsageError: It is more than the entitlement's maximum.
    """
    if given is not None:
        check_duration(given, longest)
        return given
    if longest is None:
        return None
    limit = duration_text(longest)
    if prompter is None:
        terminal.note(f"asking for the maximum, {limit}; -d <duration> asks for less")
        return longest
    prompter.say(f"For how long? {SYNTAX}")
    while True:
        text = prompter.line(f"Duration, at most {limit} [{limit}]: ")
        if not text:
            return longest
        try:
            typed = parse_duration(text)
            check_duration(typed, longest)
        except UsageError as error:
            prompter.say(error.message)
            continue
        if USUAL[0] <= typed <= USUAL[1] or confirm(prompter, UNUSUAL, default=False):
            return typed


def account_id(given: str, accounts: Sequence[dict[str, Any]], prompter: Prompter | None) -> str:
    """Return the account that the person chose, empty where there is nothing to choose.

    Raises:
        UsageError: There are several, and nobody says which; or the one that is named isn't there.
    """
    ids = [str(account["id"]) for account in accounts]
    if given:
        if ids and given not in ids:
            raise UsageError(
                "--app-user-id names no account of yours in this app", hint=_accounts(accounts)
            )
        return given
    if len(accounts) <= 1:
        return ""
    if prompter is None:
        raise UsageError(SEVERAL_ACCOUNTS, hint=_accounts(accounts))
    return ids[choose(prompter, SEVERAL_ACCOUNTS, [_line(account) for account in accounts])]


def _accounts(accounts: Sequence[dict[str, Any]]) -> str:
    lines = (f"  --app-user-id {account['id']}    {_line(account)}" for account in accounts)
    return "\n".join(["one of", *lines])


def _line(account: dict[str, Any]) -> str:
    profile = account.get("profile")
    kind = profile.get("aws_user_type") if isinstance(profile, dict) else None
    named = (account.get(key) for key in ("displayName", "username", "email"))
    words = list(dict.fromkeys(str(word) for word in named if word)) or [str(account["id"])]
    return ", ".join(words) + (f" ({kind})" if kind else "")
