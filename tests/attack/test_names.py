"""Names in the path: traversal, odd encodings, look-alikes; one fixed answer, and logs that stay lines."""

import json
import re

import pytest

from cone_sidecar.profile_slugs import slug
from fakes.attacked_sidecar import GOOD, OTHER

TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}"
LOG_LINE = re.compile(rf"{TIME} (?:INFO|WARNING) [ -~]+")
AUDIT_KEYS = {
    "time",
    "request_id",
    "profile",
    "peer",
    "user_agent",
    "outcome",
    "status",
    "key_id",
    "seconds_left",
    "task",
}
# As they are sent, behind /credentials/.
SEGMENTS = {
    "two dots": "..",
    "two dots encoded": "%2e%2e",
    "up and down": "../credentials/p-granted",
    "up and down encoded": "%2e%2e%2fcredentials%2fp-granted",
    "up with mixed case": "%2E%2e%2Fp-granted",
    "up with backslashes": "..\\p-granted",
    "up with encoded backslashes": "..%5cp-granted",
    "to the token": "../../../../var/lib/cone/.cache/cone-sidecar/authorization-token",
    "to the token encoded": "%2e%2e%2f%2e%2e%2fvar%2flib%2fcone%2f.cache%2fcone-sidecar%2fserve.json",
    "absolute": "/etc/passwd",
    "absolute encoded": "%2fetc%2fpasswd",
    "a URL": "http://evil.example/x",
    "encoded twice": "%2570-granted",
    "percent encoded twice": "%252570-granted",
    "encoded percent alone": "p%25granted",
    "percent alone": "p%granted",
    "percent at the end": "p-granted%",
    "half an escape": "p-granted%2",
    "no hexadecimal": "p-granted%zz",
    "Microsoft's escape": "%u0070-granted",
    "NUL": "p-granted%00",
    "NUL and more": "p-granted%00.json",
    "NUL first": "%00p-granted",
    "newline": "p-granted%0a",
    "header": "p-granted%0d%0aX-Evil:%20yes%0d%0a%0d%0abody",
    "log line": "x%0a2026-01-01%2000:00:00,000%20INFO%20credentials%20received",
    "log line by NEL": "x%c2%852026-01-01 INFO".replace(" ", "%20"),
    "log line by separator": "x%e2%80%a82026-01-01%20INFO",
    "terminal escape": "%1b%5b2J%1b%5d0;evil%07",
    "8-bit terminal escape": "%c2%9b2J",
    "right to left": "%e2%80%aep-granted",
    "format": "%25s%25d%25n{0}{}$(id)`id`%{x}",
    "JSON": "%22,%22outcome%22:%22Served",
    "markup": "%3cscript%3ealert(1)%3c/script%3e",
    "overlong dots": "%c0%ae%c0%ae%c0%afp-granted",
    "overlong slash": "p%e0%80%afgranted",
    "overlong letter": "%c1%b0-granted",
    "surrogate": "%ed%a0%80",
    "no UTF-8": "%ff%fe",
    "UTF-16": "p%00-%00g%00r%00a%00n%00t%00e%00d%00",
    "byte order mark": "%ef%bb%bfp-granted",
    "semicolon": "p-granted;v=1",
    "semicolon first": ";p-granted",
    "backslash": "p-granted\\",
    "comma": "p-granted,q-granted",
    "plus": "p-granted+",
    "star": "*",
    "all of them": "p-*",
    "two slashes": "/p-granted",
    "slash behind": "p-granted/",
    "encoded slash behind": "p-granted%2f",
    "more behind": "p-granted/x",
    "dot segment before": "./p-granted",
    "dot segment behind": "p-granted/.",
    "dots behind": "p-granted/x/..",
    "a dot behind": "p-granted.",
    "a blank behind": "p-granted%20",
    "a blank before": "%20p-granted",
    "tab behind": "p-granted%09",
    "upper case": "P-GRANTED",
    "capital": "P-granted",
    "shorter": "p-grante",
    "longer": "p-grantedd",
    "with its section": "profile%20p-granted",
    "Cyrillic": "%d1%80-granted",
    "full width": "%ef%bd%90-granted",
    "en dash": "p%e2%80%93granted",
    "soft hyphen": "p%c2%ad-granted",
    "zero width": "p%e2%80%8b-granted",
    "combining": "p-grante%cc%81d",
    "ligature": "p-gran%ef%ac%85ed",
    "empty": "",
    "1,000 characters": "a" * 1000,
    "1,000 escapes": "%41" * 600,
    "proto": "__proto__",
    "default": "default",
    "slug of nothing": "-00000000",
}
PATHS = [
    "/",
    "//",
    "/credentials",
    "/CREDENTIALS/p-granted",
    "//credentials/p-granted",
    "/./credentials/p-granted",
    "/x/../credentials/p-granted",
    "/credentials%2fp-granted",
    "/%63redentials/p-granted",
    "/credentials;/p-granted",
    "/credentials\\p-granted",
    "/role",
    "/role/",
    "/Role/p-granted",
    "/creds/",
    "/creds/p-granted",
    "/creds%00",
    "/status",
    "/livez",
    "/metrics",
    "/profiles/p-granted/request",
    "/latest/meta-data/iam/security-credentials/",
    "/latest/api/token",
    "/v2/credentials/p-granted",
    "/.well-known/x",
    "/favicon.ico",
    "/?/credentials/p-granted",
    "/credentials?/p-granted",
    "/credentials/?p-granted",
    "/credentials/#p-granted",
]
AGENTS = [
    "\xff\xfe\x80",
    '","outcome":"Served","x":"',
    "\\",
    "\\u000a\\n",
    "\t\t",
    "x" * 5000,
    "\xe2\x80\xa8{}",
    "%0a%0d",
    "</script>",
]


@pytest.fixture(name="unknown", scope="module")
def _unknown(attacked):
    """Give the answers to a name and to a path that aren't there."""
    return [
        attacked.refused(attacked.request(target=target))
        for target in ("/credentials/nobody", "/nowhere")
    ]


@pytest.mark.parametrize("prefix", ["/credentials/", "/role/"])
@pytest.mark.parametrize("segment", SEGMENTS.values(), ids=SEGMENTS)
def test_a_name_that_is_none(attacked, unknown, prefix, segment):
    """The one fixed answer, byte for byte: nothing of the name is in it."""
    answer = attacked.refused(attacked.request(target=prefix + segment))
    assert answer in unknown or answer.status == 400


@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_is_none(attacked, unknown, path):
    """There are three paths; nothing of others is in the answer."""
    assert attacked.refused(attacked.request(target=path)) in unknown


@pytest.mark.parametrize("segment", SEGMENTS.values(), ids=SEGMENTS)
def test_no_spelling_opens_what_the_token_does_not(attacked, segment):
    """With another profile's own token there is nothing at all, whatever the name looks like."""
    answer = attacked.refused(
        attacked.request(target=f"/credentials/{segment}", token=attacked.token_of(OTHER))
    )
    assert answer.status in {400, 401}


def test_the_log_stays_one_line_each(attacked):
    """One ASCII line of ours for each refusal, whatever its path and its headers hold."""
    before = len(attacked.said())
    sent = 0
    for segment in SEGMENTS.values():
        attacked.refused(attacked.request(target=f"/credentials/{segment}"))
        sent += 1
    for agent in AGENTS:
        attacked.refused(attacked.request(target="/x", more=f"User-Agent: {agent}\r\n"))
        attacked.refused(attacked.request(host=agent or "x"))
        attacked.refused(attacked.request(more=f"Via: {agent}\r\n"))
        sent += 3
    lines = attacked.said()[before:]
    assert len(lines) == sent
    for line in lines:
        assert LOG_LINE.fullmatch(line), line
        assert " refused: " in line
        assert len(line) < 400


def test_the_audit_stays_one_line_each(attacked):
    """One JSON object of ASCII for each answer; no header reaches beyond its own value."""
    before = len(attacked.audited())
    for agent in AGENTS:
        (answer,) = attacked.ask(attacked.request(more=f"User-Agent: {agent}\r\n"))
        attacked.is_served(answer)
        attacked.refused(attacked.request(target="/x", more=f"User-Agent: {agent}\r\n"))
    for segment in SEGMENTS.values():
        attacked.refused(attacked.request(target=f"/credentials/{segment}"))
    lines = attacked.audited()[before:]
    assert len(lines) == 2 * len(AGENTS) + len(SEGMENTS)
    outcomes = []
    for line in lines:
        assert re.fullmatch(rb"[ -~]+", line), line
        assert len(line) < 1500
        told = json.loads(line)
        assert set(told) <= AUDIT_KEYS
        outcomes.append(told["outcome"])
        assert told["profile"] in {None, "", GOOD}
    assert outcomes.count("Served") == len(AGENTS)


ODD_NAMES = ["team/admin", "team admin", "tëam", "team%2fadmin", "..", "~", "a" * 300]


def test_names_that_are_odd_themselves(attacked):
    """Each is reached by its slug and by its name encoded once, with its own token, and no other so."""
    attacked.add_profiles(ODD_NAMES)
    for name in ODD_NAMES:
        own = attacked.token_of(name)
        encoded = "".join(f"%{byte:02x}" for byte in name.encode())
        by_slug, by_name = (
            attacked.gets(attacked.request(segment, token=own)) for segment in (slug(name), encoded)
        )
        assert by_slug == by_name
        for other in {GOOD, *ODD_NAMES} - {name}:
            assert attacked.refused(attacked.request(slug(other), token=own)).status == 401


def test_a_name_that_is_another_s_slug(attacked):
    """Where two profiles would be meant, neither is served, and neither one's token opens the other."""
    first = "west/admin"
    attacked.add_profiles([first, slug(first)])
    for segment in (slug(first), "west%2fadmin"):
        answer = attacked.refused(attacked.request(segment))
        assert answer.status == 403
        assert "have one name in URLs" in answer.json()["message"]
    foreign = attacked.token_of(slug(first))
    assert attacked.refused(attacked.request("west%2fadmin", token=foreign)).status == 401
