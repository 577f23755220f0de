"""A sidecar and the simulator that it calls, in this process and on one clock."""

import asyncio
import contextlib

import httpx
import pytest

from cone_sidecar.authorization_tokens import AuthorizationTokens
from cone_sidecar.connections import AdapterConnections, TenantFlags
from cone_sidecar.domain.profile import DEFAULT_TERMS, EntitlementRef, Profile, SsoSession
from cone_sidecar.errors import ProfileNotFound
from cone_sidecar.secret import Secret
from cone_sidecar.server import ListenAddress
from cone_sidecar.sidecar import Sidecar
from cone_sidecar.simulator.app import build_simulator
from cone_sidecar.simulator.scenario import load_scenario

ADDRESS = ListenAddress("127.0.0.1", 9911)
MANAGEMENT = ListenAddress("127.0.0.1", 9912)
TOKEN = "t" * 32
MANAGEMENT_SECRET = "m" * 32
UPSTREAM = "http://127.0.0.1:9920"
SESSION = SsoSession("cone-sso", "https://acme.awsapps.com/start", "us-east-1")
# Of the simulator's operations, those of ConductorOne have a dot in their names.
CONDUCTORONE = "*.*"
LIMIT_S = 30
MOMENT_S = 0.01


class WorldProfiles:
    """A profile for each permission set of a simulated world, named account-role."""

    def __init__(self, world, terms):
        self._profiles = {
            profile.name: profile
            for each in world.entitlements.values()
            for profile in [
                Profile(
                    name=f"{each.account.name}-{each.role_name}".lower(),
                    entitlement=EntitlementRef(world.app_id, each.id),
                    account_id=each.account.id,
                    role_name=each.role_name,
                    session=SESSION,
                    terms=terms,
                )
            ]
        }

    def known(self, name):
        return self._profiles.get(name)

    async def profiles(self):
        return list(self._profiles.values())

    async def profile(self, name):
        if name not in self._profiles:
            raise ProfileNotFound(f"no {name}")
        return self._profiles[name]


class SimulatedSidecar:
    """A home, a simulator, and a sidecar that can be restarted."""

    def __init__(self, home, clock, scenario, *, terms=DEFAULT_TERMS, **options):
        path = home / "scenario.yaml"
        path.write_text(scenario)
        self.clock = clock
        self.home = home
        self.simulator = simulator_on(path, clock)
        self.terms = terms
        self.options = options
        self.events = []
        self.phases = {}
        self._moved_on = asyncio.Event()
        self.sidecar = None
        me = self.simulator.world.first_user
        self.environment = {
            "HOME": str(home),
            "CONE_CLIENT_ID": me.client_id,
            "CONE_CLIENT_SECRET": me.client_secret.reveal(),
            "CONE_API_ENDPOINT": UPSTREAM,
            "AWS_ENDPOINT_URL_SSO": UPSTREAM,
            "AWS_ENDPOINT_URL_SSO_OIDC": UPSTREAM,
        }
        self._upstream = httpx.ASGITransport(app=self.simulator.app)

    @contextlib.asynccontextmanager
    async def running(self):
        """Run a sidecar inside the block; it forgets what it kept in memory."""
        connections = AdapterConnections(
            environment=self.environment, flags=TenantFlags(), clock=self.clock, source="cone:serve"
        )
        connections._client = httpx.AsyncClient(transport=self._upstream)
        self.sidecar = Sidecar(
            connections=connections,
            profiles=WorldProfiles(self.simulator.world, self.terms),
            tokens=AuthorizationTokens(Secret(TOKEN), clock=self.clock),
            management_secret=Secret(MANAGEMENT_SECRET),
            clock=self.clock,
            **self.options,
        )
        self.phases.clear()
        self.sidecar.events.listen(self._hear)
        credentials = self.sidecar.credentials_app()
        management = self.sidecar.management_app(loopback=True)
        async with (
            client_of(credentials, ADDRESS) as self.sdk,
            client_of(management, MANAGEMENT) as self.person,
        ):
            keeping = asyncio.create_task(self.sidecar.run())
            try:
                yield self
            finally:
                running = [flight._running for flight in self.sidecar.broker.flights()]
                keeping.cancel()
                await self.sidecar.broker.close()
                await asyncio.wait({keeping, *filter(None, running)})
                await connections.aclose()

    async def ask(self, profile):
        """Ask as a Go program does, which waits; returns status and body."""
        headers = {
            "Authorization": TOKEN,
            "User-Agent": "Go-http-client/1.1",
            "Accept": "application/json",
        }
        async with asyncio.timeout(LIMIT_S):
            answer = await self.sdk.get(f"/credentials/{profile}", headers=headers)
        return answer.status_code, answer.json()

    async def ask_while_time_passes(self, profile):
        """Ask, and let a second of virtual time pass for each moment that the answer takes."""
        asking = asyncio.create_task(self.ask(profile))
        while not asking.done():
            await self.clock.pass_time(1)
            await asyncio.wait({asking}, timeout=MOMENT_S)
        return asking.result()

    def _hear(self, event):
        self.events.append(event)
        self.phases[event.profile] = event.state.phase
        self._moved_on.set()

    async def state(self, profile):
        """Return where the profile stands, as the management listener tells a person."""
        return (await self.person.get("/status")).json()["profiles"][profile]

    async def arrival(self, profile, phase):
        """Wait until the profile's story is at ``phase``."""
        async with asyncio.timeout(LIMIT_S):
            while self.phases.get(profile) != phase:
                await self._moved_on.wait()
                self._moved_on.clear()

    async def control(self, method, path, body=None):
        """Steer the simulator."""
        async with httpx.AsyncClient(transport=self._upstream, base_url=UPSTREAM) as client:
            answer = await client.request(method, f"/_simulator{path}", json=body)
        assert answer.is_success, answer.text

    async def break_down(self, operation, *, status=503):
        """Answer all requests for ``operation`` with an error."""
        await self.control("POST", "/faults", {"operation": operation, "status": status})

    async def mend(self):
        """Let everything work again."""
        await self.control("DELETE", "/faults")

    def statuses(self, operation):
        """Return the statuses of the requests for one operation since the journal was emptied."""
        return [
            entry.status for entry in self.simulator.journal.entries if entry.operation == operation
        ]

    def forget_requests(self):
        """Empty the journal."""
        self.simulator.journal.clear()


def simulator_on(scenario, clock):
    """Build a simulator whose clients are on its clock as well: what they sign is judged by it."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("oauth", "app"):
            patch.setattr(f"cone_sidecar.simulator.{module}.SystemClock", lambda: clock)
        return build_simulator(load_scenario(scenario), auto_confirm=True, clock=clock)


@contextlib.asynccontextmanager
async def client_of(app, address):
    """Give a client of an application that listens at ``address``."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=address.url) as client:
        yield client
