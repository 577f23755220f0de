"""Bad input: one line with what to do, a stable exit code, nothing half-written, no traceback."""

import shutil
import socket

import pytest

from fakes.simulated_stage import SimulatedStage
from fakes.spoilt_home import ADMIN, SCENARIO, SETUP, Home

SERVE = ["serve", "--listen", "127.0.0.1:0", "--management-listen", "127.0.0.1:0"]
TENANT_VARIABLES = ("CONE_API_ENDPOINT", "CONE_CLIENT_ID", "CONE_CLIENT_SECRET")
AWS_VARIABLES = ("AWS_ENDPOINT_URL_SSO", "AWS_ENDPOINT_URL_SSO_OIDC", "AWS_ENDPOINT_URL_STS")
INCOMPLETE = """\
[profile production-admin]
credential_process = /opt/cone aws credentials production-admin
cone_entitlement_id = x
cone_sso_account_id = 100000000001
cone_sso_role_name = Admin
cone_sso_region = us-east-1
cone_sso_start_url = https://acme.awsapps.com/start
"""


@pytest.fixture(name="origin", scope="module")
def _origin(simulated_once):
    """Give a home in which everything is right, and a session in it."""
    simulated_once.start(SCENARIO, "--auto-confirm")
    assert simulated_once.cone("aws", "login").returncode == 0
    return simulated_once


@pytest.fixture(name="home")
def _home(origin, tmp_path):
    """Give a copy of that home, to be spoilt."""
    return Home(origin, tmp_path / "home")


def refused(home, arguments, exit_code, *texts):
    """Run ``cone``, which has to refuse in one line and a hint, and change nothing."""
    before = home.tree()
    done = home.cone(*arguments)
    assert done.returncode == exit_code, (done.returncode, done.stdout, done.stderr)
    # A set-up tells its settings before it asks the tenant.
    assert all(line.startswith("INFO  ") for line in done.stdout.splitlines())
    said = done.stderr
    assert "Traceback" not in said
    assert "internal error" not in said
    # What went before is the story as it was told; the end is one line and its hint.
    *_, error, hint = said.splitlines()
    assert error.startswith("cone: error: "), said
    assert hint.startswith("cone: hint: "), said
    assert said.count("cone: error: ") == 1
    for text in texts:
        assert text in f"{error}\n{hint}", said
    assert home.tree() == before
    assert home.litter() == []


@pytest.mark.parametrize(
    ("arguments", "exit_code", "texts"),
    [
        (["frobnicate"], 2, ['unknown command "frobnicate" for "cone"', "hint: cone --help"]),
        (["aws", "exce", "p", "--", "ls"], 2, ['did you mean "exec"? Else see: cone aws --help']),
        (
            ["aws", "list", "--grantd"],
            2,
            ['did you mean "--granted"? Else see: cone aws list --help'],
        ),
        (["aws", "--frobnicate", "list"], 2, ["--frobnicate", "hint: cone aws --help"]),
        (["aws", "exec", "--", "ls"], 2, ["required: profile\n", "cone aws exec --help"]),
        (["taks", "get", "1"], 2, ['did you mean "task"?']),
        (["aws", "logn"], 2, ['unknown command "logn" for "cone aws"', 'did you mean "login"?']),
        (["help", "frobnicate"], 2, ['unknown command "frobnicate"']),
        (["generate-alias", "--dry-run"], 2, ["ConductorOne's own cone", "generate-alias"]),
        (["two\nlines"], 2, ['"two\\nlines"']),
        (["aws", "credentials"], 2, ["profile", "--help"]),
        (["aws", "credentials", "two", "words"], 2, ["words"]),
        (["aws", "credentials", "--no-such-option", "p"], 2, ["--no-such-option"]),
        (["aws", "env", "two", "words"], 2, ["words"]),
        (["aws", "setup", "--sso-url", "nonsense"], 2, ["--sso-url is not a URL"]),
        (["aws", "setup", "--sso-url", "https://x/\n[evil]"], 2, ["--sso-url is not a URL"]),
        ([*SETUP, "--sso-region", "mars"], 2, ["--sso-region is not an AWS region"]),
        ([*SETUP, "--region", "us-east-1\nx"], 2, ["--region is not an AWS region"]),
        (["login"], 2, ["tenant"]),
        (["login", "http://nosuch.invalid"], 6, ["export CONE_INSECURE_HOSTS=nosuch.invalid"]),
        (
            ["serve", "--listen", "9911"],
            2,
            ["--listen takes an IP address or localhost, and a port"],
        ),
        (["serve", "--listen", "127.0.0.1:99999"], 2, ["--listen"]),
        (["serve", "--management-listen", "nowhere:1"], 2, ["--management-listen"]),
        (["serve", "--listen", "192.0.2.1:9911"], 1, ["can't listen on 192.0.2.1:9911"]),
        (["simulator", "--port", "many"], 2, ["--port"]),
        (["whoami", "-o", "poem"], 2, ["poem"]),
    ],
)
def test_what_is_put_wrongly(home, arguments, exit_code, texts):
    """A command line that can't be right is refused before anything is done."""
    refused(home, arguments, exit_code, *texts)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("production-admim", 'did you mean "production-admin"?'),
        ("elsewhere", "cone aws setup"),
        ("", "no profile"),
        ("../../etc/passwd", "no profile"),
        ("tür\x1b[31m\n", "no profile"),
    ],
)
def test_an_unknown_profile(home, name, text):
    """It is named, with the nearest one, and never printed raw."""
    refused(home, ["aws", "credentials", name], 1, text)


def test_a_profile_of_an_older_version(home):
    """Without ``cone_app_id`` it is told of in the original's words."""
    home.aws_config.write_text(INCOMPLETE)
    before = home.tree()
    done = home.cone(*ADMIN)
    assert done.returncode == 1
    assert done.stdout == ""
    message, hint = done.stderr.splitlines()
    assert "missing cone_app_id or cone_entitlement_id" in message
    assert hint.startswith("cone: hint: ")
    assert "cone aws setup" in hint
    assert home.tree() == before


def test_no_aws_config(home):
    """Before the first set-up there is no profile, and the hint is to set up."""
    home.aws_config.unlink()
    refused(home, ADMIN, 1, "no profile", "cone aws setup")
    home.cone_config.unlink()
    refused(home, ["aws", "login"], 1, "cone aws setup --sso-url")
    refused(home, ["aws", "setup"], 2, "--sso-url is required on first run")


@pytest.mark.parametrize("arguments", [ADMIN, SETUP, ["whoami"]])
def test_no_login(home, arguments):
    """Without a client id the way is shown to log in."""
    home.without(*TENANT_VARIABLES)
    refused(home, arguments, 3, "cone login")


@pytest.mark.parametrize(
    "secret",
    [
        "nonsense",
        "secret-token:conductorone.com:v1:bm9uc2Vuc2U",
        "secret-token:conductorone.com:v9:x",
    ],
)
def test_a_secret_that_is_none(home, secret):
    """A client secret that can't be read is told of, and not shown."""
    home.environment["CONE_CLIENT_SECRET"] = secret
    done = home.cone("whoami")
    refused(home, ["whoami"], done.returncode, "cone login")
    assert done.returncode in {1, 3}
    assert secret not in done.stderr


def test_the_secret_of_another(home):
    """A well-formed secret of somebody else is refused by the tenant: log in again."""
    with SimulatedStage() as other:
        other.start_simulator(SCENARIO.replace("ada@", "grace@"))
        secret = other.environment["CONE_CLIENT_SECRET"]
    assert secret != home.environment["CONE_CLIENT_SECRET"]
    home.environment["CONE_CLIENT_SECRET"] = secret
    for arguments in (["whoami"], SETUP):
        refused(home, arguments, 3, "cone login")


def test_an_unknown_client(home):
    """A client id that the tenant doesn't know is refused the same way."""
    home.environment["CONE_CLIENT_ID"] = f"x{home.environment['CONE_CLIENT_ID']}"
    refused(home, ["whoami"], 3, "cone login")


def test_the_tenant_does_not_answer(home):
    """A closed port is told of with its host; AWS's answer alone is served, unverified."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    home.environment["CONE_API_ENDPOINT"] = f"http://127.0.0.1:{port}"
    for arguments in (["whoami"], SETUP):
        refused(home, arguments, 6, f"127.0.0.1:{port}")
    done = home.cone(*ADMIN)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('{"Version":1,')


@pytest.mark.parametrize(
    "endpoint", ["http://acme.example", "ftp://acme.example", "a b", "http://["]
)
def test_an_endpoint_that_is_none(home, endpoint):
    """Plain HTTP beyond this machine, and what is no host at all, is refused before it is called."""
    home.environment["CONE_API_ENDPOINT"] = endpoint
    refused(home, ["whoami"], 1)


def test_the_wrong_sso_region(home, origin):
    """The portal refuses a session that was just made: it is said what that means."""
    shutil.rmtree(home.path / ".aws" / "sso")
    before = home.tree()
    origin.control("POST", "/faults", {"operation": "GetRoleCredentials", "status": 401})
    try:
        done = home.cone(*ADMIN)
    finally:
        origin.control("DELETE", "/faults")
    assert (done.returncode, done.stdout) == (3, "")
    logging_in, error, hint = done.stderr.splitlines()
    assert logging_in == "AWS SSO session expired. Logging in..."
    assert error.startswith("cone: error: Session token not found or invalid")
    assert "cone aws setup --sso-region <region>" in hint
    shutil.rmtree(home.path / ".aws" / "sso")
    assert home.tree() == before


def test_a_region_that_is_not_there(home):
    """A region that nobody answers for leads to the SSO region among the reasons."""
    home.without(*AWS_VARIABLES)
    home.aws_config.write_text(home.aws_config.read_text().replace("us-east-1", "mo-on-1"))
    refused(home, ADMIN, 6, "SSO region", "cone aws setup show")


SPOILT = {
    "a directory": lambda path: (path.unlink(), path.mkdir()),
    "no text": lambda path: path.write_bytes(b"\xff\xfe\x00binary"),
}


@pytest.mark.parametrize("how", SPOILT)
@pytest.mark.parametrize("arguments", [ADMIN, SETUP, SERVE])
def test_an_aws_config_that_cannot_be_read(home, how, arguments):
    """Its path is named, and it stays as it is."""
    SPOILT[how](home.aws_config)
    refused(home, arguments, 1, ".aws/config")


@pytest.mark.parametrize("text", ["[profile", "key without section\n", "[profile x]\n= 1\n"])
def test_a_malformed_aws_config(home, text):
    """The line is named, and the file stays as it is."""
    home.aws_config.write_text(home.aws_config.read_text() + text)
    refused(home, SETUP, 1, ".aws/config", "line")


@pytest.mark.parametrize("how", [*SPOILT, "malformed", "a list"])
@pytest.mark.parametrize("arguments", [["whoami"], SETUP])
def test_a_config_of_cone_that_cannot_be_read(home, how, arguments):
    """Its path is named, no line of it is shown, and it stays as it is."""
    home.without(*TENANT_VARIABLES)
    match how:
        case "malformed":
            home.cone_config.write_text("profiles:\n  default: {client-secret: hush\n")
        case "a list":
            home.cone_config.write_text("- hush\n")
        case _:
            SPOILT[how](home.cone_config)
    refused(home, arguments, 1, ".conductorone/config.yaml")
    assert "hush" not in home.cone(*arguments).stderr


def test_a_port_in_use(home):
    """It is said which, and how to choose another one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused(home, ["serve", "--listen", f"127.0.0.1:{port}"], 1, "already in use", "--listen")


@pytest.mark.parametrize(
    "content", ["", "too-short", "x" * 40 + "\n", "ü" * 40, "a b" * 20], ids=range(5)
)
def test_a_bad_token_file(home, content):
    """A token that clients couldn't send is refused, never shown, and the file stays as it is."""
    file = home.path / "token"
    file.write_text(content)
    refused(home, [*SERVE, "--token-file", str(file)], 1, str(file))
    if content.strip():
        assert content not in home.cone(*SERVE, "--token-file", str(file)).stderr


def test_a_token_file_that_cannot_be_made(home):
    """A directory in its place, or none to put it in, is told of."""
    refused(home, [*SERVE, "--token-file", str(home.path)], 1, "--token-file")
    file = home.path / "scenario.yaml" / "token"
    refused(home, [*SERVE, "--token-file", str(file)], 1, "--token-file")


def test_no_sidecar_runs(home):
    """``cone aws env`` says how to start one."""
    refused(home, ["aws", "env", "production-admin"], 6, "cone serve")


def test_a_home_that_cannot_be_written(home):
    """Set-up is refused; credentials, which need no file of ours, are served all the same."""
    for name in (".conductorone", ".cache"):
        shutil.rmtree(home.path / name)
        (home.path / name).write_text("a file where a directory belongs")
    refused(home, SETUP, 1, ".conductorone")
    done = home.cone(*ADMIN)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('{"Version":1,')
    assert "Traceback" not in done.stderr
