"""What a Compose file needs, so that a service's AWS SDK asks the sidecar beside it (docs/compose.md)."""

from collections.abc import Mapping
from typing import Any

import yaml

from cone_cli.container_environment import CONTAINER_URL, TOKEN, UNWANTED, container_environment

# As the recipes call them, and as the image has them.
SIDECAR, TOKEN_VOLUME, NETWORK = "cone", "token", "credentials"
TOKEN_DIRECTORY = "/run/cone"  # noqa: S105 -- a directory
# Where a sidecar in a container listens, unless it is told otherwise.
DEFAULT_URL = "http://127.0.0.1:9911"
# The token itself stays out of files that are kept with the code; the path is one of this machine.
LEFT_OUT = (TOKEN, "CONE_AWS_CONFIG_FILE")


def compose_document(access: Mapping[str, str]) -> str:
    """Return a Compose file with a service ``app``, as it stands beside a service ``cone``.

    Args:
        access: As :func:`container_environment` takes it; ``token`` is empty where none is asked for, and
            never shown.
    """
    token_file = f"{TOKEN_DIRECTORY}/token"
    environment = container_environment({**access, "token_file": token_file}, {})
    app: dict[str, Any] = {"depends_on": {SIDECAR: {"condition": "service_healthy"}}}
    document: dict[str, Any] = {"services": {"app": app}}
    if access["url"] == CONTAINER_URL:
        app["networks"] = ["default", NETWORK]
        document["networks"] = {NETWORK: {}}
    else:
        # The sidecar's network is the app's, too: when Compose restarts the one, the other has to follow.
        app["network_mode"] = f"service:{SIDECAR}"
        app["depends_on"][SIDECAR]["restart"] = True
    app["environment"] = {
        # Compose puts variables in where it sees a dollar sign.
        name: value.replace("$", "$$")
        for name, value in environment.items()
        if name not in LEFT_OUT
    }
    if access.get("token"):
        app["volumes"] = [f"{TOKEN_VOLUME}:{TOKEN_DIRECTORY}:ro"]
        document["volumes"] = {TOKEN_VOLUME: {}}
    left_out = " ".join(name for name in UNWANTED if name not in environment)
    remarks = f"# to be left out: {left_out}\n"
    if not access["region"]:
        # Some clients read only the one, some only the other.
        remarks += "# to be added: AWS_REGION and AWS_DEFAULT_REGION\n"
    text: str = yaml.safe_dump(document, sort_keys=False, width=1000)
    return f"{remarks}{text}".rstrip("\n")
