"""Tokens as users handle them: for one profile, on shared volumes, rotated without a restart."""

import http.client
import os
from pathlib import Path

import pytest

from cone_sidecar.authorization_token import profile_token, write_token
from cone_sidecar.secret import Secret
from fakes.asked_endpoint import GO, GOOD, OTHER, SCENARIO, eventually

FIRST, SECOND = "f" * 43, "s" * 43


@pytest.fixture(name="stage", scope="module")
def _stage(simulated_once):
    return simulated_once.start(SCENARIO, "--auto-confirm")


@pytest.fixture(name="master")
def _master(tmp_path):
    """Give the file of a token that is known."""
    path = tmp_path / "master"
    write_token(path, Secret(FIRST))
    return path


def own_token(master, profile):
    return profile_token(Secret(master), profile).reveal()


def test_a_container_gets_one_profile_s_token_alone(serve, master, tmp_path):
    """Its file opens its profile, and no other; the master opens both."""
    dev, prod = tmp_path / "dev" / "token", tmp_path / "prod" / "token"
    endpoint = serve(
        *("--token-file", str(master)),
        *("--profile-token-file", f"{GOOD}={dev}", "--profile-token-file", f"{OTHER}={prod}"),
    )
    assert dev.read_text() == own_token(FIRST, GOOD)
    for file, opened, closed in ((dev, GOOD, OTHER), (prod, OTHER, GOOD)):
        token = file.read_text()
        assert endpoint.ask(opened, GO, token=token).status == 200
        assert endpoint.ask(closed, GO, token=token).status == 401
        assert endpoint.get(f"/role/{closed}", token=token).status == 401
        assert endpoint.get("/creds", token=token).status == 401
    for profile in (GOOD, OTHER):
        assert endpoint.ask(profile, GO, token=FIRST).status == 200


def test_token_files_on_a_shared_volume(serve, tmp_path):
    """Mode and group are those that were asked for, and only for the files that were named."""
    master, file = tmp_path / "volume" / "master", tmp_path / "volume" / "token"
    group = os.getgid()
    endpoint = serve(
        *("--token-file", str(master), "--profile-token-file", f"{GOOD}={file}"),
        *("--token-file-mode", "0440", "--token-file-group", str(group)),
    )
    for path in (master, file):
        assert (path.stat().st_mode & 0o777, path.stat().st_gid) == (0o440, group)
        assert endpoint.ask(GOOD, GO, token=path.read_text()).status == 200
    own = Path(endpoint.environment()["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"])
    assert own.stat().st_mode & 0o777 == 0o600


def test_a_rotation_without_a_restart(serve, master, tmp_path):
    """The new token counts at once, the old one for the grace time, and the profile's file follows."""
    file = tmp_path / "token"
    endpoint = serve("--token-file", str(master), "--profile-token-file", f"{GOOD}={file}")
    handed_out = endpoint.environment()
    write_token(master, Secret(SECOND))
    assert endpoint.ask(headers=GO, token=SECOND).status == 200
    assert file.read_text() == own_token(SECOND, GOOD)
    for old in (FIRST, own_token(FIRST, GOOD), handed_out["AWS_CONTAINER_AUTHORIZATION_TOKEN"]):
        assert endpoint.ask(headers=GO, token=old).status == 200
    kept = Path(handed_out["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"])
    assert kept.read_text() == own_token(SECOND, GOOD)


def test_a_rotation_that_nobody_asks_about(serve, master, tmp_path):
    """The profile's file is renewed within a second or two though no request comes."""
    file = tmp_path / "token"
    serve("--token-file", str(master), "--profile-token-file", f"{GOOD}={file}")
    write_token(master, Secret(SECOND))
    assert eventually(lambda: file.read_text() == own_token(SECOND, GOOD))


@pytest.mark.parametrize("grace", ["0", "1s"])
def test_after_the_grace_time_the_old_token_is_refused(serve, master, grace):
    """Nobody with the old one gets in any more, and everybody with the new one."""
    endpoint = serve("--token-file", str(master), "--token-grace", grace)
    assert endpoint.ask(headers=GO, token=FIRST).status == 200
    write_token(master, Secret(SECOND))
    assert endpoint.ask(token=SECOND).status == 200
    if grace == "0":
        assert endpoint.ask(token=FIRST).status == 401
    assert eventually(lambda: endpoint.ask(token=FIRST).status == 401)
    assert endpoint.ask(token=own_token(FIRST, GOOD)).status == 401
    assert endpoint.ask(token=SECOND).status == 200


def test_a_file_that_was_spoilt(serve, master):
    """What holds no token changes nothing, and the log says so once, without its content."""
    endpoint = serve("--token-file", str(master))
    master.write_text("no good token\n")
    assert endpoint.ask(token="no good token").status == 401
    assert endpoint.ask(headers=GO, token=FIRST).status == 200
    assert "no good token" not in endpoint.line("WARNING the token stays as it was: the token file")


def test_the_token_of_a_variable(stage, serve, tmp_path):
    """It is taken, and written to the token file for those who read files."""
    stage.environment["CONE_AUTHORIZATION_TOKEN"] = SECOND
    try:
        endpoint = serve("--token-file", str(tmp_path / "token"))
    finally:
        del stage.environment["CONE_AUTHORIZATION_TOKEN"]
    assert endpoint.ask(headers=GO, token=SECOND).status == 200
    assert (tmp_path / "token").read_text() == SECOND


def test_the_token_opens_no_command(serve):
    """What a person tells the sidecar needs another secret, which SDKs never get."""
    endpoint = serve()
    host, port = endpoint.sidecar.management_url.partition("://")[2].split(":")
    secret = Path(endpoint.sidecar.management_token_file).read_text()
    for token, status in ((endpoint.token, 401), (secret, 200)):
        management = http.client.HTTPConnection(host, int(port), timeout=60)
        answer = endpoint.get(
            f"/profiles/{GOOD}/forget",
            {"Content-Length": "0"},
            method="POST",
            host=f"{host}:{port}",
            token=token,
            connection=management,
        )
        management.close()
        assert answer.status == status
    assert endpoint.ask(token=secret).status == 401
