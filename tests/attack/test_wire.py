"""What no HTTP client sends: malformed, ambiguous, oversized requests; refused, and nothing else harmed."""

import pytest

from fakes.attacked_sidecar import GOOD, OTHER
from fakes.raw_client import RawConnection

HEAD = "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\n"
START = "Host: {host}\r\nAuthorization: {token}\r\n"
WHOLE = HEAD + "\r\n"
# A second request in the body of the first: whoever answers it was smuggled past.
HIDDEN = "GET {other} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\n\r\n"
# All hold the right token. What a listener may say to each is a set, where the RFCs leave a choice.
MALFORMED = {
    "CL and TE": (HEAD + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
    "TE and CL": (HEAD + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", {400}),
    "two equal CL": (HEAD + "Content-Length: 0\r\nContent-Length: 0\r\n\r\n", {400}),
    "two CL": (HEAD + "Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + HIDDEN, {400}),
    "CL listed": (HEAD + "Content-Length: 0, 44\r\n\r\n" + HIDDEN, {400}),
    "CL signed": (HEAD + "Content-Length: +44\r\n\r\n" + HIDDEN, {400}),
    "CL negative": (HEAD + "Content-Length: -1\r\n\r\n" + HIDDEN, {400}),
    "CL hexadecimal": (HEAD + "Content-Length: 0x0\r\n\r\n" + HIDDEN, {400}),
    "CL beyond all": (HEAD + f"Content-Length: {'9' * 40}\r\n\r\n" + HIDDEN, {400}),
    "TE unknown": (HEAD + "Transfer-Encoding: xchunked\r\n\r\n" + HIDDEN, {400}),
    "TE identity": (HEAD + "Transfer-Encoding: identity\r\n\r\n" + HIDDEN, {400}),
    "TE twice": (
        HEAD + "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n" + HIDDEN,
        {400},
    ),
    "TE behind a tab": (HEAD + "Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n" + HIDDEN, {400}),
    "chunked": (HEAD + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN, {400}),
    "chunk size beyond all": (
        HEAD + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        {400},
    ),
    "trailers": (
        HEAD + "Transfer-Encoding: chunked\r\n\r\n0\r\nHost: x\r\nAuthorization: y\r\n\r\n",
        {400, 403},
    ),
    "a body": (HEAD + f"Content-Length: {len(HIDDEN)}\r\n\r\n" + HIDDEN, {400}),
    "a body to come": (HEAD + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", {400}),
    "POST with a body": ("POST" + HEAD[3:] + "Content-Length: 5\r\n\r\n12345" + HIDDEN, {405}),
    "POST, endless": ("POST" + HEAD[3:] + "Transfer-Encoding: chunked\r\n\r\n", {405}),
    "two Host": (HEAD + "Host: {host}\r\n\r\n", {400, 403}),
    "two Host, one foreign": (HEAD + "Host: evil.example\r\n\r\n", {400, 403}),
    "no Host": ("GET {path} HTTP/1.1\r\nAuthorization: {token}\r\n\r\n", {400, 403}),
    "empty Host": ("GET {path} HTTP/1.1\r\nHost:\r\nAuthorization: {token}\r\n\r\n", {400, 403}),
    "Host with userinfo": (WHOLE.replace("{host}", "a:b@{host}"), {403}),
    "Host as userinfo": (WHOLE.replace("{host}", "{host}@evil.example"), {403}),
    "Host with a path": (WHOLE.replace("{host}", "{host}/x"), {403}),
    "Host, a longer name": (WHOLE.replace("{host}", "{ip}.evil.example:{port}"), {403}),
    "Host with a final dot": (WHOLE.replace("{host}", "localhost.:{port}"), {403}),
    "Host in decimal": (WHOLE.replace("{host}", "2130706433:{port}"), {403}),
    "Host, short": (WHOLE.replace("{host}", "127.1:{port}"), {403}),
    "Host, another port": (WHOLE.replace("{host}", "{ip}:1"), {403}),
    "Host, no port": (WHOLE.replace("{host}", "{ip}:"), {403}),
    "Host, two ports": (WHOLE.replace("{host}", "{ip}:{port}:{port}"), {403}),
    "Host, zone": (WHOLE.replace("{host}", "[::1%25lo]:{port}"), {403}),
    "Host, list": (WHOLE.replace("{host}", "{host}, evil.example"), {403}),
    "absolute-form": (WHOLE.replace("{path}", "http://{host}{path}"), {403}),
    "absolute-form, https": (WHOLE.replace("{path}", "https://evil.example{path}"), {403}),
    "authority-form": (WHOLE.replace("{path}", "{host}"), {400, 403}),
    "no path": (WHOLE.replace("{path}", "*"), {400, 403, 404}),
    "relative path": (WHOLE.replace("{path}", "credentials/p"), {400, 403}),
    "blank in the path": (WHOLE.replace("{path}", "{path} x"), {400}),
    "obs-fold": (HEAD + "X-A: b\r\n Origin: http://evil.example\r\n\r\n", {400}),
    "obs-fold in Host": (WHOLE.replace("Host: ", "Host:\r\n "), {400}),
    "blank before the colon": (HEAD + "X-A : b\r\n\r\n", {400}),
    "no colon": (HEAD + "X-A\r\n\r\n", {400}),
    "no name": (HEAD + ": x\r\n\r\n", {400}),
    "blank first": ("GET {path} HTTP/1.1\r\n " + START + "\r\n", {400}),
    "NUL in a name": (HEAD + "X\0A: b\r\n\r\n", {400}),
    "NUL in a value": (HEAD + "X-A: b\0c\r\n\r\n", {400}),
    "NUL in the path": (WHOLE.replace("{path}", "{path}\0"), {400}),
    "control byte": (HEAD + "X-A: b\x01c\r\n\r\n", {400}),
    "DEL": (HEAD + "X-A: b\x7fc\r\n\r\n", {400}),
    "non-ASCII name": (HEAD + "X-\xc4: b\r\n\r\n", {400}),
    "non-ASCII path": (WHOLE.replace("{path}", "{path}\xe4"), {400}),
    "bare LF": (WHOLE.replace("\r\n", "\n"), {400}),
    "bare LF in one line": (HEAD + "X-A: b\nX-C: d\r\n\r\n", {400}),
    "bare CR": (HEAD + "X-A: b\rX-C: d\r\n\r\n", {400}),
    "CR CR LF": (HEAD + "X-A: b\r\r\n\r\n", {400}),
    "h2 preface": ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400}),
    "HTTP/2.0": (WHOLE.replace("HTTP/1.1", "HTTP/2.0"), {400}),
    "HTTP/0.9 with headers": ("GET {path}\r\n" + START + "\r\n", {400}),
    "HTTP/0.9 in words": (WHOLE.replace("HTTP/1.1", "HTTP/0.9"), {400}),
    "HTTP/1.2": (WHOLE.replace("HTTP/1.1", "HTTP/1.2"), {400}),
    "HTTP/11": (WHOLE.replace("HTTP/1.1", "HTTP/11"), {400}),
    "http/1.1": (WHOLE.replace("HTTP/1.1", "http/1.1"), {400}),
    "ICY": (WHOLE.replace("HTTP/1.1", "ICE/1.0"), {400}),
    "lower-case method": (WHOLE.replace("GET", "get"), {400, 405}),
    "unknown method": (WHOLE.replace("GET", "STEAL"), {400, 405}),
    "no method": (WHOLE.replace("GET ", ""), {400}),
    "HEAD": (WHOLE.replace("GET", "HEAD"), {405}),
    "PUT": (WHOLE.replace("GET", "PUT"), {405}),
    "TRACE": (WHOLE.replace("GET", "TRACE"), {405}),
    "CONNECT": (WHOLE.replace("GET {path}", "CONNECT {host}"), {400, 403, 405}),
    "CONNECT to a path": (WHOLE.replace("GET", "CONNECT"), {400, 405}),
    "OPTIONS *": (WHOLE.replace("GET {path}", "OPTIONS *"), {400, 403, 405}),
    "preflight": (
        WHOLE.replace("GET", "OPTIONS").replace(
            "\r\n\r\n",
            "\r\nOrigin: http://evil.example\r\nAccess-Control-Request-Method: GET\r\n\r\n",
        ),
        {405},
    ),
    "64 KiB header": (HEAD + f"X-A: {'a' * 65536}\r\n\r\n", {431}),
    "64 KiB name": (HEAD + f"{'a' * 65536}: x\r\n\r\n", {431}),
    "17 KiB header": (HEAD + f"X-A: {'a' * 17408}\r\n\r\n", {431}),
    "101 header fields": (HEAD + "a: b\r\n" * 101 + "\r\n", {431}),
    "10,000 header fields": (HEAD + "a: b\r\n" * 10_000 + "\r\n", {431}),
    "8 KiB URL": (WHOLE.replace("{path}", "{path}?" + "a" * 8192), {414}),
    "64 KiB URL, no end": ("GET /" + "a" * 65536, {414, 431}),
    "64 KiB header, no end": (HEAD + f"X-A: {'a' * 65536}", {431}),
    "64 KiB method": ("G" * 65536, {400, 431}),
    "TLS hello": ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "\x00" * 64, {400}),
    "SOCKS": ("\x05\x01\x00", {400}),
    "SSH": ("SSH-2.0-OpenSSH_9.2\r\n", {400}),
    "shell": ("$(id)\n", {400}),
}
CLOSING = {400, 405, 408, 414, 431}


def bytes_of(attacked, template):
    """Return a template's bytes, the right token and our own names put in."""
    ip, port = attacked.address
    return template.format(
        path=f"/credentials/{GOOD}",
        other=f"/credentials/{OTHER}",
        host=attacked.host,
        ip=ip,
        port=port,
        token=attacked.token,
    ).encode("latin-1")


@pytest.mark.parametrize(("template", "statuses"), MALFORMED.values(), ids=MALFORMED)
def test_it_is_refused_once(attacked, template, statuses):
    """One refusal, nothing given away, no second answer; where the end is unsure, it is the end."""
    with attacked.connect() as connection:
        connection.send(bytes_of(attacked, template))
        answer = connection.answer()
        assert answer is not None, "closed without a word"
        attacked.holds_nothing(answer)
        assert answer.status in statuses, answer
        if answer.status in CLOSING:
            assert answer.header("connection") == "close"
        else:
            connection.end_sending()
        assert connection.answers() == []


def test_others_are_served_beside(attacked):
    """After all of these, a good client is, and each refusal stands in the log in a line of ours."""
    attacked.serves(GOOD)
    attacked.serves(OTHER)
    foreign = [line for line in attacked.said() if "WARNING" in line and "refused: " not in line]
    assert foreign == []


@pytest.mark.parametrize(
    "more",
    [
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        "Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n",
    ],
    ids=["h2c", "websocket", "TLS"],
)
def test_no_other_protocol_is_spoken(attacked, more):
    """An upgrade is never taken up: an answer as HTTP/1.1 to the whole request, then the next or the end."""
    with attacked.connect() as connection:
        connection.send(attacked.request(more=more) + attacked.request(OTHER))
        answer = connection.answer()
        if answer.status == 200:
            attacked.is_served(answer)
        else:
            attacked.holds_nothing(answer)
        following = connection.answer()
        if following is not None:
            attacked.is_served(following, OTHER)


def test_nothing_is_to_be_continued(attacked):
    """Who expects 100 Continue without a body gets the answer itself."""
    (answer,) = attacked.ask(attacked.request(more="Expect: 100-continue\r\n"))
    attacked.is_served(answer)


@pytest.mark.parametrize("more", ["", "Connection: keep-alive\r\n", "Connection: close\r\n"])
def test_http_1_0(attacked, more):
    """It is served, and the connection ends with the answer."""
    with attacked.connect() as connection:
        connection.send(attacked.request(version="HTTP/1.0", more=more))
        attacked.is_served(connection.answer())
        assert connection.answer() is None


@pytest.mark.parametrize(
    ("more", "name"), [("a: b\r\n" * 90, "fields"), (f"X-A: {'a' * 12_000}\r\n", "bytes")]
)
@pytest.mark.parametrize("piece", [100_000, 1000, 100], ids=["whole", "pieces", "small pieces"])
def test_what_is_within_the_limits_is_served(attacked, more, name, piece):
    """Many fields and a long one, however the head is cut into pieces."""
    data = attacked.request(more=more)
    with attacked.connect() as connection:
        for at in range(0, len(data), piece):
            connection.send(data[at : at + piece])
        attacked.is_served(connection.answer())


def test_blanks_around_a_value_are_none_of_it(attacked):
    """Blanks and tabs before and behind Host and token don't count (RFC 9110 §5.5)."""
    request = attacked.request(host=f"\t {attacked.host} \t", token=f" {attacked.token}\t ")
    (answer,) = attacked.ask(request)
    attacked.is_served(answer)


def test_byte_by_byte(attacked):
    """A request that arrives so is one all the same, and the next one on its connection."""
    with attacked.connect() as connection:
        for profile in (GOOD, OTHER):
            for byte in attacked.request(profile):
                connection.send(bytes([byte]))
            attacked.is_served(connection.answer(), profile)


def test_the_management_listener_bears_them_too(attacked):
    """The same bytes there: no credentials, no crash, and it goes on answering."""
    for template, _ in MALFORMED.values():
        with RawConnection(attacked.management, source=attacked.stranger()) as connection:
            connection.send(bytes_of(attacked, template))
            connection.end_sending()
            for answer in connection.answers():
                assert answer.status not in {101, 500}, (template, answer)
                assert attacked.secrets.within(answer.body.decode()) == []
    host = f"{attacked.management[0]}:{attacked.management[1]}"
    (answer,) = attacked.ask(attacked.request(target="/livez", host=host), attacked.management)
    assert (answer.status, answer.body) == (200, b"ok\n")
