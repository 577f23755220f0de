"""Clients of the tenant's API: those of the scenario's people, and those that a login makes."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cone_sidecar.secret import Secret
from cone_sidecar.simulator import protojson
from cone_sidecar.simulator.client_assertion import PublicKey, public_key_of
from cone_sidecar.simulator.ids import random_id

WORDS = ("strange-hydra", "swift-otter", "quiet-heron", "brave-lynx", "amber-finch")


@dataclass(slots=True)
class ApiClient:
    """A client: whose it is, and the key that proves it."""

    id: str
    client_id: str
    user_id: str
    key: PublicKey | None
    secret: Secret = field(repr=False)
    display_name: str
    created_at: datetime
    expires: datetime | None = None
    last_used: datetime | None = None
    scoped_roles: tuple[str, ...] = ()
    allow_source_cidr: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as the API describes personal clients."""
        return protojson.message(
            "iam.v1.PersonalClient",
            id=self.id,
            clientId=self.client_id,
            userId=self.user_id,
            displayName=self.display_name,
            scopedRoles=list(self.scoped_roles),
            allowSourceCidr=list(self.allow_source_cidr),
            createdAt=protojson.timestamp(self.created_at),
            updatedAt=protojson.timestamp(self.created_at),
            expiresTime=protojson.timestamp(self.expires),
            lastUsedAt=protojson.timestamp(self.last_used),
        )


class ApiClientRegister:
    """All clients, by client id."""

    def __init__(self, tenant: str) -> None:
        self._tenant = tenant
        self._by_client_id: dict[str, ApiClient] = {}

    def add(
        self,
        user_id: str,
        client_id: str,
        secret: Secret,
        now: datetime,
        *,
        display_name: str = "Simulated",
        expires: timedelta | None = None,
    ) -> ApiClient:
        """Register a client."""
        client = ApiClient(
            id=random_id(),
            client_id=client_id,
            user_id=user_id,
            key=public_key_of(secret),
            secret=secret,
            display_name=display_name,
            created_at=now,
            expires=now + expires if expires else None,
        )
        self._by_client_id[client_id] = client
        return client

    def new_client_id(self, host: str) -> str:
        """Return a client id that isn't taken, for a client that was made at ``host``."""
        return f"{secrets.choice(WORDS)}-{10_000 + secrets.randbelow(90_000)}@{host}/pcc"

    def find(self, client_id: str, now: datetime) -> ApiClient | None:
        """Return the client of that id, while it lives."""
        client = self._by_client_id.get(client_id)
        if client is None or (client.expires and client.expires <= now):
            return None
        return client

    def of_user(self, user_id: str) -> list[ApiClient]:
        """Return the person's clients."""
        return [client for client in self._by_client_id.values() if client.user_id == user_id]

    def remove(self, user_id: str, identifier: str) -> None:
        """Remove one of the person's clients by its id; raises KeyError."""
        for client in self.of_user(user_id):
            if client.id == identifier:
                del self._by_client_id[client.client_id]
                return
        raise KeyError(identifier)
