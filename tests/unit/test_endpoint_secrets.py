"""The token files of a sidecar before it listens: whose they are, and that none is another."""

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from cone_cli import serving
from cone_cli.endpoint_tokens import endpoint_tokens
from cone_sidecar.authorization_token import profile_token, write_token
from cone_sidecar.certificate import Certificate
from cone_sidecar.endpoint_settings import endpoint_settings
from cone_sidecar.errors import ConfigurationError, UsageError
from cone_sidecar.secret import Secret
from cone_sidecar.server import CONTAINER_ADDRESS, LOOPBACK_ADDRESS

STATED, OTHER = "s" * 43, "o" * 43
VARIABLE = "CONE_AUTHORIZATION_TOKEN"
OTHER_GROUP = 54321


@pytest.fixture(name="state")
def _state(tmp_path):
    return tmp_path / "state"


def made(state, environment=None, **flags):
    """Read or make the tokens that these flags ask for."""
    told = {name: str(value) for name, value in flags.items()}
    return endpoint_tokens(endpoint_settings(told, environment or {}), state)


def content(folder):
    """Return what is in all files of a folder."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def access(path):
    found = path.stat()
    return stat.S_IMODE(found.st_mode), found.st_gid


SAME = {
    "token and profile": {"token_file": "{f}", "profile_token_file": "dev={f}"},
    "two profiles": {"token_file": "{other}", "profile_token_file": "dev={f},prod={f}"},
    "token and audit": {"token_file": "{f}", "audit": "{f}"},
    "profile and audit": {"profile_token_file": "dev={f}", "audit": "{f}"},
    "a link to a file": {"token_file": "{f}", "audit": "{link}"},
    "a link to a directory": {"token_file": "{f}", "profile_token_file": "dev={folder}/f"},
    "a path with dots": {"token_file": "{f}", "profile_token_file": "dev={dots}"},
    "the state's token": {"profile_token_file": "dev={state}/authorization-token"},
    "the state's secret": {"token_file": "{state}/management-token"},
}


@pytest.mark.parametrize("flags", SAME.values(), ids=SAME)
def test_two_of_them_are_never_one_file(tmp_path, state, flags):
    """One would be taken for the other: it is refused, and nothing is overwritten."""
    made(state)
    volume = tmp_path / "volume"
    volume.mkdir()
    names = {
        "f": volume / "f",
        "other": volume / "other",
        "link": volume / "link",
        "folder": tmp_path / "folder",
        "dots": f"{volume}/../volume/f",
        "state": state,
    }
    write_token(names["f"], Secret(STATED))
    names["link"].symlink_to(names["f"])
    names["folder"].symlink_to(volume)
    before = content(tmp_path)
    with pytest.raises(UsageError, match="is meant to be two files at once") as caught:
        made(state, **{name: value.format_map(names) for name, value in flags.items()})
    assert caught.value.hint == "give each token a file of its own"
    assert content(tmp_path) == before
    assert names["link"].is_symlink()


def test_a_link_that_a_container_made(tmp_path, state):
    """It becomes the profile's token file, and the token of the state directory is as it was."""
    made(state)
    target, link = state / "authorization-token", tmp_path / "token"
    link.symlink_to(target)
    before = target.read_bytes()
    made(state, token_file=tmp_path / "master", profile_token_file=f"dev={link}")
    assert not link.is_symlink()
    master = (tmp_path / "master").read_text()
    assert link.read_text() == profile_token(Secret(master), "dev").reveal()
    assert target.read_bytes() == before


def test_another_token_in_the_environment(tmp_path, state):
    """Whoever reads the file would be locked out: it is refused, and the file is as it was."""
    file = tmp_path / "token"
    write_token(file, Secret(OTHER))
    before = file.stat()
    with pytest.raises(UsageError, match=f"{VARIABLE} is another token than the one in") as caught:
        made(state, {VARIABLE: STATED}, token_file=file)
    assert caught.value.hint == f"unset {VARIABLE}, or: rm {file}"
    assert STATED not in caught.value.message
    assert OTHER not in caught.value.message
    assert file.read_text() == OTHER
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_token_that_a_file_states(tmp_path, state):
    """It is the token, also where the token file holds the one before; the two files are never one."""
    stated, file = tmp_path / "stated", tmp_path / "token"
    stated.write_text(OTHER + "\n")
    file.write_text(STATED)
    environment = {"CONE_AUTHORIZATION_TOKEN_FILE": str(stated)}
    assert made(state, environment, token_file=file).tokens.opens(OTHER.encode(), "")
    assert file.read_text() == OTHER
    with pytest.raises(UsageError, match="two files at once"):
        made(state, environment, token_file=stated)


def test_the_same_token_in_the_environment(tmp_path, state):
    """A restart with the same variable is no contradiction."""
    file = tmp_path / "token"
    for _ in range(2):
        tokens = made(state, {VARIABLE: STATED}, token_file=file).tokens
        assert tokens.opens(STATED.encode(), "dev")
    assert file.read_text() == STATED


def test_a_token_in_the_environment_is_written_for_whom_it_is(tmp_path, state):
    """Where there is no file yet, it has the mode and the group that were asked for."""
    file = tmp_path / "volume" / "token"
    group = OTHER_GROUP if os.geteuid() == 0 else os.getgid()
    made(
        state,
        {VARIABLE: STATED},
        token_file=file,
        token_file_mode="0440",
        token_file_group=group,
    )
    assert file.read_text() == STATED
    assert access(file) == (0o440, group)


def test_a_token_in_the_environment_without_a_file(state):
    """The state's own file follows the variable, and stays its user's, whatever mode others have."""
    made(state, token_file_mode="0444")
    assert access(state / "authorization-token")[0] == 0o600
    made(state, {VARIABLE: STATED}, token_file_mode="0444")
    assert (state / "authorization-token").read_text() == STATED
    assert access(state / "authorization-token")[0] == 0o600


@pytest.mark.parametrize(("mode", "wanted"), [(0o644, "0600"), (0o640, "0600"), (0o444, "0440")])
def test_a_file_that_too_many_may_read(tmp_path, state, mode, wanted):
    """It is narrowed to what was asked for; the token in it stays."""
    file = tmp_path / "token"
    file.write_text(STATED)
    file.chmod(mode)
    made(state, token_file=file, token_file_mode=wanted)
    assert access(file)[0] == int(wanted, 8)
    assert file.read_text() == STATED


def test_a_file_that_is_narrow_enough(tmp_path, state):
    """Nobody is let in who wasn't: it stays as its owner made it."""
    file = tmp_path / "token"
    file.write_text(STATED)
    file.chmod(0o400)
    before = file.stat().st_ino
    made(state, token_file=file, token_file_mode="0440")
    assert access(file)[0] == 0o400
    assert file.stat().st_ino == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to other groups")
def test_a_file_of_another_group(tmp_path, state):
    """It is given to the group that was asked for."""
    file = tmp_path / "token"
    write_token(file, Secret(STATED))
    made(state, token_file=file, token_file_mode="0440", token_file_group=OTHER_GROUP)
    assert file.stat().st_gid == OTHER_GROUP
    assert file.read_text() == STATED


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o664, 0o400])
def test_a_file_that_somebody_provides(tmp_path, state, caplog, mode):
    """Such as a mounted secret: it stays as it is, and who has to know is told if everybody reads it."""
    file = tmp_path / "token"
    file.write_text(STATED)
    file.chmod(mode)
    before = file.stat().st_ino
    made(state, token_file=file)
    assert (access(file)[0], file.stat().st_ino) == (mode, before)
    told = [record.getMessage() for record in caplog.records]
    assert any("everybody on this machine can read the token" in line for line in told) == bool(
        mode & 4
    )


@pytest.mark.parametrize("mode", [0o602, 0o666])
def test_a_file_that_everybody_may_write(tmp_path, state, mode):
    """They would choose the token: it is refused as it is."""
    file = tmp_path / "token"
    file.write_text(STATED)
    file.chmod(mode)
    with pytest.raises(ConfigurationError, match="can be written by everybody") as caught:
        made(state, token_file=file)
    assert caught.value.hint == f"chmod o-w {file}"
    assert access(file)[0] == mode


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_state_directory_that_others_may_write(state, mode):
    """They would put tokens of their own there: nothing is written."""
    state.mkdir()
    state.chmod(mode)
    with pytest.raises(ConfigurationError, match="can be written by others") as caught:
        made(state)
    assert caught.value.hint == f"chmod 0700 {state}, as its owner"
    assert list(state.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives directories away")
def test_a_state_directory_of_somebody_else_s(state, monkeypatch):
    """Who owns it may write there at any time."""
    state.mkdir(mode=0o700)
    os.chown(state, OTHER_GROUP, -1)
    with pytest.raises(ConfigurationError, match="can be written by others"):
        made(state)
    # Whoever isn't root may use what root made for them to write in.
    monkeypatch.setattr(os, "geteuid", lambda: OTHER_GROUP)
    made(state)


@pytest.mark.parametrize("number", ["99999999999", "4294967295", "4294967296", "-1", "\u0663"])
def test_a_number_that_is_no_group(number):
    """chown(2) knows no such id: that is said at once, instead of at the file."""
    with pytest.raises(UsageError, match="--token-file-group names no group here"):
        endpoint_settings({"token_file_group": number}, {})


def test_the_address_that_sdks_are_given():
    """Over TLS its port is said: 443 is what https stands for."""
    certificate = Certificate(Path("c.pem"), Path("k.pem"))
    both = [CONTAINER_ADDRESS, LOOPBACK_ADDRESS]
    assert serving._published([CONTAINER_ADDRESS], None) == "http://169.254.170.2"
    assert serving._published([CONTAINER_ADDRESS], certificate) == "https://169.254.170.2:80"
    assert serving._published(both, certificate) == "https://127.0.0.1:9911"
    other = replace(CONTAINER_ADDRESS, port=8080)
    assert serving._published([other], None) == "http://169.254.170.2:8080"
