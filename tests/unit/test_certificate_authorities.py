"""Which certificate authorities we trust, and that loading them can begin ahead."""

import ssl

import pytest

from cone_sidecar import certificate_authorities
from cone_sidecar.certificate_authorities import load_ahead, trusted_authorities
from cone_sidecar.errors import ConfigurationError
from fakes.certificate import write_certificate


@pytest.fixture(name="bundle")
def _bundle(tmp_path):
    return str(write_certificate(tmp_path)[0])


@pytest.fixture(name="loads")
def _loads(monkeypatch):
    """Note each set of bundles that is loaded."""
    loads = []

    def load(bundles):
        loads.append(bundles)
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    monkeypatch.setattr(certificate_authorities, "_load", load)
    return loads


def test_what_the_environment_names_is_trusted(bundle):
    """The bundle that a variable names is trusted, and certificates are checked against it."""
    context = trusted_authorities({"AWS_CA_BUNDLE": bundle})
    assert context.cert_store_stats()["x509"] == 1
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_what_was_loaded_ahead_is_taken_once(loads):
    """A client takes what was loaded ahead for it; the next one reads the files as they are then."""
    load_ahead({})
    trusted_authorities({})
    assert len(loads) == 1
    trusted_authorities({})
    assert len(loads) == 2


def test_what_was_loaded_ahead_is_for_the_same_bundles(loads):
    """Another environment's authorities are never taken."""
    load_ahead({"SSL_CERT_FILE": "one.pem"})
    trusted_authorities({"SSL_CERT_FILE": "other.pem"})
    assert loads[-1] == (("other.pem", "SSL_CERT_FILE"),)
    trusted_authorities({"SSL_CERT_FILE": "one.pem"})
    assert len(loads) == 2


def test_a_file_under_several_names_is_read_once(loads):
    """One bundle may be named by several variables."""
    trusted_authorities({"AWS_CA_BUNDLE": "one.pem", "SSL_CERT_FILE": "one.pem"})
    assert [len(bundles) for bundles in loads] == [1]


def test_a_fault_found_ahead_is_told_to_whoever_asks(tmp_path):
    """A bundle that can't be used stops the client, not the thread that found it out."""
    environment = {"AWS_CA_BUNDLE": str(tmp_path / "none.pem")}
    load_ahead(environment)
    with pytest.raises(ConfigurationError, match="AWS_CA_BUNDLE names no usable CA bundle"):
        trusted_authorities(environment)
