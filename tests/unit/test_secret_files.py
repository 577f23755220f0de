"""Secrets in files: what is read, what is refused, and what counts while a file is replaced."""

import os
import re

import pytest

from cone_sidecar.errors import ConfigurationError
from cone_sidecar.secret_files import FILE_VARIABLES, LARGEST, SecretFiles, read_secret
from cone_sidecar.warm_file import WarmEntry

NAMES = sorted(FILE_VARIABLES)


def told(environment, variable="CONE_CLIENT_SECRET"):
    return SecretFiles().told(environment, variable).reveal()


@pytest.mark.parametrize("variable", NAMES)
def test_each_variable_has_a_file(tmp_path, variable):
    """Its file's name is the variable's with _FILE; neither is empty."""
    path = tmp_path / "secret"
    path.write_text("s3cret\n")
    assert FILE_VARIABLES[variable] == f"{variable}_FILE"
    assert told({f"{variable}_FILE": str(path)}, variable) == "s3cret"
    assert told({variable: "stated"}, variable) == "stated"
    assert told({}, variable) == ""
    assert told({variable: "", f"{variable}_FILE": str(path)}, variable) == "s3cret"


@pytest.mark.parametrize("variable", NAMES)
def test_variable_and_file(tmp_path, variable):
    """Both are a contradiction, whatever they say; neither is shown."""
    path = tmp_path / "secret"
    path.write_text("s3cret")
    with pytest.raises(ConfigurationError) as refused:
        told({variable: "s3cret", f"{variable}_FILE": str(path)}, variable)
    assert refused.value.message == f"{variable} and {variable}_FILE are both set"
    assert refused.value.hint == f"unset {variable}"


@pytest.mark.parametrize(
    ("content", "held"),
    [(b"s3cret", "s3cret"), (b"s3cret\n", "s3cret"), (b"s3cret\r\n", "s3cret"), (b"a b", "a b")],
)
def test_one_newline_at_the_end(tmp_path, content, held):
    """Editors and echo write one; it is none of the secret."""
    path = tmp_path / "secret"
    path.write_bytes(content)
    assert read_secret(str(path), "X_FILE").reveal() == held


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"one\ntwo\n", "holds no single line of plain text"),
        (b"one\n\n", "holds no single line of plain text"),
        (b" one", "holds no single line of plain text"),
        (b"one \n", "holds no single line of plain text"),
        (b"\xef\xbb\xbfone", "holds no single line of plain text"),
        (b"\x00\x01\xff", "holds no single line of plain text"),
        (b"x" * (LARGEST + 1), "is larger than any secret: more than 64 KiB"),
    ],
)
def test_what_no_secret_looks_like(tmp_path, content, why):
    """It is refused with the file, its variable and what to do; nothing of it is shown."""
    path = tmp_path / "secret"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError) as refused:
        read_secret(str(path), "X_FILE")
    assert refused.value.message == f"{path} (X_FILE) {why}"
    assert refused.value.hint
    assert refused.value.__cause__ is None


def test_what_is_no_file(tmp_path):
    """Nothing there, a directory, a pipe that nobody writes to, a name that none can have."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, why in (
        (tmp_path / "none", "can't be read: no such file or directory"),
        (tmp_path, "is no regular file"),
        (pipe, "is no regular file"),
        (tmp_path / ("x" * 300), "can't be read: file name too long"),
    ):
        with pytest.raises(ConfigurationError, match=re.escape(why)) as refused:
            read_secret(str(path), "X_FILE")
        assert refused.value.hint


def test_a_file_that_is_replaced(tmp_path):
    """The new content counts at once; while there is none, what was read last."""
    path = tmp_path / "secret"
    environment = {"CONE_CLIENT_SECRET_FILE": str(path)}
    files = SecretFiles()
    with pytest.raises(ConfigurationError):
        files.told(environment, "CONE_CLIENT_SECRET")
    path.write_text("one")
    assert files.told(environment, "CONE_CLIENT_SECRET").reveal() == "one"
    path.write_text("")
    assert files.told(environment, "CONE_CLIENT_SECRET").reveal() == "one"
    path.unlink()
    assert files.told(environment, "CONE_CLIENT_SECRET").reveal() == "one"
    path.write_text("two")
    assert files.told(environment, "CONE_CLIENT_SECRET").reveal() == "two"


def test_a_mounted_directory_is_swapped(tmp_path):
    """As kubelet does it: the link to the directory is replaced, the path stays."""
    for version in ("one", "two"):
        (tmp_path / f"..{version}").mkdir()
        (tmp_path / f"..{version}" / "token").write_text(version)
    (tmp_path / "..data").symlink_to("..one")
    (tmp_path / "token").symlink_to("..data/token")
    files = SecretFiles()
    assert files.read(str(tmp_path / "token"), "X_FILE").reveal() == "one"
    (tmp_path / "..data.new").symlink_to("..two")
    (tmp_path / "..data.new").rename(tmp_path / "..data")
    assert files.read(str(tmp_path / "token"), "X_FILE").reveal() == "two"


@pytest.mark.parametrize("variable", [name for name in NAMES if name != "CONE_AUTHORIZATION_TOKEN"])
def test_cached_documents_belong_to_whoever_the_files_name(tmp_path, variable):
    """Another file is another entry, another content another key; a workload's token alone is the same."""
    path = tmp_path / "secret"
    path.write_text("one")
    environment = {"HOME": str(tmp_path), f"{variable}_FILE": str(path)}
    before = WarmEntry("dev", environment)
    assert before.stem != WarmEntry("dev", {"HOME": str(tmp_path)}).stem
    path.write_text("another")
    after = WarmEntry("dev", environment)
    assert after.stem == before.stem
    assert (after.key == before.key) == (variable == "CONDUCTORONE_OIDC_TOKEN")


@pytest.mark.parametrize("variable", NAMES)
def test_a_secret_in_the_place_of_a_path_is_not_shown(monkeypatch, tmp_path, variable):
    """Whoever mistakes the one variable for the other finds the secret in no log; a path is named."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError) as refused:
        told({f"{variable}_FILE": "secret-token:conductorone.com:v1:hunter2"}, variable)
    assert "hunter2" not in refused.value.message + refused.value.hint
    assert refused.value.message.startswith(f"the file that {variable}_FILE names can't be read")
    (tmp_path / "relative").write_bytes(b"")
    with pytest.raises(ConfigurationError, match=re.escape(f"relative ({variable}_FILE) is empty")):
        told({f"{variable}_FILE": "relative"}, variable)
