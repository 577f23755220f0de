"""Who is let through before anybody looks at a token: method, headers, Host, network."""

import ipaddress

import pytest

from cone_sidecar.authorization_tokens import AuthorizationTokens
from cone_sidecar.errors import RequestRefused, Unauthorized, UsageError
from cone_sidecar.secret import Secret
from cone_sidecar.web.client_networks import ClientNetworks, parse_networks, plain_address
from cone_sidecar.web.guard import (
    MOST_ADDRESSES,
    BodyRefused,
    CommandGuard,
    HostGuard,
    MethodRefused,
)
from cone_sidecar.web.seen_headers import read_headers
from fakes.clock import FakeClock

SERVER = ("127.0.0.1", 9911)
CLIENT = ("127.0.0.1", 50000)
SECRET = "m" * 43


def headers(*more, host=b"127.0.0.1:9911"):
    return [(b"host", host), *more]


def refusal(guard, seen_headers, *, method="GET", client=CLIENT, server=SERVER):
    return guard.refusal(method, read_headers(seen_headers), client, server)


@pytest.mark.parametrize(
    ("server", "host"),
    [
        (("127.0.0.1", 9911), b"127.0.0.1"),
        (("127.0.0.1", 9911), b"localhost:9911"),
        (("127.0.0.1", 9911), b"LocalHost"),
        (("127.0.0.1", 9911), b"[::1]:9911"),
        (("127.0.0.5", 9911), b"127.0.0.5:9911"),
        (("169.254.170.2", 80), b"169.254.170.2"),
        (("169.254.170.2", 80), b"169.254.170.2:80"),
        (("10.1.2.3", 9911), b"10.1.2.3:9911"),
        (("::1", 9911), b"[::1]"),
        (("::1", 9911), b"::1"),
        (("fd00:ec2::23", 80), b"[fd00:ec2::23]"),
        (("fd00:ec2::23", 80), b"[FD00:EC2::23]:80"),
        (("fd00:ec2::23", 80), b"fd00:ec2::23"),
        # A socket of both families tells of IPv4 in IPv6's clothes.
        (("::ffff:10.1.2.3", 9911), b"10.1.2.3:9911"),
        (("fe80::1%eth0", 9911), b"[fe80::1]:9911"),
    ],
)
def test_the_address_that_was_called_is_a_right_name(server, host):
    """With and without the port, IPv6 in brackets, in any case; so are the names of loopback.

    The CRT sends neither port nor brackets.
    """
    assert refusal(HostGuard(), headers(host=host), server=server) is None


@pytest.mark.parametrize(
    "host",
    [
        b"",
        b"attacker.example",
        b"attacker.example:9911",
        b"127.0.0.1.attacker.example",
        b"127.0.0.1:9912",
        b"127.0.0.1:",
        b"127.0.0.1:9911:9911",
        b"127.0.0.2:9911",
        b"127.1",
        b"2130706433",
        b"0x7f.1",
        b"0.0.0.0:9911",
        b"10.1.2.3",
        b"::1",
        b"[::1",
        b"[::ffff:127.0.0.1]",
        b"localhost.",
        b"127.0.0.1 127.0.0.1",
        b"user@127.0.0.1",
        b"127.0.0.1,127.0.0.1",
        b"\xff",
    ],
)
def test_every_other_name_is_a_wrong_one(host):
    """A name that was rebound to us, and everything that is nearly right."""
    error = refusal(HostGuard(), headers(host=host))
    assert isinstance(error, RequestRefused)
    assert error.http_status == 403
    assert "Host" in error.message


@pytest.mark.parametrize("hosts", [[], [b"127.0.0.1", b"127.0.0.1"], [b"x", b"127.0.0.1"]])
def test_there_is_exactly_one_host(hosts):
    """None, or two of which one might be looked at elsewhere, is refused."""
    assert refusal(HostGuard(), [(b"host", host) for host in hosts]) is not None


@pytest.mark.parametrize(
    "host", [b"::1:9911", b"::2", b"fd00:ec2::23", b"0:0:0:0:0:0:0:1", b"[::1"]
)
def test_at_ipv6_every_other_name_is_a_wrong_one(host):
    """Without brackets it is the very address that was called, and nothing behind it."""
    assert refusal(HostGuard(), headers(host=host), server=("::1", 9911)) is not None


def test_a_name_that_was_allowed():
    """It is right with and without the listener's port, in any case, and no other one is."""
    guard = HostGuard(["Sidecar.internal"])
    for host in (b"sidecar.internal", b"SIDECAR.INTERNAL:9911"):
        assert refusal(guard, headers(host=host)) is None
    for host in (b"sidecar.internal:80", b"x.sidecar.internal"):
        assert refusal(guard, headers(host=host)) is not None


def test_each_arrival_has_its_own_names():
    """A listener on all addresses is known by the one that was called alone, whatever came before."""
    guard = HostGuard()
    assert refusal(guard, headers(host=b"10.1.2.3"), server=("10.1.2.3", 9911)) is None
    assert refusal(guard, headers(host=b"10.1.2.3"), server=("10.9.9.9", 9911)) is not None
    for number in range(2 * MOST_ADDRESSES):
        refusal(guard, headers(), server=("127.0.0.1", number))
    assert len(guard._names) <= MOST_ADDRESSES


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "OPTIONS", "DELETE", "TRACE", "get"])
def test_get_alone_is_answered(method):
    """405, with what is allowed."""
    error = refusal(HostGuard(), headers(), method=method)
    assert isinstance(error, MethodRefused)
    assert (error.http_status, error.allow) == (405, "GET")


@pytest.mark.parametrize(
    "header",
    [
        (b"origin", b"null"),
        (b"cookie", b""),
        (b"x-forwarded-for", b"127.0.0.1"),
        (b"forwarded", b"for=127.0.0.1"),
        (b"via", b"1.1 x"),
        (b"sec-fetch-mode", b"cors"),
        (b"sec-fetch-anything", b""),
        (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64)"),
    ],
)
def test_browsers_and_proxies(header):
    """One header that no SDK sends is enough, whatever it says."""
    error = refusal(HostGuard(), headers(header))
    assert isinstance(error, RequestRefused)
    assert error.http_status == 403


@pytest.mark.parametrize(
    "header",
    [
        (b"referer", b"http://127.0.0.1/"),
        (b"user-agent", b""),
        (b"user-agent", b"aws-sdk-java/2 Mozilla/5.0"),
        (b"content-length", b"0"),
        (b"x-forwarded-proto", b"http"),
        (b"accept-encoding", b"gzip"),
        (b"amz-sdk-request", b"attempt=1; max=3"),
    ],
)
def test_what_sdks_send_passes(header):
    """A Referer comes with Go's redirects, an empty length with some clients."""
    assert refusal(HostGuard(), headers(header)) is None


@pytest.mark.parametrize(
    "header",
    [(b"content-length", b"1"), (b"content-length", b"007"), (b"transfer-encoding", b"chunked")],
)
def test_a_question_has_no_body(header):
    """One that is announced is refused before it arrives."""
    error = refusal(HostGuard(), headers(header))
    assert isinstance(error, BodyRefused)
    assert error.http_status == 400


def test_a_network_is_looked_at_first():
    """A client from elsewhere hears nothing of methods, names or headers."""
    guard = HostGuard((), ClientNetworks(parse_networks(["10.0.0.0/8"], option="--allow-client")))
    error = refusal(guard, headers(host=b"x"), method="POST", client=("192.0.2.1", 1))
    assert error is not None
    assert "network" in error.message
    assert "--allow-client" in error.hint
    assert refusal(guard, headers(), client=("10.1.2.3", 1)) is None


@pytest.mark.parametrize(
    ("address", "admitted"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("10.1.2.3%eth0", True),
        ("11.0.0.1", False),
        ("192.0.2.7", True),
        ("192.0.2.8", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("no address", False),
        ("", False),
    ],
)
def test_networks(address, admitted):
    """IPv4 in IPv6's clothes is IPv4; what is no address is in no network; it is the same twice."""
    networks = ClientNetworks(
        parse_networks(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"], option="--allow-client")
    )
    assert networks.admit((address, 1)) is admitted
    assert networks.admit((address, 2)) is admitted


def test_no_network_named_means_all():
    """And a unix socket's client is always its owner."""
    assert ClientNetworks().admit(("192.0.2.1", 1))
    closed = ClientNetworks([ipaddress.ip_network("10.0.0.0/8")])
    assert closed.admit(None)


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0.0/33", "localhost", "", "10.0.0.0/8/8"])
def test_what_is_no_network(text):
    """It is refused with the option and an example."""
    with pytest.raises(UsageError, match="--allow-client takes a network") as caught:
        parse_networks([text], option="--allow-client")
    assert caught.value.hint == "--allow-client 10.0.0.0/8, or one address"


def test_plain_addresses():
    """Zones and mappings are taken off."""
    assert plain_address("fe80::1%eth0") == ipaddress.ip_address("fe80::1")
    assert plain_address("::ffff:127.0.0.1") == ipaddress.ip_address("127.0.0.1")
    assert plain_address("localhost") is None


@pytest.mark.parametrize("form", [b"%b", b"Bearer %b"])
def test_a_command_is_let_in_by_its_secret(form):
    """Raw or after ``Bearer``."""
    guard = CommandGuard(HostGuard(), AuthorizationTokens(Secret(SECRET), clock=FakeClock()))
    sent = headers((b"authorization", form % SECRET.encode()))
    assert guard.refusal(sent, SERVER) is None


@pytest.mark.parametrize("values", [[], [b"x"], [b"Bearer "], [b"\xff"], [SECRET.encode()] * 2])
def test_a_command_without_its_secret(values):
    """Missing, wrong and doubled ones are refused, and it is said where the secret is."""
    guard = CommandGuard(HostGuard(), AuthorizationTokens(Secret(SECRET), clock=FakeClock()))
    error = guard.refusal(headers(*((b"authorization", value) for value in values)), SERVER)
    assert isinstance(error, Unauthorized)
    assert "management-token" in error.hint


def test_a_command_from_a_browser_is_refused_before_its_secret():
    """A foreign header or name is said first: nobody learns whether a secret was right."""
    guard = CommandGuard(HostGuard(), AuthorizationTokens(Secret(SECRET), clock=FakeClock()))
    right = (b"authorization", SECRET.encode())
    assert isinstance(guard.refusal(headers(right, (b"origin", b"x")), SERVER), RequestRefused)
    assert isinstance(guard.refusal(headers(right, host=b"x.example"), SERVER), RequestRefused)


@pytest.mark.parametrize("name", [b"localhost", b"LocalHost", b"127.0.0.1", b"[::1]"])
@pytest.mark.parametrize("server", [SERVER, ("172.17.0.2", 9912)])
def test_a_forwarded_port_has_another_number(name, server):
    """An editor's, or one that an engine published; a credentials listener isn't forwarded."""
    seen = read_headers(headers(host=name + b":49913"))
    assert HostGuard().forwarded_host_refusal(seen, server) is None
    assert HostGuard().host_refusal(seen, server) is not None


@pytest.mark.parametrize(
    "host",
    [
        b"",
        b"attacker.example:9911",
        b"localhost.attacker.example:9911",
        b"localhost:",
        b"localhost:9911:9911",
        b"localhost:x",
        b"127.0.0.1.nip.io:9911",
        b"a@localhost:9911",
        b"127.0.0.2:49913",
        b"[::1]:9911\n",
    ],
)
def test_a_name_that_can_be_rebound_is_wrong_with_any_port(host):
    """What merely begins or ends as loopback's names do is somebody else's."""
    seen = read_headers(headers(host=host))
    assert HostGuard().forwarded_host_refusal(seen, SERVER) is not None


def test_a_forwarded_request_has_one_host():
    """Two of them are two opinions."""
    seen = read_headers(headers((b"host", b"localhost:49913"), host=b"localhost:49913"))
    assert HostGuard().forwarded_host_refusal(seen, SERVER) is not None
