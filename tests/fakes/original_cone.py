"""The original ``cone`` as a tenant sees it: what it asks, and what it takes of answers (reference §1–6)."""

import json
import re
from pathlib import Path

import httpx

from cone_sidecar.clock import SystemClock
from cone_sidecar.conductorone.client_assertion import sign_client_assertion
from cone_sidecar.secret import Secret

CLIENT_ID = "2RGdOS94VDferT9e80mdgntl36K"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept-Encoding": "gzip"}
# Any other type that an answer has expanded fails its search.
EXPANDED = frozenset({"App", "AppResource", "AppResourceType"})
INDEX = re.compile(r"\$\.expanded\[(\d+)\]")


class OriginalRefuses(AssertionError):
    """The original would end here."""


class OriginalCone:
    """Ask the tenant that ``http`` leads to."""

    def __init__(self, http, client_id="", client_secret=""):
        self.host = http.base_url.netloc.decode()
        self._client_id, self._client_secret = client_id, Secret(client_secret)
        self._http = http
        self._bearer = ""

    def start_login(self):
        """Ask for a device code; every field that it reads must be there."""
        answer = self._form("/auth/v1/device_authorization", {"client_id": CLIENT_ID})
        started = answer.json()
        if answer.status_code != httpx.codes.OK or not started["verification_uri_complete"]:
            raise OriginalRefuses(answer.text)
        assert isinstance(started["expires_in"], int)
        assert isinstance(started["interval"], int)
        return started

    def poll(self, device_code):
        """Poll once; returns the access token, empty while nobody has confirmed."""
        answer = self._form(
            "/auth/v1/token",
            {"client_id": CLIENT_ID, "device_code": device_code, "grant_type": DEVICE_GRANT},
        )
        told = answer.json()
        if told.get("error") == "authorization_pending":
            return ""
        if answer.status_code != httpx.codes.OK:
            raise OriginalRefuses(answer.text)
        return told["access_token"]

    def make_client(self, access_token):
        """End a login; returns client id and secret."""
        self._bearer = access_token
        made = self.call(
            "POST", "/api/v1/iam/personal_clients", '{"display_name":"Created by Cone"}'
        )
        self._client_id = made["client"]["clientId"]
        self._client_secret, self._bearer = Secret(made["clientSecret"]), ""
        return self._client_id

    def call(self, method, path, body="", *, source="cone:aws:credentials"):
        """Call the API, the way Speakeasy's SDK reads it: 200 and JSON, or an error with its body."""
        answer = self.send(method, path, body, source=source)
        if answer.status_code != httpx.codes.OK:
            raise OriginalRefuses(f"API error occurred: Status {answer.status_code}\n{answer.text}")
        if answer.headers["content-type"].partition(";")[0] != "application/json":
            raise OriginalRefuses(
                f"unknown content-type received: {answer.headers['content-type']}"
            )
        return answer.json()

    def send(self, method, path, body="", *, source="cone:aws:credentials"):
        """Send a request, whatever the answer is."""
        self._bearer = self._bearer or self._mint()
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "Authorization": f"Bearer {self._bearer}",
            "C1-Request-Source": source,
            "User-Agent": "cone/dev speakeasy-sdk/go 1.29.0",
        } | ({"Content-Type": "application/json"} if body else {})
        return self._http.request(method, path, content=body or None, headers=headers)

    def task(self, answer):
        """Take the task out of an answer; without state or processing the original panics."""
        task = answer["taskView"]["task"]
        assert task["state"] in {"TASK_STATE_OPEN", "TASK_STATE_CLOSED"}
        assert task["processing"].startswith("TASK_PROCESSING_TYPE_")
        assert task["numericId"].isdecimal()
        return task

    def rows(self, answer):
        """Take a search's rows, with what their paths point at, by its type."""
        expanded = answer["expanded"]
        kinds = [
            item["@type"].removeprefix("type.googleapis.com/c1.api.app.v1.") for item in expanded
        ]
        if not EXPANDED.issuperset(kinds) or not isinstance(answer["list"], list):
            raise OriginalRefuses(f"unknown expanded type among {kinds}")
        for row in answer["list"]:
            view = row["entitlement"]
            found = {}
            for name in ("appPath", "appResourceTypePath", "appResourcePath"):
                if view[name]:
                    index = int(INDEX.fullmatch(view[name])[1])
                    found[kinds[index]] = expanded[index]["displayName"]
            yield view["appEntitlement"], row["appEntitlementUserBindings"], found

    def duplicate(self, error):
        """Find the open task in the text of an error, by its first brace."""
        text = str(error)
        assert "duplicate ticket found" in text
        return json.loads(text[text.index("{") :])["details"][0]["id"]

    def _mint(self):
        audience = self.host.rpartition(":")[0] or self.host
        now = SystemClock().now()
        assertion = sign_client_assertion(self._client_id, self._client_secret, audience, now)
        answer = self._form(
            "/auth/v1/token",
            {
                "client_assertion": assertion,
                "client_assertion_type": ASSERTION_TYPE,
                "client_id": self._client_id,
                "grant_type": "client_credentials",
            },
        )
        if answer.status_code != httpx.codes.OK:
            raise OriginalRefuses(f"failed to get token: {answer.status_code}")
        token = answer.json()
        assert token["token_type"] == "Bearer"
        assert isinstance(token["expires_in"], int)
        return token["access_token"]

    def _form(self, path, fields):
        return self._http.post(path, data=fields, headers=FORM)


def documented(page: Path, start: str):
    """Return the command of a page that begins with ``start``, its lines put together."""
    text = page.read_text().replace("\\\n", " ")
    return next(
        line.strip().removeprefix("$ ")
        for line in text.splitlines()
        if line.strip().removeprefix("$ ").startswith(start)
    )
