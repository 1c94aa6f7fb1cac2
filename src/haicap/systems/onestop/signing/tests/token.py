"""Putting a key and its certificate onto a token, as a provider does."""

from __future__ import annotations

import pkcs11
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pkcs11.util.rsa import decode_rsa_private_key
from pkcs11.util.x509 import decode_x509_certificate


def fill(
    module: str, token: str, pin: str, label: str, key: rsa.RSAPrivateKey, certificate: x509.Certificate
) -> None:
    """Store both under the label."""
    library = pkcs11.lib(module)
    library.reinitialize()
    with library.get_token(token_label=token).open(rw=True, user_pin=pin) as session:
        der = key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        for attributes in (
            decode_rsa_private_key(der),
            decode_x509_certificate(certificate.public_bytes(Encoding.DER)),
        ):
            session.create_object({**attributes, pkcs11.Attribute.LABEL: label, pkcs11.Attribute.TOKEN: True})
