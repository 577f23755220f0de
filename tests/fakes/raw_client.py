"""HTTP as it is on the wire: what is sent is chosen byte for byte, what comes back is read strictly."""

import json
import re
import socket
import ssl
from dataclasses import dataclass

LIMIT_S = 15.0
CHUNK = 65536
BROKEN = (ConnectionError, ssl.SSLError)
STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5]\d\d) [ -~]*")
FIELD = re.compile(rb"([A-Za-z0-9-]+): ([ -~]*)")


@dataclass(frozen=True)
class RawAnswer:
    """An answer as it came; its body is as long as its Content-Length says."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def names(self):
        """Return the names of its headers."""
        return [name for name, _ in self.headers]

    def header(self, name):
        """Return a header's values, joined."""
        return ", ".join(value for each, value in self.headers if each == name)

    def json(self):
        """Return the body."""
        return json.loads(self.body)


class RawConnection:
    """One connection to a listener, from an address of the caller's choice."""

    def __init__(self, address, *, source="", limit_s=LIMIT_S, receive_buffer=0, tls=None):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._limit_s = limit_s
        self._socket.settimeout(limit_s)
        # Each answer goes out at once, and so does each piece of a request.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source:
            self._socket.bind((source, 0))
        self._socket.connect(address)
        if tls:
            self._socket = tls.wrap_socket(self._socket, server_hostname=address[0])
        self._received = bytearray()
        self._closed = False
        self.broken = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Close both directions."""
        self._socket.close()

    def fileno(self):
        """Return the socket's descriptor."""
        return self._socket.fileno()

    def send(self, data):
        """Send; tells whether all of it went in time: a refusal may come before, or nobody reads it."""
        try:
            self._socket.sendall(data)
        except BROKEN:
            self.broken = True
            return False
        except TimeoutError:
            return False
        return True

    def end_sending(self):
        """Close this direction."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            self._closed = True

    def wait(self, seconds):
        """Let time pass unless something comes; tells whether the connection is still open."""
        self._socket.settimeout(seconds)
        try:
            self._receive()
        except TimeoutError:
            return True
        finally:
            self._socket.settimeout(self._limit_s)
        return not self._closed

    def answer(self):
        """Return the next answer, None where the connection was closed instead.

        Raises:
            TimeoutError: Neither happened.
        """
        while b"\r\n\r\n" not in self._received:
            if not self._receive():
                assert not self._received, f"half an answer: {bytes(self._received)!r}"
                return None
        head, _, rest = bytes(self._received).partition(b"\r\n\r\n")
        status, headers = read_head(head)
        length = int(dict(headers).get("content-length", "0"))
        while len(rest) < length and self._receive():
            rest = bytes(self._received)[len(head) + 4 :]
        self._received = bytearray(rest[length:])
        return RawAnswer(status, headers, rest[:length])

    def answers(self):
        """Return all answers up to the connection's end."""
        found = []
        while (answer := self.answer()) is not None:
            found.append(answer)
        return found

    def everything(self):
        """Return what comes up to the connection's end, whatever it is."""
        while self._receive():
            pass
        return bytes(self._received)

    def _receive(self):
        if self._closed:
            return False
        try:
            data = self._socket.recv(CHUNK)
        except BROKEN:
            data = b""
        self._closed = not data
        self._received += data
        return not self._closed


def read_head(head):
    """Return status and headers; anything that is no strict HTTP/1.1 is an error."""
    first, *lines = head.split(b"\r\n")
    status = STATUS_LINE.fullmatch(first)
    assert status, f"no status line: {first!r}"
    fields = [FIELD.fullmatch(line) for line in lines]
    assert all(fields), f"no header fields: {lines!r}"
    headers = tuple((each[1].decode().lower(), each[2].decode()) for each in fields)
    assert len(dict(headers)) == len(headers), f"a header came twice: {headers}"
    return int(status[1]), headers
