"""What an SDK's user reads of an error: one short line that keeps its link."""

import json

import pytest

from cone_sidecar.errors import AccessDenied, ApprovalRequired, SignInRequired
from cone_sidecar.web.answer import LONGEST_MESSAGE, error_answer, person_message

URL = "https://acme-corporation.conductor.one/task/123456"


def pending(name, url=URL, by=""):
    """Return the error of a request that awaits approval."""
    return ApprovalRequired(
        f'access to "{name}" awaits approval: task 123456 {url}{by}',
        task="123456",
        url=url,
        hint="cone task get 123456",
    )


def told(error, profile):
    """Return what is told of an error about ``profile``."""
    error.profile = profile
    return person_message(error)


def test_what_fits_is_told_whole():
    """Message and hint, as they are."""
    assert told(pending("dev"), "dev") == (
        f'access to "dev" awaits approval: task 123456 {URL}; cone task get 123456'
    )


def test_the_hint_goes_first():
    """A name that leaves room for the link stays whole."""
    name = "n" * 60
    assert told(pending(name), name) == f'access to "{name}" awaits approval: task 123456 {URL}'


@pytest.mark.parametrize("length", [85, 110, 128])
@pytest.mark.parametrize("by", ["", " (Grace Hopper, Alan Turing)"])
def test_a_link_is_not_cut(length, by):
    """A long name loses its end: the person needs the link."""
    name = "n" * length
    message = told(pending(name, by=by), name)
    assert len(message) == LONGEST_MESSAGE
    assert message.endswith(f'..." awaits approval: task 123456 {URL}')
    assert message.startswith('access to "nnn')


def test_it_is_so_for_a_request_that_is_over():
    """A refused person is led to the request as well."""
    name = "n" * 100
    error = AccessDenied(f'access request for "{name}" was denied: task 1 {URL}', task="1", url=URL)
    assert told(error, name).endswith(URL)


@pytest.mark.parametrize(
    "error", [pending("dev", f"https://{'a' * 200}"), SignInRequired("s" * 200, url=URL)]
)
def test_what_cannot_fit_is_cut(error):
    """A link that is too long by itself, and one that the message doesn't hold, change nothing."""
    assert told(error, "dev") == error.message[:LONGEST_MESSAGE]


def test_both_spellings_have_the_same_words():
    """SDKs read the one or the other."""
    error = pending("n" * 100)
    error.profile = "n" * 100
    body = json.loads(error_answer(error).body)
    assert body["message"] == body["Message"] == person_message(error)
