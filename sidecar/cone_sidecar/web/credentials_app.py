"""The credentials listener: ``GET /credentials/<profile>`` for SDKs, and nothing else."""

from collections.abc import Iterable
from dataclasses import dataclass

from cone_sidecar.authorization_tokens import AuthorizationTokens
from cone_sidecar.domain.ports import HeldCredentials
from cone_sidecar.domain.profile import Profile
from cone_sidecar.errors import ConeError, ProfileNotFound, Unauthorized
from cone_sidecar.patience import Patience
from cone_sidecar.web.answer import Answer, credentials_answer
from cone_sidecar.web.answered import Hear, Outcome
from cone_sidecar.web.answering_app import AnsweringApp, NotFound, Reply, Scope, served
from cone_sidecar.web.bad_tokens import BadTokens
from cone_sidecar.web.client_patience import LONGEST_S, UNKNOWN_S, patience_of
from cone_sidecar.web.credentials_path import DEFAULT, PREFIX, segment_of
from cone_sidecar.web.guard import HostGuard
from cone_sidecar.web.profile_credentials import ProfileCredentials
from cone_sidecar.web.refusal_log import RefusalLog
from cone_sidecar.web.seen_headers import SeenHeaders

# Whoever comes on top of as many isn't kept waiting: room is left for those that are served at once.
MOST_WAITING = 1024
# As many answers to wrong tokens are late at the same time; more are answered at once.
MOST_SLOWED = 256
# The user agent of ``cone aws doctor``: it asks as SDKs do, and nothing begins because of it.
LOOKS = b"cone-aws-doctor"
# Who has a container has no `cone` in it: what to mount comes first.
ENV_COMMAND = 'or: eval "$(cone aws env <profile>)"'
NO_TOKEN_HINT = f"set AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE to where it is mounted, {ENV_COMMAND}"
WRONG_TOKEN_HINT = f"mount this profile's, of this sidecar, {ENV_COMMAND}"
PROFILE_HINT = "cone aws status, where the sidecar runs, lists those there are"


@dataclass(frozen=True, slots=True)
class Printed:
    """Credentials, the answer that gives them out, and what is told of it."""

    held: HeldCredentials
    answer: Answer
    outcome: Outcome


class CredentialsApp(AnsweringApp):
    """Answer from memory where that is possible.

    ``tokens`` is None where this is a listener of AWS's own kind, which knows none. Each answer is told
    to all of ``hears``.
    """

    def __init__(
        self,
        *,
        credentials: ProfileCredentials,
        host_guard: HostGuard,
        tokens: AuthorizationTokens | None,
        bad_tokens: BadTokens,
        refusals: RefusalLog,
        hears: Iterable[Hear] = (),
        default_profile: str = DEFAULT,
        longest_wait_s: float = LONGEST_S,
    ) -> None:
        super().__init__(refusals, hears)
        self._credentials = credentials
        self._host_guard = host_guard
        self._tokens = tokens
        self._bad_tokens = bad_tokens
        self.default_profile = default_profile
        self.longest_wait_s = longest_wait_s
        self._printed: dict[str, Printed] = {}
        self._waiting = 0
        self._slowed = 0

    async def _answer(self, scope: Scope, seen: SeenHeaders) -> Reply:
        client = scope.get("client")
        refused = self._host_guard.refusal(scope["method"], seen, client, scope.get("server"))
        if refused:
            raise refused
        segment = segment_of(scope)
        if segment == DEFAULT:
            segment = self.default_profile or await self._only_profile(seen)
        if self._tokens and (refused := self._token_refusal(self._tokens, seen, segment or "")):
            return await self._refuse_token(refused, scope, seen)
        if segment is None:
            raise NotFound(f"the path is {PREFIX}<profile>")
        profile = self._credentials.known(segment)
        held = self._credentials.cached(profile) if profile else None
        if profile is None or held is None:
            profile, held = await self._obtain(segment, seen)
        return self._print(profile, held)

    def _token_refusal(
        self, tokens: AuthorizationTokens, seen: SeenHeaders, segment: str
    ) -> ConeError | None:
        if seen.authorizations == 1 and tokens.opens(seen.authorization, segment):
            return None
        # For the audit alone: whoever asks is told the same, whether it is there or not.
        meant = self._credentials.known(segment)
        profile = meant.name if meant else ""
        if not seen.authorizations:
            return Unauthorized("no authorization token", hint=NO_TOKEN_HINT, profile=profile)
        return Unauthorized(
            "wrong authorization token, or another profile's",
            hint=WRONG_TOKEN_HINT,
            profile=profile,
        )

    async def _refuse_token(self, error: ConeError, scope: Scope, seen: SeenHeaders) -> Reply:
        """Refuse; who sends a wrong token again and again waits longer, who sends none is only lost."""
        if not seen.authorizations:
            return self._refuse(error, scope, seen)
        client = scope.get("client")
        times = self._bad_tokens.count(client[0] if client else "")
        if self._slowed < MOST_SLOWED:
            self._slowed += 1
            try:
                await self._bad_tokens.wait(times)
            finally:
                self._slowed -= 1
        return self._refuse(error, scope, seen)

    async def _only_profile(self, seen: SeenHeaders) -> str:
        """Return the name of the only profile that there is, empty where it isn't known which that is.

        Nobody's catalogue is read for whoever has no token at all.
        """
        if self._waiting >= MOST_WAITING or (self._tokens and not seen.authorizations):
            return DEFAULT
        self._waiting += 1
        try:
            return (await self._credentials.profile(DEFAULT, Patience(UNKNOWN_S))).name
        except ConeError:
            return DEFAULT
        finally:
            self._waiting -= 1

    async def _obtain(self, segment: str, seen: SeenHeaders) -> tuple[Profile, HeldCredentials]:
        """Find the profile and its credentials, for as long as this client waits."""
        room = self._waiting < MOST_WAITING
        patience = patience_of(seen.user_agent, seen.accept, self.longest_wait_s if room else 0.0)
        self._waiting += 1
        try:
            if seen.user_agent == LOOKS:
                return await self._credentials.look(segment, patience)
            return await self._credentials.obtain(segment, patience)
        except ProfileNotFound as error:
            # The name is the caller's: nothing of it is sent back.
            raise ProfileNotFound("no such profile", hint=PROFILE_HINT) from error
        finally:
            self._waiting -= 1

    def _print(self, profile: Profile, held: HeldCredentials) -> Reply:
        printed = self._printed.get(profile.name)
        if printed is None or printed.held is not held:
            printed = Printed(
                held,
                credentials_answer(held.credentials),
                served(profile, held, self._credentials.task_of(profile)),
            )
            self._printed[profile.name] = printed
        return printed.answer, printed.outcome

    def _shown(self, scope: Scope) -> str:
        """Return the path without what may be a token: a mistaken client put it there."""
        path: str = scope["path"]
        if self._tokens is None or self._credentials.known(segment_of(scope) or ""):
            return path
        return self._tokens.hide(path)
