"""A dossier on its route through a cut-over: the holder of the same title at the successor goes on, without a write."""

from __future__ import annotations

import threading
from datetime import datetime

import pytest
from django.db import connection
from psycopg.types.range import DateRange

from haicap.access.hats import actor_for
from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM, Actor
from haicap.registry.models import Appointment, Post
from haicap.reorganisation.tests.factories import (
    EFFECTIVE,
    World,
    committee,
    cut,
    danang_plan,
    make_person,
    receive,
)
from haicap.systems.onestop.models import Dossier, DossierTask, Status
from haicap.systems.onestop.processing import service
from haicap.systems.onestop.processing.errors import TaskClosed, TaskNotFound
from haicap.systems.onestop.processing.tests.factories import assign, publish, step
from haicap.systems.onestop.processing.tests.factories import outcome as ends

SECOND_OF_JULY = datetime(2025, 7, 2, 8, 30, tzinfo=clock.ZONE)
OLD, SUCCESSOR = "20195", "20194"
ROUTE = {
    "steps": [
        step("nhan", "receive", "cong_chuc_mot_cua", ends("forward", "xu-ly", 4)),
        step("xu-ly", "work", "chuyen_vien", ends("forward", "ky", 4)),
        step("ky", "sign", "chu_tich", ends("sign", "dau", 4), ends("back", "xu-ly", 4)),
        step("dau", "stamp", "van_thu", ends("stamp", "tra", 9)),
        step("tra", "return", "cong_chuc_mot_cua", ends("return", "", 10)),
    ]
}


def bearer(code: str, title: str) -> Actor:
    """Who bears a title at a people's committee, as things stand now."""
    agency = committee(code, clock.today())
    for appointment in Appointment.objects.filter(post__title_id=title).order_by("id"):
        actor = actor_for(appointment.id)
        if actor is not None and agency.id in actor.agency_ids and "Ủy ban" in actor.title:
            return actor
    raise AssertionError((code, title))


def appoint_leader(code: str, title: str) -> None:
    """Somebody new leads the commune from the first day: leading posts end with the old order."""
    posts = Post.objects.filter(
        desk__founder=committee(code, clock.today()), title_id=title, desk__kind="leadership"
    )
    with journal.act(SYSTEM, "test.appoint") as act:
        made = Appointment.objects.create(
            person=make_person(), post=posts.order_by("id")[0], valid=DateRange(EFFECTIVE, None)
        )
        act.changed("registry.appointment", made.id, None, {"title": title})


def open_task(dossier: Dossier) -> DossierTask:
    """The one open task."""
    return DossierTask.objects.get(dossier=dossier, closed_at__isnull=True)


def test_task__received_before_a_cut_over__goes_on_at_the_successor(world: World) -> None:
    assign(publish(ROUTE).route)
    dossier = receive(committee(OLD))
    code, due_at = dossier.code, dossier.due_at
    first = bearer(OLD, "cong_chuc_mot_cua")
    task = service.complete_task(first, open_task(dossier).id, "forward").opened[0]
    service.take_task(bearer(OLD, "chuyen_vien"), task.id)
    before = list(DossierTask.objects.order_by("id").values())

    cut(danang_plan())

    with clock.at(SECOND_OF_JULY):
        assert list(DossierTask.objects.order_by("id").values()) == before
        official = bearer(SUCCESSOR, "chuyen_vien")
        # who had taken it bears the title at the successor too: the head gives it to a colleague there
        appoint_leader(SUCCESSOR, "chu_tich")
        service.assign_task(bearer(SUCCESSOR, "chu_tich"), task.id, official.person_id)
        with pytest.raises(TaskNotFound):
            service.complete_task(bearer("20203", "chuyen_vien"), task.id, "forward")
        service.complete_task(official, task.id, "forward")
        for title, outcome in (("chu_tich", "sign"), ("van_thu", "stamp"), ("cong_chuc_mot_cua", "return")):
            service.complete_task(bearer(SUCCESSOR, title), open_task(dossier).id, outcome)
        dossier.refresh_from_db()
        assert (dossier.code, dossier.due_at, dossier.status) == (code, due_at, Status.RETURNED)
        assert dossier.tasks.filter(closed_at__isnull=True).count() == 0


def test_task__two_at_the_same_moment__one_does_it_and_the_other_is_told(world: World) -> None:
    assign(publish(ROUTE).route)
    dossier = receive(committee(OLD))
    task = open_task(dossier)
    official = bearer(OLD, "cong_chuc_mot_cua")
    barrier, told = threading.Barrier(2), []

    def work() -> None:
        try:
            barrier.wait()
            service.complete_task(official, task.id, "forward")
            told.append("done")
        except TaskClosed as error:
            told.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(told) == ["ONE-903", "done"]
    assert dossier.tasks.count() == 2
