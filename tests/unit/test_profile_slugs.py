"""Names of profiles in URLs: stable, sent unchanged by every client, and never two alike."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cone_sidecar.profile_slugs import may_be_made, slug

ALPHABET = re.compile(r"[A-Za-z0-9._~-]+")
NAMES = st.text(min_size=1, max_size=200)
FIT = st.text("abcXYZ019._~-", min_size=1, max_size=128).filter(
    lambda name: name not in {".", ".."}
)
ODD = st.text("aZ9-./ %é\n😀", min_size=1, max_size=40).filter(
    lambda name: not ALPHABET.fullmatch(name) or name in {".", ".."}
)


@given(NAMES)
def test_a_slug_is_one_segment_that_clients_send_unchanged(name):
    """It holds nothing but letters, digits and ``._~-``, and is no ``.`` or ``..``, whatever the name."""
    made = slug(name)
    assert ALPHABET.fullmatch(made)
    assert made not in {".", ".."}
    assert len(made) <= 128


@given(NAMES)
def test_a_slug_is_its_own_slug(name):
    """Made once or twice, it is the same: whoever knows the segment can derive the token."""
    assert slug(slug(name)) == slug(name)


@given(FIT)
def test_a_name_that_fits_is_left_alone(name):
    """People read their own names in URLs wherever that works."""
    assert slug(name) == name


@given(st.lists(ODD, min_size=2, max_size=20, unique=True))
def test_odd_names_have_slugs_of_their_own(names):
    """Names that differ only in what is replaced don't meet in one URL."""
    assert len({slug(name) for name in names}) == len(names)


@given(ODD)
def test_a_slug_that_was_made_looks_like_one(name):
    """Such a segment is looked up among all profiles, not by its name alone."""
    assert may_be_made(slug(name))


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("production-admin", "production-admin"),
        ("My Prof", "My-Prof-ec1b37c1"),
        ("a/b", "a-b-c14cddc0"),
        ("a b", "a-b-c8687a08"),
        (".", "cdb4ee2a"),
        ("..", "5ec1f7e7"),
        ("é", "4a99557e"),
    ],
)
def test_slugs_stay_what_they_are(name, made):
    """URLs and tokens that were written down keep their meaning from one version to the next."""
    assert slug(name) == made


def test_a_long_name_is_cut():
    """A name that is longer than any file name gets a stem and its digits."""
    assert len(slug("a" * 129)) == 64 + 1 + 8
    assert slug("a" * 129) != slug("a" * 130)
