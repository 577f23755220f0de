"""Each row of the table of symptoms in docs/compose.md: provoked, and seen in those words."""

import re
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.container

PAGE = (Path(__file__).parents[2] / "docs" / "compose.md").read_text()
TABLE = PAGE.partition("<!-- symptoms: begin -->\n")[2].partition("<!-- symptoms: end -->")[0]
SYMPTOMS = re.findall(r"^\| `(.*?)`(?:, `.*`)? \|", TABLE, re.MULTILINE)
# Seen where people act: test_compose_person.py.
OF_PEOPLE = {'"code": "ApprovalPending"'}
FULL, RELATIVE = "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
# What boto3 is asked in the app's container, by what it then says: variables over those of the app.
OF_CLIENTS = {
    "Unsupported host 'cone'": [f"--unset={RELATIVE}", f"{FULL}=http://cone:9911/credentials/x"],
    'Could not connect to the endpoint URL: "http://127.0.0.1:9911/': [
        f"--unset={RELATIVE}",
        f"{FULL}=http://127.0.0.1:9911/credentials/production-admin",
    ],
    "no authorization token": [f"--unset={TOKEN_FILE}"],
    "wrong authorization token, or another profile's": [
        f"{RELATIVE}=/credentials/production-readonly"
    ],
    "You must specify a region": ["--unset=AWS_DEFAULT_REGION"],
}
BOTO3 = "import boto3; boto3.client('sts').get_caller_identity()"
CODE = ("/opt/venv/bin/python", "-c", BOTO3)
DOCTOR = re.search(r"^\$ (docker exec my-app env .*?\\\n.*?)$", PAGE, re.MULTILINE)[1]
LIMIT_S = 60


@pytest.fixture(scope="module", name="recipe")
def _recipe(recipes):
    """Give the recipe with several apps, none of which has been asked for anything yet."""
    recipe = recipes("several-profiles")
    recipe("up", "--detach", "--wait", "cone", "deployer")
    return recipe


def test_each_row_is_provoked():
    """The table has the symptoms of these tests, and no other."""
    others = {
        "No such file or directory: '/run/cone/token'",
        "Permission denied: '/run/cone/token'",
        'response 403 from container metadata: {"code": "ProfileNotFound"',
        "Pool overlaps with other one on this address space",
        "conflicting options: port publishing and the container type network mode",
        "container rootfs is marked read-only",
    }
    assert set(SYMPTOMS) == OF_PEOPLE | set(OF_CLIENTS) | others


@pytest.mark.parametrize("symptom", OF_CLIENTS)
def test_boto3_says_it(recipe, symptom):
    """The symptom is in the error that the app ends with."""
    done = recipe.run_in("deployer", "env", *OF_CLIENTS[symptom], *CODE, ok=False)
    assert symptom in done.stderr


def test_the_token_s_file(recipe):
    """A volume that isn't mounted, and one that the app's user may not enter."""
    run = ("run", "--rm", "--no-deps", "-T")
    done = recipe(*run, "--volume=/run/cone", "deployer", *CODE, ok=False)
    assert "No such file or directory: '/run/cone/token'" in done.stderr
    done = recipe(*run, "--user=1003:3000", "deployer", *CODE, ok=False)
    assert "Permission denied: '/run/cone/token'" in done.stderr


def test_a_profile_that_is_not_there(recipe):
    """The sidecar that opens all profiles to a token says so; the token of one profile is told less."""
    token = recipe.run_in("cone", "cat", "/var/lib/cone/token").stdout
    url = "http://169.254.170.2/credentials/unheard-of"
    variables = (
        f"{RELATIVE}=/credentials/unheard-of",
        f"AWS_CONTAINER_AUTHORIZATION_TOKEN={token}",
    )
    command = ("env", f"--unset={TOKEN_FILE}", *variables, *CODE)
    done = recipe.run_in("deployer", *command, ok=False)
    assert 'response 403 from container metadata: {"code": "ProfileNotFound"' in done.stderr
    assert recipe.ask("deployer", url, token)[0] == 403


def test_what_the_engine_says(recipe, docker, recipe_images, tmp_path):
    """A second network of these addresses, ports without a network, a secret for a read-only root."""
    address = ("--subnet=169.254.170.0/24", "cone-test-second")
    done = docker("network", "create", *address, ok=False)
    assert "Pool overlaps with other one on this address space" in done.stderr
    sidecar = f"--network=container:{recipe.container('cone')}"
    image = recipe_images["CONE_IMAGE"]
    done = docker("run", "--rm", sidecar, "--publish=127.0.0.1:0:80", image, "--version", ok=False)
    assert "conflicting options: port publishing and the container type network mode" in done.stderr
    file = tmp_path / "compose.yaml"
    file.write_text(
        f"services: {{a: {{image: '{image}', command: [--version], read_only: true, secrets: [s]}}}}\n"
        "secrets: {s: {environment: HOME}}\n"
    )
    compose = ("compose", "-p", "cone-test-secret", "-f", str(file))
    try:
        done = docker(*compose, "up", ok=False)
    finally:
        docker(*compose, "down", ok=False)
    assert "container rootfs is marked read-only" in done.stderr + done.stdout


def test_doctor_looks_at_an_app_whose_image_has_no_cone(recipe, recipe_images):
    """The page's own line finds nothing wrong, and the fault where there is one."""
    app = recipe.container("deployer")
    line = DOCTOR.replace("my-app", app).replace("cone-sidecar", recipe_images["CONE_IMAGE"])
    line = line.replace("--user 1000", "--user 1001:2000")
    assert line.count(app) == 3
    healthy = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert healthy.returncode == 0, healthy.stdout + healthy.stderr
    assert re.search(r"^ok +endpoint-answer ", healthy.stdout, re.MULTILINE)
    other = line.replace("grep ^AWS_", "grep ^AWS_ | sed s,/production-admin,/production-readonly,")
    ill = subprocess.run(
        ["bash", "-c", other], capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert ill.returncode == 1
    assert re.search(r"^fail endpoint-\w+ .*401", ill.stdout, re.MULTILINE), ill.stdout
