"""Single sign-on and SCIM tokens in a real browser: three widths, axe, nothing and far too much."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

import pytest

from haicap.access.models import ApplicationConsent
from haicap.access.oidc import service
from haicap.access.oidc.tests.flows import BACK, Party, register, s256
from haicap.access.scim import tokens
from haicap.kernel import clock
from haicap.kernel.actor import SYSTEM
from haicap.web.tests.browser import SCREENS, Eyes

pytestmark = pytest.mark.django_db(transaction=True)

LONG = "Phần mềm quản lý văn bản và điều hành liên thông của Trung tâm Chuyển đổi số thuộc Sở Khoa học và Công nghệ"
UNBROKEN = "Nghịchthưđiệntửkhôngcókhoảngtrắngnàođểxuốngdòngcảmộtchữdàisuốtmàvẫnphảivừamànhìnhđiệnthoại"
FAR = "https://he-thong-quan-ly-van-ban-va-dieu-hanh.so-khoa-hoc-va-cong-nghe.example.vn/" + "duong-dan/" * 30
DESCRIPTION = ("Đơn vị vận hành: " + LONG + ". ")[:300]


def _signed_in(eyes: Eyes) -> None:
    eyes.sign_in(
        next(one for (_agency, title), one in eyes.places.appointments.items() if title == "quan_tri_tinh")
    )


def _looked_at(eyes: Eyes, name: str, path: str, heading: str) -> None:
    eyes.shots(name, path)
    assert eyes.page.locator("h1").all_inner_texts() == [heading]
    assert eyes.axe() == [], name


def _consent(party: Party, back: str) -> str:
    asked = {
        "client_id": party.client_id,
        "response_type": "code",
        "redirect_uri": back,
        "scope": "openid profile email haicap",
        "state": "st",
        "nonce": "no",
        "code_challenge": s256(party.verifier),
        "code_challenge_method": "S256",
    }
    return f"/identity/o/authorize?{urlencode(asked)}"


def test_pages__nothing_yet__say_so_and_what_next(eyes: Eyes) -> None:
    _signed_in(eyes)
    _looked_at(eyes, "sso-none", "/dieu-hanh/ung-dung/", "Ứng dụng đăng nhập một lần")
    assert "Chưa có ứng dụng nào" in eyes.page.locator("main").inner_text()
    _looked_at(eyes, "sso-new", "/dieu-hanh/ung-dung/moi/", "Đăng ký ứng dụng")
    _looked_at(eyes, "sso-keys", "/dieu-hanh/ung-dung/khoa-ky/", "Khóa ký")
    _looked_at(eyes, "sso-mine-none", "/tai-khoan/ung-dung/", "Ứng dụng biết tôi")
    _looked_at(eyes, "scim-none", "/dieu-hanh/scim/", "Khóa SCIM")
    assert "Chưa có khóa nào" in eyes.page.locator("main").inner_text()
    assert not eyes.complaints


def test_pages__very_long_names__fit(eyes: Eyes) -> None:
    long = register(name=LONG[:100], description=DESCRIPTION, redirect_uris=[BACK, FAR], own=False)
    unbroken = register(name=UNBROKEN[:100], own=False)
    register(name="Thư công vụ")
    closed = register(name="Cổng cũ " + LONG[:90])
    service.close_application(SYSTEM, closed.application_id, "Đã thay bằng cổng mới")
    service.rotate_signing_key(SYSTEM)
    for name, days, may_write in (
        (LONG[:80], 30, True),
        (UNBROKEN[:80], 1, False),
        ("Thư công vụ", 400, False),
    ):
        tokens.make_token(SYSTEM, name, may_write=may_write, days=days)
    made = tokens.make_token(SYSTEM, "Thư công vụ")
    tokens.revoke_token(SYSTEM, made.token.id)
    tokens.count_request(made.token)
    with clock.shifted(-timedelta(days=30)):
        tokens.make_token(SYSTEM, "Hết hạn", days=1)

    _signed_in(eyes)
    _looked_at(eyes, "sso-list", "/dieu-hanh/ung-dung/", "Ứng dụng đăng nhập một lần")
    _looked_at(eyes, "sso-detail", f"/dieu-hanh/ung-dung/{long.application_id}/", LONG[:100])
    _looked_at(eyes, "sso-unbroken", f"/dieu-hanh/ung-dung/{unbroken.application_id}/", UNBROKEN[:100])
    _looked_at(eyes, "sso-closed", f"/dieu-hanh/ung-dung/{closed.application_id}/", "Cổng cũ " + LONG[:90])
    _looked_at(eyes, "sso-keys-two", "/dieu-hanh/ung-dung/khoa-ky/", "Khóa ký")
    _looked_at(eyes, "scim-list", "/dieu-hanh/scim/", "Khóa SCIM")
    assert not eyes.complaints


def test_consent__long_name__asked_given_and_withdrawn_by_keyboard(eyes: Eyes) -> None:
    back = f"{eyes.base}/don-vi/"  # any page that answers; the application itself is tested elsewhere
    long = register(name=UNBROKEN[:100], description=DESCRIPTION, redirect_uris=[back], own=False)
    eyes.sign_in(eyes.places.appointment("20194", "cong_chuc_mot_cua", "tt_pvhcc"))
    _looked_at(eyes, "sso-consent", _consent(long, back), "Đồng ý cho ứng dụng biết về bạn")
    page = eyes.page
    assert page.locator("input[type=checkbox]:checked").count() == 0
    page.locator("#pham-vi-profile").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Đồng ý và tiếp tục").focus()
    with page.expect_navigation(url=f"{back}**"):
        page.keyboard.press("Enter")
    assert "code=" in page.url
    consent = ApplicationConsent.objects.get(withdrawn_at__isnull=True)
    assert set(consent.scopes.split()) == {"openid", "profile"}

    eyes.open("/tai-khoan/")
    page.get_by_role("link", name="Ứng dụng biết tôi").press("Enter")
    page.wait_for_url("**/tai-khoan/ung-dung/")
    _looked_at(eyes, "sso-mine", "/tai-khoan/ung-dung/", "Ứng dụng biết tôi")
    with page.expect_navigation():
        page.get_by_role("button", name="Rút lại và đăng xuất").press("Enter")
    assert "Đã rút lại" in page.locator("main").inner_text()
    assert not ApplicationConsent.objects.filter(withdrawn_at__isnull=True).exists()
    assert not eyes.complaints


def test_administrator__makes_application_key_and_token__by_keyboard(eyes: Eyes) -> None:
    _signed_in(eyes)
    page = eyes.page
    eyes.open("/dieu-hanh/")
    page.locator(".hc-rail").get_by_role("link", name="Kết nối hệ thống khác").press("Enter")
    page.locator(".hc-tabs").first.get_by_role("link", name="Ứng dụng đăng nhập").press("Enter")
    page.wait_for_url("**/dieu-hanh/ung-dung/")
    page.locator("main").get_by_role("link", name="Đăng ký ứng dụng").first.press("Enter")
    page.wait_for_url("**/moi/")
    page.get_by_role("button", name="Đăng ký").press("Enter")  # nothing filled in
    page.locator(".govuk-error-summary").wait_for()
    assert eyes.axe() == []
    page.get_by_label("Tên ứng dụng").fill(LONG[:100])
    page.get_by_label("Địa chỉ nhận kết quả đăng nhập (redirect URI)").fill(BACK)
    page.get_by_role("button", name="Đăng ký").press("Enter")
    page.get_by_role("heading", name="Ứng dụng đã sẵn sàng").wait_for()
    assert eyes.axe() == []
    page.screenshot(path=SCREENS / "sso-secret.png", full_page=True)

    page.locator(".hc-tabs").get_by_role("link", name="Khóa ký").press("Enter")
    page.wait_for_url("**/khoa-ky/")
    page.get_by_role("button", name="Thay khóa").press("Enter")
    page.get_by_text("Đã công bố khóa mới").wait_for()
    page.locator(".hc-tabs").get_by_role("link", name="Thư mục ngoài (SCIM)").press("Enter")
    page.wait_for_url("**/dieu-hanh/scim/")
    page.get_by_label("Tên thư mục").fill(LONG[:80])
    page.get_by_role("button", name="Cấp khóa").press("Enter")
    page.get_by_text("Khóa mới: chép ngay").wait_for()
    assert eyes.axe() == []
    page.set_viewport_size({"width": 360, "height": 800})
    page.screenshot(path=SCREENS / "scim-made.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert not eyes.complaints
