"""Dossiers with all that a form says: an ordinary one, an empty one, and one that hurts."""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from typing import Any

from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM
from haicap.systems.onestop.models import (
    Delivery,
    Dossier,
    DossierDetail,
    DossierFee,
    DossierPaper,
    DossierStep,
    Status,
)
from haicap.systems.onestop.tests.factories import Office, make_dossier

LONG_NAME = (
    "Công ty Trách nhiệm hữu hạn Một thành viên Đầu tư Xây dựng Thương mại Dịch vụ Nguyễn Hoàng Phượng Uyên"
)


def ordinary(office: Office, status: Status = Status.PROCESSING, **more: Any) -> Dossier:
    """A dossier with five papers, a fee, a telephone and an address."""
    dossier = make_dossier(office, status, applicant=more.pop("applicant", "Nguyễn Thị Ánh Tuyết"), **more)
    Dossier.objects.filter(pk=dossier.pk).update(address="Số 12, đường Trần Phú", village="Thôn Đông Hòa")
    _parts(
        dossier,
        ("Tờ khai đăng ký khai sinh", "Giấy chứng sinh", "Giấy chứng nhận kết hôn của cha, mẹ"),
        {"phone": "0905 123 456", "email": "anhtuyet@example.vn"},
    )
    return Dossier.objects.get(pk=dossier.pk)


def hurting(office: Office, status: Status = Status.PROCESSING, papers: int = 30) -> Dossier:
    """Very long words everywhere, thirty papers, text in NFD."""
    dossier = make_dossier(office, status, applicant=LONG_NAME)
    Dossier.objects.filter(pk=dossier.pk).update(
        address="Số 123/45/67/89B, hẻm 1234, đường Nguyễn Thị Minh Khai nối dài, khu phố Thượng Đông Giang "
        * 2,
        village="Tổ dân phố Nguyễn Hữu Cảnh Thượng Thôn",
    )
    names = tuple(
        unicodedata.normalize(
            "NFD",
            f"Giấy tờ số {at}: bản sao có chứng thực Giấy chứng nhận quyền sử dụng đất, "
            "quyền sở hữu nhà ở và tài sản khác gắn liền với đất của người được ủy quyền",
        )
        for at in range(1, papers + 1)
    )
    _parts(
        dossier,
        names,
        {
            "phone": "+84 905 123 456 78",
            "email": "phong.hanh.chinh.tong.hop.nguyen.hoang.phuong.uyen@congty-dautu-xaydung.example.com.vn",
            "summary": "Đề nghị cấp lại do bị mất, hỏng, đồng thời đính chính tên đệm của người được cấp "
            * 4,
            "delivery": Delivery.POSTAL,
            "delivery_address": "Hộp thư số 17, Bưu điện văn hóa xã Nguyễn Thị Minh Khai Đông Giang Thượng",
            "representative_name": "Hoàng Phủ Ngọc Tường Vy Nguyễn Đoàn Quỳnh Như",
        },
    )
    return Dossier.objects.get(pk=dossier.pk)


def _parts(dossier: Dossier, papers: tuple[str, ...], detail: dict[str, Any]) -> None:
    now = clock.now()
    with journal.act(SYSTEM, "test.make_parts") as act:
        DossierDetail.objects.create(dossier=dossier, **detail)
        for at, name in enumerate(papers):
            DossierPaper.objects.create(
                dossier=dossier, position=at, name=name, originals=at % 2, copies=1, at=now
            )
        DossierFee.objects.create(dossier=dossier, name="Lệ phí", amount=50_000, paid_at=now)
        DossierStep.objects.create(
            dossier=dossier,
            at=now - timedelta(hours=2),
            desk_id=dossier.desk_id,
            agency_id=dossier.receiving_agency_id,
            actor="Trần Văn Hòa",
            action="advance",
            status=dossier.status,
            note="Thiếu bản sao giấy chứng nhận kết hôn; ảnh mờ.",
        )
        act.changed("onestop.dossier", dossier.pk, None, {"papers": len(papers)})
