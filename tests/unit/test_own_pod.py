"""Which pod we are, whose service account it has, and where its API server is."""

import pytest

from cone_sidecar.errors import ConfigurationError
from cone_sidecar.kubernetes.api_server import api_server_address
from cone_sidecar.kubernetes.own_pod import Pod, own_pod
from cone_sidecar.kubernetes.pod_events import events_of_own_pod
from cone_sidecar.kubernetes.service_account import ServiceAccount
from fakes.certificate import write_signed_certificate
from fakes.kubernetes_api import write_service_account

POD = {"POD_NAME": "shop-1", "POD_UID": "uid-1"}
SERVER = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}


@pytest.fixture(name="directory")
def _directory(tmp_path):
    authority, _, _ = write_signed_certificate(tmp_path)
    return write_service_account(tmp_path / "account", "the-token", authority)


def events(clock, directory, environment):
    told = {"CONE_SERVICE_ACCOUNT_DIR": str(directory)} | environment
    return events_of_own_pod(told, clock, lambda _: None)


def test_the_environment_tells(directory, clock):
    """Three variables of the downward API; the namespace is mounted as well, and the variable wins."""
    account = ServiceAccount(directory)
    assert own_pod(POD, account) == Pod("shop-1", "shops", "uid-1")
    assert own_pod(POD | {"POD_NAMESPACE": "other"}, account) == Pod("shop-1", "other", "uid-1")
    assert events(clock, directory, POD | SERVER)


def test_what_is_missing_is_named_as_it_is_written(directory):
    """The hint is what goes into the container's env, all of it at once."""
    (directory / "namespace").unlink()
    with pytest.raises(ConfigurationError) as raised:
        own_pod({"POD_NAME": ""}, ServiceAccount(directory))
    assert raised.value.message == "pod events need POD_NAME and POD_NAMESPACE and POD_UID"
    assert (
        "{name: POD_UID, valueFrom: {fieldRef: {fieldPath: metadata.uid}}}"
    ) in raised.value.hint


@pytest.mark.parametrize(
    ("host", "port", "address"),
    [
        ("10.0.0.1", "443", "10.0.0.1:443"),
        ("fd00::1", "6443", "[fd00::1]:6443"),
        ("kubernetes.default.svc", "443", "kubernetes.default.svc:443"),
    ],
)
def test_the_api_server(host, port, address):
    """It is where every container is told, an IPv6 address in brackets."""
    told = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
    assert api_server_address(told) == address


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"KUBERNETES_SERVICE_HOST": "10.0.0.1"},
        SERVER | {"KUBERNETES_SERVICE_PORT": "tcp://x"},
        SERVER | {"KUBERNETES_SERVICE_PORT": "65536"},
        SERVER | {"KUBERNETES_SERVICE_PORT": "²"},
    ],
)
def test_outside_of_a_pod(told):
    """Without an API server, the hint is to leave it out."""
    with pytest.raises(ConfigurationError) as raised:
        api_server_address(told)
    assert "leave out --pod-events" in raised.value.hint


@pytest.mark.parametrize("name", ["token", "ca.crt"])
@pytest.mark.parametrize("content", [None, b"", b"\xff", b"a secret\nof two lines"])
def test_a_service_account_that_cannot_be_used(directory, clock, name, content):
    """It is told at the start, with what to mount, and without what the file holds."""
    path = directory / name
    path.write_bytes(content) if content is not None else path.unlink()
    with pytest.raises(ConfigurationError) as raised:
        events(clock, directory, POD | SERVER)
    assert str(path) in raised.value.message
    assert raised.value.hint.startswith("mount ")
    assert "secret\n" not in raised.value.message + raised.value.hint
