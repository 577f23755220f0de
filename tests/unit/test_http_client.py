"""Whom our HTTP client trusts."""

import asyncio
import contextlib
import socket
import ssl

import httpx
import pytest

from cone_sidecar.errors import ConfigurationError
from cone_sidecar.http_client import certificate_refused, new_http_client


async def test_a_bundle_that_is_none_is_told(tmp_path):
    """A variable that names no bundle is named, before anything is sent."""
    path = tmp_path / "bundle.pem"
    path.write_text("nonsense")
    with pytest.raises(ConfigurationError, match="AWS_CA_BUNDLE names no usable CA bundle"):
        new_http_client({"AWS_CA_BUNDLE": str(path)})
    with pytest.raises(ConfigurationError, match="SSL_CERT_FILE"):
        new_http_client({"SSL_CERT_FILE": str(tmp_path / "none")})


async def test_redirects_are_not_followed():
    """No answer can lead a bearer to another host."""
    async with new_http_client({}) as client:
        assert client.follow_redirects is False


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
async def test_no_proxy_sees_what_stays_here(monkeypatch, host, variable):
    """Plain HTTP to loopback carries secrets: a proxy is for everybody else."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with proxy() as (port, seen):
        monkeypatch.setenv(variable, f"http://127.0.0.1:{port}")
        async with new_http_client({}) as client:
            with socket.create_server(("127.0.0.1", 0)) as taken:
                nobody = taken.getsockname()[1]
            with pytest.raises(httpx.ConnectError):
                await client.get(f"http://{host}:{nobody}/")
            assert seen == []
            await client.get("http://acme.example/")
            assert seen == [b"GET http://acme.example/ HTTP/1.1"]


@contextlib.asynccontextmanager
async def proxy():
    """Answer whoever comes, and note what was asked for."""
    seen = []

    async def answer(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        seen.append(head.splitlines()[0])
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], seen


def test_a_refused_certificate_is_found_below_other_errors():
    """However deep it lies, the cause tells a wrong certificate from a server that is down."""
    down = OSError("down")
    assert not certificate_refused(down)
    down.__cause__ = OSError("no connection")
    down.__cause__.__context__ = ssl.SSLCertVerificationError("self-signed")
    assert certificate_refused(down)
