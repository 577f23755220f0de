"""``cone simulator`` as a process."""

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys

import httpx
import pytest

CONE = [sys.executable, "-c", "import sys; from cone_cli.main import main; sys.exit(main())"]
NAMES = [
    "CONE_API_ENDPOINT",
    "CONE_CLIENT_ID",
    "CONE_CLIENT_SECRET",
    "AWS_ENDPOINT_URL_SSO",
    "AWS_ENDPOINT_URL_SSO_OIDC",
    "AWS_ENDPOINT_URL_SIGNIN",
    "AWS_ENDPOINT_URL_STS",
]


@contextlib.contextmanager
def simulator(*options):
    """Run ``cone simulator`` on a free port; gives the process and the variables that it prints."""
    command = [*CONE, "simulator", "--port", "0", *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process, dict(printed(process))
        finally:
            process.kill()


def printed(process):
    """Read the variables as a shell would see them; each line must be an export."""
    for _ in NAMES:
        line = process.stdout.readline().strip()
        export, _, assignment = line.partition(" ")
        assert export == "export", line
        name, _, value = assignment.partition("=")
        yield name, value.strip("'")


def run(*arguments):
    """Run ``cone`` to its end; a hang is a failure."""
    return subprocess.run(
        [*CONE, *arguments], capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_its_environment_and_ends_well(number):
    """Six export lines once the port accepts, nothing else on stdout, exit code 0 on a signal."""
    with simulator() as (process, variables):
        assert list(variables) == NAMES
        url = variables["CONE_API_ENDPOINT"]
        assert url.startswith("http://127.0.0.1:")
        assert variables["AWS_ENDPOINT_URL_STS"] == url
        assert variables["CONE_CLIENT_SECRET"].startswith("secret-token:conductorone.com:v1:")
        assert httpx.get(f"{url}/_simulator/requests").json() == []
        process.send_signal(number)
        assert process.wait(10) == 0
        assert process.stdout.read() == ""
        assert process.stderr.read() == ""


def test_it_ends_at_once_while_a_request_hangs():
    """A fault that hangs doesn't hold up SIGTERM for longer than the drain."""
    with simulator() as (process, variables):
        url = variables["CONE_API_ENDPOINT"]
        fault = {"operation": "ListAccounts", "hang": True}
        assert httpx.post(f"{url}/_simulator/faults", json=fault).status_code == 201
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{url}/assignment/accounts", timeout=0.2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert "Traceback" not in process.stderr.read()


def test_a_taken_port_is_told_in_one_line():
    """Port in use: what it is, what to do, exit code 1, nothing on stdout."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run("simulator", "--port", str(taken.getsockname()[1]))
    assert result.returncode == 1
    assert result.stdout == ""
    first, second = result.stderr.splitlines()
    assert "address already in use" in first
    assert "--port" in second


@pytest.mark.parametrize(
    ("arguments", "exit_code", "text"),
    [
        (["--port", "70000"], 2, "0 to 65535"),
        (["--tls-cert", "x.pem"], 2, "go together"),
        (["--tls-cert", "none.pem", "--tls-key", "none.pem"], 1, "certificate"),
        (["--scenario", "none.yaml"], 1, "none.yaml"),
        (["--host", "192.0.2.1"], 1, "can't listen"),
        (["--host", "no such host"], 1, "can't listen"),
    ],
)
def test_bad_options_are_told_in_one_line(arguments, exit_code, text):
    """One line and a hint, a stable exit code, no traceback."""
    result = run("simulator", *arguments)
    assert result.returncode == exit_code
    assert text in result.stderr.splitlines()[0]
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


@pytest.fixture(name="certificate", scope="module")
def _certificate(tmp_path_factory):
    """Make a certificate for 127.0.0.1, signed by itself."""
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    subprocess.run(
        [
            *command.split(),
            "-subj",
            "/CN=simulator",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-keyout",
            folder / "key.pem",
            "-out",
            folder / "cert.pem",
        ],
        check=True,
        capture_output=True,
    )
    os.chmod(folder / "key.pem", 0o600)
    return folder / "cert.pem", folder / "key.pem"


def test_over_tls_the_tenant_is_a_host_and_port(certificate):
    """Under TLS CONE_API_ENDPOINT has no scheme, and AWS's URLs are https."""
    cert, key = certificate
    with simulator("--tls-cert", cert, "--tls-key", key) as (process, variables):
        url = variables["AWS_ENDPOINT_URL_SSO"]
        assert url == f"https://{variables['CONE_API_ENDPOINT']}"
        trust = ssl.create_default_context(cafile=cert)
        started = httpx.post(
            f"{url}/auth/v1/device_authorization", data={"client_id": "c"}, verify=trust
        )
        assert started.json()["verification_uri_complete"].startswith(f"{url}/")
        reset = {"operation": "ListAccounts", "reset": True}
        httpx.post(f"{url}/_simulator/faults", json=reset, verify=trust)
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{url}/assignment/accounts", verify=trust)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
