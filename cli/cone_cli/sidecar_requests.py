"""Requests for access through the running sidecar: it asks, and goes on watching when we have left."""

import asyncio
from collections.abc import Mapping

from cone_cli.kept_terms import tell_kept_terms
from cone_cli.own_requests import ALREADY
from cone_cli.sidecar_client import SidecarClient, View
from cone_cli.terminal import error_text, note, say
from cone_sidecar.clock import Clock
from cone_sidecar.domain.access import OPEN_TASK, Phase
from cone_sidecar.errors import ConeError, SidecarRefusal
from cone_sidecar.patience import Patience
from cone_sidecar.refusal import phase_of
from cone_sidecar.web.status_view import error_view

LOOK_EVERY_S = 1.0


class SidecarRequests:
    """Ask for several profiles at once; each change is told on stderr."""

    def __init__(self, sidecar: SidecarClient, clock: Clock) -> None:
        self._sidecar = sidecar
        self._clock = clock
        self._told: dict[str, View] = {}

    async def request(
        self, before: Mapping[str, View], body: Mapping[str, object], waits: Patience
    ) -> dict[str, View]:
        """Ask for access, and wait as ``waits`` says; returns how the profiles stand then.

        Args:
            before: How they stand now.
            body: What the person says of justification, duration and emergency.
            waits: How long to wait, and what ends the wait.
        """
        ends = self._clock.monotonic() + waits.seconds
        asked = await asyncio.gather(
            *(self._ask(name, view, body) for name, view in before.items())
        )
        views = dict(zip(before, asked, strict=True))
        while True:
            self._tell(views)
            waiting = [name for name, view in views.items() if not _settled(view, waits)]
            left = ends - self._clock.monotonic()
            if not waiting or left <= 0:
                return views
            await self._clock.sleep(min(LOOK_EVERY_S, left))
            views |= await self._look({name: views[name] for name in waiting})

    async def _ask(self, name: str, view: View, body: Mapping[str, object]) -> View:
        try:
            asked = await asyncio.to_thread(self._sidecar.command, name, "request", body)
        except ConeError as error:
            return _failed(view, error)
        task = view.get("task")
        if task and task == asked.get("task") and asked.get("state") in OPEN_TASK:
            tell_kept_terms(name, task, body)
        return asked

    async def _look(self, views: Mapping[str, View]) -> dict[str, View]:
        try:
            found = await asyncio.to_thread(self._sidecar.views)
        except ConeError as error:
            return {name: _failed(view, error) for name, view in views.items()}
        return {name: found.get(name, view) for name, view in views.items()}

    def _tell(self, views: Mapping[str, View]) -> None:
        for name, view in views.items():
            before = self._told.get(name, {})
            if any(before.get(key) != view.get(key) for key in ("state", "approvers", "error")):
                self._told[name] = view
                _tell(name, view)


def _settled(view: View, waits: Patience) -> bool:
    """Tell whether there is nothing more to wait for, for whoever is as patient."""
    return bool(view.get("served") or view.get("error")) or view["state"] in waits.told_at_once


def _failed(view: View, error: ConeError) -> View:
    """Return what is known of a profile after the sidecar failed us."""
    return view | {"state": str(phase_of(error)), "error": error_view(error)}


def _tell(name: str, view: View) -> None:
    if view.get("served"):
        asked = bool(view.get("task"))
        note(f'access to "{name}" is there' if asked else ALREADY.format(profile=name))
    elif error := view.get("error"):
        say(error_text(SidecarRefusal(error["message"], hint=error["hint"])))
    elif view["state"] == Phase.SIGN_IN_REQUIRED:
        say(f"Sign in to AWS at:\n{view['sign_in_url']}")
        say(f"and compare the code: {view['user_code']}")
    else:
        task = f", task {view['task']} {view['task_url']}" if view.get("task") else ""
        people = ", ".join(view.get("approvers", ()))
        note(f'"{name}": {view["state"]}{f" by {people}" if people else ""}{task}')
