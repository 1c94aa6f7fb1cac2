"""A citizen in a real browser: through a real OpenID provider and back, consent, own pages, out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from haicap.access.citizens.tests.vneid import CLIENT_ID, CLIENT_SECRET, Vneid, running
from haicap.access.models import Citizen, Purpose
from haicap.access.personal_data import rights
from haicap.access.personal_data.service import citizen_subject, note_reading
from haicap.access.service import actor_for
from haicap.registry.models import Appointment
from haicap.web.tests.browser import Eyes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def vneid(eyes: Eyes, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vneid]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running(tmp_path, f"{eyes.base}/cong-dan/vneid/tro-lai/") as provider:
        settings.HAICAP_VNEID = {
            "server_url": provider.issuer,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "scope": "openid profile",
        }
        provider.knows(
            {
                "an": {
                    "TechID": "t",
                    "LoaiTaiKhoan": "2",
                    "HoVaTen": "Nguyễn Thị Minh An",
                    "SoDinhDanh": "048195001234",
                    "NgayThangNamSinh": "19950302",
                }
            }
        )
        yield provider


def test_citizen__whole_way__by_keyboard_and_out(eyes: Eyes, vneid: Vneid) -> None:
    page, wrong = eyes.page, {}
    eyes.shots("citizen-sign-in", "/cong-dan/vneid/")
    wrong["sign-in"] = eyes.axe()
    assert not eyes.complaints
    page.get_by_role("button", name="Tiếp tục với VNeID").press("Enter")
    page.wait_for_url(f"{vneid.issuer}/**")
    page.fill("input[name=login]", "an")
    page.fill("input[name=password]", "-")
    page.click("button[type=submit]")
    page.wait_for_selector("input[name=prompt][value=consent]", state="attached")
    page.click("button[type=submit]")
    page.wait_for_url("**/cong-dan/dong-y/")
    eyes.complaints.clear()  # the provider's own page asks for a typeface of another host
    boxes = page.locator("input[type=checkbox]")
    assert [boxes.nth(number).is_checked() for number in range(boxes.count())] == [False] * 3
    eyes.shots("citizen-consent", "/cong-dan/dong-y/")
    wrong["consent"] = eyes.axe()
    page.get_by_label("Đăng nhập và nhận ra tôi").press("Space")
    page.get_by_role("button", name="Đồng ý những việc").press("Enter")
    page.wait_for_url("**/cong-dan/")
    citizen = Citizen.objects.get()
    looker = actor_for(eyes.places.appointment("20194", "cong_chuc_mot_cua", "tt_pvhcc"))
    assert looker is not None
    note_reading(looker, citizen_subject(citizen.pk), system="onestop", purpose=Purpose.HANDLE)
    rights.ask(citizen.account, "rectify", "Sửa tên")
    for name, path in {
        "citizen-home": "/cong-dan/",
        "citizen-data": "/tai-khoan/du-lieu/",
        "citizen-readings": "/tai-khoan/ai-da-xem/",
    }.items():
        eyes.shots(name, path)
        wrong[name] = eyes.axe()
        assert page.locator("h1").count() == 1
    eyes.open("/cong-dan/")
    page.locator("main").get_by_role("button", name="Đăng xuất").press("Enter")
    page.wait_for_load_state()
    eyes.open("/cong-dan/")
    assert "/dang-nhap/" in page.url
    assert {name: found for name, found in wrong.items() if found} == {}
    assert not eyes.complaints


def test_administrator__readings_and_requests__fit_and_are_accessible(eyes: Eyes) -> None:
    from haicap.access.personal_data.tests.conftest import a_citizen

    account = a_citizen()
    request = rights.ask(account, "erase", "Tôi không dùng nữa")
    admin = Appointment.objects.filter(post__title_id="quan_tri_tinh").first()
    assert admin is not None
    eyes.sign_in(admin.pk)
    wrong = {}
    for name, path in {
        "data-requests": "/dieu-hanh/yeu-cau-du-lieu/",
        "data-request": f"/dieu-hanh/yeu-cau-du-lieu/{request.pk}/",
        "readings": "/dieu-hanh/luot-xem/",
    }.items():
        eyes.shots(name, path)
        wrong[name] = eyes.axe()
    assert {name: found for name, found in wrong.items() if found} == {}
    assert not eyes.complaints
