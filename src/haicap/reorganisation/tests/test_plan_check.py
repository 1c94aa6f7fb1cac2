"""Checking a plan: every problem has a plan that shows it and one that does not."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, timedelta

import pytest

from haicap.kernel.errors import BadInput
from haicap.registry.models import AgencyCode, Person
from haicap.reorganisation.plan.check import CheckReport, check_plan, registry_revision
from haicap.reorganisation.plan.model import (
    Abolition,
    Division,
    Legal,
    Part,
    Plan,
    Staffing,
    Transfer,
    UnitPlan,
)
from haicap.reorganisation.plan.problems import Problem, refuse
from haicap.reorganisation.plan.read import read_plan
from haicap.reorganisation.plan.write import write_plan
from haicap.reorganisation.tests.factories import EFFECTIVE, danang_plan, form, hatinh_plan

pytestmark = pytest.mark.usefixtures("small_country")


def found(plan: Plan, code: str, *, warning: bool = False, says: str = "") -> list[Problem]:
    """The problems with this code that say this."""
    report = check_plan(plan)
    return [
        problem
        for problem in report.problems
        if problem.code == code and problem.warning == warning and says in problem.message
    ]


def stopping(report: CheckReport) -> list[str]:
    return [str(problem) for problem in report.problems if not problem.warning]


def with_unit(code: str, /, **changes: object) -> Plan:
    """The good plan with one unit changed."""
    plan = danang_plan()
    assert any(unit.code == code for unit in plan.units)
    return replace(
        plan,
        units=tuple(replace(unit, **changes) if unit.code == code else unit for unit in plan.units),
    )


def with_more(*units: UnitPlan) -> Plan:
    plan = danang_plan()
    return replace(plan, units=(*plan.units, *units))


def also_ended(item: Abolition) -> Plan:
    return danang_plan(abolished=(*danang_plan().abolished, item))


def instead(item: Abolition) -> Plan:
    """The good plan with this in the place of the end of district 490."""
    return danang_plan(abolished=(item, *danang_plan().abolished[1:]))


def divided(*divisions: Division) -> Plan:
    return danang_plan(divisions=divisions)


def given(*transfers: Transfer) -> Plan:
    return danang_plan(transfers=transfers)


def of(code: str, *predecessors: str) -> Plan:
    return with_unit(code, predecessors=parts(*predecessors))


def parts(*codes: str) -> tuple[Part, ...]:
    return tuple(Part(code.lstrip("~"), code.startswith("~")) for code in codes)


@pytest.mark.parametrize("plan", [danang_plan(), hatinh_plan()])
def test_plan__check__good_one_passes(plan: Plan) -> None:
    report = check_plan(plan)
    assert report.passed, stopping(report)
    assert report.revision == registry_revision()
    assert report.numbers()["ended"] > 0
    read = check_plan(read_plan(write_plan(plan)))
    assert read.passed
    assert read.numbers() == report.numbers()


# code, what it says, a plan that has the problem; the good plans have none of them (above)
WRONG: list[tuple[str, str, Plan]] = [
    # dates and bases
    ("REO-020", "không sau trạng thái gốc", danang_plan(effective_on=date(2025, 6, 30))),
    ("REO-020", "không sau trạng thái gốc", danang_plan(effective_on=date(1, 1, 1))),
    ("REO-020", "không nêu căn cứ", danang_plan(legal=())),
    ("REO-020", "sau ngày hiệu lực", danang_plan(legal=(Legal("1/NQ", date(2025, 7, 2)),))),
    ("REO-020", "không có trong legal_basis", with_unit("20194", resolution="9/NQ")),
    # fates
    ("REO-021", "Không có đơn vị mang mã 99999", of("20194", "20194", "20195", "~20197", "99999")),
    ("REO-021", "nêu hai lần", of("20194", "20194", "20195", "20195", "~20197")),
    ("REO-021", "không cùng cấp", with_unit("20500", predecessors=parts("20500", "503"))),
    ("REO-021", "nhập nguyên vẹn", with_unit("20200", predecessors=parts("20200", "20195", "~20197"))),
    ("REO-021", "nhập nguyên vẹn", with_unit("20200", predecessors=parts("20200", "20197"))),
    ("REO-021", "chỉ có một phần", with_unit("20200", predecessors=parts("20200"))),
    ("REO-021", "chưa có số phận", with_unit("20501", predecessors=parts("20501"), seat="20501")),
    ("REO-021", "chưa có số phận", danang_plan(abolished=danang_plan().abolished[1:])),
    ("REO-021", "vừa có đơn vị kế thừa vừa", also_ended(Abolition("20203", "20194"))),
    ("REO-021", "nêu hai lần ở mục abolished", also_ended(Abolition("490", "20194"))),
    ("REO-021", "để kết thúc", also_ended(Abolition("999", "20194"))),
    # new units
    ("REO-022", "không có loại", with_unit("20194", kind="quan")),
    ("REO-022", "không có loại", with_unit("20194", kind="nothing")),
    ("REO-022", "không hình thành từ đơn vị nào", with_more(form("20999", "xa", "Mới", "48"))),
    ("REO-022", "không có cấp trên", with_unit("48", parent="42")),
    ("REO-022", "thiếu cấp trên", with_unit("20194", parent=None)),
    ("REO-022", "không thể ở dưới", with_unit("20194", parent="20200")),
    ("REO-022", "không thể ở dưới", with_unit("20194", parent="20194")),
    ("REO-022", "không có từ ngày hiệu lực", with_unit("20194", parent="490")),
    ("REO-022", "không có từ ngày hiệu lực", with_unit("20194", parent="77")),
    ("REO-022", "không có từ ngày hiệu lực", with_unit("20194", parent="49")),
    # codes and names
    ("REO-023", "cấp cho cả", with_unit("20203", code="20194")),
    ("REO-023", "đang thuộc", with_unit("20203", code="18001")),
    ("REO-023", "trùng tên", with_unit("20200", name="Điện Hòa")),
    # agency codes, seats, organs
    ("REO-024", "không đúng dạng (36 ký tự)", with_unit("20194", agency_code="H17." + "9" * 32)),
    ("REO-024", "không đúng dạng", with_unit("20194", agency_code="h17.9")),
    ("REO-024", "đã từng được cấp", with_unit("20194", agency_code="H17.1")),
    ("REO-024", "cấp cho cả", replace(
        with_unit("20194", agency_code="H17.900"),
        units=(*with_unit("20194", agency_code="H17.900").units[:2],
               replace(danang_plan().units[2], agency_code="H17.900"), *danang_plan().units[3:]))),
    ("REO-024", "không phải đơn vị cũ", with_unit("20194", seat="20200")),
    ("REO-024", "không có loại cơ quan", with_unit("20194", leave_out=("phòng khách",))),
    # divided units, districts
    ("REO-025", "chưa có đơn vị tạm giữ", danang_plan(divisions=())),
    ("REO-025", "không phải đơn vị nhận", divided(Division("20197", "20203"))),
    ("REO-025", "không phải đơn vị nhận", divided(Division("20197", "20194", villages=(("Tổ 1", "20333"),)))),
    ("REO-025", "không phải đơn vị nhận", divided(Division("20197", "20194", addresses=(("Trần Phú", "20333"),)))),
    ("REO-025", "không bị chia", divided(*danang_plan().divisions, Division("20203", "20194"))),
    ("REO-025", "nêu hai lần", divided(*danang_plan().divisions, Division("20197", "20200"))),
    ("REO-025", "chưa có xã, phường tạm giữ", instead(Abolition("490"))),
    ("REO-025", "không có từ ngày hiệu lực", instead(Abolition("490", "20195"))),
    ("REO-025", "không phải xã", instead(Abolition("490", "48"))),
    # transfers
    ("REO-027", "Không có Sở", given(Transfer("Chuyện lạ", fields=("x",)))),
    ("REO-027", "chuyển cho cả", given(Transfer("Nội vụ", ("x",)), Transfer("Y tế", ("x",)))),
    ("REO-027", "nêu hai lần", given(Transfer("Nội vụ", ("x", "x")))),
    ("REO-027", "nêu hai lần", given(Transfer("Nội vụ", (), ("1.0",)), Transfer("Nội vụ", (), ("1.0",)))),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "says", "plan"), WRONG, ids=[f"{code}-{says}" for code, says, _plan in WRONG]
)
def test_plan__check__names_what_is_wrong(code: str, says: str, plan: Plan) -> None:
    problems = found(plan, code, says=says)
    assert problems, [str(problem) for problem in check_plan(plan).problems]
    assert all(problem.fix for problem in problems)
    if says != "không thể ở dưới":  # as a file it is refused for its form already
        read = found(read_plan(write_plan(plan)), code, says=says)
        assert [problem.message for problem in read] == [problem.message for problem in problems]
        assert all(problem.line for problem in read) or "chưa có số phận" in says


def test_plan__check__name_of_a_sibling_that_is_not_in_the_plan() -> None:
    later = danang_plan(
        units=(form("18002", "xa", "Thạch Lạc", "436", "18002"),), abolished=(), divisions=(), transfers=()
    )
    assert found(later, "REO-023", says="trùng tên")
    same_name_other_kind = replace(later, units=(form("18002", "thi_tran", "Thạch Lạc", "436", "18002"),))
    assert check_plan(same_name_other_kind).passed


def test_plan__check__cycle_of_codes_is_no_problem_of_identity() -> None:
    """Two communes exchange their codes and names: each lives on."""
    swap = danang_plan(
        units=(
            form("20501", "xa", "Điện Hòa", "503", "20500"),
            form("20500", "xa", "Điện Thắng", "503", "20501"),
        ),
        abolished=(), divisions=(), transfers=(),
    )  # fmt: skip
    report = check_plan(swap)
    assert report.passed, stopping(report)
    assert report.numbers() == {"opened": 0, "changed": 2, "ended": 0}


def test_plan__check__parent_that_is_its_own_inferior() -> None:
    assert found(
        danang_plan(
            units=(form("490", "quan", "Hải Châu", "491", "490"), form("491", "huyen", "Hòa Vang", "490", "491")),
            abolished=(), divisions=(), transfers=(),
        ), "REO-022", says="không thể ở dưới",
    )  # fmt: skip


def test_plan__check__similar_names_and_old_revision_are_warnings() -> None:
    similar = with_unit("20200", name="Điện Hoà")
    assert found(similar, "REO-023", warning=True, says="trùng tên") or not check_plan(similar).passed
    old = danang_plan(registry_revision=registry_revision() - 1)
    assert found(old, "REO-020", warning=True, says="lập trên sổ đăng ký số")
    assert check_plan(old).passed
    assert not found(danang_plan(registry_revision=registry_revision()), "REO-020", warning=True)


def test_plan__check__agency_code_of_a_province() -> None:
    assert found(with_unit("48", agency_code="H27"), "REO-024", says="đã từng được cấp")
    assert check_plan(with_unit("48", agency_code="H17")).passed  # its own, kept by the namesake
    assert AgencyCode.objects.filter(code="H27").exists()


def test_plan__check__island_district_becomes_a_commune_only_without_communes() -> None:
    assert check_plan(danang_plan()).passed
    assert found(with_unit("20333", predecessors=parts("491")), "REO-021", says="không cùng cấp")


# --- staffing ---


def person(number: int = 0) -> Person:
    return Person.objects.order_by("id")[number]


def staffed(*rows: Staffing) -> Plan:
    return danang_plan(staffing=rows)


def chair(unit: str = "20194", title: str = "chu_tich", number: int = 0, **more: object) -> Staffing:
    return replace(Staffing(unit, "ubnd", "", title, person(number).id), **more)


def test_staffing__check__good_one_passes_and_vacancies_are_named() -> None:
    report = check_plan(staffed(chair()))
    assert report.passed, stopping(report)
    vacant = [problem for problem in report.problems if "chưa có Chủ tịch" in problem.message]
    assert {problem.message[:5] for problem in vacant} == {"48 Đà", "20200", "20333", "20501"}
    assert found(danang_plan(), "REO-026", warning=True, says="chưa bố trí nhân sự")


def test_staffing__check__interim_is_missing_only_where_required() -> None:
    report = check_plan(staffed(chair()), staffing_required=True)
    assert not report.passed
    assert all(problem.code == "REO-026" for problem in report.problems if not problem.warning)


@pytest.mark.parametrize(
    ("says", "change"),
    [
        ("không có trong kế hoạch", {"unit": "18001"}),
        ("không có chức danh", {"title": "vua"}),
        ("không có chức danh", {"kind": "so"}),
        ("không có chức danh", {"kind": "phong", "slot": "Không có", "title": "truong_phong"}),
        ("không có chức danh", {"title": "giam_doc"}),
        ("Không có người", {"person_id": uuid.UUID(int=7)}),
    ],
)
def test_staffing__check__names_what_is_wrong(says: str, change: dict[str, object]) -> None:
    assert found(staffed(chair(**change)), "REO-026", says=says)


def test_staffing__check__twice_in_a_chair() -> None:
    assert found(staffed(chair(), chair(number=1)), "REO-026", says="quá số ghế chu_tich")
    two_deputies = staffed(chair(title="pho_chu_tich"), chair(title="pho_chu_tich", number=1))
    assert check_plan(two_deputies).passed
    three = (chair(title="pho_chu_tich", number=number) for number in range(3))
    assert found(staffed(*three), "REO-026", says="quá số ghế pho_chu_tich")


def test_staffing__check__one_person_on_two_chairs() -> None:
    same = staffed(chair(title="pho_chu_tich"), chair(title="pho_chu_tich"))
    assert found(same, "REO-026", says="hai lần")
    party_and_council = staffed(
        chair(kind="dang_uy", title="bi_thu"), chair(kind="hdnd", title="chu_tich")
    )  # the same person, as is common
    assert check_plan(party_and_council).passed


def test_staffing__check__where_the_unit_lives_on__is_said_to_do_nothing() -> None:
    rows = staffed(chair(unit="20203"))
    assert found(rows, "REO-026", warning=True, says="20203")
    assert check_plan(rows).passed
    new_organ = staffed(chair(unit="20203", kind="tt_pvhcc", title="giam_doc_trung_tam"))
    assert check_plan(new_organ).passed
    assert not found(new_organ, "REO-026", warning=True, says="20203")


# --- many problems at once ---


def test_problems__refuse__shows_the_first_and_keeps_all() -> None:
    many = [Problem("REO-021", f"chỗ {number}", "sửa", number) for number in range(30)]
    with pytest.raises(BadInput) as refused:
        refuse([*many, Problem("REO-020", "nhắc", warning=True)], "REO-011", "%(count)d vấn đề")
    assert "30 vấn đề" in str(refused.value.message)
    assert "10 chỗ nữa" in str(refused.value.message)
    assert len(refused.value.details["problems"]) == 30
    refuse([Problem("REO-020", "nhắc", warning=True)], "REO-011", "%(count)d vấn đề")


def test_plan__check__everything_wrong_at_once__still_tells() -> None:
    plan = Plan(
        key="x", title="x", effective_on=EFFECTIVE + timedelta(days=3), province="00", legal=(),
        units=(form("00000", "", "", None), form("00", "", "", "00", "~00000"), form("000", "xa", "a", "000", "000")),
        abolished=(Abolition("", ""), Abolition("000", "00")), transfers=(Transfer("", ("",)),),
        divisions=(Division("", ""),), staffing=(Staffing("", "", "", "", uuid.UUID(int=0)),),
    )  # fmt: skip
    report = check_plan(plan)
    assert not report.passed
    assert report.changes is None
    assert all(isinstance(problem.as_dict()["message"], str) for problem in report.problems)
