"""Pages of routes in a real browser: three widths, axe-core, the editor by keyboard and forms alone."""

from __future__ import annotations

import pytest

from haicap.kernel.actor import SYSTEM
from haicap.systems.onestop.catalogue import starter
from haicap.systems.onestop.models import Route, RouteVersion
from haicap.systems.onestop.routes import service
from haicap.systems.onestop.routes.library import load_library
from haicap.web import assets
from haicap.web.tests.browser import Eyes

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not assets.is_current(), reason="assets are not built"),
]
CODE = "cap-xa-lay-y-kien-so"
PAGES = {
    "routes": "/lam-viec/quy-trinh/",
    "route": f"/lam-viec/quy-trinh/{CODE}/",
    "route-edit": f"/lam-viec/quy-trinh/{CODE}/sua/",
    "route-step": f"/lam-viec/quy-trinh/{CODE}/sua/lay-y-kien/",
    "route-assign": "/lam-viec/quy-trinh/gan/?level=commune&field=&text=&over_days=&within_days=&route=&begins_on=",
    "route-import": "/lam-viec/quy-trinh/nhap/",
}


def test_route_pages__three_widths__fit_and_are_accessible(eyes: Eyes) -> None:
    starter.load(SYSTEM)
    load_library(SYSTEM)
    service.start_draft(SYSTEM, Route.objects.get(code=CODE))
    eyes.sign_in(eyes.places.appointment("48", "quan_tri_tinh", "so", "Khoa học và Công nghệ"))
    wrong = {}
    for name, path in PAGES.items():
        eyes.shots(name, path)
        if found := eyes.axe():
            wrong[path] = found
    assert not wrong
    assert not eyes.complaints
    _edit_by_keyboard(eyes)


def _edit_by_keyboard(eyes: Eyes) -> None:
    """A step is added and published without a mouse; boxes of the drawing lead to their lines."""
    page = eyes.page
    eyes.open(PAGES["route-edit"])
    page.get_by_label("Tên bước").focus()
    page.keyboard.type("Kiểm tra thực địa")
    page.get_by_label("Số giờ làm việc").focus()
    page.keyboard.type("4")
    page.get_by_role("button", name="Thêm bước").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Kiểm tra thực địa").wait_for()
    draft = RouteVersion.objects.get(route__code=CODE, published_at__isnull=True)
    assert draft.definition["steps"][-1]["key"] == "kiem-tra-thuc-dia"
    eyes.open(PAGES["route"])
    box = page.locator("svg a").first
    box.focus()
    page.keyboard.press("Enter")
    assert page.url.endswith("#buoc-tiep-nhan")
