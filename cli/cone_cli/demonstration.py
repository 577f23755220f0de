"""What ``cone demo`` shows: simulator and sidecar as processes, and unmodified AWS clients."""

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Self

from cone_cli.terminal import printable, put
from cone_sidecar.clock import SystemClock
from cone_sidecar.errors import ConeError, InternalError, Unreachable
from cone_sidecar.runtime import RunningSidecar, find

SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}]
accounts: [{id: "100000000001", name: Production}, {id: "100000000002", name: Staging}]
permission_sets:
  - {account: Production, name: Admin, policy: auto, max_duration: 8h}
  - {account: Production, name: ReadOnly, policy: auto, granted_to: [ada@example.com], grant_ends: 8h}
  - {account: Staging, name: PowerUser, policy: approval}
"""
START_URL = "https://acme.awsapps.com/start"
IDENTITY = (
    "import boto3; print(boto3.client('sts', region_name='us-east-1').get_caller_identity()['Arn'])"
)
STEP_LIMIT_S = 60
CHILD_END_LIMIT_S = 5
LOG_PREFIX_WORDS = 3
FOREIGN = ("AWS_", "CONE_", "CONDUCTORONE_", "XDG_CACHE_HOME")


class Demonstration:
    """Start everything in a directory of its own, show it, and leave nothing behind."""

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="cone-demo-"))
        kept = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
        self._environment = kept | {"HOME": str(self._home), "PYTHONUNBUFFERED": "1"}
        self._children: list[subprocess.Popen[str]] = []
        self._clock = SystemClock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for child in reversed(self._children):
            child.send_signal(signal.SIGTERM)
        for child in self._children:
            try:
                child.wait(CHILD_END_LIMIT_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        shutil.rmtree(self._home, ignore_errors=True)

    def show(self, *, keep: bool) -> int:
        """Run the steps; returns the exit code.

        Raises:
            ConeError: A step failed.
        """
        address = self._start_simulator()
        put(f"1. a ConductorOne tenant, an Identity Center and an STS, simulated at {address}")
        self._cone("aws", "setup", "--sso-url", START_URL)
        put("2. cone aws setup wrote a profile for each permission set")
        sidecar = self._start_sidecar()
        put(f"3. cone serve answers AWS SDKs at {sidecar.credentials_url}/credentials/<profile>")
        put("4. boto3 asks the sidecar for production-admin: there is no grant")
        identity = self._ask_sidecar("production-admin", [sys.executable, "-c", IDENTITY])
        put("5. boto3 asks for production-readonly: there is a grant")
        self._ask_sidecar("production-readonly", [sys.executable, "-c", IDENTITY])
        put("6. boto3 asks cone itself, as the credential_process of the profile")
        self._run([sys.executable, "-c", IDENTITY], {"AWS_PROFILE": "production-admin"})
        if aws := self._aws_cli():
            put("7. the AWS CLI asks the sidecar")
            command = [aws, "sts", "get-caller-identity", "--query", "Arn", "--output", "text"]
            self._ask_sidecar("production-admin", command)
        else:
            put("7. (the AWS CLI isn't installed here: skipped)")
        put(f"\nSTS confirmed: {identity}")
        if keep:
            self._stay(address, sidecar)
        return 0

    def _start_simulator(self) -> str:
        scenario = self._home / "scenario.yaml"
        scenario.write_text(SCENARIO, encoding="utf-8")
        command = ["simulator", "--scenario", str(scenario), "--port", "0", "--auto-confirm"]
        child = self._spawn(command, stdout=subprocess.PIPE)
        stream = child.stdout
        if stream is None:
            raise InternalError("the simulator has no output")
        # It prints its exports once it answers, the STS endpoint last.
        with _deadline(child):
            for line in stream:
                name, _, value = line.removeprefix("export ").strip().partition("=")
                self._environment[name] = shlex.split(value)[0] if value else ""
                if name == "AWS_ENDPOINT_URL_STS":
                    return self._environment[name]
        raise Unreachable("the simulator did not start", hint="cone simulator")

    def _start_sidecar(self) -> RunningSidecar:
        free = "127.0.0.1:0"
        command = ["serve", "--listen", free, "--management-listen", free]
        child = self._spawn(command, stderr=subprocess.PIPE)
        stream = child.stderr
        if stream is None:
            raise InternalError("the sidecar has no log")
        with _deadline(child):
            for line in stream:
                if "token file:" in line:
                    threading.Thread(target=_retell, args=(stream,), daemon=True).start()
                    return find(self._home / ".cache" / "cone-sidecar")
        raise Unreachable("the sidecar did not start", hint="cone serve")

    def _ask_sidecar(self, profile: str, command: list[str]) -> str:
        """Run ``command`` in the environment that ``cone aws env`` prints."""
        settings: dict[str, str] = {}
        for line in self._cone("aws", "env", profile).splitlines():
            if line.startswith("export "):
                name, _, value = line.removeprefix("export ").partition("=")
                settings[name] = shlex.split(value)[0] if value else ""
        return self._run(command, settings)

    def _run(self, command: list[str], settings: dict[str, str]) -> str:
        """Run an AWS client and show who STS says it is."""
        started = self._clock.monotonic()
        identity = self._call(command, self._environment | settings)
        if ":assumed-role/" not in identity:
            raise InternalError("STS confirmed no role", hint="cone demo --keep")
        took = self._clock.monotonic() - started
        put(f"   → {printable(identity)}  ({took:.1f} s)")
        return identity

    def _cone(self, *arguments: str) -> str:
        return self._call([*_cone_command(), *arguments], self._environment)

    def _call(self, command: list[str], environment: dict[str, str]) -> str:
        try:
            done = subprocess.run(  # noqa: S603 -- our own commands
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=STEP_LIMIT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Unreachable("a step of the demo took too long") from None
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no output"])[-1]
            raise InternalError(f"a step of the demo failed: {last}")
        return done.stdout.strip()

    def _spawn(
        self, arguments: list[str], *, stdout: int | None = None, stderr: int | None = None
    ) -> "subprocess.Popen[str]":
        child = subprocess.Popen(  # noqa: S603 -- our own commands
            [*_cone_command(), *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            text=True,
            stdout=stdout,
            stderr=stderr,
        )
        self._children.append(child)
        return child

    def _aws_cli(self) -> str:
        """Return an AWS CLI that runs; a version manager's shim may stand for none."""
        found = shutil.which("aws")
        if found:
            with contextlib.suppress(ConeError):
                self._call([found, "--version"], self._environment)
                return found
        return ""

    def _stay(self, address: str, sidecar: RunningSidecar) -> None:
        put("\nStill running. In another shell:\n")
        names = ["HOME", *(name for name in self._environment if name.startswith(FOREIGN))]
        for name in names:
            put(f"  export {name}={shlex.quote(self._environment[name])}")
        cone = shlex.join(_cone_command())
        put(f'\n  eval "$({cone} aws env production-admin)"; aws sts get-caller-identity')
        put(f"  {cone} aws credentials staging-poweruser    # a person has to approve:")
        put(f"  curl -X POST {address}/_simulator/tasks/<number>/approve")
        put(f"  curl {sidecar.management_url}/status")
        put("\nCtrl-C ends it.")
        with contextlib.suppress(KeyboardInterrupt):
            self._children[-1].wait()


def _cone_command() -> list[str]:
    """Return how this very ``cone`` is started."""
    script = Path(sys.executable).with_name("cone")
    if script.exists():
        return [str(script)]
    return [sys.executable, "-c", "import sys; from cone_cli.main import main; sys.exit(main())"]


@contextlib.contextmanager
def _deadline(child: "subprocess.Popen[str]") -> Iterator[None]:
    """End ``child`` if what is done with it takes too long; its streams then end too."""
    timer = threading.Timer(STEP_LIMIT_S, child.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _retell(log: IO[str]) -> None:
    """Show how the story goes on, without the log's time and level."""
    for line in log:
        words = line.rstrip().split(" ", LOG_PREFIX_WORDS)
        put(f"   {printable(words[-1])}")
