"""Main pages in a real browser: they fit three widths, axe-core finds nothing, the console is silent."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from haicap.web import assets
from haicap.web.tests.browser import Eyes

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not assets.is_current(), reason="assets are not built"),
]

PUBLIC = {
    "start": "/",
    "search": "/don-vi/?q=hai+chau",
    "search-none": "/don-vi/?q=khong+co+noi+nao+nhu+the",
    "unit": "/don-vi/20194/",
    "unit-ended": "/don-vi/20460/?ngay=30/06/2025",
    "province": "/don-vi/tinh/48/",
    "province-table": "/don-vi/tinh/48/?xem=bang",
    "province-old": "/don-vi/tinh/49/?ngay=30/06/2025",
    "provinces": "/don-vi/tinh/",
    "everything": "/tim/?q=hai+chau",
    "sign-in": "/dang-nhap/",
    "not-found": "/khong-co-trang-nay/",
    "work-nobody": "/lam-viec/",
}


def test_public_pages__three_widths__fit_and_are_accessible(eyes: Eyes) -> None:
    wrong = {}
    eyes.open("/")
    assert "bây giờ là 16/07/2025" in eyes.page.locator(".hc-banner").inner_text()
    for name, path in PUBLIC.items():
        eyes.shots(name, path)
        found = eyes.axe()
        if found:
            wrong[path] = found
    assert not wrong
    complaints = [text for text in eyes.complaints if "404 (Not Found)" not in text]
    assert not complaints


def test_officials_pages__signed_in__fit_and_are_accessible(eyes: Eyes) -> None:
    eyes.sign_in(eyes.places.appointment("48", "chu_tich"))
    wrong = {}
    for name, path in {"work": "/lam-viec/", "lead": "/dieu-hanh/", "people": "/tim/?q=nguyen"}.items():
        eyes.shots(name, path)
        found = eyes.axe()
        if found:
            wrong[path] = found
    assert not wrong
    assert not eyes.complaints


def test_dark__start_and_unit__contrast_holds(eyes: Eyes) -> None:
    eyes.page.emulate_media(color_scheme="dark")
    for name, path in {"dark-start": "/", "dark-unit": "/don-vi/20194/", "dark-login": "/dang-nhap/"}.items():
        eyes.shots(name, path)
        assert eyes.axe() == []


def test_keys__ctrl_k__search_answers_and_arrows_reach_it(eyes: Eyes) -> None:
    eyes.open("/")
    page = eyes.page
    page.keyboard.press("Control+k")
    assert page.evaluate("document.activeElement.id") == "hc-search"
    page.keyboard.type("hai chau", delay=5)
    page.wait_for_selector("#hc-found a")
    assert eyes.axe() == []
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/don-vi/20"))
    page.go_back()
    page.keyboard.press("Control+k")
    page.keyboard.type("hai chau", delay=5)
    page.wait_for_selector("#hc-found a")
    page.keyboard.press("Escape")
    assert page.locator("#hc-found a").count() == 0


def test_province__filter_and_folds__show_what_was_asked(eyes: Eyes) -> None:
    eyes.open("/don-vi/tinh/48/")
    page = eyes.page
    page.keyboard.press("/")
    page.keyboard.type("bha le")
    shown = page.locator(".hc-fold:visible")
    assert shown.count() == 1
    assert "Avương" in shown.inner_text()
    shown.locator("summary").press("Enter")
    assert shown.locator("svg .edge").count() == 3
    page.locator("[data-fold=close]").click()
    assert page.locator(".hc-fold[open]").count() == 0


def test_menu__narrow_screen__opens_by_its_button(eyes: Eyes) -> None:
    eyes.page.set_viewport_size({"width": 360, "height": 800})
    eyes.open("/")
    link = eyes.page.locator(".hc-rail a").first
    assert not link.is_visible()
    eyes.page.locator(".hc-rail__toggle").press("Enter")
    assert link.is_visible()
    assert eyes.page.locator(".hc-rail__toggle").get_attribute("aria-expanded") == "true"
    assert eyes.axe() == []


def test_letters__stacked_marks__are_in_the_typeface(eyes: Eyes) -> None:
    eyes.open("/don-vi/20458/")
    eyes.page.evaluate("document.fonts.ready")
    loaded: Callable[[str], bool] = lambda text: eyes.page.evaluate(  # noqa: E731
        "text => document.fonts.check('400 16px \"Be Vietnam Pro\"', text)", text
    )
    assert loaded("Nguyễn Thị Ánh Nguyệt, Xã Avương, Đắk R'Măng, Ấp Ẵ ộ ử")
