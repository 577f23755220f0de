"""The authorize page of Identity Center: authorization code with PKCE (RFC 6749 §4.1, RFC 7636)."""

from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from cone_sidecar.simulator.authorization_codes import (
    CHALLENGE,
    AuthorizationCodes,
    AuthorizationRequest,
)
from cone_sidecar.simulator.client_registration import is_redirect_uri
from cone_sidecar.simulator.forms import form_fields
from cone_sidecar.simulator.page_layout import (
    DECISION,
    hidden,
    is_cross_site,
    page,
    paragraph,
    user_choice,
)
from cone_sidecar.simulator.world import World

FIELDS = (
    "response_type",
    "client_id",
    "redirect_uri",
    "state",
    "code_challenge",
    "code_challenge_method",
    "scopes",
)
BAD_REQUEST = 400
FORBIDDEN = 403
SEE_OTHER = 303


class AuthorizePage:
    """Ask a person, and send the browser back to the client with a code or an error.

    Args:
        world: Who there is.
        codes: Where codes come from.
        auto_confirm: Allow at once, as the first user.
    """

    def __init__(self, world: World, codes: AuthorizationCodes, *, auto_confirm: bool) -> None:
        self._world = world
        self._codes = codes
        self._auto_confirm = auto_confirm

    async def show(self, request: Request) -> Response:
        """Show what is asked for."""
        parameters = {name: request.query_params.get(name, "") for name in FIELDS}
        asked = _read(parameters)
        if isinstance(asked, Response):
            return asked
        if self._auto_confirm:
            return self._allow(asked, self._world.first_user.email)
        fields = "".join(hidden(name, value) for name, value in parameters.items())
        emails = [user.email for user in self._world.users.values()]
        where = urlsplit(asked.redirect_uri).netloc or "an application on this machine"
        return page(
            "Allow access to AWS?",
            paragraph(f"An application at {where} asks to act as you in AWS IAM Identity Center.")
            + f'<form method="post">{fields}{user_choice(emails)}{DECISION}</form>',
        )

    async def decide(self, request: Request) -> Response:
        """Take the decision, and send the browser back."""
        if is_cross_site(request):
            return page("Not from here", paragraph("Open the link again."), status=FORBIDDEN)
        form = await form_fields(request)
        asked = _read({name: form.get(name, "") for name in FIELDS})
        if isinstance(asked, Response):
            return asked
        if form.get("decision") != "confirm":
            return _back(asked, error="access_denied", error_description="the person denied it")
        if self._world.user_by_email(form.get("email", "")) is None:
            return page("Nobody of that name", paragraph("Go back and choose."), status=BAD_REQUEST)
        return self._allow(asked, form["email"])

    def _allow(self, asked: AuthorizationRequest, email: str) -> Response:
        user = self._world.user_by_email(email) or self._world.first_user
        return _back(asked, code=self._codes.issue(asked, user.id))


def authorize_routes(authorize_page: AuthorizePage) -> list[BaseRoute]:
    """Return the page's routes."""
    return [
        Route("/authorize", authorize_page.show, methods=["GET"]),
        Route("/authorize", authorize_page.decide, methods=["POST"]),
    ]


def _read(parameters: dict[str, str]) -> AuthorizationRequest | Response:
    asked = AuthorizationRequest(
        client_id=parameters["client_id"],
        redirect_uri=parameters["redirect_uri"],
        code_challenge=parameters["code_challenge"],
        state=parameters["state"],
        scopes=tuple(parameters["scopes"].split()),
    )
    # Until these two are known to be good, nobody may be redirected (RFC 6749 §4.1.2.1).
    if not asked.client_id or not is_redirect_uri(asked.redirect_uri):
        return page(
            "This link can't be used",
            paragraph("Its client_id or its redirect_uri is missing or not allowed."),
            status=BAD_REQUEST,
        )
    if parameters["response_type"] != "code":
        return _back(asked, error="unsupported_response_type")
    if parameters["code_challenge_method"] != "S256" or not CHALLENGE.fullmatch(
        asked.code_challenge
    ):
        return _back(asked, error="invalid_request", error_description="PKCE with S256 is needed")
    return asked


def _back(asked: AuthorizationRequest, **parameters: str) -> Response:
    if asked.state:
        parameters["state"] = asked.state
    joint = "&" if urlsplit(asked.redirect_uri).query else "?"
    url = f"{asked.redirect_uri}{joint}{urlencode(parameters)}"
    return RedirectResponse(url, status_code=SEE_OTHER, headers={"cache-control": "no-store"})
