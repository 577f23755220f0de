"""Role credentials that the portal gave out, as STS knows them again."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cone_sidecar.clock import Clock
from cone_sidecar.secret import Secret

KEY_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
KEY_LENGTH = 16
SECRET_BYTES = 30
TOKEN_BYTES = 420
# Real session tokens begin so: a protocol buffer naming where they were made.
TOKEN_PREFIX = "IQoJb3JpZ2luX2VjE"  # noqa: S105 -- the public beginning of every token


@dataclass(frozen=True, slots=True)
class IssuedCredentials:
    """Temporary credentials of one role, and whose they are."""

    access_key_id: str
    secret_access_key: Secret = field(repr=False)
    session_token: Secret = field(repr=False)
    expiration: datetime
    account_id: str
    role_name: str
    session_name: str
    partition: str

    @property
    def arn(self) -> str:
        """Return the assumed role's ARN."""
        role = f"AWSReservedSSO_{self.role_name}_{role_suffix(self.account_id, self.role_name)}"
        return (
            f"arn:{self.partition}:sts::{self.account_id}:assumed-role/{role}/{self.session_name}"
        )

    @property
    def user_id(self) -> str:
        """Return STS's unique id of the role session."""
        return f"{role_id(self.account_id, self.role_name)}:{self.session_name}"


class RoleCredentialsRegister:
    """Give out role credentials and know them again for as long as the process lives."""

    def __init__(self, clock: Clock, lifetime: timedelta) -> None:
        self._clock = clock
        self._lifetime = lifetime
        self._by_key: dict[str, IssuedCredentials] = {}

    def issue(
        self, *, account_id: str, role_name: str, session_name: str, partition: str
    ) -> IssuedCredentials:
        """Make new credentials; they end on a whole second, as AWS's do."""
        issued = IssuedCredentials(
            access_key_id="ASIA" + "".join(secrets.choice(KEY_ALPHABET) for _ in range(KEY_LENGTH)),
            secret_access_key=Secret(base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()),
            session_token=Secret(
                TOKEN_PREFIX + base64.b64encode(secrets.token_bytes(TOKEN_BYTES)).decode()
            ),
            expiration=(self._clock.now() + self._lifetime).replace(microsecond=0),
            account_id=account_id,
            role_name=role_name,
            session_name=session_name,
            partition=partition,
        )
        self._by_key[issued.access_key_id] = issued
        return issued

    def find(self, access_key_id: str) -> IssuedCredentials | None:
        """Return the credentials with this key id, ended ones too."""
        return self._by_key.get(access_key_id)


def role_suffix(account_id: str, role_name: str) -> str:
    """Return the 16 hexadecimal digits that end the name of a role made by Identity Center."""
    return hashlib.sha256(f"{account_id}/{role_name}".encode()).hexdigest()[:16]


def role_id(account_id: str, role_name: str) -> str:
    """Return the role's unique id, ``AROA…``."""
    digest = hashlib.sha256(f"role-id:{account_id}/{role_name}".encode()).digest()
    return "AROA" + base64.b32encode(digest).decode()[:17]
