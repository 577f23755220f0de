"""Print the endpoints that botocore resolves for a region, as JSON; run as a process of its own."""

import json
import os
import re
import sys

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ProfileNotFound

PROFILE_VARIABLES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
REGION = re.compile(r"^[a-z]{2,5}(-[a-z]+)+-\d{1,2}$")


def main(region: str) -> int:
    """Print ``{"oidc": …, "portal": …}``; returns 1 where botocore knows no such endpoint."""
    if not REGION.match(region):
        return 1
    config = Config(signature_version=UNSIGNED)
    try:
        session = _session(region)
        oidc = session.client("sso-oidc", config=config).meta.endpoint_url
        portal = session.client("sso", config=config).meta.endpoint_url
    except BotoCoreError:
        return 1
    print(json.dumps({"oidc": oidc.rstrip("/"), "portal": portal.rstrip("/")}))  # noqa: T201 -- its output
    return 0


def _session(region: str) -> boto3.Session:
    """Return a session of the environment's profile; one that is nowhere defined says nothing here."""
    try:
        return boto3.Session(region_name=region)
    except ProfileNotFound:
        for variable in PROFILE_VARIABLES:
            os.environ.pop(variable, None)
        return boto3.Session(region_name=region)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
