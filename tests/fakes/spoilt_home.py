"""A home in which everything is right, and copies of it to be spoilt."""

import re
import shutil

from cone_cli.stage import cone_command
from fakes.simulated_stage import START_URL

SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}]
accounts: [{id: "100000000001", name: Production}]
permission_sets:
  - {account: Production, name: Admin, granted_to: [ada@example.com]}
"""
ADMIN = ["aws", "credentials", "production-admin"]
SETUP = ["aws", "setup", "--sso-url", START_URL]
# How the new file is called that is renamed over the old one.
TEMPORARY = re.compile(r"\..+\.[a-z0-9_]{8}")


class Home:
    """A home of its own on the same simulator."""

    def __init__(self, origin, path):
        shutil.copytree(origin.home, path)
        self.path = path
        self.environment = origin.environment | {"HOME": str(path)}
        self._origin = origin

    @property
    def cone_config(self):
        return self.path / ".conductorone" / "config.yaml"

    @property
    def aws_config(self):
        return self.path / ".aws" / "config"

    def without(self, *names):
        for name in names:
            self.environment.pop(name, None)

    def cone(self, *arguments):
        return self._origin.attempt([*cone_command(), *arguments], self.environment)

    def tree(self):
        """Return what may not change: all files but caches and locks, with their modes."""
        return {
            path.relative_to(self.path): (
                path.stat().st_mode,
                path.read_bytes() if path.is_file() else b"",
            )
            for path in self.path.rglob("*")
            if ".cache" not in path.parts and path.suffix != ".lock"
        }

    def litter(self):
        """Return the temporary files that were left anywhere."""
        return [path for path in self.path.rglob("*") if TEMPORARY.fullmatch(path.name)]
