"""Pages: addresses of other communes' people, mass assignment, forms, exports, the import from upload to slips."""

from __future__ import annotations

import io
import re
import uuid
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import Workbook, load_workbook

from haicap.access.hats import hats_of
from haicap.access.models import Account, PeopleImport, Reading
from haicap.access.people import lists, service
from haicap.access.people.tests.conftest import SignIn, actor_at, person_at
from haicap.access.people.tests.test_lists import HEAD, _row
from haicap.access.people.values import person_values
from haicap.access.tests.accounts import account_of
from haicap.kernel.actor import SYSTEM, Actor
from haicap.kernel.models import JournalEntry
from haicap.registry.models import Appointment, Person, Post
from haicap.registry.tests.places import Places

DIVISION = "Văn hóa - Xã hội"
XA = ("20194", "quan_tri_xa", "van_phong")


def _state() -> tuple[int, ...]:
    models = (Person, Post, Appointment, Account)
    return tuple(model.objects.count() for model in models)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "kind", "method"),
    [
        ("person", "person", "get"),
        ("edit", "person", "get"),
        ("edit", "person", "post"),
        ("appoint", "person", "get"),
        ("appoint", "person", "post"),
        ("account", "person", "post"),
        ("end", "appointment", "get"),
        ("end", "appointment", "post"),
        ("close-post", "post", "get"),
        ("agency", "agency", "get"),
        ("add-post", "agency", "post"),
        ("lend", "appointment", "get"),
        ("lend", "appointment", "post"),
        ("revoke", "nothing", "post"),
        ("import-preview", "nothing", "get"),
        ("import-preview", "nothing", "post"),
        ("import-report", "nothing", "get"),
        ("import-slips", "nothing", "post"),
    ],
)
def test_pages__ids_of_another_commune__not_found_and_nothing_written(
    places: Places, sign_in: SignIn, name: str, kind: str, method: str
) -> None:
    other = person_at(places, "20196", "chuyen_vien", "phong", DIVISION)
    ids = {
        "person": other.person_id,
        "appointment": other.id,
        "post": other.post_id,
        "agency": places.agency("20196", "phong", DIVISION),
        "nothing": uuid.uuid4(),
    }
    client = sign_in(*XA)
    before = _state()
    given = {
        "viec": "cap", "title": "chuyen_vien", "begins_on": "16/07/2025", "ends_on": "16/07/2025",
        "given_name": "Kẻ Lạ", "chuc-danh": "chuyen_vien",
    }  # fmt: skip
    url = reverse(f"people:{name}", args=[ids[kind]])
    answer = client.post(url, given) if method == "post" else client.get(url)
    assert answer.status_code == 404
    assert other.person.full_name not in answer.content.decode()
    assert _state() == before
    other.person.refresh_from_db()
    assert other.person.given_name != "Kẻ Lạ"


@pytest.mark.parametrize("name", ["list", "create", "import", "delegations", "matrix"])
def test_pages__administrator__open(places: Places, sign_in: SignIn, name: str) -> None:
    answer = sign_in(*XA).get(reverse(f"people:{name}"))
    assert answer.status_code == 200
    assert answer.content.count(b"<h1") == 1


@pytest.mark.parametrize("name", ["list", "create", "import", "delegations", "matrix", "import-template"])
def test_pages__visitor__asked_to_sign_in(client: object, db: None, name: str) -> None:
    answer = client.get(reverse(f"people:{name}"))  # type: ignore[attr-defined]
    assert answer.status_code == 302


def test_person_page__colleague__no_number_and_no_deeds(places: Places, sign_in: SignIn) -> None:
    step = person_at(places, "20194", "pho_truong_phong", "phong", DIVISION)
    service.edit_person(
        SYSTEM, step.person_id, person_values({"full_name": "Lê Thị Sen", "personal_number": "048190000001"})
    )
    answer = sign_in("20194", "chuyen_vien", "phong", DIVISION).get(
        reverse("people:person", args=[step.person_id])
    )
    text = answer.content.decode()
    assert "Lê Thị Sen" in text
    assert "048190000001" not in text
    assert "Thôi giữ" not in text


def test_create__mass_assignment__unknown_fields_and_titles_not_read(places: Places, sign_in: SignIn) -> None:
    client = sign_in(*XA)
    agency = places.agency("20194", "van_phong")
    before = _state()
    for title in ("quan_tri_tinh", "quan_tri_xa", "kiem_toan"):
        given = {
            "given_name": "Gian",
            "title": title,
            "begins_on": "16/07/2025",
            "permissions": "registry.manage_people",
        }
        answer = client.post(f"{reverse('people:create')}?co-quan={agency}", given)
        assert answer.status_code == 200  # the form again, with its error
    assert _state() == before


def test_create_then_account_link_slip__through_the_pages(places: Places, xa: Actor, sign_in: SignIn) -> None:
    client = sign_in(*XA)
    agency = places.agency("20194", "phong", DIVISION)
    client.post(reverse("people:add-post", args=[agency]), {"chuc-danh": "chuyen_vien"})
    given = {"family_name": "Lê", "given_name": "Mới", "title": "chuyen_vien", "begins_on": "16/07/2025"}
    answer = client.post(f"{reverse('people:create')}?co-quan={agency}", given)
    made = Person.objects.get(full_name="Lê Mới")
    assert answer.headers["Location"] == reverse("people:person", args=[made.id])
    account = reverse("people:account", args=[made.id])
    client.post(account, {"viec": "cap"})
    shown = client.post(account, {"viec": "lien-ket"})
    assert "no-store" in shown.headers["Cache-Control"]
    assert Account.objects.get(person=made).links.count() == 1
    assert client.get(reverse("people:person", args=[made.id])).status_code == 200
    [hat] = hats_of(made.id)
    client.post(
        reverse("people:end", args=[hat.appointment_id]), {"ends_on": "31/07/2025", "decision": "1/QĐ"}
    )
    assert Appointment.objects.get(person=made, recorded__upper_inf=True).valid.upper is not None


def test_appoint__oneself_through_the_page__refused(places: Places, sign_in: SignIn, xa: Actor) -> None:
    client = sign_in(*XA)
    agency = places.agency("20194", "phong", DIVISION)
    before = _state()
    url = f"{reverse('people:appoint', args=[xa.person_id])}?co-quan={agency}"
    assert client.post(url, {"title": "chuyen_vien", "begins_on": "16/07/2025"}).status_code == 403
    assert _state() == before


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_export__formula__quoted_off_and_journalled(places: Places, sign_in: SignIn, form: str) -> None:
    step = person_at(places, "20194", "chuyen_vien", "phong", DIVISION)
    account_of(step.id)
    from haicap.kernel import journal

    with journal.act(SYSTEM, "test.phone") as act:
        Person.objects.filter(pk=step.person_id).update(phone="=1+1")
        act.changed("registry.person", step.person_id, None, {"phone": "=1+1"})
    answer = sign_in(*XA).get(reverse("people:export", args=[form]))
    content = b"".join(answer.streaming_content)
    if form == "csv":
        assert "'=1+1" in content.decode("utf-8-sig")
    else:
        cells = [cell for row in load_workbook(io.BytesIO(content)).active.iter_rows() for cell in row]
        assert "=1+1" in [cell.value for cell in cells if cell.data_type == "s"] or all(
            cell.data_type != "f" for cell in cells
        )
    assert JournalEntry.objects.filter(action="access.export_people").exists()


def test_export__not_an_administrator__refused(places: Places, sign_in: SignIn) -> None:
    assert sign_in("20194", "chu_tich").get(reverse("people:export", args=["csv"])).status_code == 403


def test_import__upload_preview_enter_report_slips(places: Places, sign_in: SignIn) -> None:
    client = sign_in(*XA)
    text = HEAD + "\n".join([_row(1), _row(2), _row(3, name="=HACK()")])
    file = SimpleUploadedFile("ds.csv", text.encode("utf-16"))
    answer = client.post(reverse("people:import"), {"file": file, "add_posts": "on"})
    found = PeopleImport.objects.get()
    page = reverse("people:import-preview", args=[found.pk])
    assert answer.headers["Location"] == page
    assert "ACC-206" in client.get(page).content.decode()
    report = b"".join(client.get(reverse("people:import-report", args=[found.pk])).streaming_content).decode()
    assert "'=HACK()" in report
    before = _state()
    assert client.post(page, {"nhap": "tat-ca"}).status_code == 409
    assert _state() == before
    client.post(page, {"nhap": "dong-dung"})
    assert Person.objects.filter(personal_number__startswith="04819").count() == 2
    assert client.get(page).status_code == 200
    slips = client.post(reverse("people:import-slips", args=[found.pk]))
    assert slips.content.startswith(b"%PDF")


def test_lend__through_the_page(places: Places, sign_in: SignIn) -> None:
    client = sign_in("20194", "chu_tich")
    own = places.appointment("20194", "chu_tich")
    deputy = person_at(places, "20194", "pho_chu_tich").person_id
    url = reverse("people:lend", args=[own])
    assert client.get(url).status_code == 200
    given = {"delegate": str(deputy), "begins_on": "16/07/2025", "ends_on": "20/07/2025", "reason": "đi học"}
    assert client.post(url, given).status_code == 302
    page = client.get(reverse("people:delegations")).content.decode()
    assert "đi học" in page


def test_matrix__every_permission_of_the_table__shown(places: Places, sign_in: SignIn) -> None:
    text = sign_in("20194", "chuyen_vien", "phong", DIVISION).get(reverse("people:matrix")).content.decode()
    for word in ("registry.manage_people", "Quản trị tỉnh", "toàn tỉnh", "reorganisation.cut_over"):
        assert word in text
    headings = re.findall("<h2>(.*?)</h2>", text)
    assert headings
    assert not [one for one in headings if one.isascii() and one.islower()]  # every group has a name of words


# --- looks at personal data
def test_person_page__another_s__the_look_is_noted(places: Places, sign_in: SignIn, xa: Actor) -> None:
    step = person_at(places, "20194", "chuyen_vien", "phong", DIVISION)
    client = sign_in(*XA)
    client.get(reverse("people:person", args=[step.person_id]))
    client.get(reverse("people:edit", args=[step.person_id]))
    rows = Reading.objects.filter(subject=f"person:{step.person_id}")
    assert {(row.actor_person_id, row.purpose, row.record_id) for row in rows} == {
        (xa.person_id, "manage", step.person_id)
    }
    assert len(rows) == 2


def test_person_page__one_s_own_or_refused__nothing_is_noted(
    places: Places, sign_in: SignIn, xa: Actor
) -> None:
    client = sign_in(*XA)
    other = person_at(places, "20196", "chuyen_vien", "phong", DIVISION)
    client.get(reverse("people:person", args=[xa.person_id]))
    client.get(reverse("people:person", args=[other.person_id]))
    client.get(reverse("people:list"))
    assert not Reading.objects.exists()


def test_export__with_numbers__a_look_at_everybody(places: Places, sign_in: SignIn) -> None:
    answer = sign_in(*XA).get(reverse("people:export", args=["csv"]))
    lines = b"".join(answer.streaming_content).decode().strip().splitlines()
    noted = Reading.objects.filter(purpose="report")
    assert len(lines) - 1 - noted.count() in (0, 1)  # one's own is no look
    assert noted.count() > 5


# --- the list's filter by agency
def test_list__agency_by_part_of_its_name__any_spelling(places: Places, sign_in: SignIn) -> None:
    client = sign_in("48", "quan_tri_tinh", "so", "Khoa học và Công nghệ")
    step = person_at(places, "20458", "chu_tich")
    page = client.get(reverse("people:list"), {"ten-co-quan": "UY BAN nhan dan xa avuong"}).content.decode()
    agency = places.agency("20458")
    assert f"co-quan={agency}" in page
    assert reverse("people:person", args=[step.person_id]) in page
    other = person_at(places, "20196", "chu_tich").person_id
    assert reverse("people:person", args=[other]) not in page
    chosen = client.get(reverse("people:list"), {"co-quan": str(agency)}).content.decode()
    assert f'name="co-quan" value="{agency}"' in chosen


def test_list__agency_of_another_commune__nothing_of_it(places: Places, sign_in: SignIn) -> None:
    page = sign_in(*XA).get(reverse("people:list"), {"ten-co-quan": "Hòa Cường"}).content.decode()
    assert str(places.agency("20196")) not in page
    assert "Không có người nào như vậy" in page
    chosen = sign_in(*XA).get(reverse("people:list"), {"co-quan": str(places.agency("20196"))})
    assert "Hòa Cường" not in chosen.content.decode()


# --- rubbish
def _xlsx(*rows: list[object]) -> bytes:
    book, file = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file.getvalue()


def _zip(size: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/worksheets/sheet1.xml", b"0" * size)
    return file.getvalue()


LEGACY = "Hä vµ tªn;Sè ®Þnh danh;C¬ quan;Chøc danh\nNguyÔn V¨n Ph¹m;048190000001;Phßng;Chuyªn viªn\n"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("ds.xlsx", b"MZ\x90\x00\x03\x00\x00\x00" + bytes(range(256)) * 40, "không phải là bảng Excel"),
        ("ds.xlsx", b"PK\x03\x04" + b"\x00rac" * 500, "Tệp Excel hỏng"),
        ("ds.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 4096, "không phải là bảng Excel"),
        ("ds.xlsx", _zip(120_000_000), "quá lớn khi giải nén"),
        ("ds.csv", b"x" * 50_000_000, "lớn hơn 5 MB"),
        ("ds.csv", LEGACY.encode("cp1252"), "TCVN3"),
        ("ds.csv", "Họ và tên;Cơ quan\nAn;X\n".encode("utf-16"), "thiếu cột: Số định danh, Chức danh"),
        ("ds.csv", b"", "tệp"),
        ("ds.csv", HEAD.encode("utf-16"), "không có dòng nào"),
        ("ds.csv", (HEAD + "An;1\n" * 10_001).encode(), "hơn 10000 dòng"),
    ],
    ids=[
        "exe",
        "not a zip",
        "old xls",
        "zip bomb",
        "50 MB",
        "TCVN3",
        "columns",
        "empty",
        "head only",
        "too many",
    ],
)
def test_import__rubbish__clear_error_and_nothing_kept(
    places: Places, sign_in: SignIn, name: str, content: bytes, says: str
) -> None:
    client = sign_in(*XA)
    before = _state()
    answer = client.post(reverse("people:import"), {"file": SimpleUploadedFile(name, content)})
    assert answer.status_code in (200, 400)
    text = answer.content.decode()
    assert says in text
    assert "hc-error" in text or "govuk-error-summary" in text
    assert not PeopleImport.objects.exists()
    assert _state() == before


def test_import__excel_with_formulas__every_such_row_named(places: Places, sign_in: SignIn) -> None:
    client = sign_in(*XA)
    good = [
        "Trần Thị Bình",
        "048190000001",
        "",
        "",
        "Đảng ủy phường Hải Châu",
        "Chuyên viên",
        "",
        "01/07/2025",
    ]
    rows: list[list[object]] = [list(good)]
    for column in range(len(good)):
        row: list[object] = [*good]
        row[1] = f"04819000010{column}"
        row[column] = '=HYPERLINK("http://xau.vidu.vn","x")'
        rows.append(row)
    content = _xlsx(HEAD.strip().split(";"), *rows)
    client.post(reverse("people:import"), {"file": SimpleUploadedFile("ds.xlsx", content), "add_posts": "on"})
    found = PeopleImport.objects.get()
    plan = lists.plan_list(actor_at(places, *XA), found.rows, add_posts=True)
    assert [row.line for row in plan.good] == [2]
    assert [row.line for row in plan.bad] == [3, 4, 5, 6, 7, 8, 9, 10]
    page = client.get(reverse("people:import-preview", args=[found.pk])).content.decode()
    assert page.count("ACC-") >= 8
    assert "<a href" not in page.split("Dòng không dùng được")[1].split("</table>")[0]


def test_import__tcvn3_names_below_plain_heads__no_name_of_it_is_taken(places: Places, xa: Actor) -> None:
    """Where too little of the file shows the old fonts, the name itself is refused."""
    rows = lists.read_list((HEAD + _row(1, name="Lª ThÞ ¸nh")).encode())
    assert [row.code for row in lists.plan_list(xa, rows).bad] == ["ACC-206"]
