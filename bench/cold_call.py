"""A cold ``cone aws credentials`` of a person who has logged in: no credentials kept, all else is there."""

import sys
from pathlib import Path

from measure import together_s
from upstream import Upstream

from cone_cli.stage import Stage
from cone_sidecar.cone_config import ConeConfig
from cone_sidecar.secret import Secret

# What makes the next call cold; access token, session and endpoints stay.
KEPT = ("*.credentials", "*.outcome", "*.granted")
CLIENT = ("CONE_CLIENT_ID", "CONE_CLIENT_SECRET")


class ColdCall:
    """Call for one permission set, again and again as if for the first time."""

    def __init__(self, stage: Stage, upstream: Upstream, account: str, permission_set: str) -> None:
        self.upstream = upstream
        self._stage = stage
        self._account = account
        self._permission_set = permission_set
        profile = f"{account}-{permission_set}".lower()
        cone = str(Path(sys.executable).with_name("cone"))
        self.command = [cone, "aws", "credentials", profile]
        self.environment = logged_in(stage.environment)

    def wall_s(self) -> float:
        """Call once; returns the seconds. The journal holds what it sent upstream."""
        return self.together_s(1)

    def together_s(self, count: int) -> float:
        """Call ``count`` times at once; returns the seconds until the last one's end."""
        self.forget()
        return together_s(self.command, self.environment, count)

    def forget(self) -> None:
        """Make the next call cold, and empty the journal."""
        cache = self._stage.home / ".cache" / "cone-sidecar"
        for pattern in KEPT:
            for path in cache.glob(pattern):
                path.unlink()
        self.upstream.forget()

    def revoke(self) -> None:
        """End the grant."""
        self.upstream.revoke(self._account, self._permission_set)


def logged_in(environment: dict[str, str]) -> dict[str, str]:
    """Return the environment with its client id and secret moved into the file of ``cone login``."""
    client_id, secret = (environment[name] for name in CLIENT)
    ConeConfig.load(environment).save_client("", client_id, Secret(secret))
    return {name: value for name, value in environment.items() if name not in CLIENT}
