"""The unix socket of the sidecar's own user: all that the management listener tells, and credentials."""

import secrets
from collections.abc import Iterable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from cone_sidecar.errors import ConeError, ProfileNotFound, StillProcessing
from cone_sidecar.patience import Patience
from cone_sidecar.profile_slugs import slug
from cone_sidecar.profile_token_files import ProfileTokenFiles
from cone_sidecar.web.answer import NO_STORE, credentials_document
from cone_sidecar.web.answered import Hear
from cone_sidecar.web.answering_app import UNIX, served
from cone_sidecar.web.management_app import ManagementApp
from cone_sidecar.web.profile_credentials import ProfileCredentials
from cone_sidecar.web.status_view import error_view

# A catalogue that has to be read first is worth a moment.
FINDS_WITHIN_S = 4.0


class OwnUserApp:
    """Answer whoever may open the socket, which is 0600: nobody else's token or name is asked for."""

    def __init__(
        self,
        *,
        management: ManagementApp,
        credentials: ProfileCredentials,
        token_files: ProfileTokenFiles | None,
        urls: Mapping[str, str],
        hears: Iterable[Hear] = (),
    ) -> None:
        """Tell ``urls`` of the credentials listeners to those who ask where a profile is.

        ``token_files`` is None where no token is asked for; ``hears`` are told of credentials given out.
        """
        self._management = management
        self._credentials = credentials
        self._token_files = token_files
        self._urls = urls
        self._hears = tuple(hears)

    def build(self) -> Router:
        """Return the ASGI application."""
        return self._management.build(
            Route("/credentials/{profile:path}", self.credentials, methods=["GET"]),
            Route("/profiles/{profile:path}/access", self.access, methods=["GET"]),
        )

    async def credentials(self, request: Request) -> Response:
        """Give out credentials that are there now; whoever has to wait does so by himself."""
        try:
            profile = await self._credentials.profile(
                request.path_params["profile"], Patience(FINDS_WITHIN_S)
            )
            held = self._credentials.cached(profile)
            if held is None:
                raise StillProcessing("there are no credentials at the moment")
        except ConeError as error:
            return _refused(error)
        outcome = served(profile, held, self._credentials.task_of(profile))
        user_agent = request.headers.get("user-agent", "").encode("latin-1")
        for hear in self._hears:
            hear(UNIX, user_agent, outcome, secrets.token_hex(8))
        return JSONResponse(credentials_document(held.credentials), headers=NO_STORE)

    async def access(self, request: Request) -> Response:
        """Tell where SDKs get the profile's credentials, and what opens them."""
        try:
            profile = await self._credentials.profile(
                request.path_params["profile"], Patience(FINDS_WITHIN_S)
            )
            token = self._token_files.token_and_file(profile.name) if self._token_files else None
        except ConeError as error:
            return _refused(error)
        answer = {
            "profile": profile.name,
            "slug": slug(profile.name),
            "region": profile.region,
            **self._urls,
        }
        if token:
            answer |= {"token": token[0].reveal(), "token_file": str(token[1])}
        return JSONResponse(answer, headers=NO_STORE)


def _refused(error: ConeError) -> JSONResponse:
    status = 404 if isinstance(error, ProfileNotFound) else error.http_status
    return JSONResponse(error_view(error), status, headers=NO_STORE)
