"""The simulated STS against real botocore clients."""

import boto3
import httpx
import pytest

from fakes.botocore_clients import (
    SCENARIO,
    control,
    refused,
    role_session,
    sign_in,
    sts_of,
    unsigned,
)
from fakes.running_simulator import running_simulator


@pytest.fixture(name="running")
def _running(tmp_path):
    """Serve the scenario above."""
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(SCENARIO)
    with running_simulator(scenario) as served:
        yield served


def test_sts_confirms_the_role_that_the_portal_gave(running):
    """From device sign-in to GetCallerIdentity, everything by botocore."""
    url, _ = running
    token, _ = sign_in(url)
    assert token["tokenType"] == "Bearer"
    assert token["expiresIn"] == 3600
    identity = sts_of(role_session(url, token["accessToken"]), url).get_caller_identity()
    role = "arn:aws:sts::100000000001:assumed-role/AWSReservedSSO_Admin_"
    assert identity["Account"] == "100000000001"
    assert identity["Arn"].startswith(role)
    assert identity["Arn"].endswith("/ada@example.com")
    assert identity["UserId"].endswith(":ada@example.com")


def test_a_presigned_url_of_sts_is_answered(running):
    """GetCallerIdentity by GET, signed in the query, as cluster sign-ins use it."""
    url, _ = running
    token, _ = sign_in(url)
    sts = sts_of(role_session(url, token["accessToken"]), url)
    presigned = sts.generate_presigned_url("get_caller_identity", HttpMethod="GET")
    answer = httpx.get(presigned)
    assert answer.status_code == 200
    assert "<Account>100000000001</Account>" in answer.text


def test_foreign_credentials_are_refused_by_sts(running):
    """An unknown key, a wrong secret, a missing session token and no signature are told apart."""
    url, _ = running
    token, _ = sign_in(url)
    keys = role_session(url, token["accessToken"]).get_credentials()
    unknown = boto3.Session("ASIAUNKNOWN", "s", "t")
    wrong = boto3.Session(keys.access_key, "wrong", keys.token)
    tokenless = boto3.Session(keys.access_key, keys.secret_key)
    for session, code in (
        (unknown, "InvalidClientTokenId"),
        (wrong, "SignatureDoesNotMatch"),
        (tokenless, "InvalidClientTokenId"),
    ):
        assert refused(sts_of(session, url).get_caller_identity)[:2] == (code, 403)
    assert refused(unsigned("sts", url).get_caller_identity)[:2] == (
        "MissingAuthenticationToken",
        403,
    )


def test_ended_credentials_are_refused_by_sts(running):
    """An hour later, on the simulated clock, STS answers ExpiredToken."""
    url, _ = running
    token, _ = sign_in(url)
    sts = sts_of(role_session(url, token["accessToken"]), url)
    control(url, "clock/advance", {"seconds": 3600})
    assert refused(sts.get_caller_identity)[:2] == ("ExpiredToken", 403)


def test_sts_knows_no_other_action(running):
    """Other operations of STS are refused as unknown."""
    url, _ = running
    token, _ = sign_in(url)
    sts = sts_of(role_session(url, token["accessToken"]), url)
    assert refused(sts.get_session_token)[:2] == ("InvalidAction", 400)
