"""Tokens: which are right, what replaces them, and how they are compared."""

import hmac
import logging
from datetime import timedelta
from types import SimpleNamespace

import pytest

from cone_sidecar import authorization_tokens
from cone_sidecar.authorization_token import (
    FileAccess,
    profile_token,
    stated_token,
    token_in,
    token_in_or_made,
    write_token,
)
from cone_sidecar.authorization_tokens import AuthorizationTokens
from cone_sidecar.errors import ConfigurationError
from cone_sidecar.profile_slugs import slug
from cone_sidecar.secret import Secret

FIRST, SECOND, THIRD = ("a" * 43, "b" * 43, "c" * 43)
GRACE = timedelta(hours=1)


@pytest.fixture(name="file")
def _file(tmp_path):
    """Give the file of the token."""
    path = tmp_path / "token"
    write_token(path, Secret(FIRST))
    return path


@pytest.fixture(name="tokens")
def _tokens(clock, file):
    """Give tokens that live in the file."""
    return AuthorizationTokens(Secret(FIRST), clock=clock, file=file, grace=GRACE)


def replace(file, token):
    write_token(file, Secret(token))


def test_a_new_token_counts_at_the_first_mismatch(tokens, file):
    """Whoever reads the file and asks is let in at once, before the sidecar has looked again."""
    replace(file, SECOND)
    assert tokens.opens(SECOND.encode(), "dev")


def test_a_file_that_everybody_may_write_replaces_nothing(tokens, file, caplog):
    """At the start it is refused; afterwards nothing comes of it, until its mode is right again."""
    replace(file, SECOND)
    file.chmod(0o666)
    assert not tokens.opens(SECOND.encode(), "dev")
    assert tokens.opens(FIRST.encode(), "dev")
    assert "can be written by everybody" in caplog.text
    file.chmod(0o600)
    assert tokens.opens(SECOND.encode(), "dev")


def test_the_old_token_counts_for_the_grace_time(tokens, file, clock):
    """A process that was given the old one keeps its access, and loses it when the grace is over."""
    replace(file, SECOND)
    assert tokens.look_again()
    clock.advance(GRACE.total_seconds() - 1)
    assert tokens.opens(FIRST.encode(), "dev")
    clock.advance(1)
    assert not tokens.opens(FIRST.encode(), "dev")
    assert tokens.opens(SECOND.encode(), "dev")


def test_without_grace_the_old_token_ends_at_once(clock, file):
    """A token that leaked can be taken back."""
    tokens = AuthorizationTokens(Secret(FIRST), clock=clock, file=file, grace=timedelta())
    replace(file, SECOND)
    tokens.look_again()
    assert not tokens.opens(FIRST.encode(), "dev")


def test_two_rotations_within_the_grace_time(tokens, file, clock):
    """Each old one ends on its own time."""
    replace(file, SECOND)
    tokens.look_again()
    clock.advance(30 * 60)
    replace(file, THIRD)
    tokens.look_again()
    assert all(tokens.opens(each.encode(), "") for each in (FIRST, SECOND, THIRD))
    clock.advance(30 * 60)
    assert [tokens.opens(each.encode(), "") for each in (FIRST, SECOND, THIRD)] == [
        False,
        True,
        True,
    ]


def test_a_profile_s_own_token_is_rotated_with_the_master(tokens, file, clock):
    """The derived token follows, and the old derived one has the same grace."""
    old = tokens.of_profile("dev").reveal()
    replace(file, SECOND)
    tokens.look_again()
    new = tokens.of_profile("dev").reveal()
    assert new == profile_token(Secret(SECOND), "dev").reveal()
    assert tokens.opens(old.encode(), "dev")
    assert tokens.opens(new.encode(), "dev")
    clock.advance(GRACE.total_seconds())
    assert not tokens.opens(old.encode(), "dev")


def test_what_is_to_be_done_after_a_rotation_is_done(tokens, file):
    """Files that hold tokens can be written again."""
    done = []
    tokens.when_rotated(lambda: done.append(tokens.of_profile("dev").reveal()))
    tokens.look_again()
    assert done == []
    replace(file, SECOND)
    tokens.look_again()
    tokens.look_again()
    assert done == [profile_token(Secret(SECOND), "dev").reveal()]


async def test_the_file_is_looked_at_every_second(tokens, file, clock):
    """A rotation that nobody asks about is seen too, so that files of profiles follow."""
    seen = []
    tokens.when_rotated(lambda: seen.append(clock.monotonic()))
    replace(file, SECOND)
    began = clock.monotonic()

    def stop():
        raise RuntimeError

    tokens.when_rotated(stop)
    with pytest.raises(RuntimeError):
        await tokens.watch()
    assert seen == [began + 1]


@pytest.mark.parametrize(
    "content", [b"", b"short", f"{SECOND}\n".encode(), b"\xff" * 43, b"a b" * 20]
)
def test_a_bad_file_changes_nothing(tokens, file, caplog, content):
    """A file that holds no token leaves the old one in force, with one warning, without its content."""
    file.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert not tokens.look_again()
        assert not tokens.look_again()
    assert tokens.opens(FIRST.encode(), "dev")
    (record,) = caplog.records
    assert record.getMessage().startswith("the token stays as it was: ")
    assert SECOND not in caplog.text


def test_a_file_that_is_gone_changes_nothing(tokens, file):
    """Between removal and renewal the old one stays in force."""
    file.unlink()
    assert not tokens.look_again()
    assert tokens.opens(FIRST.encode(), "dev")
    replace(file, SECOND)
    assert tokens.opens(SECOND.encode(), "dev")


def test_a_token_that_comes_back_is_the_current_one(tokens, file, clock):
    """Rotated there and back, the first one has no end."""
    for each in (SECOND, FIRST):
        replace(file, each)
        tokens.look_again()
    clock.advance(10 * GRACE.total_seconds())
    assert tokens.opens(FIRST.encode(), "dev")


@pytest.mark.parametrize("form", ["{}", "Bearer {}"])
def test_who_opens_what(tokens, form):
    """The master opens every profile, a profile's own token that profile, raw and after ``Bearer``."""
    own = form.format(tokens.of_profile("dev").reveal()).encode()
    assert tokens.opens(form.format(FIRST).encode(), "dev")
    assert tokens.opens(form.format(FIRST).encode(), "")
    assert tokens.opens(own, "dev")
    assert not tokens.opens(own, "prod")
    assert not tokens.opens(own, "")


def test_a_token_with_a_scheme_of_its_own(clock):
    """Where ``Bearer`` is part of the stated token, the whole value is what opens."""
    tokens = AuthorizationTokens(Secret(f"Bearer {FIRST}"), clock=clock)
    assert tokens.opens(f"Bearer {FIRST}".encode(), "")
    assert not tokens.opens(FIRST.encode(), "")


def test_a_derived_token_is_what_the_documents_say():
    """43 characters of base64url: HMAC-SHA256 of the profile's name under the master token."""
    assert profile_token(Secret("k" * 43), "dev").reveal() == (
        "z6yAH-L8E3eCcN9M3OyylmDUm25GzxPtb0b7uHFdm40"
    )
    odd = profile_token(Secret("k" * 43), "My Prof").reveal()
    assert odd == "MgFHviyPHkQs1NoPanv8rz4MA4NCyWF6RQmrU6e3JJQ"


def test_a_name_that_is_another_one_s_slug_has_a_token_of_its_own(tokens):
    """Where a segment may mean either, each one's own token opens it, and they are two."""
    odd, poser = (tokens.of_profile(name).reveal() for name in ("My Prof", slug("My Prof")))
    assert odd != poser
    assert tokens.opens(odd.encode(), slug("My Prof"))
    assert tokens.opens(poser.encode(), slug("My Prof"))
    assert tokens.opens(odd.encode(), "My Prof")
    assert not tokens.opens(poser.encode(), "My Prof")
    assert not tokens.opens(tokens.of_profile("dev").reveal().encode(), slug("My Prof"))


def test_every_candidate_is_compared(tokens, file, monkeypatch):
    """Right or wrong, current or old: the same comparisons are made, all of them in constant time."""
    replace(file, SECOND)
    tokens.look_again()
    compared = []

    def compare(known, presented):
        compared.append(known)
        return hmac.compare_digest(known, presented)

    monkeypatch.setattr(authorization_tokens, "hmac", SimpleNamespace(compare_digest=compare))
    counts = set()
    for presented in (FIRST, SECOND, tokens.of_profile("dev").reveal()):
        compared.clear()
        assert tokens.opens(presented.encode(), "dev")
        counts.add(len(compared))
    assert counts == {8}


def test_tokens_are_hidden(tokens, file):
    """A token that a mistaken client put into its URL isn't shown, an old or a derived one neither."""
    own = tokens.of_profile("dev").reveal()
    replace(file, SECOND)
    tokens.look_again()
    new = tokens.of_profile("dev").reveal()
    assert tokens.hide(f"/{FIRST}/{own}/{SECOND}/{new}") == "/***/***/***/***"


def test_names_of_strangers_fill_no_memory(clock):
    """What is derived for names in URLs is bounded."""
    tokens = AuthorizationTokens(Secret(FIRST), clock=clock)
    for number in range(3 * authorization_tokens.MOST_DERIVED):
        tokens.opens(b"x", f"name-{number}")
    assert len(tokens._current._derived) <= authorization_tokens.MOST_DERIVED


def test_a_token_is_made_where_there_is_none(tmp_path):
    """It is random, for its owner alone, and without a newline; the next start finds the same."""
    path = tmp_path / "new" / "token"
    made = token_in_or_made(path)
    assert path.read_text() == made.reveal() == token_in_or_made(path).reveal()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert made.reveal() != token_in_or_made(tmp_path / "other").reveal()


def test_a_token_is_made_for_whom_it_is_to_be_read_by(tmp_path):
    """Mode and group are those that were asked for."""
    path = tmp_path / "token"
    group = tmp_path.stat().st_gid
    token_in_or_made(path, FileAccess(0o440, group))
    assert path.stat().st_mode & 0o777 == 0o440
    assert path.stat().st_gid == group


def test_a_missing_file_is_an_error_where_one_must_be(tmp_path):
    """The message names the file, the hint the option."""
    with pytest.raises(ConfigurationError, match="can't be read") as caught:
        token_in(tmp_path / "nowhere")
    assert caught.value.hint == "name another one: --token-file F"


@pytest.mark.parametrize("text", ["short", "ä" * 40, "with a blank" * 4, FIRST + "\n", '"' + FIRST])
def test_a_stated_token_is_a_good_one(text):
    """A variable with anything else is refused, without showing it."""
    with pytest.raises(ConfigurationError) as caught:
        stated_token(text, where="CONE_AUTHORIZATION_TOKEN")
    assert caught.value.message.startswith(
        "CONE_AUTHORIZATION_TOKEN holds no token of 32 characters"
    )
    assert text not in caught.value.message
    assert "openssl rand -hex 32" in caught.value.hint
