"""A running sidecar in odd surroundings: files, a log that nobody reads, other sidecars and users."""

import contextlib
import fcntl
import http.client
import os
import shutil
import socket
import ssl
from pathlib import Path

import pytest

from clients.own_network import ADDRESS, own_network, why_not
from cone_cli.stage import cone_command
from cone_sidecar.authorization_token import write_token
from cone_sidecar.errors import ConeError
from cone_sidecar.runtime import find
from cone_sidecar.secret import Secret
from fakes.asked_endpoint import GO, GOOD, OTHER, SCENARIO, eventually
from fakes.certificate import write_certificate
from fakes.simulated_stage import SimulatedStage

FIRST = "f" * 43
MANY = 2000
NOBODY = 65534
PAGE = 4096


@pytest.fixture(name="stage", scope="module")
def _stage(simulated_once):
    return simulated_once.start(SCENARIO, "--auto-confirm")


def alive(sidecar):
    """Tell whether the management listener says so."""
    host, _, port = sidecar.management_url.partition("://")[2].rpartition(":")
    asking = http.client.HTTPConnection(host, int(port), timeout=10)
    try:
        asking.request("GET", "/livez")
        return asking.getresponse().read() == b"ok\n"
    finally:
        asking.close()


def a_pipe(path):
    os.mkfifo(path)


def a_directory(path):
    path.mkdir()


def a_large_file(path):
    path.write_bytes(b"x" * 2**20)


@pytest.mark.parametrize("make", [a_pipe, a_directory, a_large_file])
def test_what_is_put_in_the_place_of_the_token_file(serve, tmp_path, make):
    """The old token stays, everybody is answered, and one line says so."""
    master, made = tmp_path / "master", tmp_path / "made"
    write_token(master, Secret(FIRST))
    endpoint = serve("--token-file", str(master))
    assert endpoint.ask(headers=GO, token=FIRST).status == 200
    make(made)
    if made.is_dir():
        master.unlink()
    made.rename(master)
    assert endpoint.ask(token="w" * 43).status == 401
    endpoint.line("WARNING the token stays as it was: the token file")
    for _ in range(3):
        assert endpoint.ask(token="w" * 43).status == 401
        assert endpoint.ask(headers=GO, token=FIRST).status == 200
    assert alive(endpoint.sidecar)
    # In between a directory there is none.
    said = [line for line in endpoint.log if "the token stays" in line and "gone" not in line]
    assert len(said) == 1


def test_a_new_certificate_without_a_restart(serve, tmp_path):
    """New connections see it within seconds; a broken one keeps the last, and is told of once."""
    certificate, key = write_certificate(tmp_path)
    endpoint = serve("--tls-cert", str(certificate), "--tls-key", str(key))

    def seen():
        return ssl.get_server_certificate(endpoint.address, timeout=10)

    first = certificate.read_text()
    assert seen() == first
    write_certificate(tmp_path)
    second = certificate.read_text()
    assert eventually(lambda: seen() == second != first)
    certificate.write_text("broken")
    endpoint.line("WARNING the certificate stays as it was")
    assert seen() == second
    trusting = ssl.create_default_context(cadata=second)
    asking = http.client.HTTPSConnection(*endpoint.address, timeout=60, context=trusting)
    assert endpoint.ask(headers=GO, connection=asking).status == 200
    asking.close()
    assert len([line for line in endpoint.log if "certificate stays" in line]) == 1


def test_two_sidecars_of_one_user(stage, serve):
    """Whichever ends, the other one is found by commands."""
    first, second = serve(), serve()
    url = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
    assert second.environment()[url].startswith(second.sidecar.credentials_url)
    stage.end(stage.children[-1])
    done = stage.cone("healthcheck")
    assert (done.returncode, done.stderr) == (0, "")
    environment = first.environment()
    assert environment[url].startswith(first.sidecar.credentials_url)
    token = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
    assert first.ask(headers=GO, token=token).status == 200
    stage.end(stage.children[-2])
    done = stage.cone("healthcheck")
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        1,
        "cone: error: no sidecar is running",
    )


def why_not_another_user():
    """Say why nobody else can run ``cone`` here, empty where somebody can."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        return "to run as another user needs root and setpriv"
    with SimulatedStage() as stage:
        tried = stage.attempt([*as_nobody(), *cone_command(), "--version"])
    return f"another user can't run cone: {tried.stderr}" if tried.returncode else ""


def as_nobody():
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


@pytest.mark.parametrize(
    "command",
    [
        ["healthcheck"],
        ["aws", "credentials", GOOD],
        ["aws", "env", GOOD],
        ["aws", "access"],
        ["serve", "--listen", "127.0.0.1:0", "--management-listen", "127.0.0.1:0"],
    ],
)
def test_another_user_s_home(stage, serve, command):
    """Who may not read it is told what to do, and of no fault of ours."""
    if reason := why_not_another_user():
        pytest.skip(reason)
    serve()
    done = stage.attempt([*as_nobody(), *cone_command(), *command])
    assert done.returncode != 0
    lines = done.stderr.splitlines()
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr
    assert lines[-2].startswith("cone: error: ")
    assert lines[-1].startswith("cone: hint: ")


@pytest.mark.parametrize(
    ("options", "variables"),
    [
        (["--default-profile", "p-nosuch"], {}),
        (["--imds-listen", "127.0.0.1:0", "--imds-profile", "p-nosuch"], {}),
        (["--profile-token-file", "p-nosuch={}/token"], {}),
        ([], {"CONE_DEFAULT_PROFILE": "p-nosuch"}),
    ],
)
def test_settings_that_name_no_profile(stage, serve, tmp_path, options, variables):
    """The log says so at the start, and the sidecar serves the others: it may be set up later."""
    stage.environment |= variables
    try:
        endpoint = serve(*(option.format(tmp_path) for option in options))
    finally:
        for name in variables:
            del stage.environment[name]
    line = endpoint.line("WARNING", "p-nosuch")
    assert "cone aws setup" in line
    assert endpoint.ask(headers=GO).status == 200


def test_settings_that_name_a_profile(serve, tmp_path):
    """There is nothing to say then."""
    endpoint = serve("--default-profile", GOOD, "--profile-token-file", f"{OTHER}={tmp_path}/t")
    assert endpoint.served().status == 200
    assert [line for line in endpoint.log if "WARNING" in line] == []


def test_options_of_the_whole_server(serve):
    """It is a method like the others."""
    endpoint = serve()
    answer = endpoint.get("*", method="OPTIONS")
    assert (answer.status, answer.headers["allow"]) == (405, "GET")
    assert answer.headers["cache-control"] == "no-store"
    assert "only GET" in answer.json()["message"]


def found(stage, child):
    """Return the sidecar that ``child`` is, once it has said where it is."""
    with contextlib.suppress(ConeError):
        sidecar = find(stage.home / ".cache" / "cone-sidecar")
        return sidecar if sidecar.pid == child.pid else None
    return None


@pytest.mark.parametrize("closed", [False, True], ids=["stands still", "is gone"])
def test_a_log_that_nobody_reads(stage, closed):
    """Each refusal is a line for which there is no room: everybody is answered all the same."""
    reads, writes = os.pipe()
    fcntl.fcntl(writes, fcntl.F_SETPIPE_SZ, PAGE)
    child = stage.spawn(
        ["serve", "--listen", "127.0.0.1:0", "--management-listen", "127.0.0.1:0"], stderr=writes
    )
    os.close(writes)
    try:
        assert eventually(lambda: found(stage, child))
        sidecar = found(stage, child)
        if closed:
            os.close(reads)
        host = sidecar.credentials_url.partition("://")[2]
        token = Path(sidecar.token_file).read_text()
        asking = http.client.HTTPConnection(host, timeout=10)

        def ask(profile):
            asking.request("GET", f"/credentials/{profile}", headers={"Authorization": token, **GO})
            answer = asking.getresponse()
            return answer.status, answer.read()

        assert ask(GOOD)[0] == 200
        for number in range(MANY):
            assert ask(f"p-nobody-of-this-name-{number}")[0] == 403
        assert ask(GOOD)[0] == 200
        assert ask(OTHER)[0] == 200
        assert alive(sidecar)
        asking.close()
        assert stage.end(child) == 0
    finally:
        stage.end(child)
        if not closed:
            os.close(reads)


@pytest.mark.skipif(bool(why_not()), reason=why_not())
def test_auto_where_the_port_is_taken():
    """Nobody listens elsewhere instead: clients would ask whoever has the port."""

    def there():
        with SimulatedStage() as stage, socket.create_server((ADDRESS, 80)):
            return stage.cone("serve", "--listen", "auto", "--management-listen", "127.0.0.1:0")

    with own_network() as network:
        done = network.submit(there).result()
    assert (done.returncode, done.stdout) == (1, "")
    error, hint = done.stderr.splitlines()
    assert error == f"cone: error: can't listen on {ADDRESS}:80: address already in use"
    assert hint == (
        "cone: hint: is another sidecar running? else choose another one: --listen HOST:PORT"
    )
