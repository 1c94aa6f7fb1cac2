"""Running dossiers go over to another version by a mapping, with preview and undo."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from haicap.kernel import clock
from haicap.kernel.actor import SYSTEM
from haicap.registry.tests.places import NOW
from haicap.systems.onestop.models import DossierTask
from haicap.systems.onestop.processing import service as tasks
from haicap.systems.onestop.processing.tests.factories import FULL, Commune, make_commune, publish
from haicap.systems.onestop.routes.errors import BadMapping, NothingToUndo, RoutesNotAllowed
from haicap.systems.onestop.routes.moving import move_running, preview_move, same_keys, undo_move


@pytest.fixture
def commune(db: None) -> Iterator[Commune]:
    """A commune with a route, on a Wednesday morning."""
    with clock.at(NOW):
        yield make_commune()


def renamed() -> dict[str, object]:
    """The full route whose working step is called otherwise."""
    value: dict[str, object] = json.loads(json.dumps(FULL).replace('"xu-ly"', '"tham-dinh"'))
    return value


def open_steps() -> list[str]:
    """The keys of all open tasks."""
    return sorted(DossierTask.objects.filter(closed_at__isnull=True).values_list("step", flat=True))


def test_move__mapping__takes_every_task_along_and_back(commune: Commune) -> None:
    first, second = commune.receive(), commune.receive()
    task = second.tasks.get()
    official = commune.actors["cong_chuc_mot_cua"]
    tasks.complete_task(official, task.id, "forward")
    taken = tasks.take_task(commune.actors["chuyen_vien"], second.tasks.get(closed_at__isnull=True).id)
    target = publish(renamed(), number=2)

    mapping = same_keys(commune.version, target)
    assert mapping["nhan"] == "nhan"
    assert mapping["xu-ly"] == "tham-dinh"
    shown = preview_move(SYSTEM, commune.version, target, mapping)
    assert [(each.step, each.count, each.to) for each in shown.steps] == [
        ("nhan", 1, "nhan"),
        ("xu-ly", 1, "tham-dinh"),
    ]
    assert shown.possible
    move = move_running(SYSTEM, commune.version, target, mapping)
    assert open_steps() == ["nhan", "tham-dinh"]
    moved = second.tasks.get(closed_at__isnull=True)
    assert (moved.taken_by_id, moved.step) == (taken.taken_by_id, "tham-dinh")
    # one works on: it stays where it is
    tasks.complete_task(official, first.tasks.get(closed_at__isnull=True).id, "forward")
    _move, stayed = undo_move(SYSTEM, move.id)
    assert stayed == 1
    assert open_steps() == ["tham-dinh", "xu-ly"]
    second.refresh_from_db()
    assert second.detail.route_version_id == commune.version.id
    done = tasks.complete_task(
        commune.actors["chuyen_vien"], second.tasks.get(closed_at__isnull=True).id, "forward"
    )
    assert done.opened[0].step == "ky"
    with pytest.raises(NothingToUndo):
        undo_move(SYSTEM, move.id)


def test_move__step_without_counterpart__is_refused_with_all_reasons(commune: Commune) -> None:
    commune.receive()
    target = publish(renamed(), number=2)
    with pytest.raises(BadMapping) as refused:
        move_running(SYSTEM, commune.version, target, {"xu-ly": "nowhere"})
    assert len(refused.value.details["problems"]) == 1
    with pytest.raises(BadMapping):
        move_running(SYSTEM, commune.version, target, {"nhan": "hoi"})
    assert not preview_move(SYSTEM, commune.version, target, {}).possible
    assert open_steps() == ["nhan"]
    with pytest.raises(RoutesNotAllowed):
        move_running(commune.actors["chu_tich"], commune.version, target, {"nhan": "nhan"})
