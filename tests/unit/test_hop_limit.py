"""Answers pass no router, as an instance's own don't."""

import socket

import pytest

from cone_sidecar.hop_limit import limit_hops

FAMILIES = [
    pytest.param(socket.AF_INET, "127.0.0.1", id="IPv4"),
    pytest.param(
        socket.AF_INET6,
        "::1",
        id="IPv6",
        marks=pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6"),
    ),
]


@pytest.mark.parametrize(("family", "host"), FAMILIES)
@pytest.mark.parametrize(("hops", "limit"), [((), 1), ((2,), 2)])
def test_connections_inherit_the_limit(family, host, hops, limit):
    """Listener and connection both send with the limit; a client on this machine is reached."""
    with socket.socket(family) as listener:
        limit_hops(listener, *hops)
        listener.bind((host, 0))
        listener.listen()
        with socket.create_connection(listener.getsockname()[:2], timeout=5) as client:
            connection, _ = listener.accept()
            with connection:
                for each in (listener, connection):
                    assert each.getsockopt(socket.IPPROTO_IP, socket.IP_TTL) == limit
                    if family == socket.AF_INET6:
                        option = socket.IPV6_UNICAST_HOPS
                        assert each.getsockopt(socket.IPPROTO_IPV6, option) == limit
                connection.sendall(b"reached")
            client.settimeout(5)
            assert client.recv(7) == b"reached"


@pytest.mark.parametrize("hops", [-2, 256])
def test_other_numbers_are_refused(hops):
    """The field has eight bits, and zero hops reach nobody."""
    with socket.socket() as listener, pytest.raises(OSError, match="Invalid argument"):
        limit_hops(listener, hops)
