"""A reorganisation in a real browser: check → rehearse → cut over → ledger → decide → undo; looked at on the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from haicap.kernel import clock
from haicap.reorganisation import requests
from haicap.reorganisation.models import RunRequest
from haicap.reorganisation.tests.factories import AFTER, BEFORE, World, danang_plan, save
from haicap.reorganisation.tests.hats import demonstrate, seat
from haicap.web import assets
from haicap.web.tests.browser import Eyes

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not assets.is_current(), reason="assets are not built"),
]
ROOT = "/dieu-hanh/sap-xep/"
KEY = "2025-07-01/48"
PLAN = f"{ROOT}ke-hoach/{KEY}/"


@pytest.fixture
def visitor(world: World, chromium: Any, live_server: Any) -> Iterator[Eyes]:
    """A browser at the small country, whose clock is the deployment's."""
    demonstrate()
    clock.set_deployment_shift(timedelta(0))
    with clock.shifted(-clock.current_shift()):
        clock.set_deployment_shift(BEFORE - clock.now())
    eyes = Eyes(chromium, live_server.url, None)
    yield eyes
    eyes.close()


def carry_out() -> None:
    """What the worker does."""
    requests.carry_out_request(RunRequest.objects.latest("asked_at").pk)


def test_reorganisation__from_check_to_undo__in_a_browser(visitor: Eyes, world: World) -> None:
    eyes, page = visitor, visitor.page
    administrator = seat("48", "quan_tri_tinh")
    save(danang_plan())
    eyes.sign_in(administrator)

    eyes.shots("reorganisation-plan", PLAN)
    assert eyes.axe() == []
    page.get_by_role("button", name="Kiểm tra kế hoạch").click()
    page.get_by_role("link", name="Diễn tập chuyển đổi").click()
    page.get_by_role("button", name="Diễn tập").click()
    assert "chờ máy nhận việc" in page.content()
    carry_out()
    page.get_by_role("link", name="Xem bảng đối soát").click()  # found by polling, without reloading
    assert eyes.axe() == []

    page.goto(eyes.base + PLAN)
    page.locator("section").get_by_role("link", name="Chuyển đổi", exact=True).click()
    page.get_by_label("Gõ khóa").fill("nhầm")
    page.get_by_role("button", name="Chuyển đổi").click()
    assert "REO-080" in page.content()
    page.get_by_label("Gõ khóa").fill(KEY)
    page.get_by_role("button", name="Chuyển đổi").click()
    page.wait_for_url("**/yeu-cau/**")
    carry_out()
    page.get_by_role("link", name="Xem bảng đối soát").click()
    page.wait_for_url("**/doi-soat/**")
    eyes.shots("reorganisation-ledger", page.url.removeprefix(eyes.base))
    assert eyes.axe() == []

    with clock.shifted(-clock.current_shift()):
        clock.set_deployment_shift(AFTER - clock.now())
    with clock.at(AFTER):
        eyes.sign_in(seat("20194", "chu_tich"))
    eyes.shots("reorganisation-undecided", f"{ROOT}cho-phan-dinh/?don-vi=20197")
    assert eyes.axe() == []
    page.locator("main").click(position={"x": 1, "y": 1})
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert page.locator("[data-chosen='ho-so']").inner_text() == "1"
    page.get_by_role("button", name="Xã Hòa Bắc").click()
    page.wait_for_load_state()
    assert "Đã chuyển 1 hồ sơ về Xã Hòa Bắc" in page.content()

    with clock.at(AFTER):  # an administrator by then, who signs in with a second factor
        eyes.sign_in(seat("48", "quan_tri_tinh"))
    eyes.open(f"{PLAN}chay/hoan-tac/")
    page.get_by_label("Lý do").fill("Công văn 12")
    page.get_by_label("Gõ khóa").fill(KEY)
    page.get_by_role("button", name="Hoàn tác").click()
    page.wait_for_url("**/yeu-cau/**")
    with clock.at(AFTER):
        carry_out()
    page.get_by_role("link", name="Xem đã trả lại những gì").click()
    page.wait_for_url("**/luot/**")
    eyes.shots("reorganisation-undone", page.url.removeprefix(eyes.base))
    assert eyes.axe() == []
    assert [each for each in eyes.complaints if "400" not in each] == []
