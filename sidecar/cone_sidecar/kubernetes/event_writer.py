"""Notices on their way to the API server: created once, and changed from then on."""

from collections import OrderedDict

from cone_sidecar.clock import Clock
from cone_sidecar.kubernetes.api_server import ApiServer, Unavailable
from cone_sidecar.kubernetes.event_object import event_name, new_event, told_again
from cone_sidecar.kubernetes.notice import Notice
from cone_sidecar.kubernetes.own_pod import Pod

MOST_REMEMBERED = 200


class EventWriter:
    """Write Events on ``pod``, one for each thing that there is to be told."""

    def __init__(self, pod: Pod, server: ApiServer, clock: Clock) -> None:
        self._pod = pod
        self._server = server
        self._clock = clock
        self._counts: OrderedDict[str, int | None] = OrderedDict()

    async def write(self, notice: Notice) -> None:
        """Create the Event, or say that it is so once more.

        Raises:
            Forbidden: The service account may not.
            Rejected: The API server doesn't take it.
            Unavailable: Nobody knows whether it was written; writing it again does no harm.
        """
        name = event_name(self._pod, notice)
        if name in self._counts:
            count = self._counts[name]
            count = count + 1 if count else None
            if await self._change(notice, name, count):
                self._remember(name, count)
                return
            # An hour without a change, and it is gone.
            del self._counts[name]
        if await self._server.create_event(self._pod.namespace, new_event(self._pod, notice)):
            self._remember(name, 1)
        elif await self._change(notice, name, None):
            # This container's predecessor wrote it, or an answer was lost: nobody knows how often.
            self._remember(name, None)
        else:
            raise Unavailable("the API server has an Event of this name, and has it not")

    async def _change(self, notice: Notice, name: str, count: int | None) -> bool:
        changes = told_again(notice, self._clock.now(), count)
        return await self._server.patch_event(self._pod.namespace, name, changes)

    def _remember(self, name: str, count: int | None) -> None:
        self._counts[name] = count
        self._counts.move_to_end(name)
        if len(self._counts) > MOST_REMEMBERED:
            self._counts.popitem(last=False)
