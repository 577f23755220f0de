"""A client of the simulated tenant, in this process: each answer is held to the OpenAPI document."""

import contextlib
import json
import re

import httpx

from cone_sidecar.clock import SystemClock
from cone_sidecar.conductorone.client_assertion import sign_client_assertion
from cone_sidecar.simulator.app import build_simulator
from cone_sidecar.simulator.scenario import load_scenario
from fakes.openapi import OpenApi

HOST = "acme.conductor.one"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
REQUEST_ID = re.compile(r".+ \(request-id: \w+\)")
OPENAPI = OpenApi()


class TenantClient:
    """Call the API as one of the people, and judge what comes back."""

    def __init__(self, simulator, http):
        self.simulator = simulator
        self.world = simulator.world
        self.http = http
        self.me = self.world.first_user
        self.bearers = {}
        self.seen = set()

    async def token(self, **form):
        """Ask the token endpoint."""
        return await self.http.post("/auth/v1/token", data=form)

    def assertion(self, user=None, **changes):
        """Sign what the token endpoint wants to see."""
        user = user or self.me
        now = changes.pop("now", None) or SystemClock().now()
        audience = changes.pop("audience", HOST)
        return {
            "grant_type": "client_credentials",
            "client_id": user.client_id,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": sign_client_assertion(
                user.client_id, user.client_secret, audience, now
            ),
        } | changes

    async def bearer(self, user):
        """Return an access token of the person."""
        if user.id not in self.bearers:
            answer = await self.token(**self.assertion(user))
            self.bearers[user.id] = answer.json()["access_token"]
        return self.bearers[user.id]

    async def call(self, method, path, body=None, *, user=None, bearer=None):
        """Call, expect success, and return what was answered."""
        answer = await self.send(method, path, body, user=user, bearer=bearer)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refused(self, method, path, body=None, *, user=None, bearer=None):
        """Call, expect a refusal, and return its status and its google.rpc.Status."""
        answer = await self.send(method, path, body, user=user, bearer=bearer)
        content = answer.json()
        assert set(content) == {"code", "message", "details"}, content
        assert isinstance(content["code"], int)
        assert isinstance(content["details"], list)
        assert REQUEST_ID.fullmatch(content["message"]), content
        content["message"] = content["message"].rpartition(" (request-id")[0]
        return answer.status_code, content

    async def send(self, method, path, body=None, *, user=None, bearer=None):
        """Call, and hold a success to the document."""
        token = bearer or await self.bearer(user or self.me)
        content = None if body is None else json.dumps(body)
        answer = await self.http.request(
            method,
            path,
            content=content,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        assert answer.headers["content-type"] == "application/json"
        operation = OPENAPI.operation(method, path)
        if operation and answer.status_code == 200:
            self.seen.add(operation["operationId"])
            assert list(OPENAPI.faults(operation, answer.json())) == []
        return answer

    def advance(self, seconds):
        """Move the time forward, and sign in anew: bearers end too."""
        self.world.clock.advance(seconds)
        self.bearers.clear()

    def entitlement(self, account, role):
        """Return what the scenario calls so."""
        return next(
            each
            for each in self.world.entitlements.values()
            if (each.account.name, each.role_name) == (account, role)
        )

    async def request(self, account, role, *, user=None, **changes):
        """Ask for access; returns the task."""
        body = self.grant_body(account, role, user=user) | changes
        answer = await self.call("POST", "/api/v1/task/grant", body, user=user)
        return answer["taskView"]["task"]

    def grant_body(self, account, role, *, user=None):
        """Return the body of a request for access."""
        return {
            "appId": self.world.app_id,
            "appEntitlementId": self.entitlement(account, role).id,
            "identityUserId": (user or self.me).id,
            "description": "because",
        }

    async def look(self, task, *, user=None):
        """Read the task anew."""
        answer = await self.call("GET", f"/api/v1/tasks/{task['id']}", user=user)
        return answer["taskView"]["task"]

    async def binding(self, account, role, *, user=None):
        """Return the person's binding, granted or not."""
        entitlement, person = self.entitlement(account, role), user or self.me
        path = f"/api/v1/apps/{self.world.app_id}/entitlements/{entitlement.id}"
        answer = await self.call("GET", f"{path}/users/{person.id}/grants", user=user)
        return answer["bindings"][0]

    async def has(self, account, role, *, user=None):
        """Tell whether ConductorOne lists the grant."""
        return (await self.binding(account, role, user=user))["appEntitlementId"] != ""


@contextlib.asynccontextmanager
async def tenant(scenario=None, tmp_path=None):
    """Give a client of a simulator with the built-in scenario, or with the YAML that is given."""
    path = None
    if scenario:
        path = tmp_path / "scenario.yaml"
        path.write_text(scenario)
    built = build_simulator(load_scenario(path))
    transport = httpx.ASGITransport(app=built.app)
    async with httpx.AsyncClient(transport=transport, base_url=f"https://{HOST}") as http:
        yield TenantClient(built, http)
