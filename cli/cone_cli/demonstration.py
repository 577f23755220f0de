"""What ``cone demo`` shows: unmodified AWS clients get credentials from simulator and sidecar."""

import contextlib
import shlex
import shutil
import sys
from collections.abc import Mapping

from cone_cli.stage import FOREIGN, Stage, cone_command
from cone_cli.terminal import printable, put
from cone_sidecar.clock import SystemClock
from cone_sidecar.errors import ConeError, InternalError
from cone_sidecar.runtime import RunningSidecar

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
BOTO3 = [
    sys.executable,
    "-c",
    "import boto3; print(boto3.client('sts', region_name='us-east-1').get_caller_identity()['Arn'])",
]
AWS_CLI = ["sts", "get-caller-identity", "--query", "Arn", "--output", "text"]
LOG_PREFIX_WORDS = 3


def demonstrate(stage: Stage, *, keep: bool) -> int:
    """Show it on ``stage``; returns the exit code.

    Raises:
        ConeError: A step failed.
    """
    simulator = stage.start_simulator(SCENARIO, "--auto-confirm")
    put(f"1. a ConductorOne tenant, an Identity Center and an STS, simulated at {simulator}")
    stage.call([*cone_command(), "aws", "setup", "--sso-url", START_URL])
    put("2. cone aws setup wrote an AWS profile for each permission set")
    sidecar = stage.start_sidecar(hear=_retell)
    put(f"3. cone serve answers AWS SDKs at {sidecar.credentials_url}/credentials/<profile>")
    put("4. boto3 asks the sidecar for production-admin: there is no grant yet")
    identity = _show(stage, BOTO3, stage.sidecar_environment("production-admin"))
    put("5. boto3 asks for production-readonly: there is a grant")
    _show(stage, BOTO3, stage.sidecar_environment("production-readonly"))
    put("6. boto3 asks cone itself, the credential_process of the profile")
    _show(stage, BOTO3, stage.environment | {"AWS_PROFILE": "production-admin"})
    if aws := _aws_cli(stage):
        put("7. the AWS CLI asks the sidecar")
        _show(stage, [aws, *AWS_CLI], stage.sidecar_environment("production-admin"))
    else:
        put("7. (the AWS CLI isn't installed here: left out)")
    put(f"\nSTS confirmed: {identity}")
    if keep:
        _stay(stage, simulator, sidecar)
    return 0


def _show(stage: Stage, command: list[str], environment: Mapping[str, str]) -> str:
    """Run an AWS client and show who STS says it is."""
    clock = SystemClock()
    started = clock.monotonic()
    identity = stage.call(command, environment)
    if ":assumed-role/" not in identity:
        raise InternalError("STS confirmed no role", hint="cone demo --keep")
    put(f"   → {printable(identity)}  ({clock.monotonic() - started:.1f} s)")
    return identity


def _aws_cli(stage: Stage) -> str:
    """Return an AWS CLI that runs and obeys ``AWS_ENDPOINT_URL_STS``; a shim may stand for none."""
    found = shutil.which("aws")
    if not found:
        return ""
    with contextlib.suppress(ConeError):
        version = stage.call([found, "--version"]).removeprefix("aws-cli/").split(" ")[0]
        major, minor = (int(part) for part in version.split(".")[:2])
        # Endpoints from the environment came with 2.13 and 1.29.
        if (major, minor) >= (2, 13) or (major == 1 and minor >= 29):  # noqa: PLR2004 -- versions
            return found
    return ""


def _retell(line: str) -> None:
    """Show how the story goes on, without the log's time and level."""
    put(f"   {printable(line.split(' ', LOG_PREFIX_WORDS)[-1])}")


def _stay(stage: Stage, simulator: str, sidecar: RunningSidecar) -> None:
    put("\nStill running. In another shell:\n")
    for name in ("HOME", *(name for name in stage.environment if name.startswith(FOREIGN))):
        put(f"  export {name}={shlex.quote(stage.environment[name])}")
    cone = shlex.join(cone_command())
    put(f'\n  eval "$({cone} aws env production-admin)"; aws sts get-caller-identity')
    put(f"  {cone} aws credentials staging-poweruser    # a person has to approve it:")
    put(f"  curl -X POST {simulator}/_simulator/tasks/<number>/approve")
    put(f"  curl {sidecar.management_url}/status")
    put("\nCtrl-C ends it.")
    with contextlib.suppress(KeyboardInterrupt):
        stage.children[-1].wait()
