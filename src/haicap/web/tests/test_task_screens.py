"""Tasks, a dossier's work, apologies, figures in a real browser; three titles lead a dossier to its result by keys."""

from __future__ import annotations

from datetime import timedelta

import pytest

from haicap.kernel import clock, files, journal
from haicap.kernel.actor import SYSTEM
from haicap.registry.tests.places import NOW
from haicap.systems.onestop.figures import counting
from haicap.systems.onestop.models import Dossier, DossierFee, DossierPaper, DossierTask, Status
from haicap.systems.onestop.processing import clockwork, handling, service
from haicap.systems.onestop.processing.handling import Ending
from haicap.systems.onestop.processing.tests.factories import (
    Commune,
    assign,
    make_commune,
    outcome,
    publish,
    step,
)
from haicap.systems.onestop.service import advance_dossier
from haicap.web import assets
from haicap.web.tests.browser import Eyes

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not assets.is_current(), reason="assets are not built"),
]

THREE = {
    "steps": [
        step(
            "xu-ly",
            "work",
            "chuyen_vien",
            outcome("forward", "ky", 4, "Trình ký"),
            outcome("supplement", "xu-ly", 5),
        ),
        step(
            "ky",
            "sign",
            "chu_tich",
            outcome("sign", "tra", 9, "Ký duyệt"),
            outcome("back", "xu-ly", 4, "Trả lại"),
        ),
        step("tra", "return", "cong_chuc_mot_cua", outcome("return", "", 10, "Trả kết quả")),
    ]
}
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    b"trailer<</Root 1 0 R>>"
)
TITLES = {
    "chuyen_vien": ("phong", "Văn hóa - Xã hội"),
    "chu_tich": ("ubnd", ""),
    "cong_chuc_mot_cua": ("tt_pvhcc", ""),
}


def sign_in(eyes: Eyes, title: str) -> None:
    """Be who bears a title at the commune."""
    eyes.sign_in(eyes.places.appointment("20194", title, *TITLES[title]))


def busy(commune: Commune) -> Dossier:
    """Dossiers at every step, late and in time, with papers and fees; the one that shows most."""
    made = [commune.receive() for _number in range(9)]
    one = made[0]
    with journal.act(SYSTEM, "test.parts") as act:
        kept = files.put(PDF, "application/pdf", "don.pdf")
        DossierPaper.objects.create(
            dossier=one, name="Tờ khai đăng ký khai sinh theo mẫu của Thông tư số 04/2024/TT-BTP", file=kept,
            file_name="to-khai.pdf", originals=1, at=clock.now(),
        )  # fmt: skip
        DossierPaper.objects.create(
            dossier=one, name="Giấy chứng sinh", originals=1, position=1, at=clock.now()
        )
        DossierFee.objects.create(
            dossier=one, name="Lệ phí hộ tịch", amount=8_000, paid_at=clock.now(), method="cash"
        )
        DossierFee.objects.create(dossier=one, name="Phí cấp bản sao", amount=16_000)
        act.changed("onestop.dossier", one.pk, None, {})
    counter, official = commune.actors["cong_chuc_mot_cua"], commune.actors["chuyen_vien"]
    for dossier in made[:6]:
        task = DossierTask.objects.get(dossier=dossier, closed_at__isnull=True)
        service.complete_task(counter, task.id, "forward")
    first = DossierTask.objects.get(dossier=one, closed_at__isnull=True)
    handling.end_task(official, first.id, Ending("supplement", items=("Bản sao giấy kết hôn",)))
    advance_dossier(counter, one.id, Status.PROCESSING)
    return one


def test_screens__tasks_and_figures__three_widths_and_axe(eyes: Eyes) -> None:
    commune = make_commune(eyes.places)
    one = busy(commune)
    clock.set_deployment_shift(clock.current_shift() + timedelta(days=9))
    service.take_task(commune.actors["chuyen_vien"], DossierTask.objects.get(dossier=one, closed_at=None).id)
    clockwork.look_after()
    for dossier in Dossier.objects.order_by("-id")[:2]:
        advance_dossier(SYSTEM, dossier.id, Status.WITHDRAWN, note="dân rút")
    counting.follow()
    sign_in(eyes, "chuyen_vien")
    problems = []
    for name, path in (
        ("tasks", "/lam-viec/viec/"),
        ("tasks-none", "/lam-viec/viec/?tim=khong-co-ai"),
        ("dossier-work", f"/lam-viec/ho-so/{one.code}/"),
    ):
        eyes.shots(name, path)
        problems += [f"{name}: {found}" for found in eyes.axe()]
    sign_in(eyes, "chu_tich")
    task = DossierTask.objects.get(dossier=one, closed_at=None)
    for name, path in (
        ("tasks-agency", "/lam-viec/viec/?pham-vi=co-quan"),
        ("task-assign", f"/lam-viec/viec/{task.id}/giao/"),
        ("apologies", "/lam-viec/xin-loi/"),
        ("figures", f"/lam-viec/so-lieu/?tu=01/07/2025&den={NOW + timedelta(days=9):%d/%m/%Y}"),
        ("figures-none", "/lam-viec/so-lieu/?tu=01/01/2025&den=02/01/2025"),
    ):
        eyes.shots(name, path)
        problems += [f"{name}: {found}" for found in eyes.axe()]
    assert problems == []
    assert eyes.complaints == []


def test_keys__three_titles__lead_a_dossier_to_its_result(eyes: Eyes) -> None:
    commune = make_commune(eyes.places)
    assign(publish(THREE, "ba-buoc").route, "1.000656")
    dossier = commune.receive(procedure="1.000656")
    page = eyes.page
    page.set_viewport_size({"width": 1280, "height": 800})
    for title, label in (
        ("chuyen_vien", "Trình ký"),
        ("chu_tich", "Ký duyệt"),
        ("cong_chuc_mot_cua", "Trả kết quả"),
    ):
        sign_in(eyes, title)
        eyes.open("/lam-viec/viec/")
        page.keyboard.press("j")
        page.keyboard.press("x")
        assert page.locator("[data-chosen=viec]").inner_text() == "1"
        page.keyboard.press("x")
        page.keyboard.press("j")
        # the checkbox has the focus after x; j puts it back on the row, Enter opens its dossier
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/ho-so/{dossier.code}/")
        button = page.get_by_role("button", name=label, exact=True).first
        for _number in range(80):
            page.keyboard.press("Tab")
            if button.evaluate("element => element === document.activeElement"):
                break
        page.keyboard.press("Enter")
        page.wait_for_load_state()
        page.locator(".hc-messages, [role=status], .govuk-notification-banner").first.wait_for()
    dossier.refresh_from_db()
    assert dossier.status == Status.RETURNED
    assert NOW.year == dossier.received_at.year
