"""Ask STS who we are with the AWS CLI v2 of a container: ``aws_cli_v2.py IMAGE``.

The container shares this machine's network. What the environment says of AWS is passed on, and the
files that it names are mounted where they are. So are this interpreter and the project, for the
profiles that run ``cone``.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
IDENTITY = ("sts", "get-caller-identity", "--query", "Arn", "--output", "text")
# The rest of it describes this machine.
PASSED_ON = ("AWS_", "CONE_", "CONDUCTORONE_", "XDG_", "HTTP", "NO_PROXY", "http", "no_proxy")
CERTIFICATES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
# A container outlives the command that started it, should that be killed.
LIMIT_S = 50


def passed_on():
    """Return the environment's part that the client is meant to see."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith(PASSED_ON) or name in CERTIFICATES
    }


def mounts(environment):
    """Return what the container sees of this machine, each where it is here."""
    home = Path.home()
    files = {Path(value) for value in environment.values() if value.startswith("/")}
    named = {file for file in files if file.is_file() and home not in file.parents}
    shared = {ROOT, Path(sys.base_prefix).resolve()} - {Path("/usr")}
    read_only = (f"--volume={path}:{path}:ro" for path in sorted(named | shared))
    return [f"--volume={home}:{home}", *read_only]


def main(image):
    """Become ``docker run``; values of variables stay out of its arguments."""
    environment = passed_on()
    options = ["--rm", "--init", "--network=host", f"--user={os.getuid()}:{os.getgid()}"]
    variables = [f"--env={name}" for name in ("HOME", *environment)]
    inside = ["timeout", str(LIMIT_S), "aws", *IDENTITY]
    command = ["docker", "run", *options, *variables, *mounts(environment), image, *inside]
    os.execvp("docker", command)  # noqa: S606 -- no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1])
