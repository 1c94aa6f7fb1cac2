"""Bulk assignment: preview, what is left out, undo; which version a dossier takes on a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest
from psycopg.types.range import Range

from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM
from haicap.kernel.text import fold
from haicap.registry.establishment.templates import TITLES
from haicap.registry.models import Title
from haicap.systems.onestop.models import (
    LimitUnit,
    Procedure,
    ProcedureField,
    ProcedureVersion,
    Route,
    RouteChoice,
    RouteVersion,
    TimeLimit,
)
from haicap.systems.onestop.routes import service
from haicap.systems.onestop.routes.assigning import Selection, assign, coverage, preview, undo, used_by
from haicap.systems.onestop.routes.choosing import choose
from haicap.systems.onestop.routes.errors import (
    BadAssignment,
    NothingToRetire,
    NothingToUndo,
    RouteHasErrors,
)
from haicap.systems.onestop.routes.library import load_library
from haicap.systems.onestop.tests.factories import NOW

BEGAN = date(2025, 7, 1)


def make_procedure(code: str, name: str, field: str, days: int | None, level: str = "commune") -> Procedure:
    """A procedure of the catalogue with one time limit."""
    with journal.act(SYSTEM, "test.make_procedure") as act:
        ProcedureField.objects.get_or_create(code=field, defaults={"name": field, "fold": field})
        made = Procedure.objects.create(code=code)
        version = ProcedureVersion.objects.create(
            procedure=made, name=name, fold=fold(name), field_id=field, levels=[level], source="test",
            valid=Range(BEGAN, None, "[)"),
        )  # fmt: skip
        unit = LimitUnit.UNKNOWN if days is None else LimitUnit.WORKING_DAYS if days else LimitUnit.SAME_DAY
        TimeLimit.objects.create(version=version, unit=unit, amount=Decimal(days) if days else None)
        act.changed("onestop.procedure", made.id, None, {"code": code})
    return made


@pytest.fixture
def catalogue(db: None) -> Iterator[dict[str, Procedure]]:
    """Six procedures and the library, on a Monday morning."""
    with clock.at(NOW):
        with journal.act(SYSTEM, "test.make_titles") as act:
            for code, name, rank, singular, leads in TITLES:
                Title.objects.get_or_create(
                    code=code, defaults={"name": name, "rank": rank, "singular": singular, "leads": leads}
                )
            act.changed("registry.title", None, None, {"count": len(TITLES)})
        load_library(SYSTEM)
        yield {
            "copy": make_procedure("2.000815", "Chứng thực bản sao", "chung-thuc", 0),
            "birth": make_procedure("1.001193", "Đăng ký khai sinh", "ho-tich", 1),
            "correct": make_procedure("1.004859", "Thay đổi, cải chính hộ tịch", "ho-tich", 3),
            "land": make_procedure("1.012753", "Cấp Giấy chứng nhận lần đầu", "dat-dai", 20),
            "odd": make_procedure("1.000001", "Thủ tục chưa rõ thời hạn", "khac", None),
            "province": make_procedure("1.014092", "Chứng chỉ hành nghề dược", "duoc-pham", 15, "province"),
        }


def test_assignment__by_proposal__each_gets_what_fits_and_all_is_undone(
    catalogue: dict[str, Procedure],
) -> None:
    everything = Selection(level="commune")
    shown = {line.code: line.route for line in preview(SYSTEM, everything, route=None).lines}
    assert shown == {
        "2.000815": "Chứng thực trong ngày",
        "1.001193": "Hộ tịch, ba bước",
        "1.004859": "Hộ tịch, có xác minh",
        "1.012753": "Đất đai, có Văn phòng đăng ký",
        "1.000001": "Cấp xã, năm bước",
    }
    assert not RouteChoice.objects.exists()
    done = assign(SYSTEM, everything, route=None)
    assert done.count == 5
    assert coverage("commune", NOW.date()) == (5, 5)
    version = choose(catalogue["birth"], "commune", NOW.date())
    assert version is not None
    assert version.route.code == "ho-tich-ba-buoc"
    assert choose(catalogue["birth"], "province", NOW.date()) is None
    assert used_by([version.route_id], NOW.date()) == {version.route_id: 1}
    assert preview(SYSTEM, everything, route=None).lines == ()
    undo(SYSTEM, done.id)
    assert choose(catalogue["birth"], "commune", NOW.date()) is None
    with pytest.raises(NothingToUndo):
        undo(SYSTEM, done.id)


def test_assignment__one_route__leaves_out_what_is_too_short(catalogue: dict[str, Procedure]) -> None:
    route = Route.objects.get(code="cap-xa-nam-buoc")
    shown = preview(SYSTEM, Selection(level="commune"), route=route)
    assert {line.code for line in shown.too_short} == {"2.000815", "1.001193"}
    assert {line.code for line in shown.changing} == {"1.004859", "1.012753", "1.000001"}
    narrow = Selection(level="commune", field="ho-tich", within_days=3, over_days=1)
    assert [line.code for line in preview(SYSTEM, narrow, route=route).lines] == ["1.004859"]
    named = Selection(level="commune", text="giay CHUNG nhan")
    assert [line.code for line in preview(SYSTEM, named, route=route).lines] == ["1.012753"]


def test_assignment__replacing_one_of_the_same_day__gives_it_back(catalogue: dict[str, Procedure]) -> None:
    first = assign(SYSTEM, Selection(level="commune", field="ho-tich"), route=None)
    other = Route.objects.get(code="cap-xa-khong-phong")
    both = Selection(level="commune", field="ho-tich", only_without=False)
    second = assign(SYSTEM, both, route=other)
    now = choose(catalogue["correct"], "commune", NOW.date())
    assert now is not None
    assert now.route.code == "cap-xa-khong-phong"
    undo(SYSTEM, second.id)
    again = choose(catalogue["correct"], "commune", NOW.date())
    assert again is not None
    assert again.route.code == "ho-tich-xac-minh"
    assert first.undone_at is None


def test_assignment__nothing_or_the_past__is_refused(catalogue: dict[str, Procedure]) -> None:
    with pytest.raises(BadAssignment):
        assign(SYSTEM, Selection(level="commune", field="khong-co"), route=None)
    with pytest.raises(BadAssignment):
        assign(SYSTEM, Selection(level="commune"), route=None, begins_on=NOW.date() - timedelta(days=1))
    draft = service.create_route(SYSTEM, "nhap-moi", "Nháp")
    with pytest.raises(BadAssignment):
        assign(SYSTEM, Selection(level="commune"), route=draft)


def test_versions__draft_publish_retire__new_dossiers_take_the_newest(
    catalogue: dict[str, Procedure],
) -> None:
    procedure = catalogue["birth"]
    assign(SYSTEM, Selection(level="commune", field="ho-tich"), route=None)
    first = choose(procedure, "commune", NOW.date())
    assert first is not None
    draft = service.start_draft(SYSTEM, first.route)
    assert draft.number == 2
    assert choose(procedure, "commune", NOW.date()) == first
    service.publish_version(SYSTEM, draft.id)
    assert choose(procedure, "commune", NOW.date()) == draft
    service.retire_version(SYSTEM, draft.id)
    assert choose(procedure, "commune", NOW.date()) == first
    with pytest.raises(NothingToRetire):
        service.retire_version(SYSTEM, draft.id)
    empty = service.create_route(SYSTEM, "rong", "Rỗng")
    with pytest.raises(RouteHasErrors) as refused:
        service.publish_version(SYSTEM, RouteVersion.objects.get(route=empty).id)
    assert refused.value.details["findings"][0]["code"] == "empty"
