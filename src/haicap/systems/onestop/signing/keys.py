"""Khóa ký: opened with the passphrase of who signs, kept open in this process for a while (ADR 0016).

Loading an RSA key and checking it takes longer than signing with it: pyHanko's own signer does it twice a signature.
A passphrase lives in memory only, as an HMAC under a secret of the process.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
import time
import uuid
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pkcs11
from asn1crypto import x509
from cryptography import x509 as pyca
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import pkcs12
from django.conf import settings
from django.utils.translation import gettext as _
from pyhanko.config.pkcs11 import TokenCriteria
from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session
from pyhanko.sign.signers import Signer
from pyhanko_certvalidator.registry import SimpleCertificateStore

from haicap.systems.onestop.models import KeyStore, SigningCertificate
from haicap.systems.onestop.signing import configuration
from haicap.systems.onestop.signing.errors import BadCertificate, KeyAway, WrongPassphrase

#: a key that nobody signed with for so long is forgotten
KEEP_S = 15 * 60
MOST_KEPT = 64
LARGEST_FILE = 64 * 1024

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Opened:
    """What a PKCS#12 file holds: the key, its certificate and the chain, as DER."""

    key: PrivateKey
    certificate: bytes
    chain: tuple[bytes, ...]


class KeptSigner(Signer):
    """Signs with a key that stays loaded."""

    def __init__(self, key: PrivateKey, certificate: bytes, chain: tuple[bytes, ...]) -> None:
        self._key = key
        registry = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        registry.register_multiple([x509.Certificate.load(one) for one in chain])
        super().__init__(signing_cert=x509.Certificate.load(certificate), cert_registry=registry)

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        """The raw signature; zeros of its length when only the length is asked for."""
        key = self._key
        digest: Any = getattr(hashes, digest_algorithm.upper())()
        if isinstance(key, rsa.RSAPrivateKey):
            return bytes(key.key_size // 8) if dry_run else key.sign(data, padding.PKCS1v15(), digest)
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return bytes(2 * ((key.key_size + 7) // 8) + 12) if dry_run else key.sign(data, ec.ECDSA(digest))
        return bytes(64) if dry_run else key.sign(data)


def read_pkcs12(content: bytes, passphrase: str) -> Opened:
    """Open a PKCS#12 file. Raises WrongPassphrase (ONE-417), BadCertificate (ONE-416)."""
    if len(content) > LARGEST_FILE:
        raise _bad(_("tệp quá lớn"))
    if not content.startswith(b"\x30"):
        raise _bad(_("không phải tệp PKCS#12 (.p12, .pfx)"))
    try:
        key, certificate, chain = pkcs12.load_key_and_certificates(content, passphrase.encode() or None)
    except ValueError as error:
        if "password" in str(error).lower() or "mac" in str(error).lower():
            raise wrong_passphrase() from error
        raise _bad(str(error)[:100]) from error
    if key is None or certificate is None:
        raise _bad(_("thiếu khóa riêng hoặc chứng thư"))
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        raise _bad(_("loại khóa không dùng được"))
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < 2048:
        raise _bad(_("khóa RSA ngắn hơn 2048 bit"))
    check_may_sign(certificate)
    encoding = serialization.Encoding.DER
    return Opened(key, certificate.public_bytes(encoding), tuple(one.public_bytes(encoding) for one in chain))


def check_may_sign(certificate: pyca.Certificate) -> None:
    """Raises BadCertificate unless the certificate is made for signing documents."""
    try:
        usage = certificate.extensions.get_extension_for_class(pyca.KeyUsage).value
    except pyca.ExtensionNotFound:
        return
    if not (usage.digital_signature or usage.content_commitment):
        raise _bad(_("chứng thư không dùng để ký văn bản"))


def seal(content: bytes) -> bytes:
    """A PKCS#12 file as the database keeps it: locked by its own passphrase, and by the deployment's secret."""
    return _boxes().encrypt(content)


def open_key(row: SigningCertificate, passphrase: str) -> Signer:
    """The signer of a certificate, from memory or opened with the passphrase (or PIN).

    Raises WrongPassphrase (ONE-417), KeyAway (ONE-423).
    """
    mark = hmac.digest(_process_secret(), f"{row.pk}\0{row.fingerprint}\0{passphrase}".encode(), "sha256")
    now = time.monotonic()
    with _lock:
        for known in [one for one, (_signer, until) in _kept.items() if until < now]:
            del _kept[known]
        if mark in _kept:
            signer, _until = _kept[mark]
            _kept[mark] = signer, now + KEEP_S
            return signer
    signer = _from_token(row, passphrase) if row.store == KeyStore.PKCS11 else _from_file(row, passphrase)
    with _lock:
        while len(_kept) >= MOST_KEPT:
            del _kept[min(_kept, key=lambda one: _kept[one][1])]
        _kept[mark] = signer, now + KEEP_S
    return signer


def forget(certificate: uuid.UUID | None = None) -> None:
    """Forget open keys; called when a certificate is withdrawn. All of them: a process has few."""
    with _lock:
        _kept.clear()


def wrong_passphrase() -> WrongPassphrase:
    """The error for a passphrase or PIN that does not open the key."""
    return WrongPassphrase(
        _("Mật khẩu (hoặc mã PIN) của chứng thư không đúng."),
        kept=_("Chưa có gì được ký."),
        todo=_("Hãy nhập lại. Thiết bị có thể khóa sau vài lần sai."),
    )


_kept: dict[bytes, tuple[Signer, float]] = {}
_sessions: dict[str, Any] = {}
_lock = threading.Lock()


@lru_cache(maxsize=1)
def _process_secret() -> bytes:
    return secrets.token_bytes(32)


def _from_file(row: SigningCertificate, passphrase: str) -> Signer:
    opened = read_pkcs12(_content(row), passphrase)
    if hashlib.sha256(opened.certificate).hexdigest() != row.fingerprint:
        raise _away(_("tệp khóa không còn là của chứng thư này"))
    return KeptSigner(opened.key, opened.certificate, opened.chain)


def _content(row: SigningCertificate) -> bytes:
    if row.store == KeyStore.PKCS12:
        try:
            return _boxes().decrypt(bytes(row.box or b""))
        except InvalidToken as error:
            raise _away(_("không mở được bằng bí mật hiện nay của hệ thống")) from error
    return read_from_folder(row.place)


def read_from_folder(name: str) -> bytes:
    """A PKCS#12 file of the folder of keys. Raises KeyAway (ONE-423)."""
    folder = configuration.key_folder()
    if folder is None:
        raise _away(_("chưa đặt thư mục khóa (HAICAP_SIGNING_KEYS)"))
    path = folder / name
    try:
        if path.resolve().parent != folder.resolve() or path.stat().st_size > LARGEST_FILE:
            raise _away(_("tên tệp khóa không hợp lệ"))
        return path.read_bytes()
    except OSError as error:
        raise _away(str(error.strerror)) from error


def _from_token(row: SigningCertificate, pin: str) -> Signer:
    token, _slash, label = row.place.partition("/")
    session = token_session(token, pin)
    registry = [x509.Certificate.load(bytes(one)) for one in row.chain]
    return PKCS11Signer(
        session,
        signing_cert=x509.Certificate.load(bytes(row.certificate)),
        ca_chain=registry,
        key_label=label,
    )


def token_session(token: str, pin: str) -> Any:
    """A session of a token, logged in. Raises WrongPassphrase (ONE-417), KeyAway (ONE-423).

    A token that is logged in already takes any PIN for right, so its session is closed before another PIN is tried.
    """
    module = configuration.pkcs11_module()
    if not module:
        raise _away(_("chưa đặt thư viện PKCS#11 (HAICAP_SIGNING_PKCS11)"))
    with _lock:
        open_one = _sessions.pop(token, None)
        _kept.clear()
        try:
            if open_one is not None:
                open_one.close()
            session = open_pkcs11_session(module, token_criteria=TokenCriteria(label=token), user_pin=pin)
        except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange) as error:
            raise wrong_passphrase() from error
        except (pkcs11.PKCS11Error, OSError, RuntimeError) as error:
            raise _away(f"{type(error).__name__} {error}".strip()) from error
        _sessions[token] = session
    return session


def _boxes() -> MultiFernet:
    return MultiFernet([_box(secret) for secret in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]])


@lru_cache(maxsize=8)
def _box(secret: str) -> Fernet:
    derived = HKDF(hashes.SHA256(), length=32, salt=None, info=b"haicap document keys 1").derive(
        secret.encode()
    )
    return Fernet(base64.urlsafe_b64encode(derived))


def _bad(why: str) -> BadCertificate:
    return BadCertificate(
        _("Không dùng được tệp chứng thư: %(why)s.") % {"why": why},
        kept=_("Không có gì được lưu."),
        todo=_("Hãy xuất lại chứng thư cùng khóa riêng (.p12, .pfx) từ phần mềm của nhà cung cấp."),
    )


def _away(why: str) -> KeyAway:
    return KeyAway(
        _("Không mở được khóa ký: %(why)s.") % {"why": why},
        kept=_("Chưa có gì được ký."),
        todo=_("Hãy cắm lại thiết bị, hoặc báo bộ phận kỹ thuật."),
    )
