"""Pages of the catalogue of procedures in a real browser: three widths, axe-core, long names, differences."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from haicap.kernel.actor import SYSTEM
from haicap.systems.onestop.catalogue import service, starter
from haicap.systems.onestop.catalogue.tests.rows import imported, read, row
from haicap.systems.onestop.models import CatalogueDefect, Procedure
from haicap.web import assets
from haicap.web.tests.browser import Eyes

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not assets.is_current(), reason="assets are not built"),
]
DAY = dt.date(2025, 7, 1)
LONG = (
    "Cấp giấy phép xây dựng mới đối với công trình cấp III, cấp IV (Công trình không theo tuyến/Theo tuyến trong đô"
    " thị/Tín ngưỡng, tôn giáo/Tượng đài, tranh hoành tráng/Theo giai đoạn cho công trình/Theo dự án) và nhà ở riêng lẻ"
)


def test_catalogue_pages__every_width__whole_and_accessible(eyes: Eyes) -> None:
    starter.load(SYSTEM)
    imported(
        row("1.001193", "Thủ tục đăng ký khai sinh", time=(1, "other")),
        row("1.013225", LONG, time=None, fee="20 VNĐ (20.000 đồng/giấy phép)"),
        day=DAY,
        complete=False,
    )
    run = read(
        row("1.000656", "Thủ tục đăng ký khai tử", results=["Trích lục khai tử"]),
        row("1.999999", LONG, levels=[]),
        day=DAY,
        complete=False,
    )
    building = Procedure.objects.get(code="1.013225")
    service.announce(SYSTEM, [building.id], decision="1290/QĐ-UBND", begins_on=DAY)
    service.settle_defects(
        SYSTEM, [CatalogueDefect.objects.filter(kind="time_unit").get().id], unit="working_days"
    )
    eyes.sign_in(eyes.places.appointment("48", "quan_tri_tinh", "so", "Khoa học và Công nghệ"))
    for name, address in (
        ("catalogue", reverse("onestop:catalogue") + "?tim=xay+dung"),
        ("catalogue-procedure", reverse("onestop:catalogue-procedure", args=[building.id])),
        ("catalogue-defects", reverse("onestop:catalogue-defects") + "?loai=fee_thousands"),
        ("catalogue-announcements", reverse("onestop:catalogue-announcements")),
        ("catalogue-imports", reverse("onestop:catalogue-imports")),
        ("catalogue-import", reverse("onestop:catalogue-import", args=[run.pk])),
    ):
        eyes.shots(name, address)
        assert eyes.axe() == [], name
