"""The app and the entitlement that a request is about, as ``--detailed`` shows them."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cone_cli.output import put_object
from cone_sidecar.conductorone.app_entitlement import app_as_sent, entitlement_as_sent
from cone_sidecar.domain.profile import EntitlementRef

if TYPE_CHECKING:
    from cone_sidecar.conductorone.api_client import ApiClient


@dataclass(frozen=True, slots=True)
class AccessDetails:
    """App and entitlement as the API describes them; ``page`` is the app's."""

    app: dict[str, Any]
    entitlement: dict[str, Any]
    page: str

    def put_tables(self, output: str) -> None:
        """Print a table for each of the two."""
        app, entitlement = self.app, self.entitlement
        rows = [("App Name", app.get("displayName")), ("Description", app.get("description"))]
        put_object(output, app, rows, rows, above=f"App URL: {self.page}")
        rows = [
            ("Entitlement", entitlement.get("displayName")),
            ("Description", entitlement.get("description")),
            ("Slug", entitlement.get("slug")),
        ]
        put_object(
            output, entitlement, rows, rows, above=f"Entitlement URL: {self.page}/entitlements"
        )


async def access_details(api: "ApiClient", ref: EntitlementRef) -> AccessDetails:
    """Return what there is to show.

    Raises:
        UpstreamRejected: There is no such app or entitlement.
    """
    app, entitlement = await asyncio.gather(
        app_as_sent(api, ref.app_id), entitlement_as_sent(api, ref)
    )
    return AccessDetails(app, entitlement, f"{api.host.base_url}/applications/{ref.app_id}")
