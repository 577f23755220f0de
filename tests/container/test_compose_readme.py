"""The README's own Compose file, run as it stands, with a simulator for the tenant."""

import os
import re
from pathlib import Path

import pytest
import yaml

from fakes.compose_recipe import EXAMPLES, Recipe, credentials_network

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"^```yaml\n(services:\n.*?)^```", re.DOTALL | re.MULTILINE)
SIMULATOR = "http://simulator:9920"
ROLE = r"arn:aws:sts::100000000001:assumed-role/AWSReservedSSO_Admin_\w{16}/ada@example\.com"
UP_LIMIT_S = 120

pytestmark = pytest.mark.container


@pytest.fixture(name="recipe")
def _recipe(docker, recipe_images, tmp_path):
    """Give the README's file beside its secret, and over it what a tenant and an app are here."""
    user = yaml.safe_load((EXAMPLES / "demo" / "acme.yaml").read_text())["users"][0]
    secret = tmp_path / "secrets" / "client-secret"
    secret.parent.mkdir()
    secret.write_text(user["client_secret"] + "\n")
    secret.chmod(0o444)
    file, over = tmp_path / "compose.yaml", tmp_path / "over.yaml"
    file.write_text(BLOCK.search(README.read_text())[1])
    over.write_text(yaml.safe_dump({"services": services(recipe_images, user["client_id"])}))
    recipe = Recipe(docker, file, f"cone-test-readme-{os.getpid()}", over)
    with credentials_network(file):
        yield recipe
        recipe.down()


def services(images, client_id):
    """Return what lies over the README's services."""
    names = ("CONE_API_ENDPOINT", "AWS_ENDPOINT_URL_SSO", "AWS_ENDPOINT_URL_SSO_OIDC")
    simulated = {
        "image": images["CONE_IMAGE"],
        "command": ["simulator", "--scenario", "/s.yaml", "--host", "0.0.0.0", "--auto-confirm"],
        "volumes": [f"{EXAMPLES / 'demo' / 'acme.yaml'}:/s.yaml:ro"],
        "healthcheck": {"disable": True},
    }
    told = dict.fromkeys(names, SIMULATOR)
    told |= {"CONE_CLIENT_ID": client_id, "CONE_INSECURE_HOSTS": "simulator"}
    return {
        "simulator": simulated,
        "cone": {
            "image": images["CONE_IMAGE"],
            "environment": told,
            "depends_on": {"simulator": {"condition": "service_started"}},
        },
        "app": {
            "image": images["CONE_DEMO_APP"],
            "environment": {"AWS_ENDPOINT_URL_STS": SIMULATOR},
        },
    }


def test_what_the_readme_shows_works(recipe):
    """Boto3 and the AWS CLI of an app with any user are who STS says; the secret's file is enough."""
    up = ("up", "--no-build", "--exit-code-from", "app")
    done = recipe(*up, ok=False, timeout=UP_LIMIT_S)
    assert done.returncode == 0, "\n".join(recipe.said())[-4000:]
    assert [
        bool(re.fullmatch(f"(boto3:  |AWS CLI:) {ROLE}", line.strip()))
        for line in recipe.said("app")
    ] == [True] * 2
    assert "secret-token:" not in "\n".join(recipe.said("cone", "app"))
