"""What our endpoint must do, first part: where it is, and what points clients at it (sdk-contract §6)."""

import configparser
import hmac
import re
import shlex
import socket
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from clients.own_network import ADDRESS, own_network, why_not
from cone_cli.stage import cone_command
from cone_sidecar import authorization_tokens
from cone_sidecar.authorization_token import write_token
from cone_sidecar.authorization_tokens import AuthorizationTokens
from cone_sidecar.secret import Secret
from fakes.asked_endpoint import GO, GOOD, OTHER, SCENARIO, AskedEndpoint, P, Q
from fakes.simulated_stage import SimulatedStage

FULL = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
RELATIVE = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
ALPHABET = re.compile(r"[A-Za-z0-9._~+/=-]+")
ODD = "p-odd+role"
# What somebody may have set before, and what each of it would do to a client.
BEFORE = {
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_SESSION_TOKEN": "x",
    RELATIVE: "/elsewhere",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere",
    "AWS_ROLE_ARN": "arn:aws:iam::100000000009:role/Other",
    "AWS_PROFILE": "other",
    "AWS_DEFAULT_PROFILE": "other",
}


def shell(stage, profile=GOOD, **before):
    """Return the environment of a shell that took over what ``cone aws env`` says."""
    command = " ".join(map(shlex.quote, [*cone_command(), "aws", "env", profile]))
    done = subprocess.run(
        ["sh", "-c", f'eval "$({command})" && env -0'],
        env=stage.environment | before,
        capture_output=True,
        timeout=60,
        check=True,
    )
    return dict(each.split("=", 1) for each in done.stdout.decode().split("\0") if each)


def path_of(environment):
    return environment[FULL].partition("://")[2].partition("/")[2]


def test_rule_01_full_uri_on_loopback(endpoint):
    """Rule 1: the URI names 127.0.0.1, and no other of this machine's addresses is listened on.

    127.0.0.2 is refused by JavaScript v2, fromContainerMetadata and AWS CLI 2.9, [::1] by AWS CLI 2.9
    and JavaScript v2; RELATIVE_URI would win in all but Go v1.
    """
    found = shell(endpoint.stage, **{RELATIVE: "/elsewhere"})
    host, port = endpoint.address
    assert found[FULL] == f"http://127.0.0.1:{port}/credentials/{GOOD}"
    assert RELATIVE not in found
    assert host == "127.0.0.1"
    for other in ("127.0.0.2", "::1"):
        with pytest.raises(OSError), socket.create_connection((other, port), timeout=5):
            pass


@pytest.mark.skipif(bool(why_not()), reason=why_not())
def test_rule_01_relative_uri_at_169_254_170_2():
    """Rule 1: where the sidecar is 169.254.170.2, clients get the relative URI and no other.

    Ruby's 3.168 and other old ones know that one alone; FULL_URI beside it would win in Go v1.
    """

    def there():
        with SimulatedStage() as stage:
            stage.start(SCENARIO, "--auto-confirm")
            asked = AskedEndpoint(stage, listen="auto")
            found = shell(stage, **{FULL: "http://127.0.0.1:1/elsewhere"})
            return asked.address, found, asked.get(found[RELATIVE], GO, host=ADDRESS)

    with own_network() as network:
        address, found, answer = network.submit(there).result()
    assert address == (ADDRESS, 80)
    assert found[RELATIVE] == f"/credentials/{GOOD}"
    assert FULL not in found
    assert answer.status == 200


@pytest.mark.parametrize("profile", [GOOD, ODD])
def test_rule_02_one_plain_segment(endpoint, profile):
    """Rule 2: whatever the profile's name, its URL has one segment of letters, digits and ``._~-``.

    C++ encodes once more what is encoded; Go, Rust, Ruby and the CRT fail on a raw space, object_store
    panics.
    """
    environment = endpoint.environment(profile)
    prefix, segment = path_of(environment).split("/")
    assert prefix == "credentials"
    assert re.fullmatch(r"[A-Za-z0-9._~-]+", segment)
    assert "@" not in environment[FULL]
    answer = endpoint.get(f"/credentials/{segment}", GO, token=environment[TOKEN])
    assert answer.status == 200


def test_rule_02_no_query_is_needed(endpoint):
    """Rule 2: a query changes nothing, and names no profile: some Rust releases drop it."""
    endpoint.served()
    assert endpoint.get(f"/credentials/{GOOD}?profile={OTHER}").json()["AccountId"] == P
    assert endpoint.get(f"/credentials?profile={GOOD}").status == 404


def test_rule_03_both_token_variables(endpoint):
    """Rule 3: the variable and the file hold the same token, and either of them opens.

    object_store needs the file; Go v1, MinIO, fromContainerMetadata and AWS CLI 2.9 the variable; where
    both are set, JavaScript v2 and Java take the variable, others the file.
    """
    environment = endpoint.environment()
    by_variable, by_file = environment[TOKEN], Path(environment[TOKEN_FILE]).read_text()
    assert by_variable == by_file
    assert endpoint.ask(token=by_variable, headers=GO).status == 200


def test_rule_03_a_token_that_was_handed_out_stays_valid(endpoint):
    """Rule 3: after a rotation, the one before is right as well: a process keeps what it was given."""
    before = endpoint.environment()[TOKEN]
    master = endpoint.token
    write_token(Path(endpoint.sidecar.token_file), Secret("r" * 43))
    try:
        assert endpoint.ask(headers=GO).status == 200
        assert endpoint.ask(token=before, headers=GO).status == 200
        after = endpoint.environment()[TOKEN]
        assert after != before
        assert endpoint.ask(token=after, headers=GO).status == 200
    finally:
        write_token(Path(endpoint.sidecar.token_file), Secret(master))
        assert endpoint.ask(headers=GO).status == 200


def test_rule_04_the_file_is_the_header(endpoint):
    """Rule 4: every token file is the header's value and no byte more, for its owner alone.

    A newline at the end fails in boto3, the AWS CLI, Go, the CRT, Rust and JavaScript v2; object_store
    panics; without the file the CRT hangs.
    """
    environment = endpoint.environment()
    for path in (Path(environment[TOKEN_FILE]), Path(endpoint.sidecar.token_file)):
        content = path.read_bytes()
        assert ALPHABET.fullmatch(content.decode("ascii"))
        assert path.stat().st_mode & 0o777 == 0o600
        assert endpoint.ask(token=content.decode(), headers=GO).status == 200


def test_rule_04_the_file_is_replaced_as_a_whole(endpoint):
    """Rule 4: who has it open reads the old one to its end; its name never leads nowhere or to a part."""
    path = Path(endpoint.environment()[TOKEN_FILE])
    master = endpoint.token
    seen = set()
    with path.open() as held:
        before = path.read_text()
        write_token(Path(endpoint.sidecar.token_file), Secret("s" * 43))
        try:
            endpoint.ask(headers=GO)
            while (now := path.read_text()) == before:
                seen.add(now)
            seen.add(now)
            assert held.read() == before
        finally:
            write_token(Path(endpoint.sidecar.token_file), Secret(master))
            endpoint.ask(headers=GO)
    assert {len(each) for each in seen} == {len(before)}


@pytest.mark.parametrize("form", ["{}", "Bearer {}"])
def test_rule_05_the_token_s_alphabet(endpoint, form):
    """Rule 5: it goes through every client unchanged; none adds a scheme, and one may be stated."""
    for token in (endpoint.token, endpoint.environment()[TOKEN]):
        assert ALPHABET.fullmatch(token)
        assert endpoint.ask(token=form.format(token), headers=GO).status == 200
    for token in (
        "",
        "Bearer ",
        "Basic " + endpoint.token,
        endpoint.token[:-1],
        endpoint.token + "=",
    ):
        assert endpoint.ask(token=token or "Bearer").status == 401


def test_rule_05_constant_time(clock, monkeypatch):
    """Rule 5: right or wrong at whatever place, the same whole values are compared in constant time."""
    compared = []

    def compare(known, presented):
        compared.append(known)
        return hmac.compare_digest(known, presented)

    monkeypatch.setattr(authorization_tokens, "hmac", SimpleNamespace(compare_digest=compare))
    tokens = AuthorizationTokens(Secret("t" * 43), clock=clock)
    tokens.of_profile("dev")
    seen = []
    for presented in (
        "t" * 43,
        "x" + "t" * 42,
        "t" * 42 + "x",
        tokens.of_profile("dev").reveal(),
        "",
    ):
        compared.clear()
        tokens.opens(presented.encode(), "dev")
        seen.append(tuple(compared))
    assert len(set(seen)) == 1
    assert len(seen[0]) == 4


def test_rule_24_no_surprise_elsewhere(endpoint):
    """Rule 24: JavaScript v2 asks no instance metadata, Rust and object_store no proxy for our host."""
    found = shell(endpoint.stage, NO_PROXY="intranet.example", HTTP_PROXY="http://127.0.0.1:1")
    assert found["AWS_EC2_METADATA_DISABLED"] == "true"
    assert found["NO_PROXY"].split(",") == ["intranet.example", "127.0.0.1", "localhost"]
    assert found["no_proxy"] == found["NO_PROXY"]


def test_rule_25_the_child_s_environment(endpoint):
    """Rule 25: what would win over the URI is absent, not empty, and files with keys aren't read.

    Keys in the environment win in every client, and so does a ``[default]`` with keys in nearly all;
    boto3, the AWS CLI, Rust and Ruby take an empty variable for one that is set.
    """
    found = shell(endpoint.stage, **BEFORE)
    assert not set(BEFORE) & set(found)
    assert {FULL, TOKEN, TOKEN_FILE} <= set(found)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        assert Path(found[name]).read_bytes() == b""


def test_rule_25_the_region_is_set(endpoint):
    """Rule 25: a profile's region goes into both variables: boto3 reads the one, Go and Java the other."""
    config = configparser.ConfigParser()
    config.read(endpoint.stage.home / ".aws" / "config")
    region = config[f"profile {OTHER}"]["region"]
    found = shell(endpoint.stage, OTHER, AWS_REGION="elsewhere")
    assert (found["AWS_REGION"], found["AWS_DEFAULT_REGION"]) == (region, region)


def test_rule_26_each_role_at_its_own_path(endpoint):
    """Rule 26: a narrower role has a path of its own: Go v1, C++ and JavaScript v2 don't assume one."""
    assert endpoint.served(GOOD).json()["AccountId"] == P
    assert endpoint.served(OTHER).json()["AccountId"] == Q
    own = endpoint.environment(GOOD)[TOKEN]
    assert endpoint.ask(GOOD, token=own).status == 200
    assert endpoint.ask(OTHER, token=own).status == 401


def test_rule_27_unsupported_clients_are_named(endpoint):
    """Rule 27: old Ruby ignores FULL_URI, C++ and MinIO go on unsigned: the doctor and the page say so."""
    done = endpoint.stage.attempt([*cone_command(), "aws", "doctor"], endpoint.environment())
    lines = done.stdout.splitlines()
    assert any("3.168" in line and FULL in line for line in lines)
    assert any("C++ and MinIO go on unsigned" in line for line in lines)
    page = (Path(__file__).parents[2] / "docs" / "clients.md").read_text()
    assert "3.168" in page
    assert "goes on unsigned" in page
