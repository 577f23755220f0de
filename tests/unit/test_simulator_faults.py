"""Faults as clients meet them, over real connections."""

import asyncio
import json

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from cone_sidecar.clock import SystemClock
from cone_sidecar.simulator.control_body import ControlRefused
from cone_sidecar.simulator.fault_form import parse_fault
from cone_sidecar.simulator.faults import FaultMiddleware, Faults
from cone_sidecar.simulator.journal import Journal, JournalMiddleware
from cone_sidecar.simulator.server import serving

CREDENTIALS = "/federation/credentials"
TASK = "/api/v1/tasks/1"
DOCUMENT = {"text": "x" * 200}


def stack():
    """Build the two middlewares over an application that always answers."""

    async def answer(_request):
        return JSONResponse(DOCUMENT)

    app = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])
    journal, faults = Journal(), Faults()
    clock = SystemClock()
    return (
        JournalMiddleware(FaultMiddleware(app, faults, clock, 0.0), journal, clock),
        journal,
        faults,
    )


async def answers(fault, *paths, method="GET"):
    """Serve with one fault in force; return what happens to a request for each path."""
    app, journal, faults = stack()
    faults.add(parse_fault(fault))
    results = []
    async with serving(app) as url, httpx.AsyncClient(base_url=url, timeout=5) as client:
        for path in paths:
            try:
                results.append(await client.request(method, path))
            except httpx.HTTPError as error:
                results.append(error)
    return results, journal


async def test_a_status_is_written_as_the_portal_writes_it():
    """A 429 with Retry-After carries the portal's error type; the count ends it."""
    fault = {"operation": "GetRoleCredentials", "retry_after": 3, "count": 1}
    (limited, fine), journal = await answers(fault, CREDENTIALS, CREDENTIALS)
    assert limited.status_code == 429
    assert limited.headers["retry-after"] == "3"
    assert limited.headers["x-amzn-errortype"].startswith("TooManyRequestsException:")
    assert limited.json()["__type"].endswith("#TooManyRequestsException")
    assert fine.json() == DOCUMENT
    assert [entry.status for entry in journal.entries] == [429, 200]
    assert [entry.fault for entry in journal.entries] == ["429", ""]


async def test_a_status_is_written_as_conductorone_writes_it():
    """A 503 of the tenant is a google.rpc status."""
    (broken,), _ = await answers({"operation": "TaskService.*", "status": 503}, TASK)
    assert broken.status_code == 503
    assert broken.json()["code"] == 14
    assert broken.json()["details"] == []


async def test_a_fault_leaves_other_operations_alone():
    """Only the named operation fails."""
    (fine,), _ = await answers({"operation": "GetRoleCredentials", "status": 500}, TASK)
    assert fine.status_code == 200


async def test_a_reset_is_a_reset():
    """The client sees its connection reset, and the journal no status."""
    (error, fine), journal = await answers(
        {"operation": "GetRoleCredentials", "reset": True, "count": 1}, CREDENTIALS, CREDENTIALS
    )
    assert isinstance(error, httpx.ReadError)
    assert fine.status_code == 200
    assert journal.entries[0].status is None
    assert journal.entries[0].finished is not None


async def test_a_truncated_body_is_noticed():
    """A body ends before the length that was promised."""
    (error,), _ = await answers({"operation": "*", "truncate": True}, CREDENTIALS)
    assert isinstance(error, httpx.RemoteProtocolError)


async def test_a_web_page_comes_with_200():
    """A proxy's or a web application's page in place of JSON."""
    (answer,), _ = await answers({"operation": "*", "html": True}, CREDENTIALS)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")


async def test_a_hung_request_ends_when_the_client_goes():
    """A hang lasts as long as the client waits, and holds up nobody else."""
    app, journal, faults = stack()
    faults.add(parse_fault({"operation": "GetRoleCredentials", "hang": True}))
    async with serving(app) as url, httpx.AsyncClient(base_url=url) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.get(CREDENTIALS, timeout=httpx.Timeout(5, read=0.1))
        assert (await client.get(TASK)).status_code == 200
        entry = journal.entries[0]
        async with asyncio.timeout(5):
            while entry.finished is None:
                await asyncio.sleep(0)
    assert entry.status is None


async def test_latency_comes_before_the_effect(clock):
    """Latency passes on the injected clock, then the status is answered."""
    app = Starlette()
    faults = Faults()
    faults.add(parse_fault({"operation": "*", "latency": "2s", "status": 500}))
    transport = httpx.ASGITransport(app=FaultMiddleware(app, faults, clock, 0.5))
    async with httpx.AsyncClient(transport=transport, base_url="http://sim") as client:
        assert (await client.get(CREDENTIALS)).status_code == 500
    assert clock.slept == [0.5, 2.0]


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ({}, "'operation' is needed"),
        ({"operation": "GetRoleCredential", "status": 500}, "no operation is called"),
        ({"operation": "*"}, "needs latency"),
        ({"operation": "*", "status": 500, "reset": True}, "one effect"),
        ({"operation": "*", "status": 99}, "200 to 599"),
        ({"operation": "*", "status": "500"}, "whole number"),
        ({"operation": "*", "latency": "fast"}, "duration"),
        ({"operation": "*", "latency": -1}, "duration"),
        ({"operation": "*", "reset": "yes"}, "true or false"),
        ({"operation": "*", "hang": True, "count": 0}, "whole number"),
        ({"operation": "*", "hang": True, "body": "x"}, "goes with 'status'"),
    ],
)
def test_a_wrong_fault_is_refused(fault, text):
    """What can't be meant is told, and nothing is put in force."""
    with pytest.raises(ControlRefused, match=text):
        parse_fault(json.loads(json.dumps(fault)))
