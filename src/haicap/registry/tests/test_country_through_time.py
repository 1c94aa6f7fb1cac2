"""The real country: totals of the law, lineages, replay, look-ups and search against independent readings."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from haicap.kernel.actor import SYSTEM
from haicap.registry import country, queries, replay, service
from haicap.registry.states import stored_state
from haicap.registry.tests.countries import by_code

BASE, MERGER, CITY, WARDS = (date(2025, 6, 30), date(2025, 7, 1), date(2026, 4, 30), date(2026, 9, 20))
DAYS = (BASE, MERGER, CITY, WARDS)


@pytest.fixture(scope="module")
def nation(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The country through all its states, once for this module; each day's reorganisations as one step."""
    with django_db_blocker.unblock(), transaction.atomic():
        service.load_base(SYSTEM)
        resolutions = service.ensure_resolutions(country.load_resolutions())
        for day in sorted({one.effective for one in country.load_published()}):
            of_day = [one for one in country.load_published() if one.effective == day]
            changes = service.changes_of_published(of_day, resolutions)
            service.apply_changes(SYSTEM, f"{day}", "cả nước", changes, list(resolutions.values()))
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            cursor.execute("ANALYZE registry_unitversion, registry_succession, registry_unitevent")
        with django_db_blocker.block():
            yield
        transaction.set_rollback(True)


pytestmark = [pytest.mark.usefixtures("nation"), pytest.mark.django_db]


@pytest.mark.parametrize(
    ("day", "totals"),
    [
        (BASE, (63, 696, 10035, 1727, 7691, 617, 0)),
        (MERGER, (34, 0, 3321, 687, 2621, 0, 13)),
        (CITY, (34, 0, 3321, 697, 2611, 0, 13)),
        (WARDS, (34, 0, 3321, 709, 2599, 0, 13)),
    ],
)
def test_counts__nation__are_the_official_ones(day: date, totals: tuple[int, ...]) -> None:
    assert tuple(queries.counts(day).values()) == totals


@pytest.mark.parametrize(("province", "communes"), [("38", 166), ("42", 69), ("11", 45), ("48", 94)])
def test_counts__province__are_the_official_ones(province: str, communes: int) -> None:
    assert queries.counts(MERGER, province)["commune"] == communes


@pytest.mark.parametrize("day", DAYS)
def test_state__stored__is_replayed_and_is_the_dataset(day: date) -> None:
    stored = stored_state(day)
    assert replay.differences(replay.fold_events(replay.believed_events(), day), stored) == []
    said = {code: (unit.kind, unit.name, unit.parent_code) for code, unit in country.state_at(day).items()}
    assert by_code(stored) == said


def test_successions__of_old_binh_thuan__are_121_to_45() -> None:
    edges = list(queries.iter_successions(BASE, "60"))
    assert len({edge.predecessor_code for edge in edges}) == 121
    assert len({edge.successor_code for edge in edges}) == 45
    assert {edge.predecessor_province_code for edge in edges} == {"60"}
    assert {edge.successor_province_code for edge in edges} == {"68"}


def test_successions__of_all__are_the_datasets() -> None:
    said = {
        (part.code, unit.code, part.part)
        for one in country.load_published()
        if one.effective == MERGER
        for unit in one.formations
        for part in unit.predecessors
    }
    told = {
        (edge.predecessor_code, edge.successor_code, edge.part)
        for edge in queries.iter_successions(BASE, level="all")
        if edge.effective_on == MERGER
    }
    assert told == said


def test_successions__unit_untouched_by_the_first_day__has_its_later_change() -> None:
    later = [edge for edge in queries.iter_successions(BASE, level="all") if edge.effective_on != MERGER]
    assert [(edge.predecessor_code, edge.event, edge.effective_on) for edge in later] == [
        ("22", "kind", date(2026, 9, 1))
    ]


def test_successions__pages__are_the_whole() -> None:
    whole = list(queries.iter_successions(BASE, "48"))
    paged: list[Any] = []
    while page := queries.successions(
        BASE,
        "48",
        limit=7,
        after=(paged[-1].predecessor_code, paged[-1].successor_code) if paged else ("", ""),
    ):
        paged += page
    assert paged == whole


def test_successions__of_a_city_that_changed_its_kind__continue() -> None:
    edges = queries.successions(MERGER, "75")
    assert len(edges) == 10
    assert all(edge.continues and edge.event == "kind" for edge in edges)
    assert {edge.resolution for edge in edges} == {"237/NQ-UBTVQH16"}


def test_history__quang_phu__names_its_three_predecessors_in_one_query() -> None:
    unit = queries.unit_by_code("20356", MERGER)
    with CaptureQueriesContext(connection) as captured:
        found = queries.history(unit.unit_id)
    assert len(captured) == 1
    assert {(edge.predecessor.code, edge.predecessor.name) for edge in found.before} == {
        ("20356", "An Phú"),
        ("20359", "Tam Thanh"),
        ("20371", "Tam Phú"),
    }
    assert {edge.predecessor.province_name for edge in found.before} == {"Quảng Nam"}
    assert {edge.act.number for edge in found.before} == {"1659/NQ-UBTVQH15"}
    assert [span.unit.name for span in found.spans] == ["Quảng Phú"]


def test_history__of_an_old_commune__tells_what_became_of_it_until_now() -> None:
    changed = queries.successions(MERGER, "75")[0]
    old = list(queries.iter_successions(BASE))
    origin = next(edge for edge in old if edge.successor_code == changed.predecessor_code and not edge.part)
    found = queries.history(origin.predecessor_id)
    assert [(edge.generation, edge.act.event, edge.continues) for edge in found.after] == [
        (1, "merge", False),
        (1, "kind", True),
    ]
    assert (found.after[1].successor.kind, found.after[1].effective_on) == ("phuong", CITY)


def test_history__of_an_abolished_district__ends_with_the_law() -> None:
    district = queries.unit_by_code("490", BASE)
    found = queries.history(district.unit_id)
    assert found.edges == ()
    assert found.spans[0].closed is not None
    assert (found.spans[0].closed.event, found.spans[0].closed.number) == ("abolish", "72/2025/QH15")


def test_code__26740__meant_ben_nghe_then_sai_gon() -> None:
    bearers = queries.bearers_of_code("26740")
    assert [(one.name, one.valid_from) for one in bearers] == [("Bến Nghé", BASE), ("Sài Gòn", MERGER)]


def test_look_ups__all_ways__agree() -> None:
    chance = random.Random(1)
    known = queries.snapshot()
    codes = sorted({version.code for version in known.versions})
    pairs = [(chance.choice(codes), chance.choice(DAYS)) for _number in range(500)]
    pairs += [("99999", MERGER), ("", MERGER), ("48", date(1900, 1, 1)), ("26740", date(2999, 1, 1))]
    many = queries.units_by_code_at(pairs)
    for (code, day), found in zip(pairs, many, strict=True):
        version = known.by_code(code, day)
        single = queries.code_at(code, day)
        assert single == found
        assert (version.unit_id if version else None) == (found.unit_id if found else None)
        if version:
            assert queries.unit_by_code(code, day).unit_id == version.unit_id


@pytest.mark.parametrize(
    ("text", "day", "code", "above"),
    [
        ("20356", MERGER, "20356", "Đà Nẵng"),
        ("phường 1 đà lạt", None, "24784", "Lâm Đồng"),
        ("p1 dalat", BASE, "24784", "Lâm Đồng"),
        ("P. 1, TP Đà Lạt", BASE, "24784", "Lâm Đồng"),
        ("xã hoà sơn da nang", BASE, "20302", "Đà Nẵng"),
        ("XÃ HÒA SƠN", WARDS, "24472", "Đắk Lắk"),
        ("b’lao", WARDS, "24829", "Lâm Đồng"),
        ("b lao", WARDS, "24829", "Lâm Đồng"),
        ("Bến Nghé", None, "26740", "Hồ Chí Minh"),
        ("tỉnh quảng nam", BASE, "49", ""),
        ("quang nma", BASE, "49", ""),
        ("tp hcm", WARDS, "79", ""),
        ("tt chúc sơn, huyện Chương Mỹ, Hà Nội", BASE, "10015", "Hà Nội"),
        ("chuc son ha noi", BASE, "10015", "Hà Nội"),
        ("quận hoàn kiếm", None, "002", "Hà Nội"),
        ("đặc khu hoàng sa", WARDS, "20333", "Đà Nẵng"),
    ],
)
def test_search__as_people_type__finds_it_first(text: str, day: date | None, code: str, above: str) -> None:
    hit = queries.search(text, day, 3)[0]
    assert (hit.version.code, hit.province.name if hit.province else "") == (code, above)


@pytest.mark.parametrize("text", ["", "   ", "\x00", "%", "'; DROP", "\ud800", "🙂", "x" * 5000, "-", "…"])
def test_search__rubbish__finds_nothing_and_hurts_nobody(text: str) -> None:
    assert queries.search(text) == []


def test_search__in_a_province_and_level__keeps_to_them() -> None:
    hits = queries.search("hòa", MERGER, 200, level="commune", province_code="48")
    assert hits
    assert all(hit.province and hit.province.code == "48" for hit in hits)


def test_units_at__pages__are_all_of_a_province() -> None:
    found: list[queries.UnitView] = []
    while page := queries.units_at(
        MERGER, level="commune", province_code="48", limit=40, after=found[-1].code if found else ""
    ):
        found += page
    assert len(found) == 94
    assert {unit.parent_code for unit in found} == {"48"}


def test_snapshot__unchanged__is_not_read_again() -> None:
    first = queries.snapshot()
    with CaptureQueriesContext(connection) as captured:
        assert queries.snapshot() is first
    assert len(captured) == 1


def test_snapshot__undone_reorganisation__is_seen_at_once() -> None:
    first = queries.snapshot()
    with transaction.atomic():
        last = service.Reorganisation.objects.get(key=f"{WARDS}")
        service.withdraw_reorganisation(SYSTEM, last.id)
        assert queries.snapshot() is not first
        assert sum(unit.kind == "phuong" for unit in queries.snapshot().on(WARDS)) == 697
        transaction.set_rollback(True)
    assert sum(unit.kind == "phuong" for unit in queries.snapshot().on(WARDS)) == 709
