"""Which URLs Identity Center has, by botocore's word: in a process of its own, with this environment."""

import os

import pytest

from cone_sidecar.identity_center.endpoints import EndpointResolver, Endpoints

EVERYWHERE = Endpoints(
    "https://oidc.eu-central-1.amazonaws.com", "https://portal.sso.eu-central-1.amazonaws.com"
)
CONFIG = """\
[profile work]
region = us-east-1
[profile other]
use_fips_endpoint = true
"""


@pytest.fixture(name="resolved")
def _resolved(tmp_path):
    """Give a function that resolves with further variables."""
    config = tmp_path / "config"
    config.write_text(CONFIG)
    clean = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}

    async def resolved(variables):
        environment = clean | {"HOME": str(tmp_path), "AWS_CONFIG_FILE": str(config)} | variables
        return await EndpointResolver(tmp_path / "cache", environment).resolve("eu-central-1")

    return resolved


@pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
async def test_a_profile_that_is_nowhere_defined_says_nothing_of_endpoints(resolved, variable):
    """It is SDKs' own to complain of: the region has an Identity Center all the same."""
    assert await resolved({variable: "gone"}) == EVERYWHERE


@pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
async def test_a_profile_says_which_endpoints_it_wants(resolved, variable):
    """As it would to AWS's own programs, and what another one wanted isn't taken for its answer."""
    assert await resolved({variable: "work"}) == EVERYWHERE
    assert "fips" in (await resolved({variable: "other"})).oidc
