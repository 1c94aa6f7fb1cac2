"""Pages as HTML: what they say, to whom, and what they weigh."""

from __future__ import annotations

import gzip
import re
import uuid
from typing import Any

import pytest
from django.test import Client
from django.test.utils import override_settings

from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM
from haicap.registry import queries
from haicap.registry.models import Deployment
from haicap.registry.tests.places import BASE, NOW, Places, make_places
from haicap.web import assets, overview
from haicap.web.tests.conftest import SignIn


def text_of(html: str) -> str:
    """The words of a page without its tags, spaces collapsed."""
    body = re.sub(r"(?s)<(script|style|svg|head).*?</\1>", " ", html)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)).strip()


@pytest.fixture
def visitor() -> Client:
    return Client(headers={"host": "127.0.0.1"})


def words(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.content.decode()[:2000]
    return text_of(answer.content.decode())


# --- the frame
def test_frame__every_page__one_h1_skip_link_language_and_banner(places: Places, visitor: Client) -> None:
    for path in (
        "/",
        "/don-vi/",
        "/don-vi/20194/",
        "/don-vi/tinh/48/",
        "/lam-viec/",
        "/tim/?q=x",
        "/dang-nhap/",
    ):
        html = visitor.get(path).content.decode()
        assert html.count("<h1") == 1, path
        assert 'href="#noi-dung"' in html, path
        assert '<html lang="vi"' in html, path
        assert "Dữ liệu trình diễn, không phải thật." in html, path
        assert "style=" not in html, path
        assert not re.search(r"<script(?![^>]+src=)", html), path


def test_frame__real_data__no_banner(places: Places, visitor: Client) -> None:
    Deployment.objects.update(demonstration=False)
    assert "trình diễn" not in visitor.get("/").content.decode()


def test_frame__as_of_another_day__says_so(places: Places, visitor: Client) -> None:
    assert "Theo ngày 30/06/2025" in words(visitor, "/don-vi/20194/?ngay=30/06/2025")
    assert "Theo ngày" not in words(visitor, "/don-vi/20194/")


def test_frame__everything_from_this_host__policy_says_so(places: Places, visitor: Client) -> None:
    answer = visitor.get("/")
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', answer.content.decode())
    assert uuid.UUID(answer.headers["X-Correlation-Id"])


def test_language__what_the_browser_asks_for__does_not_count(places: Places, visitor: Client) -> None:
    assert 'lang="vi"' in visitor.get("/", HTTP_ACCEPT_LANGUAGE="en-US").content.decode()
    visitor.post("/ngon-ngu/", {"language": "en", "next": "/"})
    assert '<html lang="en"' in visitor.get("/").content.decode()


def test_language__next_on_another_host__stays_here(places: Places, visitor: Client) -> None:
    answer = visitor.post("/ngon-ngu/", {"language": "en", "next": "https://evil.example/"})
    assert answer.headers["Location"] == "/"


# --- errors
@pytest.mark.parametrize("path", ["/khong-co/", "/don-vi/99999/", "/don-vi/tinh/20194/"])
def test_error__not_found__says_what_to_do(places: Places, visitor: Client, path: str) -> None:
    answer = visitor.get(path)
    assert answer.status_code == 404
    html = answer.content.decode()
    assert answer.headers["X-Correlation-Id"] in html
    assert "Mã lỗi" in html


@pytest.mark.parametrize("path", ["/don-vi/%00/", "/don-vi/?q=%00", "/api/v1/units/%00", "/tim/?q=a%00b"])
def test_error__nul_in_the_address__refused(places: Places, visitor: Client, path: str) -> None:
    answer = visitor.get(path)
    assert answer.status_code == 400
    assert "WEB-400" in answer.content.decode()


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/don-vi/20194/?ngay=31/02/2025", "KRN-080"),
        ("/don-vi/20194/?ngay=hom%20qua", "KRN-080"),
        ("/don-vi/20194/?ngay=01/01/2000", "REG-001"),
        ("/don-vi/?q=hai&ngay=1/1/1999", "REG-001"),
        ("/don-vi/tinh/48/?moc=x", "KRN-080"),
    ],
)
def test_error__bad_day__told_with_its_code(places: Places, visitor: Client, path: str, code: str) -> None:
    assert code in words(visitor, path, 400)


def test_error__api__is_json(places: Places, visitor: Client) -> None:
    answer = visitor.get("/api/v1/khong-co")
    assert answer.status_code == 404
    assert answer.json()["code"] == "WEB-404"
    assert answer.json()["correlation_id"] == answer.headers["X-Correlation-Id"]


def test_error__htmx__is_a_fragment(places: Places, visitor: Client) -> None:
    answer = visitor.get("/don-vi/99999/", headers={"HX-Request": "true"})
    assert answer.status_code == 404
    html = answer.content.decode()
    assert "REG-002" in html
    assert "<html" not in html


def test_error__form_without_token__explains(places: Places) -> None:
    strict = Client(enforce_csrf_checks=True, headers={"host": "127.0.0.1"})
    answer = strict.post("/dang-xuat/")
    assert answer.status_code == 403
    assert "Biểu mẫu đã hết hạn" in answer.content.decode()


def test_error__broken_page__keeps_its_head(
    places: Places, visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> dict[str, Any]:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(overview, "start_page", broken)
    visitor.raise_request_exception = False
    answer = visitor.get("/")
    assert answer.status_code == 500
    html = answer.content.decode()
    assert "WEB-500" in html
    assert answer.headers["X-Correlation-Id"] in html
    assert "secret detail" not in html


# --- the doors
def test_start__after_the_merger__numbers_before_and_after(places: Places, visitor: Client) -> None:
    said = words(visitor, "/")
    assert "Thành phố Đà Nẵng từ 01/07/2025" in said
    assert "trước 2 → nay 1" in said
    assert "6 → 3" in said
    assert "nay có 2 phường, 1 xã, 0 đặc khu" in said
    assert "Có 4 trung tâm" in said


def test_start__set_up_before_the_merger__follows_its_province(places: Places, visitor: Client) -> None:
    old = queries.unit_by_code("49", BASE)
    with journal.act(SYSTEM, "test.deploy") as act:
        Deployment.objects.update(province_id=old.unit_id)
        act.changed("registry.deployment", None, None, {"province": old.unit_id})
    html = visitor.get("/").content.decode()
    assert '<span class="hc-header__place">Thành phố Đà Nẵng</span>' in html
    assert "Thành phố Đà Nẵng từ 01/07/2025" in text_of(html)


def test_start__before_the_merger__says_what_there_is(db: None, visitor: Client) -> None:
    with clock.at(NOW.replace(month=6, day=30)):
        make_places(merged=False, people=False)
        said = words(visitor, "/")
    assert "1 đơn vị cấp huyện, 3 đơn vị cấp xã" in said
    assert "Chưa có trung tâm nào" in said


def test_start__nothing_loaded__says_how_to_begin(db: None, visitor: Client) -> None:
    said = words(visitor, "/")
    assert "REG-003" in said
    assert "haicap units load" in said


def test_work__visitor__is_asked_to_sign_in(places: Places, visitor: Client) -> None:
    assert "Chưa đăng nhập" in words(visitor, "/lam-viec/")


def test_work__official_without_dossiers__says_why_it_is_empty(sign_in: SignIn) -> None:
    official = sign_in("20194", "cong_chuc_mot_cua", "tt_pvhcc")
    said = words(official, "/lam-viec/")
    assert "Không có hồ sơ nào đang chờ" in said
    assert "Quá hạn 0" in said


def test_lead__official_without_permission__refused(sign_in: SignIn) -> None:
    official = sign_in("20194", "cong_chuc_mot_cua", "tt_pvhcc")
    assert "WEB-403" in words(official, "/dieu-hanh/", 403)


def test_lead__chair__sees_the_province(sign_in: SignIn) -> None:
    said = words(sign_in("48", "chu_tich"), "/dieu-hanh/")
    assert "Không cơ quan nào có hồ sơ quá hạn" in said
    assert "Chưa có lần chuyển đổi nào" in said


# --- search
def test_search__people__only_for_those_inside(places: Places, visitor: Client, sign_in: SignIn) -> None:
    assert "Nguyễn Thị Ánh Nguyệt" not in words(visitor, "/tim/?q=anh+nguyet")
    inside = sign_in("20194", "cong_chuc_mot_cua", "tt_pvhcc")
    assert "Nguyễn Thị Ánh Nguyệt" in words(inside, "/tim/?q=anh+nguyet")
    assert "Nguyễn Thị Ánh Nguyệt" not in words(inside, "/tim/?q=nh+guyet")


def test_search__wild_cards__are_letters(sign_in: SignIn) -> None:
    inside = sign_in("20194", "cong_chuc_mot_cua", "tt_pvhcc")
    for text in ("%25%25%25", "__", "%27%22%3Cscript%3E"):
        assert "Cán bộ, công chức Nguyễn" not in words(inside, f"/tim/?q={text}")


def test_search_hints__while_typing__a_fragment(places: Places, visitor: Client) -> None:
    html = visitor.get("/tim/goi-y/?q=hai+chau").content.decode()
    assert "/don-vi/20194/" in html
    assert "<html" not in html
    assert visitor.get("/tim/goi-y/?q=h").content.decode().strip() == ""


def test_search__script_in_the_text__is_shown_as_text(places: Places, visitor: Client) -> None:
    html = visitor.get("/tim/", {"q": "<script>alert(1)</script>"}).content.decode()
    assert "<script>alert" not in html
    html = visitor.get("/don-vi/", {"q": '"><script>alert(1)</script>'}).content.decode()
    assert "<script>alert" not in html


# --- health and weight
def test_health__database_answers__ok(db: None, visitor: Client) -> None:
    assert visitor.get("/healthz").json() == {"ok": True, "database": True}


FIRST_VISIT_BYTES = 150_000
LATER_PAGE_BYTES = 30_000


def _weight(client: Client, path: str) -> int:
    answer = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert answer.headers.get("Content-Encoding") == "gzip"
    return len(answer.content)


def test_weight__pages__light_enough_for_a_thin_line(sign_in: SignIn) -> None:
    client = sign_in("48", "chu_tich")
    for path in ("/", "/don-vi/?q=hai", "/don-vi/20194/", "/don-vi/tinh/48/", "/lam-viec/", "/dieu-hanh/"):
        assert _weight(client, path) < LATER_PAGE_BYTES, path


@pytest.mark.skipif(not assets.is_current(), reason="assets are not built")
def test_weight__first_visit__with_style_script_and_typeface(places: Places, visitor: Client) -> None:
    pressed = [assets.VENDOR / "haicap.css", assets.VENDOR / "htmx.min.js"]
    pressed.append(assets.PACKAGE / "static" / "web" / "haicap.js")
    total = _weight(visitor, "/") + sum(len(gzip.compress(path.read_bytes())) for path in pressed)
    total += sum(path.stat().st_size for path in (assets.VENDOR / "fonts").iterdir())
    assert total < FIRST_VISIT_BYTES


def test_queries__unit_page__constant(
    places: Places, visitor: Client, django_assert_max_num_queries: Any
) -> None:
    visitor.get("/don-vi/20194/")
    with django_assert_max_num_queries(14):
        visitor.get("/don-vi/20194/")
    with django_assert_max_num_queries(14):
        visitor.get("/don-vi/20458/")


@override_settings(DEBUG=False)
def test_assets__not_built__the_page_is_plain_but_whole(
    places: Places, visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("haicap.web.templatetags.haicap.finders.find", lambda path: None)
    html = visitor.get("/").content.decode()
    assert "<link" not in html
    assert "Thành phố Đà Nẵng từ 01/07/2025" in html
