"""Signing a person in to Identity Center by the device flow (RFC 8628, reference §7.2)."""

from collections.abc import Awaitable, Callable

from cone_sidecar.clock import Clock
from cone_sidecar.domain.device_authorization import SLOW_DOWN_S
from cone_sidecar.domain.ports import PendingSignIn
from cone_sidecar.errors import SignInRequired, UpstreamRejected
from cone_sidecar.identity_center.oidc import Oidc, Refusal, TokenRefusal
from cone_sidecar.identity_center.pending_sign_in import Pending, PendingSignInFile
from cone_sidecar.identity_center.token_cache import Registration, SsoToken, TokenCache


class SignIn:
    """Begin and complete the one pending sign-in of an instance."""

    def __init__(
        self,
        oidc: Callable[[], Awaitable[Oidc]],
        cache: TokenCache,
        pending_file: PendingSignInFile,
        clock: Clock,
    ) -> None:
        self._oidc = oidc
        self._cache = cache
        self._pending_file = pending_file
        self._clock = clock
        self._pending: Pending | None = None

    async def begin(self) -> PendingSignIn | SsoToken:
        """Start a device authorization, or go on with the one that is pending.

        It is asked for once before anybody is shown a link: it may have been confirmed already, with
        another process of ours, or in no time at all.

        Raises:
            SignInRequired: The pending one was refused.
            UpstreamError: Identity Center starts none.
        """
        now = self._clock.now()
        pending = self._pending
        if pending is None or pending.authorization.expires <= now:
            pending = self._pending_file.load(now)
        if pending is None:
            pending = await self._authorize()
            self._pending_file.save(pending)
        self._pending = pending
        answer = await self._ask(pending)
        if isinstance(answer, SsoToken):
            return answer
        return _offer(pending)

    @property
    def offered(self) -> PendingSignIn | None:
        """Return the sign-in that somebody is waiting for."""
        return _offer(self._pending) if self._pending else None

    async def complete(self) -> SsoToken:
        """Wait until the person has confirmed, here or with another tool, and keep the session.

        Raises:
            SignInRequired: The person refused, or the code ran out.
            UpstreamError: Identity Center can't be used.
        """
        pending = self._pending
        if pending is None:
            raise SignInRequired("no sign-in is pending", hint="cone aws login")
        before = self._cache.token(self._clock.now())
        interval = pending.authorization.interval_s
        while self._clock.now() < pending.authorization.expires:
            await self._clock.sleep(interval)
            token = self._cache.token(self._clock.now())
            if token and token.expires > self._clock.now() and not _same(token, before):
                self._forget()
                return token
            answer = await self._ask(pending)
            if isinstance(answer, SsoToken):
                return answer
            if answer is Refusal.SLOW_DOWN:
                interval += SLOW_DOWN_S  # RFC 8628 §3.5
        self._forget()
        raise SignInRequired("the sign-in code ran out", hint="cone aws login")

    async def _ask(self, pending: Pending) -> SsoToken | Refusal:
        """Ask once; returns the session, which is kept, or that it has to be waited for.

        Raises:
            SignInRequired: The person refused, or the code ran out.
            UpstreamError: Identity Center can't be used.
        """
        oidc = await self._oidc()
        answer = await oidc.device_token(pending.registration, pending.authorization.device_code)
        if isinstance(answer, SsoToken):
            self._cache.save_token(answer)
            self._forget()
            return answer
        if answer.why in {Refusal.PENDING, Refusal.SLOW_DOWN}:
            return answer.why
        self._forget()
        # Another process may have used the code: then there is a session by now.
        now = self._clock.now()
        token = self._cache.token(now)
        used = answer.why in {Refusal.INVALID_GRANT, Refusal.EXPIRED}
        if used and token and token.expires > now:
            return token
        raise _failed(answer)

    async def _authorize(self) -> Pending:
        oidc = await self._oidc()
        registration = self._cache.registration(self._clock.now()) or await self._register(oidc)
        answer = await oidc.authorize_device(registration)
        if isinstance(answer, TokenRefusal):
            # A registration may be dropped on their side before its time.
            self._cache.drop_registration()
            registration = await self._register(oidc)
            answer = await oidc.authorize_device(registration)
        if isinstance(answer, TokenRefusal):
            raise _failed(answer)
        return Pending(answer, registration)

    async def _register(self, oidc: Oidc) -> Registration:
        registration = await oidc.register()
        self._cache.save_registration(registration)
        return registration

    def _forget(self) -> None:
        self._pending = None
        self._pending_file.drop()


def _offer(pending: Pending) -> PendingSignIn:
    authorization = pending.authorization
    return PendingSignIn(
        authorization.verification_uri,
        authorization.verification_uri_complete,
        authorization.user_code,
        authorization.expires,
    )


def _same(token: SsoToken, other: SsoToken | None) -> bool:
    return other is not None and token.access_token == other.access_token


def _failed(answer: TokenRefusal) -> SignInRequired | UpstreamRejected:
    if answer.why is Refusal.DENIED:
        return SignInRequired("the sign-in was refused", hint="cone aws login")
    if answer.why is Refusal.EXPIRED:
        return SignInRequired("the sign-in code ran out", hint="cone aws login")
    return UpstreamRejected(
        f"AWS refuses the sign-in (HTTP {answer.status} {answer.kind})",
        status=answer.status,
        hint="cone aws login; if it goes on, check cone aws setup show",
    )
