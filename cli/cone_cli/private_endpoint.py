"""A credentials endpoint for one child: on loopback, for one profile, with a token of its own."""

import argparse
import asyncio
import contextlib
import fcntl
import os
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cone_cli.asked_access import AskedAccess
from cone_cli.composition import open_connections, warm_entries
from cone_cli.container_environment import container_environment
from cone_sidecar import server
from cone_sidecar.atomic_file import make_private
from cone_sidecar.authorization_token import RANDOM_BYTES, profile_token, write_token
from cone_sidecar.authorization_tokens import AuthorizationTokens
from cone_sidecar.broker import AccessBroker
from cone_sidecar.clock import SystemClock
from cone_sidecar.domain.credentials import CHECK_VALID_FOR
from cone_sidecar.domain.profile import Profile
from cone_sidecar.errors import ConfigurationError, ProfileNotFound
from cone_sidecar.freshness import STRICT_CHECK_VALID_FOR
from cone_sidecar.justification import Justification
from cone_sidecar.profile_slugs import slug
from cone_sidecar.secret import Secret
from cone_sidecar.server import ListenAddress
from cone_sidecar.sidecar import Sidecar
from cone_sidecar.store import FileStore
from cone_sidecar.warm_file import state_directory
from cone_sidecar.web.connection_pool import ConnectionPool
from cone_sidecar.web.limited_protocol import Limits

SOURCE = "cone:aws:exec"
ANY_PORT = ListenAddress("127.0.0.1", 0)
# One child and its own children: many at a time, and still bounded.
MOST_CONNECTIONS = 256
DIRECTORY = "exec"
NAME_BYTES = 8
# One that is just being made isn't locked yet.
YOUNG_S = 60.0


@dataclass(frozen=True, slots=True)
class PrivateEndpoint:
    """The endpoint while it runs."""

    broker: AccessBroker
    profile: Profile
    url: str
    token: Secret
    token_file: Path

    def environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return what points SDKs here, and nowhere else (sdk-contract §6, rule 25)."""
        access = {
            "url": self.url,
            "slug": slug(self.profile.name),
            "region": self.profile.region,
            "token": self.token.reveal(),
            "token_file": str(self.token_file),
        }
        return container_environment(access, environment)


class OneProfile:
    """The profile that an endpoint is for, as a source of profiles; there is no other."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    def known(self, name: str) -> Profile | None:
        """Return it, if it is meant."""
        return self._profile if name == self._profile.name else None

    async def profiles(self) -> list[Profile]:
        """Return it alone."""
        return [self._profile]

    async def profile(self, name: str) -> Profile:
        """Return it; raises ProfileNotFound where another one is meant."""
        if found := self.known(name):
            return found
        raise ProfileNotFound(
            "this endpoint knows one profile", hint="cone aws exec <profile> -- <command>"
        )


@contextlib.asynccontextmanager
async def private_endpoint(
    args: argparse.Namespace, access: AskedAccess
) -> AsyncIterator[PrivateEndpoint]:
    """Serve the profile of ``access`` for the length of the block.

    Its credentials are in the files that ``cone aws credentials`` keeps, so that both begin warm.

    Raises:
        ConfigurationError: There is no free port, or the token's file can't be written.
    """
    master, profile = Secret(secrets.token_urlsafe(RANDOM_BYTES)), access.profile
    with contextlib.ExitStack() as held:
        listener = held.enter_context(server.bind(ANY_PORT, option="--listen"))
        # Only its derivation is given away: nobody can derive the token of another name from it.
        token = profile_token(master, profile.name)
        token_file = held.enter_context(_token_file(token))
        async with _sidecar(args, access, master) as sidecar:
            limits = Limits(ConnectionPool(MOST_CONNECTIONS), sidecar.refused_unread)
            serving = server.new_server(sidecar.credentials_app(), limits)
            url = server.bound(listener).url
            running = [
                asyncio.create_task(serving.serve(sockets=[listener])),
                asyncio.create_task(sidecar.run()),
            ]
            try:
                yield PrivateEndpoint(sidecar.broker, profile, url, token, token_file)
            finally:
                # Whoever asks now has outlived the child: nobody waits for that.
                for task in running:
                    task.cancel()
                await asyncio.gather(*running, return_exceptions=True)


@contextlib.asynccontextmanager
async def _sidecar(
    args: argparse.Namespace, access: AskedAccess, token: Secret
) -> AsyncIterator[Sidecar]:
    clock, settings = SystemClock(), access.settings
    valid_for = STRICT_CHECK_VALID_FOR if settings.strict else CHECK_VALID_FOR
    async with open_connections(args, source=SOURCE) as connections:
        sidecar = Sidecar(
            connections=connections,
            profiles=OneProfile(access.profile),
            tokens=AuthorizationTokens(token, clock=clock),
            management_secret=Secret(secrets.token_urlsafe(RANDOM_BYTES)),
            clock=clock,
            store=FileStore(warm_entries(args), check_valid_for=valid_for),
            justify=Justification(os.environ, Path.cwd()).of,
            strict=settings.strict,
        )
        sidecar.events.listen(access.hear)
        try:
            yield sidecar
        finally:
            await sidecar.broker.close()


@contextlib.contextmanager
def _token_file(token: Secret) -> Iterator[Path]:
    """Keep the token in a file as well, for clients that read it from nowhere else (object_store)."""
    directory = Path(state_directory(os.environ)) / DIRECTORY
    try:
        make_private(directory)
    except OSError as error:
        raise ConfigurationError(
            f"{directory} can't be made: {(error.strerror or 'it failed').lower()}",
            hint="set XDG_CACHE_HOME to a directory of yours, or try --env",
        ) from error
    _remove_left_over(directory)
    path = directory / secrets.token_hex(NAME_BYTES)
    write_token(path, token)
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


def _remove_left_over(directory: Path) -> None:
    """Remove the files of processes that were killed before they could: nobody holds their lock."""
    latest = SystemClock().now().timestamp() - YOUNG_S
    for path in directory.iterdir():
        with contextlib.suppress(OSError), path.open("rb") as left:
            fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.stat().st_mtime < latest:
                path.unlink(missing_ok=True)
