"""How many routers an answer passes: as on an instance, none."""

import socket

ONE_HOP = 1


def limit_hops(listener: socket.socket, hops: int = ONE_HOP) -> None:
    """Let what ``listener`` and its connections send pass at most ``hops`` - 1 routers (IP_TTL).

    Connections inherit it, and the answer to a connection's first packet has it already: who is farther
    away never connects. Call it before the listener is served.

    Raises:
        OSError: ``hops`` isn't 1 to 255.
    """
    if listener.family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, hops)
    # A socket of IPv6 may have clients of IPv4.
    listener.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, hops)
