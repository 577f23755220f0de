"""Python's SDK, new and old, its asynchronous twin, and the AWS CLI that is built on it."""

import functools
import subprocess
import sys
from pathlib import Path

from clients.client import Client, absent

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).with_name("programs")
REMEDY = "make .venv/.clients"
ASK_VERSION = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))"
LIMIT_S = 20


def environment(name):
    """Return the interpreter of a virtual environment of this repository."""
    return ROOT / name / "bin" / "python"


@functools.cache
def version(python, package):
    """Return the version of ``package`` in ``python``'s environment, empty where it isn't there."""
    try:
        done = subprocess.run(
            [python, "-c", ASK_VERSION, package],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    except FileNotFoundError:
        return ""
    return done.stdout.strip()


def missing(python, package):
    """Say why a program that needs ``package`` can't run here, empty where it can."""
    if reason := absent(python, REMEDY):
        return reason.replace("python is", f"{python.parents[1].name} is")
    return "" if version(python, package) else f"{package} is not here: {REMEDY}"


def program(python, package, file, *, title="", about=""):
    """Return what a client has that is a program of ours in an environment.

    ``title`` and ``about`` say what it is where the package's name doesn't.
    """
    return {
        "title": f"{title or package} ({about}{version(python, package)})",
        "command": (str(python), str(PROGRAMS / file)),
        "repeats": True,
        "missing": missing(python, package),
    }


HERE = Path(sys.executable)
OLD = environment(".venv-boto3-2023")
WHEELS = environment(".venv-clients")
CLI1 = environment(".venv-awscli")
IDENTITY = ("sts", "get-caller-identity", "--query", "Arn", "--output", "text")

CLIENTS = (
    Client(name="boto3", **program(HERE, "boto3", "boto3_identity.py")),
    Client(
        name="boto3-2023",
        **program(OLD, "boto3", "boto3_identity.py", title="boto3 of November 2023"),
    ),
    Client(name="aiobotocore", **program(WHEELS, "aiobotocore", "aiobotocore_identity.py")),
    Client(
        name="aws-cli-v1",
        title=f"AWS CLI v1 ({version(CLI1, 'awscli')})",
        command=(str(CLI1.with_name("aws")), *IDENTITY),
        missing=missing(CLI1, "awscli"),
    ),
)
