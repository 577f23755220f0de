"""The warm file: what may be printed without asking anyone, and who renews it."""

import os
import stat
from dataclasses import replace
from datetime import timedelta

import pytest

from cone_sidecar.clock import SystemClock
from cone_sidecar.domain.credentials import RoleCredentials
from cone_sidecar.domain.ports import HeldCredentials
from cone_sidecar.secret import Secret
from cone_sidecar.store import FileStore, serve_until
from cone_sidecar.warm_file import WarmEntry, setting
from fakes.access import PROFILE


@pytest.fixture(name="environment")
def _environment(tmp_path):
    return {"HOME": str(tmp_path)}


def held(life=timedelta(hours=1), **changes):
    now = SystemClock().now()
    credentials = RoleCredentials(
        "ASIA0123456789ABCDEF", Secret("key"), Secret("token"), now + life, "000000000001"
    )
    made = HeldCredentials(credentials, grant_ends=None, fetched_at=now, checked_at=now)
    return replace(made, **changes)


def store_for(environment):
    return FileStore(lambda name: WarmEntry(name, environment))


def test_what_was_saved_is_printed(environment):
    """A fresh document is printed as it was saved, on one line."""
    store_for(environment).save(PROFILE, held())
    document = WarmEntry(PROFILE.name, environment).warm_document()
    assert document.startswith('{"Version":1,"AccessKeyId":"ASIA0123456789ABCDEF"')
    assert "\n" not in document


def test_what_was_saved_is_loaded(environment):
    """Everything that is held survives the file."""
    kept = held()
    store_for(environment).save(PROFILE, kept)
    loaded = store_for(environment).load(PROFILE)
    whole_seconds = kept.credentials.expiration.replace(microsecond=0)
    assert loaded == replace(kept, credentials=replace(kept.credentials, expiration=whole_seconds))


@pytest.mark.parametrize(
    "kept",
    [
        held(life=timedelta(minutes=14)),
        held(grant_ends=SystemClock().now() - timedelta(seconds=1)),
        held(checked_at=SystemClock().now() - timedelta(minutes=16)),
    ],
)
def test_what_is_stale_is_not_printed(environment, kept):
    """Near its end, past its grant's end or unchecked for long, a document isn't served."""
    store_for(environment).save(PROFILE, kept)
    assert WarmEntry(PROFILE.name, environment).warm_document() is None
    assert store_for(environment).load(PROFILE) is not None


def test_serve_until_is_the_earliest_end():
    """The three ends compete, and the first one wins."""
    kept = held()
    assert serve_until(kept) == kept.checked_at + timedelta(minutes=15)
    ends = kept.checked_at + timedelta(minutes=5)
    assert serve_until(replace(kept, grant_ends=ends)) == ends
    short = held(life=timedelta(minutes=20))
    assert serve_until(short) == short.credentials.expiration - timedelta(minutes=15)


def test_files_are_private(environment):
    """File and directory belong to their owner alone."""
    store_for(environment).save(PROFILE, held())
    entry = WarmEntry(PROFILE.name, environment)
    mode = stat.S_IMODE(os.stat(entry.credentials_path).st_mode)
    assert mode == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(entry.stem)).st_mode) == 0o700


def test_a_file_that_others_may_read_is_not_trusted(environment):
    """A widened mode makes the file nobody's."""
    store_for(environment).save(PROFILE, held())
    entry = WarmEntry(PROFILE.name, environment)
    os.chmod(entry.credentials_path, 0o644)
    assert entry.warm_document() is None


@pytest.mark.parametrize("name", ["CONE_API_ENDPOINT", "CONE_PROFILE", "AWS_ENDPOINT_URL_SSO"])
def test_another_environment_is_another_entry(environment, name):
    """Whatever changes the answer, changes the entry."""
    store_for(environment).save(PROFILE, held())
    assert WarmEntry(PROFILE.name, environment | {name: "x"}).warm_document() is None


def test_a_changed_config_file_makes_it_cold(environment, tmp_path):
    """After the AWS config file was written, nothing from before is printed."""
    store_for(environment).save(PROFILE, held())
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("[default]\n")
    assert WarmEntry(PROFILE.name, environment).warm_document() is None


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "ü" * 300, "a\nb", "", "."])
def test_names_stay_inside_the_directory(environment, name):
    """No name leads out of the cache directory, and each can be written."""
    entry = WarmEntry(name, environment)
    directory = os.path.join(environment["HOME"], ".cache", "cone-sidecar")
    assert os.path.dirname(os.path.abspath(entry.credentials_path)) == directory
    profile = replace(PROFILE, name=name)
    FileStore(lambda _: entry).save(profile, held())
    assert entry.warm_document()


@pytest.mark.parametrize(
    "content", ["", "cone-sidecar 1\n", "x\ny\nz\nw\n", "cone-sidecar 1\nnan\n\n"]
)
def test_damaged_files_are_cold(environment, content):
    """Half a file, or another's, is no file."""
    entry = WarmEntry(PROFILE.name, environment)
    os.makedirs(os.path.dirname(entry.stem))
    with open(entry.credentials_path, "w", opener=lambda p, f: os.open(p, f, 0o600)) as file:
        file.write(content)
    assert entry.warm_document() is None
    assert FileStore(lambda _: entry).load(PROFILE) is None


def test_one_leads_and_its_word_counts_for_those_who_waited(environment):
    """While one holds the lock nobody else gets it; an outcome is for who came before, or while it lasts."""
    entry = WarmEntry(PROFILE.name, environment)
    assert next(entry.contend(0))
    assert list(WarmEntry(PROFILE.name, environment).contend(0)) == [False]
    content = entry.outcome_content(4, "awaiting approval\n", lasts_s=15)
    with open(entry.outcome_path, "w", opener=lambda p, f: os.open(p, f, 0o600)) as file:
        file.write(content)
    now = SystemClock().now().timestamp()
    assert entry.outcome(now - 60) == (4, "awaiting approval\n")
    assert entry.outcome(now + 10) == (4, "awaiting approval\n")
    assert entry.outcome(now + 60) is None


def test_what_the_leader_kept_needs_no_lock(environment):
    """Whoever waits is served as soon as the leader has written, though it still holds the lock."""
    entry, follower = (WarmEntry(PROFILE.name, environment) for _ in range(2))
    assert next(entry.contend(0))
    waiting = follower.contend(60)
    assert not next(waiting)
    FileStore(lambda _: entry).save(PROFILE, held())
    assert follower.warm_document()
    assert not next(waiting)


def test_a_shell_that_was_prepared_for_sdks(environment):
    """`cone aws env` hides the AWS config file from SDKs; to us it is the same setting and entry."""
    path = environment["HOME"] + "/.aws/config"
    prepared = environment | {"AWS_CONFIG_FILE": "/dev/null", "CONE_AWS_CONFIG_FILE": path}
    assert setting(prepared) == setting(environment)
    assert WarmEntry("p", prepared).stem == WarmEntry("p", environment).stem
