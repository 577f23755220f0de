"""The original's config.yaml, read and changed without losing what others wrote."""

import threading

import pytest
import yaml

from cone_sidecar.cone_config import AwsSettings, ConeConfig
from cone_sidecar.errors import ConfigurationError
from cone_sidecar.secret import Secret

ORIGINAL = """\
api-endpoint: ""
aws_default_region: us-west-2
aws_sso_region: us-east-1
aws_sso_start_url: https://myorg.awsapps.com/start
client-id: ""
client-secret: ""
debug: false
log-level: ""
non-interactive: false
output: table
profile: default
some-number: 0123
someday: 2026-01-02
profiles:
    default:
        client-id: strange-hydra-68836@acme.conductor.one/pcc
        client-secret: secret-token:conductorone.com:v1:eyJrdHki
        unknown: ~
    Work:
        prod: {client-id: c, client-secret: s}
"""


@pytest.fixture(name="path")
def _path(tmp_path):
    """Write the original's file; gives its path."""
    path = tmp_path / "config.yaml"
    path.write_text(ORIGINAL)
    path.chmod(0o644)
    return path


def load(path):
    """Load the file as a command would."""
    return ConeConfig.load({"CONE_CONFIG_PATH": str(path.parent)})


def test_the_originals_file_is_read(path):
    """Client, default profile and AWS settings are where the original keeps them."""
    config = load(path)
    saved = config.client("default")
    assert saved.client_id == "strange-hydra-68836@acme.conductor.one/pcc"
    assert saved.client_secret.reveal() == "secret-token:conductorone.com:v1:eyJrdHki"
    assert config.default_profile == "default"
    url = "https://myorg.awsapps.com/start"
    assert config.aws_settings() == AwsSettings(url, "us-east-1", "us-west-2")


@pytest.mark.parametrize("name", ["work.prod", "Work.Prod", "WORK.PROD"])
def test_names_are_looked_up_in_lower_case_and_by_dots(path, name):
    """A dot nests, upper and lower case are alike."""
    assert load(path).client(name).client_id == "c"


def test_a_key_of_the_file_may_hold_the_dot(tmp_path):
    """A profile that a person wrote with its dot is found too, and replaced where it is."""
    path = tmp_path / "config.yaml"
    path.write_text("profiles:\n  a.b:\n    client-id: one\n    client-secret: s\n")
    assert load(path).client("a.b").client_id == "one"
    load(path).save_client("A.B", "two", Secret("t"))
    assert yaml.safe_load(path.read_text())["profiles"] == {
        "a.b": {"client-id": "two", "client-secret": "t"}
    }


def test_what_is_empty_is_absent(tmp_path):
    """The original dumps flags as empty strings; they mean nothing."""
    path = tmp_path / "config.yaml"
    path.write_text('profile: ""\naws_sso_region: ""\nprofiles: {default: {client-id: ""}}\n')
    config = load(path)
    assert config.default_profile == ""
    assert config.client("default") is None
    assert config.client("nobody") is None
    assert config.aws_settings() == AwsSettings()


@pytest.mark.parametrize("text", ["", "# nothing\n", "~\n", "profiles:\n", "profiles: {}\n"])
def test_an_empty_file_says_nothing(tmp_path, text):
    """It is no error, and can be saved to."""
    path = tmp_path / "config.yaml"
    path.write_text(text)
    assert load(path).client("default") is None
    load(path).save_client("default", "i", Secret("s"))
    assert load(path).client("default").client_id == "i"


def test_a_new_file_is_the_originals(tmp_path):
    """The original's layout, mode 0600, in a directory 0700."""
    path = tmp_path / "home" / ".conductorone" / "config.yaml"
    config = ConeConfig.load({"HOME": str(tmp_path / "home")})
    assert config.save_client("default", "me@acme.conductor.one/pcc", Secret("true")) == path
    assert path.read_text() == (
        "profiles:\n"
        "    default:\n"
        "        client-id: me@acme.conductor.one/pcc\n"
        "        client-secret: 'true'\n"
    )
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert config.client("default").client_secret.reveal() == "true"


def test_every_other_key_survives_a_login(path):
    """Only the two values change, spelling of all others included; the file becomes private."""
    load(path).save_client("default", "new", Secret("new-secret"))
    text = path.read_text()
    assert text == ORIGINAL.replace("strange-hydra-68836@acme.conductor.one/pcc", "new").replace(
        "secret-token:conductorone.com:v1:eyJrdHki", "new-secret"
    )
    assert path.stat().st_mode & 0o777 == 0o600


def test_every_other_key_survives_a_setup(path):
    """Only the three settings change."""
    load(path).save_aws_settings(
        AwsSettings("https://o.awsapps.com/start", "eu-west-1", "eu-west-2")
    )
    before, after = yaml.safe_load(ORIGINAL), yaml.safe_load(path.read_text())
    changed = {key for key in after if after[key] != before.get(key)}
    assert changed == {"aws_sso_start_url", "aws_sso_region", "aws_default_region"}


def test_what_is_saved_already_is_not_written_again(path):
    """The same settings leave the file as it is, comments included."""
    path.write_text(f"# mine\n{ORIGINAL}")
    config = load(path)
    config.save_aws_settings(config.aws_settings())
    assert path.read_text() == f"# mine\n{ORIGINAL}"


COMMENTED = """\
# ours
profiles:   # logins
    # the first
    default:
        client-id: i   # of ada
        client-secret: "s"
    work: {client-id: w, client-secret: x}
'api-endpoint': ""
aws_sso_region: 'us-east-1' # where it is

# below
"""


def test_comments_and_spelling_survive(tmp_path):
    """A value is replaced in its place, and what is new stands behind its neighbours."""
    path = tmp_path / "config.yaml"
    path.write_text(COMMENTED)
    load(path).save_client("default", "j", Secret("t"))
    load(path).save_client("new", "k", Secret("u"))
    load(path).save_aws_settings(AwsSettings("https://o.awsapps.com/start", "eu-west-1"))
    expected = (
        COMMENTED.replace("id: i ", "id: j ")
        .replace('"s"', "t")
        .replace("x}\n", "x}\n    new:\n        client-id: k\n        client-secret: u\n")
        .replace(
            "'us-east-1' # where it is\n",
            "eu-west-1 # where it is\n"
            "aws_sso_start_url: https://o.awsapps.com/start\naws_default_region: us-east-1\n",
        )
    )
    assert path.read_text() == expected


@pytest.mark.parametrize(
    "text",
    [
        "profiles: {default: {client-id: i}, x: y} # mine\n",
        "profiles:\n  one: &a\n    client-id: i\n  default: *a\n# mine\n",
        "profiles: # mine\nother: |\n  a\n  b\n",
        "# mine\nother: [1, 2]\nlast: >\n  folded\n  text\n",
        "a: 1\r\nb:\r\n  - c # mine\r\n",
        "\ufeffa: 1\nb: 'x\n\n  y'",
        "--- # mine\na: 1\n...\n",
        "a: &x\n  c: d\nb:\n  <<: *x\n  e: f",
        "profiles:\n  default:\n    client-id: |\n      i\n    z: 1\n",
    ],
)
def test_whatever_a_file_looks_like_a_login_adds_itself_and_loses_nothing(tmp_path, text):
    """All else means what it did, also where its text is no place for a change."""
    path = tmp_path / "config.yaml"
    path.write_text(text)
    load(path).save_client("default", "j", Secret("t"))
    after = yaml.safe_load(path.read_text())
    login = (after.get("profiles") or {}).pop("default")
    assert (login["client-id"], login["client-secret"]) == ("j", "t")
    before = yaml.safe_load(text)
    (before.get("profiles") or {}).pop("default", None)
    assert {key: value for key, value in after.items() if value} == {
        key: value for key, value in before.items() if value
    }


def test_a_new_profile_nests_by_its_dots(path):
    """It stands beside what is there, whatever its case."""
    load(path).save_client("Work.Test", "t", Secret("u"))
    profiles = yaml.safe_load(path.read_text())["profiles"]
    assert profiles["Work"]["test"] == {"client-id": "t", "client-secret": "u"}
    assert profiles["Work"]["prod"] == {"client-id": "c", "client-secret": "s"}


def test_an_alias_is_not_changed_through_its_anchor(tmp_path):
    """Logging in to one profile leaves the one that it is an alias of as it was."""
    path = tmp_path / "config.yaml"
    path.write_text("profiles:\n  one: &a {client-id: i, client-secret: s}\n  two: *a\n")
    load(path).save_client("two", "j", Secret("t"))
    assert load(path).client("one").client_id == "i"
    assert load(path).client("two").client_id == "j"


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"profiles:\n  default: [\n", 3),
        (b"a: 1\n\tb: secret-token\n", 2),
        (b"a: *secret\n", 1),
        (b"- a\n- b\n", 1),
        (b"secret\n", 1),
        (b"a: 1\nb: \xff\n", 2),
        (b"a: 1\nb: \x00\n", 2),
        (b"a: 1\n---\nb: 2\n", 2),
        (b"[" * 5000, 1),
    ],
)
def test_a_malformed_file_is_named_with_its_line(tmp_path, data, line):
    """The error names file and line and shows nothing of the content; the file stays as it was."""
    path = tmp_path / "config.yaml"
    path.write_bytes(data)
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    assert caught.value.message.endswith(f"is not valid YAML at line {line}")
    assert "config.yaml" in caught.value.message
    assert "secret" not in caught.value.message + caught.value.hint
    assert caught.value.__cause__ is None
    assert path.read_bytes() == data


def test_a_profile_that_is_no_mapping_is_not_overwritten(tmp_path):
    """What can't be understood isn't thrown away."""
    path = tmp_path / "config.yaml"
    path.write_text("profiles: nonsense\n")
    with pytest.raises(ConfigurationError, match="not a mapping"):
        load(path).save_client("default", "i", Secret("s"))
    assert path.read_text() == "profiles: nonsense\n"


def test_a_file_named_as_directory_reads_as_no_config(path):
    """As in the original; saving there is refused."""
    config = ConeConfig.load({"CONE_CONFIG_PATH": str(path)})
    assert config.client("default") is None
    with pytest.raises(ConfigurationError, match="can't be written"):
        config.save_client("default", "i", Secret("s"))


def test_savings_at_the_same_time_all_survive(path):
    """Each reads the file again under the lock."""
    savings = [
        threading.Thread(target=load(path).save_client, args=(f"p{n}", f"id{n}", Secret("s")))
        for n in range(8)
    ]
    for saving in savings:
        saving.start()
    for saving in savings:
        saving.join()
    config = load(path)
    assert [config.client(f"p{n}").client_id for n in range(8)] == [f"id{n}" for n in range(8)]


def test_secrets_are_not_shown(path):
    """Neither the file's client nor the config shows a secret."""
    config = load(path)
    assert "eyJrdHki" not in repr(config.client("default")) + repr(config)


def test_another_identity_center_is_its_tenants_own(tmp_path):
    """A tenant with another start URL has settings of its own; those of all others stay."""
    environment = {"HOME": str(tmp_path)}
    acme = AwsSettings("https://acme.awsapps.com/start", "us-east-1", "us-west-2")
    globex = AwsSettings("https://globex.awsapps.com/start", "eu-west-1", "eu-west-1")
    ConeConfig.load(environment).save_aws_settings(acme)
    ConeConfig.load(environment).save_aws_settings(globex, "Globex")
    config = ConeConfig.load(environment)
    assert config.aws_settings() == config.aws_settings("default") == acme
    assert config.aws_settings("globex") == globex
    assert config.has_own_settings("globex")
    assert not config.has_own_settings("other")
    assert config.aws_settings("other") == acme


def test_the_first_identity_center_is_for_all(tmp_path):
    """The settings of the first tenant are where the original looks for them, whatever its name."""
    environment = {"HOME": str(tmp_path)}
    acme = AwsSettings("https://acme.awsapps.com/start")
    ConeConfig.load(environment).save_aws_settings(acme, "work")
    assert ConeConfig.load(environment).aws_settings() == acme
    # Whoever comes next with another one doesn't take it from them, and they may correct it.
    globex = AwsSettings("https://globex.awsapps.com/start")
    ConeConfig.load(environment).save_aws_settings(globex, "default")
    corrected = AwsSettings("https://acme-2.awsapps.com/start")
    ConeConfig.load(environment).save_aws_settings(corrected, "work")
    config = ConeConfig.load(environment)
    assert config.aws_settings() == config.aws_settings("work") == corrected
    assert config.aws_settings("default") == globex
    assert not config.has_own_settings("work")
    assert config.own_start_url("work") == corrected.sso_url
    assert config.own_start_url("other") == ""


def test_another_identity_center_begins_in_the_default_region(tmp_path):
    """Where the first one is says nothing of the second; the region of the profiles is the same."""
    environment = {"HOME": str(tmp_path)}
    acme = AwsSettings("https://acme.awsapps.com/start", "eu-west-1", "eu-west-2")
    ConeConfig.load(environment).save_aws_settings(acme)
    config = ConeConfig.load(environment)
    begun = config.settings_for("https://globex.awsapps.com/start", "work")
    assert (begun.sso_region, begun.region) == ("us-east-1", "eu-west-2")
    for url, name in (("", "work"), (acme.sso_url, "work"), ("https://acme-2.example", "default")):
        assert config.settings_for(url, name) == acme
