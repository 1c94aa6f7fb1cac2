"""Pages of routes: seen by officials, changed by who may; the editor without script; BPMN up and down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from haicap.kernel import clock
from haicap.kernel.actor import ANONYMOUS, SYSTEM, Actor
from haicap.registry.tests.places import NOW
from haicap.systems.onestop.models import Route, RouteVersion
from haicap.systems.onestop.processing.tests.factories import Commune, make_commune, publish
from haicap.systems.onestop.routes.definition import OutcomeKind, parse
from haicap.systems.onestop.routes.library import load_library
from haicap.systems.onestop.routes.tests.test_bpmn import BPMN_IO
from haicap.systems.onestop.routes.tests.test_moving import renamed

Browse = Callable[[Actor], Client]
HOME = "/lam-viec/quy-trinh/"


@pytest.fixture
def commune(db: None) -> Iterator[Commune]:
    """A commune with a route, on a Wednesday morning."""
    with clock.at(NOW):
        yield make_commune()


@pytest.fixture
def keeper(commune: Commune, browse: Browse) -> Client:
    """Who configures routes, at the province."""
    return browse(commune.actor("quan_tri_tinh", "so", "Khoa học và Công nghệ", code="48"))


def test_pages__official__sees_routes_and_changes_none(commune: Commune, browse: Browse) -> None:
    client = browse(commune.actors["chuyen_vien"])
    assert "Quy trình thu" in client.get(HOME).content.decode()
    page = client.get(f"{HOME}thu/").content.decode()
    assert "Sơ đồ quy trình" in page
    assert "Công bố</button>" not in page
    assert client.get(f"{HOME}thu/sua/").status_code == 403
    assert client.post(f"{HOME}thu/viec/", {"viec": "soan"}).status_code == 403
    assert client.get("/lam-viec/quy-trinh/gan/").status_code == 403
    assert browse(ANONYMOUS).get(HOME).status_code == 403


def test_list__text__finds_in_any_spelling(keeper: Client) -> None:
    load_library(SYSTEM)
    assert "Chứng thực trong ngày" in keeper.get(HOME, {"tim": "chung thuc"}).content.decode()
    assert "Không có quy trình nào như vậy" in keeper.get(HOME, {"tim": "zzz"}).content.decode()
    assert keeper.get(f"{HOME}khong-co/").status_code == 404


def test_editor__from_nothing_to_published__by_forms(keeper: Client) -> None:
    made = keeper.post("/lam-viec/quy-trinh/lap/", {"code": "moi", "name": "Quy trình mới"})
    assert made.headers["Location"] == f"{HOME}moi/sua/"
    assert "ONE-314" in keeper.post("/lam-viec/quy-trinh/lap/", {"code": "moi", "name": "x"}).content.decode()
    edit = f"{HOME}moi/sua/"
    for name, kind, title in (
        ("Trả kết quả", "return", "cong_chuc_mot_cua"),
        ("Tiếp nhận", "receive", "cong_chuc_mot_cua"),
    ):
        answer = keeper.post(
            edit, {"viec": "them", "name": name, "kind": kind, "title": title, "hours": "1,5"}
        )
        assert answer.status_code == 302
    assert "ngõ cụt" in keeper.get(edit).content.decode()
    seen = keeper.get(edit).context["seen"]
    keeper.post(edit, {"viec": "len", "buoc": "tiep-nhan", "thay": seen})
    again = keeper.post(edit, {"viec": "xoa", "buoc": "tiep-nhan", "thay": seen}, follow=True)
    assert "ONE-322" in again.content.decode()
    _save_outcomes(keeper, "tiep-nhan", [("forward", "Chuyển", "tra-ket-qua", "9")])
    _save_outcomes(keeper, "tra-ket-qua", [("return", "Trả", "", "10"), ("back", "Sửa", "tiep-nhan", "4")])
    definition = parse(RouteVersion.objects.get(route__code="moi").definition)
    assert definition.keys == ("tiep-nhan", "tra-ket-qua")
    assert definition.steps[0].hours == Decimal("1.5")
    assert [each.kind for each in definition.steps[1].outcomes] == [OutcomeKind.RETURN, OutcomeKind.BACK]
    page = keeper.post(
        f"{HOME}moi/viec/", {"viec": "cong-bo", "phien-ban": "1"}, follow=True
    ).content.decode()
    assert "Đã công bố phiên bản 1" in page
    refused = keeper.get(f"{HOME}moi/sua/", follow=True).content.decode()
    assert "chưa có bản nháp" in refused


def _save_outcomes(client: Client, key: str, rows: list[tuple[str, str, str, str]]) -> None:
    page = f"{HOME}moi/sua/{key}/"
    shown = client.get(page)
    assert shown.status_code == 200
    form = dict(shown.context["form"].initial) | {
        "kq-TOTAL_FORMS": str(len(rows)),
        "kq-INITIAL_FORMS": "0",
        "cq-TOTAL_FORMS": "0",
        "cq-INITIAL_FORMS": "0",
        "thay": shown.context["seen"],
    }
    for number, (kind, label, to, status) in enumerate(rows):
        for name, value in (("kind", kind), ("label", label), ("to", to), ("status", status), ("key", "")):
            form[f"kq-{number}-{name}"] = value
    answer = client.post(page, form)
    assert answer.status_code == 302, answer.content.decode()


def test_editor__bad_hours__are_told_at_the_field(keeper: Client) -> None:
    keeper.post("/lam-viec/quy-trinh/lap/", {"code": "moi", "name": "Quy trình mới"})
    answer = keeper.post(
        f"{HOME}moi/sua/", {"viec": "them", "name": "A", "kind": "work", "title": "", "hours": "ba"}
    )
    assert answer.status_code == 400
    assert "ONE-311" in answer.content.decode()


def test_draft__with_errors__is_not_published(keeper: Client) -> None:
    keeper.post("/lam-viec/quy-trinh/lap/", {"code": "moi", "name": "Quy trình mới"})
    page = keeper.post(
        f"{HOME}moi/viec/", {"viec": "cong-bo", "phien-ban": "1"}, follow=True
    ).content.decode()
    assert "ONE-316" in page
    keeper.post(f"{HOME}moi/viec/", {"viec": "bo", "phien-ban": "1"})
    assert not Route.objects.filter(code="moi").exists()


def test_bpmn__down_and_up__is_the_same_route(keeper: Client, commune: Commune) -> None:
    content = keeper.get(f"{HOME}thu/v1.bpmn").content
    file = SimpleUploadedFile("thu.bpmn", content)
    answer = keeper.post("/lam-viec/quy-trinh/nhap/", {"code": "nhap-vao", "name": "Nhập", "file": file})
    assert answer.status_code == 302
    again = RouteVersion.objects.get(route__code="nhap-vao")
    assert parse(again.definition) == parse(commune.version.definition)


def test_bpmn__bad_file__every_reason_is_on_the_page(keeper: Client) -> None:
    bad = BPMN_IO.replace('<endEvent id="E"/>', '<endEvent id="E"/><subProcess id="Q" name="Con"/>')
    file = SimpleUploadedFile("x.bpmn", bad.encode())
    answer = keeper.post("/lam-viec/quy-trinh/nhap/", {"code": "nhap-vao", "name": "Nhập", "file": file})
    assert answer.status_code == 400
    assert "Con» là subProcess" in answer.content.decode()
    good = SimpleUploadedFile("x.bpmn", BPMN_IO.encode())
    page = keeper.post(
        "/lam-viec/quy-trinh/nhap/", {"code": "nhap-vao", "name": "Nhập", "file": good}, follow=True
    )
    assert "camunda" in page.content.decode()


def test_move__page__previews_moves_and_undoes(keeper: Client, commune: Commune) -> None:
    commune.receive()
    publish(renamed(), number=2)
    page = keeper.get(f"{HOME}thu/chuyen/", {"tu": "1", "den": "2"}).content.decode()
    assert "Chuyển 1 hồ sơ" in page
    answer = keeper.post(f"{HOME}thu/chuyen/", {"tu": "1", "den": "2"}, follow=True).content.decode()
    assert "Đã chuyển 1 hồ sơ" in answer
    back = keeper.post(
        f"{HOME}thu/viec/", {"viec": "hoan-tac", "phien-ban": "1"}, follow=True
    ).content.decode()
    assert "Đã hoàn tác lượt chuyển" in back


def test_copy__route__is_a_new_draft(keeper: Client, commune: Commune) -> None:
    keeper.post(f"{HOME}thu/sao-chep/", {"code": "thu-2", "name": "Thử hai"})
    copied = RouteVersion.objects.get(route__code="thu-2")
    assert copied.published_at is None
    assert parse(copied.definition) == parse(commune.version.definition)
