"""What a profile with our ``credential_process`` must be: rules 9 to 12 of sdk-contract §7."""

import re
import shlex
import sys
from pathlib import Path

from fakes.process_stage import GOOD


def test_rule_09_the_line_in_the_config_file(stage):
    """Rule 9: an absolute path without blanks, no character of a shell, and no quote at its start.

    botocore splits it by itself, all others give it to a shell; Go v1 loses the arguments of a line that
    begins with a quote. Only the profile's name stands in quotes.
    """
    line = stage.section()["credential_process"]
    assert re.fullmatch(r'/[A-Za-z0-9._/=-]+ aws credentials "[A-Za-z0-9._=-]+"', line)
    split = stage.attempt(shlex.split(line))
    shell = stage.attempt(["sh", "-c", line])
    assert split.returncode == shell.returncode == 0
    assert split.stdout == shell.stdout


def test_rule_10_no_sso_beside_it(stage):
    """Rule 10: the profile has no ``sso_*`` key: SSO would win in botocore, Go, Rust and Ruby."""
    assert not [key for key in stage.section() if key.startswith("sso_")]
    profiles = dict.fromkeys(("AWS_CONFIG_FILE",), str(stage.home / ".aws" / "config"))
    asked = stage.attempt(
        [
            sys.executable,
            "-c",
            "import boto3; s = boto3.Session(); print(s.get_credentials().method)",
        ],
        stage.environment | profiles | {"AWS_PROFILE": GOOD},
    )
    assert asked.stdout.strip() == "custom-process", asked.stderr


def test_rule_11_never_both(stage):
    """Rule 11: where the sidecar is asked there is no profile, and so no process of another identity.

    JavaScript v2 and MinIO prefer FULL_URI to a profile's process.
    """
    stage.start_sidecar()
    environment = stage.sidecar_environment(GOOD)
    assert "AWS_PROFILE" not in environment
    session = {name: value for name, value in environment.items() if name.startswith("AWS_")}
    assert Path(session["AWS_CONFIG_FILE"]).read_bytes() == b""
    asked = stage.attempt(
        [
            sys.executable,
            "-c",
            "import boto3; s = boto3.Session(); "
            "print(s.available_profiles, s.get_credentials().method)",
        ],
        environment,
    )
    assert asked.stdout.strip() == "[] container-role", asked.stderr


def test_rule_12_no_other_source_after_a_failure(stage):
    """Rule 12: JavaScript, C++ and the CRT go on after a failure: the page says what keeps them from it.

    Nothing of ours leads them to another identity: no URI is set, and the failure is no success.
    """
    page = (Path(__file__).parents[2] / "docs" / "endpoint.md").read_text()
    told = page.partition("credential_process")[2]
    assert "AWS_EC2_METADATA_DISABLED=true" in told
    done = stage.credentials("p-deny")
    assert done.returncode != 0
    assert (
        set(stage.section("p-deny")) & {"credential_source", "role_arn", "source_profile"} == set()
    )
