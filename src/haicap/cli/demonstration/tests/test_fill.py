"""The demonstration: a whole province, plausible, and all of it made up."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Count, F

from haicap.cli import demonstration
from haicap.cli.demonstration.errors import (
    OtherDemonstration,
)
from haicap.kernel import clock
from haicap.kernel.actor import SYSTEM, Actor
from haicap.kernel.clock import ZONE
from haicap.kernel.models import JournalEntry
from haicap.registry.models import (
    Agency,
    AgencyKind,
    Appointment,
    Deployment,
    Desk,
    FocalPoint,
    Level,
    Person,
    SiteUse,
    UnitVersion,
)
from haicap.systems.onestop import deadlines, queries
from haicap.systems.onestop.filters import Filters
from haicap.systems.onestop.models import IN_FLIGHT, Dossier, DossierNumber, DossierStep, Status
from haicap.systems.onestop.transitions import may_follow

SCALE = 0.02


@pytest.fixture(scope="module")
def filled(django_db_setup: None, django_db_blocker: Any) -> Iterator[demonstration.FillReport]:
    """A small demonstration of Đà Nẵng: filled once, read by all tests here, then rolled back."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield demonstration.fill("48", SCALE)
        transaction.set_rollback(True)


def test_fill__province__is_whole_and_plausible(filled: demonstration.FillReport) -> None:
    total = round(demonstration.DOSSIERS_AT_SCALE_1 * SCALE)
    assert Dossier.objects.count() == total == filled.counts["onestop.dossier"]
    flying = Dossier.objects.filter(status__in=IN_FLIGHT).count()
    assert 0.25 < flying / total < 0.42

    now = demonstration.NOW
    at_work = Dossier.objects.filter(status__in=[Status.RECEIVED, Status.PROCESSING])
    assert 0.03 < at_work.filter(due_at__lt=now).count() / at_work.count() < 0.3
    assert set(Dossier.objects.values_list("status", flat=True)) >= {
        Status.SUPPLEMENT,
        Status.PROCESSED,
        Status.RETURNED,
    }
    assert Dossier.objects.filter(received_at__gt=now).count() == 0
    assert DossierStep.objects.filter(at__gt=now).count() == 0
    by_level = Counter(Dossier.objects.values_list("competent_agency__unit__level", flat=True))
    assert by_level[Level.DISTRICT] > total * 0.25
    assert by_level[Level.PROVINCE] > total * 0.1


def test_fill__clock_and_deployment__show_the_afternoon_before(filled: demonstration.FillReport) -> None:
    assert timedelta(0) <= clock.now() - demonstration.NOW < timedelta(minutes=5)
    deployment = Deployment.objects.get()
    assert deployment.demonstration
    version = UnitVersion.objects.get(unit=deployment.province_id)
    assert (version.code, version.name) == ("48", "Đà Nẵng")


def test_fill__every_dossier__has_a_lawful_history_and_a_holder(filled: demonstration.FillReport) -> None:
    steps: dict[object, list[tuple[int, object]]] = defaultdict(list)
    for dossier, status, at in DossierStep.objects.order_by("at", "id").values_list(
        "dossier", "status", "at"
    ):
        steps[dossier].append((status, at))
    for dossier in Dossier.objects.all():
        path = steps[dossier.id]
        assert path[0][1] == dossier.received_at
        assert path[-1][0] == dossier.status
        assert all(
            may_follow(one[0], other[0]) and one[1] < other[1]  # type: ignore[operator]
            for one, other in pairwise(path)
        )
    assert Dossier.objects.filter(due_at__lt=F("received_at")).count() == 0
    seen = queries.worklist(SYSTEM, Filters()).rows
    chain = queries.custody_chain(seen[0].dossier)
    assert chain[0].begins_at == seen[0].dossier.received_at
    assert chain[-1].agency


def test_fill__numbers__have_no_gap(filled: demonstration.FillReport) -> None:
    given: dict[str, list[int]] = defaultdict(list)
    for code in Dossier.objects.values_list("code", flat=True):
        series, _dash, number = code.rpartition("-")
        given[series].append(int(number))
    assert all(sorted(numbers) == list(range(1, len(numbers) + 1)) for numbers in given.values())
    last = {
        f"{row.code.code}-{row.day:%y%m%d}": row.last for row in DossierNumber.objects.select_related("code")
    }
    assert last == {series: len(numbers) for series, numbers in given.items()}


def test_fill__receptions__lie_in_working_hours(filled: demonstration.FillReport) -> None:
    for received_at in Dossier.objects.values_list("received_at", flat=True):
        local = received_at.astimezone(ZONE)
        assert deadlines.working_calendar().is_working_day(local.date())
        assert (7, 30) <= (local.hour, local.minute) <= (17, 0)
        assert local.date() != date(2025, 4, 30)  # a Wednesday, and a holiday


def test_fill__officials_and_sites__are_there_and_not_real(filled: demonstration.FillReport) -> None:
    communes = UnitVersion.objects.filter(
        level=Level.COMMUNE, province__versions__code__in=["48", "49"], recorded__upper_inf=True
    )
    committees = Agency.objects.filter(kind=AgencyKind.COMMITTEE, unit__in=communes.values("unit"))
    assert committees.count() == communes.count() > 250
    assert FocalPoint.objects.filter(agency__in=committees).count() == 2 * committees.count()
    assert SiteUse.objects.values("agency").distinct().count() == Agency.objects.count()
    assert Appointment.objects.count() > 0.95 * filled.counts["registry.post"]
    assert not Person.objects.exclude(personal_number="").exists()
    assert not Person.objects.exclude(phone="").exists()
    assert not Person.objects.exclude(email__endswith=".example").exists()


def test_fill__districts__keep_a_drawer_per_commune_and_field(filled: demonstration.FillReport) -> None:
    drawers = Desk.objects.filter(founder__unit__level=Level.DISTRICT, place__isnull=False)
    assert drawers.exists()
    assert not drawers.filter(field="").exists()
    wrong = Dossier.objects.filter(desk__place__isnull=False).exclude(desk__place=F("place"))
    assert not wrong.exists()


def test_fill__journal__one_entry_a_class_with_digest(filled: demonstration.FillReport) -> None:
    entry = JournalEntry.objects.get(action="demonstration.fill", record="onestop.dossier")
    assert entry.after["all"]["count"] == filled.counts["onestop.dossier"]
    assert len(entry.after["all"]["digest"]) == 16


def test_fill__again__does_nothing(filled: demonstration.FillReport) -> None:
    before = Dossier.objects.count()
    assert demonstration.fill("48", SCALE).already
    assert Dossier.objects.count() == before
    with pytest.raises(OtherDemonstration):
        demonstration.fill("38", SCALE)


def test_fill__official_of_a_commune__has_work(filled: demonstration.FillReport) -> None:
    busiest = (
        Dossier.objects.filter(status__in=IN_FLIGHT, desk__founder__unit__level=Level.COMMUNE)
        .values_list("desk__founder")
        .annotate(many=Count("*"))
        .order_by("-many")
        .first()
    )
    assert busiest is not None
    actor = Actor(label="Công chức", agency_ids=frozenset({busiest[0]}))
    assert sum(queries.counts(actor).values()) == busiest[1]
