"""Real botocore clients of the simulated Identity Center and STS, and what they are used for."""

import boto3
import httpx
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

START_URL = "https://acme.awsapps.com/start"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
SCENARIO = """
tenant: acme
users: [{email: ada@example.com}, {email: grace@example.com}]
accounts:
  - {id: "100000000001", name: Production}
  - {id: "100000000002", name: Staging}
  - {id: "100000000003", name: Nobody's}
permission_sets:
  - {account: Production, name: Admin, policy: auto, granted_to: [ada@example.com]}
  - {account: Production, name: ReadOnly, policy: auto, granted_to: [ada@example.com]}
  - {account: Staging, name: Admin, policy: auto, granted_to: [ada@example.com]}
  - {account: Staging, name: Billing, policy: approval}
lifetimes: {access_token: 1h, refresh_token: 90d, role_credentials: 1h}
"""


def client(service, url, **settings):
    """Make a real client pointed at the simulator."""
    config = Config(retries={"max_attempts": 1}, **settings)
    return boto3.client(service, region_name="us-east-1", endpoint_url=url, config=config)


def unsigned(service, url):
    """Make a client of a service that takes no signature."""
    return client(service, url, signature_version=UNSIGNED)


def control(url, path, body=None):
    """Steer the simulator."""
    answer = httpx.post(f"{url}/_simulator/{path}", json=body or {})
    assert answer.is_success, answer.text
    return answer.json()


def register(oidc, **more):
    """Register as the AWS CLI does; returns what CreateToken wants of it."""
    registered = oidc.register_client(
        clientName="botocore-client-cone-sso",
        clientType="public",
        scopes=["sso:account:access"],
        **more,
    )
    return {key: registered[key] for key in ("clientId", "clientSecret")}


def sign_in(url, *, email="ada@example.com"):
    """Sign in by the device flow; returns the tokens and the client."""
    oidc = unsigned("sso-oidc", url)
    who = register(oidc)
    started = oidc.start_device_authorization(**who, startUrl=START_URL)
    control(url, f"device/{started['userCode']}/confirm", {"email": email})
    token = oidc.create_token(**who, grantType=DEVICE_GRANT, deviceCode=started["deviceCode"])
    return token, who


def role_session(url, access_token, *, account="100000000001", role="Admin"):
    """Get role credentials; returns a session that uses them."""
    answer = unsigned("sso", url).get_role_credentials(
        roleName=role, accountId=account, accessToken=access_token
    )
    keys = answer["roleCredentials"]
    return boto3.Session(keys["accessKeyId"], keys["secretAccessKey"], keys["sessionToken"])


def sts_of(session, url):
    """Make an STS client that signs as ``session``."""
    return session.client("sts", region_name="us-east-1", endpoint_url=url)


def refused(call, *args, **kwargs):
    """Return the error code, status and body that a call is refused with."""
    with pytest.raises(ClientError) as error:
        call(*args, **kwargs)
    response = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response
