"""Print the endpoints that botocore resolves for a region, as JSON; run as a process of its own."""

import json
import os
import re
import sys

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.session import Session

PROFILE_VARIABLES = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")
REGION = re.compile(r"^[a-z]{2,5}(-[a-z]+)+-\d{1,2}$")


def main(region: str) -> int:
    """Print ``{"oidc": …, "portal": …}``; returns 1 where botocore knows no such endpoint."""
    if not REGION.match(region):
        return 1
    config = Config(signature_version=UNSIGNED)
    try:
        known = Session()
        if known.profile not in {None, *known.available_profiles}:
            # Of a profile that isn't there, as AWS_PROFILE=default often isn't, nothing can be learnt.
            for name in PROFILE_VARIABLES:
                os.environ.pop(name, None)
        session = boto3.Session(region_name=region)
        oidc = session.client("sso-oidc", config=config).meta.endpoint_url
        portal = session.client("sso", config=config).meta.endpoint_url
    except BotoCoreError:
        return 1
    print(json.dumps({"oidc": oidc.rstrip("/"), "portal": portal.rstrip("/")}))  # noqa: T201 -- its output
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
