"""What ``cone aws doctor`` says of variables: each planted fault is found, and its fix is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cone_cli.doctor.environment_check import check_environment
from cone_cli.doctor.finding import Level
from cone_cli.doctor.proxy_check import covers

FULL = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
RELATIVE = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
ENV = 'eval "$(cone aws env dev)"'
GOOD = {
    FULL: "http://127.0.0.1:9911/credentials/dev",
    TOKEN: "t" * 43,
    TOKEN_FILE: "/run/cone/token",
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
IN_COMPOSE = {name: GOOD[name] for name in GOOD if name != FULL} | {RELATIVE: "/credentials/dev"}


def bad(environment, profiles=None, profile=""):
    """Return what isn't all right, as {id: finding}."""
    findings = check_environment(environment, profiles, profile)
    return {each.id: each for each in findings if each.level is not Level.OK}


def only(environment, profiles=None, profile=""):
    """Return the one finding that isn't all right."""
    (finding,) = bad(environment, profiles, profile).values()
    return finding


def without(*names):
    return {name: value for name, value in GOOD.items() if name not in names}


@pytest.mark.parametrize("environment", [GOOD, IN_COMPOSE])
def test_a_good_environment(environment):
    """What ``cone aws env`` exports, on loopback or at 169.254.170.2, has nothing against it."""
    assert bad(environment) == {}
    assert check_environment(environment)


@pytest.mark.parametrize(
    ("uri", "level", "who"),
    [
        ("http://localhost:9911/credentials/dev", Level.OK, ""),
        ("http://127.0.0.2:9911/credentials/dev", Level.WARN, "JavaScript v2"),
        ("http://127.1.0.2:9911/credentials/dev", Level.WARN, "C++"),
        ("http://[::1]:9911/credentials/dev", Level.WARN, "AWS CLI 2.9"),
        ("http://[0:0:0:0:0:0:0:1]:9911/credentials/dev", Level.WARN, "AWS CLI 2.9"),
        ("http://169.254.170.2/credentials/dev", Level.WARN, "Go v1"),
        ("http://169.254.170.23/credentials/dev", Level.WARN, "MinIO"),
        ("http://[fd00:ec2::23]/credentials/dev", Level.WARN, "Java v2"),
        ("http://cone-sidecar:9911/credentials/dev", Level.FAIL, "refused by the SDKs"),
        ("http://192.0.2.1:9911/credentials/dev", Level.FAIL, "refused by the SDKs"),
        ("https://cone.example.com/credentials/dev", Level.WARN, "Go v1"),
    ],
)
def test_the_host(uri, level, who):
    """Rule 1: who doesn't take a host is named."""
    findings = check_environment(GOOD | {FULL: uri})
    (finding,) = [each for each in findings if each.id == "full-uri-host"]
    assert finding.level is level
    assert who in finding.what
    assert bool(finding.fix) == (level is not Level.OK)


def test_a_service_name():
    """A name of the compose network is refused by SDKs: the network has to be shared."""
    fix = only(GOOD | {FULL: "http://cone:9911/credentials/dev"}).fix
    assert "network_mode" in fix
    assert "169.254.170.2" in fix


def test_https():
    """A certificate has to be trusted by each client in its own way."""
    found = bad(GOOD | {FULL: "https://localhost:9911/credentials/dev"})
    assert list(found) == ["full-uri-https"]
    assert "private CA" in found["full-uri-https"].what


@pytest.mark.parametrize(
    "uri", ["127.0.0.1:9911", "ftp://127.0.0.1/", "http://", "http://a:99999/"]
)
def test_no_url(uri):
    """What isn't a URL is said to be none, and no traceback."""
    finding = only(GOOD | {FULL: uri})
    assert (finding.id, finding.level) == ("full-uri-syntax", Level.FAIL)


@pytest.mark.parametrize(
    ("path", "level", "who"),
    [
        ("My%20Profile", Level.WARN, "C++"),
        ("a:b", Level.WARN, "not every client"),
        ("My Profile", Level.FAIL, "Go"),
        ("é", Level.FAIL, "Ruby"),
        ("dev\n", Level.FAIL, "control"),
    ],
)
@pytest.mark.parametrize(
    ("variable", "before", "check"),
    [
        (FULL, "http://127.0.0.1:9911/credentials/", "full-uri-path"),
        (RELATIVE, "/credentials/", "relative-uri-path"),
    ],
)
def test_the_path(variable, before, check, path, level, who):
    """Rule 2: what isn't sent alike by every client is found, and the slug is the way out."""
    base = GOOD if variable == FULL else IN_COMPOSE
    finding = only(base | {variable: before + path})
    assert (finding.id, finding.level) == (check, level)
    assert who in finding.what
    assert "slug" in finding.fix


def test_user_and_password():
    """Go and MinIO would send them instead of the token."""
    finding = only(GOOD | {FULL: "http://ada:hunter2secret@127.0.0.1:9911/credentials/dev"})
    assert (finding.id, finding.level) == ("full-uri-user", Level.FAIL)
    assert "hunter2" not in finding.what + finding.fix


@pytest.mark.parametrize(
    ("uri", "level"),
    [
        ("http://127.0.0.1:9911/credentials/dev?x=1", Level.WARN),
        ("http://127.0.0.1:9911/creds?profile=dev", Level.FAIL),
        ("http://127.0.0.1:9911?profile=dev", Level.FAIL),
    ],
)
def test_a_query(uri, level):
    """Some clients drop it: it must not be what names the profile."""
    finding = only(GOOD | {FULL: uri})
    assert (finding.id, finding.level) == ("full-uri-query", level)


def test_both_uris():
    """RELATIVE_URI wins everywhere but in Go v1."""
    finding = only(GOOD | {RELATIVE: "/credentials/dev"})
    assert (finding.id, finding.level, finding.fix) == (
        "both-uris",
        Level.FAIL,
        f"unset {RELATIVE}",
    )
    assert "Go v1" in finding.what


def test_both_uris_where_the_sidecar_is_at_the_link_local_address():
    """There it is the other one that has to go."""
    found = bad(GOOD | {FULL: "http://169.254.170.2/credentials/dev", RELATIVE: "/credentials/dev"})
    assert found["both-uris"].fix == f"unset {FULL}"


def test_a_relative_uri_without_a_slash():
    """It would be read as part of the host."""
    finding = only(IN_COMPOSE | {RELATIVE: "credentials/dev"})
    assert (finding.id, finding.level) == ("relative-uri-path", Level.FAIL)


@pytest.mark.parametrize(
    ("name", "level"),
    [(RELATIVE, Level.FAIL), (TOKEN_FILE, Level.FAIL), ("AWS_PROFILE", Level.WARN)],
)
def test_an_empty_variable(name, level):
    """Unset means absent: some clients take an empty one for set."""
    found = bad(GOOD | {name: ""})
    assert (found["empty-variable"].level, found["empty-variable"].fix) == (level, f"unset {name}")


@pytest.mark.parametrize(
    ("environment", "level", "text"),
    [
        (without(TOKEN, TOKEN_FILE), Level.FAIL, "sidecar refuses"),
        (without(TOKEN), Level.WARN, "Go v1"),
        (without(TOKEN_FILE), Level.WARN, "object_store"),
        (
            {name: IN_COMPOSE[name] for name in IN_COMPOSE if name not in {TOKEN, TOKEN_FILE}},
            Level.WARN,
            "--no-token",
        ),
    ],
)
def test_a_missing_token(environment, level, text):
    """Rule 3: some read only the variable, some only the file."""
    finding = only(environment)
    assert (finding.id, finding.level) == ("token", level)
    assert text in finding.what
    assert "cone aws env" in finding.fix or "cat" in finding.fix


@pytest.mark.parametrize(("token", "level"), [("t" * 40 + "\n", Level.FAIL), ("ü" * 40, Level.FAIL),
                                              ("{" * 40, Level.WARN)])  # fmt: skip
def test_a_token_that_is_not_sent(token, level):
    """Rule 5: its alphabet is what every client sends."""
    finding = only(GOOD | {TOKEN: token})
    assert (finding.id, finding.level, finding.fix) == ("token-alphabet", level, ENV)


@pytest.mark.parametrize(
    ("added", "check", "fix"),
    [
        (
            {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "k" * 40},
            "static-keys",
            "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY",
        ),
        ({"AWS_SESSION_TOKEN": "s" * 40}, "static-keys", "unset AWS_SESSION_TOKEN"),
        (
            {
                "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/token",
                "AWS_ROLE_ARN": "arn:aws:iam::1:role/r",
            },
            "web-identity",
            "unset AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_ARN",
        ),
        ({"AWS_ROLE_ARN": "arn:aws:iam::1:role/r"}, "web-identity", "unset AWS_ROLE_ARN"),
        ({"AWS_PROFILE": "nosuch"}, "aws-profile", "unset AWS_PROFILE"),
        ({"AWS_DEFAULT_PROFILE": "nosuch"}, "aws-profile", "unset AWS_DEFAULT_PROFILE"),
    ],
)
def test_variables_that_win(added, check, fix):
    """Rule 25: what clients take before they ask is named, and unset."""
    finding = only(GOOD | added)
    assert (finding.id, finding.fix) == (check, fix)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE"}, "static keys"),
        ({"sso_session": "s"}, "SSO"),
        ({"sso_start_url": "https://acme.awsapps.com/start"}, "SSO"),
        ({"credential_process": "/usr/bin/x"}, "credential_process"),
        ({"role_arn": "arn:aws:iam::1:role/r", "source_profile": "x"}, "role"),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_profiles_that_win(values, text, named):
    """[default], or the profile that is named, is taken before the endpoint is asked."""
    added = {"AWS_PROFILE": "work"} if named else {}
    finding = only(GOOD | added, {"work" if named else "default": values})
    assert finding.level is Level.FAIL
    assert text in finding.what
    assert finding.fix == "unset AWS_PROFILE" if named else "/dev/null" in finding.fix


@pytest.mark.parametrize("added", [{}, {"AWS_PROFILE": "default"}])
def test_a_profile_with_a_region_alone(added):
    """It is no credential source: the endpoint is asked by every client."""
    assert bad(GOOD | added, {"default": {"region": "eu-central-1", "output": "json"}}) == {}


def test_a_role_on_top():
    """Rule 26: some assume it, some go on without it."""
    values = {"role_arn": "arn:aws:iam::1:role/r", "credential_source": "EcsContainer"}
    finding = only(GOOD, {"default": values})
    assert (finding.id, finding.level) == ("default-profile", Level.WARN)
    assert "C++" in finding.what


@pytest.mark.parametrize(
    ("added", "fix"),
    [
        ({"HTTP_PROXY": "http://p"}, "export NO_PROXY=127.0.0.1,localhost"),
        ({"http_proxy": "http://p"}, "export NO_PROXY=127.0.0.1,localhost"),
        ({"ALL_PROXY": "http://p"}, "export NO_PROXY=127.0.0.1,localhost"),
        (
            {"HTTP_PROXY": "http://p", "NO_PROXY": "example.com"},
            'export NO_PROXY="$NO_PROXY,127.0.0.1,localhost"',
        ),
        (
            {"HTTP_PROXY": "http://p", "NO_PROXY": "127.0.0.1", "no_proxy": "x"},
            'export no_proxy="$no_proxy,127.0.0.1,localhost"',
        ),
    ],
)
def test_a_proxy(added, fix):
    """Rule 24: Rust and object_store would send it the token."""
    finding = only(GOOD | added)
    assert (finding.id, finding.level, finding.fix) == ("proxy", Level.FAIL, fix)
    assert "Rust and object_store" in finding.what


@pytest.mark.parametrize(
    ("hosts", "host", "covered"),
    [
        ("a, 127.0.0.1 ,b", "127.0.0.1", True),
        ("*", "127.0.0.1", True),
        ("127.0.0.0/8", "127.0.0.1", True),
        ("[::1]", "::1", True),
        (".example.com", "cone.example.com", True),
        ("example.com", "cone.example.com", True),
        ("localhost", "127.0.0.1", False),
        ("", "127.0.0.1", False),
        (",.,*.,/", "127.0.0.1", False),
    ],
)
def test_exceptions_from_the_proxy(hosts, host, covered):
    """By name, by the domain above, by network, and by nothing else."""
    assert covers(hosts, host) is covered


@pytest.mark.parametrize("value", ["", "false", None])
def test_instance_metadata(value):
    """JavaScript v2 and others would ask it after a refusal."""
    environment = without("AWS_EC2_METADATA_DISABLED")
    if value is not None:
        environment["AWS_EC2_METADATA_DISABLED"] = value
    finding = only(environment)
    assert (finding.id, finding.level) == ("imds", Level.WARN)
    assert finding.fix == "export AWS_EC2_METADATA_DISABLED=true"


@pytest.mark.parametrize(
    ("absent", "fix"),
    [
        (
            ("AWS_REGION", "AWS_DEFAULT_REGION"),
            "export AWS_REGION=<region> AWS_DEFAULT_REGION=<region>",
        ),
        (("AWS_REGION",), 'export AWS_REGION="$AWS_DEFAULT_REGION"'),
        (("AWS_DEFAULT_REGION",), 'export AWS_DEFAULT_REGION="$AWS_REGION"'),
    ],
)
def test_the_region(absent, fix):
    """boto3 reads one of the variables, others the other."""
    finding = only(without(*absent))
    assert (finding.id, finding.level, finding.fix) == ("region", Level.WARN, fix)


def test_the_region_of_a_profile():
    """It will do where no variable has one."""
    environment = without("AWS_REGION", "AWS_DEFAULT_REGION")
    assert bad(environment, {"default": {"region": "eu-central-1"}}) == {}


def test_nothing_is_set():
    """On a laptop that is no failure: it is told how to point SDKs at a sidecar."""
    finding = only({"HOME": "/home/ada"})
    assert (finding.id, finding.level) == ("no-endpoint", Level.INFO)
    assert finding.fix == 'eval "$(cone aws env <profile>)"'


def test_a_token_alone():
    """Whoever sets a token means an endpoint."""
    assert only({TOKEN: "t" * 43}).level is Level.FAIL


@pytest.mark.parametrize("profile", ["prod", "Prod Admin"])
def test_another_profile(profile):
    """Whoever asks about a profile is told that SDKs get another one."""
    assert only(GOOD, profile=profile).id == "endpoint-profile"
    assert bad(GOOD, profile="dev") == {}
    assert bad(GOOD | {FULL: "http://127.0.0.1:9911/creds"}, profile=profile) == {}


NAMES = [
    FULL,
    RELATIVE,
    TOKEN_FILE,
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_REGION",
    "HTTP_PROXY",
    "NO_PROXY",
    "AWS_ROLE_ARN",
]
TOKENS = st.text("abcXYZ019._~+/=-é ü{\n%", min_size=8, max_size=60).filter(
    lambda text: text.strip()
)
TEXTS = [
    "{}",
    "http://127.0.0.1:9911/credentials/{}",
    "http://{}:9911/x",
    "http://{}@localhost/a?{}",
]


@given(
    token=TOKENS,
    others=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(TEXTS)),
    profiles=st.sampled_from([{}, {"default": {"sso_session": "s"}}]),
)
def test_no_finding_holds_a_token(token, others, profiles):
    """Wherever else a token was put by mistake, nothing shows it."""
    environment = {name: text.replace("{}", token) for name, text in others.items()}
    environment |= {TOKEN: token, "AWS_SECRET_ACCESS_KEY": token}
    for finding in check_environment(environment, profiles):
        assert token.strip().lower() not in f"{finding.what} {finding.fix}".lower()
