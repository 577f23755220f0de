"""Flags and variables of the endpoint: read into values, or refused with what to write instead."""

import grp
import ipaddress
import os
from datetime import timedelta
from pathlib import Path

import pytest

from cone_sidecar.endpoint_settings import endpoint_settings
from cone_sidecar.errors import ConfigurationError, UsageError
from cone_sidecar.server import AUTO, ListenAddress

AWS = "169.254.170.2:80"
TOKEN = "t" * 43


def settings(environment=None, **flags):
    return endpoint_settings(flags, environment or {})


def test_what_holds_where_nothing_is_said():
    """Loopback alone, a token, an hour of grace, files for their owner, no audit, no IMDS."""
    found = settings()
    assert found.listen == (ListenAddress("127.0.0.1", 9911),)
    assert found.management_listen == ListenAddress("127.0.0.1", 9912)
    assert (found.token.reveal(), found.token_file, found.no_token) == ("", None, False)
    assert found.token_grace == timedelta(hours=1)
    assert found.token_access is None
    assert (found.allow_clients, found.allow_hosts) == ((), ())
    assert (found.tls_cert, found.imds_listen, found.audit) == (None, None, "off")


def test_a_flag_wins_over_its_variable():
    """Each variable has its flag's name, and lists have commas."""
    variables = {"CONE_LISTEN": "127.0.0.1:1, [::1]:2", "CONE_AUDIT": "stdout"}
    assert settings(variables).listen == (ListenAddress("127.0.0.1", 1), ListenAddress("::1", 2))
    assert settings(variables, listen="127.0.0.1:3").listen == (ListenAddress("127.0.0.1", 3),)
    assert settings(variables).audit == "stdout"


def test_each_value_is_read():
    """Networks, names, files, modes, groups, durations."""
    found = settings(
        allow_client="10.0.0.0/8,192.0.2.1",
        allow_host="sidecar, other",
        token_file="token",
        token_file_mode="0440",
        token_file_group="1000",
        token_grace="90s",
        profile_token_file="dev=d,my prof=/run/p=q",
        listen=f"auto,{AWS}",
    )
    assert found.allow_clients == (
        ipaddress.ip_network("10.0.0.0/8"),
        ipaddress.ip_network("192.0.2.1/32"),
    )
    assert found.allow_hosts == ("sidecar", "other")
    assert found.token_file == Path("token").absolute()
    assert (found.token_access.mode, found.token_access.group) == (0o440, 1000)
    assert found.token_grace == timedelta(seconds=90)
    assert found.profile_token_files == {"dev": Path("d").absolute(), "my prof": Path("/run/p=q")}
    assert found.listen == (AUTO, ListenAddress("169.254.170.2", 80))


@pytest.mark.parametrize("text", ["0", "0s"])
def test_no_grace(text):
    """The old token can be ended at once."""
    assert settings(token_grace=text).token_grace == timedelta()


def test_a_group_by_its_name():
    """A name is what people know it by."""
    own = grp.getgrgid(os.getgid())
    assert settings(token_file_group=own.gr_name).token_access.group == own.gr_gid


@pytest.mark.parametrize("mode", ["0600", "600", "0440", "0644", "0400"])
def test_modes_that_are_taken(mode):
    """The owner reads, and whoever else is named reads."""
    assert settings(token_file_mode=mode).token_access.mode == int(mode, 8)


def test_the_token_of_the_environment():
    """It is taken as it is, and never shown."""
    found = settings({"CONE_AUTHORIZATION_TOKEN": TOKEN})
    assert found.token.reveal() == TOKEN
    assert TOKEN not in repr(found)


@pytest.mark.parametrize(
    "listen", ["169.254.170.2:80", "169.254.170.23:80", "[fd00:ec2::23]:80", "auto"]
)
def test_no_token_at_aws_s_own_addresses(listen):
    """There alone clients expect an endpoint without one; what ``auto`` is, is seen later."""
    assert settings(listen=listen, no_token="true").no_token


@pytest.mark.parametrize(
    ("flags", "message", "hint"),
    [
        (
            {"listen": "9911"},
            "--listen takes an IP address or localhost, and a port",
            "--listen 127.0.0.1:9911",
        ),
        (
            {"listen": "sidecar:9911"},
            "--listen takes an IP address or localhost, and a port",
            "--listen 127.0.0.1:9911",
        ),
        (
            {"listen": "127.0.0.1:65536"},
            "--listen takes an IP address or localhost, and a port",
            "--listen 127.0.0.1:9911",
        ),
        (
            {"management_listen": "auto"},
            "--management-listen takes an IP address or localhost, and a port",
            "--management-listen 127.0.0.1:9912",
        ),
        (
            {"no_token": "true"},
            "--no-token is for a network of containers alone, where the sidecar is 169.254.170.2",
            "--listen 169.254.170.2:80, or leave out --no-token",
        ),
        (
            {"no_token": "true", "listen": f"{AWS},127.0.0.1:9911"},
            "--no-token is for a network of containers alone, where the sidecar is 169.254.170.2",
            "--listen 169.254.170.2:80, or leave out --no-token",
        ),
        (
            {"no_token": "true", "listen": AWS, "profile_token_file": "dev=d"},
            "--no-token goes with no profile's token file, and with no token in the environment",
            "leave out --no-token, or what names a token",
        ),
        (
            {"tls_cert": "c.pem"},
            "--tls-cert and --tls-key belong together",
            "--tls-cert cert.pem --tls-key key.pem",
        ),
        (
            {"tls_key": "k.pem"},
            "--tls-cert and --tls-key belong together",
            "--tls-cert cert.pem --tls-key key.pem",
        ),
        (
            {"imds_listen": "127.0.0.1:9913"},
            "--imds-listen and --imds-profile belong together",
            "--imds-listen 127.0.0.1:9913 --imds-profile <profile>",
        ),
        (
            {"imds_profile": "dev"},
            "--imds-listen and --imds-profile belong together",
            "--imds-listen 127.0.0.1:9913 --imds-profile <profile>",
        ),
        (
            {"imds_listen": "0.0.0.0:80", "imds_profile": "dev"},
            "--imds-listen is for this machine or a network of containers: IMDS knows no secret",
            "--imds-listen 169.254.169.254:80",
        ),
        (
            {"allow_client": "everywhere"},
            "--allow-client takes a network",
            "--allow-client 10.0.0.0/8, or one address",
        ),
        (
            {"token_grace": "soon"},
            "--token-grace (CONE_TOKEN_GRACE) takes a duration",
            "--token-grace 15m",
        ),
        (
            {"token_file_group": "nobody-has-this-name"},
            "--token-file-group names no group here",
            "--token-file-group 1000",
        ),
        (
            {"profile_token_file": "/run/token"},
            "--profile-token-file takes a profile and a file, and each profile once",
            "--profile-token-file production-admin=/run/prod/token",
        ),
        (
            {"profile_token_file": "dev="},
            "--profile-token-file takes a profile and a file, and each profile once",
            "--profile-token-file production-admin=/run/prod/token",
        ),
    ],
)
def test_each_refusal_says_what_to_write(flags, message, hint):
    """One line, and an example that would be taken."""
    with pytest.raises(UsageError) as caught:
        settings(**flags)
    assert (caught.value.message, caught.value.hint) == (message, hint)


@pytest.mark.parametrize("mode", ["rw", "0666", "0620", "0040", "1600", "-1", "9", "0o600x"])
def test_modes_that_are_refused(mode):
    """No mode lets others write the token, or keeps the sidecar from reading its own."""
    with pytest.raises(UsageError, match="--token-file-mode") as caught:
        settings(token_file_mode=mode)
    assert caught.value.hint == "--token-file-mode 0440"


def test_a_token_of_the_environment_that_is_none():
    """It is refused without being shown."""
    with pytest.raises(
        ConfigurationError, match="CONE_AUTHORIZATION_TOKEN holds no token"
    ) as caught:
        settings({"CONE_AUTHORIZATION_TOKEN": "hunter2"})
    assert "hunter2" not in caught.value.message + caught.value.hint


def test_no_token_beside_one_of_the_environment():
    """Whoever set it means it to be asked for."""
    variables = {"CONE_AUTHORIZATION_TOKEN": TOKEN, "CONE_NO_TOKEN": "true", "CONE_LISTEN": AWS}
    with pytest.raises(UsageError, match="--no-token goes with no profile's token file"):
        settings(variables)


def test_a_switch_that_is_neither_on_nor_off():
    """A typing error in a variable opens nothing."""
    with pytest.raises(UsageError, match="CONE_NO_TOKEN is neither true nor false"):
        settings({"CONE_NO_TOKEN": "perhaps", "CONE_LISTEN": AWS})
