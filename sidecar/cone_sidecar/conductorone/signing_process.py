"""Signing a client assertion in a process of its own: cryptography would stay with us, 7 MiB of it."""

import json
from datetime import datetime

from cone_sidecar.child_process import ChildFailed, run_module
from cone_sidecar.conductorone.client_assertion import check_client_secret
from cone_sidecar.errors import InternalError
from cone_sidecar.secret import Secret

MODULE = "cone_sidecar.conductorone.client_assertion"


async def signed_client_assertion(
    client_id: str, client_secret: Secret, audience: str, now: datetime
) -> str:
    """Return what :func:`sign_client_assertion` does.

    Raises:
        LoginRequired: The secret isn't one of ConductorOne's.
        InternalError: It could not be signed.
    """
    check_client_secret(client_secret)
    asked = {
        "client_id": client_id,
        "client_secret": client_secret.reveal(),
        "audience": audience,
        "now": now.isoformat(),
    }
    try:
        return (await run_module(MODULE, data=json.dumps(asked).encode())).decode().strip()
    except ChildFailed:
        raise InternalError(
            "the client assertion could not be signed",
            hint="is the Python package cryptography installed whole?",
        ) from None
