"""The AWS CLI's own cache of sign-ins, ``~/.aws/sso/cache``: read as botocore does, written atomically."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cone_sidecar.atomic_file import write_atomically
from cone_sidecar.clock import parse_timestamp, rfc3339
from cone_sidecar.domain.profile import SsoSession
from cone_sidecar.errors import ConfigurationError
from cone_sidecar.secret import Secret


@dataclass(frozen=True, slots=True)
class SsoToken:
    """A sign-in: access token, and what it takes to renew it."""

    start_url: str
    region: str
    access_token: Secret = field(repr=False)
    expires: datetime
    client_id: str = ""
    client_secret: Secret = field(default_factory=lambda: Secret(""), repr=False)
    registration_expires: datetime | None = None
    refresh_token: Secret = field(default_factory=lambda: Secret(""), repr=False)

    def refreshable(self, now: datetime) -> bool:
        """Tell whether there is all that a refresh takes (reference §7.5)."""
        return bool(
            self.refresh_token
            and self.client_id
            and self.client_secret
            and self.registration_expires
            and self.registration_expires > now
        )


@dataclass(frozen=True, slots=True)
class Registration:
    """A public OIDC client of ours."""

    client_id: str
    client_secret: Secret = field(repr=False)
    expires: datetime


class TokenCache:
    """The files of one SSO session."""

    def __init__(self, directory: Path, session: SsoSession) -> None:
        self._directory = directory
        self._session = session

    @property
    def token_path(self) -> Path:
        """Return the file that every SDK looks into: the sha1 of the session's name."""
        return self._directory / f"{_sha1(self._session.name)}.json"

    def token(self, now: datetime) -> SsoToken | None:
        """Return the sign-in of this session.

        The session's own file comes first; any other file counts if it is of the same start URL and
        region and not expired, so that ``aws sso login`` of a legacy profile is used too.
        """
        own = self._read(self.token_path)
        if own and (own.expires > now or own.refreshable(now)):
            return own
        return next((token for _, token in self._others() if token.expires > now), own)

    def tokens(self) -> list[SsoToken]:
        """Return each sign-in of this instance that any file holds, ended or not."""
        own = self._read(self.token_path)
        return [*([own] if own else []), *(token for _, token in self._others())]

    def drop_tokens(self) -> None:
        """Forget them all, whoever wrote them: any of them would be used as this session.

        Raises:
            ConfigurationError: A file can't be removed.
        """
        try:
            for path, _ in self._others():
                path.unlink(missing_ok=True)
            self.token_path.unlink(missing_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"the sign-in can't be removed: {error.strerror or 'removal failed'}",
                hint=f"make {self._directory} writable",
            ) from error

    def save_token(self, token: SsoToken) -> None:
        """Keep the sign-in where the AWS CLI finds it, 0600.

        Raises:
            ConfigurationError: The directory can't be written.
        """
        kept = {
            "startUrl": token.start_url,
            "region": token.region,
            "accessToken": token.access_token.reveal(),
            "expiresAt": rfc3339(token.expires),
            "clientId": token.client_id,
            "clientSecret": token.client_secret.reveal(),
        }
        if token.registration_expires:
            kept["registrationExpiresAt"] = rfc3339(token.registration_expires)
        if token.refresh_token:
            kept["refreshToken"] = token.refresh_token.reveal()
        self._write(self.token_path, kept)

    def registration(self, now: datetime) -> Registration | None:
        """Return the client that was registered for this session's device flow, while it lives."""
        kept = _object(self._registration_path)
        try:
            if kept is None or kept.get("grantTypes"):
                return None
            found = Registration(
                kept["clientId"],
                Secret(kept["clientSecret"]),
                parse_timestamp(kept["expiresAt"]),
            )
        except (KeyError, ValueError, TypeError, AttributeError):
            return None
        return found if found.expires > now else None

    def save_registration(self, registration: Registration) -> None:
        """Keep the client, as the AWS CLI does.

        Raises:
            ConfigurationError: The directory can't be written.
        """
        self._write(
            self._registration_path,
            {
                "clientId": registration.client_id,
                "clientSecret": registration.client_secret.reveal(),
                "expiresAt": rfc3339(registration.expires),
                "scopes": list(self._session.scopes),
            },
        )

    def drop_registration(self) -> None:
        """Forget the client, after Identity Center has refused it."""
        self._registration_path.unlink(missing_ok=True)

    @property
    def _registration_path(self) -> Path:
        """Name it as botocore does: the sha1 of this JSON text (reference §7.4)."""
        described = {
            "region": self._session.region,
            "scopes": list(self._session.scopes),
            "session_name": self._session.name,
            "startUrl": self._session.start_url,
            "tool": "botocore",
        }
        return self._directory / f"{_sha1(json.dumps(described, sort_keys=True))}.json"

    def _others(self) -> Iterator[tuple[Path, SsoToken]]:
        for path in sorted(self._directory.glob("*.json")):
            if path != self.token_path and (token := self._read(path)):
                yield path, token

    def _read(self, path: Path) -> SsoToken | None:
        """Read a token file; whatever isn't one of this instance's is None."""
        kept = _object(path)
        if kept is None or "accessToken" not in kept:
            return None
        try:
            token = _token(kept, self._session)
        except (KeyError, ValueError, TypeError, AttributeError):
            return None
        same = same_start_url(token.start_url, self._session.start_url)
        return token if same and token.region == self._session.region else None

    def _write(self, path: Path, kept: Mapping[str, object]) -> None:
        try:
            write_atomically(path, json.dumps(kept).encode(), mode=0o600)
        except OSError as error:
            raise ConfigurationError(
                f"the sign-in can't be kept: {error.strerror or 'write failed'}",
                hint=f"make {self._directory} writable",
            ) from error


def same_start_url(one: str, other: str) -> bool:
    """Compare start URLs as people write them: with or without ``/``, ``#`` and ``#/`` at the end."""
    return _bare(one) == _bare(other)


def _bare(url: str) -> str:
    return url.strip().rstrip("/").removesuffix("#").rstrip("/").lower()


def _token(kept: dict[str, Any], session: SsoSession) -> SsoToken:
    registration_expires = kept.get("registrationExpiresAt")
    return SsoToken(
        start_url=kept.get("startUrl") or session.start_url,
        region=kept.get("region") or session.region,
        access_token=Secret(kept["accessToken"]),
        expires=parse_timestamp(kept["expiresAt"]),
        client_id=kept.get("clientId") or "",
        client_secret=Secret(kept.get("clientSecret") or ""),
        registration_expires=parse_timestamp(registration_expires)
        if registration_expires
        else None,
        refresh_token=Secret(kept.get("refreshToken") or ""),
    )


def _object(path: Path) -> dict[str, Any] | None:
    """Read a JSON object. Other writers truncate before they write: half a file is no file."""
    try:
        kept = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return kept if isinstance(kept, dict) else None


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
