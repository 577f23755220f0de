"""A home whose profiles are asked as SDKs do that run ``credential_process``."""

import configparser
import json

from fakes.simulated_stage import SimulatedStage

SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}]
accounts: [{id: "100000000001", name: P}]
permission_sets:
  - {account: P, name: Granted, granted_to: [ada@example.com]}
  - {account: P, name: Other, granted_to: [ada@example.com]}
  - {account: P, name: Fresh, granted_to: [ada@example.com]}
  - {account: P, name: Pack, policy: auto}
  - {account: P, name: Never, policy: machine, lags: {policy_step: 1h}}
  - {account: P, name: Approval, policy: approval}
  - {account: P, name: Deny, policy: deny}
  - {account: P, name: Form, policy: form}
lifetimes: {access_token: 8h, role_credentials: 1h}
"""
GOOD = "p-granted"
REFUSED = ["p-approval", "p-deny", "p-form", "p-nobody"]


class ProcessStage(SimulatedStage):
    """A stage on which somebody has signed in."""

    def __enter__(self):
        super().__enter__()
        self.start(SCENARIO, "--auto-confirm")
        assert self.cone("aws", "login").returncode == 0
        return self

    def credentials(self, profile=GOOD):
        """Run the process to its end, however it ends."""
        return self.cone("aws", "credentials", profile)

    def document(self, profile=GOOD):
        """Return what it prints."""
        done = self.credentials(profile)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def section(self, profile=GOOD):
        """Return the profile's keys and values in the config file that SDKs read."""
        config = configparser.ConfigParser()
        config.read(self.home / ".aws" / "config")
        return config[f"profile {profile}"]
