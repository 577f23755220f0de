"""The AWS CLI's sign-in cache, read and written as the AWS CLI does."""

import json
import stat
from datetime import timedelta

import pytest

from cone_sidecar.clock import rfc3339
from cone_sidecar.identity_center.token_cache import (
    Registration,
    SsoToken,
    TokenCache,
    same_start_url,
)
from cone_sidecar.secret import Secret
from fakes.access import SESSION

OWN = "72f73481a35146d2d38cb7dbb68309b9d67d62fb.json"
REGISTRATION = "c7c54731e319706e2caf521ee605753667d3a867.json"
NAMED = SESSION.__class__("cone-sso", "https://myorg.awsapps.com/start", "us-east-1")


def write(path, clock, life=timedelta(hours=1), **changes):
    kept = {
        "startUrl": SESSION.start_url,
        "region": SESSION.region,
        "accessToken": "the-access-token",
        "expiresAt": rfc3339(clock.now() + life),
    } | changes
    path.write_text(json.dumps({k: v for k, v in kept.items() if v is not None}))


def test_the_file_names_are_the_aws_clis(tmp_path, clock):
    """Token and registration lie where every SDK looks (reference §7.4)."""
    cache = TokenCache(tmp_path, NAMED)
    cache.save_token(a_token(clock))
    cache.save_registration(Registration("id", Secret("s"), clock.now() + timedelta(days=90)))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([OWN, REGISTRATION])
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in tmp_path.iterdir())


def a_token(clock, **changes):
    values = {
        "start_url": SESSION.start_url,
        "region": SESSION.region,
        "access_token": Secret("the-access-token"),
        "expires": clock.now() + timedelta(hours=1),
        "client_id": "client",
        "client_secret": Secret("client-secret"),
        "registration_expires": clock.now() + timedelta(days=90),
        "refresh_token": Secret("the-refresh-token"),
    } | changes
    return SsoToken(**values)


def test_what_is_saved_is_read(tmp_path, clock):
    """A token survives the file, with all that a refresh takes."""
    cache = TokenCache(tmp_path, SESSION)
    cache.save_token(a_token(clock))
    assert cache.token(clock.now()) == a_token(clock)
    assert cache.token(clock.now()).refreshable(clock.now())


def test_a_token_without_refresh_token_keeps_none(tmp_path, clock):
    """What wasn't issued isn't written."""
    cache = TokenCache(tmp_path, SESSION)
    cache.save_token(a_token(clock, refresh_token=Secret("")))
    assert "refreshToken" not in json.loads(cache.token_path.read_text())
    assert not cache.token(clock.now()).refreshable(clock.now())


@pytest.mark.parametrize(
    "changes",
    [
        {"startUrl": SESSION.start_url + "/"},
        {"startUrl": SESSION.start_url + "/#/"},
        {"startUrl": SESSION.start_url + "#"},
        {"expiresAt": "2026-01-02T04:04:05UTC"},
    ],
)
def test_legacy_sign_ins_are_used(tmp_path, clock, changes):
    """A sign-in by start URL, in the spellings of old writers, is found."""
    write(tmp_path / "legacy.json", clock, **changes)
    found = TokenCache(tmp_path, SESSION).token(clock.now())
    assert found.access_token.reveal() == "the-access-token"


@pytest.mark.parametrize(
    "changes",
    [
        {"startUrl": "https://other.awsapps.com/start"},
        {"region": "eu-west-1"},
        {"accessToken": None},
        {"expiresAt": None},
        {"expiresAt": "soon"},
        {"life": -timedelta(seconds=1)},
    ],
)
def test_foreign_and_damaged_files_are_left_alone(tmp_path, clock, changes):
    """Another instance's sign-in, a registration, half a file: none of them is a session."""
    write(tmp_path / "a.json", clock, **changes)
    (tmp_path / "b.json").write_text('{"accessToken": "cut')
    (tmp_path / "c.json").write_text("[]")
    assert TokenCache(tmp_path, SESSION).token(clock.now()) is None


def test_the_own_file_comes_before_an_earlier_name(tmp_path, clock):
    """A stale file that sorts first doesn't hide the session's own."""
    write(tmp_path / "0.json", clock, accessToken="another")
    cache = TokenCache(tmp_path, SESSION)
    cache.save_token(a_token(clock))
    assert cache.token(clock.now()).access_token.reveal() == "the-access-token"


def test_an_expired_own_token_that_can_be_renewed_wins(tmp_path, clock):
    """An expired token with a refresh token is worth more than nothing."""
    cache = TokenCache(tmp_path, SESSION)
    cache.save_token(a_token(clock, expires=clock.now() - timedelta(minutes=1)))
    assert cache.token(clock.now()).refreshable(clock.now())


def test_registrations_of_the_other_flow_are_not_used(tmp_path, clock):
    """A client that was registered for PKCE can't do the device flow."""
    cache = TokenCache(tmp_path, NAMED)
    cache.save_registration(Registration("id", Secret("s"), clock.now() + timedelta(days=90)))
    assert cache.registration(clock.now()).client_id == "id"
    assert cache.registration(clock.now() + timedelta(days=91)) is None
    path = tmp_path / REGISTRATION
    kept = json.loads(path.read_text()) | {"grantTypes": ["authorization_code"]}
    path.write_text(json.dumps(kept))
    assert cache.registration(clock.now()) is None


def test_start_urls_are_compared_as_people_write_them():
    """The end of a start URL doesn't make another instance."""
    assert same_start_url("https://a.awsapps.com/start", "https://A.awsapps.com/start/#/")
    assert not same_start_url("https://a.awsapps.com/start", "https://b.awsapps.com/start")
