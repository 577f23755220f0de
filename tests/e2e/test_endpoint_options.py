"""``cone serve``'s options for the endpoint: where it listens, whom it lets in, what it writes down."""

import http.client
import json
import socket
import ssl

import pytest

from clients.own_network import ADDRESS, own_network, why_not
from fakes.asked_endpoint import GO, GOOD, OTHER, SCENARIO, AskedEndpoint, P, Q, eventually
from fakes.certificate import write_signed_certificate
from fakes.simulated_stage import SimulatedStage

AUDIT_KEYS = [
    "time",
    "request_id",
    "peer",
    "user_agent",
    "profile",
    "outcome",
    "status",
    "key_id",
    "task",
    "seconds_left",
]


@pytest.fixture(name="stage", scope="module")
def _stage(simulated_once):
    return simulated_once.start(SCENARIO, "--auto-confirm")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def refused_at_start(stage, *options):
    """Return what is said, and that it ends as a command that was put wrongly does."""
    done = stage.cone("serve", "--management-listen", "127.0.0.1:0", *options)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr.splitlines()


def test_paths_of_aws_s_container_for_local_endpoints(serve):
    """/creds gives the default profile, /role/<profile> any: a compose file only changes its image."""
    endpoint = serve("--default-profile", OTHER)
    assert endpoint.get("/creds", GO).json()["AccountId"] == Q
    assert endpoint.get(f"/role/{GOOD}", GO).json()["AccountId"] == P
    own = endpoint.environment(OTHER)["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
    assert endpoint.get("/creds", GO, token=own).status == 200
    assert (
        endpoint.get(
            "/creds", token=endpoint.environment(GOOD)["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
        ).status
        == 401
    )


def test_no_default_profile(serve):
    """Where there are several, none is chosen, and the answer says what to set."""
    answer = serve().get("/creds", GO)
    assert answer.status == 403
    assert "cone serve --default-profile <profile>" in answer.json()["message"]


def test_networks_that_are_let_in(serve):
    """Clients of other networks get 403, whatever they present."""
    endpoint = serve("--allow-client", "127.0.9.0/24", "--allow-client", "10.0.0.0/8")
    friend = endpoint.connect("127.0.9.7")
    assert endpoint.ask(headers=GO, connection=friend).status == 200
    friend.close()
    answer = endpoint.ask(method="POST", host="x")
    assert answer.status == 403
    assert "clients of this network get nothing here" in answer.json()["message"]


def test_another_name_for_the_listener(serve):
    """It is right with and without the port, and no other name is."""
    endpoint = serve("--allow-host", "sidecar.internal")
    for host in ("sidecar.internal", f"sidecar.internal:{endpoint.address[1]}"):
        assert endpoint.ask(headers=GO, host=host).status == 200
    assert endpoint.ask(host="other.internal").status == 403


def test_two_listeners(serve):
    """Both give the same credentials, each is called by its own address."""
    port = free_port()
    endpoint = serve("--listen", f"127.0.0.5:{port}")
    first = endpoint.served()
    second = http.client.HTTPConnection("127.0.0.5", port, timeout=60)
    here = endpoint.ask(connection=second, host=f"127.0.0.5:{port}")
    assert here.body == first.body
    assert endpoint.ask(connection=second, host="127.0.0.5:1").status == 403
    second.close()
    assert endpoint.ask(host=f"127.0.0.5:{port}").status == 403


def test_tls_with_a_private_authority(stage, serve, tmp_path):
    """Who trusts the authority is served over TLS; who doesn't, or speaks plain HTTP, is not."""
    authority, certificate, key = write_signed_certificate(tmp_path)
    endpoint = serve("--tls-cert", str(certificate), "--tls-key", str(key))
    environment = endpoint.environment()
    assert environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"].startswith("https://127.0.0.1:")
    trusting = http.client.HTTPSConnection(
        *endpoint.address, timeout=60, context=ssl.create_default_context(cafile=authority)
    )
    assert endpoint.ask(headers=GO, connection=trusting).status == 200
    trusting.close()
    doubting = http.client.HTTPSConnection(*endpoint.address, timeout=60)
    with pytest.raises(ssl.SSLCertVerificationError):
        endpoint.ask(connection=doubting)
    doubting.close()
    with pytest.raises((http.client.HTTPException, OSError)):
        endpoint.ask()


def test_the_audit(serve, tmp_path):
    """One line of JSON per answer, whatever it was, without a secret; the file is its owner's."""
    file = tmp_path / "audit.jsonl"
    endpoint = serve("--audit", str(file))
    body = endpoint.served().json()
    asked = [
        (GOOD, {"headers": GO}, ("Served", 200)),
        (GOOD, {"token": ""}, ("Unauthorized", 401)),
        (GOOD, {"token": "wrong"}, ("Unauthorized", 401)),
        (GOOD, {"method": "POST"}, ("RequestRefused", 405)),
        (GOOD, {"headers": {"Origin": "http://x"}}, ("RequestRefused", 403)),
        ("p-nobody", {}, ("ProfileNotFound", 403)),
        ("p-deny", {"headers": GO}, ("AccessDenied", 403)),
    ]
    for profile, how, _ in asked:
        endpoint.ask(profile, **how)
    assert eventually(lambda: len(file.read_text().splitlines()) == len(asked) + 1)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [list(line) for line in lines] == [AUDIT_KEYS] * len(lines)
    assert [(line["outcome"], line["status"]) for line in lines[1:]] == [why for _, _, why in asked]
    meant = [GOOD, GOOD, GOOD, GOOD, None, None, None, "p-deny"]
    assert [line["profile"] for line in lines] == meant
    assert lines[0]["key_id"] == body["AccessKeyId"][-4:]
    assert lines[0]["user_agent"] == GO["User-Agent"]
    assert 0 < lines[0]["seconds_left"] <= 3600
    assert lines[-1]["task"].isdigit()
    assert file.stat().st_mode & 0o777 == 0o600
    text = file.read_text()
    for secret in (endpoint.token, body["SecretAccessKey"], body["Token"], body["AccessKeyId"]):
        assert secret not in text


def test_no_token_on_loopback(stage):
    """It is refused at the start: every process of this machine would be let in."""
    assert refused_at_start(stage, "--listen", "127.0.0.1:0", "--no-token") == (
        2,
        [
            "cone: error: --no-token is for a network of containers alone, where the sidecar is "
            "169.254.170.2",
            "cone: hint: --listen 169.254.170.2:80, or leave out --no-token",
        ],
    )


@pytest.mark.parametrize(
    ("options", "exit_code", "words"),
    [
        (["--token-file", "{short}"], 1, "holds no token of 32 characters or more"),
        (["--profile-token-file", f"{GOOD}=/proc/none/token"], 1, "can't be written"),
        (["--tls-cert", "{short}", "--tls-key", "{short}"], 1, "are no certificate and its key"),
        (["--tls-cert", "{short}"], 2, "--tls-cert and --tls-key belong together"),
        (["--token-file-mode", "0666"], 2, "--token-file-mode takes the octal mode"),
        (["--allow-client", "here"], 2, "--allow-client takes a network"),
        (["--audit", "/proc/none/audit"], 1, "audit"),
    ],
)
def test_what_is_refused_at_the_start(stage, tmp_path, options, exit_code, words):
    """One line says what is wrong, the next what to write, and nothing listens."""
    short = tmp_path / "short"
    short.write_text("short")
    told = [option.format(short=short) for option in options]
    code, lines = refused_at_start(stage, "--listen", "127.0.0.1:0", *told)
    assert code == exit_code
    assert len(lines) == 2
    assert lines[0].startswith("cone: error: ")
    assert words in lines[0]
    assert lines[1].startswith("cone: hint: ")


@pytest.mark.skipif(bool(why_not()), reason=why_not())
def test_no_token_at_169_254_170_2():
    """There a compose file for AWS's own container works as it is: no token, a path, and that is all."""

    def there():
        with SimulatedStage() as stage:
            stage.start(SCENARIO, "--auto-confirm")
            endpoint = AskedEndpoint(
                stage, "--no-token", "--default-profile", OTHER, listen="169.254.170.2:80"
            )
            answers = [
                endpoint.get(path, GO, token="") for path in ("/creds", f"/role/{GOOD}", "/creds")
            ]
            browser = endpoint.get("/creds", {"Origin": "http://x"}, token="")
            return answers, browser.status, endpoint.environment(GOOD), endpoint.host

    with own_network() as network:
        answers, browser, environment, host = network.submit(there).result()
    assert host == ADDRESS
    assert [answer.status for answer in answers] == [200] * 3
    assert [answer.json()["AccountId"] for answer in answers] == [Q, P, Q]
    assert browser == 403
    assert environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] == f"/credentials/{GOOD}"
    assert "AWS_CONTAINER_AUTHORIZATION_TOKEN" not in environment
