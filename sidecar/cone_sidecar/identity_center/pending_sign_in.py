"""The one pending sign-in of an instance, in a 0600 file: whoever asks next goes on with it.

A ``credential_process`` without a terminal prints the link and ends; the person confirms; the next
process finds the device code here and gets the session, instead of offering a second link.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cone_sidecar.atomic_file import write_atomically
from cone_sidecar.clock import parse_timestamp, rfc3339
from cone_sidecar.domain.device_authorization import DeviceAuthorization
from cone_sidecar.identity_center.token_cache import Registration
from cone_sidecar.secret import Secret


@dataclass(frozen=True, slots=True)
class Pending:
    """A device authorization with the client that started it."""

    authorization: DeviceAuthorization
    registration: Registration


class PendingSignInFile:
    """Where the pending sign-in is kept."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self, now: datetime) -> Pending | None:
        """Return the pending sign-in, None where there is none or it has run out."""
        try:
            kept = json.loads(self._path.read_bytes())
            pending = Pending(
                DeviceAuthorization(
                    verification_uri=kept["verificationUri"],
                    verification_uri_complete=kept["verificationUriComplete"],
                    user_code=kept["userCode"],
                    device_code=Secret(kept["deviceCode"]),
                    interval_s=float(kept["interval"]),
                    expires=parse_timestamp(kept["expiresAt"]),
                ),
                Registration(
                    kept["clientId"],
                    Secret(kept["clientSecret"]),
                    parse_timestamp(kept["registrationExpiresAt"]),
                ),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return pending if pending.authorization.expires > now else None

    def save(self, pending: Pending) -> None:
        """Keep it; where it can't be kept, this process alone can finish the sign-in."""
        authorization, registration = pending.authorization, pending.registration
        kept = {
            "verificationUri": authorization.verification_uri,
            "verificationUriComplete": authorization.verification_uri_complete,
            "userCode": authorization.user_code,
            "deviceCode": authorization.device_code.reveal(),
            "interval": authorization.interval_s,
            "expiresAt": rfc3339(authorization.expires),
            "clientId": registration.client_id,
            "clientSecret": registration.client_secret.reveal(),
            "registrationExpiresAt": rfc3339(registration.expires),
        }
        try:
            write_atomically(self._path, json.dumps(kept).encode(), mode=0o600)
        except OSError:
            return

    def drop(self) -> None:
        """Forget it."""
        self._path.unlink(missing_ok=True)
