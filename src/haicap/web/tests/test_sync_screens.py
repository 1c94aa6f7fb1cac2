"""Pages of reconciliation in a real browser: three widths, axe-core, failed with reasons, names beside names."""

from __future__ import annotations

from datetime import timedelta

import pytest

from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM
from haicap.kernel.text import fold
from haicap.registry.desks import desk_for
from haicap.registry.models import Agency
from haicap.systems.onestop.models import (
    Dossier,
    DossierStep,
    DossierSync,
    NameKind,
    Partner,
    PartnerName,
    Status,
    SyncKind,
    SyncState,
)
from haicap.systems.onestop.sync.delivery import Outcome, keep
from haicap.web import assets
from haicap.web.tests.browser import Eyes

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not assets.is_current(), reason="assets are not built"),
]
REASON = (
    "Đơn vị «Ủy ban nhân dân phường Hải Châu» chưa đăng ký trên nền tảng; liên hệ quản trị để khai báo trước"
)


def _partner() -> Partner:
    with journal.act(SYSTEM, "test.partner") as act:
        made = Partner.objects.create(
            code="dvcqg",
            name="Cổng Dịch vụ công quốc gia",
            endpoint="https://truc.vidu.vn/ndxp",
            enabled=True,
        )
        act.changed("onestop.partner", made.pk, None, {})
    now = clock.now()
    for code, name in (("H17.1", "UBND phường Hải Châu"), ("H17.2", "Ủy ban nhân dân xã Đông Giang")):
        PartnerName.objects.create(
            partner=made, kind=NameKind.AGENCY, code=code, name=name, fold=fold(name), seen_at=now
        )
    return made


def _dossiers(agency: Agency) -> None:
    with journal.act(SYSTEM, "test.dossiers") as act:
        desk = desk_for(agency, actor=SYSTEM)
        for number in range(1, 4):
            made = Dossier.objects.create(
                code=f"H17.25-250716-{number:04d}", procedure_code="1.001193", field="ho-tich", desk=desk,
                receiving_agency=agency, competent_agency=agency, applicant_name="Lê Thị Ẩn Danh",
                applicant_fold="le thi an danh", status=Status.PROCESSING,
                received_at=clock.now() - timedelta(days=number), due_at=clock.now() + timedelta(days=3),
            )  # fmt: skip
            DossierStep.objects.create(
                dossier=made, at=made.received_at, desk=desk, agency=agency, actor="Công chức một cửa",
                action="receive", status=Status.RECEIVED,
            )  # fmt: skip
        act.changed("test.dossiers", None, None, {"count": 3})
    found = DossierSync.objects.filter(kind=SyncKind.DOSSIER).order_by("dossier__code")
    keep([Outcome(row, SyncState.FAILED, "11", REASON) for row in found[:2]])
    keep([Outcome(row, SyncState.ACKNOWLEDGED, digest="a" * 64) for row in found[2:]])


def test_sync__pages__three_widths_and_axe(eyes: Eyes) -> None:
    agency = Agency.objects.get(pk=eyes.places.agency("20194"))
    _partner()
    _dossiers(agency)
    eyes.sign_in(
        next(one for (_where, title), one in eyes.places.appointments.items() if title == "quan_tri_tinh")
    )
    for name, address in (
        ("sync-index", "/lam-viec/lien-thong/"),
        ("sync-partner", "/lam-viec/lien-thong/dvcqg/"),
        ("sync-names", "/lam-viec/lien-thong/dvcqg/ten/"),
        ("sync-settings", "/lam-viec/lien-thong/dvcqg/thiet-lap/"),
        ("sync-history", "/lam-viec/lien-thong/dvcqg/ho-so/H17.25-250716-0001/"),
    ):
        eyes.shots(name, address)
        assert eyes.axe() == [], name
