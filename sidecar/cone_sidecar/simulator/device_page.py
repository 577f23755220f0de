"""The page on which a person confirms a device's code: ConductorOne's and Identity Center's alike."""

from html import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cone_sidecar.simulator.device_authorization import DeviceAuthorizations
from cone_sidecar.simulator.forms import form_fields
from cone_sidecar.simulator.page_layout import (
    DECISION,
    is_cross_site,
    page,
    paragraph,
    user_choice,
)
from cone_sidecar.simulator.world import World

BAD_REQUEST = 400
FORBIDDEN = 403
NOT_FOUND = 404


class DevicePage:
    """Let a person compare the code, choose who signs in, and decide."""

    def __init__(self, world: World, devices: DeviceAuthorizations) -> None:
        self._world = world
        self._devices = devices

    async def show(self, request: Request) -> Response:
        """Show the code, or ask for it."""
        user_code = request.query_params.get("user_code", "")
        emails = [user.email for user in self._world.users.values()]
        field = (
            '<label for="user_code">The code that your device shows</label>'
            f'<input id="user_code" name="user_code" value="{escape(user_code)}" required '
            'autocomplete="off" autocapitalize="characters" spellcheck="false">'
        )
        return page(
            "Confirm a device",
            paragraph("Allow it only if the code is the one that your own device shows.")
            + f'<form method="post" action="/device">{field}{user_choice(emails)}{DECISION}</form>',
        )

    async def decide(self, request: Request) -> Response:
        """Take the decision."""
        if is_cross_site(request):
            return page("Not from here", paragraph("Open the link again."), status=FORBIDDEN)
        form = await form_fields(request)
        user = self._world.user_by_email(form.get("email", ""))
        if user is None:
            return page("Nobody of that name", paragraph("Go back and choose."), status=BAD_REQUEST)
        user_code = form.get("user_code", "").strip().upper()
        confirmed = form.get("decision") == "confirm"
        try:
            if confirmed:
                self._devices.confirm(user_code, user.id)
            else:
                self._devices.deny(user_code)
        except KeyError:
            return page(
                "No device waits with this code",
                paragraph("It may have been typed wrongly, used already, or have run out."),
                status=NOT_FOUND,
            )
        request.state.who = user.email
        title = "Done" if confirmed else "Denied"
        return page(title, paragraph("You can close this page and go back to your device."))


def device_routes(device_page: DevicePage) -> list[BaseRoute]:
    """Return the page's routes."""
    return [
        Route("/device", device_page.show, methods=["GET"]),
        Route("/device", device_page.decide, methods=["POST"]),
    ]
