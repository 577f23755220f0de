"""``cone aws env --shell compose``: a Compose file's words for a service beside the sidecar."""

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cone_cli.commands import aws_env
from cone_cli.compose_service import compose_document
from cone_cli.container_environment import UNWANTED
from cone_cli.dispatch import build_parser

SECRET = "s" * 43
ACCESS = {
    "url": "http://127.0.0.1:9911",
    "profile": "dev",
    "slug": "dev",
    "region": "eu-central-1",
    "token": SECRET,
    "token_file": "/var/lib/cone/.cache/cone-sidecar/tokens/dev",
}
COMMON = {
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
}
CONFIG = """\
[profile staging]
cone_app_id = a
cone_entitlement_id = e
cone_sso_account_id = 100000000001
cone_sso_role_name = R
cone_sso_start_url = https://acme.awsapps.com/start
cone_sso_region = us-east-1
region = ap-south-1
"""


def document(**access):
    return yaml.safe_load(compose_document(ACCESS | access))


@pytest.fixture(name="printed")
def _printed(tmp_path, monkeypatch, capsys):
    """Give what the command prints where no sidecar runs."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("CONE_AWS_CONFIG_FILE", raising=False)
    config = tmp_path / "config"
    config.write_text(CONFIG)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))

    def printed(*arguments):
        args = build_parser().parse_args(["aws", "env", *arguments])
        assert aws_env.run(args) == 0
        return capsys.readouterr().out

    return printed


def test_on_loopback():
    """The app shares the sidecar's network, follows its restarts, and reads the token from the volume."""
    assert document() == {
        "services": {
            "app": {
                "depends_on": {"cone": {"condition": "service_healthy", "restart": True}},
                "network_mode": "service:cone",
                "environment": {
                    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9911/credentials/dev",
                    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/run/cone/token",
                    "NO_PROXY": "127.0.0.1,localhost",
                    "no_proxy": "127.0.0.1,localhost",
                    **COMMON,
                },
                "volumes": ["token:/run/cone:ro"],
            }
        },
        "volumes": {"token": {}},
    }


def test_at_aws_s_own_address():
    """There the app keeps its own network, joins the one of the sidecar, and needs no restart."""
    found = document(url="http://169.254.170.2")
    app = found["services"]["app"]
    assert "network_mode" not in app
    assert app["networks"] == ["default", "credentials"]
    assert found["networks"] == {"credentials": {}}
    assert app["depends_on"] == {"cone": {"condition": "service_healthy"}}
    assert app["environment"]["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] == "/credentials/dev"
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI" not in app["environment"]


def test_without_a_token():
    """Where none is asked for, there is neither a variable nor a volume for it."""
    found = document(token="")
    assert "volumes" not in found
    assert "volumes" not in found["services"]["app"]
    assert not [name for name in found["services"]["app"]["environment"] if "TOKEN" in name]


def test_the_token_itself_is_never_shown():
    """The file is kept with the code."""
    assert SECRET not in compose_document(ACCESS)


def test_what_has_to_be_absent_is_told_in_a_comment():
    """Named as a key it would be passed on from the shell in which Compose runs."""
    first, _, rest = compose_document(ACCESS).partition("\n")
    assert first.startswith("# to be left out: ")
    assert set(first.split()[5:]) <= set(UNWANTED)
    assert "AWS_PROFILE" in first
    assert "AWS_PROFILE" not in rest


def test_a_region_that_is_not_known_is_asked_for():
    """Without one, clients that don't sign for a region of their own fail in words of theirs."""
    asked = "# to be added: AWS_REGION and AWS_DEFAULT_REGION"
    assert asked in compose_document(ACCESS | {"region": ""}).splitlines()
    assert asked not in compose_document(ACCESS)


@settings(max_examples=80, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40))
def test_values_are_values(region):
    """Whatever a region is called, YAML reads it as that text, and Compose puts nothing in."""
    found = document(region=region)
    value = found["services"]["app"]["environment"].get("AWS_REGION", "")
    assert "$" not in value.replace("$$", "")
    assert value.replace("$$", "$") == region
    assert set(found) == {"services", "volumes"}


def test_no_sidecar_has_to_run(printed):
    """On the machine where the file is written there is none; the region is the profile's own."""
    app = yaml.safe_load(printed("staging", "--shell", "compose"))["services"]["app"]
    assert app["environment"]["AWS_REGION"] == "ap-south-1"
    assert app["network_mode"] == "service:cone"
    assert app["volumes"] == ["token:/run/cone:ro"]


def test_nor_has_the_profile_to_be_known(printed, monkeypatch):
    """There profiles come from the tenant: a name that is in no file here is taken, with a warning."""
    said = []
    monkeypatch.setattr(aws_env.terminal, "note", said.append)
    app = yaml.safe_load(printed("My Prof", "--shell", "compose"))["services"]["app"]
    uri = app["environment"]["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
    assert uri == "http://127.0.0.1:9911/credentials/My-Prof-ec1b37c1"
    assert "AWS_REGION" not in app["environment"]
    assert said[0].startswith('warning: no profile "My Prof" in ')


def test_each_syntax_is_one_of_the_command(monkeypatch, capsys):
    """Every choice of --shell prints the variables; JSON stays JSON for a name that needs a slug."""
    monkeypatch.setattr(
        aws_env, "_access", lambda profile: ACCESS | {"profile": profile, "slug": "s"}
    )
    for syntax in ("bash", "fish", "pwsh", "dotenv", "json", "compose"):
        args = build_parser().parse_args(["aws", "env", "My Prof", "--shell", syntax])
        assert aws_env.run(args) == 0
        out = capsys.readouterr().out
        assert "http://127.0.0.1:9911/credentials/s" in out
        assert out.startswith('# in URLs, "My Prof" is s\n') == (syntax not in {"json", "compose"})
        if syntax == "json":
            assert json.loads(out)["AWS_PROFILE"] is None
