"""Two tenants and two Identity Centers, each at the host names that it really has, in one home."""

import contextlib
import json
import shutil
import ssl
import sys
import urllib.request
from dataclasses import dataclass, field

import pytest
import yaml

from cone_cli.stage import Stage
from fakes.certificate import write_certificate
from fakes.name_router import name_router

SCENARIO = """\
tenant: {tenant}
users: [{{email: ada@{tenant}.example}}]
accounts: [{{id: "{account}", name: {account_name}}}]
permission_sets:
  - {{account: {account_name}, name: ReadOnly, granted_to: [ada@{tenant}.example]}}
  - {{account: {account_name}, name: Typed, policy: auto}}
  - {{account: {account_name}, name: Served, policy: auto}}
  - {{account: {account_name}, name: Told, policy: auto}}
  - {{account: {account_name}, name: Moved, policy: auto}}
"""
# Sign-in, portal and STS of a region.
AWS_HOSTS = ("oidc.{}.amazonaws.com", "portal.sso.{}.amazonaws.com", "sts.{}.amazonaws.com")
IDENTITY = (
    "import boto3, sys;"
    "print(boto3.client('sts', region_name=sys.argv[1]).get_caller_identity()['Arn'])"
)
LIMIT_S = 60


@dataclass
class Organization:
    """A tenant with the Identity Center that it manages, on a simulator of its own."""

    tenant: str
    account: str
    account_name: str
    region: str
    url: str = ""
    login: dict[str, str] = field(default_factory=dict)

    @property
    def hosts(self):
        return [f"{self.tenant}.conductor.one", *(host.format(self.region) for host in AWS_HOSTS)]

    @property
    def start_url(self):
        return f"https://{self.tenant}.awsapps.com/start"

    @property
    def session(self):
        """The first to be set up has the usual name."""
        return "cone-sso" if self.tenant == "acme" else f"cone-sso-{self.tenant}"

    def start(self, stage, certificate, key):
        """Start its simulator; returns the port."""
        scenario = SCENARIO.format(**vars(self))
        options = ["--auto-confirm", "--tls-cert", str(certificate), "--tls-key", str(key)]
        self.url = stage.start_simulator(scenario, *options)
        self.login = {
            "client-id": stage.environment["CONE_CLIENT_ID"],
            "client-secret": stage.environment["CONE_CLIENT_SECRET"],
        }
        return int(self.url.rpartition(":")[2])

    def profile(self, role):
        return f"{self.account_name.lower()}-{role}"

    def owns(self, arn):
        """Tell whether an identity is that of its person in its account."""
        role = f"arn:aws:sts::{self.account}:assumed-role/AWSReservedSSO_"
        return arn.startswith(role) and arn.endswith(f"/ada@{self.tenant}.example")


class TwoOrganizations:
    """Both, under their names: a proxy leads these names here, and a certificate is theirs."""

    def __init__(self, folder, router):
        self.acme = Organization("acme", "100000000001", "Production", "us-east-1")
        self.globex = Organization("globex", "200000000002", "Staging", "eu-west-1")
        names = [host for each in self for host in each.hosts]
        self.certificate, self.key = write_certificate(folder, names)
        self.router = router
        self.variables = {
            "HTTPS_PROXY": router.url,
            "NO_PROXY": "127.0.0.1",
            "SSL_CERT_FILE": str(self.certificate),
            "AWS_CA_BUNDLE": str(self.certificate),
        }

    def __iter__(self):
        return iter((self.acme, self.globex))

    def control(self, organization, method, path, body=None):
        """Steer an organization's simulator."""
        request = urllib.request.Request(
            f"{organization.url}/_simulator{path}",
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
        )
        context = ssl.create_default_context(cafile=self.certificate)
        with urllib.request.urlopen(request, context=context, timeout=LIMIT_S) as answer:
            return json.loads(answer.read() or "null")

    def set_up(self, home):
        """Write both logins, and the profiles of both into one config file."""
        logins = {"default": self.acme.login, "globex": self.globex.login}
        saved = home.home / ".conductorone" / "config.yaml"
        saved.parent.mkdir()
        saved.write_text(yaml.safe_dump({"profiles": logins}))
        for each, tenant in zip(self, logins, strict=True):
            sso = ["--sso-url", each.start_url, "--sso-region", each.region]
            done = home.cone("aws", "setup", *sso, "--profile", tenant)
            assert done.returncode == 0, done.stderr

    def assert_own_business(self, *, sign_ins=1):
        """Hold each to its own person alone, to one sign-in and one request; no other host was asked."""
        for each in self:
            journal = self.control(each, "GET", "/requests")
            people = {entry["who"] for entry in journal if "@" in entry["who"]}
            assert people == {f"ada@{each.tenant}.example"}
            names = [entry["operation"] for entry in journal if entry["status"] == 200]
            assert names.count("StartDeviceAuthorization") == sign_ins
            assert names.count("TaskService.CreateGrantTask") == 1
        assert self.router.unknown == []


@pytest.fixture(name="two", scope="module")
def _two(tmp_path_factory):
    with contextlib.ExitStack() as stack:
        router = stack.enter_context(name_router())
        two = TwoOrganizations(tmp_path_factory.mktemp("tls"), router)
        for each in two:
            port = each.start(stack.enter_context(Stage()), two.certificate, two.key)
            router.ports |= dict.fromkeys(each.hosts, port)
        yield two


@pytest.fixture(name="pattern", scope="module")
def _pattern(two, simulated_once):
    """Give a home that is set up for both, and signed in to neither Identity Center."""
    simulated_once.environment |= two.variables
    two.set_up(simulated_once)
    return simulated_once.home


@pytest.fixture(name="home")
def _home(two, pattern, simulated):
    """Give a copy of that home."""
    for name in (".aws", ".conductorone"):
        shutil.copytree(pattern / name, simulated.home / name)
    simulated.environment |= two.variables
    for each in two:
        two.control(each, "DELETE", "/requests")
    return simulated


def identity(home, organization, environment):
    """Return who the organization's STS says that boto3 is."""
    return home.call([sys.executable, "-c", IDENTITY, organization.region], environment)


def test_on_the_command_line(two, home):
    """Each profile finds its tenant, its Identity Center and its session, whichever comes first."""
    for role in ("readonly", "typed", "readonly"):
        for each in two:
            environment = home.environment | {"AWS_PROFILE": each.profile(role)}
            assert each.owns(identity(home, each, environment))
        home.forget_credentials()
    for each in two:
        signed_in = home.cone("aws", "login", "--sso-session", each.session)
        assert "Already signed in" in signed_in.stderr
    two.assert_own_business()


def test_in_one_sidecar(two, home):
    """One sidecar serves both, and the one while the other is down."""
    home.start_sidecar()
    for role in ("readonly", "served"):
        for each in two:
            assert each.owns(identity(home, each, home.sidecar_environment(each.profile(role))))
    two.assert_own_business()
    two.control(two.acme, "POST", "/faults", {"operation": "*", "status": 503})
    status, _ = home.ask_sidecar(two.acme.profile("typed"))
    assert status == 503
    status, body = home.ask_sidecar(two.globex.profile("typed"))
    assert (status, body["AccountId"]) == (200, two.globex.account)
    two.control(two.acme, "DELETE", "/faults")


def test_the_environment_speaks_of_the_default_tenant(two, home):
    """Credentials and host in the environment change nothing for a profile that names its tenant."""
    home.environment |= {
        "CONE_CLIENT_ID": two.acme.login["client-id"],
        "CONE_CLIENT_SECRET": two.acme.login["client-secret"],
        "CONE_API_ENDPOINT": "acme.conductor.one",
    }
    for each in two:
        done = home.cone("aws", "credentials", each.profile("told"))
        assert done.returncode == 0, done.stderr
    two.assert_own_business()


def test_a_tenant_at_another_host(two, home):
    """``api-endpoint`` of the config file leads to a tenant that isn't where its client id says."""
    path = home.home / ".conductorone" / "config.yaml"
    config = yaml.safe_load(path.read_text())
    config["profiles"]["globex"]["api-endpoint"] = two.globex.url
    path.write_text(yaml.safe_dump(config))
    port = two.router.ports.pop("globex.conductor.one")
    for each in two:
        done = home.cone("aws", "credentials", each.profile("moved"))
        assert done.returncode == 0, done.stderr
    two.assert_own_business()
    two.router.ports["globex.conductor.one"] = port
