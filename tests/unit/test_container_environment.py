"""The environment in which SDKs ask the sidecar, and nobody else."""

import pytest

from cone_cli.container_environment import UNWANTED, container_environment, unset_beside

ACCESS = {
    "url": "http://127.0.0.1:9911",
    "profile": "dev",
    "slug": "dev",
    "region": "eu-central-1",
    "token": "t" * 43,
    "token_file": "/home/ada/.cache/cone-sidecar/tokens/dev",
}
HOME = {"HOME": "/home/ada"}


def exports(environment=None, **access):
    return container_environment(ACCESS | access, HOME | (environment or {}))


def test_on_loopback():
    """The full URI, both tokens, both regions, no other source of credentials, and no proxy."""
    assert exports() == {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9911/credentials/dev",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": ACCESS["token"],
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": ACCESS["token_file"],
        "CONE_AWS_CONFIG_FILE": "/home/ada/.aws/config",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }


def test_at_aws_s_own_address():
    """There the relative URI, which old clients know too; the other one would be second to it."""
    found = exports(url="http://169.254.170.2")
    assert found["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] == "/credentials/dev"
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI" not in found
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI" in unset_beside(found)
    assert "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" not in unset_beside(found)
    assert found["NO_PROXY"] == "127.0.0.1,localhost,169.254.170.2"


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.170.23",
        "http://169.254.170.2:8080",
        "https://127.0.0.1:9911",
        "http://[::1]:1",
    ],
)
def test_elsewhere(url):
    """Anywhere else it is the full URI, with the host among those that are asked without a proxy."""
    found = exports(url=url)
    assert found["AWS_CONTAINER_CREDENTIALS_FULL_URI"] == f"{url}/credentials/dev"
    assert "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" in unset_beside(found)


def test_without_a_token():
    """Where none is asked for, both variables are absent: emptied, they would break some clients."""
    found = container_environment({**ACCESS, "token": ""}, HOME)
    assert not [name for name in found if "AUTHORIZATION" in name]
    assert {name for name in unset_beside(found) if "AUTHORIZATION" in name} == {
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    }


def test_without_a_region():
    """One that isn't known is left as it is."""
    assert not [name for name in exports(region="") if "REGION" in name]


def test_what_wins_over_the_sidecar_is_unset():
    """Keys, roles, profiles and the other URI: each is named once, and nothing that is set."""
    found = exports()
    gone = unset_beside(found)
    assert set(UNWANTED) <= set(gone)
    assert len(set(gone)) == len(gone)
    assert not set(gone) & set(found)
    assert all(found.values())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"NO_PROXY": "a.example, b.example"}, "a.example,b.example,127.0.0.1,localhost"),
        ({"no_proxy": "a.example"}, "a.example,127.0.0.1,localhost"),
        ({"NO_PROXY": "a", "no_proxy": "b"}, "a,b,127.0.0.1,localhost"),
        ({"NO_PROXY": "localhost,127.0.0.1"}, "localhost,127.0.0.1"),
        ({"NO_PROXY": ",,"}, "127.0.0.1,localhost"),
        ({"NO_PROXY": "*"}, "*,127.0.0.1,localhost"),
    ],
)
def test_proxies_exceptions_are_added_to(before, after):
    """What was there stays, in both spellings, and nothing is named twice."""
    found = exports(before)
    assert (found["NO_PROXY"], found["no_proxy"]) == (after, after)


def test_run_twice_it_is_the_same():
    """In the environment that it made, the config file that profiles come from is still known."""
    once = exports({"AWS_CONFIG_FILE": "/etc/aws/config"})
    assert once["CONE_AWS_CONFIG_FILE"] == "/etc/aws/config"
    assert container_environment(ACCESS, HOME | once) == once
