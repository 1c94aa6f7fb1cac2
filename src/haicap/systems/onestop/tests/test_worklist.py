"""The worklist: order, pages, filters, urgency, constant queries, and the indexes it stands on."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from haicap.kernel import clock
from haicap.systems.onestop import queries
from haicap.systems.onestop.errors import BadFilter
from haicap.systems.onestop.filters import Filters, Mark, Sort, Urgency
from haicap.systems.onestop.models import IN_FLIGHT, Dossier, Status
from haicap.systems.onestop.tests.factories import (
    Town,
    administrator,
    end_agency,
    make_dossier,
    official,
)

BASELINE = Path(__file__).with_name("query_counts.json")


def _fill(town: Town, many: int = 23) -> list[Dossier]:
    rng = random.Random(7)
    made = []
    for number in range(many):
        status = rng.choice(list(IN_FLIGHT))
        due = None if status == Status.REGISTERED else timedelta(hours=rng.choice([-50, -2, 3, 3, 60, 400]))
        made.append(
            make_dossier(
                town.commune,
                status,
                due_in=due,
                received=timedelta(days=20 + number % 4),
                applicant=f"Lê {number}",
            )
        )
    return made


@pytest.mark.parametrize("sort", list(Sort))
@pytest.mark.parametrize("actor_kind", ["official", "administrator"])
def test_worklist__paging__shows_every_row_once_in_order(town: Town, sort: Sort, actor_kind: str) -> None:
    made = _fill(town)
    actor = official(town.commune) if actor_kind == "official" else administrator()
    seen: list[Dossier] = []
    filters = Filters(sort=sort)
    for _ in range(10):
        page = queries.worklist(actor, filters, rows=5)
        seen += [row.dossier for row in page.rows]
        if page.after is None:
            break
        filters = Filters(sort=sort, after=Mark.decode(page.after.encode()))

    assert {each.id for each in seen} == {each.id for each in made}
    assert len(seen) == len(made)
    if sort is Sort.RECEIVED:
        assert [each.id for each in seen] == sorted((each.id for each in made), reverse=True)
    else:
        dated = [each.due_at for each in seen if each.due_at is not None]
        assert dated == sorted(dated)
        assert all(each.due_at is None for each in seen[len(dated) :])


def test_worklist__urgency__words_and_sql_agree(town: Town) -> None:
    made = _fill(town, 40)
    actor = official(town.commune)
    now = clock.now()
    counted = queries.counts(actor)
    for urgency in Urgency:
        rows = queries.worklist(actor, Filters(urgency=urgency)).rows
        assert {row.dossier.id for row in rows} == {
            each.id for each in made if queries.urgency_of(each, now) == urgency
        }
        assert counted[urgency] == len(rows)
    assert sum(counted.values()) == len(made)


def test_worklist__filters__narrow(town: Town) -> None:
    land = make_dossier(town.commune, field_code="dat-dai", applicant="Đặng Thị Bích Hòa")
    make_dossier(town.commune, applicant="Ngô Văn Tư")
    actor = official(town.commune)

    def ids(filters: Filters) -> set[object]:
        return {row.dossier.id for row in queries.worklist(actor, filters).rows}

    assert ids(Filters(field="dat-dai")) == {land.id}
    assert ids(Filters(text="bich HOA")) == {land.id}
    assert ids(Filters(text=land.code[-4:])) == {land.id}
    assert ids(Filters(text="100%_")) == set()
    assert ids(Filters(status=Status.PAYMENT)) == set()
    assert queries.fields_at_work(actor) == ["dat-dai", "ho-tich"]


def test_worklist__administrator__finds_by_the_beginning_of_a_name_or_code(town: Town) -> None:
    dossier = make_dossier(town.commune, applicant="Đặng Thị Bích Hòa")
    found = queries.worklist(administrator(), Filters(text="dang thi")).rows
    assert [row.dossier.id for row in found] == [dossier.id]
    assert queries.search(administrator(), dossier.code) == [dossier]


def test_worklist__place__is_named_as_of_reception(town: Town) -> None:
    make_dossier(town.commune)
    end_agency(town.commune, [town.neighbour], clock.today())
    (row,) = queries.worklist(official(town.neighbour), Filters()).rows
    assert row.place == "Xã Hòa Phú"


@pytest.mark.parametrize(
    "query",
    [
        {"gap": "rat-gap"},
        {"trang-thai": "99"},
        {"trang-thai": "x"},
        {"xep": "?"},
        {"sau": "%%%"},
        {"sau": "YQ"},
    ],
)
def test_filters__bad_words__are_named(query: dict[str, str]) -> None:
    with pytest.raises(BadFilter) as refused:
        Filters.read(query)
    assert refused.value.where in query


def test_filters__round_trip() -> None:
    filters = Filters(Urgency.SOON, Status.PAYMENT, "dat-dai", "hòa", Sort.RECEIVED)
    from urllib.parse import parse_qsl

    assert Filters.read(dict(parse_qsl(filters.as_query()))) == filters


def _measured(town: Town, rows: int) -> dict[str, int]:
    """Queries of each read at this number of rows."""
    for _ in range(rows):
        make_dossier(town.commune)
        make_dossier(town.commune, Status.RETURNED)
    dossier = make_dossier(town.commune)
    actor, admin = official(town.commune), administrator()
    reads = {
        "worklist": lambda: queries.worklist(actor, Filters()),
        "worklist, all of the province": lambda: queries.worklist(admin, Filters()),
        "worklist, one urgency": lambda: queries.worklist(actor, Filters(urgency=Urgency.LATER)),
        "worklist, latest first": lambda: queries.worklist(actor, Filters(sort=Sort.RECEIVED)),
        "counts": lambda: queries.counts(actor),
        "export": lambda: list(queries.export(actor, Filters())),
        "dossier": lambda: queries.dossier_by_code(actor, dossier.code),
        "custody chain": lambda: queries.custody_chain(dossier),
        "register": lambda: list(queries.register(actor, town.commune.agency.id, 2026)),
        "registers": lambda: queries.registers(actor),
        "search": lambda: queries.search(actor, "Nguyễn"),
        "track": lambda: queries.track(dossier.code),
    }
    counts = {}
    for name, read in reads.items():
        with CaptureQueriesContext(connection) as captured:
            read()
        counts[name] = len(captured)
    return counts


def test_reads__query_counts__match_the_reviewed_baseline_at_any_number_of_rows(town: Town) -> None:
    baseline = json.loads(BASELINE.read_text())
    assert _measured(town, 3) == baseline
    many = _measured(town, 60)
    # a full page of dated rows saves the look for those without an appointment; nothing else changes
    saved = {name for name, count in many.items() if count != baseline[name]}
    assert saved == {name for name in baseline if name.startswith("worklist") and "latest" not in name}
    assert all(many[name] == baseline[name] - 1 for name in saved)


@pytest.mark.parametrize(
    ("who", "sort", "index"),
    [
        ("official", Sort.DUE, "onestop_dossier_worklist"),
        ("official", Sort.RECEIVED, "onestop_dossier_newest"),
        ("administrator", Sort.DUE, "onestop_dossier_due"),
    ],
)
def test_worklist__plan__reads_its_index_in_order(town: Town, who: str, sort: Sort, index: str) -> None:
    make_dossier(town.commune)
    actor = official(town.commune) if who == "official" else administrator()
    with CaptureQueriesContext(connection) as captured:
        queries.worklist(actor, Filters(sort=sort))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("EXPLAIN " + captured[0]["sql"])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert f"using {index} on onestop_dossier" in plan, plan
