"""Pages and API: what is shown, what may be done, and that the wrong person sees nothing anywhere."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.test import Client

from haicap.kernel.actor import ANONYMOUS, Actor
from haicap.kernel.models import JournalEntry
from haicap.systems.onestop import policy
from haicap.systems.onestop.models import Dossier, Status
from haicap.systems.onestop.tests.factories import (
    Town,
    administrator,
    end_agency,
    make_dossier,
    official,
)

Browse = Callable[[Actor], Client]
LIST = "/lam-viec/ho-so/"


def test_worklist_page__official__sees_own_dossiers_with_words(town: Town, browse: Browse) -> None:
    late = make_dossier(
        town.commune, due_in=timedelta(days=-3), received=timedelta(days=9), applicant="Lê Thị Muộn"
    )
    other = make_dossier(town.neighbour, applicant="Người Xã Khác")
    page = browse(official(town.commune)).get(LIST).content.decode()

    assert late.code in page
    assert "Lê Thị Muộn" in page
    assert "quá hạn" in page
    assert other.code not in page
    assert "Người Xã Khác" not in page


def test_worklist_page__empty__says_why_and_what_next(town: Town, browse: Browse) -> None:
    client = browse(official(town.commune))
    assert "Không có hồ sơ nào đang chờ" in client.get(LIST).content.decode()
    make_dossier(town.commune)
    assert "Bỏ mọi điều kiện lọc" in client.get(LIST, {"tim": "zzz"}).content.decode()


def test_worklist_page__bad_filter__is_named_and_the_list_stays(town: Town, browse: Browse) -> None:
    dossier = make_dossier(town.commune)
    answer = browse(official(town.commune)).get(LIST, {"gap": "rat-gap"})
    assert answer.status_code == 400
    assert "ONE-301" in answer.content.decode()
    assert dossier.code in answer.content.decode()


def test_worklist_page__second_page__goes_on(town: Town, browse: Browse) -> None:
    made = [make_dossier(town.commune, due_in=timedelta(hours=number)) for number in range(1, 53)]
    client = browse(official(town.commune))
    first = client.get(LIST)
    second = client.get(f"{LIST}?{first.context['next']}")
    shown = [line.dossier.id for page in (first, second) for line in page.context["lines"]]
    assert shown == [each.id for each in made]


@pytest.mark.parametrize("path", [LIST, f"{LIST}xuat.csv", "/lam-viec/so-theo-doi/"])
def test_pages__anonymous__refused(town: Town, browse: Browse, path: str) -> None:
    make_dossier(town.commune, applicant="Phạm Thị Ánh")
    answer = browse(ANONYMOUS).get(path)
    assert answer.status_code == 403
    assert "Ánh" not in answer.content.decode()


@pytest.mark.parametrize("status", [Status.PROCESSING, Status.RETURNED])
def test_pages__stranger__sees_the_dossier_nowhere(town: Town, browse: Browse, status: Status) -> None:
    dossier = make_dossier(town.commune, status, applicant="Phạm Thị Ánh")
    client = browse(official(town.neighbour))
    agency = town.commune.agency.id
    for path in (
        LIST,
        f"{LIST}?tim=Ánh",
        f"{LIST}xuat.csv",
        f"{LIST}{dossier.code}/",
        "/lam-viec/so-theo-doi/",
        f"/lam-viec/so-theo-doi/{agency}/2026/",
        f"/tra-cuu/?ma={dossier.code}",
        "/api/v1/dossiers",
        f"/api/v1/dossiers/{dossier.code}",
        f"/api/v1/tracking/{dossier.code}",
    ):
        answer = client.get(path)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
        assert "Ánh" not in body.decode().replace("?tim=Ánh", "").replace('value="Ánh"', "")
    answer = client.post(f"{LIST}{dossier.code}/buoc/", {"den": "9", "dang": str(int(status))})
    assert answer.status_code == 404
    assert Dossier.objects.get(pk=dossier.pk).status == status


def test_dossier_page__step__is_taken_and_said(town: Town, browse: Browse) -> None:
    dossier = make_dossier(town.commune, Status.RECEIVED)
    client = browse(official(town.commune))
    answer = client.post(f"{LIST}{dossier.code}/buoc/", {"den": "4", "dang": "2"}, follow=True)
    assert "Xử lý: hồ sơ" in answer.content.decode()
    assert Dossier.objects.get(pk=dossier.pk).status == Status.PROCESSING


def test_dossier_page__refused_step__keeps_what_was_typed(town: Town, browse: Browse) -> None:
    dossier = make_dossier(town.commune, Status.PROCESSING)
    client = browse(official(town.commune))
    stale = client.post(f"{LIST}{dossier.code}/buoc/", {"den": "4", "dang": "2", "ly-do": "đã đủ giấy tờ"})
    assert stale.status_code == 409
    assert "ONE-204" in stale.content.decode()
    assert "đã đủ giấy tờ" in stale.content.decode()
    unreadable = client.post(f"{LIST}{dossier.code}/buoc/", {"den": "x"})
    assert unreadable.status_code == 400


def test_dossier_page__chain__after_a_cut_over(town: Town, browse: Browse) -> None:
    dossier = make_dossier(town.commune)
    end_agency(town.commune, [town.neighbour], date(2026, 3, 2))
    page = browse(official(town.neighbour)).get(f"{LIST}{dossier.code}/").content.decode()
    assert "Ủy ban nhân dân xã Hòa Phú" in page
    assert "Ủy ban nhân dân xã Mỹ An" in page
    assert "<svg" in page
    assert "Việc tiếp theo" in page


def test_dossier_page__who_only_looks_on__has_no_buttons(town: Town, browse: Browse) -> None:
    dossier = make_dossier(town.commune)
    page = browse(administrator()).get(f"{LIST}{dossier.code}/").content.decode()
    assert "chỉ cơ quan ấy xử lý được" in page
    assert 'name="den"' not in page


def test_bulk_step__chosen__all_or_none(town: Town, browse: Browse) -> None:
    ready = [make_dossier(town.commune, Status.PROCESSED) for _ in range(2)]
    working = make_dossier(town.commune)
    client = browse(official(town.commune))
    refused = client.post(
        f"{LIST}buoc/", {"ho-so": [str(each.id) for each in (*ready, working)], "den": "10"}, follow=True
    )
    assert "ONE-203" in refused.content.decode()
    assert not Dossier.objects.filter(status=Status.RETURNED).exists()
    client.post(f"{LIST}buoc/", {"ho-so": [str(each.id) for each in ready], "den": "10"})
    assert Dossier.objects.filter(status=Status.RETURNED).count() == 2


def test_bulk_step__address__stays_on_this_site(town: Town, browse: Browse) -> None:
    answer = browse(official(town.commune)).post(f"{LIST}buoc/", {"ve": "https://evil.example/"})
    assert answer["Location"] == LIST


def test_export__official__csv_is_journalled_and_harmless(town: Town, browse: Browse) -> None:
    dossier = make_dossier(town.commune, applicant="=HYPERLINK(1)")
    answer = browse(official(town.commune)).get(f"{LIST}xuat.csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    head, line = list(csv.reader(io.StringIO(text)))
    assert head[0] == "Mã hồ sơ"
    assert line[0] == dossier.code
    assert line[3] == "'=HYPERLINK(1)"
    assert JournalEntry.objects.filter(action="onestop.export_dossiers").count() == 1


def test_export__without_permission__refused(town: Town, browse: Browse) -> None:
    make_dossier(town.commune)
    client = browse(official(town.commune, may=(policy.ADVANCE,)))
    assert client.get(f"{LIST}xuat.csv").status_code == 403
    assert "Tải danh sách" not in client.get(LIST).content.decode()


def test_register_page__successor__reads_the_frozen_register(town: Town, browse: Browse) -> None:
    closed = make_dossier(town.commune, Status.RETURNED)
    end_agency(town.commune, [town.neighbour], date(2026, 3, 2))
    client = browse(official(town.neighbour))
    assert "Ủy ban nhân dân xã Hòa Phú" in client.get("/lam-viec/so-theo-doi/").content.decode()
    page = client.get(f"/lam-viec/so-theo-doi/{town.commune.agency.id}/2026/").content.decode()
    assert closed.code in page
    assert client.get(f"/lam-viec/so-theo-doi/{town.commune.agency.id}/2024/").status_code == 404


def test_tracking_page__anybody__state_but_no_person(town: Town, browse: Browse) -> None:
    dossier = make_dossier(town.commune, applicant="Phạm Thị Ánh")
    client = browse(ANONYMOUS)
    found = client.get("/tra-cuu/", {"ma": dossier.code.lower()})
    assert found.status_code == 200
    assert "Đang xử lý" in found.content.decode()
    assert "Ánh" not in found.content.decode()
    assert client.get("/tra-cuu/").status_code == 200
    missing = client.get("/tra-cuu/", {"ma": "H91.20.1-260302-9999"})
    assert missing.status_code == 404
    assert "Không có hồ sơ mang mã này" in missing.content.decode()


def test_api__lists_and_details__as_far_as_the_actor_sees(town: Town, browse: Browse) -> None:
    dossier = make_dossier(town.commune)
    client = browse(official(town.commune))
    page = json.loads(client.get("/api/v1/dossiers").content)
    assert [item["code"] for item in page["items"]] == [dossier.code]
    assert page["next"] is None
    detail = json.loads(client.get(f"/api/v1/dossiers/{dossier.code}").content)
    assert [station["agency"] for station in detail["stations"]] == ["Ủy ban nhân dân xã Hòa Phú"]
    tracked = json.loads(client.get(f"/api/v1/tracking/{dossier.code}").content)
    assert "applicant_name" not in tracked

    visitor = browse(ANONYMOUS)
    assert visitor.get("/api/v1/dossiers").status_code == 403
    assert visitor.get(f"/api/v1/dossiers/{dossier.code}").status_code == 403
    assert visitor.get("/api/v1/dossiers?gap=x").status_code in (400, 403)
    assert visitor.get("/api/v1/tracking/H91.20.1-260302-9999").status_code == 404
