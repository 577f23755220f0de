"""The listener with TLS: who doesn't speak it, speaks an old one, or never finishes its greeting."""

import contextlib
import ssl
import timeit
import warnings

import pytest

from fakes.attacked_sidecar import attacked_sidecar
from fakes.raw_client import RawConnection

SILENT = 600
FEW_DESCRIPTORS = 512
GOOD_WITHIN_S = 2.0
PATIENCE_S = 13
# The first bytes of a greeting, and its promise of more.
HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"


@pytest.fixture(name="over_tls", scope="module")
def _over_tls(tmp_path_factory):
    """Give one sidecar to all of these tests."""
    directory = tmp_path_factory.mktemp("tls")
    with attacked_sidecar(directory, tls=True) as sidecar:
        yield sidecar


def plain(over_tls):
    """Open a connection that speaks no TLS by itself."""
    return RawConnection(over_tls.address, source=over_tls.stranger())


def test_a_good_client_is_served(over_tls):
    """With the certificate trusted, everything is as without TLS; the guards are the same."""
    over_tls.serves()
    assert over_tls.refused(over_tls.request(host="evil.example")).status == 403
    assert over_tls.refused(over_tls.request(token="wrong")).status == 401


@pytest.mark.parametrize("data", [b"", HELLO[:5], b"\0" * 100, b"\x15\x03\x01\x00\x02\x02\x28"])
def test_what_is_no_tls_ends(over_tls, data):
    """Plain HTTP and noise get no HTTP back, the right token given."""
    with plain(over_tls) as connection:
        connection.send(data or over_tls.request())
        connection.end_sending()
        assert b"HTTP" not in connection.everything()
    over_tls.serves()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_versions_are_refused(over_tls, version):
    """TLS 1.0 and 1.1 (RFC 8996)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    with pytest.raises((ssl.SSLError, ConnectionError)):
        RawConnection(over_tls.address, source=over_tls.stranger(), tls=context)


def test_unfinished_greetings(over_tls):
    """However many never finish theirs, a good client is served at once; and they have a deadline."""
    with contextlib.ExitStack() as stack:
        silent = []
        for number in range(SILENT):
            connection = stack.enter_context(plain(over_tls))
            connection.send(HELLO if number % 2 else b"")
            silent.append(connection)
            if number % 50 == 0:
                asked = timeit.default_timer()
                over_tls.serves()
                assert timeit.default_timer() - asked < GOOD_WITHIN_S
        began = timeit.default_timer()
        while silent[-1].wait(0.25):
            assert timeit.default_timer() - began < PATIENCE_S, "it is kept"
    assert [line for line in over_tls.said() if " ERROR " in line] == []


def test_more_unfinished_greetings_than_descriptors(tmp_path):
    """Where there is no room, the first of them go: a good client is served at once, and nothing fails."""
    with (
        attacked_sidecar(tmp_path, descriptors=FEW_DESCRIPTORS, tls=True) as narrow,
        contextlib.ExitStack() as stack,
    ):
        source, silent = narrow.stranger(), []
        kept = stack.enter_context(narrow.connect())
        for number in range(SILENT):
            silent.append(stack.enter_context(RawConnection(narrow.address, source=source)))
            if number % 50 == 0:
                asked = timeit.default_timer()
                narrow.serves()
                kept.send(narrow.request())
                narrow.is_served(kept.answer())
                assert timeit.default_timer() - asked < GOOD_WITHIN_S
        assert not silent[0].wait(1), "the first one is still there"
        assert silent[-1].wait(0.01), "the newest one is gone"
        narrow.serves()
        assert [line for line in narrow.said() if " ERROR " in line] == []


def test_an_unfinished_greeting_does_not_hold_up_the_end(tmp_path):
    """Python 3.12 and newer would wait for it."""
    with attacked_sidecar(tmp_path, tls=True) as sidecar, plain(sidecar) as silent:
        silent.send(HELLO)
        sidecar.serves()
        asked = timeit.default_timer()
        assert sidecar.stage.end(sidecar.stage.children[-1]) == 0
        assert timeit.default_timer() - asked < GOOD_WITHIN_S


def test_more_connections_than_descriptors(tmp_path):
    """Who never answers the end of his connection holds no descriptor by it."""
    with (
        attacked_sidecar(tmp_path, descriptors=FEW_DESCRIPTORS, tls=True) as narrow,
        contextlib.ExitStack() as stack,
    ):
        for number in range(SILENT):
            stack.enter_context(narrow.connect())
            if number % 50 == 0:
                asked = timeit.default_timer()
                narrow.serves()
                assert timeit.default_timer() - asked < GOOD_WITHIN_S
        assert [line for line in narrow.said() if " ERROR " in line] == []


def test_a_kept_connection_does_not_hold_up_the_end(tmp_path):
    """As SDKs keep theirs: nobody answers until the next request."""
    with attacked_sidecar(tmp_path, tls=True) as sidecar, sidecar.connect() as kept:
        kept.send(sidecar.request())
        sidecar.is_served(kept.answer())
        asked = timeit.default_timer()
        assert sidecar.stage.end(sidecar.stage.children[-1]) == 0
        assert timeit.default_timer() - asked < GOOD_WITHIN_S
