"""Who we are to a tenant, said by files that are replaced: secrets, access tokens, workloads' tokens."""

import contextlib
import logging

import httpx
import pytest

from cone_sidecar.clock import SystemClock
from cone_sidecar.connections import AdapterConnections, TenantFlags
from cone_sidecar.errors import ConfigurationError, LoginRequired
from fakes.subject_token import subject_token
from fakes.tenant_client import HOST, tenant

URL = f"https://{HOST}"
TRUST = "workload@acme.conductor.one/wfe"


@contextlib.asynccontextmanager
async def connected(client, home, environment):
    """Give connections that reach the simulated tenant alone."""
    connections = AdapterConnections(
        environment={"HOME": str(home), **environment},
        flags=TenantFlags(),
        clock=SystemClock(),
        source="cone:serve",
    )
    connections._client = httpx.AsyncClient(transport=httpx.ASGITransport(app=client.simulator.app))
    try:
        yield connections
    finally:
        await connections.aclose()


async def granted(connections):
    """Call the tenant, and tell that it knows us."""
    await connections.tenant_named().permission_sets()
    return True


def exchanges(client):
    """Return the statuses of the token endpoint's answers."""
    entries = client.simulator.journal.entries
    return [entry.status for entry in entries if entry.path == "/auth/v1/token"]


def lapse(client):
    """End all access tokens that the tenant has issued."""
    client.world.clock.advance(7200)


async def test_a_workload_token_is_read_at_each_exchange(tmp_path, caplog):
    """The first token has ended when the bearer is refused: the one on disk is exchanged, and told of."""
    path = tmp_path / "token"
    path.write_text(subject_token(HOST))
    environment = {"CONDUCTORONE_CLIENT_ID": TRUST, "CONDUCTORONE_OIDC_TOKEN_FILE": str(path)}
    async with tenant() as client, connected(client, tmp_path, environment) as connections:
        before = connections.tenant_named()
        assert await granted(connections)
        path.write_text(subject_token(HOST, expires_in=-60))
        lapse(client)
        with pytest.raises(LoginRequired, match="refuses the workload's OIDC token") as refused:
            await granted(connections)
        assert "claims" in refused.value.hint
        path.write_text(subject_token(HOST, subject="replaced"))
        with caplog.at_level(logging.INFO):
            assert await granted(connections)
        assert f"sub replaced, aud {HOST}, iat 20" in caplog.text
        assert connections.tenant_named() is before
        assert exchanges(client) == [200, 400, 200]
        cache = tmp_path / ".cache" / "cone-sidecar"
        assert len(list(cache.glob("access-token-*.json"))) == 1


async def test_a_replaced_access_token_is_used_at_the_next_call(tmp_path):
    """Nobody has to notice the refusal: the call itself is sent again with what the file holds by then."""
    path = tmp_path / "token"
    async with tenant() as client:
        path.write_text(await client.bearer(client.me))
        environment = {
            "CONDUCTORONE_ACCESS_TOKEN_FILE": str(path),
            "CONDUCTORONE_SERVER_URL": URL,
        }
        async with connected(client, tmp_path, environment) as connections:
            before = connections.tenant_named()
            assert await granted(connections)
            client.advance(7200)
            path.write_text(await client.bearer(client.me))
            assert await granted(connections)
            assert connections.tenant_named() is before
            path.write_text("another")
            with pytest.raises(LoginRequired) as refused:
                await granted(connections)
            assert "CONDUCTORONE_ACCESS_TOKEN" in refused.value.hint


async def test_a_replaced_client_secret_counts_without_a_restart(tmp_path):
    """A wrong secret is refused; the right one, written over it, is not."""
    path, id_path = tmp_path / "secret", tmp_path / "id"
    async with tenant() as client:
        id_path.write_text(client.me.client_id + "\n")
        path.write_text("secret-token:conductorone.com:v1:none")
        environment = {"CONE_CLIENT_ID_FILE": str(id_path), "CONE_CLIENT_SECRET_FILE": str(path)}
        async with connected(client, tmp_path, environment) as connections:
            with pytest.raises(LoginRequired, match="invalid client secret") as refused:
                await granted(connections)
            assert refused.value.hint.startswith("correct CONE_CLIENT_SECRET_FILE and")
            path.write_text(client.me.client_secret.reveal() + "\n")
            assert await granted(connections)
            # While it is being written, there is nothing new to go by.
            path.write_text("")
            assert await granted(connections)


async def test_a_saved_login_is_made_anew_and_a_stated_secret_is_corrected(tmp_path):
    """A tenant that refuses a client: `cone login` where the client is a saved one, else what states it."""
    async with tenant() as client:
        config = tmp_path / ".conductorone" / "config.yaml"
        config.parent.mkdir()
        secret = client.me.client_secret.reveal()
        login = f"{{client-id: unheard-of@{HOST}/pcc, client-secret: '{secret}'}}"
        config.write_text(f"profiles: {{default: {login}}}\n")
        stated = {
            "CONDUCTORONE_CLIENT_ID": f"other@{HOST}/pcc",
            "CONDUCTORONE_CLIENT_SECRET": secret,
        }
        hints = []
        for environment in ({}, stated):
            async with connected(client, tmp_path, environment) as connections:
                with pytest.raises(LoginRequired, match="refuses") as refused:
                    await granted(connections)
                hints.append(refused.value.hint)
    assert hints == [
        "cone login <tenant>",
        "correct CONDUCTORONE_CLIENT_SECRET and the client id, or unset both: cone login <tenant>",
    ]


async def test_a_secret_that_is_not_there(tmp_path):
    """Whoever needs it is told which file is missing, and which variable names it."""
    path = tmp_path / "none"
    environment = {
        "CONE_CLIENT_ID": "x@acme.conductor.one/pcc",
        "CONE_CLIENT_SECRET_FILE": str(path),
    }
    async with tenant() as client, connected(client, tmp_path, environment) as connections:
        with pytest.raises(ConfigurationError) as refused:
            connections.tenant_named()
    assert refused.value.message == (
        f"{path} (CONE_CLIENT_SECRET_FILE) can't be read: no such file or directory"
    )


async def test_a_flag_and_a_variable_of_higher_rank_win(tmp_path):
    """CONE_… wins over CONDUCTORONE_…, whether it is said by a file or not."""
    (tmp_path / "one").write_text("one@acme.conductor.one/pcc")
    environment = {
        "CONE_CLIENT_ID_FILE": str(tmp_path / "one"),
        "CONDUCTORONE_CLIENT_ID": "two@acme.conductor.one/pcc",
    }
    async with tenant() as client, connected(client, tmp_path, environment) as connections:
        assert connections.tenant_settings("default").client_id == "one@acme.conductor.one/pcc"
