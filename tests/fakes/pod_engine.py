"""Podman, which plays a pod's manifest: with storage and settings of its own."""

import os
import subprocess

SETTINGS = """\
[containers]
# Less than an engine in a sandbox may give.
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "file"
lock_type = "file"
"""
LIMIT_S = 120


class PodEngine:
    """Podman's command line, on a directory that goes with the tests."""

    def __init__(self, directory):
        settings = directory / "containers.conf"
        settings.write_text(SETTINGS)
        self._environment = os.environ | {"CONTAINERS_CONF": str(settings)}
        self._command = ["podman", "--storage-driver", "overlay"]
        for option, name in (("--root", "root"), ("--runroot", "run"), ("--tmpdir", "tmp")):
            self._command += [option, str(directory / name)]

    def __call__(self, *arguments, ok=True, stdin=None, timeout=LIMIT_S):
        """Run ``podman`` to its end; it has to end with 0 unless ``ok`` is false."""
        done = subprocess.run(
            [*self._command, *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0 or not ok, done.stderr[-4000:]
        return done

    def first_line(self, container, *, limit_s):
        """Wait for a container's first line on stdout."""
        command = ["timeout", str(limit_s), *self._command, "logs", "--follow", container]
        with subprocess.Popen(
            command, env=self._environment, stdout=subprocess.PIPE, text=True
        ) as logs:
            line = logs.stdout.readline()
            logs.kill()
        return line.strip()

    def remove_all(self):
        """Remove what it holds; what others have on this machine has other directories."""
        self("pod", "rm", "--all", "--force", "--time", "0", ok=False)
        self("volume", "rm", "--all", "--force", ok=False)

    def load(self, *images):
        """Take over images of the other engine; they are called localhost/… here."""
        with subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE) as saved:
            self("load", "--quiet", stdin=saved.stdout)
        assert saved.returncode == 0
