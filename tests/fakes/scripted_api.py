"""An API client whose answers a test writes down."""

import httpx

from cone_sidecar.conductorone.api_client import ApiError
from cone_sidecar.conductorone.host import TenantHost


class ScriptedApi:
    """Answer each path with what is listed for it; the last answer stays. Errors are raised."""

    host = TenantHost("https", "acme.conductor.one")

    def __init__(self, **answers):
        self.answers = {path: list(listed) for path, listed in answers.items()}
        self.sent = []

    async def get(self, path):
        return self._answer("GET", path, None)

    async def put(self, path, body):
        return self._answer("PUT", path, body)

    async def search(self, path, body):
        return self._answer("POST", path, body)

    async def post(self, path, body):
        return self._answer("POST", path, body)

    def _answer(self, method, path, body):
        self.sent.append((method, path, body))
        listed = self.answers.get(path) or [refusal(404, "not found")]
        answer = listed.pop(0) if len(listed) > 1 else listed[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def refusal(status, message=""):
    """Return the API's refusal."""
    return ApiError(httpx.Response(status, json={"code": 9, "message": message, "details": []}))
