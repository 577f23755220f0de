"""Where the variables of an environment send SDKs for credentials, and which SDKs go there."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from cone_cli.container_environment import FULL_URI, LOOPBACK, RELATIVE_URI

RELATIVE_HOST = "169.254.170.2"
PORTS = {"http": 80, "https": 443}
HIGHEST_PORT = 65_535
# Not urlsplit: it drops the line breaks that clients stumble over.
URI = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?:(?P<user>[^/?#]*)@)?"
    r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<rest>(?:[/?#].*)?)",
    re.DOTALL,
)

# Of sdk-contract §1.1: who refuses which host over plain HTTP.
OLD_CLI = "AWS CLI 2.9"
JAVASCRIPT_3 = "JavaScript v3's fromContainerMetadata"
JAVASCRIPT_2 = "JavaScript v2"
GO_1 = "Go v1"
MINIO = "MinIO"
CPP = "C++"
JAVA = "Java v2 without AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv6"
REFUSED_BY = {
    "127.0.0.1": (),
    "localhost": (),
    "::1": (OLD_CLI, JAVASCRIPT_3, JAVASCRIPT_2, MINIO),
    "169.254.170.2": (JAVASCRIPT_3, JAVASCRIPT_2, GO_1, MINIO),
    "169.254.170.23": (OLD_CLI, JAVASCRIPT_3, GO_1, MINIO),
    "fd00:ec2::23": (OLD_CLI, JAVASCRIPT_3, JAVASCRIPT_2, GO_1, MINIO, JAVA),
}
OTHER_LOOPBACK = (OLD_CLI, JAVASCRIPT_3, JAVASCRIPT_2)


@dataclass(frozen=True, slots=True)
class EndpointAddress:
    """The parts of the URI that SDKs ask; ``relative`` is a URI at 169.254.170.2."""

    scheme: str
    host: str
    port: int
    path: str
    query: str = ""
    has_user: bool = False
    relative: bool = False

    @property
    def origin(self) -> str:
        """Return scheme, host and port: what of it can be shown to anybody."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if PORTS[self.scheme] == self.port else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    @property
    def target(self) -> str:
        """Return what a request line names."""
        return (self.path or "/") + (f"?{self.query}" if self.query else "")

    @property
    def segment(self) -> str:
        """Return what stands where a profile's name does, empty where nothing does."""
        return self.path.rpartition("/")[2] if self.path.count("/") > 1 else ""

    @property
    def is_loopback(self) -> bool:
        """Tell whether it is this machine, or this network namespace."""
        return self.host in LOOPBACK or _is_loopback_ip(self.host)

    @property
    def refused_by(self) -> tuple[str, ...] | None:
        """Return the clients that don't go to this host; None where all but object_store refuse."""
        if self.relative:
            return ()
        if self.scheme == "https":
            # Go v1 takes loopback alone, whatever the scheme.
            elsewhere = () if self.is_loopback else (GO_1,)
            return () if self.host in LOOPBACK else (JAVASCRIPT_3, MINIO, *elsewhere)
        if self.host not in REFUSED_BY and _is_loopback_ip(self.host):
            # C++ knows 127.0.0.x by its digits.
            return OTHER_LOOPBACK + (() if self.host.startswith("127.0.0.") else (CPP,))
        return REFUSED_BY.get(self.host)


def full_address(uri: str) -> EndpointAddress | None:
    """Return the parts of a ``FULL_URI``, None where it is none that a client could ask."""
    found = URI.fullmatch(uri)
    scheme = found["scheme"].lower() if found else ""
    if found is None or scheme not in PORTS:
        return None
    port = int(found["port"] or PORTS[scheme])
    host = _host(found["host"])
    if not 0 < port <= HIGHEST_PORT or not host:
        return None
    path, query = _path_and_query(found["rest"])
    return EndpointAddress(scheme, host, port, path, query, has_user=found["user"] is not None)


def relative_address(uri: str) -> EndpointAddress:
    """Return where a ``RELATIVE_URI`` leads."""
    path, query = _path_and_query(uri)
    return EndpointAddress("http", RELATIVE_HOST, PORTS["http"], path, query, relative=True)


def asked_address(environment: Mapping[str, str]) -> EndpointAddress | None:
    """Return where SDKs ask, None where they can't: RELATIVE_URI wins in all but Go v1 (§1.1)."""
    if relative := environment.get(RELATIVE_URI):
        # Without the slash, some would ask a host of another name.
        return relative_address(relative) if relative.startswith("/") else None
    return full_address(environment.get(FULL_URI, ""))


def _host(text: str) -> str:
    """Return a host as it is compared, empty where it is no IPv6 address between brackets."""
    if not text.startswith("["):
        return text.lower()
    try:
        return str(ip_address(text[1:-1]))
    except ValueError:
        return ""


def _path_and_query(rest: str) -> tuple[str, str]:
    path, _, query = rest.partition("#")[0].partition("?")
    return path, query


def _is_loopback_ip(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
