"""``cone aws list``: which profiles there are, and how their access stands."""

import json
import subprocess
import sys

import pytest

from cone_cli.stage import cone_command

ADA = "ada@example.com"
SCENARIO = f"""\
tenant: acme
users: [{{email: {ADA}, name: Ada}}, {{email: grace@example.com, name: Grace}}]
accounts: [{{id: "100000000001", name: P}}]
permission_sets:
  - {{account: P, name: Granted, granted_to: [{ADA}], grant_ends: 8h}}
  - {{account: P, name: Auto}}
  - {{account: P, name: Approval, policy: approval}}
"""
ALL = ["p-granted", "p-auto", "p-approval"]


@pytest.fixture(name="stage", scope="module")
def _stage(simulated_once):
    """Give a home with a grant, a request, and neither."""
    stage = simulated_once.start(SCENARIO, "--auto-confirm")
    assert stage.cone("aws", "request", "p-approval", "--no-wait").returncode in {0, 4}
    with (stage.home / ".aws" / "config").open("a") as file:
        file.write("\n[profile broken]\ncone_app_id = a\n[profile other]\nregion = us-east-1\n")
    return stage


def listed(stage, *arguments):
    """Return the profiles of its JSON."""
    done = stage.cone("aws", "list", *arguments, "-o", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["profiles"]


def test_states(stage):
    """Two searches tell of all profiles of ours, in the file's order, also of one that can't be used."""
    stage.forget_requests()
    views = listed(stage)
    config = (stage.home / ".aws" / "config").read_text()
    assert list(views) == sorted(views, key=lambda name: config.index(f"[profile {name}]"))
    states = {name: view["state"] for name, view in views.items()}
    assert states == {
        "p-granted": "granted",
        "p-auto": "no grant",
        "p-approval": "awaiting approval",
        "broken": "unusable",
    }
    assert views["p-granted"]["grant_ends"]
    assert views["p-granted"]["account_id"] == "100000000001"
    assert views["p-granted"]["region"] == "us-east-1"
    assert views["p-granted"]["tenant"] == "default"
    searches = [name for name, _ in stage.operations() if "Search" in name]
    assert sorted(searches) == ["GrantSearchService.Search", "TaskSearchService.Search"]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--granted"], {"p-granted"}),
        (["--not-granted"], {"p-auto", "p-approval", "broken"}),
        (["--pending"], {"p-approval"}),
        (["p-a*"], {"p-auto", "p-approval"}),
        (["auto", "grant"], {"p-auto", "p-granted"}),
        (["nosuch"], set()),
    ],
)
def test_filters(stage, arguments, names):
    """By how the access stands, and by names."""
    assert set(listed(stage, *arguments)) == names


def test_nothing_to_show(stage, monkeypatch):
    """Where nothing stands below the head, stderr says why."""
    assert "none of 4 profiles is meant" in stage.cone("aws", "list", "nosuch").stderr
    monkeypatch.setitem(stage.environment, "AWS_CONFIG_FILE", "/dev/null")
    done = stage.cone("aws", "list")
    assert done.returncode == 0
    assert done.stderr == "cone: there are no profiles of cone's in /dev/null: cone aws setup\n"


def test_nobody_is_asked(stage):
    """Offline, what isn't known is said to be so; names come one a line, without heavy imports."""
    stage.forget_requests()
    assert listed(stage, "--offline")["p-auto"]["state"] == "unknown"
    names = stage.cone("aws", "list", "--names", "p-*").stdout.split()
    assert set(names) == set(ALL)
    assert stage.operations() == []
    code = (
        "import sys; sys.argv[1:] = ['aws', 'list', '--names']\n"
        "from cone_cli.main import main; main()\n"
        "assert not {'httpx', 'yaml', 'botocore', 'tabulate'} & set(sys.modules)"
    )
    stage.call([sys.executable, "-c", code])


def test_a_reader_that_has_enough(stage):
    """Whoever stops reading ends it without a word."""
    command = f"{cone_command()[0]} aws list --offline | head -1"
    done = subprocess.run(
        ["sh", "-c", command], env=stage.environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("Profile")
    assert done.stderr == ""


def test_a_tenant_that_fails(stage):
    """What the profiles are is said all the same, then why their state isn't."""
    stage.control("POST", "/faults", {"operation": "GrantSearchService.Search", "status": 403})
    try:
        done = stage.cone("aws", "list")
    finally:
        stage.control("DELETE", "/faults")
    assert done.returncode == 1
    assert "p-granted" in done.stdout
    assert done.stderr.startswith("cone: error: ")
