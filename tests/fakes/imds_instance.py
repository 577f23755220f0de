"""The instance metadata listener of one profile, in process."""

import dataclasses

import httpx

from cone_sidecar.domain.profile import Profile
from cone_sidecar.errors import ProfileNotFound
from cone_sidecar.web.guard import HostGuard
from cone_sidecar.web.imds_app import ImdsApp
from cone_sidecar.web.profile_credentials import ProfileCredentials
from cone_sidecar.web.refusal_log import RefusalLog
from fakes.access import PROFILE, STANDING, FakeTenant
from fakes.broker_stage import BrokerStage

TOKEN_PATH = "/latest/api/token"
ROLES = "/latest/meta-data/iam/security-credentials"
EXTENDED = f"{ROLES}-extended"
ZONE = "/latest/meta-data/placement/availability-zone"
IDENTITY = "/latest/dynamic/instance-identity/document"
LIFE = "x-aws-ec2-metadata-token-ttl-seconds"
TOKEN = "x-aws-ec2-metadata-token"
IN_REGION = dataclasses.replace(PROFILE, region="eu-central-1")
BOTOCORE = "Boto3/1.44.5 md/Botocore#1.44.5"
CRT = "aws-sdk-crt/aws-imds-client"
GO = "aws-sdk-go-v2/1.41.0 ua/2.1 os/linux lang/go#1.25"


class OneProfile:
    """A source that knows one profile."""

    def __init__(self, profile):
        self.profile_there_is = profile

    def known(self, name):
        return self.profile_there_is if name == self.profile_there_is.name else None

    async def profile(self, name):
        if name != self.profile_there_is.name:
            raise ProfileNotFound(f"no profile {name}")
        return self.profile_there_is

    async def profiles(self):
        return [self.profile_there_is]


class Instance:
    """The listener, what it told of its answers, and the clock."""

    def __init__(self, clock, profile: Profile = IN_REGION, tenant=None, name=None):
        self.clock = clock
        self.told = []
        stage = BrokerStage(clock, tenant or FakeTenant(grant=STANDING))
        self.tenant = stage.tenant
        self.app = ImdsApp(
            credentials=ProfileCredentials(stage.broker, OneProfile(profile)),
            host_guard=HostGuard(),
            profile=name or profile.name,
            clock=clock,
            refusals=RefusalLog(clock),
            hears=[lambda *told: self.told.append(told)],
        )

    async def ask(self, method, path, **headers):
        transport = httpx.ASGITransport(app=self.app)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            request = client.build_request(method, path, headers=sent)
            if "user-agent" not in sent:
                del request.headers["user-agent"]
            return await client.send(request)

    async def token(self, life="21600"):
        answer = await self.ask("PUT", TOKEN_PATH, **{LIFE: life})
        assert answer.status_code == 200, answer.text
        return answer.text

    async def get(self, path, token=None, **headers):
        token = token or await self.token()
        return await self.ask("GET", path, **{TOKEN: token}, **headers)
