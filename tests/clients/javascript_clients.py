"""The SDKs for JavaScript: version 3 with its default chain and with its older half alone; version 2."""

import json
from pathlib import Path

from clients.client import Client, absent
from clients.notes import TOKEN_IN_VARIABLE
from clients.python_clients import REMEDY

FOLDER = Path(__file__).with_name("javascript")
PACKAGES = FOLDER / "node_modules"
# Node's own notices of a version's end are nobody's answer.
NODE = ("node", "--no-warnings")


def version(package):
    """Return the installed version of ``package``, empty where it isn't installed."""
    try:
        described = (PACKAGES / package / "package.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    return json.loads(described)["version"]


def missing(package):
    """Say why a program that needs ``package`` can't run here, empty where it can."""
    if reason := absent("node", "install Node.js 20 or newer"):
        return reason
    return "" if version(package) else f"{package} is not here: {REMEDY}"


STS = "@aws-sdk/client-sts"
PROVIDERS = "@aws-sdk/credential-providers"
V2 = "aws-sdk"

CLIENTS = (
    Client(
        name="javascript-v3",
        title=f"JavaScript v3 (client-sts {version(STS)})",
        command=(*NODE, str(FOLDER / "v3.mjs")),
        repeats=True,
        missing=missing(STS),
        shows_message=False,
    ),
    Client(
        name="javascript-v3-metadata",
        title=f"JavaScript v3, fromContainerMetadata alone (credential-providers {version(PROVIDERS)})",
        command=(*NODE, str(FOLDER / "v3_container_metadata.mjs")),
        repeats=True,
        missing=missing(PROVIDERS),
        shows_message=False,
        notes=TOKEN_IN_VARIABLE
        | {
            "process": "the container's variables are all that it reads",
            "first-call": "makes one try, and waits for a second",
        },
    ),
    Client(
        name="javascript-v2",
        title=f"JavaScript v2 (aws-sdk {version(V2)})",
        # Without this variable it reads no profile of the config file.
        command=("env", "AWS_SDK_LOAD_CONFIG=1", *NODE, str(FOLDER / "v2.mjs")),
        repeats=True,
        missing=missing(V2),
        shows_message=False,
        notes={"rotated": "prefers the variable: leave it out"},
    ),
)
