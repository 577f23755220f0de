"""People of the simulated tenant, and the client credentials that they have from the start."""

import base64
import hashlib
import json
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cone_sidecar.secret import Secret
from cone_sidecar.simulator.ids import named_id
from cone_sidecar.simulator.scenario_values import ScenarioUser

SECRET_PREFIX = "secret-token:conductorone.com:v1:"  # noqa: S105 -- a format's name


@dataclass(frozen=True, slots=True)
class SimulatedUser:
    """A person."""

    id: str
    email: str
    display_name: str
    client_id: str
    client_secret: Secret = field(repr=False)
    app_user_ids: tuple[str, ...]
    """The person's accounts in the AWS app; the first is whom a request is for that names none."""


def user_of(user: ScenarioUser, tenant: str) -> SimulatedUser:
    """Return the person that a scenario describes; what it leaves out is the same at every start."""
    user_id = named_id("user", tenant, user.email)
    digits = int(hashlib.sha256(user.email.encode()).hexdigest(), 16) % 90_000 + 10_000
    return SimulatedUser(
        id=user_id,
        email=user.email,
        display_name=user.name or user.email.partition("@")[0].capitalize(),
        client_id=user.client_id or f"simulated-user-{digits}@{tenant}.conductor.one/pcc",
        client_secret=user.client_secret or client_secret_of(tenant, user.email),
        app_user_ids=(
            named_id("app user", user_id),
            *(
                named_id("app user", user_id, str(number))
                for number in range(2, user.app_users + 1)
            ),
        ),
    )


def client_secret_of(*names: str) -> Secret:
    """Return the client secret of what is named so: the same after every start."""
    seed = hashlib.sha256("\0".join(("client secret", *names)).encode()).digest()
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": _base64url(public), "d": _base64url(seed)}
    return Secret(SECRET_PREFIX + _base64url(json.dumps(jwk).encode()))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
