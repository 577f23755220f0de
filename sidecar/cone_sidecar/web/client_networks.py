"""Networks whose clients are let in."""

import ipaddress
from collections.abc import Iterable

from cone_sidecar.errors import UsageError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# Addresses are the callers': what was found out about them is not kept without end.
MOST_KNOWN = 1024


class ClientNetworks:
    """Tell whether a client's address is in one of the networks; none named means all are in."""

    def __init__(self, networks: Iterable[Network] = ()) -> None:
        self._networks = tuple(networks)
        self._known: dict[str, bool] = {}

    def admit(self, client: tuple[str, int] | None) -> bool:
        """Tell whether ``client`` is let in; a unix socket's is its owner."""
        if not self._networks or client is None:
            return True
        known = self._known.get(client[0])
        if known is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            known = self._known[client[0]] = self._contain(client[0])
        return known

    def _contain(self, host: str) -> bool:
        address = plain_address(host)
        return address is not None and any(address in network for network in self._networks)


def parse_networks(texts: Iterable[str], *, option: str) -> tuple[Network, ...]:
    """Parse networks, or single addresses.

    Raises:
        UsageError: One is something else.
    """
    try:
        return tuple(ipaddress.ip_network(text) for text in texts)
    except ValueError:
        raise UsageError(
            f"{option} takes a network", hint=f"{option} 10.0.0.0/8, or one address"
        ) from None


def plain_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return an address without zone; IPv4 inside IPv6 is what it is. None where it is no address."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
