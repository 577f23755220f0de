"""Which pod this is, as its specification tells us by the downward API."""

from collections.abc import Mapping
from dataclasses import dataclass

from cone_sidecar.errors import ConfigurationError
from cone_sidecar.kubernetes.service_account import ServiceAccount

FIELDS = {
    "POD_NAME": "metadata.name",
    "POD_NAMESPACE": "metadata.namespace",
    "POD_UID": "metadata.uid",
}


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod. Its ``uid`` tells it from others that had its name: ``kubectl describe`` goes by it."""

    name: str
    namespace: str
    uid: str


def own_pod(environment: Mapping[str, str], account: ServiceAccount) -> Pod:
    """Return the pod that we run in.

    Raises:
        ConfigurationError: The environment doesn't tell all of it; names what to set.
    """
    told = {name: environment.get(name, "") for name in FIELDS}
    told["POD_NAMESPACE"] = told["POD_NAMESPACE"] or account.namespace()
    if missing := [name for name, value in told.items() if not value]:
        entries = ", ".join(
            f"{{name: {name}, valueFrom: {{fieldRef: {{fieldPath: {FIELDS[name]}}}}}}}"
            for name in missing
        )
        raise ConfigurationError(
            f"pod events need {' and '.join(missing)}", hint=f"env of the sidecar: {entries}"
        )
    return Pod(told["POD_NAME"], told["POD_NAMESPACE"], told["POD_UID"])
