"""Random requests, most of them nearly right: for whoever must refuse all of them."""

from dataclasses import dataclass

from hypothesis import strategies as st

METHODS = ["GET"] * 12 + [
    "HEAD",
    "POST",
    "PUT",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "DELETE",
    "get",
    "PRI",
    "",
]
VERSIONS = ["HTTP/1.1"] * 12 + [
    "HTTP/1.0",
    "HTTP/0.9",
    "HTTP/2.0",
    "HTTP/1.9",
    "http/1.1",
    "",
    "\0",
]
PATHS = [
    "/credentials/{profile}",
    "/role/{profile}",
    "/creds",
    "/",
    "/credentials/",
    "//credentials/{profile}",
    "/credentials/{profile}/..",
    "/credentials/%2e%2e%2f{profile}",
    "/status",
    "*",
    "http://{host}/credentials/{profile}",
]
HOSTS = ["{host}"] * 6 + [
    "localhost",
    "evil.example",
    "",
    "{host}@x",
    "[::1",
    "127.0.0.1:0",
    "{host} ",
]
NAMES = [
    "Accept",
    "Connection",
    "Content-Length",
    "Content-Type",
    "Cookie",
    "Expect",
    "Forwarded",
    "Host",
    "Keep-Alive",
    "Origin",
    "Range",
    "Sec-Fetch-Site",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "User-Agent",
    "Via",
    "X-Forwarded-For",
    "X-HTTP-Method-Override",
]
VALUES = [
    "",
    "0",
    "5",
    "-1",
    "99999999999999999999",
    "chunked",
    "gzip, chunked",
    "identity",
    "close",
    "keep-alive, Upgrade",
    "h2c",
    "websocket",
    "100-continue",
    "bytes=0-",
    "Mozilla/5.0",
    "127.0.0.1",
    "Go-http-client/1.1",
]
WRONG_TOKENS = ["", "x", "x" * 43, "Bearer", "Bearer x", "Basic eDp4", "\xff" * 43, "Bearer " * 20]
# With any of these the right token gets nothing: changes to a good request.
POISONS = [
    {"method": "POST"},
    {"method": "HEAD"},
    {"host": "evil.example"},
    {"host": ""},
    {"target": "/credentials/nobody"},
    {"target": "/nowhere"},
    {"more": "Host: x\r\n"},
    {"more": "Origin: null\r\n"},
    {"more": "Cookie: a=b\r\n"},
    {"more": "Sec-Fetch-Mode: cors\r\n"},
    {"more": "X-Forwarded-For: 127.0.0.1\r\n"},
    {"more": "Forwarded: for=127.0.0.1\r\n"},
    {"more": "Via: 1.1 x\r\n"},
    {"more": "User-Agent: Mozilla/5.0\r\n"},
    {"more": "Transfer-Encoding: chunked\r\n"},
    {"more": "Content-Length: 7\r\n"},
    {"more": "Authorization: x\r\n"},
]

VISIBLE = bytes(33 + byte % 94 for byte in range(256))
# Bytes are drawn in a third of the time that text takes.
anything = st.binary(max_size=40).map(lambda data: data.decode("latin-1"))
visible = st.binary(max_size=40).map(lambda data: data.translate(VISIBLE).decode("ascii"))


@dataclass(frozen=True)
class RandomRequest:
    """Bytes, in the pieces in which they are sent."""

    data: bytes
    cuts: tuple[int, ...]

    @property
    def pieces(self):
        """Return the pieces."""
        ends = sorted({cut % (len(self.data) + 1) for cut in self.cuts} | {len(self.data)})
        return [self.data[at:end] for at, end in zip([0, *ends], ends, strict=False)]


def random_requests(attacked):
    """Return a strategy of requests none of which may be answered with anything but a refusal."""
    names = {"host": attacked.host, "profile": "p-granted"}
    data = st.one_of(_nearly_right(names), _nearly_right(names), _poisoned(attacked), _noise())
    cuts = st.lists(st.integers(0, 500), max_size=3).map(tuple)
    return st.builds(RandomRequest, data, cuts)


@st.composite
def _nearly_right(draw, names):
    """Make a request without the right token, sometimes spoilt further."""
    method = draw(st.sampled_from(METHODS))
    target = draw(
        st.sampled_from(PATHS).map(lambda path: path.format(**names)) | visible.map("/{}".format)
    )
    version = draw(st.sampled_from(VERSIONS))
    host = draw(st.sampled_from(HOSTS)).format(**names)
    token = draw(st.sampled_from(WRONG_TOKENS) | visible)
    fields = draw(
        st.lists(
            st.tuples(st.sampled_from(NAMES) | visible, st.sampled_from(VALUES) | anything),
            max_size=6,
        )
    )
    lines = [f"{method} {target} {version}", f"Host: {host}", f"Authorization: {token}"]
    lines += [f"{name}: {value}" for name, value in fields]
    end = draw(st.sampled_from(["\r\n"] * 9 + ["\n", "\r", "\r\n\r\n"]))
    body = draw(st.just("") | anything)
    data = (end.join(lines) + end * 2 + body).encode("latin-1")
    return _spoilt(draw, data)


def _spoilt(draw, data):
    """Cut off, change or double a part of ``data``, or leave it."""
    how = draw(st.sampled_from(["", "", "", "cut", "change", "double"]))
    at = draw(st.integers(0, len(data)))
    if how == "cut":
        return data[:at]
    if how == "change":
        return data[:at] + draw(st.binary(max_size=3)) + data[at + 1 :]
    if how == "double":
        return data + data[at:]
    return data


@st.composite
def _poisoned(draw, attacked):
    """Make a request with the right token and at least one thing that forbids to serve it."""
    changes = draw(st.sampled_from(POISONS))
    more = changes.get("more", "")
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=3)):
        more += f"{name}: {draw(st.sampled_from(VALUES))}\r\n"
    return attacked.request(**{**changes, "more": more})


def _noise():
    return st.binary(min_size=1, max_size=200)
