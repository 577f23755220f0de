"""The sidecar's profiles, chosen anew once somebody has logged in or set up; what is missing until then."""

import asyncio
import contextlib
import logging

import httpx
import pytest

from cone_cli.chosen_profiles import ChosenProfiles
from cone_sidecar.connections import AdapterConnections, TenantFlags
from cone_sidecar.domain.profile import RequestTerms
from cone_sidecar.errors import ConfigurationError, LoginRequired
from fakes.simulated_sidecar import simulator_on
from fakes.virtual_clock import VirtualClock

LOGIN = "not logged in to ConductorOne"
START_URL = "there are no profiles, and no AWS SSO start URL to make them with"
SCENARIO = """\
tenant: acme
users: [{email: ada@example.com}]
accounts: [{id: "100000000001", name: P}]
permission_sets: [{account: P, name: Granted, granted_to: [ada@example.com]}]
"""
CONFIG = """\
profiles:
    default:
        client-id: {0.client_id}
        client-secret: {1}
{2}
"""
SSO = "aws_sso_start_url: https://acme.awsapps.com/start"
SECTION = """\
[profile dev]
cone_app_id = app
cone_entitlement_id = entitlement
cone_sso_account_id = 100000000001
cone_sso_role_name = Dev
cone_sso_start_url = https://acme.awsapps.com/start
cone_sso_region = us-east-1
"""
TERMS = RequestTerms()


class Home:
    """A home directory, the tenant that its login belongs to, and the profiles chosen in it."""

    def __init__(self, path):
        self.path = path
        self.clock = VirtualClock()
        scenario = path / "scenario.yaml"
        scenario.write_text(SCENARIO)
        self.simulator = simulator_on(scenario, self.clock)
        self.me = self.simulator.world.first_user
        self.environment = {"HOME": str(path)}
        self.connections = AdapterConnections(
            environment=self.environment, flags=TenantFlags(), clock=self.clock, source="cone:serve"
        )
        self.connections._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.simulator.app)
        )
        self.profiles = None

    def choose(self):
        self.profiles = ChosenProfiles(self.connections, self.environment, TERMS, self.clock)
        return self.profiles

    def write(self, name, text):
        path = self.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def log_in(self, settings=""):
        text = CONFIG.format(self.me, self.me.client_secret.reveal(), settings)
        self.write(".conductorone/config.yaml", text)

    async def names(self):
        return [profile.name for profile in await self.profiles.profiles()]

    def missing(self):
        return [error.message for error in self.profiles.missing()]


@pytest.fixture(name="home")
async def _home(tmp_path):
    home = Home(tmp_path)
    yield home
    await home.connections.aclose()


async def test_a_first_start_with_nothing(home):
    """It is said that a login and a start URL are missing, each with its command; the login comes first."""
    home.choose()
    assert home.missing() == [LOGIN, START_URL]
    assert [error.hint for error in home.profiles.missing()] == [
        "cone login <tenant>, where the sidecar runs",
        "cone aws setup --sso-url <url>, or set CONE_SSO_URL and CONE_SSO_REGION",
    ]
    with pytest.raises(LoginRequired, match=LOGIN):
        await home.profiles.profiles()
    with pytest.raises(LoginRequired, match=LOGIN):
        await home.profiles.profile("p-granted")
    assert home.profiles.known("p-granted") is None


async def test_a_login_and_then_a_start_url(home):
    """Step by step, without a restart: after both, the tenant's permission sets are the profiles."""
    home.choose()
    home.log_in()
    assert home.missing() == [START_URL]
    with pytest.raises(ConfigurationError, match="no AWS SSO start URL"):
        await home.profiles.profiles()
    home.log_in(SSO)
    assert home.missing() == []
    assert await home.names() == ["p-granted"]
    assert home.profiles.known("p-granted").name == "p-granted"


async def test_a_start_url_and_then_a_login(home):
    """The other way round; that nobody was logged in is no answer any more two seconds later."""
    home.environment["CONE_SSO_URL"] = "https://acme.awsapps.com/start"
    home.choose()
    assert home.missing() == [LOGIN]
    with pytest.raises(LoginRequired, match=LOGIN):
        await home.profiles.profiles()
    home.log_in()
    await home.clock.pass_time(2)
    assert await home.names() == ["p-granted"]


async def test_a_setup_writes_profiles(home):
    """From then on they are those of the AWS config file; once it has none of ours, the tenant's."""
    home.log_in(SSO)
    home.choose()
    assert await home.names() == ["p-granted"]
    home.write(".aws/config", SECTION)
    assert await home.names() == ["dev"]
    home.write(".aws/config", "")
    assert await home.names() == ["dev"]
    home.write(".aws/config", "[default]\nregion = us-east-1\n")
    assert await home.names() == ["p-granted"]


async def test_profiles_of_the_file_without_a_login(home):
    """They are known, and it is said that nobody is logged in."""
    home.write(".aws/config", SECTION)
    home.choose()
    assert (await home.names(), home.missing()) == (["dev"], [LOGIN])
    home.log_in()
    assert home.missing() == []


async def test_an_access_token_alone_is_a_login(home):
    """Whoever states one is somebody."""
    home.environment |= {"CONDUCTORONE_ACCESS_TOKEN": "t", "CONDUCTORONE_SERVER_URL": "acme"}
    home.environment["CONE_SSO_URL"] = "https://acme.awsapps.com/start"
    home.choose()
    assert home.missing() == []


async def test_a_secret_file_that_appears_is_a_login(home):
    """Told by other settings, as a configuration does that was read again."""
    home.environment["CONE_SSO_URL"] = "https://acme.awsapps.com/start"
    home.choose()
    assert home.missing() == [LOGIN]
    home.write("secret", home.me.client_secret.reveal())
    told = home.environment | {
        "CONE_CLIENT_ID": home.me.client_id,
        "CONE_CLIENT_SECRET_FILE": str(home.path / "secret"),
    }
    home.connections.change(told)
    home.profiles.change(told, TERMS)
    assert (home.missing(), await home.names()) == ([], ["p-granted"])


async def test_other_terms_keep_what_is_known(home):
    """The catalogue isn't read again for them; a profile of the file keeps its own."""
    home.log_in(SSO)
    home.choose()
    await home.names()
    home.simulator.journal.clear()
    other = RequestTerms(justification="other")
    home.profiles.change(home.environment, other)
    assert home.profiles.known("p-granted").terms == other
    moved = home.environment | {"CONE_SSO_REGION": "eu-central-1"}
    home.profiles.change(moved, other)
    assert home.profiles.known("p-granted").session.region == "eu-central-1"
    assert home.simulator.journal.entries == ()
    home.write(".aws/config", SECTION + "cone_duration = 1h\n")
    await home.names()
    home.profiles.change(home.environment, RequestTerms(justification="third"))
    terms = home.profiles.known("dev").terms
    assert (terms.justification, str(terms.duration)) == ("third", "1:00:00")


async def test_another_login_is_another_catalogue(home):
    """Nothing of the tenant that was logged in to before is served."""
    home.log_in(SSO)
    home.choose()
    assert await home.names() == ["p-granted"]
    home.write(
        ".conductorone/config.yaml",
        CONFIG.format(home.me, "none", SSO).replace("client-id: ", "client-id: other-"),
    )
    with pytest.raises(LoginRequired):
        await home.profiles.profiles()
    assert home.profiles.known("p-granted") is None


async def test_a_catalogue_is_read_anew_when_told(home):
    """However fresh the last look is."""
    home.log_in(SSO)
    home.choose()
    await home.names()
    home.simulator.journal.clear()
    home.profiles.read_anew()
    await home.profiles._chosen._reading.finish()
    assert home.simulator.journal.entries != ()


async def test_files_that_cannot_be_read(home):
    """At the start they are an error; later, what was chosen stays, and says so only if it was nothing."""
    home.write(".conductorone/config.yaml", "a: [")
    with pytest.raises(ConfigurationError):
        home.choose()
    home.write(".conductorone/config.yaml", "")
    home.choose()
    home.write(".conductorone/config.yaml", "a: [")
    with pytest.raises(ConfigurationError, match="not valid YAML"):
        await home.profiles.profiles()
    assert "not valid YAML" in home.missing()[0]
    home.log_in(SSO)
    assert await home.names() == ["p-granted"]
    home.write(".conductorone/config.yaml", "a: [")
    assert await home.names() == ["p-granted"]


async def test_the_log_says_what_is_missing_once(home, caplog):
    """A line for each thing when it begins to be missing, one when nothing is."""
    home.choose()
    task = asyncio.create_task(home.profiles.watch())
    with caplog.at_level(logging.INFO), contextlib.suppress(asyncio.CancelledError):
        await home.clock.pass_time(30)
        home.log_in()
        await home.clock.pass_time(30)
        home.log_in(SSO)
        await home.clock.pass_time(30)
        task.cancel()
        await asyncio.wait({task})
    lines = [record.getMessage() for record in caplog.records]
    assert [line.partition(";")[0] for line in lines] == [
        f"nothing can be served yet: {LOGIN}",
        f"nothing can be served yet: {START_URL}",
        "nothing is missing any more",
    ]


async def test_another_client_is_told_of(home):
    """A rotated secret, and a file that is empty for a moment, make nobody somebody else."""
    told = []
    home.log_in(SSO)
    home.choose().on_other_client = told.append
    file = ".conductorone/config.yaml"
    home.write(file, CONFIG.format(home.me, "rotated", SSO))
    home.missing()
    home.write(file, "")
    home.missing()
    home.log_in(SSO)
    home.missing()
    assert told == []
    home.write(
        file, CONFIG.format(home.me, "none", SSO).replace("client-id: ", "client-id: other-")
    )
    home.missing()
    assert told == ["default"]


@pytest.mark.parametrize(
    ("secret", "message", "hint"),
    [
        ("", "there is a client id without its secret", "set CONE_CLIENT_SECRET"),
        ("nonsense", "invalid client secret", "correct CONE_CLIENT_SECRET and"),
    ],
)
async def test_a_client_that_can_not_be_one_is_told_at_the_start(home, secret, message, hint):
    """A secret that is missing or mangled is seen before anybody asks; a login wouldn't help beside it."""
    client = {"CONE_CLIENT_ID": home.me.client_id, "CONE_CLIENT_SECRET": secret}
    home.environment |= client | {"CONE_SSO_URL": "https://acme.awsapps.com/start"}
    home.choose()
    (error,) = home.profiles.missing()
    assert error.message == message
    assert hint in error.hint
