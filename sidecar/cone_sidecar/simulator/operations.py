"""What each request is called: ConductorOne's by its operationId, AWS's by its API operation.

Journal and faults name requests by these names; the service decides what an error of it looks like.
"""

import enum
import fnmatch
import re
from dataclasses import dataclass


class Service(enum.Enum):
    """Whose wire format an answer follows."""

    CONDUCTORONE = "conductorone"
    OAUTH = "oauth"
    OIDC = "oidc"
    PORTAL = "portal"
    STS = "sts"
    PAGES = "pages"


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of a service, and the requests that are it."""

    name: str
    service: Service
    method: str
    pattern: re.Pattern[str]


UNKNOWN = "Unknown"
API_PACKAGE = re.compile(r"^c1\.api\.\w+\.v1\.")


def _operation(service: Service, name: str, method: str, path: str) -> Operation:
    expression = re.sub(
        r"\{\w+\}", "[^/]+", re.escape(path).replace(r"\{", "{").replace(r"\}", "}")
    )
    return Operation(name, service, method, re.compile(expression))


def _all(service: Service, *rows: tuple[str, str, str]) -> tuple[Operation, ...]:
    return tuple(_operation(service, *row) for row in rows)


OPERATIONS: tuple[Operation, ...] = (
    *_all(
        Service.OAUTH,
        ("OAuth.DeviceAuthorization", "POST", "/auth/v1/device_authorization"),
        ("OAuth.Token", "POST", "/auth/v1/token"),
        ("OAuth.Jwks", "GET", "/auth/v1/jwks"),
    ),
    *_all(
        Service.CONDUCTORONE,
        ("Auth.Introspect", "GET", "/api/v1/auth/introspect"),
        ("PersonalClientService.List", "GET", "/api/v1/iam/personal_clients"),
        ("PersonalClientService.Create", "POST", "/api/v1/iam/personal_clients"),
        ("PersonalClientService.Delete", "DELETE", "/api/v1/iam/personal_clients/{id}"),
        ("UserService.Get", "GET", "/api/v1/users/{id}"),
        (
            "AppEntitlementUserBindingService.ListAppUsersForIdentityWithGrant",
            "GET",
            "/api/v1/apps/{app_id}/entitlements/{app_entitlement_id}/users/{identity_user_id}/grants",
        ),
        ("AppEntitlements.Get", "GET", "/api/v1/apps/{app_id}/entitlements/{id}"),
        (
            "AppResourceService.Get",
            "GET",
            "/api/v1/apps/{app_id}/resource_types/{app_resource_type_id}/resources/{id}",
        ),
        ("AppResourceTypeService.Get", "GET", "/api/v1/apps/{app_id}/resource_types/{id}"),
        ("AppUserService.List", "GET", "/api/v1/apps/{app_id}/app_users"),
        (
            "AppUserService.ListAppUsersForUser",
            "GET",
            "/api/v1/apps/{app_id}/users/{user_id}/app_users",
        ),
        ("Apps.List", "GET", "/api/v1/apps"),
        ("Apps.Get", "GET", "/api/v1/apps/{id}"),
        (
            "RequestSchemaService.FindBindingForAppEntitlement",
            "PUT",
            "/api/v1/request_schema_entitlement_binding",
        ),
        ("RequestSchemaService.Get", "GET", "/api/v1/request_schemas/{request_schema_id}"),
        (
            "RequestCatalogSearchService.SearchEntitlements",
            "POST",
            "/api/v1/search/request_catalog/entitlements",
        ),
        ("GrantSearchService.Search", "POST", "/api/v1/search/grants"),
        ("TaskSearchService.Search", "POST", "/api/v1/search/tasks"),
        ("TaskService.CreateGrantTask", "POST", "/api/v1/task/grant"),
        ("TaskService.CreateRevokeTask", "POST", "/api/v1/task/revoke"),
        ("TaskService.Get", "GET", "/api/v1/tasks/{id}"),
        ("TaskActionsService.Approve", "POST", "/api/v1/tasks/{task_id}/action/approve"),
        ("TaskActionsService.Close", "POST", "/api/v1/tasks/{task_id}/action/close"),
        ("TaskActionsService.Comment", "POST", "/api/v1/tasks/{task_id}/action/comment"),
        ("TaskActionsService.Deny", "POST", "/api/v1/tasks/{task_id}/action/deny"),
        (
            "TaskActionsService.EscalateToEmergencyAccess",
            "POST",
            "/api/v1/tasks/{task_id}/action/escalate",
        ),
        (
            "TaskActionsService.UpdateRequestData",
            "POST",
            "/api/v1/tasks/{task_id}/action/update-request-data",
        ),
    ),
    *_all(
        Service.OIDC,
        ("RegisterClient", "POST", "/client/register"),
        ("StartDeviceAuthorization", "POST", "/device_authorization"),
        ("CreateToken", "POST", "/token"),
    ),
    *_all(
        Service.PORTAL,
        ("GetRoleCredentials", "GET", "/federation/credentials"),
        ("ListAccounts", "GET", "/assignment/accounts"),
        ("ListAccountRoles", "GET", "/assignment/roles"),
        ("Logout", "POST", "/logout"),
    ),
    _operation(Service.STS, "GetCallerIdentity", "POST", "/"),
    *_all(
        Service.PAGES,
        ("GetSigninToken", "POST", "/federation"),
        ("ConsoleLogin", "GET", "/federation"),
        ("Authorize", "GET", "/authorize"),
        ("Authorize", "POST", "/authorize"),
        ("DevicePage", "GET", "/device"),
        ("DevicePage", "POST", "/device"),
        ("TaskPage", "GET", "/task/{number}"),
        ("TaskPage", "POST", "/task/{number}"),
    ),
)
# STS takes its action from the query as well, and has no path of its own.
STS_BY_QUERY = _operation(Service.STS, "GetCallerIdentity", "GET", "/")
# The sign-in service as well; in a body it is better kept.
TOKEN_BY_QUERY = _operation(Service.PAGES, "GetSigninToken", "GET", "/federation")
OPERATION_NAMES = frozenset({UNKNOWN, *(operation.name for operation in OPERATIONS)})


def operation_of(method: str, path: str, query: str = "") -> Operation | None:
    """Return the operation that a request is, None where nothing answers it."""
    if method == "GET" and path == "/" and "Action=" in query:
        return STS_BY_QUERY
    if method == "GET" and path == "/federation" and "Action=getSigninToken" in query:
        return TOKEN_BY_QUERY
    for operation in OPERATIONS:
        if operation.method == method and operation.pattern.fullmatch(path):
            return operation
    return None


def matches_operation(pattern: str, name: str) -> bool:
    """Tell whether ``pattern`` means ``name``: by the whole of it, its last part, or wildcards.

    A full operationId, ``c1.api.task.v1.TaskService.Get``, means the same as ``TaskService.Get``.
    """
    short = API_PACKAGE.sub("", pattern)
    last = name.rpartition(".")[2]
    return fnmatch.fnmatchcase(name, short) or fnmatch.fnmatchcase(last, short)


def service_of(path: str) -> Service:
    """Return whose errors a request to ``path`` is answered with, whatever its method."""
    for operation in OPERATIONS:
        if operation.pattern.fullmatch(path):
            return operation.service
    if path.startswith("/api/"):
        return Service.CONDUCTORONE
    return Service.OAUTH if path.startswith("/auth/") else Service.PAGES
