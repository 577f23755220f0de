"""The pod's service account, as the kubelet mounts it: who we are to the API server, and whom we trust."""

import re
import ssl
from dataclasses import dataclass
from pathlib import Path

from cone_sidecar.errors import ConfigurationError
from cone_sidecar.secret import Secret

# Where the kubelet mounts it, and every client of Kubernetes looks for it.
DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount"
# What a header may hold (RFC 6750 §2.1): others would end up in the text of an error.
TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """The files of a service account; each is read whenever it is needed, since the kubelet renews them."""

    directory: Path

    def token(self) -> Secret:
        """Return the token as it is now.

        Raises:
            ConfigurationError: There is none.
        """
        text = self._read("token").strip()
        if not TOKEN.fullmatch(text):
            raise ConfigurationError(
                f"{self.directory / 'token'} holds no token",
                hint="mount a projected serviceAccountToken there",
            )
        return Secret(text)

    def authorities(self) -> ssl.SSLContext:
        """Trust the cluster's own authority, and nobody else.

        Raises:
            ConfigurationError: It can't be used.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            context.load_verify_locations(cadata=self._read("ca.crt"))
        except (ssl.SSLError, ValueError) as error:
            raise ConfigurationError(
                f"{self.directory / 'ca.crt'} holds no certificate authority",
                hint="mount ca.crt of the ConfigMap kube-root-ca.crt there",
            ) from error
        return context

    def namespace(self) -> str:
        """Return the pod's namespace, empty where it isn't mounted."""
        try:
            return (self.directory / "namespace").read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            return ""

    def check(self) -> None:
        """Read everything once.

        Raises:
            ConfigurationError: Something can't be used.
        """
        self.token()
        self.authorities()

    def _read(self, name: str) -> str:
        try:
            return (self.directory / name).read_text(encoding="ascii")
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"{self.directory / name} can't be read",
                hint="mount the pod's service account into the sidecar: a projected volume, or "
                "automountServiceAccountToken: true",
            ) from error
