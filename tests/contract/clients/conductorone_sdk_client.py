"""The official ConductorOne SDK as somebody would use it; runs in an environment of its own.

The environment variables of ``cone simulator`` say whom to ask as whom; argv[1] is the alias of the
entitlement to ask for. The token comes from PyJWT, so that no line of ours proves ours. Prints JSON.
"""

import base64
import json
import os
import secrets
import sys
import time

import httpx
import jwt
from conductorone_sdk import SDK
from conductorone_sdk.models import errors, operations, shared

TIMEOUT_S = 20
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def api_url():
    """Return the tenant's URL."""
    endpoint = os.environ["CONE_API_ENDPOINT"]
    return endpoint if "://" in endpoint else f"https://{endpoint}"


def access_token(url):
    """Sign in with the client id and secret."""
    client_id = os.environ["CONE_CLIENT_ID"]
    segment = os.environ["CONE_CLIENT_SECRET"].split(":", 3)[3]
    key = jwt.PyJWK(
        json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))), algorithm="EdDSA"
    )
    now = int(time.time())  # noqa: TID251 -- nothing of ours can be imported here
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": [httpx.URL(url).host],
        "iat": now,
        "nbf": now - 120,
        "exp": now + 120,
    }
    headers = {"typ": None, "nonce": secrets.token_hex(16)}
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": jwt.encode(claims, key.key, algorithm="EdDSA", headers=headers),
    }
    answer = httpx.post(f"{url}/auth/v1/token", data=form, timeout=TIMEOUT_S)
    answer.raise_for_status()
    return answer.json()["access_token"]


def apps(sdk):
    """List the apps, and the people who have accounts there."""
    listed = sdk.apps.list(request=operations.C1APIAppV1AppsListRequest()).list_apps_response.list
    request = operations.C1APIAppV1AppUserServiceListRequest(app_id=listed[0].id)
    users = sdk.app_user.list(request=request).app_user_service_list_response.list
    return {
        "names": [app.display_name for app in listed],
        "emails": [view.app_user.email for view in users],
    }


def catalogue(sdk):
    """List all pages of what may be asked for."""
    rows, token = [], ""
    while True:
        answer = sdk.request_catalog_search.search_entitlements(
            request=shared.RequestCatalogSearchServiceSearchEntitlementsRequest(
                page_size=10,
                page_token=token,
                expand_mask=shared.AppEntitlementExpandMask(paths=["app_id", "app_resource_id"]),
            )
        ).request_catalog_search_service_search_entitlements_response
        rows += answer.list
        token = answer.next_page_token
        if not token:
            return rows


def read_entitlement(sdk, entitlement):
    """Read one entitlement by itself."""
    request = operations.C1APIAppV1AppEntitlementsGetRequest(
        app_id=entitlement.app_id, id=entitlement.id
    )
    answer = sdk.app_entitlements.get(request=request)
    return answer.get_app_entitlement_response.app_entitlement_view.app_entitlement


def grants_of(sdk, user_id):
    """Search all grants of the person; returns the entitlements' names."""
    answer = sdk.app_entitlement_search.search_grants(
        request=shared.AppEntitlementSearchServiceSearchGrantsRequest(user_id=user_id)
    ).app_entitlement_search_service_search_grants_response
    return [row.app_entitlement_view.app_entitlement.display_name for row in answer.list]


def request_grant(sdk, entitlement, user_id):
    """Ask for access."""
    answer = sdk.task.create_grant_task(
        request=shared.TaskServiceCreateGrantRequest(
            app_id=entitlement.app_id,
            app_entitlement_id=entitlement.id,
            identity_user_id=user_id,
            description="asked by the official SDK",
        )
    )
    return answer.task_service_create_grant_response.task_view.task


def read_task(sdk, task_id):
    """Read a task."""
    answer = sdk.task.get(request=operations.C1APITaskV1TaskServiceGetRequest(id=task_id))
    return answer.task_service_get_response.task_view.task


def bindings(sdk, entitlement, user_id):
    """List the accounts of the person, with the grant where there is one."""
    request = operations.C1APIAppV1AppEntitlementUserBindingServiceListAppUsersForIdentityWithGrantRequest(
        app_id=entitlement.app_id,
        app_entitlement_id=entitlement.id,
        identity_user_id=user_id,
    )
    answer = sdk.app_entitlement_user_binding.list_app_users_for_identity_with_grant(
        request=request
    )
    return answer.list_app_users_for_identity_with_grant_response.bindings


def main():
    """List, ask, read, and tell what was seen."""
    url = api_url()
    token = access_token(url)
    security = shared.Security(bearer_auth=token, oauth=token)
    sdk = SDK(security=security, server_url=url, timeout_ms=TIMEOUT_S * 1000)
    me = sdk.auth.introspect().introspect_response
    rows = catalogue(sdk)
    entitlements = [row.app_entitlement_view.app_entitlement for row in rows]
    wanted = next(each for each in entitlements if each.alias == sys.argv[1])
    alone = read_entitlement(sdk, wanted)
    created = request_grant(sdk, wanted, me.user_id)
    try:
        request_grant(sdk, wanted, me.user_id)
        duplicate = None
    except errors.SDKError as error:
        duplicate = {"status": error.status_code, "body": json.loads(error.body)}
    looks = [read_task(sdk, each) for each in (created.id, str(created.numeric_id), created.id)]
    grant = bindings(sdk, wanted, me.user_id)[0]
    print(
        json.dumps(
            {
                "names": [each.display_name for each in entitlements],
                "apps": apps(sdk),
                "connectors": wanted.source_connector_ids,
                "duration": alone.duration_grant,
                "id": created.id,
                "state": created.state,
                "number": created.numeric_id,
                "duplicate": duplicate,
                "states": [task.state for task in looks],
                "outcome": looks[-1].task_type.task_type_grant.outcome,
                "grants": grants_of(sdk, me.user_id),
                "granted": grant.app_entitlement_id == wanted.id,
                "ends": grant.deprovision_at.isoformat(),
            }
        )
    )


main()
