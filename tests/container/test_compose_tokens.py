"""Several profiles behind one sidecar: each app gets its own, another one's never, a stranger nothing."""

import json
import re

import pytest

pytestmark = pytest.mark.container

SIDECAR = "http://169.254.170.2/credentials"
OWN = {"deployer": "production-admin", "reporter": "production-readonly"}
ROLES = {"deployer": "Admin", "reporter": "ReadOnly"}
ELSEWHERE = [("deployer", "production-readonly"), ("reporter", "production-admin")]
URI = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
BOTO3 = ("/opt/venv/bin/python", "/identity.py")
PORTS = "import socket; [socket.create_connection(('169.254.170.2', {}), 3)]"


@pytest.fixture(scope="module", name="recipe")
def _recipe(recipes):
    """Give the recipe, after its own command has ended."""
    recipe = recipes("several-profiles")
    recipe.up()
    return recipe


def token_of(recipe, service):
    """Return the token that a service's container can read."""
    return recipe.run_in(service, "cat", "/run/cone/token").stdout


@pytest.mark.parametrize("service", OWN)
def test_each_app_has_its_own_role(recipe, service):
    """boto3 and the AWS CLI, as another user each, print the role of the profile that is theirs."""
    said = recipe.said(service)
    assert len(said) == 2
    assert all(f":assumed-role/AWSReservedSSO_{ROLES[service]}_" in line for line in said)


@pytest.mark.parametrize(("service", "profile"), ELSEWHERE)
def test_another_app_s_profile_is_refused(recipe, service, profile):
    """The token of an app's own profile doesn't open the other one."""
    status, body = recipe.ask(service, f"{SIDECAR}/{profile}", token_of(recipe, service))
    assert (status, body["code"]) == (401, "Unauthorized")
    assert "AccessKeyId" not in body


def test_the_aws_cli_says_so(recipe):
    """At the other app's profile it ends with the sidecar's words; boto3: test_compose_symptoms.py."""
    service, profile = ELSEWHERE[0]
    elsewhere = ("env", f"{URI}=/credentials/{profile}")
    done = recipe.run_in(service, *elsewhere, "aws", "sts", "get-caller-identity", ok=False)
    assert done.returncode != 0
    assert "Received non 200 response 401 from container metadata" in done.stderr
    assert "wrong authorization token, or another profile's" in done.stderr


@pytest.mark.parametrize("profile", ["production-admin", "production-readonly", "unheard-of"])
def test_a_container_without_a_token_gets_nothing(recipe, profile):
    """On the same network, without the volume, the answer is the same 401 for every name."""
    ask = json.dumps(f"{SIDECAR}/{profile}")
    code = f"import urllib.request; urllib.request.urlopen({ask})"
    # A volume of its own, empty, lies over the one with the token.
    stranger = ("run", "--rm", "--no-deps", "-T", "--volume=/run/cone")
    done = recipe(*stranger, "reporter", "python3", "-c", code, ok=False)
    assert "HTTP Error 401" in done.stderr
    if profile == "production-admin":
        without = ("env", f"--unset={TOKEN_FILE}", f"{URI}=/credentials/{profile}")
        done = recipe(*stranger, "reporter", *without, *BOTO3, ok=False)
        assert done.returncode != 0
        assert "response 401 from container metadata" in done.stderr
        assert "no authorization token" in done.stderr


def test_nobody_can_read_the_others_file(recipe):
    """An app sees one token, its group's to read and nobody's to write; the master token stays behind."""
    for service in OWN:
        listed = recipe.run_in(service, "find", "/run/cone", "/var/lib", "-name", "token").stdout
        assert listed.split() == ["/run/cone/token"]
        mode = recipe.run_in(service, "stat", "--format=%a %u %g", "/run/cone/token").stdout
        assert mode.split() == ["440", "65532", "2000"]
        written = recipe.run_in(service, "sh", "-c", "echo x > /run/cone/token", ok=False)
        assert written.returncode != 0
        other = recipe.run_in(service, "sh", "-c", "echo x > /run/cone/other", ok=False)
        assert "Read-only file system" in other.stderr
    tokens = [token_of(recipe, service) for service in OWN]
    master = recipe.run_in("cone", "cat", "/var/lib/cone/token").stdout
    assert len({master, *tokens}) == 3


@pytest.mark.parametrize("port", [9911, 9912])
def test_the_management_listener_is_not_on_the_network(recipe, port):
    """Apps reach one port of the sidecar, the one of SDKs."""
    done = recipe.run_in("reporter", "python3", "-c", PORTS.format(port), ok=False)
    assert "ConnectionRefusedError" in done.stderr
    recipe.run_in("reporter", "python3", "-c", PORTS.format(80))


def test_no_secret_is_logged_or_described(recipe):
    """Neither tokens nor keys are in a log, nor in what the engine says of the apps."""
    secrets = [token_of(recipe, service) for service in OWN]
    secrets.append(recipe.run_in("cone", "cat", "/var/lib/cone/token").stdout)
    secrets.append(recipe.run_in("cone", "printenv", "CONE_CLIENT_SECRET").stdout.strip())
    for service, profile in OWN.items():
        status, body = recipe.ask(service, f"{SIDECAR}/{profile}", token_of(recipe, service))
        assert status == 200
        secrets += [body["SecretAccessKey"], body["Token"], body["AccessKeyId"]]
    assert recipe.ask("reporter", f"{SIDECAR}/production-readonly", "wrong")[0] == 401
    seen = "\n".join(recipe.said("cone", *OWN))
    seen += "".join(json.dumps(recipe.inspect(service)) for service in OWN)
    assert all(len(secret) >= 20 for secret in secrets)
    assert [secret for secret in secrets if secret in seen] == []
    assert re.search("WARNING refused: .*Unauthorized", seen)
