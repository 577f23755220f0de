"""Whether a proxy would get the authorization token (sdk-contract §1.6)."""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network

from cone_cli.container_environment import LOOPBACK
from cone_cli.doctor.endpoint_address import EndpointAddress
from cone_cli.doctor.finding import Finding, Level

BY_SCHEME = {"http": ("HTTP_PROXY", "http_proxy"), "https": ("HTTPS_PROXY", "https_proxy")}
FOR_ALL = ("ALL_PROXY", "all_proxy")
EXCEPT = ("NO_PROXY", "no_proxy")


def check_proxies(environment: Mapping[str, str], address: EndpointAddress) -> list[Finding]:
    """Return whether every client asks ``address`` itself.

    Of NO_PROXY and no_proxy some clients read only one: whichever is set has to name the host.
    """
    proxies = [name for name in (*BY_SCHEME[address.scheme], *FOR_ALL) if environment.get(name)]
    if not proxies:
        return [Finding("proxy", Level.OK, "no proxy stands between clients and the endpoint")]
    exceptions = {name: environment[name] for name in EXCEPT if environment.get(name)}
    uncovering = [name for name, hosts in exceptions.items() if not covers(hosts, address.host)]
    if exceptions and not uncovering:
        return [Finding("proxy", Level.OK, f"{' and '.join(exceptions)} names the endpoint's host")]
    wanted = ",".join(LOOPBACK if address.host in LOOPBACK else (address.host,))
    fixes = [f'{name}="${name},{wanted}"' for name in uncovering] or [f"NO_PROXY={wanted}"]
    return [
        Finding(
            "proxy",
            Level.FAIL,
            f"{proxies[0]} is set, and {' and '.join(uncovering) or 'NO_PROXY'} doesn't name the "
            "endpoint's host: Rust and object_store send the token to the proxy",
            f"export {' '.join(fixes)}",
        )
    ]


def covers(hosts: str, host: str) -> bool:
    """Tell whether a NO_PROXY list names ``host``: by its name, a domain above it, or a network."""
    return any(_covers(entry.strip().lower(), host) for entry in hosts.split(","))


def _covers(entry: str, host: str) -> bool:
    bare = entry.strip("[]")
    if bare in {"*", host}:
        return True
    try:
        return ip_address(host) in ip_network(bare, strict=False)
    except ValueError:
        domain = bare.removeprefix("*").removeprefix(".")
        return bool(domain) and host.endswith(f".{domain}")
