"""Which profiles are meant by what stands behind ``cone aws list``."""

import pytest

from cone_cli.profile_patterns import chosen

NAMES = ["production-admin", "staging-admin", "staging-readonly"]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ([], NAMES),
        (["admin"], NAMES[:2]),
        (["ADMIN"], NAMES[:2]),
        (["staging-*"], NAMES[1:]),
        (["staging*", "production"], NAMES),
        (["dmin*"], []),
        (["?roduction-[ab]*"], NAMES[:1]),
    ],
)
def test_patterns(patterns, expected):
    """With a wildcard whole names are meant, else a part of them; they stay in the file's order."""
    assert chosen(patterns, NAMES) == expected
