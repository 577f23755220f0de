"""The TLS certificate of the credentials listeners, renewed without a restart."""

import logging
import ssl
from collections.abc import Callable, Iterable
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

    def stamp(self) -> tuple[tuple[int, int] | None, ...]:
        """Return what changes when one of the files does."""
        return tuple(_changed_at(path) for path in (self.chain, self.key))


class CertificateWatch:
    """Have new connections see what the files of a certificate hold now."""

    def __init__(
        self, certificate: Certificate, contexts: Callable[[], Iterable[ssl.SSLContext]]
    ) -> None:
        """Watch ``certificate`` for ``contexts``, which servers have once they run."""
        self._certificate = certificate
        self._contexts = contexts
        self._stamp = certificate.stamp()

    async def run(self, clock: Clock) -> None:
        """Look every few seconds, until cancelled."""
        while True:
            await clock.sleep(LOOK_EVERY_S)
            self.look_again()

    def look_again(self) -> None:
        """Load the files if they have changed; one that can't be used leaves all as it was."""
        if (seen := self._certificate.stamp()) == self._stamp:
            return
        self._stamp = seen
        try:
            # A certificate without its key would spoil the contexts that are in use.
            self._certificate.check()
            for context in self._contexts():
                self._certificate.load_into(context)
        except ConfigurationError as error:
            logger.warning("the certificate stays as it was: %s", error.message)
        else:
            logger.info("the TLS certificate was replaced")


def _changed_at(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino
