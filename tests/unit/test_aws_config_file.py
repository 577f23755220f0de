"""The AWS config file on disk: its backup, what is kept of it, and what can't be written."""

import errno
import os
import stat

import pytest

from cone_sidecar.atomic_file import write_atomically
from cone_sidecar.aws_config.config_file import AwsConfigFile
from cone_sidecar.aws_config.document import AwsConfigDocument
from cone_sidecar.aws_config.lines import SectionName
from cone_sidecar.aws_config.shadowing import shadowed_profiles
from cone_sidecar.errors import ConfigurationError

LONG_AGO = 1_000_000_000


def add(file, name):
    """Add a profile."""
    with file.change() as document:
        document.append_section(SectionName("profile", name), {"region": "eu-west-1"})


def test_the_first_change_keeps_the_file_as_it_was(tmp_path):
    """The backup has the old bytes and mode, is told of once, and isn't written again."""
    file = AwsConfigFile(tmp_path / "config")
    file.path.write_bytes(b"[default]\r\n")
    file.path.chmod(0o640)
    add(file, "one")
    assert file.new_backup == tmp_path / "config.cone-backup"
    assert stat.S_IMODE(file.new_backup.stat().st_mode) == 0o640
    again = AwsConfigFile(file.path)
    add(again, "two")
    assert again.new_backup is None
    assert file.new_backup.read_bytes() == b"[default]\r\n"


@pytest.mark.parametrize("before", [None, b""])
def test_of_nothing_there_is_no_backup(tmp_path, before):
    """A file that wasn't there, or was empty, is nothing to lose."""
    file = AwsConfigFile(tmp_path / "config")
    if before is not None:
        file.path.write_bytes(before)
    add(file, "one")
    assert file.new_backup is None
    assert not file.backup_path.exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
@pytest.mark.parametrize("failing", ["fsync", "rename"])
def test_what_cannot_be_written_is_told_and_leaves_the_file(tmp_path, monkeypatch, number, failing):
    """Neither file nor backup changes, no temporary file stays, and the reason is said."""
    file = AwsConfigFile(tmp_path / "config")
    file.path.write_bytes(b"[default]\n")

    def fail(*_args):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(
        *{"fsync": (os, "fsync"), "rename": ("pathlib.Path.replace",)}[failing], fail
    )
    with pytest.raises(ConfigurationError, match=os.strerror(number).lower()) as raised:
        add(file, "one")
    assert str(file.path) in raised.value.hint
    assert file.path.read_bytes() == b"[default]\n"
    assert {path.name for path in tmp_path.iterdir()} == {"config", ".config.cone.lock"}


@pytest.mark.parametrize("beside", [".config.cone.lock", ".config.x.cone-new"])
def test_a_directory_that_cannot_be_written_is_what_has_to_be_made_writable(
    tmp_path, monkeypatch, beside
):
    """The file may be writable, and the hint names the directory."""
    file = AwsConfigFile(tmp_path / "config")
    file.path.write_bytes(b"[default]\n")

    def fail(*_args, **_kwargs):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(tmp_path / beside))

    monkeypatch.setattr("cone_sidecar.aws_config.config_file.file_lock", fail)
    with pytest.raises(ConfigurationError, match="config can't be written") as raised:
        add(file, "one")
    assert f"make it writable: {tmp_path}," in raised.value.hint


def test_links_are_followed_to_the_end(tmp_path):
    """A chain of links stays one; where it ends in nothing, the file is made there."""
    (tmp_path / "first").symlink_to("second")
    (tmp_path / "second").symlink_to(tmp_path / "elsewhere" / "config")
    for name in ("one", "two"):
        add(AwsConfigFile(tmp_path / "first"), name)
    assert (tmp_path / "first").readlink().name == "second"
    document = AwsConfigDocument.parse((tmp_path / "elsewhere" / "config").read_bytes())
    assert [section.name.name for section in document.sections] == ["one", "two"]


def test_attributes_are_kept(tmp_path):
    """What is attached to the old file is attached to the new one."""
    path = tmp_path / "file"
    path.write_bytes(b"1")
    try:
        os.setxattr(path, "user.note", b"mine")
    except OSError:
        pytest.skip("this file system has no attributes")
    write_atomically(path, b"2")
    assert os.getxattr(path, "user.note") == b"mine"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_the_owner_is_kept(tmp_path):
    """Root that changes a person's file leaves it to the person."""
    path = tmp_path / "file"
    path.write_bytes(b"1")
    os.chown(path, 12345, 23456)
    write_atomically(path, b"2")
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 23456)


def test_what_a_killed_writer_left_goes_with_the_next_write(tmp_path):
    """Old leftovers of this file go; young ones, another file's and a person's stay."""
    stay = {".config.young.cone-new", ".other.old.cone-new", ".config.mine"}
    for name in {".config.old.cone-new", *stay}:
        (tmp_path / name).write_bytes(b"half")
        if "young" not in name:
            os.utime(tmp_path / name, (LONG_AGO, LONG_AGO))
    write_atomically(tmp_path / "config", b"new")
    assert {path.name for path in tmp_path.iterdir()} == {"config", *stay}


def test_profiles_with_keys_in_the_credentials_file_are_named(tmp_path):
    """Keys win over credential_process, whatever names the file; a section without keys doesn't."""
    (tmp_path / ".aws").mkdir()
    keys = "aws_access_key_id = AKIA\naws_secret_access_key = s\n"
    text = f"[a]\n{keys}[b]\nregion = x\n[c]\n{keys}"
    (tmp_path / ".aws" / "credentials").write_text(text)
    home = {"HOME": str(tmp_path)}
    assert shadowed_profiles(home, ["c", "b", "a", "d"]) == ["c", "a"]
    (tmp_path / "mine").write_text(f"[d]\n{keys}")
    named = home | {"AWS_SHARED_CREDENTIALS_FILE": "~/mine"}
    assert shadowed_profiles(named, ["a", "d"]) == ["d"]
    assert shadowed_profiles(home | {"AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}, ["a"]) == []


def test_five_thousand_profiles_are_edited_one_by_one():
    """Each look-up and edit costs the same: nothing is read again but the section."""
    document = AwsConfigDocument()
    names = [SectionName("profile", f"p{number}") for number in range(5000)]
    for name in names:
        document.append_section(name, {"region": "a", "sso_session": "s"})
    for name in names:
        document.set_value(name, "region", "b")
        document.remove_key(name, "sso_session")
    read = AwsConfigDocument.parse(document.render())
    assert all(read.values(name) == {"region": "b"} for name in names)


def test_ten_mebibytes_of_anything_are_read_in_linear_time():
    """Long lines, long values and many lines are no trap; quadratic reading would take minutes."""
    size = 10 << 20
    for data in (
        b"[a]\nk =\n" + b" v\n" * (size // 16),
        b"[a]\nk" + b" " * size,
        b"[" * size,
        b"[a]\nk = " + b"x" * size,
    ):
        document = AwsConfigDocument.parse(data)
        assert document.malformed_line in {0, 1, 2}
        assert document.render() == data
