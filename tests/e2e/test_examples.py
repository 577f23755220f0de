"""The example in each command's help, run as it stands there."""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cone_cli.dispatch import build_parser
from fakes.simulated_person import SimulatedPerson
from fakes.simulated_stage import START_URL

ADA, GRACE = "ada@example.com", "grace@example.com"
ROLES = ("Get", "Approve", "Deny", "Comment")
SCENARIO = f"""\
tenant: acme
users:
  - {{email: {ADA}}}
  - {{email: {GRACE}}}
accounts: [{{id: "100000000001", name: Production}}, {{id: "100000000002", name: Staging}}]
permission_sets:
  - {{account: Production, name: Admin, policy: auto, max_duration: 8h, alias: production-admin}}
  - {{account: Staging, name: Admin, policy: auto}}
  - {{account: Staging, name: Escalate, policy: approval, emergency: true}}
""" + "".join(f"  - {{account: Staging, name: {name}, policy: approval}}\n" for name in ROLES)
LIMIT_S = 60
# What the examples run beside cone, as far as it isn't everybody's: each sees to what it was called for.
PROGRAMS = {
    "aws": 'test -n "$AWS_CONTAINER_CREDENTIALS_FULL_URI"',
    "curl": 'grep -q "^Authorization: Bearer ."',
    "deploy": "exit 0",
    "xdg-open": 'python3 -c "import sys, urllib.request; urllib.request.urlopen(sys.argv[1])" "$1"',
}
# Commands that go on until somebody ends them, and what they say once they answer.
GOING_ON = {
    "cone serve": re.compile(r"credentials"),
    "cone simulator": re.compile(r"export AWS_ENDPOINT_URL_STS="),
    "cone demo": re.compile(r"Ctrl-C|ctrl-c|until", re.IGNORECASE),
}
# Whose tenant the examples name can't be reached: the simulator stands in for it.
TENANT = re.compile(r"\bcone login acme\b")
TASK_NUMBER = "1234"


def parsers(parser):
    """Yield a parser and all below it."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in dict.fromkeys(action.choices.values()):
                yield from parsers(child)


EXAMPLES = {
    parser.prog: parser.epilog.removeprefix("example: ")
    for parser in parsers(build_parser())
    if parser.epilog
}
COMMANDS = {parser.prog for parser in parsers(build_parser()) if "module" in parser._defaults}


@pytest.fixture(name="stage", scope="module")
def _stage(simulated_once, tmp_path_factory):
    """Give a home in which somebody has signed in, with the programs that the examples name."""
    folder = tmp_path_factory.mktemp("bin")
    for name, line in PROGRAMS.items():
        program = folder / name
        program.write_text(f"#!/bin/sh\n{line}\n")
        program.chmod(0o755)
    beside = Path(sys.executable).parent
    # Where nobody sits in front of a screen, no browser is opened.
    simulated_once.environment["DISPLAY"] = ":0"
    simulated_once.environment["PATH"] = f"{folder}:{beside}:{os.environ['PATH']}"
    simulated_once.start(SCENARIO, "--auto-confirm")
    assert simulated_once.cone("aws", "login").returncode == 0
    (simulated_once.home / ".local/share/bash-completion/completions").mkdir(parents=True)
    return simulated_once


@pytest.fixture(name="people", scope="module")
def _people(stage):
    return {email: SimulatedPerson(stage, email) for email in (ADA, GRACE)}


def user_id(person):
    """Return a person's id."""
    return json.loads(person.cone("whoami", "-o", "json").stdout)["id"]


def put_in(line, stage, people, command):
    """Return an example with what differs from tenant to tenant put in, and who runs it."""
    line = TENANT.sub(f"cone login {stage.url}", line)
    ids = re.findall(
        r"cone_(?:app|entitlement)_id = (\S+)", (stage.home / ".aws" / "config").read_text()
    )
    line = line.replace("<app-id> <entitlement-id>", " ".join(ids[:2]))
    if "<user-id>" in line:
        line = line.replace("<user-id>", user_id(people[ADA]))
    person = ADA
    if TASK_NUMBER in line:
        role = command.rpartition(" ")[2].capitalize()
        task = people[ADA].asked_for(role)
        line = line.replace(TASK_NUMBER, str(task["numericId"]))
        person = GRACE if role in {"Approve", "Deny"} else ADA
    return line, people[person].environment


def test_each_command_has_one():
    """Each command shows an example of itself in its help, and so does cone."""
    assert EXAMPLES.keys() >= COMMANDS
    assert all(command in EXAMPLES[command] for command in COMMANDS)


@pytest.mark.parametrize("command", [each for each in EXAMPLES if each not in GOING_ON])
def test_it_runs(stage, people, command):
    """A shell runs it as it stands, ids aside, and it succeeds."""
    line, environment = put_in(EXAMPLES[command], stage, people, command)
    if command == "cone has":
        assert people[ADA].cone("get", "production-admin", "-j", "x", "--wait").returncode == 0
    if command == "cone healthcheck":
        stage.start_sidecar()
    done = stage.attempt(["sh", "-c", line], environment)
    assert done.returncode == 0, done.stderr
    if command == "cone login":
        # What it kept is of the simulator's tenant; the others go by their environment.
        assert str(stage.home) in done.stderr


@pytest.mark.parametrize("command", GOING_ON)
def test_it_goes_on_until_it_is_ended(stage, command):
    """A shell runs it as it stands, it answers, and SIGTERM ends it."""
    free = dict.fromkeys(("CONE_LISTEN", "CONE_MANAGEMENT_LISTEN"), "127.0.0.1:0")
    environment = stage.environment | free
    with subprocess.Popen(
        ["sh", "-c", f"exec {EXAMPLES[command]}"],
        env=environment,
        cwd=stage.home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        said = ""
        for said_line in running.stdout:
            said += said_line
            if GOING_ON[command].search(said_line):
                break
        running.send_signal(signal.SIGTERM)
        said += running.stdout.read()
        assert running.wait(LIMIT_S) in {0, 128 + signal.SIGTERM, -signal.SIGTERM}, said
    assert GOING_ON[command].search(said), said


def test_the_start_url_of_the_examples_is_the_stage_s():
    """The profiles that the examples are about are those of the first one."""
    assert START_URL in EXAMPLES["cone aws setup"]
