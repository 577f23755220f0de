"""Which request form is bound to an entitlement (reference §3.4)."""

from cone_sidecar.conductorone.api_client import ApiClient
from cone_sidecar.domain.profile import EntitlementRef


async def bound_form_id(api: ApiClient, ref: EntitlementRef) -> str:
    """Return the form's id, empty where none is bound.

    Raises:
        ApiError: A definite refusal; 404 is the API's other word for none.
        Unreachable: No usable answer, after retries.
    """
    # A PUT that reads.
    body = {"entitlementRef": {"appId": ref.app_id, "id": ref.entitlement_id}}
    answer = await api.put("/api/v1/request_schema_entitlement_binding", body)
    return str(answer.get("requestSchemaId") or "")
