"""The warm path of ``cone healthcheck``: the sidecar is asked before anything else is imported.

An engine runs it every few seconds in each container, for as long as that lives.
"""

import os
import socket

from cone_sidecar.announcement import FILE_NAME, of_running
from cone_sidecar.warm_file import state_directory

LIMIT_S = 2.0
HTTP_OK = 200
LONGEST_ANSWER = 4096


def is_alive() -> bool:
    """Tell whether the sidecar that wrote itself down last answers; if not, the command knows more."""
    try:
        kept = of_running(os.path.join(state_directory(os.environ), FILE_NAME))  # noqa: PTH118 -- pathlib costs 5 ms
        return kept is not None and status(str(kept["management_url"])) == HTTP_OK
    except (OSError, ValueError, KeyError):
        return False


def status(management_url: str) -> int:
    """Return the status of ``GET /livez``; no proxy stands between a sidecar and its own container.

    Raises:
        OSError: Nobody answers within two seconds.
        ValueError: What comes back is no HTTP.
    """
    authority = management_url.partition("://")[2]
    host, _, port = authority.rpartition(":")
    head = f"GET /livez HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n"
    with socket.create_connection((host.strip("[]"), int(port)), LIMIT_S) as connection:
        connection.sendall(head.encode())
        answer = b""
        while b"\n" not in answer and len(answer) < LONGEST_ANSWER:
            received = connection.recv(LONGEST_ANSWER)
            if not received:
                break
            answer += received
    version, _, rest = answer.partition(b" ")
    if b"\n" not in answer or not version.startswith(b"HTTP/1."):
        raise ValueError
    return int(rest[:3])
