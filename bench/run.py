"""All benchmarks, in pairs against a baseline in the same run; writes docs/performance.md.

Ratios are what counts: the machine's speed drifts, and the baseline drifts with it. Where a target is a
time, the baseline stands beside it.
"""

import sys
from pathlib import Path

from catalogue_setup import setup_of_catalogues
from cold_breakdown import shares
from cold_call import ColdCall
from credentials_command import (
    auto_approved,
    cold_credentials,
    eight_at_once,
    warm_credentials,
)
from report import render, replace_part
from serve import cold_herd, load_on_serve, memory_after_renewal, start_of_serve
from upstream import Upstream

from cone_cli.stage import Stage, cone_command

REPORT = Path(__file__).parent.parent / "docs" / "performance.md"
PROFILE = "production-admin"
SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}]
accounts: [{id: "100000000001", name: Production}]
permission_sets:
  - {account: Production, name: Admin, policy: auto, granted_to: [ada@example.com]}
  - {account: Production, name: Deploy, policy: auto}
lifetimes: {role_credentials: 12h}
"""
# Latency upstream in seconds, with the target for a cold call.
COLD_TARGETS_S = {0.0: 0.2, 0.02: 0.25, 0.08: 0.3}
LATENCIES_S = tuple(COLD_TARGETS_S)


def main() -> int:
    """Run everything; returns 1 when a target was missed."""
    with Stage() as stage:
        upstream = Upstream(stage.start_simulator(SCENARIO, "--auto-confirm"))
        stage.call([*cone_command(), "aws", "setup", "--sso-url", "https://acme.awsapps.com/start"])
        stage.call([*cone_command(), "aws", "login"])
        granted = ColdCall(stage, upstream, "Production", "Admin")
        requested = ColdCall(stage, upstream, "Production", "Deploy")
        # Before any sidecar runs: it would answer for the command.
        commands = [
            warm_credentials(stage, PROFILE),
            *cold_credentials(granted, COLD_TARGETS_S),
            *eight_at_once(granted, LATENCIES_S),
            *auto_approved(requested, LATENCIES_S),
        ]
        parts = shares(granted, LATENCIES_S[-1])
        servers = [
            start_of_serve(stage),
            *load_on_serve(stage, PROFILE),
            *cold_herd(stage, upstream, PROFILE, LATENCIES_S),
            memory_after_renewal(stage, PROFILE),
        ]
    rows = [*commands, *setup_of_catalogues(), *servers]
    report = render(rows, parts, LATENCIES_S[-1])
    replace_part(REPORT, "processes", report)
    print(report)
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
