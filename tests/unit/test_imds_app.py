"""The instance metadata listener, in process: what an instance's programs are told."""

import dataclasses

import pytest

from fakes.access import PROFILE
from fakes.imds_instance import (
    BOTOCORE,
    EXTENDED,
    IDENTITY,
    IN_REGION,
    ROLES,
    ZONE,
    Instance,
)


@pytest.fixture(name="instance")
def _instance(clock):
    return Instance(clock)


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("roles", [ROLES, EXTENDED])
async def test_the_role_is_named(instance, roles, slash):
    """The profile's name is the only role, with and without a slash behind the path."""
    answer = await instance.get(roles + slash)
    assert answer.status_code == 200
    assert answer.text == PROFILE.name
    assert answer.headers["content-type"] == "text/plain"


async def test_the_role_is_named_by_the_slug(clock):
    """A name that clients would change on its way is replaced by its slug, and that is served."""
    instance = Instance(clock, dataclasses.replace(IN_REGION, name="Ünsere Produktion"))
    role = (await instance.get(ROLES)).text
    assert role.isascii()
    assert " " not in role
    assert (await instance.get(f"{ROLES}/{role}")).status_code == 200


async def test_the_slug_names_the_profile_as_well(clock):
    """The listener may be told a slug instead of a name."""
    profile = dataclasses.replace(IN_REGION, name="Ünsere Produktion")
    role = (await Instance(clock, profile).get(ROLES)).text
    instance = Instance(clock, profile, name=role)
    assert (await instance.get(ROLES)).text == role
    assert (await instance.get(f"{ROLES}/{role}")).json()["Code"] == "Success"


async def test_the_credentials_have_an_instances_fields(instance):
    """The document has what an instance's has, with times in Z; the account only in the extended one."""
    answer = await instance.get(f"{ROLES}/{PROFILE.name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert int(answer.headers["content-length"]) == len(answer.content)
    document = answer.json()
    assert document == {
        "Code": "Success",
        "LastUpdated": "2026-01-02T03:04:05Z",
        "Type": "AWS-HMAC",
        "AccessKeyId": document["AccessKeyId"],
        "SecretAccessKey": "the-secret-key",
        "Token": "the-session-token",
        "Expiration": "2026-01-02T04:04:05Z",
    }
    assert document["AccessKeyId"].startswith("ASIA")
    extended = (await instance.get(f"{EXTENDED}/{PROFILE.name}")).json()
    assert extended == document | {"AccountId": PROFILE.account_id}


async def test_the_region_is_the_profiles(instance):
    """Region, zone (botocore asks with a slash) and identity document agree."""
    assert (await instance.get("/latest/meta-data/placement/region")).text == "eu-central-1"
    assert (await instance.get(ZONE)).text == "eu-central-1a"
    assert (await instance.get(f"{ZONE}/")).text == "eu-central-1a"
    identity = await instance.get(IDENTITY)
    assert identity.json() == {"region": "eu-central-1", "accountId": PROFILE.account_id}


@pytest.mark.parametrize("path", ["/latest/meta-data/placement/region", ZONE, IDENTITY])
async def test_without_a_region_there_is_none(clock, path):
    """A profile without a region has no place, rather than a wrong one."""
    answer = await Instance(clock, PROFILE).get(path)
    assert answer.status_code == 404
    assert "cone aws setup --region" in answer.json()["message"]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/latest",
        "/latest/meta-data/",
        "/latest/meta-data/instance-id",
        "/latest/user-data",
        "/latest/dynamic/instance-identity/signature",
        f"{ROLES}/somebody-else",
        f"{ROLES}/production%2Dadmin",
        f"{ROLES}//production-admin",
        f"{ROLES}/{PROFILE.name}//",
        f"{ROLES}-extended/%2e%2e/security-credentials/",
        "/2021-03-23/meta-data/iam/security-credentials/",
        "/credentials/production-admin",
        "/creds",
        "/livez",
        "/%ff",
    ],
)
async def test_there_is_nothing_else(instance, path):
    """What no SDK reads for credentials isn't there, and nothing of the path is sent back."""
    answer = await instance.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "NotFound"
    assert "somebody" not in answer.text


async def test_each_answer_is_told(instance, caplog):
    """The audit hears of tokens, texts, credentials and refusals; refusals are logged, tokens never."""
    token = await instance.token()
    await instance.get(ROLES, token=token, user_agent=BOTOCORE)
    await instance.get(f"{ROLES}/{PROFILE.name}", token=token)
    await instance.ask("GET", "/x%0Arefused: forged")
    outcomes = [(told[2].code, told[2].status, told[2].profile) for told in instance.told]
    name = PROFILE.name
    assert outcomes == [
        ("TokenIssued", 200, name),
        ("Metadata", 200, name),
        ("Served", 200, name),
        ("Unauthorized", 401, name),
    ]
    assert instance.told[1][1] == BOTOCORE.encode()
    served = instance.told[2][2]
    assert len(served.key_id) == 4
    assert served.expires > 0
    assert len({told[3] for told in instance.told}) == 4
    assert [record.message for record in caplog.records] == [
        "refused: /x?refused: forged: Unauthorized: no IMDSv2 token; PUT /latest/api/token gives one"
    ]
    assert token not in caplog.text
