"""The console's sign-in service: credentials for a token, and the token for a page.

IAM User Guide, "Enable custom identity broker access to the AWS console".
"""

import json
import secrets
from datetime import datetime, timedelta
from html import escape
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from cone_sidecar.clock import Clock
from cone_sidecar.simulator.page_layout import page, paragraph
from cone_sidecar.simulator.role_credentials import IssuedCredentials, RoleCredentialsRegister

PATH = "/federation"
TOKEN_LASTS = timedelta(minutes=15)
TOKEN_BYTES = 96
BAD_REQUEST = 400
SHORTEST_S, LONGEST_S = 900, 43200


class Federation:
    """Sign role credentials in that the portal gave out."""

    def __init__(self, credentials: RoleCredentialsRegister, clock: Clock) -> None:
        self._credentials = credentials
        self._clock = clock
        self._tokens: dict[str, tuple[IssuedCredentials, datetime]] = {}

    async def answer(self, request: Request) -> Response:
        """Answer ``getSigninToken``, by POST or GET, and ``login``."""
        form = dict(request.query_params)
        if request.method == "POST":
            sent = parse_qs((await request.body()).decode("latin-1"))
            form |= {name: values[0] for name, values in sent.items()}
        match form.get("Action"):
            case "getSigninToken":
                return self._sign_in_token(request, form)
            case "login":
                return self._login(request, form)
            case _:
                return _refused("Action is getSigninToken or login.")

    def _sign_in_token(self, request: Request, form: dict[str, str]) -> Response:
        try:
            session = json.loads(form.get("Session", ""))
            key, secret, token = (
                str(session[name]) for name in ("sessionId", "sessionKey", "sessionToken")
            )
        except (ValueError, KeyError, TypeError):
            return _refused("Session holds no sessionId, sessionKey and sessionToken.")
        issued = self._credentials.find(key)
        right = issued and issued.secret_access_key.matches(secret)
        if not (issued and right and issued.session_token.matches(token)):
            return _refused("Invalid credentials parameter")
        now = self._clock.now()
        if issued.expiration <= now or not _may_last(form.get("SessionDuration", "")):
            return _refused("Invalid credentials parameter")
        request.state.who = issued.session_name
        made = secrets.token_urlsafe(TOKEN_BYTES)
        self._tokens[made] = (issued, now + TOKEN_LASTS)
        return JSONResponse({"SigninToken": made})

    def _login(self, request: Request, form: dict[str, str]) -> Response:
        issued, ends = self._tokens.get(form.get("SigninToken", ""), (None, self._clock.now()))
        if issued is None or ends <= self._clock.now():
            return _refused("The sign-in token isn't known, or its 15 minutes are over.")
        if not form.get("Destination", "").startswith("https://"):
            return _refused("Destination is no https URL.")
        request.state.who = issued.session_name
        return page(
            "Signed in to the AWS console",
            f"<p>Role <code>{escape(issued.arn)}</code></p>"
            + paragraph(f"Destination: {form['Destination']}")
            + paragraph(f"Issuer: {form.get('Issuer', '')}"),
        )


def federation_routes(federation: Federation) -> list[BaseRoute]:
    """Return the route."""
    return [Route(PATH, federation.answer, methods=["GET", "POST"])]


def _may_last(seconds: str) -> bool:
    """Tell whether a console may be open for so long: 15 minutes to 12 hours, or what AWS chooses."""
    return not seconds or (
        seconds.isascii() and seconds.isdigit() and SHORTEST_S <= int(seconds) <= LONGEST_S
    )


def _refused(text: str) -> Response:
    return page("Bad request", paragraph(text), status=BAD_REQUEST)
