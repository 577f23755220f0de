"""docs/compose.md says what the recipes of examples/compose are."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "compose.md").read_text()
RECIPES = {
    path.parent.name: path.read_text()
    for path in sorted((ROOT / "examples" / "compose").glob("*/compose.yaml"))
}
ROW = re.compile(r"^\| \[([\w-]+)\]\(\S+\) \| .* \| `(docker compose up .*)` \|$", re.MULTILINE)
BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^#   (docker compose up .*?)(?: &&.*)?$", re.MULTILINE)


def blocks():
    """Return the page's blocks of YAML: the lines, and the whole file."""
    return [yaml.safe_load(text) for text in BLOCK.findall(PAGE)]


def app_of(name):
    """Return the app of a recipe, without what it has in common with others."""
    app = yaml.safe_load(RECIPES[name])["services"]["app"]
    return {key: value for key, value in app.items() if key != "extends"}


def test_each_recipe_has_a_row_with_its_command():
    """The table names each directory with the command of its first lines, and no other."""
    assert dict(ROW.findall(PAGE)) == {
        name: COMMAND.search(text)[1] for name, text in RECIPES.items()
    }


def test_the_lines_are_those_of_the_shortest_recipe():
    """What the page begins with is in that recipe, line by line."""
    lines, _ = blocks()
    app = app_of("shared-network")
    assert lines["app"]["environment"].items() <= app["environment"].items()
    for key in ("network_mode", "volumes"):
        assert lines["app"][key] == app[key]
    assert lines["app"]["depends_on"]["cone"].items() <= app["depends_on"]["cone"].items()


def test_the_file_for_a_tenant_is_the_recipe_that_runs():
    """Its app, networks and volumes are those of credentials-network; the sidecar has what demo gives it."""
    _, file = blocks()
    recipe = yaml.safe_load(RECIPES["credentials-network"])
    demo = yaml.safe_load((ROOT / "examples/compose/demo/services.yaml").read_text())["services"]
    assert {key: value for key, value in file["services"]["app"].items() if key != "image"} == (
        app_of("credentials-network")
    )
    assert (file["networks"], file["volumes"]) == (recipe["networks"], recipe["volumes"])
    ours, theirs = file["services"]["cone"], recipe["services"]["cone"]
    for key in ("volumes", "networks"):
        assert ours[key] == theirs[key]
    assert theirs["environment"].items() <= ours["environment"].items()
    for key in ("read_only", "cap_drop", "security_opt"):
        assert ours[key] == demo["cone"][key]
    variables = {name.removesuffix("_FILE") for name in ours["environment"]}
    given = (ROOT / "examples/compose/demo/acme.env").read_text()
    needed = set(re.findall(r"^(CONE_(?:CLIENT|SSO)\w+)=", given, re.MULTILINE))
    assert needed <= variables


def test_the_readme_has_that_file_in_short():
    """Networks, volumes and secrets are the page's; its services say nothing that the page's don't."""
    _, file = blocks()
    (text,) = BLOCK.findall((ROOT / "README.md").read_text())
    short = yaml.safe_load(text)
    for key in ("networks", "volumes", "secrets"):
        assert short[key] == file[key]
    for name, service in short["services"].items():
        for key, value in service.items():
            theirs = file["services"][name][key]
            assert value == theirs or value.items() <= theirs.items()


@pytest.mark.parametrize("name", RECIPES)
def test_each_recipe_waits_for_health_and_is_closed(name):
    """Everything that depends on something waits for its health; no port is published beyond this machine."""
    services = yaml.safe_load(RECIPES[name])["services"]
    for service in services.values():
        for needed in service.get("depends_on", {}).values():
            assert needed["condition"] == "service_healthy"
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    demo = yaml.safe_load((ROOT / "examples/compose/demo/services.yaml").read_text())["services"]
    for common in demo.values():
        assert common["read_only"] is True
        assert common["cap_drop"] == ["ALL"]
        assert common["security_opt"] == ["no-new-privileges:true"]
