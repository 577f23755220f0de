"""What cone serve is told as a whole: who wins over whom, and all that is wrong at once."""

import argparse
from datetime import timedelta

import pytest

from cone_cli.configuration import ConfigurationReader
from cone_cli.variable_names import KNOWN, SERVICE_LINK, mistaken_names
from cone_sidecar.ascii_text import ascii_text
from cone_sidecar.errors import ConfigurationError, UsageError
from cone_sidecar.problems import refusals
from fakes.documents import named_variables

SECRET = "s3cret-that-nobody-sees"


@pytest.fixture(name="read")
def _read(tmp_path):
    """Read a configuration of a file's text, variables and flags."""

    def read(text="", environment=None, flags=None, **args):
        path = tmp_path / "sidecar.yaml"
        path.write_text(text)
        variables = {"HOME": str(tmp_path), **(environment or {})}
        named = argparse.Namespace(config=str(path), **args)
        return ConfigurationReader(named, flags or {}, variables).read()

    return read


def messages(refused):
    """Return the messages of what was raised together."""
    return [error.message for error in refusals(refused.value)]


def test_flag_variable_file_default(read):
    """Each wins over the next."""
    said = "max-wait: 3s\nrequest-cooldown: 3s\nidle-after: 3s\nlog-level: warn\nduration: 3h"
    found = read(said, {"CONE_MAX_WAIT": "2s", "CONE_REQUEST_COOLDOWN": "2s"}, {"max_wait": "1s"})
    assert found.settings.max_wait == timedelta(seconds=1)
    assert found.settings.request_cooldown == timedelta(seconds=2)
    assert found.settings.idle_after == timedelta(seconds=3)
    assert (found.log_level, found.terms.duration) == ("warn", timedelta(hours=3))
    assert read(said, {"CONE_LOG_LEVEL": "error"}).log_level == "error"
    assert read(said, log_level="debug").log_level == "debug"
    assert read("").log_level == ""


def test_the_file_wins_over_the_originals(read, tmp_path):
    """config.yaml says what nobody else does."""
    (tmp_path / ".conductorone").mkdir()
    (tmp_path / ".conductorone" / "config.yaml").write_text(
        "cone_duration: 1h\ncone_justification: theirs\nlog-level: error\n"
    )
    found = read("duration: 2h\nlog-level: debug")
    assert (found.terms.duration, found.terms.justification) == (timedelta(hours=2), "theirs")
    assert found.log_level == "debug"


def test_a_flag_silences_the_files_secrets(read):
    """Who we are is said by one voice."""
    found = read("client-id: a\nclient-secret-file: /none", client_id="b", client_secret=SECRET)
    assert "CONE_CLIENT_SECRET_FILE" not in found.environment
    assert "CONE_CLIENT_ID" not in found.environment


def test_what_variables_say_over_the_file_is_noted(read):
    """Whoever wonders why the file's value doesn't count finds the variable named."""
    assert read("max-wait: 3s\nregion: us-east-1", {"CONE_MAX_WAIT": "2s"}).outvoted == (
        "CONE_MAX_WAIT",
    )
    assert read("max-wait: 3s", {"CONE_MAX_WAIT": "3s"}).outvoted == ()


def test_everything_that_is_wrong_is_told_together(read, tmp_path):
    """Flags, variables, keys and files, each by the name it was told under, with a fix, and once."""
    empty = tmp_path / "empty"
    empty.write_text("")
    with pytest.raises(ExceptionGroup) as refused:
        read(
            f"max-wiat: 3s\nlisten: [nowhere]\nclient-secret-file: {empty}\nstrict: 3\nduration: x",
            {
                "CONE_IDLE_AFTER": "soon",
                "CONE_ALLOW_CLIENT": "here",
                "CONE_POD_EVENTS": "perhaps",
                "CONE_AUTO_REQUEST": "perhaps",
                "CONE_CLIENT_ID": "a",
                "CONE_CLIENT_ID_FILE": "b",
                "CONE_LOG_LEVEL": "loud",
            },
            {"token_file_mode": "777", "no_token": "true"},
        )
    at = tmp_path / "sidecar.yaml"
    assert sorted(messages(refused)) == sorted(
        [
            f'"max-wiat" is no key ({at}, line 1)',
            f"strict is true or false ({at}, line 4)",
            "--idle-after (CONE_IDLE_AFTER) takes a duration",
            "--allow-client takes a network (CONE_ALLOW_CLIENT)",
            "CONE_POD_EVENTS is neither true nor false",
            "--token-file-mode takes the octal mode of a file that its owner reads and nobody else writes",
            f"--listen takes an IP address or localhost, and a port ({at}, line 2)",
            "CONE_LOG_LEVEL is none of debug, info, warn, error",
            "CONE_CLIENT_ID and CONE_CLIENT_ID_FILE are both set",
            f"{empty} (CONE_CLIENT_SECRET_FILE) is empty ({at}, line 3)",
            f"cone_duration of {ascii_text(f'{at}, line 5')} is no duration",
            "cone_auto_request of the environment is neither true nor false",
        ]
    )
    assert all(error.hint for error in refusals(refused.value))


def test_one_problem_is_raised_as_it_is(read):
    """Its kind is the exit code."""
    with pytest.raises(UsageError):
        read("max-wiat: 3s")
    with pytest.raises(ConfigurationError):
        read("", {"CONE_CLIENT_SECRET_FILE": "/none"})


def test_which_file(tmp_path):
    """The flag's, else the variable's, else the usual one where it exists; one that is named must exist."""
    for name in ("flag", "variable", "usual"):
        (tmp_path / name).write_text(f"justification: {name}")
    usual = tmp_path / "usual"

    def said(config=None, **environment):
        args = argparse.Namespace(config=config)
        variables = {"HOME": str(tmp_path), **environment}
        return (
            ConfigurationReader(args, {}, variables, usual)
            .read()
            .environment.get("CONE_JUSTIFICATION")
        )

    variable = str(tmp_path / "variable")
    assert said(str(tmp_path / "flag"), CONE_SIDECAR_CONFIG=variable) == "flag"
    assert said(CONE_SIDECAR_CONFIG=variable) == "variable"
    assert said() == "usual"
    usual.unlink()
    assert said() is None
    with pytest.raises(ConfigurationError, match="no such file"):
        said(CONE_SIDECAR_CONFIG=str(usual))


def test_a_stated_token_and_its_file(read, tmp_path):
    """The file's content is the token, and where it is read from is known."""
    path = tmp_path / "token"
    path.write_text("t" * 32 + "\n")
    found = read(f"authorization-token-file: {path}").endpoint
    assert (found.token.reveal(), found.token_stated_in) == ("t" * 32, str(path))
    path.write_text("short")
    with pytest.raises(ConfigurationError) as refused:
        read(f"authorization-token-file: {path}")
    assert "short" not in refused.value.message
    assert "CONE_AUTHORIZATION_TOKEN_FILE" in refused.value.message


def test_files_whose_change_is_news(read, tmp_path):
    """The file itself and secrets; a workload's token is replaced all the time."""
    for name in ("secret", "oidc"):
        (tmp_path / name).write_text("x")
    found = read(f"client-secret-file: {tmp_path / 'secret'}", {"CONDUCTORONE_CLIENT_ID": "a"})
    assert found.files == (tmp_path / "sidecar.yaml", tmp_path / "secret")
    assert read(f"oidc-token-file: {tmp_path / 'oidc'}").files == (tmp_path / "sidecar.yaml",)


def test_a_configuration_shows_no_secret(read):
    """Neither printed nor in a traceback."""
    found = read("", {"CONE_CLIENT_SECRET": SECRET, "CONE_AUTHORIZATION_TOKEN": SECRET * 2})
    assert SECRET not in repr(found)


def test_known_variables_are_those_of_the_page():
    """What is documented is known, and what is known is documented."""
    assert {name for name in named_variables() if name.startswith("CONE_")} == KNOWN


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("CONE_PREFECH", "CONE_PREFETCH"),
        ("CONE_MAXWAIT", "CONE_MAX_WAIT"),
        ("CONE_CLIENT_SECRET_FLE", "CONE_CLIENT_SECRET_FILE"),
        ("CONE_SSO_START_URL", "CONE_SSO_URL"),
    ],
)
def test_a_variable_that_nobody_reads(name, near):
    """It is told, with the one that was meant."""
    assert list(mistaken_names([name, near, "PATH"])) == [(name, near)]


@pytest.mark.parametrize(
    "name",
    [
        "CONE_PORT",
        "CONE_SERVICE_HOST",
        "CONE_SERVICE_PORT",
        "CONE_SERVICE_PORT_HTTP",
        "CONE_PORT_9911_TCP",
        "CONE_PORT_9911_TCP_ADDR",
        "CONE_SIDECAR_SERVICE_HOST",
        "CONE_SIDECAR_PORT_9911_TCP_PROTO",
        "CONE_SIDECAR_CONFIG_PORT",
        "CONE_SOMETHING_ELSE_ALTOGETHER",
        "CONEY_PREFECH",
    ],
)
def test_variables_of_others(name):
    """Kubernetes' service links, and what is like none of ours, are nobody's mistake."""
    assert list(mistaken_names([name])) == []


def test_no_variable_of_ours_looks_like_a_service_link():
    """Else its misspellings would stay silent."""
    assert [name for name in KNOWN if SERVICE_LINK.fullmatch(name)] == []


def test_an_identity_center_that_can_not_be_right(read):
    """A start URL that is none and a region that is none are refused at the start, with where they stand."""
    with pytest.raises(ExceptionGroup) as refused:
        read("sso-url: acme\nsso-region: us-east-1\n", {"CONE_REGION": "mars"})
    url, region = refusals(refused.value)
    assert url.message.startswith("CONE_SSO_URL is not a URL (")
    assert url.message.endswith("sidecar.yaml, line 1)")
    assert url.hint == "CONE_SSO_URL=https://<your organization>.awsapps.com/start"
    assert (region.message, region.hint) == (
        "CONE_REGION is not an AWS region",
        "CONE_REGION=us-east-1",
    )
