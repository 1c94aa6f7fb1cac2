"""Who sees which page of personal data, and nobody sees another's."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from haicap.access.models import Account, Purpose, Reading
from haicap.access.personal_data import rights
from haicap.access.personal_data.service import citizen_subject, note_reading, number_subject, person_subject
from haicap.access.personal_data.tests.conftest import NUMBER, a_citizen
from haicap.access.service import actor_for
from haicap.access.tests.accounts import sign_in
from haicap.kernel.actor import Actor
from haicap.kernel.models import JournalEntry
from haicap.registry.models import Appointment
from haicap.registry.tests.places import Places

Official = Callable[..., tuple[Client, Account]]
OWN = ("/tai-khoan/ai-da-xem/", "/tai-khoan/du-lieu/")
AUDIT = ("/dieu-hanh/luot-xem/", "/dieu-hanh/luot-xem/csv/")
DECIDE = ("/dieu-hanh/yeu-cau-du-lieu/",)
TITLES = {
    "chair of the province": ("48", "chu_tich", "ubnd", ""),
    "chair of a commune": ("20194", "chu_tich", "ubnd", ""),
    "counter": ("20194", "cong_chuc_mot_cua", "tt_pvhcc", ""),
    "specialist": ("20194", "chuyen_vien", "phong", "Văn hóa - Xã hội"),
}


def _looker(places: Places) -> Actor:
    actor = actor_for(places.appointment("20194", "cong_chuc_mot_cua", "tt_pvhcc"))
    assert actor is not None
    return actor


def _admin(places: Places, official: Official) -> tuple[Client, Account]:
    """The administrator of the province, whatever kind of agency the post stands in."""
    found = Appointment.objects.filter(post__title_id="quan_tri_tinh").first()
    if found is None:
        pytest.fail("the small province has no administrator")
    client = Client(headers={"host": "127.0.0.1"})
    return client, sign_in(client, found.pk)


@pytest.mark.parametrize("address", [*OWN, *AUDIT, *DECIDE, "/cong-dan/"])
def test_page__visitor__is_sent_to_sign_in(places: Places, address: str) -> None:
    answer = Client(headers={"host": "127.0.0.1"}).get(address)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/dang-nhap/")


@pytest.mark.parametrize("who", TITLES)
def test_page__title__own_pages_only(official: Official, who: str) -> None:
    client, _account = official(*TITLES[who])
    for address in OWN:
        assert client.get(address).status_code == 200, address
    for address in (*AUDIT, *DECIDE, f"{DECIDE[0]}{uuid.uuid4()}/"):
        assert client.get(address).status_code == 403, address


def test_page__citizen__own_pages_only(citizen: tuple[Client, Account]) -> None:
    client, _account = citizen
    for address in (*OWN, "/cong-dan/"):
        page = client.get(address)
        assert page.status_code == 200, address
        assert "Nguyễn Thị Minh An" in page.content.decode().split("<main")[0]  # the header knows who is in
    for address in (*AUDIT, *DECIDE):
        assert client.get(address).status_code == 403, address


def test_page__administrator_of_the_province__all(places: Places, official: Official) -> None:
    client, _account = _admin(places, official)
    for address in (*OWN, *AUDIT, *DECIDE):
        assert client.get(address).status_code == 200, address
    assert client.get(f"{DECIDE[0]}{uuid.uuid4()}/").status_code == 404


def test_my_readings__others_looks__are_not_shown(
    places: Places, official: Official, citizen: tuple[Client, Account]
) -> None:
    client, account = citizen
    looker = _looker(places)
    note = {"system": "onestop", "record": "dossier", "purpose": Purpose.HANDLE}
    note_reading(looker, number_subject(NUMBER), text="của tôi bằng số", **note)  # type: ignore[arg-type]
    note_reading(looker, citizen_subject(account.citizen.pk), text="của tôi", **note)  # type: ignore[arg-type]
    note_reading(looker, number_subject("048195009999"), text="việc của ai đó", **note)  # type: ignore[arg-type]
    page = client.get("/tai-khoan/ai-da-xem/").content.decode()
    assert "của tôi bằng số" in page
    assert looker.label in page
    assert "việc của ai đó" not in page
    chair, chair_account = official("20194", "chu_tich")
    assert chair_account.person_id is not None
    note_reading(looker, person_subject(chair_account.person_id), text="việc của chủ tịch", **note)  # type: ignore[arg-type]
    page = chair.get("/tai-khoan/ai-da-xem/").content.decode()
    assert "việc của chủ tịch" in page
    assert "của tôi bằng số" not in page


def test_my_readings__many__paged_by_key_without_gap_or_repeat(
    citizen: tuple[Client, Account], places: Places
) -> None:
    client, account = citizen
    whose = citizen_subject(account.citizen.pk)
    for number in range(120):
        note_reading(
            _looker(places), whose, system="onestop", purpose=Purpose.HANDLE, text=f"lần {number:03d}."
        )
    seen: list[str] = []
    after = ""
    for _page in range(4):
        answer = client.get("/tai-khoan/ai-da-xem/", {"tu": after})
        seen += [row.note for row, _system, _purpose in answer.context["lines"]]
        after = answer.context["next"]
        if not after:
            break
    assert seen == [f"lần {number:03d}." for number in reversed(range(120))]
    for wrong in ("rác", "2025-07-16T09:30:00~x", f"2025-07-16T09:30:00~{uuid.uuid4()}"):
        assert client.get("/tai-khoan/ai-da-xem/", {"tu": wrong}).status_code == 400


def test_readings__auditor__filters_and_the_look_is_journalled(places: Places, official: Official) -> None:
    client, _account = _admin(places, official)
    account = a_citizen()
    looker = _looker(places)
    note_reading(looker, citizen_subject(account.citizen.pk), system="onestop", purpose=Purpose.HANDLE)
    note_reading(looker, number_subject("048195009999"), system="access", purpose=Purpose.MANAGE)

    def found(**filters: str) -> int:
        return len(client.get("/dieu-hanh/luot-xem/", filters).context["lines"])

    assert found() == 2
    assert found(**{"he-thong": "access"}) == 1
    assert found(nguoi="nguyen thi minh an") == 1
    assert found(nguoi=NUMBER) == 1
    assert found(nguoi=looker.label) == 2
    assert found(nguoi="không có ai tên này") == 0
    assert found(ngay="16/07/2025") == 2
    assert found(ngay="15/07/2025") == 0
    assert client.get("/dieu-hanh/luot-xem/", {"ngay": "31/02/2025"}).status_code == 400
    entries = JournalEntry.objects.filter(action="access.see_readings")
    assert entries.count() == 8
    assert NUMBER not in str(list(entries.values_list("after", flat=True)))


def test_readings__csv__whole_harmless_and_journalled(places: Places, official: Official) -> None:
    client, _account = _admin(places, official)
    note_reading(_looker(places), "person:1", system="onestop", purpose=Purpose.HANDLE, text="=1+1")
    text = b"".join(client.get("/dieu-hanh/luot-xem/csv/").streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) == 2
    assert rows[1][7] == "'=1+1"
    assert JournalEntry.objects.filter(action="access.export_readings").count() == 1


def test_readings__page__costs_the_same_for_one_look_and_fifty(places: Places, official: Official) -> None:
    client, _account = _admin(places, official)
    whose = [citizen_subject(a_citizen(f"0481950012{n:02d}", f"s{n}").citizen.pk) for n in range(10)]
    counts = []
    for _round in range(2):
        note_reading(_looker(places), whose, system="onestop", purpose=Purpose.HANDLE)
        client.get("/dieu-hanh/luot-xem/")
        with CaptureQueriesContext(connection) as queries:
            client.get("/dieu-hanh/luot-xem/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_data_request__page__is_itself_a_noted_look(places: Places, official: Official) -> None:
    client, _account = _admin(places, official)
    asked = a_citizen()
    found = rights.ask(asked, "erase")
    page = client.get(f"/dieu-hanh/yeu-cau-du-lieu/{found.pk}/")
    assert page.status_code == 200
    look = Reading.objects.get()
    assert (look.subject, look.purpose, look.record_id) == (
        citizen_subject(asked.citizen.pk),
        "rights",
        found.pk,
    )


def test_consent__somebody_elses__cannot_be_withdrawn(
    citizen: tuple[Client, Account], places: Places
) -> None:
    client, _account = citizen
    other = a_citizen("048195005678", "binh", "Trần Văn Bình")
    theirs = other.consents.get(purpose="account")
    client.post(f"/tai-khoan/du-lieu/dong-y/{theirs.pk}/rut/")
    theirs.refresh_from_db()
    assert theirs.withdrawn_at is None
