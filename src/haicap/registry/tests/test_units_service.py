"""Loading the base, applying a reorganisation, taking it back: in a real database."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from haicap.kernel import clock, journal
from haicap.kernel.actor import ANONYMOUS, SYSTEM
from haicap.kernel.errors import NotAllowed
from haicap.registry import service
from haicap.registry.country import Formation, Part, PublishedReorganisation
from haicap.registry.errors import (
    AlreadyApplied,
    BadChanges,
    BeforeBase,
    DifferentBase,
    NotWithdrawable,
    RegistryEmpty,
    StateMoved,
)
from haicap.registry.models import (
    Reorganisation,
    Revision,
    Succession,
    Unit,
    UnitEvent,
    UnitName,
    UnitVersion,
)
from haicap.registry.states import stored_state
from haicap.registry.tests.countries import (
    BASE_DAY,
    FIRST_DAY,
    MERGER,
    MERGER_ABOLISHED,
    SMALL,
    by_code,
    by_code_of_base,
    form,
)

pytestmark = pytest.mark.django_db
LATER = date(2026, 4, 30)


@pytest.fixture
def loaded() -> None:
    service.load_base(SYSTEM, SMALL, BASE_DAY)


def apply(day: date, formations: object, abolished: object = (), key: str = "k") -> uuid.UUID:
    changes = service.changes_of(service.state_before(day), day, formations, abolished)
    return service.apply_changes(SYSTEM, key, "thử", changes)[0].id


def check_constraints() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def test_base__load__is_valid_from_its_day_and_no_earlier(loaded: None) -> None:
    check_constraints()
    assert by_code(stored_state(BASE_DAY)) == by_code_of_base(SMALL)
    assert stored_state(BASE_DAY - timedelta(days=1)) == {}


def test_base__load_again__does_nothing(loaded: None) -> None:
    before = Revision.objects.get().number
    report = service.load_base(SYSTEM, SMALL, BASE_DAY)
    assert report.opened.count == 0
    assert Unit.objects.count() == len(SMALL)
    assert Revision.objects.get().number == before


def test_base__another_one_given__is_refused(loaded: None) -> None:
    with pytest.raises(DifferentBase):
        service.load_base(SYSTEM, SMALL[:-1], BASE_DAY)


def test_base__shipped_one_differs__stays_and_says_so(loaded: None) -> None:
    assert service.load_base(SYSTEM).notes
    assert Unit.objects.count() == len(SMALL)


def test_base__journal__has_counts_and_digest(loaded: None) -> None:
    entry = journal.entries(action="registry.load_base").entries[0]
    assert entry.after["opened"]["count"] == len(SMALL)
    assert len(entry.after["sha256"]) == 64


@pytest.mark.parametrize("use_case", ["load", "apply", "withdraw", "spell"])
def test_units__write__needs_the_permission(use_case: str) -> None:
    calls = {
        "load": (service.load_base, (SMALL, BASE_DAY)),
        "apply": (service.apply_changes, ("k", "t", service.UnitChanges(FIRST_DAY))),
        "withdraw": (service.withdraw_reorganisation, (uuid.uuid4(),)),
        "spell": (service.write_spellings, ([],)),
    }
    write, values = calls[use_case]
    with pytest.raises(NotAllowed):
        write(ANONYMOUS, *values)


def test_reorganisation__before_base_is_loaded__is_refused() -> None:
    with pytest.raises(RegistryEmpty):
        service.apply_changes(SYSTEM, "k", "t", service.UnitChanges(FIRST_DAY))


@pytest.mark.parametrize("day", [BASE_DAY, BASE_DAY - timedelta(days=400)])
def test_reorganisation__not_after_the_base__is_refused(loaded: None, day: date) -> None:
    with pytest.raises(BeforeBase):
        service.apply_changes(SYSTEM, "k", "t", service.UnitChanges(day))


def test_reorganisation__apply__leaves_both_states_readable(loaded: None) -> None:
    apply(FIRST_DAY, MERGER, MERGER_ABOLISHED)
    check_constraints()
    assert by_code(stored_state(BASE_DAY)) == by_code_of_base(SMALL)
    assert sorted(by_code(stored_state(FIRST_DAY))) == [
        "20194",
        "20333",
        "20356",
        "20360",
        "20371",
        "20375",
        "48",
    ]


def test_reorganisation__same_key__is_refused(loaded: None) -> None:
    apply(FIRST_DAY, [form("20371", "phuong", "Tam Phú", "502", "20371")])
    with pytest.raises(AlreadyApplied):
        service.apply_changes(SYSTEM, "k", "t", service.UnitChanges(LATER))


def test_reorganisation__apply__raises_the_revision_once(loaded: None) -> None:
    # the trigger bumps once a transaction; this test is one transaction, so the load's own bump is the one
    first = Revision.objects.get().number
    apply(FIRST_DAY, MERGER, MERGER_ABOLISHED)
    assert Revision.objects.get().number == first


def test_reorganisation__versions__name_the_events_that_opened_and_closed_them(loaded: None) -> None:
    apply(FIRST_DAY, MERGER, MERGER_ABOLISHED)
    old = UnitVersion.objects.get(code="20371", valid__contains=BASE_DAY, recorded__upper_inf=True)
    new = UnitVersion.objects.get(code="20371", valid__contains=FIRST_DAY, recorded__upper_inf=True)
    assert old.unit_id == new.unit_id
    assert old.closed_by_id == new.opened_by_id
    assert old.opened_by.kind == "base"
    assert new.opened_by.kind == "reparent"
    assert new.closed_by_id is None
    assert Succession.objects.get(predecessor=old.unit, successor=new.unit).continues


def test_reorganisation__old_belief__stays_in_the_table(loaded: None) -> None:
    apply(FIRST_DAY, [form("20371", "phuong", "Tam Phú", "502", "20371")])
    versions = UnitVersion.objects.filter(code="20371")
    assert versions.count() == 3
    assert versions.filter(recorded__upper_inf=True).count() == 2


def test_withdraw__believed_state__is_as_before(loaded: None) -> None:
    states = {day: stored_state(day) for day in (BASE_DAY, FIRST_DAY, LATER)}
    versions = _believed()
    made = apply(FIRST_DAY, MERGER, MERGER_ABOLISHED)
    report = service.withdraw_reorganisation(SYSTEM, made, "thử")
    check_constraints()
    assert {day: stored_state(day) for day in states} == states
    assert _believed() == versions
    assert report.ended.count == len(SMALL)
    assert report.opened.count == 7
    assert not Succession.objects.filter(recorded__upper_inf=True).exists()
    assert Reorganisation.objects.get(id=made).undone_at is not None


def _believed() -> set[tuple[object, ...]]:
    fields = [
        "unit_id",
        "code",
        "kind",
        "name",
        "parent_id",
        "province_id",
        "valid",
        "opened_by_id",
        "closed_by_id",
    ]
    return {
        tuple(str(value) for value in row)
        for row in UnitVersion.objects.filter(recorded__upper_inf=True).values_list(*fields)
    }


def test_withdraw__then_apply_again__makes_new_units(loaded: None) -> None:
    first = apply(FIRST_DAY, MERGER, MERGER_ABOLISHED)
    before = set(stored_state(FIRST_DAY))
    service.withdraw_reorganisation(SYSTEM, first)
    apply(FIRST_DAY, MERGER, MERGER_ABOLISHED)
    after = set(stored_state(FIRST_DAY))
    kept = set(stored_state(BASE_DAY))
    assert before & after == before & kept
    assert len(before) == len(after)


@pytest.mark.parametrize("what", ["unknown", "base", "twice"])
def test_withdraw__what_cannot_be__is_refused(loaded: None, what: str) -> None:
    made = apply(FIRST_DAY, MERGER, MERGER_ABOLISHED)
    if what == "unknown":
        made = uuid.uuid4()
    elif what == "base":
        made = Reorganisation.objects.get(key="base").id
    else:
        service.withdraw_reorganisation(SYSTEM, made)
    with pytest.raises(NotWithdrawable):
        service.withdraw_reorganisation(SYSTEM, made)


@pytest.mark.parametrize(
    "later",
    [
        form("20356", "xa", "Quảng Phú", "48", "20356"),  # closes what the first one opened
        form("20371", "xa", "Tam Phú Mới", "48", "20371"),  # changes what the first one changed
    ],
)
def test_withdraw__built_upon__is_refused_until_the_later_one_is_undone(loaded: None, later: object) -> None:
    first = apply(FIRST_DAY, MERGER, MERGER_ABOLISHED, key="first")
    second = apply(LATER, [later], key="second")
    with pytest.raises(NotWithdrawable) as caught:
        service.withdraw_reorganisation(SYSTEM, first)
    assert caught.value.details["later"] == ["second"]
    service.withdraw_reorganisation(SYSTEM, second)
    service.withdraw_reorganisation(SYSTEM, first)
    assert by_code(stored_state(LATER)) == by_code_of_base(SMALL)


def test_withdraw__province_only_changed_its_kind__needs_no_communes_undone(loaded: None) -> None:
    apply(FIRST_DAY, MERGER, MERGER_ABOLISHED, key="first")
    second = apply(LATER, [form("48", "tinh", "Đà Nẵng", None, "48")], key="second")
    service.withdraw_reorganisation(SYSTEM, second)
    assert by_code(stored_state(LATER))["48"] == ("thanh_pho", "Đà Nẵng", None)


def test_withdraw__new_unit_under_a_unit_it_formed__is_refused(loaded: None) -> None:
    districts = [form("600", "quan", "Mới", "49", "502/"), form("502", "quan", "Cũ", "49", "502/")]
    communes = [form(code, "xa", code, "502", code) for code in ("20356", "20359", "20371", "20374")]
    first = apply(FIRST_DAY, districts + communes)
    apply(LATER, [form("20371", "xa", "20371", "600", "20371")], key="second")
    with pytest.raises(NotWithdrawable):
        service.withdraw_reorganisation(SYSTEM, first)


def test_write__unit_that_moved_on__is_refused(loaded: None) -> None:
    state = service.state_before(FIRST_DAY)
    fresh, stale = (
        service.changes_of(state, FIRST_DAY, [form("20371", "phuong", "A", "502", "20371")])
        for _plan in range(2)
    )
    service.apply_changes(SYSTEM, "one", "t", fresh)
    with pytest.raises(StateMoved) as caught, transaction.atomic():
        service.apply_changes(SYSTEM, "two", "t", stale)
    assert caught.value.details["units"] == [str(stale.changes[0].state.unit_id)]


def test_write__child_of_an_ended_unit__is_refused(loaded: None) -> None:
    state = service.state_before(FIRST_DAY)
    district = next(unit for unit in state.values() if unit.code == "502")
    event = service.NewEvent(uuid.uuid4(), "abolish")
    changes = service.UnitChanges(FIRST_DAY, (event,), closes=(service.Closing(event.id, district.unit_id),))
    with pytest.raises(StateMoved, match="An Phú"), transaction.atomic():
        service.apply_changes(SYSTEM, "k", "t", changes)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE registry_unitversion SET name = 'X'",
        "UPDATE registry_unitversion SET recorded = tstzrange(lower(recorded) - interval '1 day', NULL)",
        "UPDATE registry_unitversion SET recorded = tstzrange(lower(recorded), NULL) WHERE NOT upper_inf(recorded)",
        "DELETE FROM registry_unitversion",
    ],
)
def test_version__changed_behind_the_back__is_refused_by_the_database(loaded: None, statement: str) -> None:
    apply(FIRST_DAY, [form("20371", "phuong", "A", "502", "20371")])
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("twin", ["unit", "code"])
def test_version__overlapping__is_impossible(loaded: None, twin: str) -> None:
    version = UnitVersion.objects.get(code="20371")
    version.pk = uuid.uuid4()
    if twin == "unit":
        version.code = "20999"
    else:
        version.unit = Unit.objects.create(level="commune")
    version._state.adding = True
    with pytest.raises(IntegrityError), transaction.atomic():
        version.save(force_insert=True)


def _published(**changed: object) -> PublishedReorganisation:
    values = {
        "key": "2025-07-01/48",
        "effective": FIRST_DAY,
        "province_code": "48",
        "title": "Sắp xếp",
        "resolutions": ("1659/NQ-UBTVQH15", "72/2025/QH15"),
        "formations": (
            Formation("20356", "commune", "phuong", "Quảng Phú", "48", 15.5, 108.5, "1659/NQ-UBTVQH15", "chú thích",
                      tuple(Part(code, False) for code in ("20356", "20359", "20371", "20374"))),
            Formation("20194", "commune", "phuong", "Hải Châu", "48", None, None, "1659/NQ-UBTVQH15", "",
                      (Part("20194", False), Part("20195", False))),
            Formation("20333", "commune", "dac_khu", "Hoàng Sa", "48", None, None, "1659/NQ-UBTVQH15", "",
                      (Part("498", False),)),
        ),
        "abolished": ("490", "502"),
    }  # fmt: skip
    return PublishedReorganisation(**{**values, **changed})  # type: ignore[arg-type]


def test_published__apply__with_its_acts_and_once(loaded: None) -> None:
    report = service.apply_published(SYSTEM, _published())
    check_constraints()
    assert (report.opened.count, report.ended.count, report.successions) == (3, 9, 7)
    assert service.apply_published(SYSTEM, _published()).events == 0
    made = Reorganisation.objects.get(key="2025-07-01/48")
    assert set(made.resolutions.values_list("number", flat=True)) == {"1659/NQ-UBTVQH15", "72/2025/QH15"}
    merge = UnitEvent.objects.get(reorganisation=made, note="chú thích")
    assert (merge.kind, merge.resolution.number) == ("merge", "1659/NQ-UBTVQH15")
    abolition = UnitEvent.objects.get(reorganisation=made, kind="abolish")
    assert abolition.resolution.number == "72/2025/QH15"


def test_published__does_not_fit__nothing_is_written(loaded: None) -> None:
    with pytest.raises(BadChanges):
        service.apply_published(SYSTEM, _published(abolished=("490", "999")))
    assert Reorganisation.objects.count() == 1


def test_spellings__of_the_base__are_kept_once(loaded: None) -> None:
    known = UnitName.objects.count()
    unit = Unit.objects.filter(level="commune").first()
    service.write_spellings(SYSTEM, [service.Spelling(unit.id, "Bờ Lao", "phần mềm cũ")])
    service.write_spellings(SYSTEM, [service.Spelling(unit.id, "Bờ Lao", "phần mềm cũ")])
    assert UnitName.objects.count() == known + 1


@pytest.mark.django_db(transaction=True)
def test_belief__of_an_earlier_moment__can_be_read_back() -> None:
    service.load_base(SYSTEM, SMALL, BASE_DAY)
    before = clock.now()
    made = apply(FIRST_DAY, MERGER, MERGER_ABOLISHED)
    between = clock.now()
    service.withdraw_reorganisation(SYSTEM, made)

    def believed(at: object) -> int:
        return UnitVersion.objects.filter(recorded__contains=at, valid__contains=FIRST_DAY).count()

    assert [believed(at) for at in (before, between, clock.now())] == [len(SMALL), 7, len(SMALL)]


@pytest.mark.django_db(transaction=True)
def test_reorganisation__revision__rises_with_every_transaction() -> None:
    service.load_base(SYSTEM, SMALL, BASE_DAY)
    first = Revision.objects.get().number
    made = apply(FIRST_DAY, MERGER, MERGER_ABOLISHED)
    service.withdraw_reorganisation(SYSTEM, made)
    assert Revision.objects.get().number == first + 2
