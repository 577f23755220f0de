"""Steering the simulator, and the page on which a request is decided."""

import contextlib
from datetime import timedelta

import httpx
import pytest

from cone_sidecar.simulator.app import build_simulator
from cone_sidecar.simulator.scenario import load_scenario


@contextlib.asynccontextmanager
async def simulator():
    """Give the built-in scenario's simulator and a client of it, in this process."""
    built = build_simulator(load_scenario())
    transport = httpx.ASGITransport(app=built.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sim") as client:
        yield built, client


def request_staging_admin(built):
    """Open a task that waits for an approval."""
    world = built.world
    entitlement = next(
        each
        for each in world.entitlements.values()
        if (each.account.name, each.role_name) == ("Staging", "Admin")
    )
    user = world.first_user
    task = world.new_task(
        user_id=user.id,
        created_by=user.id,
        entitlement=entitlement,
        description="<b>because</b>",
        duration=timedelta(hours=1),
    )
    task.looks = 2
    world.settle(task)
    return task


async def test_an_approver_decides_on_the_task_page():
    """The page shows the request, escaped, and its form grants it."""
    async with simulator() as (built, client):
        task = request_staging_admin(built)
        shown = await client.get(f"/task/{task.number}")
        assert "&lt;b&gt;because" in shown.text
        assert "<b>because" not in shown.text
        foreign = await client.post(
            f"/task/{task.number}",
            data={"decision": "approve"},
            headers={"origin": "https://evil.example"},
        )
        assert foreign.status_code == 403
        decided = await client.post(f"/task/{task.number}", data={"decision": "approve"})
        assert "granted" in decided.text
        assert (
            await client.post(f"/task/{task.number}", data={"decision": "deny"})
        ).status_code == 409
        assert (await client.get("/task/1")).status_code == 404
        assert built.world.may_assume(task.user_id, "100000000002", "Admin")


@pytest.mark.parametrize(
    ("decision", "outcome"), [("approve", "GRANTED"), ("deny", "DENIED"), ("cancel", "CANCELLED")]
)
async def test_a_task_is_decided_through_the_control(decision, outcome):
    """Each decision ends the task; a second one comes too late."""
    async with simulator() as (built, client):
        task = request_staging_admin(built)
        path = f"/_simulator/tasks/{task.number}/{decision}"
        assert (await client.post(path)).status_code == 200
        assert task.outcome.value == outcome
        late = await client.post(path)
        assert late.status_code == 409
        assert late.json() == {"error": "task is closed"}


@pytest.mark.parametrize(
    ("path", "body", "status", "text"),
    [
        ("tasks/77/approve", None, 404, "no task 77"),
        ("tasks/77/bless", None, 404, "not found"),
        ("device/NONE/confirm", None, 404, "no device waits"),
        ("device/NONE/confirm", {"email": "x@y"}, 404, "no user x@y"),
        ("device/NONE/confirm", {"emial": "x@y"}, 400, "did you mean 'email'?"),
        ("grants/revoke", {"account": "Production"}, 400, "'permission_set' is needed"),
        ("grants/revoke", {"account": "Mars", "permission_set": "Admin"}, 404, "no account Mars"),
        ("grants/revoke", {"account": "Production", "permission_set": "X"}, 404, "no grant of X"),
        ("accounts/rename", {"account": "Mars", "name": "Venus"}, 404, "no account Mars"),
        ("accounts/rename", {"account": "Production"}, 400, "'name' is needed"),
        ("catalogue/remove", {"account": "Production", "permission_set": "X"}, 404, "X there"),
        ("clock/advance", {}, 400, "'seconds' is needed"),
        ("clock/advance", {"seconds": -1}, 400, "'seconds' takes"),
        ("sessions/expire", {"kind": "some"}, 400, "'access' or 'all'"),
        ("faults", [], 400, "not a JSON object"),
    ],
)
async def test_what_cannot_be_done_is_told(path, body, status, text):
    """A refusal says what is wrong, as JSON, and isn't in the journal."""
    async with simulator() as (built, client):
        answer = await client.post(f"/_simulator/{path}", json=body)
        assert answer.status_code == status
        assert text in answer.json()["error"]
        assert built.journal.entries == ()


async def test_the_clock_is_moved():
    """Time goes forward by a number of seconds or by a duration."""
    async with simulator() as (built, client):
        before = built.world.clock.now()
        for seconds in (60, "1h"):
            assert (
                await client.post("/_simulator/clock/advance", json={"seconds": seconds})
            ).is_success
        assert built.world.clock.now() - before >= timedelta(seconds=3660)


async def test_unanswered_paths_are_refused_in_the_service_s_words():
    """A wrong method at the portal and a wrong path of the tenant get each service's own error."""
    async with simulator() as (_, client):
        portal = await client.post("/federation/credentials")
        assert portal.status_code == 405
        assert portal.headers["x-amzn-errortype"].startswith("MethodNotAllowedException:")
        tenant = await client.get("/api/v1/nothing")
        assert tenant.status_code == 404
        assert tenant.json() == {"code": 5, "message": "Not Found", "details": []}
