"""Lists of people: preview, errors by row, all or nothing, a second run that repeats nothing, 10,000 rows."""

from __future__ import annotations

import pytest

from haicap.access.models import Account
from haicap.access.people import lists, service
from haicap.access.people.errors import BadList, ListMoved, NoSuchPerson, NotAdministrator, RowsRefused
from haicap.access.people.tests.conftest import actor_at
from haicap.access.people.values import person_values
from haicap.kernel.actor import SYSTEM, Actor
from haicap.kernel.models import JournalEntry
from haicap.registry.models import Appointment, Person, Post
from haicap.registry.tests.places import Places

HEAD = "Họ và tên;Số định danh;Thư công vụ;Điện thoại;Cơ quan;Chức danh;Số quyết định;Từ ngày\n"
PARTY = "Đảng ủy phường Hải Châu"


def _number(index: int) -> str:
    return f"04819{index:07d}"


def _csv(*rows: str) -> list[dict[str, str]]:
    return lists.read_list((HEAD + "\n".join(rows)).encode())


def _row(index: int, name: str = "Trần Thị Bình", agency: str = PARTY, title: str = "Chuyên viên") -> str:
    return f"{name};{_number(index)};nguoi{index}@vidu.vn;0905000{index:03d};{agency};{title};5/QĐ;01/07/2025"


def _counts() -> tuple[int, int, int, int]:
    return Person.objects.count(), Appointment.objects.count(), Account.objects.count(), Post.objects.count()


def test_plan_list__commune__says_what_would_be_done_and_writes_nothing(places: Places, xa: Actor) -> None:
    before = _counts()
    plan = lists.plan_list(xa, _csv(_row(1), _row(2, title="chuyen_vien"), _row(3)), add_posts=True)
    assert plan.counts() == {
        "rows": 3, "bad": 0, "people": 3, "appointments": 3, "posts": 2, "accounts": 3, "unchanged": 0,
    }  # fmt: skip
    assert _counts() == before


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (_row(1, name="=cmd|' /C calc'!A0"), "ACC-206"),
        (_row(1, name="@SUM(A1)"), "ACC-206"),
        (_row(1).replace("04819", "4819"), "ACC-206"),
        (_row(1).replace(_number(1), ""), "ACC-215"),
        (_row(1, agency="Ủy ban nhân dân phường Hòa Cường"), "ACC-201"),
        (_row(1, title="Quản trị cấp xã"), "ACC-203"),
        (_row(1, title="kiem_toan"), "ACC-203"),
        (_row(1, title="Vua"), "ACC-214"),
        (_row(1).replace("01/07/2025", "31/02/2025"), "ACC-206"),
        (_row(1).replace("nguoi1@vidu.vn", "khong-phai"), "ACC-206"),
        (_row(1, agency="Ủy ban nhân dân phường Hải Châu", title="Chủ tịch"), "ACC-205"),
    ],
)
def test_plan_list__bad_row__named_with_its_reason(places: Places, xa: Actor, row: str, code: str) -> None:
    plan = lists.plan_list(xa, _csv(row), add_posts=True)
    assert [(each.line, each.code) for each in plan.bad] == [(2, code)]


def test_apply_list__all_or_nothing__nothing(places: Places, xa: Actor) -> None:
    before = _counts()
    with pytest.raises(RowsRefused):
        lists.apply_list(xa, _csv(_row(1), _row(2, title="Vua")), add_posts=True)
    assert _counts() == before


def test_apply_list__second_run__repeats_nothing(places: Places, xa: Actor) -> None:
    rows = _csv(_row(1), _row(2), _row(3, title="Vua"))
    lists.apply_list(xa, rows, add_posts=True, only_good=True)
    after = _counts()
    assert Account.objects.filter(email="nguoi2@vidu.vn", username="binh.tt2").exists()
    assert JournalEntry.objects.filter(action="access.import_people", record="registry.person").count() == 1
    again = lists.apply_list(xa, rows, add_posts=True, only_good=True)
    assert again.counts()["unchanged"] == 2
    assert _counts() == after


def test_apply_list__one_person_two_posts__one_account(places: Places, xa: Actor) -> None:
    rows = _csv(_row(1), _row(1, agency="Ủy ban Mặt trận Tổ quốc Việt Nam phường Hải Châu"))
    plan = lists.apply_list(xa, rows, add_posts=True)
    counts = plan.counts()
    assert (counts["people"], counts["appointments"], counts["accounts"]) == (1, 2, 1)


def test_apply_list__person_of_the_province__gets_no_account_here(
    places: Places, xa: Actor, tinh: Actor
) -> None:
    """Else a commune could open the account of whoever it draws in by number."""
    auditor = places.appointment("48", "kiem_toan", "van_phong")
    person = Appointment.objects.get(pk=auditor).person_id
    values = person_values({"full_name": "Kiểm Toán Viên", "personal_number": _number(9)})
    service.edit_person(SYSTEM, person, values)
    plan = lists.apply_list(xa, _csv(_row(9, name="Kiểm Toán Viên")), add_posts=True)
    assert plan.counts()["accounts"] == 0
    assert not Account.objects.filter(person=person).exists()


def test_apply_list__oneself__refused(places: Places, tinh: Actor) -> None:
    assert tinh.person_id is not None
    values = person_values({"full_name": "Quản Trị Viên", "personal_number": _number(8)})
    service.edit_person(SYSTEM, tinh.person_id, values)
    plan = lists.plan_list(tinh, _csv(_row(8, name="Quản Trị Viên")), add_posts=True)
    assert [row.code for row in plan.bad] == ["ACC-204"]


def test_plan_list__not_an_administrator__refused(places: Places) -> None:
    with pytest.raises(NotAdministrator):
        lists.plan_list(actor_at(places, "20194", "chu_tich"), _csv(_row(1)))


def test_read_list__without_its_columns__refused(db: None) -> None:
    with pytest.raises(BadList):
        lists.read_list("Tên;Tuổi\nAn;3\n".encode())
    with pytest.raises(BadList):
        lists.read_list(HEAD.encode())


def test_apply_kept__once_and_by_its_maker_only(places: Places, xa: Actor, tinh: Actor) -> None:
    rows = _csv(_row(1))
    found = lists.keep(xa, rows, b"x", "ds.csv", add_posts=True)
    with pytest.raises(NoSuchPerson):
        lists.apply_kept(tinh, found.pk)
    done = lists.apply_kept(xa, found.pk)
    assert done.rows == []
    assert len(lists.accounts_made(xa, done)) == 1
    with pytest.raises(ListMoved):
        lists.apply_kept(xa, found.pk)


def test_apply_list__10000_rows_30_broken__the_good_ones(places: Places, tinh: Actor) -> None:
    rows = []
    for index in range(10_000):
        broken = index % 333 == 5 and index // 333 < 30
        rows.append(
            _row(index, name="=1+1" if broken else "Nguyễn Văn Đông").replace(f"0905000{index:03d}", "")
        )
    plan = lists.apply_list(tinh, _csv(*rows), add_posts=True, only_good=True)
    assert len(plan.bad) == 30
    assert plan.counts()["accounts"] == 9_970
    assert [row.line for row in plan.bad][:3] == [7, 340, 673]
    assert {row.code for row in plan.bad} == {"ACC-206"}
