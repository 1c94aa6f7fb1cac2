"""The API of units: shapes, pages, files, what is answered when nothing changed."""

from __future__ import annotations

import csv
import io
from typing import Any

import openpyxl
import pytest
from django.test import Client
from django.test.utils import CaptureQueriesContext

from haicap.kernel.actor import SYSTEM
from haicap.registry import service
from haicap.registry.tests.countries import BASE_DAY, FIRST_DAY, MERGER, MERGER_ABOLISHED, SMALL, form

pytestmark = [pytest.mark.django_db, pytest.mark.urls("haicap.registry.tests.api_urls")]


@pytest.fixture
def merged() -> None:
    service.load_base(SYSTEM, SMALL, BASE_DAY)
    changes = service.changes_of(service.state_before(FIRST_DAY), FIRST_DAY, MERGER, MERGER_ABOLISHED)
    service.apply_changes(SYSTEM, "merger", "thử", changes)


def get(client: Client, path: str, **parameters: str) -> Any:
    answer = client.get(f"/api/v1/{path}", parameters)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_units__of_a_day__come_in_pages(client: Client, merged: None) -> None:
    first = get(client, "units", at="2025-06-30", level="commune", limit="4")
    second = get(client, "units", at="2025-06-30", level="commune", limit="4", after=first["next"])
    assert [one["code"] for one in first["items"] + second["items"]] == [
        "20194",
        "20195",
        "20356",
        "20359",
        "20371",
        "20374",
    ]
    assert second["next"] is None
    assert first["items"][0]["title"] == "Phường Hải Châu"


def test_units__search__ranks_hits(client: Client, merged: None) -> None:
    found = get(client, "units", q="tam ky")["hits"]
    assert [(one["code"], one["rank"], one["stands"]) for one in found] == [("502", "exact", False)]


def test_unit__by_code__differs_by_day(client: Client, merged: None) -> None:
    assert get(client, "units/20356", at="2025-06-30")["name"] == "An Phú"
    after = get(client, "units/20356", at="2025-07-01")
    assert (after["name"], after["province_code"], after["valid_to"]) == ("Quảng Phú", "48", None)


def test_unit__history_and_successions__tell_parts(client: Client, merged: None) -> None:
    history = get(client, "units/20356/history", at="2025-07-01")
    assert [(one["predecessor"]["code"], one["part"]) for one in history["before"]] == [
        ("20356", False),
        ("20359", True),
    ]
    edges = get(client, "units/20359/successions", at="2025-06-30")
    assert sorted(one["successor"]["code"] for one in edges) == ["20356", "20360"]


def test_codes__bearers__in_order(client: Client, merged: None) -> None:
    assert [one["name"] for one in get(client, "codes/20356")] == ["An Phú", "Quảng Phú"]
    assert get(client, "codes/xxx") == []


def test_counts__have_the_keys_of_the_law(client: Client, merged: None) -> None:
    found = get(client, "counts", at="2025-07-01", province="48")
    assert {key: found[key] for key in ("province", "commune", "phuong", "xa", "dac_khu")} == {
        "province": 1,
        "commune": 6,
        "phuong": 3,
        "xa": 2,
        "dac_khu": 1,
    }


def test_successions__pages__are_followed_to_the_end(client: Client, merged: None) -> None:
    edges, after = [], ""
    while True:
        page = get(client, "successions", at="2025-06-30", limit="3", after=after)
        edges += page["items"]
        if page["next"] is None:
            break
        after = page["next"]
    assert len(edges) == 8
    assert all(set(one["predecessor"]) == {"code", "name", "kind", "province_code"} for one in edges)


@pytest.mark.parametrize(
    ("path", "parameters", "status", "code"),
    [
        ("units/20356", {"at": "2020-01-01"}, 400, "REG-001"),
        ("units/99999", {"at": "2025-07-01"}, 404, "REG-002"),
        ("units", {"at": "2025-07-01", "province": "99"}, 404, "REG-002"),
        ("units", {"at": "2025-07-01", "kind": "làng"}, 400, "REG-004"),
        ("counts", {"at": "2025-06-30", "province": "50"}, 404, "REG-002"),
        ("units.csv", {"at": "2020-01-01"}, 400, "REG-001"),
        ("successions.xlsx", {"at": "2020-01-01"}, 400, "REG-001"),
        ("units", {"limit": "100000"}, 422, None),
        ("units", {"at": "hôm qua"}, 422, None),
        ("successions", {"after": "x"}, 422, None),
    ],
)
def test_api__bad_question__is_told(
    client: Client, merged: None, path: str, parameters: dict[str, str], status: int, code: str | None
) -> None:
    answer = client.get(f"/api/v1/{path}", parameters)
    assert answer.status_code == status
    assert answer.json().get("code") == code


def test_api__empty_registry__is_told(client: Client) -> None:
    assert client.get("/api/v1/units").json()["code"] == "REG-003"


def _csv(client: Client, path: str, **parameters: str) -> list[list[str]]:
    answer = client.get(f"/api/v1/{path}", parameters)
    content = b"".join(answer.streaming_content)
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def test_export__units_csv__is_read_by_spreadsheets(client: Client, merged: None) -> None:
    rows = _csv(client, "units.csv", at="2025-06-30", level="district")
    assert rows[0][:3] == ["Mã", "Tên", "Loại"]
    assert [row[0] for row in rows[1:]] == ["490", "498", "502"]
    assert rows[1][8:10] == ["30/06/2025", "01/07/2025"]


def test_export__name_like_a_formula__is_text(client: Client, merged: None) -> None:
    changes = service.changes_of(
        service.state_before(FIRST_DAY.replace(year=2026)),
        FIRST_DAY.replace(year=2026),
        [form("20371", "xa", "=1+1", "48", "20371")],
    )
    service.apply_changes(SYSTEM, "formula", "thử", changes)
    rows = _csv(client, "units.csv", at="2026-07-01", kind="xa")
    assert "'=1+1" in [row[1] for row in rows]


def test_export__successions_csv__has_every_edge(client: Client, merged: None) -> None:
    rows = _csv(client, "successions.csv", at="2025-06-30", level="all")
    assert len(rows) == 1 + 10
    assert {row[4] for row in rows[1:]} == {"toàn bộ", "một phần"}


@pytest.mark.parametrize(("path", "rows"), [("units.xlsx", 12), ("successions.xlsx", 9)])
def test_export__excel__opens(client: Client, merged: None, path: str, rows: int) -> None:
    answer = client.get(f"/api/v1/{path}", {"at": "2025-06-30"})
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    assert sheet.max_row == rows
    assert all(isinstance(row[0].value, str) for row in sheet.iter_rows())


def test_etag__nothing_changed__is_304_until_the_registry_does(client: Client, merged: None) -> None:
    first = client.get("/api/v1/counts", {"at": "2025-07-01"})
    again = client.get("/api/v1/counts", {"at": "2025-07-01"}, headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304
    other = client.get("/api/v1/counts", {"at": "2025-06-30"}, headers={"If-None-Match": first["ETag"]})
    assert other.status_code == 200
    day = FIRST_DAY.replace(year=2026)
    changes = service.changes_of(
        service.state_before(day), day, [form("20371", "phuong", "Tam Phú", "48", "20371")]
    )
    service.apply_changes(SYSTEM, "next", "thử", changes)
    changed = client.get("/api/v1/counts", {"at": "2025-07-01"}, headers={"If-None-Match": first["ETag"]})
    assert changed.status_code == 200


def test_units__page__asks_the_same_number_of_queries_for_any_length(client: Client, merged: None) -> None:
    from django.db import connection

    asked = []
    for limit in ("1", "11"):
        with CaptureQueriesContext(connection) as captured:
            get(client, "units", at="2025-06-30", limit=limit)
        asked.append(len(captured))
    assert asked[0] == asked[1] <= 4
