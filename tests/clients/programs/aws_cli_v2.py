"""Ask STS who we are with the AWS CLI v2 of a container: ``aws_cli_v2.py IMAGE``.

The container shares this machine's network, or gives its files alone. What the environment says of
AWS is passed on, and the files that it names are mounted where they are. So are this interpreter and
the project, for the profiles that run ``cone``.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
IDENTITY = ("sts", "get-caller-identity", "--query", "Arn", "--output", "text")
# The rest of it describes this machine.
PASSED_ON = ("AWS_", "CONE_", "CONDUCTORONE_", "XDG_", "HTTP", "NO_PROXY", "http", "no_proxy")
CERTIFICATES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
# A container outlives the command that started it, should that be killed.
LIMIT_S = 50
INSIDE = ("timeout", str(LIMIT_S), "aws", *IDENTITY)


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


def run_command(image, *options):
    """Return ``docker run``; values of variables stay out of its arguments."""
    environment = passed_on()
    user = f"--user={os.getuid()}:{os.getgid()}"
    variables = [f"--env={name}" for name in ("HOME", *environment)]
    return [
        "docker",
        "run",
        "--rm",
        "--init",
        user,
        *options,
        *variables,
        *mounts(environment),
        image,
    ]


def run_in_our_network(image):
    """Run it in the network of this program, with the container's files; returns the exit code."""
    asleep = ("sleep", str(LIMIT_S))
    container = output(*run_command(image, "--network=none", "--detach"), *asleep)
    try:
        process = output("docker", "inspect", "--format={{.State.Pid}}", container)
        command = ["nsenter", "--mount", f"--target={process}", "--", *INSIDE]
        environment = passed_on() | {"HOME": str(Path.home()), "PATH": os.defpath}
        return subprocess.run(command, env=environment, check=False).returncode
    finally:
        output("docker", "kill", container)


def output(*command):
    """Return what a command prints."""
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def run_in_container(image):
    """Become ``docker run``, in this machine's network."""
    command = [*run_command(image, "--network=host"), *INSIDE]
    os.execvp("docker", command)  # noqa: S606 -- no shell is wanted


if __name__ == "__main__":
    # That address is the sidecar's in this program's network alone, where no container can be put.
    if "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" in os.environ:
        sys.exit(run_in_our_network(sys.argv[1]))
    run_in_container(sys.argv[1])
