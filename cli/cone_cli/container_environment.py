"""The environment in which AWS SDKs ask the sidecar alone (sdk-contract §6, rules 1 to 3, 24, 25)."""

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from cone_sidecar.warm_file import aws_config_path

FULL_URI = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
RELATIVE_URI = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"  # noqa: S105 -- a variable's name
TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"  # noqa: S105 -- likewise
# Each of these would win over the sidecar, or send its token elsewhere. Unset means absent, not empty.
UNWANTED = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    RELATIVE_URI,
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
)
LOOPBACK = ("127.0.0.1", "localhost")
# What SDKs make of a relative URI.
CONTAINER_URL = "http://169.254.170.2"
PATH = "/credentials/"


def container_environment(
    access: Mapping[str, str], environment: Mapping[str, str]
) -> dict[str, str]:
    """Return the variables to set.

    Args:
        access: What the sidecar says of the profile: ``url`` of the listener, ``slug``, ``region``, and
            ``token`` with ``token_file`` where one is asked for.
        environment: What is set already: the proxies' exceptions are added to.
    """
    url, path = access["url"], PATH + access["slug"]
    exports = {RELATIVE_URI: path} if url == CONTAINER_URL else {FULL_URI: url + path}
    if token := access.get("token"):
        # Some clients read only the one, some only the other, and where both are set they agree.
        exports |= {TOKEN: token, TOKEN_FILE: access["token_file"]}
    exceptions = _no_proxy(environment, urlsplit(url).hostname or "")
    exports |= {
        "CONE_AWS_CONFIG_FILE": aws_config_path(environment),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Some programs read only the one, some prefer the other.
        "NO_PROXY": exceptions,
        "no_proxy": exceptions,
    }
    if region := access["region"]:
        exports |= {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    return exports


def unset_beside(exports: Mapping[str, str]) -> list[str]:
    """Return the variables that are to be absent where ``exports`` are set."""
    return [name for name in (*UNWANTED, FULL_URI, TOKEN, TOKEN_FILE) if name not in exports]


def _no_proxy(environment: Mapping[str, str], host: str) -> str:
    told = [environment.get(name, "") for name in ("NO_PROXY", "no_proxy")]
    hosts = [word for text in told for part in text.split(",") if (word := part.strip())]
    return ",".join(dict.fromkeys([*hosts, *LOOPBACK, host]))
