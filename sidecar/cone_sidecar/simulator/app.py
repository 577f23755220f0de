"""The simulator: one application that is a tenant, an Identity Center and an STS on the wire."""

import logging
import os
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from cone_sidecar.clock import SystemClock, seconds
from cone_sidecar.simulator.authorization_codes import AuthorizationCodes
from cone_sidecar.simulator.authorize_page import AuthorizePage, authorize_routes
from cone_sidecar.simulator.client_registration import ClientRegistry
from cone_sidecar.simulator.control import Control, control_routes
from cone_sidecar.simulator.device_page import DevicePage, device_routes
from cone_sidecar.simulator.faults import FaultMiddleware, Faults
from cone_sidecar.simulator.federation import Federation, federation_routes
from cone_sidecar.simulator.front_page import FrontPage, front_routes
from cone_sidecar.simulator.journal import CONTROL_PREFIX, Journal, JournalMiddleware
from cone_sidecar.simulator.oidc import OidcService, oidc_routes
from cone_sidecar.simulator.operations import service_of
from cone_sidecar.simulator.portal import Portal, portal_routes
from cone_sidecar.simulator.role_credentials import RoleCredentialsRegister
from cone_sidecar.simulator.scenario_values import Scenario
from cone_sidecar.simulator.service_errors import service_error
from cone_sidecar.simulator.simulated_clock import SimulatedClock
from cone_sidecar.simulator.sso_sessions import SsoSessions
from cone_sidecar.simulator.sts import SecurityTokenService, sts_routes
from cone_sidecar.simulator.task_page import TaskPage, task_routes
from cone_sidecar.simulator.tenant import tenant_routes
from cone_sidecar.simulator.world import World

INTERNAL_ERROR = 500
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Simulator:
    """A simulator: what to serve, and what steers it within this process."""

    app: ASGIApp
    world: World
    journal: Journal
    faults: Faults
    routes: tuple[BaseRoute, ...]


def build_simulator(
    scenario: Scenario, *, auto_confirm: bool = False, clock: SimulatedClock | None = None
) -> Simulator:
    """Build a simulator of ``scenario``; ``auto_confirm`` allows each sign-in at once."""
    clock = clock or SimulatedClock()
    world = World(scenario, clock)
    devices = world.device_authorizations
    devices.auto_confirm = auto_confirm
    journal, faults = Journal(), Faults()
    sessions = SsoSessions(
        clock,
        access_token=seconds(world.lifetimes.access_token),
        refresh_token=seconds(world.lifetimes.refresh_token),
    )
    credentials = RoleCredentialsRegister(clock, seconds(world.lifetimes.role_credentials))
    codes = AuthorizationCodes(clock)
    clients = ClientRegistry(clock, scenario.tenant)
    sts = SecurityTokenService(credentials, clock=clock, wall_clock=SystemClock())
    oidc = OidcService(world, clients, devices, codes, sessions, clock)
    routes: list[BaseRoute] = [
        *oidc_routes(oidc),
        *portal_routes(Portal(world, sessions, credentials)),
        *sts_routes(sts),
        *federation_routes(Federation(credentials, clock)),
        *device_routes(DevicePage(world, devices)),
        *authorize_routes(AuthorizePage(world, codes, auto_confirm=auto_confirm)),
        *task_routes(TaskPage(world)),
        *control_routes(Control(world, journal, faults, devices, sessions)),
        *front_routes(FrontPage(world, sts)),
        *tenant_routes(world),
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _refuse, Exception: _own_up})
    app.router.redirect_slashes = False
    faulty = FaultMiddleware(app, faults, clock, scenario.lags.latency)
    journaled = JournalMiddleware(faulty, journal, clock)
    return Simulator(journaled, world, journal, faults, tuple(routes))


async def _refuse(request: Request, error: Exception) -> Response:
    """Answer what no route answers, in the words of the service whose path it is."""
    if not isinstance(error, HTTPException):
        raise error
    path = request.url.path
    if path.startswith(CONTROL_PREFIX):
        return JSONResponse({"error": error.detail.lower()}, status_code=error.status_code)
    response = service_error(service_of(path), error.status_code, error.detail)
    if error.headers:
        response.headers.update(error.headers)
    return response


async def _own_up(request: Request, error: Exception) -> Response:
    """Answer a fault of our own, and tell of it in one line; CONE_TRACEBACK=1 tells the rest."""
    name = type(error).__name__
    wanted = bool(os.environ.get("CONE_TRACEBACK"))
    _log.error(
        "cone: error: internal error at %s %s (%s)",
        request.method,
        request.url.path,
        name,
        exc_info=error if wanted else None,
    )
    service = service_of(request.url.path)
    return service_error(service, INTERNAL_ERROR, f"internal error of the simulator ({name})")
