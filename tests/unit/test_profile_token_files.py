"""Files that hold the token of one profile: written, rotated, and for whom they are meant."""

import logging

import pytest

from cone_sidecar.authorization_token import FileAccess, write_token
from cone_sidecar.authorization_tokens import AuthorizationTokens
from cone_sidecar.errors import ConfigurationError
from cone_sidecar.profile_slugs import slug
from cone_sidecar.profile_token_files import ProfileTokenFiles
from cone_sidecar.secret import Secret

FIRST, SECOND = "a" * 43, "b" * 43
ODD = "an odd/name"


@pytest.fixture(name="master")
def _master(tmp_path):
    path = tmp_path / "master"
    write_token(path, Secret(FIRST))
    return path


@pytest.fixture(name="tokens")
def _tokens(clock, master):
    return AuthorizationTokens(Secret(FIRST), clock=clock, file=master)


def files(tokens, tmp_path, **placed):
    return ProfileTokenFiles(tokens, tmp_path / "state" / "tokens", placed=placed)


def rotate(tokens, master):
    write_token(master, Secret(SECOND))
    assert tokens.look_again()


def mode(path):
    return path.stat().st_mode & 0o777


def test_a_file_holds_its_profile_s_token_alone(tokens, tmp_path):
    """Exactly what goes into the header, without a newline; another profile's is another."""
    placed = {"dev": tmp_path / "dev" / "token", "prod": tmp_path / "prod" / "token"}
    files(tokens, tmp_path, **placed).place()
    for profile, path in placed.items():
        assert path.read_text() == tokens.of_profile(profile).reveal()
        assert mode(path) == 0o600
    assert len({path.read_text() for path in placed.values()} | {FIRST}) == 3


def test_a_file_on_a_shared_volume(tokens, tmp_path):
    """Mode and group are those that were asked for; the user's own files stay the user's."""
    group = tmp_path.stat().st_gid
    path = tmp_path / "shared"
    kept = ProfileTokenFiles(
        tokens, tmp_path / "tokens", placed={"dev": path}, access=FileAccess(0o440, group)
    )
    kept.place()
    assert (mode(path), path.stat().st_gid) == (0o440, group)
    _, own = kept.token_and_file("dev")
    assert mode(own) == 0o600


def test_a_rotation_renews_all_of_them(tokens, master, tmp_path):
    """The files that were asked for, and those that were handed out, are replaced as a whole."""
    path = tmp_path / "dev"
    kept = files(tokens, tmp_path, dev=path)
    kept.place()
    _, handed_out = kept.token_and_file("prod")
    before = [each.stat().st_ino for each in (path, handed_out)]
    rotate(tokens, master)
    assert path.read_text() == tokens.of_profile("dev").reveal()
    assert handed_out.read_text() == tokens.of_profile("prod").reveal()
    assert all(
        new.stat().st_ino != old for new, old in zip((path, handed_out), before, strict=True)
    )


def test_what_is_right_is_not_written_again(tokens, tmp_path):
    """Asking where a profile is leaves a file that is up to date alone."""
    kept = files(tokens, tmp_path)
    token, path = kept.token_and_file("dev")
    written = path.stat().st_mtime_ns
    assert kept.token_and_file("dev") == (token, path)
    assert path.stat().st_mtime_ns == written


@pytest.mark.parametrize("spoilt", [b"", b"something else", b"x" * 43])
def test_what_is_wrong_is_put_right(tokens, tmp_path, spoilt):
    """A file that somebody spoilt holds the token again when it is handed out."""
    kept = files(tokens, tmp_path)
    token, path = kept.token_and_file("dev")
    path.write_bytes(spoilt)
    kept.token_and_file("dev")
    assert path.read_text() == token.reveal()


def test_a_profile_of_an_odd_name_has_a_file(tokens, tmp_path):
    """No name leads out of the directory."""
    _, path = files(tokens, tmp_path).token_and_file(ODD)
    assert path == tmp_path / "state" / "tokens" / slug(ODD)
    assert path.read_text() == tokens.of_profile(ODD).reveal()


def test_a_file_that_can_not_be_written_is_an_error_at_the_start(tokens, tmp_path):
    """The message names it, the hint the options."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="can't be written") as caught:
        files(tokens, tmp_path, dev=tmp_path / "file" / "token").place()
    assert "--token-file-mode" in caught.value.hint


def test_a_file_that_can_not_be_written_later_keeps_no_other_back(tokens, master, tmp_path, caplog):
    """A rotation warns of the one that can't be renewed, and renews all others."""
    gone, kept_file = tmp_path / "gone" / "token", tmp_path / "kept"
    kept = files(tokens, tmp_path, gone=gone, kept=kept_file)
    kept.place()
    _, handed_out = kept.token_and_file("own")
    gone.unlink()
    gone.parent.rmdir()
    gone.parent.touch()
    with caplog.at_level(logging.WARNING):
        rotate(tokens, master)
    assert "a token file is out of date" in caplog.text
    assert kept_file.read_text() == tokens.of_profile("kept").reveal()
    assert handed_out.read_text() == tokens.of_profile("own").reveal()
