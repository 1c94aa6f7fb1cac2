"""Biên nhận nộp trực tuyến: as a page, as PDF, as a letter. The letter is written when it is sent, from what is stored.

This is the acknowledgement that something was handed in; the receipt with the appointment (form 01) follows when an
official has accepted it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from haicap.kernel import clock, outbox, paper
from haicap.kernel.formats import date_time, money
from haicap.systems.onestop import catalogue
from haicap.systems.onestop import queries as onestop
from haicap.systems.onestop.models import Dossier, DossierDetail, HandingInPurpose, OnlineDraft
from haicap.systems.onestop.online.visitors import key_for
from haicap.systems.onestop.papers import qr
from haicap.systems.onestop.papers.service import tracking_address

TOPIC_RECEIPT = "onestop.send_online_receipt"
LAYOUT = Path(__file__).parent / "layout" / "receipt.typ"


@dataclass(frozen=True, slots=True)
class Receipt:
    """Biên nhận: what was handed in, where, when."""

    code: str
    procedure: str
    agency: str
    handed_in_at: datetime
    applicant: str
    papers: tuple[str, ...]
    fees: tuple[tuple[str, int], ...]


def receipt(dossier: Dossier) -> Receipt:
    """The receipt of a dossier that was handed in online."""
    day = dossier.received_at.astimezone(clock.ZONE).date()
    names = onestop.agency_names([dossier.competent_agency_id], day)
    papers = dossier.papers.filter(round=0).order_by("position", "id")[:200]
    return Receipt(
        code=dossier.code,
        procedure=catalogue.procedure_name(dossier.procedure_code),
        agency=names.get(dossier.competent_agency_id, ""),
        handed_in_at=dossier.received_at,
        applicant=dossier.applicant_name,
        papers=tuple(f"{one.name} ({one.file_name})" if one.file_name else one.name for one in papers),
        fees=tuple(dossier.fees.order_by("id").values_list("name", "amount")[:50]),
    )


def receipt_pdf(dossier: Dossier, site: str = "") -> bytes:
    """The receipt as PDF, with the QR code that tracks it. Raises PaperFailed (KRN-120)."""
    found = receipt(dossier)
    with translation.override("vi"):
        return paper.pdf(
            LAYOUT,
            {
                "title": f"Biên nhận hồ sơ trực tuyến {found.code}",
                "code": found.code,
                "procedure": found.procedure,
                "agency": found.agency,
                "at": date_time(found.handed_in_at),
                "applicant": found.applicant,
                "papers": list(found.papers),
                "fees": [[name, money(amount)] for name, amount in found.fees],
                "track": tracking_address(found.code, site),
                "qr": qr.png(tracking_address(found.code, site)),
            },
        )


@outbox.handler(TOPIC_RECEIPT)
def deliver_receipt(delivery: outbox.Delivery) -> None:
    """Send the letter to who handed in, if that is still agreed to; nothing of it was in the message."""
    draft = OnlineDraft.objects.select_related("dossier").get(pk=uuid.UUID(delivery.payload["draft"]))
    dossier = draft.dossier
    detail = DossierDetail.objects.filter(pk=draft.dossier_id).first()
    if dossier is None or detail is None or not detail.email or not may_tell(dossier):
        return
    # the address that the deployment is known by; the one that was asked only where none is set
    site = str(settings.HAICAP_BASE_URL) or str(delivery.payload.get("site", ""))
    with translation.override("vi"):
        letter = EmailMessage(
            _("Biên nhận hồ sơ %(code)s") % {"code": dossier.code},
            _text(draft, dossier, site.rstrip("/")),
            to=[detail.email],
            headers={"Message-ID": f"<{delivery.id}@haicap>", "Auto-Submitted": "auto-generated"},
        )
    letter.attach(f"bien-nhan-{dossier.code}.pdf", receipt_pdf(dossier, site), "application/pdf")
    letter.send()


def may_tell(dossier: Dossier) -> bool:
    """Whether the applicant agreed to be told of this dossier, and did not withdraw that."""
    return dossier.consents.filter(purpose=HandingInPurpose.NOTIFY, withdrawn_at__isnull=True).exists()


def _text(draft: OnlineDraft, dossier: Dossier, site: str) -> str:
    found = receipt(dossier)
    own = reverse("onestop:own-dossier", args=[key_for(draft)]) if draft.citizen_id is None else ""
    lines = [
        _("Hồ sơ của ông, bà đã được nộp."),
        "",
        _("Mã hồ sơ: %(code)s") % {"code": found.code},
        _("Thủ tục: %(name)s") % {"name": found.procedure},
        _("Cơ quan giải quyết: %(name)s") % {"name": found.agency},
        _("Lúc: %(when)s") % {"when": date_time(found.handed_in_at)},
        "",
        _("Theo dõi hồ sơ: %(link)s") % {"link": tracking_address(found.code, site)},
    ]
    if own and site:
        lines += [
            _(
                "Trang riêng của hồ sơ (ai có liên kết này cũng mở được, xin đừng chuyển cho người khác): %(link)s"
            )
            % {"link": f"{site}{own}"},
        ]
    lines += [
        "",
        _("Cán bộ một cửa sẽ xem hồ sơ rồi tiếp nhận, hoặc báo giấy tờ còn thiếu."),
    ]
    return "\n".join(lines)
