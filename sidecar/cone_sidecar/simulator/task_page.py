"""The page of a task, where the ``Ticket URL`` of a request leads: an approver decides here."""

from html import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cone_sidecar.clock import rfc3339
from cone_sidecar.simulator.forms import form_fields
from cone_sidecar.simulator.page_layout import is_cross_site, page, paragraph
from cone_sidecar.simulator.simulated_task import SimulatedTask
from cone_sidecar.simulator.world import World

CHOICES = (
    '<form method="post"><button name="decision" value="approve">Approve</button>'
    '<button name="decision" value="deny">Deny</button>'
    '<button name="decision" value="cancel">Cancel the request</button></form>'
)
FORBIDDEN = 403
NOT_FOUND = 404
CONFLICT = 409


class TaskPage:
    """Show a task, and take an approver's decision."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def show(self, request: Request) -> Response:
        """Show the task as it stands."""
        task = self._find(request)
        if task is None:
            return page("There is no such request", "", status=NOT_FOUND)
        self._world.settle(task)
        return self._page(task)

    async def decide(self, request: Request) -> Response:
        """Take the decision."""
        if is_cross_site(request):
            return page("Not from here", paragraph("Open the link again."), status=FORBIDDEN)
        task = self._find(request)
        if task is None:
            return page("There is no such request", "", status=NOT_FOUND)
        decision = (await form_fields(request)).get("decision", "")
        try:
            self._world.decide_task(task.number, decision)
        except ValueError as error:
            text = paragraph(f"Not possible now: {error}.")
            return page(f"Request {task.number}", text, status=CONFLICT)
        return self._page(task)

    def _find(self, request: Request) -> SimulatedTask | None:
        number: int = request.path_params["number"]
        return next((task for task in self._world.tasks.values() if task.number == number), None)

    def _page(self, task: SimulatedTask) -> Response:
        entitlement, current = task.entitlement, task.current
        if task.closed:
            standing = task.outcome.value.replace("_", " ").lower()
        else:
            standing = f"open, at {current.kind}" if current else "open"
        rows = (
            ("For", self._world.users[task.user_id].email),
            ("Asks to", "give up" if task.revokes else "get"),
            ("Role", f"{entitlement.role_name} on {entitlement.account.name}"),
            ("Because", task.description),
            ("For how long", str(task.duration) if task.duration else "as long as allowed"),
            ("Since", rfc3339(task.created_at)),
            ("Stands", standing),
        )
        table = "".join(f"<tr><th>{name}</th><td>{escape(text)}</td></tr>" for name, text in rows)
        choices = "" if task.closed else CHOICES
        return page(f"Request {task.number}", f"<table>{table}</table>{choices}")


def task_routes(task_page: TaskPage) -> list[BaseRoute]:
    """Return the page's routes."""
    return [
        Route("/task/{number:int}", task_page.show, methods=["GET"]),
        Route("/task/{number:int}", task_page.decide, methods=["POST"]),
    ]
