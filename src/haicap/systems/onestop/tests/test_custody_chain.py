"""The custody chain: the dossier's own moves joined with the holdings of its desks."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM
from haicap.registry.models import Resolution, UnitEvent, UnitVersion
from haicap.registry.models.event import EventKind, Reorganisation
from haicap.systems.onestop import queries, service
from haicap.systems.onestop.tests.factories import NOW, Town, end_agency, make_dossier, official


def test_chain__no_move__is_one_station_from_reception_to_now(town: Town) -> None:
    dossier = make_dossier(town.commune)
    (station,) = queries.custody_chain(dossier)
    assert station.agency == "Ủy ban nhân dân xã Hòa Phú"
    assert (station.begins_at, station.ends_at) == (dossier.received_at, None)
    assert not station.interim


def test_chain__cut_over__adds_a_station_without_touching_the_dossier(town: Town) -> None:
    dossier = make_dossier(town.commune)
    steps = dossier.steps.count()
    _end_with_resolution(town, date(2026, 3, 2))

    first, second = queries.custody_chain(dossier)
    effective = datetime(2026, 3, 2, tzinfo=clock.ZONE)
    assert (first.agency, first.ends_at) == ("Ủy ban nhân dân xã Hòa Phú", effective)
    assert (second.agency, second.begins_at) == ("Ủy ban nhân dân xã Mỹ An", effective)
    assert second.resolution == "99/NQ-UBTVQH16"
    assert dossier.steps.count() == steps


def test_chain__holdings_before_the_dossier_came__are_left_out(town: Town) -> None:
    end_agency(town.commune, [town.neighbour], date(2026, 2, 1))
    dossier = make_dossier(town.neighbour, desk=town.commune.desk)
    (station,) = queries.custody_chain(dossier)
    assert station.agency == "Ủy ban nhân dân xã Mỹ An"


def test_chain__move_and_cut_over__in_order_without_a_gap(town: Town) -> None:
    dossier = make_dossier(town.commune)
    service.move_dossier(official(town.commune), dossier.id, town.district.desk, "đúng thẩm quyền")
    with clock.at(NOW + timedelta(days=10)):
        end_agency(town.district, [town.neighbour], (NOW + timedelta(days=7)).date(), part=True)
        chain = queries.custody_chain(dossier)

    assert [station.agency for station in chain] == [
        "Ủy ban nhân dân xã Hòa Phú",
        "Ủy ban nhân dân huyện Tân Sơn",
        "Ủy ban nhân dân xã Mỹ An",
    ]
    assert chain[1].why == "đúng thẩm quyền"
    assert chain[2].interim
    assert [station.ends_at for station in chain[:-1]] == [station.begins_at for station in chain[1:]]


def test_chain__future_holding__is_not_yet_a_station(town: Town) -> None:
    dossier = make_dossier(town.commune)
    end_agency(town.commune, [town.neighbour], (NOW + timedelta(days=30)).date())
    assert len(queries.custody_chain(dossier)) == 1


def test_chain__other_dossiers__do_not_matter(town: Town) -> None:
    dossier = make_dossier(town.commune)
    other = make_dossier(town.commune)
    service.move_dossier(official(town.commune), other.id, town.neighbour.desk, "thử")
    assert len(queries.custody_chain(dossier)) == 1


def _end_with_resolution(town: Town, on: date) -> None:
    """The commune ends by an event that stands on a resolution, as the registry's engine writes it."""
    end_agency(town.commune, [town.neighbour], on)
    with journal.act(SYSTEM, "test.end_with_resolution") as act:
        act_of_law = Resolution.objects.create(
            number="99/NQ-UBTVQH16", dated=on, issued_by="Ủy ban Thường vụ Quốc hội", title="Sắp xếp"
        )
        reorganisation = Reorganisation.objects.create(
            key=f"{on}/91", title="Sắp xếp", effective_on=on, applied_at=clock.now()
        )
        event = UnitEvent.objects.create(
            reorganisation=reorganisation, kind=EventKind.MERGE, resolution=act_of_law, effective_on=on
        )
        version = UnitVersion.objects.get(unit=town.commune.unit, recorded__upper_inf=True)
        learnt = clock.now()
        UnitVersion.objects.filter(pk=version.pk).update(recorded=(version.recorded.lower, learnt))
        version.pk = None
        version._state.adding = True
        version.recorded = (learnt, None)
        version.closed_by = event
        version.save(force_insert=True)
        act.changed("registry.unit", town.commune.unit.id, None, {"closed_by": str(event.id)})
