"""Token files where others may write: links, pipes, what is gone, what earlier sidecars left."""

import asyncio
import logging
import os

import pytest

from cone_sidecar.authorization_token import write_token
from cone_sidecar.authorization_tokens import AuthorizationTokens
from cone_sidecar.profile_slugs import slug
from cone_sidecar.profile_token_files import LOOK_EVERY_S, ProfileTokenFiles
from cone_sidecar.secret import Secret
from fakes.virtual_clock import VirtualClock

FIRST, SECOND = "a" * 43, "b" * 43
ODD = "an odd/name"
# A profile may be called what another one's slug is.
POSER = slug(ODD)


@pytest.fixture(name="clock")
def _clock():
    return VirtualClock()


@pytest.fixture(name="master")
def _master(tmp_path):
    path = tmp_path / "master"
    write_token(path, Secret(FIRST))
    return path


@pytest.fixture(name="tokens")
def _tokens(clock, master):
    return AuthorizationTokens(Secret(FIRST), clock=clock, file=master)


def files(tokens, tmp_path, **placed):
    return ProfileTokenFiles(tokens, tmp_path / "tokens", placed=placed)


def rotate(tokens, master):
    write_token(master, Secret(SECOND))
    assert tokens.look_again()


def holds_own(path, tokens, profile):
    """Tell whether ``path`` is a file, and holds the token of ``profile``."""
    return not path.is_symlink() and path.read_text() == tokens.of_profile(profile).reveal()


@pytest.fixture(name="target")
def _target(tmp_path):
    """Give a file of the sidecar's own that a container would like to have overwritten."""
    path = tmp_path / "authorization-token"
    write_token(path, Secret("o" * 43))
    return path


def test_a_link_is_replaced_at_the_start(tokens, tmp_path, target):
    """What it points to is as it was."""
    link = tmp_path / "token"
    link.symlink_to(target)
    files(tokens, tmp_path, dev=link).place()
    assert holds_own(link, tokens, "dev")
    assert target.read_text() == "o" * 43


def test_a_link_is_replaced_at_a_rotation(tokens, master, tmp_path, target):
    """The container that made it gets its token, and nothing else is written."""
    link = tmp_path / "token"
    kept = files(tokens, tmp_path, dev=link)
    kept.place()
    _, handed_out = kept.token_and_file("prod")
    for path in (link, handed_out):
        path.unlink()
        path.symlink_to(target)
    rotate(tokens, master)
    assert holds_own(link, tokens, "dev")
    assert holds_own(handed_out, tokens, "prod")
    assert target.read_text() == "o" * 43


def test_a_master_file_that_is_a_link_is_replaced(tmp_path, target):
    """It is where others may write as well."""
    link = tmp_path / "token"
    link.symlink_to(target)
    write_token(link, Secret(FIRST))
    assert not link.is_symlink()
    assert (link.read_text(), target.read_text()) == (FIRST, "o" * 43)


def test_what_an_earlier_sidecar_handed_out_is_rotated(tokens, master, clock, tmp_path):
    """Who was given the file's name before a restart still reads it; each keeps its kind of token."""
    names = ("prod", ODD)
    earlier = files(tokens, tmp_path)
    handed_out = {name: earlier.token_and_file(name)[1] for name in names}
    later = AuthorizationTokens(Secret(FIRST), clock=clock, file=master)
    files(later, tmp_path).place()
    assert all(holds_own(path, later, name) for name, path in handed_out.items())
    rotate(later, master)
    assert all(holds_own(path, later, name) for name, path in handed_out.items())


def test_a_file_of_a_profile_that_is_called_like_a_slug(tokens, master, clock, tmp_path):
    """It keeps the token of the profile that it was made for."""
    _, path = files(tokens, tmp_path).token_and_file(POSER)
    later = AuthorizationTokens(Secret(FIRST), clock=clock, file=master)
    files(later, tmp_path).place()
    rotate(later, master)
    assert path.name == POSER
    assert holds_own(path, later, POSER)


def test_a_rotation_while_no_sidecar_ran(tokens, clock, tmp_path):
    """Files that are behind are renewed at the start: a name that was made means the odd profile."""
    names = ("prod", ODD)
    earlier = files(tokens, tmp_path)
    handed_out = {name: earlier.token_and_file(name)[1] for name in names}
    later = AuthorizationTokens(Secret(SECOND), clock=clock)
    files(later, tmp_path).place()
    assert all(holds_own(path, later, name) for name, path in handed_out.items())


def test_what_a_broken_write_left_is_no_profile(tokens, tmp_path):
    """Files that begin with a dot are left alone."""
    left = tmp_path / "tokens" / ".dev.x7a1"
    left.parent.mkdir()
    left.write_text("half")
    files(tokens, tmp_path).place()
    assert left.read_text() == "half"


async def watched(kept, clock):
    """Let the watch look once."""
    watching = asyncio.create_task(kept.watch(clock))
    await clock.pass_time(LOOK_EVERY_S)
    watching.cancel()
    await asyncio.wait({watching})


async def test_a_file_that_was_deleted_comes_back(tokens, clock, tmp_path):
    """A container that starts later finds it within seconds, one handed out before a restart as well."""
    placed = tmp_path / "volume" / "token"
    kept = files(tokens, tmp_path, dev=placed)
    kept.place()
    _, handed_out = kept.token_and_file("prod")
    for path in (placed, handed_out):
        path.unlink()
    await watched(kept, clock)
    assert holds_own(placed, tokens, "dev")
    assert holds_own(handed_out, tokens, "prod")


async def test_a_file_that_could_not_be_written_is_written_later(
    tokens, master, clock, tmp_path, caplog
):
    """A volume that was away during a rotation gets its token once it is back; one line says so."""
    path = tmp_path / "volume" / "token"
    kept = files(tokens, tmp_path, dev=path)
    kept.place()
    path.unlink()
    path.parent.rmdir()
    path.parent.touch()
    with caplog.at_level(logging.WARNING):
        rotate(tokens, master)
        for _ in range(3):
            await watched(kept, clock)
    (record,) = caplog.records
    assert record.getMessage().startswith(f"a token file is out of date: the token file {path}")
    path.parent.unlink()
    await watched(kept, clock)
    assert holds_own(path, tokens, "dev")


def put_pipe(path):
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def put_directory(path):
    path.unlink()
    path.mkdir()


def put_large(path):
    path.write_bytes(b"x" * 2**20)


def put_link_to_itself(path):
    path.unlink()
    path.symlink_to(path)


ODD_FILES = [put_pipe, put_directory, put_large, put_link_to_itself]


@pytest.mark.parametrize("put", ODD_FILES)
async def test_what_is_no_token_file_holds_nobody_up(tokens, master, clock, caplog, put):
    """The old token stays, nothing waits, and one line says so however often it is looked at."""
    tokens.look_again()
    put(master)
    watching = asyncio.create_task(tokens.watch())
    with caplog.at_level(logging.WARNING):
        await clock.pass_time(10)
        assert tokens.opens(FIRST.encode(), "dev")
        assert not tokens.opens(b"x" * 43, "dev")
    watching.cancel()
    (record,) = caplog.records
    assert record.getMessage().startswith("the token stays as it was")


def test_a_pipe_with_a_token_in_it_is_no_token_file(tokens, master):
    """What is read once is gone for everybody else: only a file counts."""
    put_pipe(master)
    held = os.open(master, os.O_RDWR | os.O_NONBLOCK)
    try:
        os.write(held, SECOND.encode())
        assert not tokens.look_again()
        assert not tokens.opens(SECOND.encode(), "dev")
        assert tokens.opens(FIRST.encode(), "dev")
    finally:
        os.close(held)


async def test_a_token_file_that_is_gone_is_told_of_once(tokens, master, clock, caplog):
    """And the old token stays, until there is a new one."""
    tokens.look_again()
    master.unlink()
    watching = asyncio.create_task(tokens.watch())
    with caplog.at_level(logging.WARNING):
        await clock.pass_time(10)
    assert [record.getMessage() for record in caplog.records] == [
        f"the token stays as it was, and its file is gone: {master}"
    ]
    assert tokens.opens(FIRST.encode(), "dev")
    write_token(master, Secret(SECOND))
    await clock.pass_time(1)
    assert tokens.opens(SECOND.encode(), "dev")
    watching.cancel()


@pytest.mark.parametrize("put", ODD_FILES[:-1])
async def test_a_profile_s_file_that_is_none(tokens, clock, tmp_path, put):
    """Looking at what a container put there holds nobody up; files are put right, a directory is told of."""
    path = tmp_path / "token"
    kept = files(tokens, tmp_path, dev=path)
    kept.place()
    put(path)
    await watched(kept, clock)
    assert path.is_dir() or holds_own(path, tokens, "dev")
