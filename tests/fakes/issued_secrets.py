"""What secrets pass over a simulator's wire, so that a test can look for them elsewhere."""

import json
import re
import urllib.parse

# The fields of all services' bodies that hold a secret, whichever way a service spells them.
SECRET_FIELDS = {
    "accesstoken",
    "clientassertion",
    "clientsecret",
    "devicecode",
    "idtoken",
    "refreshtoken",
    "secretaccesskey",
    "sessiontoken",
}
SECRET_HEADERS = {b"authorization", b"x-amz-sso_bearer_token", b"x-amz-security-token"}


class IssuedSecrets:
    """Stand around an ASGI application and collect what must not be seen anywhere else."""

    def __init__(self):
        self.by_kind = {}

    def add(self, kind, value):
        """Know ``value`` as a secret."""
        if isinstance(value, str) and len(value) >= 8:
            self.by_kind.setdefault(kind, set()).add(value)

    def all(self):
        """Return every secret, as it is and as it stands in a URL."""
        found = set().union(*self.by_kind.values())
        return found | {urllib.parse.quote(secret, safe="") for secret in found}

    def within(self, text):
        """Return the kinds of the secrets that ``text`` holds."""
        return sorted(
            kind
            for kind, values in self.by_kind.items()
            if any(value in text or urllib.parse.quote(value, safe="") in text for value in values)
        )

    def around(self, app):
        """Return ``app`` with its traffic looked into."""

        async def watched(scope, receive, send):
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            asked, answered = bytearray(), bytearray()

            async def receive_watched():
                message = await receive()
                asked.extend(message.get("body", b""))
                return message

            async def send_watched(message):
                answered.extend(message.get("body", b""))
                await send(message)

            try:
                await app(scope, receive_watched, send_watched)
            finally:
                self._headers(scope["headers"])
                for body in (asked, answered):
                    self._body(body.decode("utf-8", "replace"))

        return watched

    def _headers(self, headers):
        for name, value in headers:
            if name in SECRET_HEADERS and not value.startswith(b"AWS4-"):
                self.add(name.decode(), value.decode("latin-1").removeprefix("Bearer "))

    def _body(self, text):
        try:
            self._walk(json.loads(text))
        except ValueError:
            for key, values in urllib.parse.parse_qs(text).items():
                self._field(key, values[0])

    def _walk(self, value):
        if isinstance(value, dict):
            for key, inner in value.items():
                self._field(key, inner)
                self._walk(inner)
        elif isinstance(value, list):
            for inner in value:
                self._walk(inner)

    def _field(self, key, value):
        if re.sub("[_-]", "", key).lower() in SECRET_FIELDS:
            self.add(key, value)
