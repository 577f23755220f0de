"""An Identity Center instance of ours, on top of whatever answers instead of AWS."""

import contextlib

import httpx

from cone_sidecar.identity_center.endpoints import EndpointResolver
from cone_sidecar.identity_center.instance import IdentityCenterInstance
from fakes.access import SESSION

OVERRIDES = {"AWS_ENDPOINT_URL_SSO": "https://sso", "AWS_ENDPOINT_URL_SSO_OIDC": "https://oidc"}


@contextlib.asynccontextmanager
async def instance_before(aws, folder, clock):
    """Give an instance whose requests ``aws`` answers, and whose files lie in ``folder``."""
    async with httpx.AsyncClient(transport=httpx.MockTransport(aws)) as client:
        yield IdentityCenterInstance(
            SESSION,
            client=client,
            endpoints=EndpointResolver(folder, OVERRIDES),
            token_directory=folder / "sso",
            state_directory=folder,
            clock=clock,
        )
