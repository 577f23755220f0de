"""The sockets of a sidecar, bound before anything else is done."""

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cone_sidecar import server
from cone_sidecar.endpoint_settings import EndpointSettings
from cone_sidecar.errors import UsageError
from cone_sidecar.hop_limit import limit_hops
from cone_sidecar.listening import Listener
from cone_sidecar.unix_socket import bind_unix


@dataclass(frozen=True, slots=True)
class EndpointSockets:
    """Where SDKs ask for credentials, people how things stand, and the own user's commands all of it."""

    credentials: tuple[Listener, ...]
    management: socket.socket
    imds: socket.socket | None
    own: socket.socket


@contextlib.contextmanager
def endpoint_sockets(endpoint: EndpointSettings, own_path: Path) -> Iterator[EndpointSockets]:
    """Bind all sockets for the length of the block.

    Raises:
        ConfigurationError: An address or port can't be had.
        UsageError: Without a token, more than AWS's own address would be listened on.
    """
    with contextlib.ExitStack() as held:
        credentials = tuple(
            held.enter_context(server.bind(address, option="--listen"))
            for address in endpoint.listen
        )
        if endpoint.no_token and not all(server.bound(each).of_aws for each in credentials):
            raise UsageError(
                "this machine isn't 169.254.170.2: without a token nobody is let in elsewhere",
                hint="leave out --no-token, or give the container that address",
            )
        management = held.enter_context(
            server.bind(endpoint.management_listen, option="--management-listen")
        )
        imds = None
        if endpoint.imds_listen:
            imds = held.enter_context(server.bind(endpoint.imds_listen, option="--imds-listen"))
            limit_hops(imds)
        own = held.enter_context(bind_unix(own_path))
        held.callback(own_path.unlink, missing_ok=True)
        yield EndpointSockets(credentials, management, imds, own)
