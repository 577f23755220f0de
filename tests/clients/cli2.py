"""The AWS CLI v2 of today, in a container: no package brings it otherwise."""

import sys
from pathlib import Path

from clients import aws_cli_image
from clients.client import Client

PROGRAM = Path(__file__).with_name("programs") / "aws_cli_v2.py"
# Its container can't have another machine's /usr, and with it the interpreter of ``cone``.
NO_INTERPRETER = "the system's Python, which cone runs on here, is not in its container"
VERSION, MISSING = aws_cli_image.prepare()

CLIENTS = (
    Client(
        name="aws-cli-v2",
        title=f"AWS CLI v2 ({VERSION})",
        command=(sys.executable, str(PROGRAM), aws_cli_image.tag()),
        missing=MISSING,
        notes={"process": NO_INTERPRETER} if sys.base_prefix == "/usr" else {},
    ),
)
