"""A certificate authority, keys in PKCS#12, a security module in software, PDFs good and bad; made once a run."""

from __future__ import annotations

import subprocess
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from haicap.kernel import paper
from haicap.systems.onestop.signing import appearance
from haicap.systems.onestop.tests.factories import NOW

PASSPHRASE = "Mật khẩu của khóa 1"
_DAY = timedelta(days=1)


class Authority:
    """Nhà cung cấp chứng thư: a root that signs certificates and lists of withdrawn ones."""

    def __init__(self, name: str = "CA thử nghiệm") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usage = x509.KeyUsage(
            digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(self.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - 800 * _DAY)
            .not_valid_after(NOW + 4000 * _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def issue(
        self,
        name: str,
        public_key: Any,
        *,
        organisation: str = "",
        begins: datetime = NOW - 30 * _DAY,
        ends: datetime = NOW + 700 * _DAY,
        time_stamping: bool = False,
    ) -> x509.Certificate:
        """A certificate for signing documents."""
        names = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
        if organisation:
            names.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
        usage = x509.KeyUsage(
            digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        built = (
            x509.CertificateBuilder()
            .subject_name(x509.Name(names))
            .issuer_name(self.name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
            .add_extension(usage, critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
            )
        )
        if time_stamping:
            extended = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            built = built.add_extension(extended, critical=True)
        return built.sign(self.key, hashes.SHA256())

    def pkcs12(self, name: str, *, key: Any = None, passphrase: str = PASSPHRASE, **more: Any) -> bytes:
        """A PKCS#12 file with a key, its certificate and the root."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        certificate = self.issue(name, key.public_key(), **more)
        lock = serialization.BestAvailableEncryption(passphrase.encode())
        return pkcs12.serialize_key_and_certificates(b"khoa", key, certificate, [self.certificate], lock)

    def revocations(self, *serials: int) -> bytes:
        """A list of withdrawn certificates (CRL), in DER."""
        built = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.name)
            .last_update(NOW)
            .next_update(NOW + _DAY)
        )
        for serial in serials:
            one = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW).build()
            built = built.add_revoked_certificate(one)
        return built.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def pem(self) -> bytes:
        """The root certificate in PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)


@lru_cache(maxsize=1)
def authority() -> Authority:
    """The one authority of a run."""
    return Authority()


@lru_cache(maxsize=1)
def rsa_key() -> rsa.RSAPrivateKey:
    """An RSA key, made once: it takes long."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@lru_cache(maxsize=2)
def plain_pdf(pages: int = 1) -> bytes:
    """A PDF of pages with a line each."""
    import typst

    breaks = "#pagebreak()".join(f"Trang {at}: Quyết định số {at}." for at in range(1, pages + 1))
    made = typst.compile(breaks.encode(), format="pdf")
    assert isinstance(made, bytes)
    return made


def changed_pdf(pdf: bytes, change: Any) -> bytes:
    """The PDF after `change(writer)`, as an incremental update."""
    import io

    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def encrypted_pdf() -> bytes:
    """A PDF that asks for a password."""
    import io

    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.pdf_utils.writer import copy_into_new_writer

    writer = copy_into_new_writer(PdfFileReader(io.BytesIO(plain_pdf())))
    writer.encrypt("mat-khau", "mat-khau")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@lru_cache(maxsize=1)
def red_png() -> bytes:
    """A red image to show as a seal."""
    shot = {
        "width": 10,
        "height": 10,
        "colour": "#c8102e",
        "size": 6,
        "framed": True,
        "image": [],
        "lines": ["DẤU"],
    }
    pdf = paper.pdf(appearance.TEMPLATE, shot)
    done = subprocess.run(
        ["pdftoppm", "-r", "100", "-png", "-singlefile", "-"], input=pdf, capture_output=True, check=True
    )
    return done.stdout
