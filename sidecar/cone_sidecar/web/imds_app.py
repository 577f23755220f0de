"""The instance metadata listener: IMDSv2 for programs that know nothing else; never version 1.

What each SDK asks for, and what it makes of an answer: docs/endpoint.md. Sources: AWS's guide "Use the
Instance Metadata Service", and the SDKs' own clients.
"""

import json
from collections.abc import Iterable
from dataclasses import replace

from cone_sidecar.clock import Clock, rfc3339
from cone_sidecar.domain.ports import HeldCredentials
from cone_sidecar.domain.profile import Profile
from cone_sidecar.errors import ConeError, Unauthorized, UsageError
from cone_sidecar.patience import Patience
from cone_sidecar.profile_slugs import slug
from cone_sidecar.web.answer import FIXED_HEADERS, Answer
from cone_sidecar.web.answered import Hear, Outcome
from cone_sidecar.web.answering_app import AnsweringApp, NotFound, Reply, Scope, served
from cone_sidecar.web.guard import GET, HostGuard
from cone_sidecar.web.imds_paths import TOKEN_PATH, Asked, ImdsPaths
from cone_sidecar.web.imds_tokens import LONGEST_LIFE_S, ImdsTokens, parse_life
from cone_sidecar.web.profile_credentials import ProfileCredentials
from cone_sidecar.web.refusal_log import RefusalLog
from cone_sidecar.web.seen_headers import BLANKS, SeenHeaders

PUT = "PUT"
TOKEN_HEADER = b"x-aws-ec2-metadata-token"
LIFE_HEADER = b"x-aws-ec2-metadata-token-ttl-seconds"
TOKEN_ISSUED = "TokenIssued"  # noqa: S105 -- an outcome
METADATA = "Metadata"
# Nearly all of them give up after a second, Go's second version after half of one.
PATIENCE_S = 0.9
GO_S = 0.45
GO = b"aws-sdk-go-v2/"
CRT = b"aws-sdk-crt/"
TEXT = b"text/plain"
JSON = b"application/json"


class ImdsApp(AnsweringApp):
    """Give out one profile's credentials as an instance's role.

    ``profile`` is its name, or its slug.
    """

    def __init__(
        self,
        *,
        credentials: ProfileCredentials,
        host_guard: HostGuard,
        profile: str,
        clock: Clock,
        refusals: RefusalLog,
        hears: Iterable[Hear] = (),
    ) -> None:
        super().__init__(refusals, hears)
        self._credentials = credentials
        self._host_guard = host_guard
        self._profile = profile
        self._role = slug(profile)
        self._paths = ImdsPaths(self._role)
        self._tokens = ImdsTokens(clock)

    async def _answer(self, scope: Scope, seen: SeenHeaders) -> Reply:
        asked = self._paths.asked(scope)
        refused = self._host_guard.refusal(
            scope["method"],
            seen,
            scope.get("client"),
            scope.get("server"),
            allowed=PUT if asked is Asked.TOKEN else GET,
        )
        if refused:
            raise refused
        if asked is Asked.TOKEN:
            return self._issue(scope)
        self._check_token(scope)
        return await self._metadata(asked, seen)

    def _issue(self, scope: Scope) -> Reply:
        """Hand out a token."""
        wanted = _values(scope, LIFE_HEADER)
        life_s = parse_life(wanted[0]) if len(wanted) == 1 else None
        if life_s is None:
            raise UsageError(
                f"a token lives 1 to {LONGEST_LIFE_S} seconds", hint=f"send {LIFE_HEADER.decode()}"
            )
        answer = _ready(TEXT, self._tokens.issue(life_s), (LIFE_HEADER, str(life_s).encode()))
        return answer, self._outcome(TOKEN_ISSUED)

    def _check_token(self, scope: Scope) -> None:
        """Hold a GET to its token; a client of version 1 sends none.

        Raises:
            Unauthorized: It is missing, not ours, or has ended.
        """
        tokens = _values(scope, TOKEN_HEADER)
        if not tokens:
            raise Unauthorized("no IMDSv2 token", hint=f"PUT {TOKEN_PATH} gives one")
        if len(tokens) > 1 or not self._tokens.good(tokens[0]):
            raise Unauthorized(
                "wrong IMDSv2 token, or one that ended", hint=f"PUT {TOKEN_PATH} gives another"
            )

    async def _metadata(self, asked: Asked | None, seen: SeenHeaders) -> Reply:
        if asked is None:
            raise NotFound("there is nothing of an instance here but its role and its region")
        if asked is Asked.ROLE:
            # Whether the role can be had is told with its credentials: a refusal here has no body that
            # a client reads.
            return _ready(TEXT, self._role), self._outcome(METADATA)
        patience = Patience(GO_S if seen.user_agent.startswith(GO) else PATIENCE_S)
        if asked in (Asked.CREDENTIALS, Asked.EXTENDED_CREDENTIALS):
            return await self._serve(patience, extended=asked is Asked.EXTENDED_CREDENTIALS)
        profile = self._credentials.known(self._profile)
        profile = profile or await self._credentials.profile(self._profile, patience)
        return _placement(asked, profile), self._outcome(METADATA)

    async def _serve(self, patience: Patience, *, extended: bool) -> Reply:
        """Give out the credentials, from memory where they are there."""
        profile = self._credentials.known(self._profile)
        held = self._credentials.cached(profile) if profile else None
        if profile is None or held is None:
            profile, held = await self._credentials.obtain(self._profile, patience)
        outcome = served(profile, held, self._credentials.task_of(profile))
        return _ready(JSON, json.dumps(_document(held, extended=extended))), outcome

    def _outcome(self, code: str) -> Outcome:
        return Outcome(code, 200, profile=self._profile)

    def _refuse(self, error: ConeError, scope: Scope, seen: SeenHeaders) -> Reply:
        """Refuse, in the way that the C runtime survives."""
        answer, outcome = super()._refuse(error, scope, seen)
        if scope["method"] == GET and seen.user_agent.startswith(CRT):
            # It takes the body of any other refusal for credentials, and its Python binding aborts.
            answer = replace(answer, status=Unauthorized.http_status)
        profile = outcome.profile or self._profile
        return answer, replace(outcome, status=answer.status, profile=profile)


def _document(held: HeldCredentials, *, extended: bool) -> dict[str, str]:
    """Return the credentials as an instance has them: the original's names, in its order."""
    credentials = held.credentials
    document = {
        "Code": "Success",
        "LastUpdated": rfc3339(held.fetched_at),
        "Type": "AWS-HMAC",
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key.reveal(),
        "Token": credentials.session_token.reveal(),
        "Expiration": rfc3339(credentials.expiration),
    }
    # Only there do instances name the account, and only there do clients look for it.
    return document | {"AccountId": credentials.account_id} if extended else document


def _placement(asked: Asked, profile: Profile) -> Answer:
    """Answer where the instance is.

    Raises:
        NotFound: The profile has no region.
    """
    if not profile.region:
        raise NotFound("the profile has no region", hint="cone aws setup --region <region>")
    if asked is Asked.REGION:
        return _ready(TEXT, profile.region)
    if asked is Asked.AVAILABILITY_ZONE:
        # Clients cut the letter off.
        return _ready(TEXT, f"{profile.region}a")
    return _ready(JSON, json.dumps({"region": profile.region, "accountId": profile.account_id}))


def _ready(kind: bytes, text: str, *headers: tuple[bytes, bytes]) -> Answer:
    body = text.encode()
    fixed = [header for header in FIXED_HEADERS if header[0] != b"content-type"]
    length = (b"content-length", str(len(body)).encode())
    return Answer(200, [(b"content-type", kind), *fixed, length, *headers], body)


def _values(scope: Scope, wanted: bytes) -> list[bytes]:
    return [value.strip(BLANKS) for name, value in scope["headers"] if name == wanted]
