"""Tasks along a route: who may, what follows, who is told."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest

from haicap.kernel import clock
from haicap.kernel.actor import SYSTEM, Actor
from haicap.kernel.models import JournalEntry
from haicap.registry.models import Agency
from haicap.registry.tests.places import NOW
from haicap.systems.onestop import service as dossiers
from haicap.systems.onestop.models import Dossier, DossierTask, Status
from haicap.systems.onestop.processing import service
from haicap.systems.onestop.processing.errors import (
    AssignNotAllowed,
    DossierWaits,
    GoesByRoute,
    NotABearer,
    OutcomeUnknown,
    ReasonNeeded,
    TaskClosed,
    TaskNotFound,
    TaskTaken,
)
from haicap.systems.onestop.processing.tests.factories import PROCEDURE, Commune
from haicap.systems.onestop.reception.intake import Intake
from haicap.systems.onestop.reception.service import take_in
from haicap.systems.onestop.service import Application

SO = ("so", "Xây dựng", "48")


def open_task(dossier: Dossier) -> DossierTask:
    """The one open main task."""
    return DossierTask.objects.exclude(kind="consult").get(dossier=dossier, closed_at__isnull=True)


def walk(commune: Commune, dossier: Dossier, *outcomes: str) -> DossierTask | None:
    """Complete tasks one after the other, each by who bears its title."""
    for outcome in outcomes:
        task = open_task(dossier)
        service.complete_task(commune.actors[task.title_id], task.id, outcome, note="vì vậy")
    return DossierTask.objects.filter(dossier=dossier, closed_at__isnull=True).first()


def test_dossier__received_with_a_route__has_its_first_task(commune: Commune) -> None:
    dossier = commune.receive()
    task = open_task(dossier)
    assert (task.step, task.title_id, task.desk_id) == ("nhan", "cong_chuc_mot_cua", None)
    assert dossier.detail.route_version_id == commune.version.id
    # 4 working hours from 9:30: the rest of the morning, and the first hours of the afternoon
    assert task.due_at is not None
    assert NOW < task.due_at < NOW + timedelta(days=1)


def test_dossier__without_a_route__goes_on_as_before(commune: Commune) -> None:
    dossier = commune.receive(procedure="1.000656")
    assert not DossierTask.objects.exists()
    for status in (Status.PROCESSING, Status.PROCESSED, Status.RETURNED):
        dossier = dossiers.advance_dossier(SYSTEM, dossier.id, status)
    assert dossier.status == Status.RETURNED


def test_dossier__accepted_online__begins_its_route_then(commune: Commune) -> None:
    dossier = commune.receive(registered_only=True)
    assert not DossierTask.objects.exists()
    dossiers.advance_dossier(SYSTEM, dossier.id, Status.RECEIVED)
    assert open_task(dossier).step == "nhan"


def test_route__every_title__leads_to_the_result(commune: Commune) -> None:
    dossier = commune.receive()
    left = walk(commune, dossier, "forward", "forward", "sign", "stamp", "return")
    dossier.refresh_from_db()
    assert left is None
    assert dossier.status == Status.RETURNED
    assert [task.step for task in dossier.tasks.order_by("opened_at", "id")] == [
        "nhan",
        "xu-ly",
        "ky",
        "phat-hanh",
        "tra",
    ]
    assert [step.status for step in dossier.steps.order_by("id")] == [2, 4, 9, 10]
    last = JournalEntry.objects.filter(action="onestop.complete_task").values_list(
        "correlation_id", flat=True
    )
    assert len(set(last)) == 5


@pytest.mark.parametrize("title", ["chuyen_vien", "van_thu", "chu_tich"])
def test_task__other_title__is_not_there(commune: Commune, title: str) -> None:
    task = open_task(commune.receive())
    with pytest.raises(TaskNotFound):
        service.complete_task(commune.actors[title], task.id, "forward")


def test_task__same_title_elsewhere__is_not_there(commune: Commune) -> None:
    task = open_task(commune.receive())
    stranger = commune.actor("cong_chuc_mot_cua", "tt_pvhcc", code="20196")
    with pytest.raises(TaskNotFound):
        service.take_task(stranger, task.id)


def test_dossier__open_task_of_my_title__may_be_seen(commune: Commune) -> None:
    dossier = commune.receive()
    official = commune.actors["chuyen_vien"]
    assert not Dossier.objects.visible_to(official).exists()
    walk(commune, dossier, "forward")
    assert Dossier.objects.visible_to(official).get() == dossier
    other = commune.actor("chuyen_vien", "phong", "Văn hóa - Xã hội", code="20196")
    assert not Dossier.objects.visible_to(other).exists()


def test_task__taken_by_a_colleague__tells_whose_it_is(commune: Commune) -> None:
    task = open_task(commune.receive())
    mine = commune.actors["cong_chuc_mot_cua"]
    service.take_task(mine, task.id)
    second = replace(mine, person_id=commune.actors["chu_tich"].person_id)
    with pytest.raises(TaskTaken, match=mine.label):
        service.complete_task(second, task.id, "forward")
    service.release_task(mine, task.id)
    service.take_task(second, task.id)


def test_task__completed_by_two__the_second_is_told(commune: Commune) -> None:
    dossier = commune.receive()
    task = open_task(dossier)
    mine = commune.actors["cong_chuc_mot_cua"]
    service.complete_task(mine, task.id, "forward")
    with pytest.raises(TaskClosed, match="vừa được hoàn thành"):
        service.complete_task(mine, task.id, "forward")
    assert dossier.tasks.count() == 2


def test_task__assigned_by_the_head__goes_to_title_or_deputy(commune: Commune) -> None:
    dossier = commune.receive()
    walk(commune, dossier, "forward", "forward")
    task = open_task(dossier)
    deputy = commune.actors["pho_chu_tich"]
    with pytest.raises(TaskNotFound):
        service.complete_task(deputy, task.id, "sign")
    with pytest.raises(AssignNotAllowed):
        service.assign_task(commune.actors["chuyen_vien"], task.id, deputy.person_id)
    with pytest.raises(NotABearer):
        service.assign_task(commune.actors["chu_tich"], task.id, commune.actors["van_thu"].person_id)
    assert {hat.title for hat in service.bearers(task)} == {"chu_tich", "pho_chu_tich"}
    service.assign_task(commune.actors["chu_tich"], task.id, deputy.person_id)
    assert service.complete_task(deputy, task.id, "sign").opened[0].step == "phat-hanh"


def test_task__supplement__stands_still_and_goes_on_when_it_comes(commune: Commune) -> None:
    dossier = commune.receive()
    walk(commune, dossier, "forward", "supplement")
    task = open_task(dossier)
    assert (task.step, task.due_at) == ("xu-ly", None)
    with pytest.raises(DossierWaits):
        service.complete_task(commune.actors["chuyen_vien"], task.id, "forward")
    with clock.at(NOW + timedelta(days=5)):
        dossiers.advance_dossier(commune.actors["cong_chuc_mot_cua"], dossier.id, Status.PROCESSING)
        task.refresh_from_db()
        assert task.due_at > clock.now()
        assert walk(commune, dossier, "forward").step == "ky"


def test_dossier__withdrawn__ends_its_tasks(commune: Commune) -> None:
    dossier = commune.receive()
    dossiers.advance_dossier(SYSTEM, dossier.id, Status.WITHDRAWN, note="dân rút")
    assert dossier.tasks.get().outcome == "ended"


@pytest.mark.parametrize("status", [Status.PROCESSING])
def test_dossier__moved_past_its_route__is_refused(commune: Commune, status: Status) -> None:
    dossier = commune.receive()
    with pytest.raises(GoesByRoute):
        dossiers.advance_dossier(SYSTEM, dossier.id, status)
    dossier.refresh_from_db()
    assert dossier.status == Status.RECEIVED


def test_task__refused__says_why_and_hands_out_the_letter(commune: Commune) -> None:
    dossier = commune.receive()
    walk(commune, dossier, "forward")
    task = open_task(dossier)
    official = commune.actors["chuyen_vien"]
    with pytest.raises(ReasonNeeded):
        service.complete_task(official, task.id, "refuse")
    with pytest.raises(OutcomeUnknown):
        service.complete_task(official, task.id, "sign")
    done = service.complete_task(official, task.id, "refuse", note="không đủ điều kiện")
    assert (done.dossier.status, done.opened[0].step) == (Status.PROCESSED, "tra")


def test_consultation__two_agencies__goes_on_when_both_answered(commune: Commune) -> None:
    dossier = commune.receive()
    walk(commune, dossier, "forward", "consult")
    asked = {task.desk.founder.slot: task for task in dossier.tasks.filter(kind="consult")}
    assert set(asked) == {"Xây dựng", "Tư pháp"}
    answers = {slot: commune.actor("chuyen_vien", "so", slot, code="48") for slot in asked}
    with pytest.raises(TaskNotFound):
        service.complete_task(answers["Tư pháp"], asked["Xây dựng"].id, "dong-y")
    with clock.shifted(timedelta(seconds=5)):  # the drawers were opened a moment ago
        _answer_both(commune, dossier, answers, asked)


def _answer_both(
    commune: Commune, dossier: Dossier, answers: dict[str, Actor], asked: dict[str, DossierTask]
) -> None:
    first = service.complete_task(answers["Xây dựng"], asked["Xây dựng"].id, "dong-y", note="được")
    assert first.opened == ()
    assert Dossier.objects.visible_to(answers["Tư pháp"]).get() == dossier
    second = service.complete_task(answers["Tư pháp"], asked["Tư pháp"].id, "khong-dong-y")
    assert [task.step for task in second.opened] == ["xu-ly"]
    assert open_task(dossier).desk_id is None


def test_consultation__not_answered__head_goes_on(commune: Commune) -> None:
    dossier = commune.receive()
    walk(commune, dossier, "forward", "consult")
    opened = service.close_consultations(commune.actors["chu_tich"], dossier.id, reason="quá hạn trả lời")
    assert [task.step for task in opened] == ["xu-ly"]
    assert {task.outcome for task in dossier.tasks.filter(kind="consult")} == {"recalled"}


def test_tasks__in_bulk__all_or_none(commune: Commune) -> None:
    made = [commune.receive() for _number in range(4)]
    tasks = [open_task(dossier).id for dossier in made]
    done = service.complete_tasks(commune.actors["cong_chuc_mot_cua"], tasks[:3], "forward")
    assert [each.opened[0].step for each in done] == ["xu-ly"] * 3
    with pytest.raises(TaskClosed):
        service.complete_tasks(commune.actors["cong_chuc_mot_cua"], tasks, "forward")
    assert open_task(made[3]).step == "nhan"


def test_dossier__taken_in_with_its_papers__is_on_its_route(commune: Commune) -> None:
    application = Application(PROCEDURE, "Nguyễn Thị Ánh", "ho-tich", working_days=5)
    dossier = take_in(
        SYSTEM, Intake(application=application, submission=uuid.uuid4()), receiving_agency=commune.agency
    )
    assert dossier.detail.route_version_id == commune.version.id
    assert dossier.detail.submission is not None
    assert open_task(dossier).step == "nhan"


def test_result__received_elsewhere__is_handed_out_where_it_was_received(commune: Commune) -> None:
    """Phi địa giới: worked on where it is decided, handed out where the applicant came."""
    there = Agency.objects.get(pk=commune.places.agency("20196"))
    dossier = commune.receive(competent_agency=there)
    here = commune.actors["cong_chuc_mot_cua"]
    with pytest.raises(TaskNotFound):
        service.complete_task(here, open_task(dossier).id, "forward")
    for outcome in ("forward", "forward", "sign", "stamp"):
        service.complete_task(SYSTEM, open_task(dossier).id, outcome)
    assert Dossier.objects.visible_to(here).get() == dossier
    service.complete_task(here, open_task(dossier).id, "return")
    dossier.refresh_from_db()
    assert dossier.status == Status.RETURNED
