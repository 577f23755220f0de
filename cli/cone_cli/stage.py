"""A home of its own with simulator and sidecar as processes: for the demo, tests and benchmarks."""

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Self

from cone_sidecar.errors import InternalError, Unreachable
from cone_sidecar.runtime import RunningSidecar, find

STEP_LIMIT_S = 60
CHILD_END_LIMIT_S = 10
FREE_PORT = "127.0.0.1:0"
# What of the caller's environment would lead the children out of their home, or be of no use there.
FOREIGN = (
    "PYTHONDONTWRITEBYTECODE",
    "AWS_",
    "CONE_",
    "CONDUCTORONE_",
    "XDG_",
    "SSL_CERT_",
    "REQUESTS_CA_BUNDLE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "http_proxy",
    "https_proxy",
)


class Stage:
    """Start processes, call commands, and leave nothing behind."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="cone-"))
        kept = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
        self.environment = kept | {"HOME": str(self.home), "PYTHONUNBUFFERED": "1"}
        self._children: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for child in reversed(self._children):
            self.end(child)
        shutil.rmtree(self.home, ignore_errors=True)

    def start_simulator(self, scenario: str, *options: str) -> str:
        """Start a simulator of ``scenario`` and point the environment at it; returns its URL.

        Raises:
            Unreachable: It did not start.
        """
        path = self.home / "scenario.yaml"
        path.write_text(scenario, encoding="utf-8")
        child = self.spawn(
            ["simulator", "--scenario", str(path), "--port", "0", *options], stdout=subprocess.PIPE
        )
        # It prints its exports once it answers, the STS endpoint last.
        for line in lines_of(child, child.stdout):
            if export := read_export(line):
                self.environment |= export
                if url := export.get("AWS_ENDPOINT_URL_STS"):
                    return url
        raise Unreachable("the simulator did not start", hint="cone simulator")

    def start_sidecar(
        self, *options: str, listen: str = FREE_PORT, hear: Callable[[str], None] | None = None
    ) -> RunningSidecar:
        """Start a sidecar, on free ports unless told; ``hear`` gets each later line of its log.

        Raises:
            Unreachable: It did not start.
        """
        child = self.spawn(
            ["serve", "--listen", listen, "--management-listen", FREE_PORT, *options],
            stderr=subprocess.PIPE,
        )
        stream = child.stderr
        for line in lines_of(child, stream):
            if "token file:" in line and stream is not None:
                threading.Thread(
                    target=_pass_on, args=(stream, hear or _ignore), daemon=True
                ).start()
                return find(self.home / ".cache" / "cone-sidecar")
        raise Unreachable("the sidecar did not start", hint="cone serve")

    def sidecar_environment(self, profile: str) -> dict[str, str]:
        """Return the environment of an SDK that asks the sidecar for ``profile``."""
        exports: dict[str, str] = {}
        for line in self.call([*cone_command(), "aws", "env", profile]).splitlines():
            exports |= read_export(line)
        return self.environment | exports

    def call(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
        """Run ``command`` to its end and return its output.

        Raises:
            InternalError: It failed.
            Unreachable: It took too long.
        """
        done = self.attempt(command, environment)
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no output"])[-1]
            raise InternalError(f"{Path(command[0]).name} failed: {last}")
        return done.stdout.strip()

    def attempt(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run ``command`` to its end, however it ends.

        Raises:
            Unreachable: It took too long.
        """
        try:
            return subprocess.run(  # noqa: S603 -- our own commands
                command,
                env=environment or self.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=STEP_LIMIT_S,
                check=False,
                # Without the caller's terminal: what is shown is the caller's choice.
                start_new_session=True,
            )
        except subprocess.TimeoutExpired:
            raise Unreachable(f"{Path(command[0]).name} took too long") from None

    def cone(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run ``cone`` to its end, however it ends."""
        return self.attempt([*cone_command(), *arguments])

    def spawn(
        self, arguments: Sequence[str], *, stdout: int | None = None, stderr: int | None = None
    ) -> "subprocess.Popen[str]":
        """Start ``cone`` with ``arguments``; it is ended with the stage."""
        child = subprocess.Popen(  # noqa: S603 -- our own commands
            [*cone_command(), *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            text=True,
            stdout=stdout,
            stderr=stderr,
        )
        self._children.append(child)
        return child

    def end(self, child: "subprocess.Popen[str]") -> int:
        """Ask ``child`` to end, insist if it doesn't; returns its exit code."""
        child.send_signal(signal.SIGTERM)
        try:
            return child.wait(CHILD_END_LIMIT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            return child.wait()
        finally:
            for stream in (child.stdout, child.stderr):
                if stream is not None:
                    stream.close()

    @property
    def children(self) -> "list[subprocess.Popen[str]]":
        """Return what was started, in that order."""
        return list(self._children)


def cone_command() -> list[str]:
    """Return how this very ``cone`` is started."""
    script = Path(sys.executable).with_name("cone")
    if script.exists():
        return [str(script)]
    return [sys.executable, "-c", "import sys; from cone_cli.main import main; sys.exit(main())"]


def read_export(line: str) -> dict[str, str]:
    """Read an ``export NAME=value`` line of a shell; other lines are empty."""
    if not line.startswith("export "):
        return {}
    name, _, value = line.removeprefix("export ").strip().partition("=")
    words = shlex.split(value)
    return {name: words[0] if words else ""}


def lines_of(child: "subprocess.Popen[str]", stream: IO[str] | None) -> Iterator[str]:
    """Yield a child's lines; a child that takes too long is ended, and its lines with it."""
    timer = threading.Timer(STEP_LIMIT_S, child.kill)
    timer.start()
    try:
        # Not "yield from": it would close the stream with this generator.
        for line in stream or ():  # noqa: UP028 -- as said above
            yield line
    finally:
        timer.cancel()


def _ignore(line: str) -> None:
    del line


def _pass_on(stream: IO[str], hear: Callable[[str], None]) -> None:
    # The stream is closed under us when the stage ends.
    with contextlib.suppress(ValueError):
        for line in stream:
            hear(line.rstrip("\n"))
