"""docs/simulator.md says what the simulator has: each route, operation, option and key."""

import argparse
import re
from pathlib import Path

import pytest
from starlette.routing import Route

from cone_cli.commands import simulator as command
from cone_sidecar.simulator import scenario
from cone_sidecar.simulator.app import build_simulator
from cone_sidecar.simulator.fault_form import FAULT_KEYS
from cone_sidecar.simulator.operations import OPERATIONS, operation_of
from cone_sidecar.simulator.scenario import load_scenario

TEXT = Path(__file__).parents[2].joinpath("docs", "simulator.md").read_text()
REQUEST = re.compile(r"`(GET|POST|PUT|DELETE) (/[^`\s]*)`")


@pytest.fixture(name="served", scope="module")
def _served():
    """List the method and path of each route, parameters without their types."""
    routes = build_simulator(load_scenario(None)).routes
    return {
        (method, re.sub(r":\w+}", "}", route.path))
        for route in routes
        if isinstance(route, Route)
        for method in route.methods - {"HEAD"}
    }


def shape(path):
    """Forget what the parameters are called."""
    return re.sub(r"{\w+}", "{}", path)


def test_each_route_is_documented(served):
    """What is served is in the document, and nothing else is."""
    documented = {(method, shape(path)) for method, path in REQUEST.findall(TEXT)}
    assert {(method, shape(path)) for method, path in served} == documented


def test_each_route_has_an_operation(served):
    """Journal and faults have a name for every request that is answered."""
    unnamed = [
        (method, path)
        for method, path in served
        if not path.startswith("/_simulator/")
        and operation_of(method, re.sub(r"{\w+}", "x", path), "Action=x") is None
    ]
    assert unnamed == []


def test_each_operation_is_documented():
    """Each name is in the table beside its request."""
    for operation in OPERATIONS:
        assert f"| `{operation.name}` | `{operation.method} /" in TEXT


def test_each_key_of_a_fault_is_documented():
    """The table has all keys."""
    table = TEXT.partition("## Faults")[2].partition("## ")[0]
    assert {key for key in FAULT_KEYS if f"`{key}`" not in table} == set()


def test_each_option_is_documented():
    """The command's options are all in the table."""
    parser = argparse.ArgumentParser(add_help=False)
    command.configure(parser)
    options = {option for action in parser._actions for option in action.option_strings}
    assert {option for option in options if f"`{option}" not in TEXT} == set()


@pytest.mark.parametrize(
    "keys",
    [
        scenario.SECTIONS,
        scenario.USER_KEYS,
        scenario.ACCOUNT_KEYS,
        scenario.PERMISSION_SET_KEYS,
        scenario.BULK_KEYS,
        scenario.LAG_KEYS,
        scenario.LIFETIME_KEYS,
        tuple(scenario.POLICIES),
    ],
)
def test_each_key_of_a_scenario_is_documented(keys):
    """Each section, key and policy has its place in the chapter about scenarios."""
    chapter = TEXT.partition("## A scenario")[2].partition("## ")[0]
    assert {key for key in keys if f"`{key}`" not in chapter and f"{key}:" not in chapter} == set()


def test_the_documented_scenario_loads(tmp_path):
    """The example is a scenario."""
    file = tmp_path / "scenario.yaml"
    file.write_text(TEXT.partition("```yaml\n")[2].partition("```")[0])
    assert load_scenario(file).bulk.accounts == 50
