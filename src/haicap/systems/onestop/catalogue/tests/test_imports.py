"""Imports: diff, decision, one journalled application; a second time nothing; later changes make versions."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path

import pytest

from haicap.kernel import clock
from haicap.kernel.actor import SYSTEM, Actor
from haicap.kernel.models import JournalEntry
from haicap.registry.models.base import BELIEVED
from haicap.systems.onestop import catalogue, policy
from haicap.systems.onestop.catalogue import imports, service, starter
from haicap.systems.onestop.catalogue.tests.rows import DAY, file_of, imported, method, read, row
from haicap.systems.onestop.errors import BadCatalogue, CatalogueMoved, CatalogueNotAllowed, NoSuchProcedure
from haicap.systems.onestop.models import (
    CatalogueDefect,
    CatalogueImport,
    Fate,
    ImportState,
    LimitUnit,
    Procedure,
    ProcedureVersion,
)

pytestmark = pytest.mark.django_db
LATER = dt.date(2026, 7, 1)
BIRTH = row("1.001193", "Đăng ký khai sinh", time=(1, "other"))
DEATH = row("1.000656", "Đăng ký khai tử")


@pytest.fixture(autouse=True)
def _clock() -> object:
    with clock.at(dt.datetime(2026, 8, 3, 9, 0, tzinfo=clock.ZONE)):
        yield


def fates(run: CatalogueImport) -> dict[str, int]:
    return {fate: run.counts[fate] for fate in Fate.values if run.counts[fate]}


def test_import__first__is_compared_before_anything_changes() -> None:
    run = read(BIRTH, DEATH, "{bad")
    assert run.state == ImportState.READY
    assert fates(run) == {"new": 2, "refused": 1}
    assert not Procedure.objects.exists()
    applied = imports.apply(SYSTEM, run.pk)
    assert applied.report["written"] == 2
    version = catalogue.current("1.001193", DAY)
    assert version is not None
    assert version.valid.lower == DAY
    assert [limit.unit for limit in version.limits.all()] == [LimitUnit.UNKNOWN]
    assert catalogue.current("1.001193", DAY - dt.timedelta(days=1)) is None
    entry = JournalEntry.objects.get(action="onestop.import_catalogue")
    assert entry.after["written"] == 2


def test_import__same_file_again__changes_nothing() -> None:
    imported(BIRTH, DEATH)
    before = list(ProcedureVersion.objects.order_by("id").values_list("id", "recorded"))
    again = read(BIRTH, DEATH)
    assert fates(again) == {"unchanged": 2}
    imports.apply(SYSTEM, again.pk)
    assert list(ProcedureVersion.objects.order_by("id").values_list("id", "recorded")) == before
    assert CatalogueDefect.objects.count() == 1


def test_import__later_changes__make_versions_from_the_chosen_day() -> None:
    imported(BIRTH, DEATH)
    old = catalogue.current("1.000656", DAY)
    changed = row("1.000656", "Đăng ký khai tử", time=(2, "working_day"), results=["Trích lục", "Bản sao"])
    run = read(BIRTH, changed, row("1.000894", "Đăng ký kết hôn"), day=LATER)
    assert fates(run) == {"new": 1, "changed": 1, "unchanged": 1}
    (line,) = imports.changes(run, Fate.CHANGED)
    assert [one["field"] for one in line.differences] == ["limits", "results"]
    with clock.at(clock.now() + dt.timedelta(hours=1)):
        imports.apply(SYSTEM, run.pk)
    assert old is not None
    now, then = catalogue.current("1.000656", LATER), catalogue.current("1.000656", DAY)
    assert now is not None
    assert then is not None
    assert now.limits.get().amount == 2
    assert (then.valid.lower, then.valid.upper) == (DAY, LATER)
    assert then.limits.get().amount == 3
    old.refresh_from_db()  # what a dossier of before names stays, though it is no longer what is believed
    assert old.recorded.upper is not None
    assert old.papers.count() == then.papers.count() == 1


def test_import__missing_in_a_whole_catalogue__ends() -> None:
    imported(BIRTH, DEATH)
    assert fates(read(BIRTH, day=LATER, complete=False)) == {"unchanged": 1}
    imported(BIRTH, day=LATER)
    assert catalogue.current("1.000656", LATER) is None
    assert catalogue.current("1.000656", LATER - dt.timedelta(days=1)) is not None


def test_import__more_missing_than_anybody_expects__ends_only_when_accepted() -> None:
    imported(*(row(f"1.10{n:04d}", f"Thủ tục {n}") for n in range(30)))
    run = read(row("1.100000", "Thủ tục 0"), day=LATER)
    assert fates(run) == {"ended": 29, "unchanged": 1}
    assert run.counts["accepted"] == 0
    assert imports.accept(SYSTEM, run.pk, None, accepted=True, fate=Fate.ENDED) == 29
    assert imports.apply(SYSTEM, run.pk).report["ended"] == 29


def test_import__row_left_out__is_not_applied() -> None:
    run = read(BIRTH, DEATH)
    birth = run.rows.get(code="1.001193")
    assert imports.accept(SYSTEM, run.pk, [birth.id], accepted=False) == 1
    imports.apply(SYSTEM, run.pk)
    assert catalogue.current("1.001193", DAY) is None
    assert catalogue.current("1.000656", DAY) is not None


def test_import__one_code_twice__makes_twins_that_are_found_again() -> None:
    one, other = row("1.014325", "Cấp phép A"), row(" 1.014325", "Cấp phép B")
    imported(one, other)
    twins = {version.name: version.procedure_id for version in ProcedureVersion.objects.all()}
    assert sorted(Procedure.objects.values_list("code", "twin")) == [("1.014325", 0), ("1.014325", 1)]
    assert CatalogueDefect.objects.filter(kind="duplicate_code").count() == 2
    assert fates(read(other, one)) == {"unchanged": 2}
    imported(row("1.014325", "Cấp phép B", results=["Giấy phép"]), one, day=LATER)
    found = {version.name: version.procedure_id for version in ProcedureVersion.objects.filter(BELIEVED)}
    assert found == twins


def test_import__row_without_details__keeps_what_is_known() -> None:
    imported(DEATH)
    bare = {
        key: DEATH[key] for key in ("code", "name", "kind", "fields", "agencies", "issued_by", "audiences")
    }
    run = read(bare | {"name": "Khai tử"}, day=LATER)
    (line,) = imports.changes(run, Fate.CHANGED)
    assert [one["field"] for one in line.differences] == ["name"]
    imports.apply(SYSTEM, run.pk)
    version = catalogue.current("1.000656", LATER)
    assert version is not None
    assert version.limits.count() == version.papers.count() == 1


def test_import__time_without_unit__does_not_put_the_starter_catalogue_out() -> None:
    starter.load(SYSTEM)
    imported(BIRTH, complete=False)
    version = catalogue.current("1.001193", DAY)
    assert version is not None
    assert version.source == imports.NATIONAL
    assert version.summary
    found = catalogue.limit_of(version, 1)
    assert found is not None
    assert found.unit == LimitUnit.SAME_DAY
    assert CatalogueDefect.objects.filter(kind="time_unit").count() == 1


def test_import__same_words_as_the_starter_catalogue__take_over_with_their_defects() -> None:
    starter.load(SYSTEM)
    known = catalogue.current("1.001731", DAY)
    assert known is not None
    bare = row("1.001731", known.name, fields=["Bảo trợ xã hội"], issued_by="Bộ Y tế", detail_source=None)
    bare |= {"audiences": known.audiences, "agencies": known.executors}
    run = read(bare, complete=False)
    (line,) = imports.changes(run, Fate.CHANGED)
    assert [one["field"] for one in line.differences] == ["source"]
    imports.apply(SYSTEM, run.pk)
    assert CatalogueDefect.objects.get().kind == "no_details"


def test_import__settled_defect__is_settled_in_later_files_too() -> None:
    imported(BIRTH)
    defect = CatalogueDefect.objects.get()
    service.settle_defects(SYSTEM, [defect.id], unit="working_days")
    imported(BIRTH | {"results": ["Giấy khai sinh"]}, day=LATER)
    version = catalogue.current("1.001193", LATER)
    assert version is not None
    assert (version.limits.get().amount, version.limits.get().unit) == (1, LimitUnit.WORKING_DAYS)
    defect.refresh_from_db()
    assert defect.settled_at is not None


def test_import__defect_mended_at_the_source__is_gone() -> None:
    imported(BIRTH)
    imported(row("1.001193", "Đăng ký khai sinh"), day=LATER)
    assert CatalogueDefect.objects.get().gone_at is not None


def test_apply__twice_or_after_a_change__is_refused() -> None:
    first, second = read(BIRTH), read(BIRTH, DEATH)
    imports.apply(SYSTEM, first.pk)
    for run in (first, second):
        with pytest.raises(CatalogueMoved):
            imports.apply(SYSTEM, run.pk)
    imports.drop(SYSTEM, second.pk)
    assert not Procedure.objects.filter(code="1.000656").exists()


def test_import__without_the_permission__is_refused() -> None:
    official = Actor("Cán bộ", permissions=frozenset(set(policy.PERMISSIONS) - {policy.CATALOGUE}))
    run = read(BIRTH)
    for deed in (
        lambda: imports.begin(official, "x", begins_on=DAY),
        lambda: imports.apply(official, run.pk),
        lambda: imports.drop(official, run.pk),
        lambda: imports.accept(official, run.pk, None, accepted=False),
        lambda: imports.ask(official, run.pk, "apply"),
        lambda: starter.load(official),
    ):
        with pytest.raises(CatalogueNotAllowed):
            deed()
    with pytest.raises(NoSuchProcedure):
        imports.apply(SYSTEM, NOBODY)


NOBODY = uuid.UUID(int=7)


def test_import__no_catalogue__fails_and_says_why() -> None:
    run = imports.begin(SYSTEM, "anh.png", begins_on=DAY)
    with pytest.raises(BadCatalogue):
        imports.read_file(run, file_of("\x89PNG"))
    run.refresh_from_db()
    assert run.state == ImportState.FAILED
    assert run.error


def test_carry_out__job__reads_and_applies_with_the_rights_of_who_asked(tmp_path: Path) -> None:
    keeper = Actor("Quản trị", permissions=frozenset({policy.CATALOGUE}))
    stored = imports.keep_file(keeper, file_of(BIRTH, DEATH, packed=True), "dm.jsonl.gz")
    run = imports.begin(keeper, "dm.jsonl.gz", begins_on=DAY, file=stored)
    imports.carry_out(run.pk, "read")
    imports.ask(keeper, run.pk, "apply")
    imports.carry_out(run.pk, "apply")
    run.refresh_from_db()
    assert (run.state, run.report["written"]) == (ImportState.APPLIED, 2)
    assert JournalEntry.objects.get(action="onestop.import_catalogue").actor_label == "Quản trị"


def test_methods__of_two_channels__keep_their_own_times() -> None:
    imported(
        row(
            "1.000656",
            "Tên",
            methods=[method((3, "working_day")), method((1, "working_day"), channel="online")],
        )
    )
    version = catalogue.current("1.000656", DAY)
    assert version is not None
    assert [catalogue.limit_of(version, channel).amount for channel in (1, 2)] == [3, 1]  # type: ignore[union-attr]
    assert catalogue.limit_of(version, 3) is None


REAL = Path(__file__).resolve().parents[7] / "shared" / "data" / "procedures" / "national.jsonl.gz"


@pytest.mark.skipif(not REAL.exists(), reason="the national catalogue is not beside the repository")
def test_import__the_real_national_catalogue__with_all_its_defects() -> None:
    starter.load(SYSTEM)
    for fate_counts in ({"new", "changed", "unchanged"}, {"unchanged"}):
        run = imports.begin(SYSTEM, "national.jsonl.gz", begins_on=DAY)
        with REAL.open("rb") as file:
            run = imports.apply(SYSTEM, imports.read_file(run, file).pk)
        assert set(fates(run)) <= fate_counts
        assert sum(fates(run).values()) == 5_670
    flags = run.counts["flags"]
    assert flags["no_details"] == [2_518, 2_518]
    assert flags["duplicate_code"] == [2, 2]
    assert flags["odd_code"] == [3, 3]
    assert flags["stray_audience"] == flags["no_issuer"] == [1, 1]
    assert flags["no_agencies"] == [318, 318]
    assert flags["paper_form"][0] == 716
    assert ProcedureVersion.objects.filter(BELIEVED, valid__contains=DAY).count() == 5_670
