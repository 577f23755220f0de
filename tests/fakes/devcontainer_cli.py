"""The dev containers' own command line, as editors and CI use it, and the files that it is given."""

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "tests/container/javascript/node_modules/@devcontainers/cli"
FEATURE = ROOT / "features/cone-sidecar"
SOCKET = Path("/var/run/docker.sock")
# Whoever works on this machine is seldom 1000: the tools then change the container's user.
PERSON = 4321
LIMIT_S = 300


class DevContainerCli:
    """``devcontainer``, in a directory of its own and, where tests run as root, as somebody else."""

    def __init__(self, folder, docker):
        self.folder = folder
        # Whose images the tools left behind.
        self.workspaces = []
        self._program = shutil.copytree(PACKAGE, folder / "cli")
        # Without buildx it takes the builder that pulls no front end.
        plugins = json.loads(docker.value("info", "--format", "{{json .ClientInfo.Plugins}}")) or []
        (folder / "docker" / "cli-plugins").mkdir(parents=True)
        for plugin in plugins:
            if plugin["Name"] == "compose":
                shutil.copy(plugin["Path"], folder / "docker" / "cli-plugins")
        (folder / "bin").mkdir()
        # It asks for its user's name, and here that number has none.
        name = folder / "bin" / "id"
        name.write_text("#!/bin/sh\necho ada\n")
        name.chmod(0o755)

    def give_to_person(self):
        """Give all files to whoever works here."""
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", f"{PERSON}:{PERSON}", self.folder], check=True)

    def __call__(self, *arguments, ok=True, as_person=False, environment=(), timeout=LIMIT_S):
        """Run it to its end; it has to end with 0 unless ``ok`` is false."""
        search = os.environ["PATH"]
        somebody = {}
        if as_person and os.geteuid() == 0:
            search = f"{self.folder / 'bin'}:{search}"
            group = SOCKET.stat().st_gid
            somebody = {"user": PERSON, "group": PERSON, "extra_groups": [group]}
        done = subprocess.run(
            ["node", self._program / "devcontainer.js", *arguments],
            env={
                **os.environ,
                "PATH": search,
                "HOME": str(self.folder),
                "DOCKER_CONFIG": str(self.folder / "docker"),
                **dict(environment),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            cwd=self.folder,
            **somebody,
        )
        assert done.returncode == 0 or not ok, done.stdout[-6000:] + done.stderr[-6000:]
        return done


def reachable_by_person():
    """Return whether the engine's socket lets a group in."""
    return os.geteuid() != 0 or bool(SOCKET.exists() and SOCKET.stat().st_mode & stat.S_IWGRP)


def build_wheel(folder):
    """Build the distribution, as it would be on a package index."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "-w",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(command, check=True, timeout=LIMIT_S, stdin=subprocess.DEVNULL)
    return next(folder.glob("*.whl"))


def copy_feature(folder, wheel):
    """Copy the feature, with the wheel that it installs; what it would look up in a registry is left out."""
    shutil.copytree(FEATURE, folder)
    shutil.copy2(wheel, folder)
    metadata = folder / "devcontainer-feature.json"
    told = json.loads(metadata.read_text())
    del told["installsAfter"]
    metadata.write_text(json.dumps(told))
