"""The ConductorOne tenant: every route of its API that our clients and the original's ask."""

from starlette.routing import BaseRoute

from cone_sidecar.simulator import (
    catalogue_api,
    grant_api,
    personal_client_api,
    request_form_api,
    task_action_api,
    task_api,
    task_search_api,
    user_api,
)
from cone_sidecar.simulator.api_call import Api, Handler
from cone_sidecar.simulator.clean_path import CleanPath
from cone_sidecar.simulator.oauth import OAuth, oauth_routes
from cone_sidecar.simulator.world import World

ENTITLEMENT = "/api/v1/apps/{app_id}/entitlements"
ACTION = "/api/v1/tasks/{task_id}/action"

ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/api/v1/auth/introspect", user_api.introspect),
    ("GET", "/api/v1/users/{id}", user_api.get_user),
    ("GET", "/api/v1/apps/{app_id}/app_users", user_api.list_app_users),
    ("GET", "/api/v1/apps/{app_id}/users/{user_id}/app_users", user_api.list_app_users_of_user),
    ("GET", "/api/v1/iam/personal_clients", personal_client_api.list_clients),
    ("DELETE", "/api/v1/iam/personal_clients/{id}", personal_client_api.delete_client),
    (
        "POST",
        "/api/v1/search/request_catalog/entitlements",
        catalogue_api.search_entitlements,
    ),
    ("GET", "/api/v1/apps", catalogue_api.list_apps),
    ("GET", "/api/v1/apps/{id}", catalogue_api.get_app),
    ("GET", "/api/v1/apps/{app_id}/resource_types/{id}", catalogue_api.get_resource_type),
    (
        "GET",
        "/api/v1/apps/{app_id}/resource_types/{app_resource_type_id}/resources/{id}",
        catalogue_api.get_resource,
    ),
    ("GET", f"{ENTITLEMENT}/{{id}}", catalogue_api.get_entitlement),
    (
        "GET",
        f"{ENTITLEMENT}/{{app_entitlement_id}}/users/{{identity_user_id}}/grants",
        grant_api.list_bindings,
    ),
    ("POST", "/api/v1/search/grants", grant_api.search_grants),
    ("PUT", "/api/v1/request_schema_entitlement_binding", request_form_api.find_binding),
    ("GET", "/api/v1/request_schemas/{request_schema_id}", request_form_api.get_form),
    ("POST", "/api/v1/task/grant", task_api.create_grant),
    ("POST", "/api/v1/task/revoke", task_api.create_revoke),
    ("POST", "/api/v1/search/tasks", task_search_api.search_tasks),
    ("GET", "/api/v1/tasks/{id}", task_api.get_task),
    ("POST", f"{ACTION}/approve", task_action_api.approve),
    ("POST", f"{ACTION}/deny", task_action_api.deny),
    ("POST", f"{ACTION}/close", task_action_api.close),
    ("POST", f"{ACTION}/comment", task_action_api.comment),
    ("POST", f"{ACTION}/escalate", task_action_api.escalate),
    ("POST", f"{ACTION}/update-request-data", task_action_api.update_request_data),
)


def tenant_routes(world: World) -> list[BaseRoute]:
    """Return the tenant's routes."""
    oauth = OAuth(world)
    api = Api(world, oauth)
    return [
        CleanPath(),
        *oauth_routes(oauth),
        *(api.route(method, path, handler) for method, path, handler in ROUTES),
        api.route(
            "POST",
            "/api/v1/iam/personal_clients",
            personal_client_api.create_client,
            for_devices=True,
        ),
    ]
