"""What a browser finds at ``/``; STS calls by GET come to the same path."""

from html import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cone_sidecar.simulator.page_layout import page, paragraph
from cone_sidecar.simulator.sts import SecurityTokenService
from cone_sidecar.simulator.world import World


class FrontPage:
    """Tell a person what this is, and STS's clients who they are."""

    def __init__(self, world: World, sts: SecurityTokenService) -> None:
        self._world = world
        self._sts = sts

    async def show(self, request: Request) -> Response:
        """Answer ``GET /``."""
        if "Action" in request.query_params:
            return await self._sts.answer(request)
        users = "".join(f"<li>{escape(user.email)}</li>" for user in self._world.users.values())
        accounts = "".join(
            f"<li>{escape(account.name)} ({account.id})</li>"
            for account in self._world.accounts.values()
        )
        return page(
            f"Simulated tenant {self._world.scenario.tenant}",
            paragraph("ConductorOne, AWS IAM Identity Center and AWS STS, for tests and demos.")
            + f"<p>Users</p><ul>{users}</ul><p>Accounts</p><ul>{accounts}</ul>"
            + '<p><a href="/device">Confirm a device</a></p>',
        )


def front_routes(front_page: FrontPage) -> list[BaseRoute]:
    """Return the route."""
    return [Route("/", front_page.show, methods=["GET"])]
