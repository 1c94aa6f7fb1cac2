"""Use-cases of digital signing: keep certificates, withdraw them, sign a file with one. See ADR 0016."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime

import pkcs11
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from haicap.kernel import clock, files, journal
from haicap.kernel.actor import Actor
from haicap.kernel.models import StoredFile
from haicap.kernel.text import clean
from haicap.registry.models import Person
from haicap.registry.standing import standing
from haicap.systems.onestop import policy
from haicap.systems.onestop.models import KeyStore, SigningCertificate
from haicap.systems.onestop.signing import configuration, keys, pdf, queries
from haicap.systems.onestop.signing.appearance import Look, Spot
from haicap.systems.onestop.signing.errors import (
    BadCertificate,
    BadRevocationList,
    CertificateKnown,
    CertificateOfAnother,
    CertificateOutOfDate,
    CertificateRevoked,
    SigningNotAllowed,
)
from haicap.systems.onestop.signing.pdf import Stroke

LARGEST_IMAGE = 512 * 1024
LARGEST_CRL = 20 * 1024 * 1024


def add_certificate(
    actor: Actor,
    agency_id: uuid.UUID,
    content: bytes,
    passphrase: str,
    *,
    person_id: uuid.UUID | None = None,
    name: str = "",
    image: bytes = b"",
) -> SigningCertificate:
    """Thêm chứng thư từ tệp PKCS#12: its key stays locked by its own passphrase, which is not kept anywhere.

    `person_id` None: the agency's seal. Raises SigningNotAllowed (ONE-422), WrongPassphrase (ONE-417),
    BadCertificate (ONE-416), CertificateOutOfDate (ONE-418), CertificateKnown (ONE-425).
    """
    _check_manager(actor, agency_id, person_id)
    opened = keys.read_pkcs12(content, passphrase)
    return _add(
        actor, agency_id, person_id, name, image, opened.certificate, opened.chain,
        store=KeyStore.PKCS12, box=keys.seal(content),
    )  # fmt: skip


def add_certificate_in_folder(
    actor: Actor,
    agency_id: uuid.UUID,
    file_name: str,
    passphrase: str,
    *,
    person_id: uuid.UUID | None = None,
    name: str = "",
    image: bytes = b"",
) -> SigningCertificate:
    """Thêm chứng thư có khóa nằm trong thư mục của máy chủ (HAICAP_SIGNING_KEYS).

    Raises as `add_certificate`, and KeyAway (ONE-423).
    """
    _check_manager(actor, agency_id, person_id)
    opened = keys.read_pkcs12(keys.read_from_folder(file_name), passphrase)
    return _add(
        actor, agency_id, person_id, name, image, opened.certificate, opened.chain,
        store=KeyStore.FILE, place=file_name,
    )  # fmt: skip


def add_certificate_on_token(
    actor: Actor,
    agency_id: uuid.UUID,
    token: str,
    label: str,
    pin: str,
    *,
    person_id: uuid.UUID | None = None,
    name: str = "",
    image: bytes = b"",
) -> SigningCertificate:
    """Thêm chứng thư trên thiết bị, mô-đun bảo mật (PKCS#11): the key never leaves it.

    Raises as `add_certificate`, and KeyAway (ONE-423) where the module or the token does not answer.
    """
    _check_manager(actor, agency_id, person_id)
    session = keys.token_session(token, pin)
    certificate = b""
    for found in session.get_objects({pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE}):
        if found[pkcs11.Attribute.LABEL] == label:
            certificate = bytes(found[pkcs11.Attribute.VALUE])
    if not certificate:
        raise BadCertificate(
            _("Thiết bị không có chứng thư mang nhãn «%(label)s».") % {"label": label[:80]},
            kept=_("Không có gì được lưu."),
            todo=_("Hãy xem nhãn bằng phần mềm của thiết bị."),
        )
    return _add(
        actor, agency_id, person_id, name, image, certificate, (),
        store=KeyStore.PKCS11, place=f"{token}/{label}",
    )  # fmt: skip


def revoke_certificate(actor: Actor, certificate_id: uuid.UUID, reason: str) -> SigningCertificate:
    """Ngừng dùng chứng thư: nobody signs with it from now on; what it signed before stays valid.

    Raises CertificateNotFound (ONE-421), SigningNotAllowed (ONE-422), CertificateRevoked (ONE-419).
    """
    why = clean(reason)[:300]
    with journal.act(actor, "onestop.revoke_certificate", reason=why) as act:
        queries.certificate(actor, certificate_id)
        row = SigningCertificate.objects.select_for_update().get(pk=certificate_id)
        _check_manager(actor, row.agency_id, row.person_id)
        if row.revoked_at is not None:
            raise _revoked(row)
        row.revoked_at, row.revocation = clock.now(), why
        row.save(update_fields=["revoked_at", "revocation"])
        act.changed(
            "onestop.signing_certificate",
            row.pk,
            {"revoked_at": None},
            {"revoked_at": row.revoked_at, "why": why},
        )
    keys.forget(row.pk)
    return row


def read_revocations(actor: Actor, content: bytes) -> int:
    """Đọc danh sách thu hồi (CRL) of a provider: certificates on it are not used any more. Returns how many.

    The list must be signed by the issuer as known from the certificates' chains. Raises SigningNotAllowed
    (ONE-422), BadRevocationList (ONE-426).
    """
    if not (actor.may(policy.CERTIFICATES) and actor.sees_all):
        raise _not_allowed(policy.CERTIFICATES)
    crl = _read_crl(content)
    issuer = crl.issuer.public_bytes()
    with journal.act(actor, "onestop.read_revocations") as act:
        concerned = [
            row
            for row in SigningCertificate.objects.select_for_update().filter(revoked_at__isnull=True)
            if asn1.Certificate.load(bytes(row.certificate)).issuer.dump() == issuer
            and _signed_by_chain(crl, row)
        ]
        count = 0
        for row in concerned:
            found = crl.get_revoked_certificate_by_serial_number(int(row.serial, 16))
            if found is not None:
                row.revoked_at, row.revocation = clock.now(), "CRL"
                row.save(update_fields=["revoked_at", "revocation"])
                count += 1
        act.changed(
            "onestop.signing_certificate", None, None, {"concerned": len(concerned), "revoked": count}
        )
    keys.forget()
    return count


def sign_pdf(
    actor: Actor,
    content: bytes,
    certificate_id: uuid.UUID,
    passphrase: str,
    *,
    agency_id: uuid.UUID,
    look: Look | None = None,
    spot: Spot | None = None,
    reason: str = "",
) -> tuple[bytes, SigningCertificate]:
    """Ký một tệp PDF in the name of an agency: as a person with the own certificate, or with the agency's seal.

    Raises CertificateNotFound, SigningNotAllowed, CertificateOfAnother (ONE-420), CertificateOutOfDate (ONE-418),
    CertificateRevoked (ONE-419), WrongPassphrase (ONE-417), KeyAway (ONE-423), and what `pdf.sign` does. Nothing is
    kept: who calls keeps it, inside an act of the journal.
    """
    row = queries.certificate(actor, certificate_id)
    now = clock.now()
    check_usable(actor, row, agency_id, now)
    whole = SigningCertificate.objects.select_related("image").get(pk=row.pk)
    signer = keys.open_key(whole, passphrase)
    stroke = Stroke(
        signer=signer,
        who=whole.name,
        look=look or (Look.SEAL if whole.person_id is None else Look.PERSON),
        spot=spot,
        image=files.read(whole.image_id) if whole.image_id else b"",
        reason=reason,
    )
    return pdf.sign(content, stroke, now), whole


def check_usable(actor: Actor, row: SigningCertificate, agency_id: uuid.UUID, now: datetime) -> None:
    """Raises what `sign_pdf` says of certificates, unless the actor may use this one for this agency now."""
    needed = policy.SEAL if row.person_id is None else policy.SIGN
    if not actor.may(needed) or (not actor.is_system and agency_id not in actor.agency_ids):
        raise _not_allowed(needed)
    if row.agency_id != agency_id or (row.person_id is not None and row.person_id != actor.person_id):
        raise CertificateOfAnother(
            _("Chứng thư «%(name)s» là của cơ quan hoặc người khác.") % {"name": row.name},
            kept=_("Chưa có gì được ký."),
            todo=_("Hãy chọn chứng thư của chính bạn, hoặc của cơ quan đang giải quyết hồ sơ."),
        )
    if row.revoked_at is not None:
        raise _revoked(row)
    if not row.begins_at <= now < row.ends_at:
        raise _out_of_date(row.begins_at, row.ends_at)


def _add(
    actor: Actor,
    agency_id: uuid.UUID,
    person_id: uuid.UUID | None,
    name: str,
    image: bytes,
    certificate: bytes,
    chain: tuple[bytes, ...],
    *,
    store: KeyStore,
    box: bytes | None = None,
    place: str = "",
) -> SigningCertificate:
    read = x509.load_der_x509_certificate(certificate)
    keys.check_may_sign(read)
    now = clock.now()
    if read.not_valid_after_utc <= now:
        raise _out_of_date(read.not_valid_before_utc, read.not_valid_after_utc)
    picture = _image(image)
    common = read.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    called = clean(name) or (str(common[0].value) if common else read.subject.rfc4514_string())
    try:
        with journal.act(actor, "onestop.add_certificate") as act, transaction.atomic():
            row = SigningCertificate.objects.create(
                agency_id=agency_id,
                person_id=person_id,
                name=called[:200],
                store=store,
                box=box,
                place=place,
                certificate=certificate,
                chain=list(chain),
                subject=read.subject.rfc4514_string()[:500],
                issuer=read.issuer.rfc4514_string()[:500],
                serial=f"{read.serial_number:x}",
                fingerprint=hashlib.sha256(certificate).hexdigest(),
                begins_at=read.not_valid_before_utc,
                ends_at=read.not_valid_after_utc,
                image=picture,
                added_at=now,
            )
            act.changed(
                "onestop.signing_certificate",
                row.pk,
                None,
                {
                    "agency": agency_id,
                    "person": person_id,
                    "serial": row.serial,
                    "store": store,
                    "ends_at": row.ends_at,
                },
            )
    except IntegrityError as error:
        if "once_an_agency" not in str(error):
            raise
        raise CertificateKnown(
            _("Cơ quan đã có chứng thư này."),
            kept=_("Chứng thư cũ vẫn như cũ."),
            todo=_("Nếu đã ngừng dùng, hãy xin nhà cung cấp chứng thư mới."),
        ) from error
    return row


def _image(content: bytes) -> StoredFile | None:
    if not content:
        return None
    return files.put(content, "image/png", "chu-ky.png", max_bytes=LARGEST_IMAGE, allowed={"image/png"})


def _check_manager(actor: Actor, agency_id: uuid.UUID, person_id: uuid.UUID | None) -> None:
    """Who manages certificates for an agency; everybody brings the own one where they work."""
    own = person_id is not None and person_id == actor.person_id and actor.may(policy.SIGN)
    works_there = actor.is_system or actor.sees_all or agency_id in actor.agency_ids
    if not works_there or not (actor.may(policy.CERTIFICATES) or own):
        raise _not_allowed(policy.CERTIFICATES)
    found = standing(agency_id, clock.today())
    if found is None or not found.lives:
        raise CertificateOfAnother(
            _("Cơ quan này không còn hoạt động, không thêm chứng thư được."),
            kept=_("Không có gì được lưu."),
            todo=_("Hãy thêm chứng thư cho cơ quan kế thừa."),
        )
    if person_id is not None and not Person.objects.filter(pk=person_id).exists():
        raise CertificateOfAnother(
            _("Không tìm thấy người này."), todo=_("Hãy chọn lại người giữ chứng thư.")
        )


def _read_crl(content: bytes) -> x509.CertificateRevocationList:
    if len(content) > LARGEST_CRL:
        raise _bad_list()
    try:
        if content.lstrip().startswith(b"-----BEGIN"):
            return x509.load_pem_x509_crl(content)
        return x509.load_der_x509_crl(content)
    except ValueError as error:
        raise _bad_list() from error


def _signed_by_chain(crl: x509.CertificateRevocationList, row: SigningCertificate) -> bool:
    """Whether the certificate's own issuer signed the list; a list that somebody made up is refused."""
    known = [bytes(one) for one in row.chain] + [one.dump() for one in pdf.roots()]
    for one in known:
        issuer = x509.load_der_x509_certificate(one)
        if issuer.subject != crl.issuer:
            continue
        try:
            if crl.is_signature_valid(issuer.public_key()):  # type: ignore[arg-type]
                return True
        except (InvalidSignature, TypeError, ValueError):
            continue
    raise _bad_list()


def _bad_list() -> BadRevocationList:
    return BadRevocationList(
        _("Không dùng được danh sách thu hồi: không đọc được, hoặc không do nhà cung cấp chứng thư ký."),
        kept=_("Các chứng thư vẫn như cũ."),
        todo=_("Hãy tải lại danh sách (CRL) từ trang của nhà cung cấp."),
    )


def _revoked(row: SigningCertificate) -> CertificateRevoked:
    return CertificateRevoked(
        _("Chứng thư «%(name)s» đã thu hồi.") % {"name": row.name},
        kept=_("Chưa có gì được ký."),
        todo=_("Hãy dùng chứng thư khác còn hiệu lực."),
    )


def _out_of_date(begins_at: datetime, ends_at: datetime) -> CertificateOutOfDate:
    zone = clock.ZONE
    return CertificateOutOfDate(
        _("Chứng thư chỉ có hiệu lực từ %(begin)s đến %(end)s.")
        % {"begin": f"{begins_at.astimezone(zone):%d/%m/%Y}", "end": f"{ends_at.astimezone(zone):%d/%m/%Y}"},
        kept=_("Chưa có gì được ký."),
        todo=_("Hãy gia hạn chứng thư với nhà cung cấp rồi thêm chứng thư mới."),
    )


def _not_allowed(permission: str) -> SigningNotAllowed:
    return SigningNotAllowed(
        _("Bạn chưa được giao quyền «%(what)s» ở cơ quan này.") % {"what": policy.PERMISSIONS[permission]},
        kept=_("Chưa có gì được ký hoặc lưu."),
        todo=_("Hãy nhờ quản trị giao quyền, hoặc chuyển việc cho người có quyền."),
    )


def module_present() -> bool:
    """Whether a security module is set up: pages offer it only then."""
    return bool(configuration.pkcs11_module())
