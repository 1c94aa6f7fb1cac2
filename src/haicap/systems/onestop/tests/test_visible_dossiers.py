"""Who sees which dossier: in lists, look-ups, searches, exports, registers; and what anybody may track."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, timedelta

import pytest

from haicap.kernel.actor import ANONYMOUS, SYSTEM
from haicap.registry.desks import desk_for
from haicap.systems.onestop import policy, queries
from haicap.systems.onestop.errors import DossierNotFound, ExportNotAllowed, ListNotAllowed
from haicap.systems.onestop.filters import Filters
from haicap.systems.onestop.models import Dossier, Status
from haicap.systems.onestop.tests.factories import (
    NOW,
    Town,
    administrator,
    end_agency,
    make_dossier,
    official,
)


def _seen(actor: object) -> set[object]:
    return set(Dossier.objects.visible_to(actor).values_list("id", flat=True))  # type: ignore[arg-type]


def test_dossiers__in_flight__only_holders_see_them(town: Town) -> None:
    mine = make_dossier(town.commune)
    theirs = make_dossier(town.neighbour)

    assert _seen(official(town.commune)) == {mine.id}
    assert _seen(official(town.neighbour)) == {theirs.id}
    assert _seen(official(town.district)) == set()
    assert _seen(official(town.commune, town.neighbour)) == {mine.id, theirs.id}
    assert _seen(administrator()) == {mine.id, theirs.id}
    assert _seen(ANONYMOUS) == set()


def test_dossiers__in_flight__follow_the_desk_not_the_receiver(town: Town) -> None:
    desk = desk_for(town.neighbour.agency, actor=SYSTEM)
    received_here = make_dossier(town.commune, desk=desk)
    assert _seen(official(town.commune)) == set()
    assert _seen(official(town.neighbour)) == {received_here.id}


def test_dossiers__cut_over__holder_changes_and_registers_are_inherited(town: Town) -> None:
    flying = make_dossier(town.commune)
    closed = make_dossier(town.commune, Status.RETURNED)
    end_agency(town.commune, [town.neighbour], date(2026, 3, 2))

    assert _seen(official(town.commune)) == {closed.id}
    assert _seen(official(town.neighbour)) == {flying.id, closed.id}


def test_dossiers__heritage__over_several_hops_and_parts(town: Town) -> None:
    closed = make_dossier(town.commune, Status.RETURNED)
    end_agency(town.commune, [town.neighbour], date(2026, 3, 1))
    end_agency(town.neighbour, [town.district, town.province], date(2026, 3, 2), part=True)

    assert closed.id in _seen(official(town.district))
    assert closed.id in _seen(official(town.province))


def test_dossiers__heritage__not_before_the_succession_takes_effect(town: Town) -> None:
    closed = make_dossier(town.commune, Status.RETURNED)
    end_agency(town.commune, [town.neighbour], NOW.date() + timedelta(days=30))
    assert closed.id not in _seen(official(town.neighbour))


@pytest.mark.parametrize("status", [Status.PROCESSING, Status.RETURNED])
def test_dossier__look_up__a_stranger_cannot_tell_it_exists(town: Town, status: Status) -> None:
    dossier = make_dossier(town.commune, status)
    assert queries.dossier_by_code(official(town.commune), dossier.code.lower()) == dossier
    for stranger in (official(town.neighbour), ANONYMOUS):
        with pytest.raises(DossierNotFound) as there:
            queries.dossier_by_code(stranger, dossier.code)
        with pytest.raises(DossierNotFound) as nowhere:
            queries.dossier_by_code(stranger, "H91.20.1-260302-9999")
        assert there.value.as_dict() == nowhere.value.as_dict()


def test_worklist__stranger__sees_nothing_of_others(town: Town) -> None:
    make_dossier(town.commune, applicant="Phạm Thị Ánh")
    stranger = official(town.neighbour)

    assert queries.worklist(stranger, Filters()).rows == ()
    assert queries.worklist(stranger, Filters(text="Ánh")).rows == ()
    assert list(queries.export(stranger, Filters())) == []
    assert sum(queries.counts(stranger).values()) == 0
    assert queries.fields_at_work(stranger) == []
    assert queries.search(stranger, "Ánh") == []
    assert queries.registers(stranger) == []
    with pytest.raises(ListNotAllowed):
        queries.worklist(ANONYMOUS, Filters())


def test_export__permission__is_needed_before_anything_is_read(
    town: Town, django_assert_num_queries: object
) -> None:
    make_dossier(town.commune)
    with django_assert_num_queries(0), pytest.raises(ExportNotAllowed):  # type: ignore[operator]
        queries.export(official(town.commune, may=(policy.ADVANCE,)), Filters())
    assert len(list(queries.export(official(town.commune), Filters()))) == 1


def test_register__year__is_readable_by_the_agency_and_its_successors(town: Town) -> None:
    closed = make_dossier(town.commune, Status.RETURNED)
    make_dossier(town.commune, Status.PROCESSING)
    agency = town.commune.agency.id

    assert list(queries.register(official(town.commune), agency, 2026)) == [closed]
    assert not queries.register(official(town.commune), agency, 2025).exists()
    assert not queries.register(official(town.neighbour), agency, 2026).exists()

    end_agency(town.commune, [town.neighbour], date(2026, 3, 2))
    heir = official(town.neighbour)
    assert list(queries.register(heir, agency, 2026)) == [closed]
    assert queries.registers(heir) == [(agency, "Ủy ban nhân dân xã Hòa Phú", 2026, 1)]


def test_tracking__by_code__tells_nothing_about_the_person(town: Town) -> None:
    dossier = make_dossier(town.commune, applicant="Phạm Thị Ánh")
    found = queries.track(f" {dossier.code.lower()} ")

    assert found is not None
    assert found.agency == "Ủy ban nhân dân xã Hòa Phú"
    told = " ".join(str(getattr(found, each.name)) for each in fields(found))
    assert "Ánh" not in told
    assert queries.track("H91.20.1-260302-9999") is None
    assert queries.track("' OR 1=1 --") is None


def test_tracking__after_cut_over__names_who_holds_it_now(town: Town) -> None:
    dossier = make_dossier(town.commune)
    end_agency(town.commune, [town.neighbour], date(2026, 3, 2))
    found = queries.track(dossier.code)
    assert found is not None
    assert found.agency == "Ủy ban nhân dân xã Mỹ An"
