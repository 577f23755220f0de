"""Certificates for 127.0.0.1, and for names, that nobody trusts unless told to."""

import ipaddress
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cone_sidecar.clock import SystemClock


def write_certificate(folder, names=()):
    """Write ``certificate.pem`` and ``key.pem``, signed by itself; returns both paths."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate("simulator", key, "simulator", key, names=names, authority=True)
    return _written(folder / "certificate.pem", certificate), _written_key(folder / "key.pem", key)


def write_signed_certificate(folder, names=()):
    """Write ``authority.pem``, and ``certificate.pem`` signed by it with ``key.pem``; returns the paths."""
    own, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _certificate("authority", own, "authority", own, authority=True)
    certificate = _certificate("sidecar", key, "authority", own, names=names)
    return (
        _written(folder / "authority.pem", authority),
        _written(folder / "certificate.pem", certificate),
        _written_key(folder / "key.pem", key),
    )


def _certificate(subject, key, issuer, signer, *, names=(), authority=False):
    now = SystemClock().now()
    addresses = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), *map(x509.DNSName, names)]
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(addresses), critical=False)
        .add_extension(
            x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True
        )
    )
    if not authority:
        # Verifiers that go by the book want all of these.
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        of_signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        builder = builder.add_extension(usage, critical=False).add_extension(
            of_signer, critical=False
        )
    return builder.sign(signer, hashes.SHA256())


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _written(path, certificate):
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return path


def _written_key(path, key):
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path
