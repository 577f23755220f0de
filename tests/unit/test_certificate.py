"""The TLS certificate, renewed on disk while it is in use."""

import asyncio
import logging
import ssl

import pytest
from cryptography.hazmat.primitives import serialization

from cone_sidecar.certificate import LOOK_EVERY_S, Certificate, CertificateWatch
from cone_sidecar.errors import ConfigurationError
from fakes.certificate import write_certificate
from fakes.virtual_clock import VirtualClock


@pytest.fixture(name="clock")
def _clock():
    return VirtualClock()


@pytest.fixture(name="certificate")
def _certificate(tmp_path):
    """Give a certificate and its key that are good."""
    return Certificate(*write_certificate(tmp_path))


@pytest.fixture(name="context")
def _context(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.load_into(context)
    return context


def shown(context):
    """Return the certificate that a new connection sees, in DER."""
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    asking.check_hostname, asking.verify_mode = False, ssl.CERT_NONE
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = asking.wrap_bio(down, up)
    server = context.wrap_bio(up, down, server_side=True)
    for _ in range(3):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return client.getpeercert(binary_form=True)


def on_disk(certificate):
    return ssl.PEM_cert_to_DER_cert(certificate.chain.read_text())


@pytest.fixture(name="watching")
async def _watching(certificate, context, clock):
    """Watch the files, until the test ends."""
    task = asyncio.create_task(CertificateWatch(certificate, lambda: [context]).run(clock))
    await clock.pass_time(0)
    yield task
    task.cancel()
    await asyncio.wait({task})


async def test_a_new_one_is_seen_within_seconds(watching, certificate, context, clock, caplog):
    """New connections see what the files hold now, each time that they are replaced."""
    before = shown(context)
    for _ in range(2):
        write_certificate(certificate.chain.parent)
        with caplog.at_level(logging.INFO):
            await clock.pass_time(LOOK_EVERY_S)
        assert shown(context) == on_disk(certificate) != before
        before = shown(context)
    assert [record.getMessage() for record in caplog.records] == [
        "the TLS certificate was replaced"
    ] * 2
    assert not watching.done()


async def test_what_stays_is_not_loaded_again(watching, context, clock, caplog):
    """An hour without a change says nothing."""
    before = shown(context)
    with caplog.at_level(logging.INFO):
        await clock.pass_time(3600)
    assert (shown(context), caplog.records) == (before, [])
    assert not watching.done()


@pytest.mark.parametrize(
    ("name", "spoilt"),
    [("certificate.pem", b""), ("certificate.pem", b"no PEM"), ("key.pem", b"no key"), (None, b"")],
)
async def test_a_broken_one_changes_nothing(
    watching, certificate, context, clock, caplog, tmp_path, name, spoilt
):
    """The old one stays, one line says so, and the next good one is taken."""
    before = shown(context)
    if name:
        (tmp_path / name).write_bytes(spoilt)
    else:
        certificate.chain.unlink()
    with caplog.at_level(logging.WARNING):
        await clock.pass_time(60)
    assert shown(context) == before
    (record,) = caplog.records
    assert record.getMessage().startswith("the certificate stays as it was: ")
    write_certificate(tmp_path)
    await clock.pass_time(LOOK_EVERY_S)
    assert shown(context) == on_disk(certificate) != before
    assert not watching.done()


async def test_a_certificate_before_its_key(watching, certificate, context, clock, tmp_path):
    """Between two renames they don't belong together: the old pair is shown until they do."""
    before = shown(context)
    (tmp_path / "new").mkdir()
    chain, key = write_certificate(tmp_path / "new")
    chain.replace(certificate.chain)
    await clock.pass_time(LOOK_EVERY_S)
    assert shown(context) == before
    key.replace(certificate.key)
    await clock.pass_time(LOOK_EVERY_S)
    assert shown(context) == on_disk(certificate) != before
    assert not watching.done()


def test_a_key_with_a_password_asks_nobody(tmp_path, certificate):
    """It is refused; nothing is read from a terminal."""
    key = serialization.load_pem_private_key(certificate.key.read_bytes(), None)
    certificate.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"password"),
        )
    )
    with pytest.raises(ConfigurationError, match="are no certificate and its key"):
        certificate.check()
    with pytest.raises(ConfigurationError, match="can't be read"):
        Certificate(tmp_path / "nowhere", certificate.key).check()
