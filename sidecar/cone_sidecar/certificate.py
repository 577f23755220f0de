"""The TLS certificate of the credentials listeners, renewed without a restart."""

import logging
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cone_sidecar.clock import Clock
from cone_sidecar.errors import ConfigurationError

LOOK_EVERY_S = 5.0
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Certificate:
    """The files of a TLS certificate with its chain, and of its key."""

    chain: Path
    key: Path

    def load_into(self, context: ssl.SSLContext) -> None:
        """Have new connections see it.

        Raises:
            ConfigurationError: They can't be used.
        """
        try:
            # A key with a password would ask for it at the terminal.
            context.load_cert_chain(self.chain, self.key, str)
        except ssl.SSLError as error:
            raise ConfigurationError(
                f"{self.chain} and {self.key} are no certificate and its key",
                hint="--tls-cert takes a PEM file with the chain, --tls-key its key without a password",
            ) from error
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"{self.chain} or {self.key} can't be read", hint=f"ls -l {self.chain} {self.key}"
            ) from error

    def check(self) -> None:
        """Load both once.

        Raises:
            ConfigurationError: They can't be used.
        """
        self.load_into(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))

    async def watch(self, contexts: Iterable[ssl.SSLContext], clock: Clock) -> None:
        """Have new connections see what the files hold now, until cancelled."""
        contexts, stamp = tuple(contexts), self._stamp()
        while True:
            await clock.sleep(LOOK_EVERY_S)
            if (seen := self._stamp()) == stamp:
                continue
            stamp = seen
            try:
                # A certificate without its key would spoil the contexts that are in use.
                self.check()
                for context in contexts:
                    self.load_into(context)
            except ConfigurationError as error:
                logger.warning("the certificate stays as it was: %s", error.message)
            else:
                logger.info("the TLS certificate was replaced")

    def _stamp(self) -> tuple[tuple[int, int] | None, ...]:
        return tuple(_changed_at(path) for path in (self.chain, self.key))


def _changed_at(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino
