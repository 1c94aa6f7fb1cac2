"""What waits for a decision: who sees it, who decides, what becomes of the records, and back again."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from haicap.kernel import clock
from haicap.kernel.actor import ANONYMOUS, SYSTEM
from haicap.kernel.errors import BadInput, Conflict, NotAllowed, NotFound
from haicap.kernel.models import JournalEntry
from haicap.reorganisation import decisions, service, undecided, waiting
from haicap.reorganisation.models import Decision
from haicap.reorganisation.tests.factories import (
    AFTER,
    World,
    committee,
    cut,
    danang_plan,
    holder_of,
    receive,
)
from haicap.reorganisation.tests.hats import STRANGER, hat
from haicap.systems.onestop.models import Status
from haicap.systems.onestop.service import advance_dossier

TODAY = AFTER.date()


def key_of(world: World, name: str) -> str:
    return f"onestop.dossier.{world.dossiers[name]}"


def codes(actor=SYSTEM, unit: str = "20197") -> set[str]:
    return {row.item.code for row in undecided.page(actor, [undecided.heap_of(actor, unit)]).rows}


@pytest.fixture
def divided(world: World):
    """The small country after the cut-over, on the first morning."""
    plan = cut(danang_plan())
    with clock.at(AFTER):
        yield world, plan


def test_undecided__divided_unit__lists_only_what_no_rule_placed(divided) -> None:
    world, _plan = divided
    heap = undecided.heap_of(SYSTEM, "20197")
    rows = undecided.page(SYSTEM, [heap]).rows

    assert [row.item.id for row in rows] == [world.dossiers["undecided"]]
    assert rows[0].item.village == "Tổ 9"
    assert heap.agency_id == committee("20194", TODAY).pk
    assert {each.code for each in heap.candidates} == {"20194", "20200"}


def test_undecided__abolished_district__offers_the_heirs_of_its_communes(divided) -> None:
    _world, _plan = divided
    heap = undecided.heap_of(SYSTEM, "490")

    assert heap.count == 2  # of a divided commune, and of nowhere
    assert {each.code for each in heap.candidates} == {"20194", "20200"}


def test_undecided__before_the_cut_over__is_empty(world: World) -> None:
    assert undecided.heaps(SYSTEM) == []


def test_undecided__other_agency__sees_nothing(divided) -> None:
    assert undecided.heaps(STRANGER) == []
    assert undecided.heaps(hat("20200", "chuyen_vien", "van_phong")) == []
    with pytest.raises(NotFound, match="REO-072"):
        undecided.heap_of(STRANGER, "20197")


def test_undecided__nobody__is_refused(divided) -> None:
    with pytest.raises(NotAllowed, match="REO-403"):
        undecided.heaps(ANONYMOUS)


def test_undecided__more_records__same_number_of_queries(divided) -> None:
    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            undecided.page(SYSTEM, undecided.heaps(SYSTEM))
        return len(seen)

    count()  # caches of the registry
    few = count()
    desk = undecided.heap_of(SYSTEM, "20197").desks[0]
    from haicap.kernel import journal
    from haicap.systems.onestop.models import Dossier

    with journal.act(SYSTEM, "test.more") as act:
        for _number in range(12):
            made = receive(committee("20203", TODAY), village="Tổ 9")
            Dossier.objects.filter(pk=made.pk).update(desk_id=desk)
        act.changed("test.more", None, None, {})

    assert len(codes()) == 13
    assert count() == few


def test_undecided__pages__go_on_without_a_gap(divided) -> None:
    heaps = undecided.heaps(SYSTEM)
    whole = [row.item.id for row in undecided.page(SYSTEM, heaps).rows]
    found, after = [], ""
    while True:
        page = undecided.page(SYSTEM, heaps, rows=1, after=after)
        found += [row.item.id for row in page.rows]
        after = page.after
        if not after:
            break
    assert found == whole
    assert len(whole) == 3


def test_undecided__rubbish_mark__begins_at_the_beginning(divided) -> None:
    for after in ("", "x", "0~x~y", "99~2025-01-01~", "0~2025-07-01T00:00:00+07:00~1"):
        assert len(undecided.page(SYSTEM, undecided.heaps(SYSTEM), after=after).rows) == 3, after


def test_decide__interim_holders_chairman__moves_the_record_with_number_and_date(divided) -> None:
    world, _plan = divided
    before = world.dossier("undecided")
    chairman = hat("20194", "chu_tich")

    placed = decisions.decide(chairman, "20197", [key_of(world, "undecided")], "20200", "ở phía bắc")

    after = world.dossier("undecided")
    assert (placed.count, placed.gone) == (1, 0)
    assert (after.code, after.due_at, after.status) == (before.code, before.due_at, before.status)
    assert holder_of(after.pk) == committee("20200", TODAY).pk
    step = after.steps.order_by("-at", "-id").first()
    assert (step.action, step.actor, step.note) == ("place", chairman.label, "ở phía bắc")
    kept = Decision.objects.get()
    assert kept.evidence["village"] == "Tổ 9"
    assert JournalEntry.objects.filter(action="reorganisation.decide", record_id=after.pk).exists()


def test_decide__official_without_the_right__is_refused(divided) -> None:
    world, _plan = divided
    with pytest.raises((NotAllowed, NotFound)):
        decisions.decide(hat("20194", "van_thu", "van_phong"), "20197", [key_of(world, "undecided")], "20200")
    assert not Decision.objects.exists()


def test_decide__unit_that_took_no_part__is_refused(divided) -> None:
    world, _plan = divided
    with pytest.raises(BadInput, match="REO-071"):
        decisions.decide(SYSTEM, "20197", [key_of(world, "undecided")], "20203")


def test_decide__rubbish__is_refused(divided) -> None:
    for keys in ([], ["x"], ["onestop.dossier.x"], ["a.b.c.d"]):
        with pytest.raises(BadInput, match="REO-070"):
            decisions.decide(SYSTEM, "20197", keys, "20200")


def test_decide__records_that_do_not_wait__stay_where_they_are(divided) -> None:
    world, _plan = divided
    where = world.dossier("continued").desk_id
    with pytest.raises(Conflict, match="REO-073"):
        decisions.decide(SYSTEM, "20197", [key_of(world, "continued"), key_of(world, "elsewhere")], "20200")
    assert world.dossier("continued").desk_id == where


def test_decide__one_gone_meanwhile__the_rest_is_done_and_it_is_said(divided) -> None:
    world, _plan = divided
    placed = decisions.decide(
        SYSTEM, "490", [key_of(world, "district_nowhere"), key_of(world, "undecided")], "20200"
    )
    assert (placed.count, placed.gone) == (1, 1)
    assert "1 hồ sơ" in placed.sentence


def test_take_back__nobody_went_on__waits_again(divided) -> None:
    world, _plan = divided
    decisions.decide(SYSTEM, "20197", [key_of(world, "undecided")], "20200")

    assert decisions.take_back(SYSTEM, [Decision.objects.get().pk], "nhầm") == 1

    assert codes() == {world.dossier("undecided").code}
    assert Decision.objects.get().taken_back_at is not None
    decisions.decide(SYSTEM, "20197", [key_of(world, "undecided")], "20194")  # and can be decided anew
    assert Decision.objects.filter(taken_back_at__isnull=True).count() == 1


def test_take_back__worked_on_since__stays(divided) -> None:
    world, _plan = divided
    decisions.decide(SYSTEM, "20197", [key_of(world, "undecided")], "20200")
    advance_dossier(SYSTEM, world.dossiers["undecided"], Status.PROCESSING)

    with pytest.raises(Conflict, match="REO-076"):
        decisions.take_back(SYSTEM, [Decision.objects.get().pk], "nhầm")
    assert Decision.objects.get().taken_back_at is None


def test_take_back__of_another_agency__is_not_found(divided) -> None:
    world, _plan = divided
    decisions.decide(SYSTEM, "20197", [key_of(world, "undecided")], "20200")
    stranger = hat("20203", "chu_tich")
    assert decisions.decisions_of(stranger) == []
    with pytest.raises(NotFound, match="REO-075"):
        decisions.take_back(stranger, [Decision.objects.get().pk], "tôi muốn")


def test_rules__preview__counts_and_writes_nothing(divided) -> None:
    _world, _plan = divided
    preview = decisions.preview_rules(SYSTEM, "20197", [("to 9", "20200"), ("Tổ 10", "20194")])
    assert [(line.piece, line.target.code, line.count) for line in preview.lines] == [("Tổ 9", "20200", 1)]
    assert preview.rest == 0
    assert not Decision.objects.exists()


def test_rules__applied__place_what_they_place_and_leave_the_rest(divided) -> None:
    world, _plan = divided
    done = decisions.apply_rules(SYSTEM, "490", [], [("đường không có", "20200")], "thử")
    assert (done.count, done.rest) == (0, 2)
    done = decisions.apply_rules(SYSTEM, "20197", [("TỔ 9", "20200")], reason="Biên bản số 3")
    assert (done.count, done.rest) == (1, 0)
    assert holder_of(world.dossiers["undecided"]) == committee("20200", TODAY).pk
    assert Decision.objects.get().evidence["how"] == "village"


def test_rules__none__is_refused(divided) -> None:
    with pytest.raises(BadInput, match="REO-077"):
        decisions.preview_rules(SYSTEM, "20197", [])


def test_undo__after_decisions__gives_the_records_back(divided) -> None:
    world, plan = divided
    desk = world.dossier("undecided").desk_id
    decisions.decide(SYSTEM, "20197", [key_of(world, "undecided")], "20200")

    service.undo_cut_over(SYSTEM, plan, "thử")

    assert world.dossier("undecided").desk_id == desk
    assert holder_of(world.dossiers["undecided"]) == committee("20197").pk
    assert Decision.objects.get().taken_back_at is not None
    assert undecided.heaps(SYSTEM) == []


def test_waiting__leaders_without_a_post__are_listed_by_name_and_only_for_who_may(divided) -> None:
    everybody, total = waiting.waiting(SYSTEM, limit=1000)
    assert total == len(everybody) > 0
    names = [person.name for person in everybody]
    found, _total = waiting.waiting(SYSTEM, names[0])
    assert names[0] in [person.name for person in found]
    assert waiting.waiting(SYSTEM, "không ai tên thế này")[1] == 0
    first, _total = waiting.waiting(SYSTEM, limit=1)
    second, _total = waiting.waiting(SYSTEM, offset=1, limit=1)
    assert [*first, *second] == everybody[:2]
    for actor in (STRANGER, ANONYMOUS, hat("20194", "chu_tich")):
        with pytest.raises(NotAllowed, match="REO-403"):
            waiting.waiting(actor)
