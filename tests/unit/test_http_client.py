"""Whom our HTTP client trusts."""

import ssl

import pytest

from cone_sidecar.errors import ConfigurationError
from cone_sidecar.http_client import certificate_refused, new_http_client


async def test_a_bundle_that_is_none_is_told(tmp_path):
    """A variable that names no bundle is named, before anything is sent."""
    path = tmp_path / "bundle.pem"
    path.write_text("nonsense")
    with pytest.raises(ConfigurationError, match="AWS_CA_BUNDLE names no usable CA bundle"):
        new_http_client({"AWS_CA_BUNDLE": str(path)})
    with pytest.raises(ConfigurationError, match="SSL_CERT_FILE"):
        new_http_client({"SSL_CERT_FILE": str(tmp_path / "none")})


async def test_redirects_are_not_followed():
    """No answer can lead a bearer to another host."""
    async with new_http_client({}) as client:
        assert client.follow_redirects is False


def test_a_refused_certificate_is_found_below_other_errors():
    """However deep it lies, the cause tells a wrong certificate from a server that is down."""
    down = OSError("down")
    assert not certificate_refused(down)
    down.__cause__ = OSError("no connection")
    down.__cause__.__context__ = ssl.SSLCertVerificationError("self-signed")
    assert certificate_refused(down)
