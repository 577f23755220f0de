"""``cone aws setup`` on a file that is there: renamed, updated, pruned, and looked at beforehand."""

import json
import shutil
import subprocess

import pytest
import yaml

from cone_sidecar.aws_config.document import AwsConfigDocument
from cone_sidecar.aws_config.profile_section import profile_section

SCENARIO = """\
tenant: {tenant}
users: [{{email: ada@{tenant}.example}}]
accounts: [{{id: "{account}", name: {name}}}]
permission_sets:
  - {{account: {name}, name: Admin, policy: auto}}
  - {{account: {name}, name: Gone, policy: auto}}
  - {{account: {name}, name: Held, granted_to: [ada@{tenant}.example]}}
"""
ACME = {"tenant": "acme", "account": "100000000001", "name": "Production"}
GLOBEX = {"tenant": "globex", "account": "100000000002", "name": "Works"}
# What a person added to a profile, and another profile of theirs.
OWN = "# mine\ncone_justification = on call\ns3 =\n    max_concurrent_requests = 20\n"
FOREIGN = "[profile chained]\nsource_profile = production-admin\nrole_arn = arn:aws:iam::1:role/x\n"
# As the original writes them (reference §6.1).
ORIGINAL = """\
[profile production-admin]
credential_process = cone aws credentials "production-admin"
cone_app_id = {cone_app_id}
cone_entitlement_id = {cone_entitlement_id}
cone_sso_account_id = 100000000001
cone_sso_role_name = Admin
cone_sso_region = us-east-1
cone_sso_start_url = https://acme.awsapps.com/start
cone_sso_registration_scopes = sso:account:access
sso_session = cone-sso
region = us-east-1
output = json
"""
# The profiles of config.yaml that the tenants are.
NAMES = {"acme": "default", "globex": "globex"}
CLIENT = {"CONE_CLIENT_ID": "client-id", "CONE_CLIENT_SECRET": "client-secret"}


class SetUp:
    """A home in which two tenants have their profiles in one file."""

    def __init__(self, stage):
        self.stage = stage
        self.urls = {}
        self.config = stage.home / ".aws" / "config"
        self.settings = stage.home / ".conductorone" / "config.yaml"

    def tenant(self, organization):
        """Start a tenant's simulator, and keep its login."""
        url = self.stage.start_simulator(SCENARIO.format(**organization), "--auto-confirm")
        environment = self.stage.environment
        login = {key: environment.pop(name) for name, key in CLIENT.items()}
        login["api-endpoint"] = environment.pop("CONE_API_ENDPOINT")
        self.settings.parent.mkdir(exist_ok=True)
        told = yaml.safe_load(self.settings.read_text()) if self.settings.exists() else {}
        told.setdefault("profiles", {})[NAMES[organization["tenant"]]] = login
        self.settings.write_text(yaml.safe_dump(told))
        self.urls[organization["tenant"]] = url

    def __call__(self, tenant, *options):
        """Set up; returns what it printed."""
        url = f"https://{tenant}.awsapps.com/start"
        done = self.stage.cone("-p", NAMES[tenant], "aws", "setup", "--sso-url", url, *options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def control(self, tenant, path, **body):
        """Steer a tenant's simulator."""
        self.stage.url = self.urls[tenant]
        self.stage.control("POST", path, body)

    def sections(self, prefix):
        """Return the sections of the profiles whose names begin so, as they stand in the file."""
        document = AwsConfigDocument.parse(self.config.read_bytes())
        return [
            section.lines for section in document.sections if section.name.name.startswith(prefix)
        ]

    def names(self):
        """Return the names of all profiles."""
        return [
            section.name.name
            for section in AwsConfigDocument.parse(self.config.read_bytes()).sections
            if section.name.kind == "profile"
        ]


@pytest.fixture(name="set_up")
def _set_up(simulated):
    set_up = SetUp(simulated)
    # The last one's Identity Center is the one that the environment leads to.
    for organization in (GLOBEX, ACME):
        set_up.tenant(organization)
    for tenant in ("acme", "globex"):
        set_up(tenant)
    return set_up


def test_one_tenant_changes_and_the_other_s_bytes_stay(set_up):
    """Renamed by a plain run, updated and pruned when that is asked for; a grant keeps its profile."""
    text = set_up.config.read_text()
    text = text.replace("[sso-session cone-sso]", f"{OWN}\n[sso-session cone-sso]", 1)
    set_up.config.write_text(text + FOREIGN)
    before = set_up.sections("works-")
    assert len(before) == 3
    set_up.control("acme", "/accounts/rename", account="Production", name="Shop")
    said = set_up("acme")
    assert "INFO  Renamed profile: production-admin -> shop-admin (renamed in ConductorOne)" in said
    assert "WARNING  Profile chained has source_profile = production-admin, which" in said
    assert set_up.names()[:3] == ["shop-admin", "shop-gone", "shop-held"]
    admin = "".join(set_up.sections("shop-admin")[0])
    assert OWN in admin
    assert 'aws credentials "shop-admin"' in admin
    for role in ("Gone", "Held"):
        set_up.control("acme", "/catalogue/remove", account="Shop", permission_set=role)
    said = set_up("acme", "--prune")
    assert "INFO  Removed profile: shop-gone" in said
    assert "INFO  Kept profile: shop-held" in said
    said = set_up("acme", "--update", "--region", "eu-west-1")
    assert "INFO  Updated profile: shop-admin (region us-east-1 -> eu-west-1)" in said
    assert set_up.sections("works-") == before
    assert FOREIGN in set_up.config.read_text()


def test_a_dry_run_says_what_a_run_does(set_up, tmp_path):
    """Its diff, applied by git, gives what the run writes; until then no file has changed."""
    set_up.control("acme", "/accounts/rename", account="Production", name="Shop")
    set_up.control("acme", "/catalogue/remove", account="Shop", permission_set="Gone")
    files = [set_up.config, set_up.settings]
    before = [(file.read_bytes(), file.stat().st_mtime_ns) for file in files]
    options = ("--prune", "--update", "--region", "eu-west-1")
    diff = set_up("acme", *options, "--dry-run")
    assert [(file.read_bytes(), file.stat().st_mtime_ns) for file in files] == before
    copy = tmp_path / str(set_up.config).removeprefix("/")
    copy.parent.mkdir(parents=True)
    shutil.copy(set_up.config, copy)
    apply = ["git", "apply", "--unidiff-zero", "-"]
    subprocess.run(apply, cwd=tmp_path, input=diff, text=True, check=True)
    told = json.loads(set_up("acme", *options, "-o", "json"))
    assert copy.read_bytes() == set_up.config.read_bytes()
    assert [each["to"] for each in told["renamed"]] == ["shop-admin", "shop-held"]
    assert told["removed"] == ["production-gone"]


def test_a_profile_of_the_original_is_cleaned(set_up):
    """It works before; afterwards no key is left that Go's and Java's SDKs stumble over, and it works."""
    document = AwsConfigDocument.parse(set_up.config.read_bytes())
    values = document.values(profile_section("production-admin"))
    set_up.config.write_text(ORIGINAL.format(**values))
    set_up("globex")
    assert set_up.stage.cone("aws", "login").returncode == 0
    for options in ((), ("--update",)):
        set_up("acme", *options)
        held = set_up.stage.cone("aws", "credentials", "production-admin")
        assert json.loads(held.stdout)["AccountId"] == "100000000001"
    section = "".join(set_up.sections("production-admin")[0])
    assert "\nsso_" not in section
    assert "\ncone_sso_session = " in section
    assert "credential_process = /" in section


def test_what_another_file_holds_before_it(set_up):
    """The file as it was is kept once; keys of the credentials file that win are warned of."""
    set_up.config.write_text("# by hand\n")
    kept = set_up.config.with_name("config.cone-backup")
    # The second tenant's profiles were a change already.
    kept.unlink()
    credentials = set_up.config.with_name("credentials")
    credentials.write_text("[production-admin]\naws_access_key_id = A\naws_secret_access_key = S\n")
    said = set_up("acme")
    assert f"INFO  The file as it was before is kept in {kept}." in said
    assert kept.read_text() == "# by hand\n"
    assert "WARNING  Keys of production-admin in " in said
