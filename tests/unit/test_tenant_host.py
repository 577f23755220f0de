"""What a person calls a tenant, and which server that is (reference §1.1 and §1.4)."""

import pytest

from cone_sidecar.conductorone.host import client_id_host, endpoint_host, login_host
from cone_sidecar.errors import ConfigurationError, UsageError


@pytest.mark.parametrize(
    ("argument", "base_url"),
    [
        ("acme", "https://acme.conductor.one"),
        ("ACME", "https://acme.conductor.one"),
        ("acme.conductor.one", "https://acme.conductor.one"),
        ("https://Acme.Conductor.One/some/path", "https://acme.conductor.one"),
        ("acme.c1eu.ai", "https://acme.c1eu.ai"),
        ("tenant.example.com", "https://tenant.example.com"),
        ("http://tenant.example.com", "https://tenant.example.com"),
        ("https://tenant.example.com/c1/", "https://tenant.example.com/c1"),
        ("127.0.0.1:8443", "https://127.0.0.1:8443"),
        ("http://127.0.0.1:9920", "http://127.0.0.1:9920"),
        ("http://localhost:9920", "http://localhost:9920"),
        ("http://[::1]:9920", "http://[::1]:9920"),
    ],
)
def test_login_arguments(argument, base_url):
    """Names, hosts and URLs lead to the server that the original would ask, or loopback in plain."""
    assert login_host(argument).base_url == base_url


@pytest.mark.parametrize(
    "argument", ["", " ", "https://", "https:///path", "a@b", "http://[::1", "a b", "a;b"]
)
def test_what_is_no_tenant(argument):
    """What names no host is refused with an example."""
    with pytest.raises(UsageError):
        login_host(argument)


@pytest.mark.parametrize(
    ("text", "base_url"),
    [
        ("acme.conductor.one", "https://acme.conductor.one"),
        ("acme.conductor.one:8443", "https://acme.conductor.one:8443"),
        ("https://acme.conductor.one/", "https://acme.conductor.one"),
        ("127.0.0.1:9920", "https://127.0.0.1:9920"),
        ("http://127.0.0.1:9920", "http://127.0.0.1:9920"),
    ],
)
def test_endpoints(text, base_url):
    """An endpoint is a host under TLS or a URL."""
    assert endpoint_host(text).base_url == base_url


@pytest.mark.parametrize(
    "text",
    ["", "ftp://x", "http://acme.conductor.one", "https://", "a:b:c", "a b", "$(x)", "http://["],
)
def test_bad_endpoints(text):
    """Anything else is refused, plain http to the network first of all."""
    with pytest.raises(ConfigurationError):
        endpoint_host(text)


def test_insecure_hosts_may_be_plain():
    """A simulator's host can be named."""
    allowed = frozenset({"simulator"})
    assert endpoint_host("http://simulator:9920", insecure_hosts=allowed).scheme == "http"


def test_the_audience_has_no_port():
    """A client assertion is for the host alone (reference §2.2)."""
    assert endpoint_host("http://127.0.0.1:9920").name == "127.0.0.1"
    assert endpoint_host("https://[::1]:9920").name == "::1"


def test_client_ids_name_their_host():
    """The host stands between the first @ and the next slash."""
    host = client_id_host("strange-hydra-68836@acme.conductor.one:8443/pcc")
    assert host.base_url == "https://acme.conductor.one:8443"
    for bad in ("", "nobody", "a@", "a@/pcc"):
        with pytest.raises(ConfigurationError):
            client_id_host(bad)
