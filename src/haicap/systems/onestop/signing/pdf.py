"""Ký và kiểm tra PDF (PAdES): a signature is added behind the bytes that are there; what was signed stays as it was."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from asn1crypto import x509
from asn1crypto.pem import detect, unarmor
from django.utils.translation import gettext as _
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.timestamps.common_utils import TimestampRequestError
from pyhanko.sign.timestamps.requests_client import RequestsHTTPTimeStamper
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko_certvalidator import ValidationContext

from haicap.kernel.clock import ZONE
from haicap.systems.onestop.signing import appearance, configuration
from haicap.systems.onestop.signing.appearance import MM, Look, Spot
from haicap.systems.onestop.signing.errors import NotAPdf, PdfLocked, SignatureBroken, TimeStampAway
from haicap.systems.onestop.signing.inspection import inspect

# That a certificate comes from no known root is an answer (`trusted`), not a warning with a traceback.
logging.getLogger("pyhanko.sign.validation").setLevel(logging.ERROR)

#: seconds to wait for the time stamp authority
TSA_TIMEOUT_S = 10

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stroke:
    """Một chữ ký sẽ ký: with which key, in whose name, how it looks and where; `spot` None: the usual place."""

    signer: Signer
    who: str
    look: Look = Look.HIDDEN
    spot: Spot | None = None
    image: bytes = b""
    reason: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """Một chữ ký trong tệp: who signed when, and what holds of it.

    `intact`: the bytes are those that were signed; `trusted`: the certificate comes from a root that this
    deployment knows; `whole`: nothing but further signatures was added since; `stamped`: time by an authority.
    """

    who: str
    organisation: str
    issuer: str
    at: datetime | None
    intact: bool
    trusted: bool
    whole: bool
    stamped: bool
    fingerprint: str


def sign(pdf: bytes, stroke: Stroke, at: datetime) -> bytes:
    """The PDF with one signature more. What it had before is not touched: earlier signatures stay valid.

    Raises what `inspect` does, PdfLocked (ONE-415), TimeStampAway (ONE-424), SignatureBroken (ONE-427).
    """
    before = inspect(pdf)
    stamper = _time_stamper()
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
        field, style = _shown(writer, stroke, before.signatures, at)
        metadata = PdfSignatureMetadata(
            field_name=field.sig_field_name,
            md_algorithm="sha256",
            subfilter=SigSeedSubFilter.PADES,
            name=stroke.who[:200] or None,
            reason=stroke.reason[:200] or None,
            location=stroke.location[:200] or None,
        )
        signer = _At(metadata, stroke.signer, timestamper=stamper, stamp_style=style, new_field_spec=field)
        signer.at = at
        made: bytes = _alone(lambda: signer.sign_pdf(writer)).getvalue()
    except TimestampRequestError as error:
        raise TimeStampAway(
            _("Máy chủ cấp dấu thời gian không trả lời: %(why)s") % {"why": str(error)[:200]},
            kept=_("Chưa có gì được ký."),
            todo=_("Hãy thử lại sau ít phút."),
        ) from error
    except SigningError as error:
        raise PdfLocked(
            _("Tệp không nhận thêm chữ ký: %(why)s") % {"why": str(error)[:200]},
            kept=_("Tệp và các chữ ký đã có giữ nguyên."),
            todo=_("Hãy dùng bản chưa khóa của tài liệu."),
        ) from error
    except (PdfError, KeyError, TypeError, ValueError) as error:
        raise NotAPdf(
            _("Không ký được tệp PDF này: %(why)s") % {"why": str(error)[:200]},
            kept=_("Chưa có gì được ký."),
            todo=_("Hãy lưu lại thành PDF rồi tải lên."),
        ) from error
    _check_all(made, before.signatures + 1)
    return made


def verify(pdf: bytes) -> list[Signature]:
    """Every signature of a PDF, the first first; none for an unsigned one. Raises NotAPdf (ONE-411)."""
    try:
        reader = PdfFileReader(io.BytesIO(pdf), strict=False)
        return [_verified(one) for one in reader.embedded_regular_signatures]
    except (PdfError, KeyError, TypeError, ValueError, IndexError, RecursionError) as error:
        raise NotAPdf(
            _("Tệp không phải là PDF đọc được."),
            kept=_("Không có gì được lưu."),
            todo=_("Hãy chọn tệp khác."),
        ) from error


def _alone(work: Callable[[], T]) -> T:
    """Do work that starts an event loop of its own; where one runs in this thread, in another thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    with ThreadPoolExecutor(1) as other:
        return other.submit(work).result()


class _At(PdfSigner):
    """A signer that goes by the one clock."""

    at: datetime

    def init_signing_session(self, pdf_out: Any, existing_fields_only: bool = False) -> Any:
        """The session, at the time that the clock says."""
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self.at.astimezone(ZONE)
        return session


def _shown(writer: Any, stroke: Stroke, number: int, at: datetime) -> tuple[SigFieldSpec, Any]:
    """The field of the signature, and what it draws."""
    name = f"ChuKySo{number + 1}"
    if stroke.look is Look.HIDDEN:
        return SigFieldSpec(name), None
    page_number = stroke.spot.page if stroke.spot is not None else -1
    size = _page_size(writer, 0 if stroke.look is Look.COPY else page_number)
    # the right column, above the foot of the page, where forms have their signer
    spot = stroke.spot or Spot(-1, size[0] * 0.68, min(55 * MM, size[1] / 3))
    page, box = appearance.box_of(stroke.look, spot, size)
    return (
        SigFieldSpec(name, on_page=page, box=box),
        appearance.style(stroke.look, box, stroke.who, at, stroke.image),
    )


def _page_size(writer: Any, number: int) -> tuple[float, float]:
    total = int(writer.root["/Pages"]["/Count"])
    at = number if number >= 0 else total + number
    reference, _resources = writer.find_page_for_modification(max(0, min(at, total - 1)))
    node = reference.get_object()
    while "/MediaBox" not in node and "/Parent" in node:
        node = node["/Parent"]
    x1, y1, x2, y2 = (float(side) for side in node["/MediaBox"])
    return abs(x2 - x1), abs(y2 - y1)


def _time_stamper() -> TimeStamper | None:
    address = configuration.timestamp_address()
    if not address:
        return None
    return RequestsHTTPTimeStamper(address, timeout=TSA_TIMEOUT_S)  # type: ignore[no-untyped-call]


def _check_all(pdf: bytes, expected: int) -> None:
    """Before anything is kept: the new signature and those before it hold."""
    found = verify(pdf)
    if len(found) != expected or not all(one.intact and one.whole for one in found):
        raise SignatureBroken(
            _("Sau khi ký, chữ ký trong tệp không hợp lệ."),
            kept=_("Không có gì được lưu; tệp cũ và các chữ ký cũ giữ nguyên."),
            todo=_("Hãy thử lại bằng bản PDF khác của tài liệu."),
        )


def _verified(embedded: Any) -> Signature:
    certificate = embedded.signer_cert
    reported = embedded.self_reported_timestamp
    try:
        context = ValidationContext(
            trust_roots=roots(), moment=reported, allow_fetching=False, best_signature_time=reported
        )
        status = _alone(lambda: validate_pdf_signature(embedded, context))
        intact, trusted = bool(status.intact and status.valid), bool(status.trusted)
        whole = bool(status.docmdp_ok) and status.modification_level != ModificationLevel.OTHER
        stamp = status.timestamp_validity
        stamped = stamp is not None and bool(stamp.valid)
        reported = stamp.timestamp if stamp is not None and stamped else reported
    except (SignatureValidationError, PdfError, ValueError) as _error:
        intact = trusted = whole = stamped = False
    names = certificate.subject.native
    return Signature(
        who=str(names.get("common_name", certificate.subject.human_friendly))[:200],
        organisation=_first(names.get("organization_name", "")),
        issuer=_first(certificate.issuer.native.get("common_name", "")),
        at=reported,
        intact=intact,
        trusted=trusted,
        whole=whole,
        stamped=stamped,
        fingerprint=certificate.sha256.hex(),
    )


def _first(value: object) -> str:
    return str(
        value[0] if isinstance(value, Sequence) and not isinstance(value, str) and value else value or ""
    )[:200]


def roots() -> list[x509.Certificate]:
    folder = configuration.trust_folder()
    if folder is None:
        return []
    return _read_roots(
        tuple(sorted((str(one), one.stat().st_mtime) for one in folder.glob("*") if one.is_file()))
    )


@lru_cache(maxsize=4)
def _read_roots(files: tuple[tuple[str, float], ...]) -> list[x509.Certificate]:
    found = []
    for name, _changed in files:
        with open(name, "rb") as file:
            content = file.read()
        if detect(content):
            found += [x509.Certificate.load(der) for _kind, _headers, der in unarmor(content, multiple=True)]
        else:
            found.append(x509.Certificate.load(content))
    return found
