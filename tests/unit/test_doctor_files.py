"""What ``cone aws doctor`` says of files: the token's, and those that SDKs read profiles from."""

import shlex
import subprocess

import pytest

from cone_cli.doctor.finding import Level
from cone_cli.doctor.profile_check import check_profile
from cone_cli.doctor.sdk_profiles import read_sdk_profiles
from cone_cli.doctor.token_file_check import check_token_file

TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
GOOD = "t" * 43


@pytest.fixture(name="token_file")
def _token_file(tmp_path):
    """Give a function that writes a token file and returns its environment."""

    def write(content, mode=0o600, variable=GOOD):
        path = tmp_path / "token file"
        path.write_bytes(content)
        path.chmod(mode)
        return {TOKEN: variable, TOKEN_FILE: str(path)}

    return write


def test_a_good_token_file(token_file):
    """There is nothing against it, and its content is what is asked with."""
    found = check_token_file(token_file(GOOD.encode()))
    assert [finding.level for finding in found.findings] == [Level.OK]
    assert found.content.reveal() == GOOD


def test_no_token_file():
    """Where none is named, nothing is said."""
    assert check_token_file({}).findings == []


@pytest.mark.parametrize("name", ["/nosuch/token", ".", "a\0b", "/dev/zero"])
def test_a_file_that_can_not_be_read(name):
    """It is said what clients make of it, and the name isn't shown: it may be the token itself."""
    (finding,) = check_token_file({TOKEN_FILE: name}).findings
    assert (finding.id, finding.level) == ("token-file", Level.FAIL)
    assert "awscrt hangs" in finding.what


@pytest.mark.parametrize(
    ("content", "check"),
    [
        (b"", "token-file"),
        (b"\n", "token-file"),
        (GOOD.encode() + b"\n", "token-file-newline"),
        (GOOD.encode() + b"\r\n", "token-file-newline"),
        (b"a b" * 20, "token-file-alphabet"),
        (b"\xff" * 40, "token-file-alphabet"),
    ],
)
def test_content(token_file, content, check):
    """Rules 4 and 5: exactly the header's value."""
    environment = token_file(content, variable="")
    (finding,) = check_token_file(environment).findings
    assert (finding.id, finding.level) == (check, Level.FAIL)


def test_the_line_break_is_taken_out(token_file):
    """The fix for it does what it says, and keeps the file private."""
    environment = token_file(GOOD.encode() + b"\n")
    (finding,) = check_token_file(environment).findings
    subprocess.run(["sh", "-c", finding.fix], env=environment, check=True)
    assert [each.level for each in check_token_file(environment).findings] == [Level.OK]


def test_the_mode_of_a_volume_s_token(token_file, monkeypatch):
    """Another user's file that all may read is how containers share it: no failing, and nothing to chmod."""
    environment = token_file(GOOD.encode(), 0o444)
    monkeypatch.setattr("os.geteuid", lambda: 4711)
    (finding,) = check_token_file(environment).findings
    assert (finding.id, finding.level) == ("token-file-mode", Level.INFO)
    assert "CONE_TOKEN_FILE_MODE" in finding.fix


def test_mode(token_file):
    """What others may read is warned of, what a group may isn't; the fix does what it says."""
    environment = token_file(GOOD.encode(), 0o644)
    (finding,) = check_token_file(environment).findings
    assert (finding.id, finding.level) == ("token-file-mode", Level.WARN)
    subprocess.run(["sh", "-c", finding.fix], env=environment, check=True)
    assert [each.level for each in check_token_file(environment).findings] == [Level.OK]
    assert check_token_file(token_file(GOOD.encode(), 0o440)).findings[0].level is Level.OK


def test_two_tokens(token_file):
    """Some clients send the variable's, some the file's."""
    (finding,) = check_token_file(token_file(GOOD.encode(), variable="u" * 43)).findings
    assert (finding.id, finding.level) == ("token-differs", Level.FAIL)
    assert "JavaScript v2" in finding.what


@pytest.fixture(name="home")
def _home(tmp_path):
    """Give a home with both files."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(
        "[default]\nregion = eu-central-1\n[profile work]\nsso_session = s\n[plain]\nregion = x\n"
        "[sso-session default]\nsso_start_url = x\n"
    )
    (tmp_path / ".aws" / "credentials").write_text(
        "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n[other]\naws_access_key_id = x\n"
    )
    return tmp_path


def test_profiles(home):
    """Both files are read as SDKs read them, by the names that each of them has."""
    profiles = read_sdk_profiles({"HOME": str(home)})
    assert profiles == {
        "default": {"region": "eu-central-1", "aws_access_key_id": "AKIAIOSFODNN7EXAMPLE"},
        "work": {"sso_session": "s"},
        "other": {"aws_access_key_id": "x"},
    }


def test_files_that_variables_name(home):
    """They are read instead; ``cone aws env`` names none."""
    hidden = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    assert read_sdk_profiles({"HOME": str(home)} | hidden) == {}
    swapped = {"AWS_CONFIG_FILE": "~/.aws/credentials", "AWS_SHARED_CREDENTIALS_FILE": ""}
    assert "work" not in read_sdk_profiles({"HOME": str(home)} | swapped)


@pytest.fixture(name="program")
def _program(tmp_path):
    """Give an executable."""
    path = tmp_path / "cone"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_a_good_process(program):
    """What ``cone aws setup`` writes has nothing against it."""
    values = {"credential_process": f'{program} aws credentials "dev"', "region": "x"}
    assert [each.level for each in check_profile("dev", values)] == [Level.OK]


@pytest.mark.parametrize(
    ("line", "level", "text"),
    [
        ("cone aws credentials dev", Level.FAIL, "absolute"),
        ("~/bin/cone aws credentials dev", Level.FAIL, "shell"),
        ("/nosuch/cone aws credentials dev", Level.FAIL, "no file"),
        ("{program} aws credentials dev | tee x", Level.FAIL, "shell"),
        ('"{program}" aws credentials dev', Level.WARN, "quote"),
        ('{program} aws credentials "dev', Level.FAIL, "quote"),
        ("{program} aws credentials prod", Level.FAIL, "another profile"),
    ],
)
def test_a_process_that_clients_read_differently(program, line, level, text):
    """Rule 9 of the helper: what is wrong with the line is said."""
    findings = check_profile("dev", {"credential_process": line.format(program=program)})
    assert (level, True) in [(each.level, text in each.what) for each in findings]
    assert all(finding.fix for finding in findings)


def test_a_program_that_can_not_be_executed(program):
    """The fix is a command."""
    program.chmod(0o644)
    values = {"credential_process": f"{program} aws credentials dev"}
    (finding,) = check_profile("dev", values)
    assert (finding.level, finding.fix) == (Level.FAIL, f"chmod +x {program}")


def test_a_path_with_a_space(tmp_path):
    """It is found, and so is that it could be linked."""
    path = tmp_path / "my bin" / "cone"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    quoted = str(path).replace(" ", '" "')
    values = {"credential_process": f"{quoted} aws credentials dev"}
    (finding,) = check_profile("dev", values)
    assert finding.level is Level.WARN
    assert f"ln -s {shlex.quote(str(path))}" in finding.fix


@pytest.mark.parametrize(
    ("key", "check"),
    [("sso_session", "sso-beside-process"), ("sso_account_id", "sso-beside-process"),
     ("aws_access_key_id", "keys-beside-process")],
)  # fmt: skip
def test_what_stands_beside_the_process(program, key, check):
    """Rule 10 of the helper: clients differ on which of the two they take."""
    values = {"credential_process": f"{program} aws credentials dev", key: "x"}
    (finding,) = check_profile("dev", values)
    assert (finding.id, finding.level) == (check, Level.FAIL)


def test_no_process():
    """A profile without one gets its credentials elsewhere."""
    (finding,) = check_profile("dev", {"region": "x"})
    assert (finding.level, finding.fix) == (Level.FAIL, "cone aws setup --update")
