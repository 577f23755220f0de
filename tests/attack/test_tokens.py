"""Tokens: wrong, missing, foreign, misplaced ones open nothing; the comparison takes constant time."""

import hmac
import timeit

import pytest

from cone_sidecar import authorization_tokens
from cone_sidecar.authorization_token import profile_token
from cone_sidecar.authorization_tokens import AuthorizationTokens
from cone_sidecar.secret import Secret
from fakes.attacked_sidecar import GOOD, OTHER
from fakes.raw_client import RawConnection

TOKEN = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
CALLS = 2_000
ROUNDS = 30
NANOSECONDS = 1e9

# What stands in the Authorization header; {token} is the right one. None: there is no such header.
WRONG = {
    "missing": None,
    "empty": "",
    "blank": " ",
    "wrong": "x" * 43,
    "a prefix": "{token:.42}",
    "all but the first": "{tail}",
    "a suffix more": "{token}x",
    "a prefix more": "x{token}",
    "twice": "{token}{token}",
    "listed": "{token}, {token}",
    "quoted": '"{token}"',
    "upper case": "{upper}",
    "foreign profile's": "{foreign}",
    "foreign profile's as Bearer": "Bearer {foreign}",
    "scheme alone": "Bearer",
    "scheme and blank": "Bearer ",
    "Basic with the token": "Basic {token}",
    "bearer in lower case": "bearer {token}",
    "BEARER in capitals": "BEARER {token}",
    "Bearer twice": "Bearer Bearer {token}",
    "Bearer and two blanks": "Bearer  {token}",
    "Bearer and tab": "Bearer\t{token}",
    "Bearer without blank": "Bearer{token}",
    "Token": "Token {token}",
    "management secret": "{management}",
    "management secret as Bearer": "Bearer {management}",
    "non-ASCII": "\xfc{token}",
    "non-ASCII at the end": "{token}\xa0",
    "confusable": "{token:.42}\xff",
    "10 KB": "{token}" + "x" * 10_000,
}
MALFORMED = {
    "NUL inside": "{token:.20}\0{token}",
    "NUL at the end": "{token}\0",
    "bell": "{token}\a",
    "bare newline": "{token}\n",
    "bare carriage return": "{token:.20}\r{token}",
    "folded": "{token:.20}\r\n {token}",
}


def header(attacked, template):
    """Return the Authorization header's line, empty for none."""
    if template is None:
        return ""
    value = template.format(
        token=attacked.token,
        tail=attacked.token[1:],
        upper=attacked.token.swapcase(),
        foreign=attacked.token_of(OTHER),
        management=attacked.management_secret,
    )
    return f"Authorization: {value}\r\n"


def presenting(attacked, lines, target=f"/credentials/{GOOD}"):
    """Return a request with these header lines in place of the token's."""
    text = f"GET {target} HTTP/1.1\r\nHost: {attacked.host}\r\n{lines}\r\n"
    return text.encode("latin-1")


@pytest.mark.parametrize("template", WRONG.values(), ids=WRONG)
def test_a_wrong_token_is_refused(attacked, template):
    """401 in our words, whatever stands there; nothing of it is sent back or logged."""
    answer = attacked.refused(presenting(attacked, header(attacked, template)))
    assert (answer.status, answer.json()["code"]) == (401, "Unauthorized")


@pytest.mark.parametrize("template", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_token_is_no_request(attacked, template):
    """Control bytes in a header's value aren't HTTP."""
    answer = attacked.refused(presenting(attacked, header(attacked, template)))
    assert (answer.status, answer.header("connection")) == (400, "close")


@pytest.mark.parametrize(
    "templates",
    [("{token}", "{token}"), ("{token}", "wrong"), ("wrong", "{token}"), ("", "{token}")],
    ids=["right and right", "right and wrong", "wrong and right", "empty and right"],
)
def test_two_headers_are_none(attacked, templates):
    """Who sends two is refused, though one is right: whoever looks at the other one sees another."""
    lines = "".join(header(attacked, template) for template in templates)
    answer = attacked.refused(presenting(attacked, lines))
    assert (answer.status, answer.json()["code"]) == (401, "Unauthorized")


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("?token={token}", ""),
        ("?Authorization={token}", ""),
        ("?authorization=Bearer%20{token}", ""),
        ("#{token}", ""),
        ("", "X-Authorization: {token}\r\n"),
        ("", "Proxy-Authorization: {token}\r\n"),
        ("", "X-aws-ec2-metadata-token: {token}\r\n"),
        ("", "X-Amz-Security-Token: {token}\r\n"),
    ],
)
def test_the_token_counts_in_its_place_alone(attacked, target, line):
    """In the query or in another header it is none, and the log doesn't show it."""
    lines = line.format(token=attacked.token)
    request = presenting(
        attacked, lines, f"/credentials/{GOOD}{target.format(token=attacked.token)}"
    )
    answer = attacked.refused(request)
    assert answer.status in {400, 401}
    assert attacked.secrets.within("\n".join(attacked.said())) == []


def test_what_opens_one_profile_opens_no_other(attacked):
    """A profile's own token opens it, raw and as Bearer, by any of its paths; no other profile."""
    own = attacked.token_of(GOOD)
    for path in (f"/credentials/{GOOD}", f"/role/{GOOD}", f"/credentials/%70{GOOD[1:]}"):
        for value in (own, f"Bearer {own}"):
            (answer,) = attacked.ask(attacked.request(target=path, token=value))
            attacked.is_served(answer, GOOD)
    for path in (
        f"/credentials/{OTHER}",
        f"/role/{OTHER}",
        f"/credentials/%71{OTHER[1:]}",
        "/creds",
    ):
        answer = attacked.refused(attacked.request(target=path, token=own))
        assert answer.status == 401, path


def test_whether_a_profile_exists_is_told_to_nobody_without_a_token(attacked):
    """The answer about one that is there is that about one that isn't."""
    lines = header(attacked, "wrong")
    there, nowhere, unnamed = (
        attacked.refused(presenting(attacked, lines, target))
        for target in (f"/credentials/{GOOD}", "/credentials/nobody", "/nowhere")
    )
    assert there == nowhere == unnamed


def test_a_token_in_the_url_is_not_logged(attacked):
    """A mistaken client may put its token there, with escapes too: the log shows none of it."""
    for secret in (attacked.token, attacked.token_of(GOOD)):
        escaped = "".join(f"%{ord(c):02X}" for c in secret)
        for text in (secret, escaped, f"{GOOD};{secret}", f"{GOOD}/{secret}"):
            attacked.refused(attacked.request(target=f"/{text}"))
            attacked.refused(attacked.request(target=f"/credentials/{text}"))
            attacked.refused(attacked.request(target=f"/credentials/{text}", token="wrong"))
    said = "\n".join(attacked.said())
    audited = b"\n".join(attacked.audited()).decode()
    assert attacked.secrets.within(said + audited) == []
    attacked.serves()


@pytest.mark.parametrize("secret", ["token", "own", "nothing", "empty"])
def test_the_management_listener_takes_its_own_secret_alone(attacked, secret):
    """What opens credentials tells the sidecar nothing to do."""
    value = {"token": attacked.token, "own": attacked.token_of(GOOD), "empty": ""}.get(secret)
    line = "" if value is None else f"Authorization: {value}\r\n"
    host = f"{attacked.management[0]}:{attacked.management[1]}"
    for path in (f"/profiles/{GOOD}/request", f"/profiles/{GOOD}/forget", "/sign-in"):
        with RawConnection(attacked.management, source=attacked.stranger()) as connection:
            request = f"POST {path} HTTP/1.1\r\nHost: {host}\r\n{line}Content-Length: 0\r\n\r\n"
            connection.send(request.encode())
            answer = connection.answer()
        assert answer.status in {401, 403}, answer
        assert attacked.secrets.within(answer.body.decode()) == []
    attacked.serves()


def test_wrong_tokens_slow_their_sender_alone(attacked):
    """Whoever sends many waits; others, and the same one with the right token, don't."""
    stranger = attacked.stranger()
    wrong = presenting(attacked, header(attacked, "wrong"))
    with RawConnection(attacked.address, source=stranger) as connection:
        took = []
        for _ in range(14):
            began = timeit.default_timer()
            connection.send(wrong)
            assert connection.answer().status == 401
            took.append(timeit.default_timer() - began)
        assert took[-1] > 0.2
        assert max(took) < 2
        right = []
        for _ in range(5):
            began = timeit.default_timer()
            connection.send(attacked.request())
            attacked.is_served(connection.answer())
            right.append(timeit.default_timer() - began)
        assert min(right) < 0.1


class Comparisons:
    """Stand in for ``hmac.compare_digest``, and count."""

    def __init__(self, monkeypatch, verdict=None):
        self.calls = []
        self._verdict = verdict
        self._compare = hmac.compare_digest
        monkeypatch.setattr(hmac, "compare_digest", self)

    def __call__(self, known, presented):
        self.calls.append((len(known), known))
        return self._compare(known, presented) if self._verdict is None else self._verdict


def candidates():
    """Return what differs from the token at each position, and what has another length."""
    yield from (TOKEN[:at] + "!" + TOKEN[at + 1 :] for at in range(len(TOKEN)))
    yield from ("", TOKEN[:-1], TOKEN + "x", "x" * 10_000, TOKEN, f"Bearer {TOKEN}")
    yield profile_token(Secret(TOKEN), GOOD).reveal()


def test_every_candidate_is_compared_in_full(clock, monkeypatch):
    """As often and with the same secrets, wherever the first difference is, and though one was right."""
    seen = set()
    for candidate in candidates():
        tokens = AuthorizationTokens(Secret(TOKEN), clock=clock)
        with monkeypatch.context() as patch:
            comparisons = Comparisons(patch)
            tokens.opens(candidate.encode(), GOOD)
        seen.add(tuple(comparisons.calls))
    assert len(seen) == 1
    (calls,) = seen
    assert {known for _, known in calls} == {
        TOKEN.encode(),
        profile_token(Secret(TOKEN), GOOD).reveal().encode(),
    }


@pytest.mark.parametrize("verdict", [True, False])
def test_nothing_else_decides(clock, monkeypatch, verdict):
    """What the constant-time comparison says is the answer, for right and wrong ones alike."""
    tokens = AuthorizationTokens(Secret(TOKEN), clock=clock)
    Comparisons(monkeypatch, verdict=verdict)
    for candidate in (TOKEN, "wrong"):
        assert bool(tokens.opens(candidate.encode(), GOOD)) is verdict


def test_the_comparison_is_the_standard_library_s():
    """The module looks it up where the tests above replaced it."""
    assert authorization_tokens.hmac is hmac


def test_how_long_the_comparison_takes(clock):
    """A report, not a promise: wall time is too noisy to hold a test to."""
    tokens = AuthorizationTokens(Secret(TOKEN), clock=clock)
    presented = {
        "first byte differs": b"!" + TOKEN[1:].encode(),
        "last byte differs": TOKEN[:-1].encode() + b"!",
        "right": TOKEN.encode(),
    }
    # In turns, so that whatever else this machine does hits all of them.
    rounds = [
        {
            name: timeit.timeit(lambda value=value: tokens.opens(value, GOOD), number=CALLS)
            for name, value in presented.items()
        }
        for _ in range(ROUNDS)
    ]
    for name in presented:
        best = min(taken[name] for taken in rounds) / CALLS
        print(f"{name}: {best * NANOSECONDS:.0f} ns")
