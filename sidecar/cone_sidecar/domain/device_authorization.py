"""A device authorization (RFC 8628): ConductorOne's login and AWS's sign-in alike."""

from dataclasses import dataclass, field
from datetime import datetime

from cone_sidecar.secret import Secret

# RFC 8628 §3.2: the interval where none is named; §3.5: what slow_down adds to it. In seconds.
DEFAULT_INTERVAL_S = 5.0
SLOW_DOWN_S = 5.0


@dataclass(frozen=True, slots=True)
class DeviceAuthorization:
    """What the person opens and compares, and the code that only we may know."""

    verification_uri: str
    verification_uri_complete: str
    user_code: str
    device_code: Secret = field(repr=False)
    interval_s: float
    expires: datetime
