"""The instance metadata listener, in process: IMDSv2 and nothing of version 1."""

import base64
import dataclasses

import httpx
import pytest

from cone_sidecar.domain.profile import Profile
from cone_sidecar.domain.task import Outcome, StepKind
from cone_sidecar.errors import ProfileNotFound
from cone_sidecar.web.guard import HostGuard
from cone_sidecar.web.imds_app import ImdsApp
from cone_sidecar.web.imds_tokens import ImdsTokens, parse_life
from cone_sidecar.web.profile_credentials import ProfileCredentials
from cone_sidecar.web.refusal_log import RefusalLog
from fakes.access import PROFILE, STANDING, FakeTenant, a_task
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


@pytest.fixture(name="instance")
def _instance(clock):
    return Instance(clock)


async def test_a_token_is_handed_out(instance):
    """PUT gives a text of 56 characters, which every client has room for, and says how long it lives."""
    answer = await instance.ask("PUT", TOKEN_PATH, **{LIFE: "300"})
    assert answer.status_code == 200
    assert answer.headers[LIFE] == "300"
    assert answer.headers["content-type"] == "text/plain"
    assert answer.headers["cache-control"] == "no-store"
    assert len(answer.text) == 56
    assert len(base64.urlsafe_b64decode(answer.text)) == 42
    assert answer.text != await instance.token("300")


@pytest.mark.parametrize(
    "life", [None, "", "0", "21601", "-1", "+5", "1e3", "60.0", "six", " ", "0x10", "9" * 400, "٣"]
)
async def test_a_bad_lifetime_is_refused(instance, life):
    """Without a lifetime of 1 to 21600 seconds there is no token."""
    headers = {} if life is None else {LIFE: life.encode()}
    answer = await instance.ask("PUT", TOKEN_PATH, **headers)
    assert answer.status_code == 400
    assert answer.json()["code"] == "InvalidUsage"


async def test_two_lifetimes_are_refused(instance):
    """A header that comes twice means nothing."""
    transport = httpx.ASGITransport(app=instance.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.put(
            TOKEN_PATH, headers=[(LIFE, "60"), (LIFE, "60"), ("user-agent", "Ruby")]
        )
    assert answer.status_code == 400


@pytest.mark.parametrize("value", [b"1", b"21600", b"00060"])
def test_lifetimes_are_read(value):
    """The bounds are lifetimes themselves."""
    assert parse_life(value) == int(value)


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("roles", [ROLES, EXTENDED])
async def test_the_role_is_named(instance, roles, slash):
    """The profile's name is the only role, with and without a slash behind the path."""
    answer = await instance.get(roles + slash)
    assert answer.status_code == 200
    assert answer.text == PROFILE.name
    assert answer.headers["content-type"] == "text/plain"


async def test_the_role_is_named_by_the_slug(clock):
    """A name that clients would change on its way is replaced by its slug, and that is served."""
    instance = Instance(clock, dataclasses.replace(IN_REGION, name="Ünsere Produktion"))
    role = (await instance.get(ROLES)).text
    assert role.isascii()
    assert " " not in role
    assert (await instance.get(f"{ROLES}/{role}")).status_code == 200


async def test_the_slug_names_the_profile_as_well(clock):
    """The listener may be told a slug instead of a name."""
    profile = dataclasses.replace(IN_REGION, name="Ünsere Produktion")
    role = (await Instance(clock, profile).get(ROLES)).text
    instance = Instance(clock, profile, name=role)
    assert (await instance.get(ROLES)).text == role
    assert (await instance.get(f"{ROLES}/{role}")).json()["Code"] == "Success"


async def test_the_credentials_have_an_instances_fields(instance):
    """The document has what an instance's has, with times in Z; the account only in the extended one."""
    answer = await instance.get(f"{ROLES}/{PROFILE.name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert int(answer.headers["content-length"]) == len(answer.content)
    document = answer.json()
    assert document == {
        "Code": "Success",
        "LastUpdated": "2026-01-02T03:04:05Z",
        "Type": "AWS-HMAC",
        "AccessKeyId": document["AccessKeyId"],
        "SecretAccessKey": "the-secret-key",
        "Token": "the-session-token",
        "Expiration": "2026-01-02T04:04:05Z",
    }
    assert document["AccessKeyId"].startswith("ASIA")
    extended = (await instance.get(f"{EXTENDED}/{PROFILE.name}")).json()
    assert extended == document | {"AccountId": PROFILE.account_id}


async def test_the_region_is_the_profiles(instance):
    """Region, zone (botocore asks with a slash) and identity document agree."""
    assert (await instance.get("/latest/meta-data/placement/region")).text == "eu-central-1"
    assert (await instance.get(ZONE)).text == "eu-central-1a"
    assert (await instance.get(f"{ZONE}/")).text == "eu-central-1a"
    identity = await instance.get(IDENTITY)
    assert identity.json() == {"region": "eu-central-1", "accountId": PROFILE.account_id}


@pytest.mark.parametrize("path", ["/latest/meta-data/placement/region", ZONE, IDENTITY])
async def test_without_a_region_there_is_none(clock, path):
    """A profile without a region has no place, rather than a wrong one."""
    answer = await Instance(clock, PROFILE).get(path)
    assert answer.status_code == 404
    assert "cone aws setup --region" in answer.json()["message"]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/latest",
        "/latest/meta-data/",
        "/latest/meta-data/instance-id",
        "/latest/user-data",
        "/latest/dynamic/instance-identity/signature",
        f"{ROLES}/somebody-else",
        f"{ROLES}/production%2Dadmin",
        f"{ROLES}//production-admin",
        f"{ROLES}/{PROFILE.name}//",
        f"{ROLES}-extended/%2e%2e/security-credentials/",
        "/2021-03-23/meta-data/iam/security-credentials/",
        "/credentials/production-admin",
        "/creds",
        "/livez",
        "/%ff",
    ],
)
async def test_there_is_nothing_else(instance, path):
    """What no SDK reads for credentials isn't there, and nothing of the path is sent back."""
    answer = await instance.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "NotFound"
    assert "somebody" not in answer.text


async def test_version_1_gets_nothing(instance):
    """A GET without a token is refused, whatever it asks for, and costs no request for access."""
    for path in (ROLES, f"{ROLES}/{PROFILE.name}", IDENTITY, "/", "/nothing"):
        answer = await instance.ask("GET", path)
        assert answer.status_code == 401, path
        assert answer.json()["code"] == "Unauthorized"
        assert "ASIA" not in answer.text
    assert instance.tenant.calls == []


async def test_wrong_tokens_open_nothing(clock, instance):
    """Empty, cut, changed, foreign, repeated and non-ASCII tokens are refused."""
    good = await instance.token()
    foreign = await Instance(clock).token()
    changed = ("A" if good[0] != "A" else "B") + good[1:]
    sealed_wrong = good[:-1] + ("A" if good[-1] != "A" else "B")
    for token in (b" ", good[:-1], good + "A", changed, sealed_wrong, foreign, "ä".encode() * 28):
        answer = await instance.ask("GET", ROLES, **{TOKEN: token})
        assert answer.status_code == 401, token
    transport = httpx.ASGITransport(app=instance.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.get(
            ROLES, headers=[(TOKEN, good), (TOKEN, good), ("user-agent", "Ruby")]
        )
    assert answer.status_code == 401
    assert (await instance.get(ROLES, token=good)).status_code == 200


async def test_a_token_ends(clock, instance):
    """A token is good until its lifetime is over, and not a moment longer."""
    token = await instance.token("60")
    clock.advance(59.9)
    assert (await instance.get(ROLES, token=token)).status_code == 200
    clock.advance(0.1)
    assert (await instance.get(ROLES, token=token)).status_code == 401


async def test_a_lifetime_cannot_be_changed(clock):
    """The end stands in the token, under its seal."""
    tokens = ImdsTokens(clock)
    raw = bytearray(base64.urlsafe_b64decode(tokens.issue(60)))
    assert tokens.good(base64.urlsafe_b64encode(raw))
    raw[0] |= 0x40
    assert not tokens.good(base64.urlsafe_b64encode(raw))


async def test_no_number_of_tokens_ends_another(clock):
    """Tokens that others ask for leave mine as it is: none is kept, so none is pushed out."""
    tokens = ImdsTokens(clock)
    mine = tokens.issue(60)
    for _ in range(10_000):
        tokens.issue(21600)
    assert tokens.good(mine.encode())
    assert not [value for value in vars(tokens).values() if isinstance(value, (dict, list, set))]


@pytest.mark.parametrize(
    "header",
    [
        {"x_forwarded_for": "192.0.2.7"},
        {"forwarded": "for=192.0.2.7"},
        {"via": "1.1 proxy"},
        {"origin": "http://evil.example"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_mode": "cors"},
        {"cookie": "a=b"},
        {"user_agent": "Mozilla/5.0 (X11)"},
        {"host": "evil.example"},
    ],
)
async def test_browsers_and_proxies_are_refused(instance, header):
    """They get neither a token nor, with a good one, anything else."""
    put = await instance.ask("PUT", TOKEN_PATH, **{LIFE: "60"}, **header)
    assert put.status_code == 403
    assert put.json()["code"] == "RequestRefused"
    get = await instance.get(f"{ROLES}/{PROFILE.name}", **header)
    assert get.status_code == 403
    assert "ASIA" not in get.text


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"])
@pytest.mark.parametrize("path", [TOKEN_PATH, ROLES])
async def test_other_methods_are_refused(instance, method, path):
    """Each path has one method; there is no CORS header to hope for."""
    answer = await instance.ask(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == ("PUT" if path == TOKEN_PATH else "GET")
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_the_wrong_one_of_two_methods_is_refused(instance):
    """A token isn't read, and nothing else is written."""
    get = await instance.ask("GET", TOKEN_PATH)
    assert (get.status_code, get.headers["allow"]) == (405, "PUT")
    put = await instance.ask("PUT", ROLES, **{LIFE: "60"})
    assert (put.status_code, put.headers["allow"]) == (405, "GET")


async def test_a_body_is_refused(instance):
    """No client sends one, and whatever follows it is not read as a request."""
    transport = httpx.ASGITransport(app=instance.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.put(
            TOKEN_PATH, headers={LIFE: "60", "user-agent": "Ruby"}, content=b"GET / HTTP/1.1"
        )
    assert answer.status_code == 400
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(
    ("task", "status", "code"),
    [
        (a_task(StepKind.APPROVAL), 403, "ApprovalPending"),
        (a_task(outcome=Outcome.DENIED, closed=True), 403, "AccessDenied"),
    ],
)
async def test_a_refusal_is_told_with_the_credentials(clock, task, status, code):
    """The role is named all the same: clients that ask for it twice, or parse any body, stay sane."""
    instance = Instance(clock, tenant=FakeTenant(tasks=[task]))
    assert (await instance.get(ROLES)).status_code == 200
    answer = await instance.get(f"{ROLES}/{PROFILE.name}", user_agent=BOTOCORE)
    assert answer.status_code == status
    assert answer.json()["code"] == answer.json()["Code"] == code
    assert "AccessKeyId" not in answer.text


async def test_the_c_runtime_is_refused_by_401(clock):
    """It takes the body of any other refusal for credentials; 401 it understands."""
    instance = Instance(clock, tenant=FakeTenant(tasks=[a_task(StepKind.APPROVAL)]))
    answer = await instance.get(f"{ROLES}/{PROFILE.name}", user_agent=CRT)
    assert answer.status_code == 401
    assert answer.json()["code"] == "ApprovalPending"
    assert (instance.told[-1][2].code, instance.told[-1][2].status) == ("ApprovalPending", 401)
    put = await instance.ask("PUT", TOKEN_PATH, user_agent=CRT)
    assert put.status_code == 400


@pytest.mark.parametrize(
    ("user_agent", "seconds"), [(BOTOCORE, 0.9), (GO, 0.45), ("aws-sdk-go/1.55", 0.9), ("", 0.9)]
)
async def test_each_client_is_kept_as_long_as_it_waits(clock, user_agent, seconds):
    """Clients of instance metadata give up after a second, Go's second version after half of one."""
    instance, asked = Instance(clock), []

    class Watched(ProfileCredentials):
        async def obtain(self, segment, patience):
            asked.append(patience.seconds)
            return await super().obtain(segment, patience)

    instance.app._credentials.__class__ = Watched
    answer = await instance.get(f"{ROLES}/{PROFILE.name}", user_agent=user_agent)
    assert answer.status_code == 200
    assert asked == [seconds]


async def test_a_profile_that_is_gone_is_told(clock):
    """A profile that isn't there any more is refused in the words of the other listener."""
    answer = await Instance(clock, name="gone").get(f"{ROLES}/gone")
    assert answer.status_code == 403
    assert answer.json()["code"] == "ProfileNotFound"


async def test_a_fault_of_ours_is_answered(clock, instance):
    """Whatever goes wrong inside, the client gets an answer without a word of it."""
    instance.app._credentials = None
    answer = await instance.get(f"{ROLES}/{PROFILE.name}")
    assert answer.status_code == 503
    assert answer.json()["code"] == "InternalError"


async def test_each_answer_is_told(instance, caplog):
    """The audit hears of tokens, texts, credentials and refusals; refusals are logged, tokens never."""
    token = await instance.token()
    await instance.get(ROLES, token=token, user_agent=BOTOCORE)
    await instance.get(f"{ROLES}/{PROFILE.name}", token=token)
    await instance.ask("GET", "/x%0Arefused: forged")
    outcomes = [(told[2].code, told[2].status, told[2].profile) for told in instance.told]
    name = PROFILE.name
    assert outcomes == [
        ("TokenIssued", 200, name),
        ("Metadata", 200, name),
        ("Served", 200, name),
        ("Unauthorized", 401, name),
    ]
    assert instance.told[1][1] == BOTOCORE.encode()
    served = instance.told[2][2]
    assert len(served.key_id) == 4
    assert served.expires > 0
    assert len({told[3] for told in instance.told}) == 4
    assert [record.message for record in caplog.records] == [
        "refused: /x?refused: forged: Unauthorized: no IMDSv2 token; PUT /latest/api/token gives one"
    ]
    assert token not in caplog.text
