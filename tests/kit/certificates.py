"""Certificates of clients that no authority would give: without one, run out, or for servers alone."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from pathlib import Path

    import trustme

_DAY: Final = dt.timedelta(days=1)


def write_self_signed(path: Path, *, days_left: int = 1, for_servers: bool = False) -> Path:
    """Write a certificate of itself, valid from nine days before its end; its key beside it, as `.key`."""
    until = dt.datetime.now(dt.UTC) + days_left * _DAY
    usage = ExtendedKeyUsageOID.SERVER_AUTH if for_servers else ExtendedKeyUsageOID.CLIENT_AUTH
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - 9 * _DAY)
        .not_valid_after(until)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path.write_bytes(certificate.public_bytes(pem))
    path.with_suffix(".key").write_bytes(key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
    return path


def write_issued(path: Path, issued: trustme.LeafCert) -> Path:
    """Write a certificate with those between it and its authority; its key beside it, as `.key`."""
    path.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    path.with_suffix(".key").write_bytes(issued.private_key_pem.bytes())
    path.with_suffix(".key").chmod(0o600)
    return path
