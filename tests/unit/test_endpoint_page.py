"""docs/endpoint.md says what the code does: limits, the environment, slugs, and each rule's tests."""

import ast
import re
from datetime import timedelta
from pathlib import Path

import pytest

from cone_cli.container_environment import container_environment, unset_beside
from cone_cli.endpoint_tokens import MANAGEMENT_FILE_NAME, PROFILES_DIRECTORY, TOKEN_FILE_NAME
from cone_sidecar.authorization_token import LARGEST, PROFILE, SHORTEST, SLUG
from cone_sidecar.authorization_tokens import DEFAULT_GRACE, LOOK_EVERY_S
from cone_sidecar.listening import KEEP_ALIVE_S
from cone_sidecar.profile_slugs import slug
from cone_sidecar.server import AWS_HOSTS, DRAIN_LIMIT_S
from cone_sidecar.web import bad_tokens, client_patience, limited_protocol
from cone_sidecar.web.answer import LONGEST_MESSAGE
from cone_sidecar.web.connection_pool import MOST_CONNECTIONS, RESERVED_DESCRIPTORS
from cone_sidecar.web.credentials_app import MOST_WAITING
from cone_sidecar.web.credentials_path import DEFAULT_PATH, PREFIXES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "endpoint.md").read_text()
# The page as one line each, however it is broken.
PROSE = " ".join(PAGE.split())
CONTRACT = ROOT / "tests" / "contract"
RULES = {
    "rules": (27, sorted(CONTRACT.glob("test_endpoint_rules_*.py"))),
    "process rules": (12, sorted(CONTRACT.glob("test_process_rules*.py"))),
}
RULE_ROW = re.compile(r"^\| (\d+) \| .* \| ([^|]*) \|$", re.MULTILINE)
RULE_TEST = re.compile(r"test_rule_(\d\d)(?:_and_(\d\d))?_\w+")
NAME = re.compile(r"`([^`]+)`")
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def block(name):
    """Return what stands between two markers of the page."""
    return PAGE.partition(f"<!-- {name}: begin -->\n")[2].partition(f"<!-- {name}: end -->")[0]


def names_by_rule(paths):
    """Return the names of the tests of each rule."""
    found = {}
    for path in paths:
        for node in ast.parse(path.read_text(), path.name).body:
            match = RULE_TEST.fullmatch(getattr(node, "name", ""))
            for number in filter(None, match.groups() if match else ()):
                found.setdefault(int(number), set()).add(node.name)
    return found


@pytest.mark.parametrize("name", RULES)
def test_each_rule_names_its_tests(name):
    """Each rule is in the table with all tests of its name, and no test is promised that isn't there."""
    number, paths = RULES[name]
    rows = RULE_ROW.findall(block(name))
    assert [int(rule) for rule, _ in rows] == list(range(1, number + 1))
    promised = {int(rule): set(NAME.findall(tests)) for rule, tests in rows}
    assert promised == names_by_rule(paths)


def test_limits():
    """The numbers of the table are those that hold."""
    told = dict(re.findall(r"^\| ([^|]+) \| (\d+)(?: \w+)? \|$", block("limits"), re.MULTILINE))
    assert {what: int(number) for what, number in told.items()} == {
        "request line and headers": limited_protocol.LARGEST_HEAD,
        "URL": limited_protocol.LONGEST_URL,
        "headers": limited_protocol.MOST_HEADERS,
        "time for a whole head": limited_protocol.HEAD_LIMIT_S,
        "time for a TLS greeting": limited_protocol.HEAD_LIMIT_S,
        "time in which a client has to read its answer": limited_protocol.HEAD_LIMIT_S,
        "an idle connection stays open": KEEP_ALIVE_S,
        "requests sent ahead on one connection": limited_protocol.MOST_PIPELINED,
        "connections": MOST_CONNECTIONS,
        "clients that are kept waiting": MOST_WAITING,
        "requests in work when the sidecar is stopped": DRAIN_LIMIT_S,
    }


@pytest.mark.parametrize(
    "promise",
    [
        f"half of what is left after {RESERVED_DESCRIPTORS}",
        f"with {LONGEST_MESSAGE} characters at most",
        f"The first {bad_tokens.UNHINDERED} of a peer",
        f"{bad_tokens.FIRST_PAUSE_S} to {bad_tokens.LONGEST_PAUSE_S} seconds",
        f"none for {bad_tokens.REMEMBERED_S:.0f} seconds",
        f"{SHORTEST} to {LARGEST:,} characters",
        f'HMAC-SHA256(master, "cone-sidecar {PROFILE} " + name)',
        f'"cone-sidecar {SLUG} " + slug',
        f"within {LOOK_EVERY_S:.0f} second,",
        f"({DEFAULT_GRACE // timedelta(hours=1)} hour)",
        f"`My Prof` is `{slug('My Prof')}`",
        f"cone-sidecar/{TOKEN_FILE_NAME}`",
        f"cone-sidecar/{MANAGEMENT_FILE_NAME}`",
        f"cone-sidecar/{PROFILES_DIRECTORY}/<slug>`",
        f"`GET {DEFAULT_PATH}`",
        *(f"`GET {prefix}<profile>`" for prefix in PREFIXES),
        *(f"[{host}]" if ":" in host else host for host in AWS_HOSTS),
    ],
)
def test_numbers_and_names_in_the_text(promise):
    """What the text says of limits, files and forms is what the code has."""
    assert promise in PROSE


def test_how_long_clients_are_kept():
    """The table of patience has each limit, and no other."""
    rows = re.findall(r"^\| (.+) \| ([\d.]+) \|$", block("patience"), re.MULTILINE)
    assert [float(seconds) for _, seconds in rows] == [
        client_patience.LONGEST_S,
        client_patience.RUST_S,
        client_patience.BOTOCORE_S,
        client_patience.UNKNOWN_S,
    ]


def test_the_environment():
    """The block sets and unsets what ``cone aws env`` does, and nothing else."""
    shown = BLOCK.findall(PAGE)[0].splitlines()
    set_there = dict(
        line.removeprefix("export ").split("=", 1) for line in shown if line.startswith("export ")
    )
    unset_there = [name for line in shown if line.startswith("unset ") for name in line.split()[1:]]
    access = {
        "url": "http://127.0.0.1:9911",
        "slug": "dev",
        "region": "eu-central-1",
        "token": "…",
        "token_file": "/home/ada/.cache/cone-sidecar/tokens/dev",
    }
    exports = container_environment(access, {"HOME": "/home/ada"})
    assert set_there == exports
    assert unset_there == unset_beside(exports)
