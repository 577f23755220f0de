"""Whether the person has an entitlement now."""

from typing import TYPE_CHECKING

import httpx

from cone_sidecar.conductorone.api_client import ApiError
from cone_sidecar.conductorone.app_entitlement import no_such_entitlement
from cone_sidecar.domain.profile import EntitlementRef

if TYPE_CHECKING:
    from cone_sidecar.clock import Clock
    from cone_sidecar.conductorone.tenant import ConductorOneTenant


async def has_access(tenant: "ConductorOneTenant", ref: EntitlementRef, clock: "Clock") -> bool:
    """Tell whether there is a grant whose end isn't past; the list may still show one that is.

    Raises:
        UpstreamRejected: There is no such entitlement.
    """
    try:
        grant = await tenant.grant(ref)
    except ApiError as error:
        if error.status in {httpx.codes.BAD_REQUEST, httpx.codes.NOT_FOUND}:
            raise no_such_entitlement(error) from error
        raise
    return grant is not None and grant.active(clock.now())
