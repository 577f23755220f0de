"""boto3 as a program in a container uses it: its container provider, then a signed call."""

import contextlib
import json
import re

import boto3
import botocore.httpsession
import botocore.session
from botocore.credentials import ContainerProvider, CredentialResolver
from botocore.exceptions import CredentialRetrievalError
from botocore.utils import ContainerMetadataFetcher

REFUSED = re.compile(r"non 200 response (\d{3}) from container metadata: (\{.*\})", re.DOTALL)
# Reading the service models takes longer than asking.
LOADER = botocore.session.Session().get_component("data_loader")


def ask_with_boto3(environment, profile, role_name):
    """Ask the sidecar for ``profile``; returns status and error code, empty for a proved identity."""
    address = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"].rpartition("/")[0]
    variables = environment | {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{address}/{profile}"}
    http = botocore.httpsession.URLLib3Session(timeout=ContainerMetadataFetcher.TIMEOUT_SECONDS)
    with contextlib.closing(http):
        provider = ContainerProvider(variables, ContainerMetadataFetcher(http))
        session = botocore.session.Session()
        session.register_component("data_loader", LOADER)
        session.register_component("credential_provider", CredentialResolver([provider]))
        client = None
        try:
            client = boto3.Session(botocore_session=session).client(
                "sts", region_name="us-east-1", endpoint_url=environment["AWS_ENDPOINT_URL_STS"]
            )
            arn = client.get_caller_identity()["Arn"]
        except CredentialRetrievalError as error:
            status, body = REFUSED.search(str(error)).groups()
            return int(status), json.loads(body)["code"]
        finally:
            if client is not None:
                client.close()
    assert f"AWSReservedSSO_{role_name}_" in arn, arn
    return 200, ""
