"""The story as Events on the sidecar's own pod, so that ``kubectl describe pod`` says what is to be done."""

import logging
from asyncio import Event as Signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cone_sidecar.clock import Clock
from cone_sidecar.domain.access import Phase, Transition
from cone_sidecar.domain.profile import Profile
from cone_sidecar.kubernetes.api_server import (
    ApiServer,
    Forbidden,
    Rejected,
    Unavailable,
    api_server_address,
)
from cone_sidecar.kubernetes.event_budget import EventBudget
from cone_sidecar.kubernetes.event_writer import EventWriter
from cone_sidecar.kubernetes.notice import Notice, notice_of
from cone_sidecar.kubernetes.own_pod import own_pod
from cone_sidecar.kubernetes.service_account import DIRECTORY, ServiceAccount
from cone_sidecar.pace import Backoff

# What passes within two seconds is no news, and names of approvers have come by then.
SETTLE_S = 2.0
# An Event lives for an hour: what still waits for a person is told again before that.
AGAIN_AFTER_S = 40 * 60.0
LONGEST_PAUSE_S = 300.0
FORBIDDEN_PAUSE_S = 600.0
MOST_WAITING = 100
# We look, and know no more than before.
LOOKING = frozenset({Phase.CHECKING, Phase.REFRESHING})

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Dated:
    """A notice, and when it was heard or told, in seconds of the monotonic clock."""

    notice: Notice
    at: float


class PodEvents:
    """Hear the story and write what is worth it, beside it: whatever becomes of that, the story goes on.

    Of each profile the newest notice waits to be written; what has been overtaken is no news any more.
    """

    def __init__(
        self, writer: EventWriter, clock: Clock, profile_of: Callable[[str], Profile | None]
    ) -> None:
        self._writer = writer
        self._clock = clock
        self._profile_of = profile_of
        self._budget = EventBudget(clock)
        self._waiting: dict[str, Dated] = {}
        self._told: dict[str, Dated] = {}
        self._signal = Signal()
        self._pauses = _pauses()
        self._trouble = ""

    def hear(self, event: Transition) -> None:
        """Take note; never waits."""
        profile = self._profile_of(event.profile)
        if profile is None or event.state.phase in LOOKING:
            return
        notice = notice_of(profile, event)
        if notice is None or not self._is_news(notice):
            self._waiting.pop(event.profile, None)
            return
        waiting = self._waiting.get(event.profile)
        if waiting and waiting.notice == notice:
            return
        # What is replaced lends its place: a story that never rests is told all the same.
        since = waiting.at if waiting else self._clock.monotonic()
        self._waiting[event.profile] = Dated(notice, since)
        if len(self._waiting) > MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._signal.set()

    async def run(self) -> None:
        """Write what waits, until cancelled."""
        while True:
            waiting = await self._next()
            pause = 0.0
            try:
                await self._tell(waiting.notice)
            except Forbidden as error:
                self._complain(
                    f"{error}; let the pod's service account create and patch events in its namespace"
                )
                pause = FORBIDDEN_PAUSE_S
            except Unavailable as error:
                self._complain(str(error))
                pause = max(next(self._pauses), error.retry_after or 0.0)
                pause = min(pause, LONGEST_PAUSE_S)
            except Rejected as error:
                logger.warning("a pod event was rejected: %s", error)
                self._done(waiting)
                self._recover()
            except Exception as error:  # noqa: BLE001 -- a sidecar without Events is better than none
                # Its text may quote what was sent.
                logger.error("a pod event broke off: %s", type(error).__name__)  # noqa: TRY400 -- likewise
                self._done(waiting)
            else:
                self._done(waiting)
                self._recover()
            if pause:
                await self._clock.sleep(pause)

    async def _next(self) -> Dated:
        """Wait until the oldest of what waits has settled, and there may be another Event."""
        while True:
            while not self._waiting:
                self._signal.clear()
                await self._signal.wait()
            oldest = next(iter(self._waiting.values()))
            settled_in = oldest.at + SETTLE_S - self._clock.monotonic()
            wait = max(settled_in, self._budget.wait_s())
            if wait <= 0:
                return oldest
            await self._clock.sleep(wait)

    async def _tell(self, notice: Notice) -> None:
        """Write it, unless the story of another profile has told the same."""
        if not any(told.notice == notice and self._fresh(told) for told in self._told.values()):
            await self._writer.write(notice)
            self._budget.spend()

    def _done(self, waiting: Dated) -> None:
        name = waiting.notice.profile
        self._told[name] = replace(waiting, at=self._clock.monotonic())
        now_waiting = self._waiting.get(name)
        if now_waiting and now_waiting.notice == waiting.notice:
            del self._waiting[name]

    def _is_news(self, notice: Notice) -> bool:
        told = self._told.get(notice.profile)
        if told is None or told.notice != notice:
            return True
        return notice.warning and not self._fresh(told)

    def _fresh(self, told: Dated) -> bool:
        return self._clock.monotonic() - told.at < AGAIN_AFTER_S

    def _complain(self, reason: str) -> None:
        """Say once what is wrong, until it is something else."""
        if reason != self._trouble:
            self._trouble = reason
            logger.warning("pod events are not written for now: %s", reason)

    def _recover(self) -> None:
        if self._trouble:
            self._trouble = ""
            self._pauses = _pauses()
            logger.info("pod events are written again")


def events_of_own_pod(
    environment: Mapping[str, str], clock: Clock, profile_of: Callable[[str], Profile | None]
) -> PodEvents:
    """Return what writes Events on the pod that we run in; ``profile_of`` finds a profile by its name.

    Raises:
        ConfigurationError: This is no pod, or its specification lacks what we need; says what.
    """
    address = api_server_address(environment)
    account = ServiceAccount(Path(environment.get("CONE_SERVICE_ACCOUNT_DIR") or DIRECTORY))
    pod = own_pod(environment, account)
    account.check()
    return PodEvents(EventWriter(pod, ApiServer(address, account, clock), clock), clock, profile_of)


def _pauses() -> Iterator[float]:
    return Backoff(first=1.0, factor=2.0, limit=LONGEST_PAUSE_S).delays()
