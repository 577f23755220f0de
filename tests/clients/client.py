"""A client of the matrix: a program that knows nothing of us, and what is known of it."""

import importlib.util
import shutil
from dataclasses import dataclass, field
from pathlib import Path

STS = "sts"
S3 = "s3"


@dataclass(frozen=True)
class Client:
    """One client, as the cases run it and as docs/clients.md names it.

    Attributes:
        name: Of tests and cells: ``boto3``, ``rust-aws-config``.
        title: What docs/clients.md calls it, with its version.
        command: Prints the identity's ARN (service ``sts``) or lists the buckets (``s3``). Where the
            client ``repeats``, CALLS and PAUSE_S may follow as two more arguments.
        service: ``sts``: the simulator's, through ``AWS_ENDPOINT_URL_STS``; ``s3``: the bucket
            list's, through ``AWS_ENDPOINT_URL_S3`` or what the client has instead.
        repeats: It makes several calls in one process: CALLS of them, PAUSE_S apart, a line each.
        missing: Why it can't run on this machine, empty where it can.
        shows_message: Its user reads the sidecar's message.
        unsigned: After a refusal it goes on without credentials.
        notes: Why a case can't be had with it, by the case's name.
    """

    name: str
    title: str
    command: tuple[str, ...]
    service: str = STS
    repeats: bool = False
    missing: str = ""
    shows_message: bool = True
    unsigned: bool = False
    notes: dict[str, str] = field(default_factory=dict)


def absent(program: str | Path, remedy: str) -> str:
    """Return why ``program`` can't run here, empty where it can; ``remedy`` is what brings it."""
    if shutil.which(str(program)):
        return ""
    return f"{Path(program).name} is not here: {remedy}"


def absent_module(name: str, remedy: str) -> str:
    """Return why a module of this interpreter can't be had, empty where it can."""
    if importlib.util.find_spec(name):
        return ""
    return f"{name} is not here: {remedy}"
