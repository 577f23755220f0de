"""The address that leads a browser once: whom it leads, and whom it doesn't."""

import asyncio
import os
from urllib.parse import urlsplit

import pytest

from cone_cli import one_time_redirect
from cone_cli.one_time_redirect import OneTimeRedirect
from cone_sidecar.secret import Secret

TARGET = "https://signin.example/federation?SigninToken=secret"


async def ask(address, *, method="GET", path=None, host=None):
    """Ask as a browser does; returns the status and the head of the answer."""
    where = urlsplit(address)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(
        f"{method} {path or where.path} HTTP/1.1\r\nHost: {host or where.netloc}\r\n\r\n".encode()
    )
    answer = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    return int(answer.split(" ")[1]), answer


async def test_one_visit():
    """The first visit is led to the secret URL, with nothing kept and no referrer; the second to nothing."""
    redirect = OneTimeRedirect(Secret(TARGET))
    async with redirect.listening() as address:
        status, head = await ask(address)
        assert (status, await redirect.visited(0)) == (302, True)
        assert f"\r\nLocation: {TARGET}\r\n" in head
        assert "\r\nCache-Control: no-store\r\n" in head
        assert "\r\nReferrer-Policy: no-referrer\r\n" in head
        status, head = await ask(address)
        assert (status, "secret" in head) == (410, False)


@pytest.mark.parametrize(
    "other",
    [{"path": "/"}, {"path": "/favicon.ico"}, {"host": "evil.example"}, {"method": "POST"}],
    ids=str,
)
async def test_other_requests_use_nothing_up(other):
    """Another path, name or method gets nothing, and the visit that was meant is still good."""
    redirect = OneTimeRedirect(Secret(TARGET))
    async with redirect.listening() as address:
        status, head = await ask(address, **other)
        assert (status, "secret" in head, await redirect.visited(0)) == (404, False, False)
        assert (await ask(address))[0] == 302


async def test_another_user_of_the_machine(monkeypatch):
    """Who read the address in the list of processes isn't led, where the kernel tells whose visit it is."""
    redirect = OneTimeRedirect(Secret(TARGET))
    async with redirect.listening() as address:
        with monkeypatch.context() as patch:
            patch.setattr(one_time_redirect.os, "getuid", lambda: os.geteuid() + 1)
            assert (await ask(address))[0] == 404
        assert (await ask(address))[0] == 302


async def test_a_machine_that_tells_nothing(monkeypatch, tmp_path):
    """Without /proc, as on macOS, the address alone decides."""
    monkeypatch.setattr(one_time_redirect, "SOCKETS_OF_THE_MACHINE", tmp_path / "none")
    redirect = OneTimeRedirect(Secret(TARGET))
    async with redirect.listening() as address:
        assert (await ask(address))[0] == 302


async def test_nobody_comes():
    """The wait ends with its limit."""
    redirect = OneTimeRedirect(Secret(TARGET))
    async with redirect.listening():
        assert not await redirect.visited(0.01)
