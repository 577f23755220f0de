"""The environment that points clients at a simulator."""

import shlex
from urllib.parse import urlsplit

from cone_sidecar.simulator.world import World


def client_environment(world: World, base_url: str) -> dict[str, str]:
    """Return the variables for the scenario's first user, in the order in which they are printed.

    ``CONE_API_ENDPOINT`` is a URL only where it is plain HTTP: the original takes ``host:port`` alone.
    """
    user = world.first_user
    encrypted = base_url.startswith("https://")
    return {
        "CONE_API_ENDPOINT": urlsplit(base_url).netloc if encrypted else base_url,
        "CONE_CLIENT_ID": user.client_id,
        "CONE_CLIENT_SECRET": user.client_secret.reveal(),
        "AWS_ENDPOINT_URL_SSO": base_url,
        "AWS_ENDPOINT_URL_SSO_OIDC": base_url,
        "AWS_ENDPOINT_URL_SIGNIN": base_url,
        "AWS_ENDPOINT_URL_STS": base_url,
    }


def export_lines(world: World, base_url: str) -> list[str]:
    """Return the lines for a shell; whoever reads as far as the last has all of them."""
    environment = client_environment(world, base_url)
    return [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
