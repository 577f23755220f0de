"""Whether clients can run a profile's ``credential_process`` (sdk-contract §4.3, §5.2, §7 rules 9 and 10)."""

import os
import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from cone_cli.doctor.finding import Finding, Level
from cone_sidecar.ascii_text import ascii_text
from cone_sidecar.aws_config.profiles import profile_not_found

KEY = "credential_process"
# botocore passes them on, `sh -c` acts on them.
OF_THE_SHELL = re.compile(r"[~$`|;&<>*?(){}\\]")
OUR_WORDS = ["aws", "credentials"]
# Only this changes what is there already.
SETUP = "cone aws setup"
UPDATE = f"{SETUP} --update"


def check_profile(profile: str, values: Mapping[str, str]) -> list[Finding]:
    """Return what is to be said of the section of ``profile``, with its keys and values."""
    beside = _beside(values)
    command = values.get(KEY, "")
    if not command:
        return [
            Finding("credential-process", Level.FAIL, f"the profile has no {KEY}", UPDATE),
            *beside,
        ]
    findings = [*_command(command, profile), *beside]
    good = Finding("credential-process", Level.OK, f"every client can run the profile's {KEY}")
    return findings or [good]


def missing(profile: str, known: Iterable[str], path: Path, served: Finding) -> list[Finding]:
    """Return the finding that there is no such section; what a sidecar serves can be had from it.

    ``known`` are the names that there are in the file at ``path``: one of them may have been meant.
    """
    fix = f'eval "$(cone aws env {shlex.quote(profile)})"'
    what = "the profile isn't in the AWS config file that SDKs read"
    if served.level is Level.OK:
        return [Finding("profile", Level.WARN, f"{what}, and the sidecar has it alone", fix)]
    return [
        Finding("profile", Level.FAIL, what, profile_not_found(profile, list(known), path).hint)
    ]


def _beside(values: Mapping[str, str]) -> list[Finding]:
    findings = []
    if any(key.startswith("sso_") for key in values):
        findings.append(
            Finding(
                "sso-beside-process",
                Level.FAIL,
                f"the profile holds sso_* keys beside {KEY}: boto3, the AWS CLI, Go, Rust and Ruby take "
                "those, JavaScript, C++ and awscrt the process",
                UPDATE,
            )
        )
    if values.get("aws_access_key_id"):
        findings.append(
            Finding(
                "keys-beside-process",
                Level.FAIL,
                f"the profile holds aws_access_key_id beside {KEY}: most clients take the static key",
                "move the aws_* keys into another profile",
            )
        )
    return findings


def _command(command: str, profile: str) -> list[Finding]:
    findings = []
    if command[0] in "\"'":
        findings.append(
            _line(Level.WARN, f"{KEY} begins with a quote: Go v1 loses the arguments", UPDATE)
        )
    try:
        words = shlex.split(command)
    except ValueError:
        return [*findings, _line(Level.FAIL, f"{KEY} has a quote that isn't closed", UPDATE)]
    if OF_THE_SHELL.search(command):
        what = (
            f"{KEY} holds characters of the shell: boto3 and the AWS CLI pass them on as they are"
        )
        findings.append(_line(Level.FAIL, what, UPDATE))
    return findings + _program(words[0] if words else "") + _arguments(words[1:], profile)


def _program(program: str) -> list[Finding]:
    path = Path(program)
    if not path.is_absolute():
        what = f"{KEY} names no absolute path: services find no program on their PATH"
        return [_line(Level.FAIL, what, UPDATE)]
    shown = ascii_text(program)
    findings = []
    if any(character.isspace() for character in program):
        what = f"the path {shown} holds a space, which clients read differently"
        link = f"ln -s {shlex.quote(program)} /usr/local/bin/cone && /usr/local/bin/{SETUP}"
        findings.append(_line(Level.WARN, what, link))
    if not path.is_file():
        findings.append(_line(Level.FAIL, f"{shown} is no file", UPDATE))
    elif not os.access(path, os.X_OK):
        fix = f"chmod +x {shlex.quote(program)}"
        findings.append(_line(Level.FAIL, f"{shown} can't be executed", fix))
    return findings


def _arguments(words: list[str], profile: str) -> list[Finding]:
    if words[: len(OUR_WORDS)] != OUR_WORDS or profile in words[len(OUR_WORDS) :]:
        return []
    return [_line(Level.FAIL, f"{KEY} asks for another profile than the one it stands in", UPDATE)]


def _line(level: Level, what: str, fix: str) -> Finding:
    return Finding("credential-process", level, what, fix)
