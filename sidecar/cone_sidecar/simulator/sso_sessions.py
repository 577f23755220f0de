"""Sessions of Identity Center: who signed in, with which tokens, and until when."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cone_sidecar.clock import Clock
from cone_sidecar.secret import Secret

ACCESS_TOKEN_BYTES = 240
REFRESH_TOKEN_BYTES = 300


@dataclass(slots=True)
class SsoSession:
    """A signed-in session; its tokens change when it is refreshed."""

    user_id: str
    client_id: str
    access_token: Secret = field(repr=False)
    access_token_expires: datetime
    refresh_token: Secret | None = field(repr=False)
    refresh_token_expires: datetime


class SsoSessions:
    """All sessions, by the tokens that open them. An access token lives on when its session is refreshed."""

    def __init__(self, clock: Clock, *, access_token: timedelta, refresh_token: timedelta) -> None:
        self._clock = clock
        self._access_lifetime = access_token
        self._refresh_lifetime = refresh_token
        self._by_access_token: dict[str, tuple[SsoSession, datetime]] = {}
        self._by_refresh_token: dict[str, SsoSession] = {}

    def open(self, *, user_id: str, client_id: str, refreshable: bool) -> SsoSession:
        """Open a session; one that isn't refreshable gets no refresh token."""
        now = self._clock.now()
        session = SsoSession(
            user_id=user_id,
            client_id=client_id,
            access_token=Secret(""),
            access_token_expires=now,
            refresh_token=_refresh_token() if refreshable else None,
            refresh_token_expires=now + self._refresh_lifetime,
        )
        self._issue(session)
        return session

    def refresh(self, refresh_token: str, *, client_id: str) -> SsoSession | None:
        """Give a session new tokens; the refresh token works once. None for one that doesn't work."""
        session = self._by_refresh_token.get(refresh_token)
        if (
            session is None
            or session.client_id != client_id
            or session.refresh_token_expires <= self._clock.now()
        ):
            return None
        del self._by_refresh_token[refresh_token]
        # The session's end stands: a refresh doesn't make it longer.
        session.refresh_token = _refresh_token()
        self._issue(session)
        return session

    def find(self, access_token: str) -> SsoSession | None:
        """Return the session that an access token opens, None once it has ended."""
        session, expires = self._by_access_token.get(access_token, (None, None))
        return session if expires is not None and expires > self._clock.now() else None

    def close(self, session: SsoSession) -> None:
        """End a session with all its tokens."""
        self._drop_access_tokens(session)
        for token in [t for t, held in self._by_refresh_token.items() if held is session]:
            del self._by_refresh_token[token]

    def expire_access_tokens(self, user_id: str | None = None) -> int:
        """End the access tokens of a user, or of all; the refresh tokens go on. Returns how many sessions."""
        sessions = self._sessions_of(user_id)
        for session in sessions:
            self._drop_access_tokens(session)
        return len(sessions)

    def close_all(self, user_id: str | None = None) -> int:
        """End the sessions of a user, or of all. Returns how many."""
        sessions = self._sessions_of(user_id)
        for session in sessions:
            self.close(session)
        return len(sessions)

    def _issue(self, session: SsoSession) -> None:
        session.access_token = Secret(f"aoa{secrets.token_urlsafe(ACCESS_TOKEN_BYTES)}")
        session.access_token_expires = self._clock.now() + self._access_lifetime
        entry = (session, session.access_token_expires)
        self._by_access_token[session.access_token.reveal()] = entry
        if session.refresh_token is not None:
            self._by_refresh_token[session.refresh_token.reveal()] = session

    def _drop_access_tokens(self, session: SsoSession) -> None:
        held = self._by_access_token
        for token in [t for t, (other, _) in held.items() if other is session]:
            del held[token]

    def _sessions_of(self, user_id: str | None) -> list[SsoSession]:
        every = [session for session, _ in self._by_access_token.values()]
        every += self._by_refresh_token.values()
        distinct = {id(session): session for session in every}.values()
        return [session for session in distinct if user_id in (None, session.user_id)]


def _refresh_token() -> Secret:
    return Secret(f"aor{secrets.token_urlsafe(REFRESH_TOKEN_BYTES)}")
