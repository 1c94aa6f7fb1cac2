"""Counted days equal the dossiers; who sees which; the page, the file."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from haicap.kernel import clock, journal
from haicap.kernel.actor import ANONYMOUS, SYSTEM, Actor
from haicap.systems.onestop import service
from haicap.systems.onestop.errors import BadFilter, ListNotAllowed
from haicap.systems.onestop.figures import counting, queries
from haicap.systems.onestop.models import Dossier, DossierDay, DossierDetail, Status, TaskDay
from haicap.systems.onestop.tests.factories import (
    NOW,
    Office,
    Town,
    administrator,
    end_agency,
    make_dossier,
    official,
)

KINDS = [Status.REGISTERED, Status.RECEIVED, Status.PROCESSING, Status.PROCESSED, Status.RETURNED]
FIRST, LAST = date(2026, 1, 1), date(2026, 3, 2)


def fill(offices: list[Office], many: int) -> None:
    """Dossiers of every kind: received and ended on many days, on time and late, with and without details."""
    chance = random.Random(7)
    fields = ("ho-tich", "dat-dai", "")
    for number in range(many):
        status = chance.choice(
            [Status.REGISTERED, Status.RECEIVED, Status.PROCESSING, Status.PROCESSED, Status.RETURNED]
        )
        made = make_dossier(
            chance.choice(offices),
            status,
            received=timedelta(days=chance.randrange(1, 50), hours=chance.randrange(24)),
            due_in=timedelta(minutes=chance.choice([-90, 90])) if chance.random() < 0.9 else None,
            field_code=chance.choice(fields),
        )
        if number % 3 == 0:
            with journal.act(SYSTEM, "test.detail") as act:
                DossierDetail.objects.create(
                    dossier=made, channel=chance.choice([1, 2, 3]), supplements=chance.choice([0, 1, 2])
                )
                act.changed("onestop.dossier", made.pk, None, {})


def live() -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """What the dossiers say now, counted afresh over all time."""
    with connection.cursor() as cursor:
        every = counting.bounds(date(2000, 1, 1), date(2100, 1, 1))
        cursor.execute(counting.DOSSIERS_SQL, every)
        dossiers = cursor.fetchall()
        cursor.execute(counting.TASKS_SQL, every)
        return sorted(dossiers, key=str), sorted(cursor.fetchall(), key=str)


def kept() -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """What the tables say."""
    columns = ("day", "agency_id", "field", "channel", "received", "ended", "late")
    dossiers = DossierDay.objects.values_list(*columns)
    tasks = TaskDay.objects.values_list("day", "agency_id", "title_id", "done", "late")
    return sorted(dossiers, key=str), sorted(tasks, key=str)


def same() -> bool:
    """Whether the tables equal the dossiers."""
    (one, two), (three, four) = live(), kept()
    return [tuple(map(str, row)) for row in one + two] == [tuple(map(str, row)) for row in three + four]


def test_days__counted_the_first_time_and_after_changes__equal_the_dossiers(town: Town) -> None:
    fill([town.commune, town.neighbour], 60)
    back = make_dossier(town.commune)
    service.advance_dossier(SYSTEM, back.id, Status.PROCESSED)
    counting.follow()
    assert same()
    assert DossierDay.objects.exists()
    with clock.at(NOW + timedelta(days=3)):
        # one comes back from its end of days ago, one registered is accepted, one ends
        service.advance_dossier(SYSTEM, back.id, Status.PROCESSING, note="sai sót")
        new = Dossier.objects.filter(status=Status.REGISTERED).first()
        assert new is not None
        service.advance_dossier(SYSTEM, new.id, Status.RECEIVED)
        assert not same()
        counting.follow()
        assert same()
        counting.follow()
        assert same()


def test_days__over_midnight_and_a_pause__are_counted(town: Town) -> None:
    make_dossier(town.commune)
    counting.follow()
    with clock.at(datetime(2026, 3, 2, 23, 59, tzinfo=clock.ZONE)):
        make_dossier(town.commune, received=timedelta(0))
    with clock.at(datetime(2026, 3, 3, 0, 1, tzinfo=clock.ZONE)):
        make_dossier(town.commune, received=timedelta(0))
        counting.follow()
        assert same()


def test_days__written_past_the_history__are_healed_by_the_nightly_count(town: Town) -> None:
    counting.follow()
    with clock.at(NOW + timedelta(days=9)):
        make_dossier(town.commune, Status.RETURNED, received=timedelta(days=8))
        with journal.act(SYSTEM, "test.late") as act:
            Dossier.objects.update(finished_at=NOW + timedelta(days=4))
            act.changed("onestop.dossier", None, None, {"count": 1})
        counting.follow()
        assert not same()
        counting.count_everything()
        assert same()


def test_runs__days__are_joined_without_gaps() -> None:
    days = [date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 5)]
    assert counting.runs(days) == [(days[0], days[1]), (days[2], days[2])]
    long = [date(2026, 1, 1) + timedelta(days=number) for number in range(40)]
    assert [(end - begin).days + 1 for begin, end in counting.runs(long)] == [31, 9]


def test_figures__sums__agree_however_they_are_grouped(town: Town) -> None:
    fill([town.commune, town.neighbour], 50)
    counting.follow()
    found = queries.figures(administrator(), FIRST, LAST)
    assert found.all.received == Dossier.objects.exclude(status=Status.REGISTERED).count()
    assert found.all.ended == Dossier.objects.filter(finished_at__isnull=False).count()
    for lines in (found.fields, found.channels, found.agencies, found.days):
        assert sum(line.received for line in lines) == found.all.received
        assert sum(line.ended for line in lines) == found.all.ended
        assert sum(line.late for line in lines) == found.all.late
    assert found.in_flight == Dossier.objects.in_flight().count()
    rows = list(queries.export(administrator(), FIRST, LAST))
    assert sum(int(str(row[4])) for row in rows) == found.all.received


def test_figures__two_supplements__count_as_late(town: Town) -> None:
    made = make_dossier(town.commune, Status.PROCESSED)
    with journal.act(SYSTEM, "test.detail") as act:
        DossierDetail.objects.create(dossier=made, supplements=2)
        act.changed("onestop.dossier", made.pk, None, {})
    counting.follow()
    found = queries.figures(administrator(), FIRST, LAST)
    assert (found.all.ended, found.all.late, found.all.rate) == (1, 1, 0.0)


def test_figures__commune__sees_its_own_alone(town: Town) -> None:
    make_dossier(town.commune)
    make_dossier(town.neighbour, Status.RETURNED)
    counting.follow()
    mine = queries.figures(official(town.commune), FIRST, LAST)
    assert (mine.all.received, mine.in_flight, len(mine.agencies)) == (1, 1, 1)
    other = queries.figures(official(town.commune), FIRST, LAST, town.neighbour.agency.id)
    assert (other.all.received, other.in_flight) == (0, 0)
    assert not list(queries.export(official(town.commune), FIRST, LAST, town.neighbour.agency.id))
    assert queries.figures(administrator(), FIRST, LAST).all.received == 2
    with pytest.raises(ListNotAllowed):
        queries.figures(ANONYMOUS, FIRST, LAST)


def test_figures__successor__reads_the_days_of_who_was_before(town: Town) -> None:
    make_dossier(town.commune)
    end_agency(town.commune, [town.neighbour], clock.today())
    counting.follow()
    found = queries.figures(official(town.neighbour), FIRST, LAST)
    assert (found.all.received, found.in_flight) == (1, 1)


@pytest.mark.parametrize(("first", "last"), [(LAST, FIRST), (date(2020, 1, 1), LAST)])
def test_figures__days_that_cannot_be__are_refused(town: Town, first: date, last: date) -> None:
    with pytest.raises(BadFilter):
        queries.figures(administrator(), first, last)


Browse = Callable[[Actor], Client]


def test_page__figures__has_numbers_and_few_queries(town: Town, browse: Browse) -> None:
    fill([town.commune], 20)
    counting.follow()
    client = browse(official(town.commune))
    client.get(reverse("onestop:figures"))
    with CaptureQueriesContext(connection) as captured:
        page = client.get(reverse("onestop:figures") + "?tu=01/01/2026&den=02/03/2026")
    assert page.status_code == 200
    assert len(captured) <= 12
    assert "Theo lĩnh vực" in page.content.decode()
    assert client.get(reverse("onestop:figures") + "?tu=hom-qua").status_code == 400
    assert client.get(reverse("onestop:figures") + "?co-quan=x").status_code == 200


def test_page__file__is_excel_without_formulas(town: Town, browse: Browse) -> None:
    make_dossier(town.commune, field_code="=1+1")
    counting.follow()
    answer = browse(official(town.commune)).get(reverse("onestop:figures-xlsx") + "?tu=01/01/2026")
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    sheet = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert browse(ANONYMOUS).get(reverse("onestop:figures-xlsx")).status_code == 403
