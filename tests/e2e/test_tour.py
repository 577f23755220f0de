"""docs/tour.md: a new user's first session at a terminal, recorded. TOUR=write writes it anew."""

import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "tour.md"
BEGIN, END = "<!-- tour: begin -->\n", "<!-- tour: end -->\n"
SCENARIO = """\
tenant: acme
users: [{email: ada@example.com, name: Ada Lovelace}, {email: grace@example.com, name: Grace Hopper}]
accounts: [{id: "100000000001", name: Production}, {id: "100000000002", name: Staging}]
permission_sets:
  - {account: Production, name: Admin, policy: auto, max_duration: 8h, alias: production-admin}
  - {account: Production, name: ReadOnly, granted_to: [ada@example.com]}
  - {account: Staging, name: Deploy, policy: approval, max_duration: 8h}
"""
# Each is typed at a prompt; what a later one needs of an earlier one is there.
STEPS = (
    "cone login acme",
    "cone aws setup --sso-url https://acme.awsapps.com/start --sso-region us-east-1",
    "cone aws setup show",
    "cone aws list",
    "cone aws login",
    "cone aws doctor production-admin",
    "cone aws credentials production-admin",
    "cone aws exec production-admin -- python who.py",
    "cone aws credentials staging-deploy",
    "cone task get 1002",
    "cone aws status",
    "cone search --query admin",
    "cone drop production-admin --wait",
    "cone aws list production --not-granted",
    "cone aws logout",
)
WHO = """\
import boto3
print(boto3.client("sts").get_caller_identity()["Arn"])
"""
COLUMNS = "110"
LIMIT_S = 60
SPAN = re.compile(r"\b\d+h ?\d+m( ?\d+s)?\b|\b\d+m ?\d+s\b")
# What differs from run to run, and what nobody is to see.
MASKS = (
    (r"http://127\.0\.0\.1:\d+", "https://acme.conductor.one"),
    (r"127\.0\.0\.1:\d+", "acme.conductor.one"),
    (r"answers in \d+ ms", "answers in 20 ms"),
    (r"^(Age +\| )\d+s$", r"\g<1>0s"),
    (r"\b[A-Z]{4}-[A-Z]{4}\b", "ABCD-EFGH"),
    (r'("AccessKeyId": ?")[^"]*', r"\1ASIA..."),
    (r'("(?:SecretAccessKey|SessionToken)": ?")[^"]*', r"\1..."),
    (
        r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z| UTC|[+-]\d\d:\d\d)?",
        "2026-11-24T09:00:00Z",
    ),
    (r"(?<!\.)\.+(?=\nAccess granted)|^\.+$", "."),
)


def at_terminal(line, environment, folder):
    """Run a line in a shell at a terminal; returns what the terminal shows."""
    controller, terminal = pty.openpty()
    with subprocess.Popen(
        ["sh", "-c", line],
        env=environment,
        cwd=folder,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    ) as process:
        os.close(terminal)
        shown = b""
        try:
            while select.select([controller], [], [], LIMIT_S)[0]:
                shown += os.read(controller, 65536)
        except OSError:
            # Nobody holds the other end any more.
            pass
        finally:
            os.close(controller)
            process.kill()
    return shown.decode().replace("\r\n", "\n")


def masked(text, home):
    """Return a text with what differs from run to run replaced."""
    text = text.replace(str(home), "~")
    # As wide as it was: columns stay where they are.
    text = SPAN.sub(lambda found: "59m".ljust(len(found[0])), text)
    for pattern, replacement in MASKS:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    return "\n".join(line.rstrip() for line in text.splitlines())


def recorded(stage):
    """Return the whole session."""
    names = ("CONE_CLIENT_ID", "CONE_CLIENT_SECRET")
    environment = {k: v for k, v in stage.environment.items() if k not in names}
    beside = Path(sys.executable).parent
    environment |= {"TERM": "xterm", "COLUMNS": COLUMNS, "PATH": f"{beside}:{os.environ['PATH']}"}
    (stage.home / "who.py").write_text(WHO)
    session = []
    for step in STEPS:
        line = step.replace("cone login acme", f"cone login {stage.url}")
        shown = at_terminal(line, environment, stage.home)
        session += [f"$ {step}", masked(shown, stage.home), ""]
    return "\n".join(session)


def test_the_first_session(simulated):
    """The page shows what a new user's terminal does, command by command."""
    simulated.url = simulated.start_simulator(SCENARIO, "--auto-confirm")
    block = f"{BEGIN}```console\n{recorded(simulated).rstrip()}\n```\n{END}"
    page = PAGE.read_text()
    before, found, rest = page.partition(BEGIN)
    assert found
    after = rest.partition(END)[2]
    if os.environ.get("TOUR") == "write":
        PAGE.write_text(page := before + block + after)
    assert page == before + block + after, "write it anew: TOUR=write pytest tests/e2e/test_tour.py"
