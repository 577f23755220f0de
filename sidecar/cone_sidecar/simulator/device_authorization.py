"""Devices that wait for a person: ConductorOne's and Identity Center's alike (RFC 8628)."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from cone_sidecar.clock import Clock

# No vowels, so that no code is a word, and nothing that looks like something else.
CODE_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
CODE_HALF = 4
# A client's timer may fire a little early.
SLACK = 0.9


class DeviceStatus(StrEnum):
    """Where a device authorization stands."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    DENIED = "denied"


@dataclass(slots=True)
class DeviceAuthorization:
    """One device; ``too_fast`` tells whether its last poll came before the interval was over."""

    kind: str
    client_id: str
    user_code: str
    device_code: str = field(repr=False)
    interval: int
    expires: datetime
    status: DeviceStatus = DeviceStatus.PENDING
    user_id: str | None = None
    last_poll: datetime | None = None
    too_fast: bool = False

    def expired(self, now: datetime) -> bool:
        """Tell whether it has run out."""
        return now >= self.expires


class DeviceAuthorizations:
    """All devices that wait."""

    def __init__(self, clock: Clock, first_user_id: str) -> None:
        self._clock = clock
        self._first_user_id = first_user_id
        self._by_device_code: dict[str, DeviceAuthorization] = {}
        self.auto_confirm = False

    def start(
        self, *, kind: str, client_id: str, lifetime: float, interval: int
    ) -> DeviceAuthorization:
        """Start one; ``lifetime`` and ``interval`` are in seconds."""
        half = ["".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_HALF)) for _ in "ab"]
        started = DeviceAuthorization(
            kind=kind,
            client_id=client_id,
            user_code="-".join(half),
            device_code=secrets.token_urlsafe(48),
            interval=interval,
            expires=self._clock.now() + timedelta(seconds=lifetime),
        )
        if self.auto_confirm:
            started.status, started.user_id = DeviceStatus.CONFIRMED, self._first_user_id
        self._by_device_code[started.device_code] = started
        return started

    def poll(self, device_code: str) -> DeviceAuthorization:
        """Return the device, and note the poll.

        Raises:
            KeyError: There is none with this code, or it was used up.
        """
        device = self._by_device_code[device_code]
        now = self._clock.now()
        device.too_fast = (
            device.last_poll is not None
            and (now - device.last_poll).total_seconds() < device.interval * SLACK
        )
        device.last_poll = now
        return device

    def use_up(self, device_code: str) -> None:
        """Forget a device whose token was issued: a code works once."""
        self._by_device_code.pop(device_code, None)

    def confirm(self, user_code: str, user_id: str) -> None:
        """Let the person behind ``user_id`` confirm; raises KeyError where nothing waits."""
        device = self._waiting(user_code)
        device.status, device.user_id = DeviceStatus.CONFIRMED, user_id

    def deny(self, user_code: str) -> None:
        """Let a person refuse; raises KeyError where nothing waits."""
        self._waiting(user_code).status = DeviceStatus.DENIED

    def _waiting(self, user_code: str) -> DeviceAuthorization:
        wanted = user_code.replace("-", "").upper()
        now = self._clock.now()
        for device in self._by_device_code.values():
            if (
                device.user_code.replace("-", "") == wanted
                and device.status is DeviceStatus.PENDING
                and not device.expired(now)
            ):
                return device
        raise KeyError(user_code)
