"""What ``cone aws env`` prints, taken by those for whom it is: Compose, and shells that aren't POSIX's."""

import json
import os
from pathlib import Path

import pytest
import yaml

from cone_cli.compose_service import compose_document
from cone_cli.shell_syntax import bash, fish
from fakes.compose_recipe import EXAMPLES, Recipe

pytestmark = pytest.mark.container

HERE = Path(__file__).parent
HOSTILE = {
    "V_QUOTES": "'\"`\\' \\\\",
    "V_COMMANDS": "$(id) (id) `id` ; id | id & #id",
    "V_EXPANDED": "$HOME ${HOME} $VALUE {a,b} ~ * ? !!",
    "V_LINES": "one\ntwo\r\n\tthree",
}
SHELLS = {"fish": fish, "zsh": bash}
PRINT = f"import json, os; print(json.dumps({{n: os.environ.get(n) for n in {[*HOSTILE, 'AWS_PROFILE']}}}))"


@pytest.fixture(name="shells", scope="module")
def _shells(docker):
    """Give an image with the shells."""
    return docker.build_once(HERE / "shells")


@pytest.fixture(name="printed")
def _printed(docker, recipe_images, tmp_path):
    """Give a file with what the command prints in a container in which no sidecar runs."""
    command = ("aws", "env", "production-admin", "--shell", "compose")
    text = docker.value("run", "--rm", "--network=none", recipe_images["CONE_IMAGE"], *command)
    file = tmp_path / "env.yaml"
    file.write_text(text)
    return file


def test_compose_takes_it_as_it_is(docker, recipe_images, printed, monkeypatch):
    """Over a Compose file that has sidecar and app, it is all that the app lacks."""
    for name, value in recipe_images.items():
        monkeypatch.setenv(name, value)
    recipe = Recipe(
        docker, HERE / "compose_env" / "compose.yaml", f"cone-env-{os.getpid()}", printed
    )
    try:
        done = recipe("up", "--exit-code-from", "app", ok=False)
        said = recipe.said("app")
    finally:
        recipe.down()
    assert done.returncode == 0, said
    assert all(":assumed-role/AWSReservedSSO_Admin_" in line for line in said)
    assert len(said) == 2


@pytest.mark.parametrize("name", ["shared-network", "credentials-network"])
def test_the_recipes_have_what_it_prints(name):
    """Each variable, volume and dependency of these recipes' app is what the command prints for it."""
    recipe = yaml.safe_load((EXAMPLES / name / "compose.yaml").read_text())["services"]["app"]
    url = "http://127.0.0.1:9911" if name == "shared-network" else "http://169.254.170.2"
    access = {"url": url, "slug": "production-admin", "region": "us-east-1", "token": "x"}
    printed = yaml.safe_load(compose_document(access))["services"]["app"]
    del recipe["extends"]
    addresses = recipe["environment"].pop("NO_PROXY").split(",")
    assert set(addresses) <= set(printed["environment"]["NO_PROXY"].split(","))
    assert recipe["environment"].items() <= printed["environment"].items()
    rest = {key for key in recipe if key != "environment"}
    assert {key: printed[key] for key in rest} == {key: recipe[key] for key in rest}


def test_compose_puts_nothing_into_values(docker, tmp_path):
    """A dollar sign is one, whatever stands behind it."""
    access = {
        "url": "http://127.0.0.1:9911",
        "slug": "dev",
        "token": "",
        "region": "$HOME ${HOME:-x} $",
    }
    file = tmp_path / "compose.yaml"
    file.write_text(compose_document(access))
    (tmp_path / "image.yaml").write_text(
        "services: {app: {image: x}, cone: {image: x, healthcheck: {test: x}}}"
    )
    files = ("-f", str(file), "-f", str(tmp_path / "image.yaml"))
    found = docker("compose", *files, "config", "--format", "json").stdout
    region = json.loads(found)["services"]["app"]["environment"]["AWS_REGION"]
    # Printed as a Compose file again.
    assert region.replace("$$", "$") == access["region"]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_takes_it_as_it_is(docker, shells, shell):
    """Programs that it starts have the values, and none of what was to go; nothing was run."""
    script = SHELLS[shell](HOSTILE, ["AWS_PROFILE", "NEVER_SET"])
    run = (
        "run",
        "--rm",
        "--interactive",
        "--network=none",
        "--env=AWS_PROFILE=other",
        shells,
        shell,
    )
    done = docker(*run, stdin=f"{script}\npython3 -c {json.dumps(PRINT)}\n")
    assert json.loads(done.stdout) == {**HOSTILE, "AWS_PROFILE": None}
    assert done.stderr == ""
