"""Certificates that the tests' own servers show."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def made(*names: x509.GeneralName) -> tuple[bytes, bytes]:
    """A certificate for the names that vouches for itself, and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, str(names[0].value))])
    now = datetime.datetime.now(datetime.UTC)
    found = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return found.public_bytes(serialization.Encoding.PEM), secret


def serving(certificate: Path, key: bytes) -> ssl.SSLContext:
    """A server's context with the certificate of a file; the key is in a file beside it for a moment only."""
    secret = certificate.with_suffix(".key")
    secret.write_bytes(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, secret)
    secret.unlink()
    return context


def contexts(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate for `name`, and a client's that trusts it."""
    public, key = made(x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("93.184.216.34")))
    file = folder / "server.pem"
    file.write_bytes(public)
    return serving(file, key), ssl.create_default_context(cadata=public.decode())
