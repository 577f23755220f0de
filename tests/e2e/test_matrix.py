"""The matrix: policies, states of a grant and faults, in both faces, against what the documents promise."""

import os

import pytest

from fakes import matrix_page
from fakes.matrix_case import FACES
from fakes.matrix_comparison import disagreements
from fakes.matrix_run import CASES, observe

PAIRS = [(name, face) for name in CASES for face in FACES]


@pytest.fixture(name="seen", scope="module")
def _seen(request):
    """Run what was selected, beside each other; all of it where the page is wanted."""
    here = [item for item in request.session.items if item.path == request.path]
    ids = {item.callspec.id for item in here if hasattr(item, "callspec")}
    whole = any(not hasattr(item, "callspec") for item in here)
    return observe(
        [(CASES[name], face) for name, face in PAIRS if whole or f"{name}:{face}" in ids]
    )


@pytest.mark.parametrize(("name", "face"), PAIRS, ids=[":".join(pair) for pair in PAIRS])
def test_as_promised(seen, name, face):
    """The case ends as promised, in words and code, with as many calls upstream and one request."""
    found = seen[name, face]
    if isinstance(found, Exception):
        raise found
    wrong = disagreements(CASES[name], face, found)
    assert not wrong, "\n".join(wrong)


def test_the_page_shows_what_was_seen(seen):
    """docs/states.md holds these tables; MATRIX=write writes them."""
    block = matrix_page.render(seen)
    if os.environ.get("MATRIX") == "write":
        matrix_page.write(block)
    assert matrix_page.kept() == block, (
        "write it anew: MATRIX=write pytest tests/e2e/test_matrix.py"
    )
