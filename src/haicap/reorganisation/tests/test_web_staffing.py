"""Staffing: lists from CSV in every state of disrepair, one person by search."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from haicap.kernel.errors import BadInput
from haicap.registry.exports import csv_lines
from haicap.registry.models import Person
from haicap.reorganisation.models import PlanText
from haicap.reorganisation.plan.propose import with_staffing
from haicap.reorganisation.plan.read import read_plan
from haicap.reorganisation.staffing import read_staffing, staffing_rows
from haicap.reorganisation.tests.factories import World, danang_plan, save
from haicap.reorganisation.tests.hats import administrator

PLAN = "/dieu-hanh/sap-xep/ke-hoach/2025-07-01/48/"
HEAD = "mã đơn vị,cơ quan,phòng,chức danh,họ tên,định danh\n"


def people(count: int) -> list[Person]:
    return list(Person.objects.order_by("id")[:count])


def a_list(*rows: str, head: str = HEAD) -> bytes:
    return (head + "\n".join(rows)).encode()


def line(person: Person, unit: str = "20194", organ: str = "Ủy ban nhân dân", title: str = "Chủ tịch") -> str:
    return f"{unit},{organ},,{title},{person.full_name},{person.pk}"


def test_staffing__list__is_read_by_id(small_country: World) -> None:
    one, other = people(2)
    found = read_staffing(a_list(line(one), line(other, title="phó chủ tịch")), danang_plan())
    assert not found.problems
    assert [(row.unit, row.title, row.person_id) for row in found.rows] == [
        ("20194", "chu_tich", one.pk),
        ("20194", "pho_chu_tich", other.pk),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_staffing__encodings_and_delimiters__are_recognised(
    small_country: World, encoding: str, delimiter: str
) -> None:
    (one,) = people(1)
    text = (HEAD + line(one)).replace(",", delimiter)
    assert len(read_staffing(text.encode(encoding), danang_plan()).rows) == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (HEAD.encode("cp1258", "replace") + b"\xd1\xd2", "REO-061"),
        (b"\x00\x01\x02", "KRN-085"),
        (b"", "REO-061"),
        (HEAD.encode(), "REO-061"),
        ("mã đơn vị,chức danh,họ tên\n20194,Chủ tịch,A".encode(), "REO-061"),
        ("mã đơn vị,cơ quan,chức danh\n20194,UBND,Chủ tịch".encode(), "REO-061"),
        ("một,hai\n1,2".encode(), "REO-061"),
        (b"x" * 5_000_001, "KRN-086"),
        ((HEAD + '20194,"' + "a" * 200_000).encode(), "KRN-085"),
    ],
)
def test_staffing__broken_file__is_refused_with_its_reason(
    small_country: World, content: bytes, code: str
) -> None:
    with pytest.raises(BadInput) as caught:
        read_staffing(content, danang_plan())
    assert caught.value.code == code
    assert caught.value.todo or caught.value.where


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("99999,Ủy ban nhân dân,,Chủ tịch,A,", "99999"),
        ("20194,Hội kín,,Chủ tịch,A,", "Hội kín"),
        ("20194,Ủy ban nhân dân,,Vua,A,", "Vua"),
        ("20194,Ủy ban nhân dân,,Trưởng phòng,A,", "Trưởng phòng"),
        ("20194,Ủy ban nhân dân,,Chủ tịch,Không Có Ai,", "Không Có Ai"),
        ("20194,Ủy ban nhân dân,,Chủ tịch,,khong-phai-uuid", "khong-phai-uuid"),
        ("20194,Ủy ban nhân dân,,Chủ tịch,,", "không nêu người"),
        ("20194,Phòng,Không có,Trưởng phòng,A,", "Không có"),
    ],
)
def test_staffing__row_that_cannot_be_used__is_named_with_its_line(
    small_country: World, row: str, says: str
) -> None:
    (one,) = people(1)
    found = read_staffing(a_list(line(one, title="Phó Chủ tịch"), row), danang_plan())
    assert {problem.line for problem in found.problems} == {3}
    assert says in " ".join(problem.message for problem in found.problems)
    assert len(found.rows) == 1


def test_staffing__doubled__is_named(small_country: World) -> None:
    one, other, third = people(3)
    twice = read_staffing(a_list(line(one), line(one, title="Phó Chủ tịch")), danang_plan())
    assert [problem.line for problem in twice.problems] == [3]
    crowded = read_staffing(a_list(line(one), line(other), line(third, "20200")), danang_plan())
    assert [problem.line for problem in crowded.problems] == [3]
    wrong = read_staffing(a_list(f"20194,ubnd,,chu_tich,Người Khác,{one.pk}"), danang_plan())
    assert one.full_name in wrong.problems[0].message


def test_staffing__written_and_read__is_the_same(small_country: World) -> None:
    plan = with_staffing(danang_plan())
    assert plan.staffing
    head, *rows = staffing_rows(plan)
    text = "".join(csv_lines(head, rows))
    found = read_staffing(text.encode(), plan)
    assert not found.problems
    assert set(found.rows) == set(plan.staffing)


def test_staffing__partial_list__replaces_only_its_posts(small_country: World) -> None:
    plan = with_staffing(danang_plan())
    stranger = Person.objects.exclude(pk__in=[row.person_id for row in plan.staffing]).first()
    found = read_staffing(a_list(line(stranger)), plan)
    merged = found.apply_to(plan)
    chairmen = [
        row for row in merged.staffing if (row.unit, row.kind, row.title) == ("20194", "ubnd", "chu_tich")
    ]
    assert [row.person_id for row in chairmen] == [stranger.pk]
    assert len(merged.staffing) >= len(plan.staffing) - 1
    assert len({row.person_id for row in merged.staffing}) == len(merged.staffing)


# --- pages
def test_upload_page__preview_then_save(world: World) -> None:
    save(danang_plan())
    admin = administrator()
    (one,) = people(1)
    file = SimpleUploadedFile("nhan-su.csv", a_list(line(one)))
    preview = admin.post(f"{PLAN}nhan-su/nap/", {"ban": "1", "tep": file})
    assert preview.status_code == 200
    assert PlanText.objects.count() == 1
    sent = preview.context["sent"]
    saved = admin.post(f"{PLAN}nhan-su/nap/", {"ban": "1", "da-doc": sent, "luu": "1"})
    assert saved.status_code == 302
    assert [row.person_id for row in read_plan(PlanText.objects.get(number=2).text).staffing] == [one.pk]


def test_upload_page__bad_rows__are_listed_and_nothing_is_saved(world: World) -> None:
    save(danang_plan())
    admin = administrator()
    file = SimpleUploadedFile("x.csv", a_list("99999,Ủy ban nhân dân,,Chủ tịch,A,"))
    answer = admin.post(f"{PLAN}nhan-su/nap/", {"ban": "1", "tep": file, "luu": "1"})
    assert "99999" in answer.content.decode()
    for data in ({}, {"da-doc": "rác"}, {"tep": SimpleUploadedFile("x.csv", b"\xff\xd1")}):
        assert admin.post(f"{PLAN}nhan-su/nap/", {"ban": "1", **data}).status_code == 400
    assert PlanText.objects.count() == 1


def test_unit_page__person_found_and_put_in_then_taken_out(world: World) -> None:
    save(danang_plan())
    admin = administrator()
    person = Person.objects.filter(appointments__post__desk__founder__unit__versions__code="20195").first()
    found = admin.get(f"{PLAN}nhan-su/tim/", {"ten": person.full_name}).content.decode()
    assert str(person.pk) in found
    post = {"ban": "1", "ghe": "ubnd||chu_tich|0", "nguoi": str(person.pk)}
    assert admin.post(f"{PLAN}nhan-su/20194/", post).status_code == 302
    assert [row.person_id for row in read_plan(PlanText.objects.get(number=2).text).staffing] == [person.pk]
    assert person.full_name in admin.get(f"{PLAN}nhan-su/20194/").content.decode()
    assert admin.post(f"{PLAN}nhan-su/20194/", {**post, "ban": "2", "viec": "bo"}).status_code == 302
    assert read_plan(PlanText.objects.get(number=3).text).staffing == ()


def test_unit_page__seat_that_does_not_exist__is_refused(world: World) -> None:
    save(danang_plan())
    (one,) = people(1)
    admin = administrator()
    for seat in ("", "ubnd||vua|0", "ubnd||chu_tich|7", "ubnd||chu_tich|x", "|||"):
        answer = admin.post(f"{PLAN}nhan-su/20194/", {"ban": "1", "ghe": seat, "nguoi": str(one.pk)})
        assert answer.status_code == 400, seat
    nobody = admin.post(f"{PLAN}nhan-su/20194/", {"ban": "1", "ghe": "ubnd||chu_tich|0", "nguoi": "x"})
    assert nobody.status_code == 400
    assert PlanText.objects.count() == 1


def test_proposal__replaces_all_staffing(world: World) -> None:
    save(danang_plan())
    assert administrator().post(f"{PLAN}nhan-su/de-xuat/", {"ban": "1"}).status_code == 302
    assert read_plan(PlanText.objects.get(number=2).text).staffing
