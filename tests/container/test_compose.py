"""The Compose recipes, run as they are: real AWS clients in app containers get their identity."""

import json
import re

import pytest

from fakes.compose_recipe import EXAMPLES

IDENTITY = (
    r"(?:boto3:  |AWS CLI:) arn:aws:sts::\d{12}:assumed-role/"
    r"AWSReservedSSO_(\w+)_\w{16}/(\S+)@example\.com"
)
ADMIN, READ_ONLY, ANALYST = ("Admin", "ada"), ("ReadOnly", "ada"), ("Analyst", "lin")
RECIPES = {
    "shared-network": {"app": ADMIN},
    "pod-network": {"app": ADMIN},
    "credentials-network": {"app": ADMIN},
    "several-sidecars": {"admin": ADMIN, "analyst": ANALYST},
    "local-endpoints": {"app": ADMIN},
}
# Proved in modules of their own.
ELSEWHERE = {"several-profiles", "with-a-person"}

pytestmark = pytest.mark.container


def identities(recipe, service):
    """Return who the clients of a service said that they are: boto3, then the AWS CLI."""
    found = [re.fullmatch(IDENTITY, line.strip()) for line in recipe.said(service)]
    return [match.groups() for match in found if match]


def test_each_recipe_is_run():
    """No directory of examples/compose is left out."""
    there_are = {path.parent.name for path in EXAMPLES.glob("*/compose.yaml")}
    assert there_are == set(RECIPES) | ELSEWHERE


def test_compose_takes_the_file_for_a_tenant(docker, tmp_path):
    """The whole file of docs/compose.md is one that Compose understands."""
    page = (EXAMPLES.parents[1] / "docs" / "compose.md").read_text()
    file = tmp_path / "compose.yaml"
    file.write_text(re.findall(r"^```yaml\n(services:.*?)^```$", page, re.DOTALL | re.MULTILINE)[0])
    found = docker("compose", "-f", str(file), "config", "--format", "json").stdout
    assert set(json.loads(found)["services"]) == {"cone", "app"}


@pytest.mark.parametrize("name", RECIPES)
def test_boto3_and_the_aws_cli_are_who_sts_says(recipes, name):
    """With no grant at the start, both have the role after the recipe's own command; no secret is logged."""
    recipe = recipes(name)
    recipe.up()
    for service, identity in RECIPES[name].items():
        assert identities(recipe, service) == [identity, identity]
    sidecars = {"several-sidecars": ["cone-acme", "cone-globex"]}.get(name, ["cone"])
    sidecars = ["ecs-local-endpoints"] if name == "local-endpoints" else sidecars
    logged = "\n".join(recipe.said(*sidecars, *RECIPES[name]))
    assert "no active grant" in logged
    assert not re.search(r"secret-token:|SecretAccessKey|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", logged)
    for service in RECIPES[name]:
        described = json.dumps(recipe.inspect(service))
        assert not re.search(r"secret-token:|AWS_CONTAINER_AUTHORIZATION_TOKEN=", described)


def test_the_paths_of_aws_s_own_container(recipes):
    """/creds gives the default profile, /role/<profile> any, without a token; nothing else is there."""
    recipe = recipes("local-endpoints")
    recipe("up", "--detach", "--wait", "ecs-local-endpoints", "simulator")
    role = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/role/production-readonly"
    done = recipe("run", "--rm", "--no-deps", "-T", "--env", role, "app")
    assert [re.search(IDENTITY, line).groups() for line in done.stdout.splitlines()] == [
        READ_ONLY,
        READ_ONLY,
    ]
    ask = ("run", "--rm", "--no-deps", "-T", "app", "python3", "-c", STATUSES)
    # The task metadata of that container has no place here; the management listener isn't on the network.
    assert json.loads(recipe(*ask).stdout) == {
        "/creds": 200,
        "/role/staging-poweruser": 200,
        "/role/unheard-of": 403,
        "/v3": 404,
        ":9912/livez": "refused",
    }


STATUSES = """
import json, urllib.error, urllib.request
def status(path):
    try:
        return urllib.request.urlopen("http://169.254.170.2" + path, timeout=9).status
    except urllib.error.HTTPError as answer:
        return answer.code
    except urllib.error.URLError:
        return "refused"
paths = ("/creds", "/role/staging-poweruser", "/role/unheard-of", "/v3", ":9912/livez")
print(json.dumps({path: status(path) for path in paths}))
"""
