"""People and their accounts, on the wire."""

from typing import Any

from cone_sidecar.simulator import protojson
from cone_sidecar.simulator.api_call import ApiCall, not_found
from cone_sidecar.simulator.pagination import page_of
from cone_sidecar.simulator.simulated_user import SimulatedUser
from cone_sidecar.simulator.world import World


def introspect(call: ApiCall) -> dict[str, Any]:
    """Answer who the caller is."""
    return protojson.message(
        "auth.v1.IntrospectResponse",
        userId=call.user.id,
        principleId=call.user.id,
        tenantId=call.world.scenario.tenant,
        roles=["role/c1.api.user.v1.User:user"],
    )


def get_user(call: ApiCall) -> dict[str, Any]:
    """Answer a person."""
    user = call.world.users.get(call.id("id"))
    if user is None:
        raise not_found()
    created = protojson.timestamp(call.world.started_at)
    content = protojson.message(
        "user.v1.User",
        id=user.id,
        email=user.email,
        emails=[user.email],
        displayName=user.display_name,
        username=user.email,
        usernames=[user.email],
        status="ENABLED",
        directoryStatus="ENABLED",
        type="USER_TYPE_HUMAN",
        origin="USER_ORIGIN_DIRECTORY",
        department="Engineering",
        jobTitle="Engineer",
        employmentStatus="Active",
        employmentType="Full time",
        createdAt=created,
        updatedAt=created,
    )
    return {
        "userView": protojson.message("user.v1.UserView", user=content),
        "expanded": list[object](),
    }


def app_user(world: World, user: SimulatedUser, app_user_id: str) -> dict[str, Any]:
    """Return an account of the person's in the AWS app."""
    created = protojson.timestamp(world.started_at)
    return protojson.message(
        "app.v1.AppUser",
        id=app_user_id,
        appId=world.app_id,
        identityUserId=user.id,
        displayName=user.display_name,
        email=user.email,
        emails=[user.email],
        username=user.email,
        usernames=[user.email],
        appUserType="APP_USER_TYPE_USER",
        status=protojson.message("app.v1.AppUserStatus", status="STATUS_ENABLED"),
        createdAt=created,
        updatedAt=created,
    )


def list_app_users(call: ApiCall) -> dict[str, Any]:
    """Answer the app's accounts, everybody's."""
    known = call.id("app_id") == call.world.app_id
    return _app_users(call, list(call.world.users.values()) if known else [])


def list_app_users_of_user(call: ApiCall) -> dict[str, Any]:
    """Answer the person's accounts in the app."""
    user = call.world.users.get(call.id("user_id"))
    known = user is not None and call.id("app_id") == call.world.app_id
    return _app_users(call, [user] if user and known else [])


def _app_users(call: ApiCall, users: list[SimulatedUser]) -> dict[str, Any]:
    query = call.request.query_params
    accounts = [
        app_user(call.world, user, app_user_id)
        for user in users
        for app_user_id in user.app_user_ids
    ]
    page, following = page_of(accounts, query.get("page_size"), query.get("page_token"))
    return {
        "list": [protojson.message("app.v1.AppUserView", appUser=each) for each in page],
        "expanded": list[object](),
        "nextPageToken": following,
    }
