"""Pages of tasks: the worklist, one dossier's tasks, many at once, handing out, files, wrong people."""

from __future__ import annotations

import uuid
from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from haicap.access.models import Reading
from haicap.access.tests import accounts
from haicap.kernel import clock, files, journal
from haicap.kernel.actor import SYSTEM, Actor
from haicap.registry.desks import desk_for
from haicap.registry.models import Agency
from haicap.registry.tests.places import NOW
from haicap.systems.onestop.models import (
    Dossier,
    DossierLetter,
    DossierPaper,
    DossierTask,
    LetterForm,
    Status,
)
from haicap.systems.onestop.processing import handling, service, worklist
from haicap.systems.onestop.processing.errors import SupplementAgain
from haicap.systems.onestop.processing.handling import Ending
from haicap.systems.onestop.processing.tests.factories import COMMUNE, Commune
from haicap.systems.onestop.processing.tests.test_walk_route import open_task, walk
from haicap.systems.onestop.processing.worklist import Circle, Taken, TaskFilters
from haicap.systems.onestop.service import advance_dossier, move_dossier

WHERE = {
    "cong_chuc_mot_cua": ("tt_pvhcc", ""),
    "chuyen_vien": ("phong", "Văn hóa - Xã hội"),
    "chu_tich": ("ubnd", ""),
    "pho_chu_tich": ("ubnd", ""),
    "van_thu": ("van_phong", ""),
}


def browser(commune: Commune, title: str, code: str = COMMUNE) -> Client:
    """A browser of who bears a title."""
    client = Client(headers={"host": "127.0.0.1"})
    accounts.sign_in(client, commune.places.appointment(code, title, *WHERE[title]))
    return client


def tasks(actor: Actor, **filters: object) -> list[DossierTask]:
    """The first page of an actor's tasks."""
    found = worklist.page(worklist.reach(actor), TaskFilters(**filters))  # type: ignore[arg-type]
    return [row.task for row in found.rows]


def act(client: Client, task: DossierTask, **form: str) -> object:
    """Press a button of a task."""
    return client.post(reverse("onestop:task-act", args=[task.id]), form)


def test_worklist__my_title__lists_mine_by_due_time_and_nobody_elses(commune: Commune) -> None:
    late = commune.receive()
    with clock.at(NOW + timedelta(hours=1)):
        soon = commune.receive()
    mine = commune.actors["cong_chuc_mot_cua"]
    assert [task.dossier_id for task in tasks(mine)] == [late.id, soon.id]
    for title in ("chuyen_vien", "van_thu", "chu_tich"):
        assert tasks(commune.actors[title]) == []
    assert tasks(commune.actor("cong_chuc_mot_cua", "tt_pvhcc", code="20196"), circle=Circle.AGENCY) == []
    assert len(tasks(commune.actors["chu_tich"], circle=Circle.AGENCY)) == 2


def test_worklist__pages__go_on_where_the_last_ended(commune: Commune) -> None:
    made = [commune.receive() for _number in range(7)]
    walk(commune, made[0], "supplement")
    reach = worklist.reach(commune.actors["cong_chuc_mot_cua"])
    seen: list[uuid.UUID] = []
    filters = TaskFilters()
    while True:
        page = worklist.page(reach, filters, rows=2)
        seen += [row.task.dossier_id for row in page.rows]
        if page.after is None:
            break
        filters = TaskFilters(after=page.after)
    assert sorted(seen) == sorted(one.id for one in made)
    assert seen[-1] == made[0].id  # its clock stands still: no due time


@pytest.mark.parametrize(
    ("filters", "many"),
    [
        ({"taken": Taken.NOBODY}, 2),
        ({"taken": Taken.ME}, 1),
        ({"text": "nguyen thi anh"}, 3),
        ({"text": "khong co"}, 0),
        ({"text": "100%"}, 0),
        ({"field": "ho-tich"}, 3),
        ({"field": "dat-dai"}, 0),
        ({"urgency": worklist.Urgency.TODAY}, 3),
        ({"urgency": worklist.Urgency.OVERDUE}, 0),
    ],
)
def test_worklist__filters__narrow(commune: Commune, filters: dict[str, object], many: int) -> None:
    made = [commune.receive() for _number in range(3)]
    mine = commune.actors["cong_chuc_mot_cua"]
    service.take_task(mine, open_task(made[0]).id)
    assert len(tasks(mine, **filters)) == many


def test_worklist__filters__round_trip(commune: Commune) -> None:
    filters = TaskFilters(
        Circle.ASKED, worklist.Urgency.SOON, Taken.ME, worklist.TaskKind.SIGN, "dat-dai", "hòa"
    )
    assert TaskFilters.read(dict(parse_qsl(filters.as_query()))) == filters


def test_worklist__counts__agree_with_the_pages(commune: Commune) -> None:
    made = [commune.receive() for _number in range(4)]
    walk(commune, made[0], "forward", "consult")
    walk(commune, made[1], "supplement")
    with clock.shifted(timedelta(seconds=5)):
        for actor in (*commune.actors.values(), commune.actor("chuyen_vien", "so", "Xây dựng", code="48")):
            reach = worklist.reach(actor)
            counts = worklist.counts(reach)
            for circle in Circle:
                assert sum(counts[circle].values()) == len(worklist.page(reach, TaskFilters(circle)).rows), (
                    circle
                )
                for urgency, many in counts[circle].items():
                    assert many == len(worklist.page(reach, TaskFilters(circle, urgency)).rows)
        asked = tasks(commune.actor("chuyen_vien", "so", "Xây dựng", code="48"), circle=Circle.ASKED)
        assert [task.dossier_id for task in asked] == [made[0].id]


def test_task__moves_with_its_dossier__to_the_new_desk(commune: Commune) -> None:
    dossier = commune.receive()
    other = commune.places.agency("20196")
    with journal.act(SYSTEM, "test.desk") as said:
        desk = desk_for(Agency.objects.get(pk=other), None, "", actor=SYSTEM)
        said.changed("test.desk", desk.id, None, {})
    with clock.shifted(timedelta(seconds=5)):
        move_dossier(SYSTEM, dossier.id, desk, "nhầm nơi")
        assert open_task(dossier).lies_on_id == desk.id
        there = commune.actor("cong_chuc_mot_cua", "tt_pvhcc", code="20196")
        assert [task.dossier_id for task in tasks(there)] == [dossier.id]


def test_worklist__plan__reads_its_index(commune: Commune) -> None:
    commune.receive()
    with CaptureQueriesContext(connection) as captured:
        worklist.page(worklist.reach(commune.actors["chuyen_vien"]), TaskFilters())
    first = next(one["sql"] for one in captured if "lying" in one["sql"])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        # over a handful of rows every index is as good; what is asked is whether this one can serve
        cursor.execute("DROP INDEX onestop_task_due")
        cursor.execute("EXPLAIN " + first)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "onestop_task_worklist" in plan, plan


def test_pages__query_counts__do_not_grow(commune: Commune) -> None:
    client = browser(commune, "cong_chuc_mot_cua")

    def asked(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    dossier = commune.receive()
    client.get(reverse("onestop:tasks"))
    few = asked(reverse("onestop:tasks"))
    for _number in range(12):
        commune.receive()
    assert asked(reverse("onestop:tasks")) <= few
    assert few < 12
    assert asked(reverse("onestop:dossier", args=[dossier.code])) < 30


def test_task_page__one_button_after_another__leads_to_the_result(commune: Commune) -> None:
    dossier = commune.receive()
    for title, outcome in (
        ("cong_chuc_mot_cua", "forward"),
        ("chuyen_vien", "forward"),
        ("chu_tich", "sign"),
        ("van_thu", "stamp"),
        ("cong_chuc_mot_cua", "return"),
    ):
        client = browser(commune, title)
        task = open_task(dossier)
        page = client.get(reverse("onestop:dossier", args=[dossier.code])).content.decode()
        assert f'value="{outcome}"' in page
        assert "▶" in page
        assert act(client, task, lam="nhan").status_code == 302
        assert act(client, task, lam="xong", **{"ket-thuc": outcome}).status_code == 302
    dossier.refresh_from_db()
    assert dossier.status == Status.RETURNED
    page = browser(commune, "chu_tich").get(reverse("onestop:dossier", args=[dossier.code])).content.decode()
    assert "Việc đã làm" in page


def test_task_page__supplement__issues_form_02_and_counts(commune: Commune) -> None:
    dossier = commune.receive()
    walk(commune, dossier, "forward")
    client = browser(commune, "chuyen_vien")
    refused = act(client, open_task(dossier), lam="xong", **{"ket-thuc": "supplement"})
    assert refused.status_code == 400
    assert "ONE-910" in refused.content.decode()
    done = act(
        client, open_task(dossier), lam="xong", **{"ket-thuc": "supplement", "con-thieu": "Bản sao\nẢnh 3x4"}
    )
    assert done.status_code == 302
    letter = DossierLetter.objects.get(dossier=dossier)
    assert (letter.form, letter.reason) == (LetterForm.SUPPLEMENT, "Bản sao; Ảnh 3x4")
    dossier.refresh_from_db()
    assert (dossier.status, dossier.detail.supplements) == (Status.SUPPLEMENT, 1)


def test_task__second_supplement__must_be_meant(commune: Commune) -> None:
    dossier = commune.receive()
    walk(commune, dossier, "forward")
    mine = commune.actors["chuyen_vien"]
    handling.end_task(mine, open_task(dossier).id, Ending("supplement", "thiếu ảnh"))
    advance_dossier(commune.actors["cong_chuc_mot_cua"], dossier.id, Status.PROCESSING)
    task = open_task(dossier)
    with pytest.raises(SupplementAgain):
        handling.end_task(mine, task.id, Ending("supplement", "thiếu nữa"))
    dossier.refresh_from_db()
    assert (dossier.status, DossierLetter.objects.count()) == (Status.PROCESSING, 1)
    handling.end_task(mine, task.id, Ending("supplement", "thiếu nữa", again=True))
    dossier.detail.refresh_from_db()
    assert dossier.detail.supplements == 2


def test_task_page__refusal__issues_form_03(commune: Commune) -> None:
    dossier = commune.receive()
    walk(commune, dossier, "forward")
    act(
        browser(commune, "chuyen_vien"),
        open_task(dossier),
        lam="xong",
        **{"ket-thuc": "refuse", "ly-do": "sai nơi"},
    )
    assert DossierLetter.objects.get(dossier=dossier).form == LetterForm.REFUSAL


@pytest.mark.parametrize("title", ["chuyen_vien", "van_thu"])
def test_task_page__wrong_title__is_not_there(commune: Commune, title: str) -> None:
    dossier = commune.receive()
    client = browser(commune, title)
    assert act(client, open_task(dossier), lam="xong", **{"ket-thuc": "forward"}).status_code == 404
    assert client.get(reverse("onestop:dossier", args=[dossier.code])).status_code == 404
    assert open_task(dossier).step == "nhan"


def test_task_page__neighbour_and_nobody__are_refused(commune: Commune) -> None:
    task = open_task(commune.receive())
    assert act(browser(commune, "cong_chuc_mot_cua", "20196"), task, lam="nhan").status_code == 404
    assert act(browser(commune, "chu_tich", "20196"), task, lam="tra-lai").status_code == 404
    assert act(Client(headers={"host": "127.0.0.1"}), task, lam="nhan").status_code == 403
    neighbour = browser(commune, "chu_tich", "20196")
    assert neighbour.get(reverse("onestop:task-assign", args=[task.id])).status_code == 404
    assert neighbour.get(reverse("onestop:tasks")).status_code == 200


def test_task_page__somebody_else_was_faster__is_told_who(commune: Commune) -> None:
    dossier = commune.receive()
    task = open_task(dossier)
    client = browser(commune, "cong_chuc_mot_cua")
    service.complete_task(commune.actors["cong_chuc_mot_cua"], task.id, "forward")
    late = act(client, task, lam="xong", **{"ket-thuc": "forward"})
    assert late.status_code == 409
    told = late.content.decode()
    assert "vừa được hoàn thành" in told
    assert commune.actors["cong_chuc_mot_cua"].label in told


def test_task__assigned_by_the_head__is_listed_for_the_deputy(commune: Commune) -> None:
    dossier = commune.receive()
    walk(commune, dossier, "forward", "forward")
    task = open_task(dossier)
    head, deputy = browser(commune, "chu_tich"), commune.actors["pho_chu_tich"]
    page = head.get(reverse("onestop:task-assign", args=[task.id])).content.decode()
    assert str(deputy.person_id) in page
    assert tasks(deputy) == []
    assigned = head.post(reverse("onestop:task-assign", args=[task.id]), {"nguoi": str(deputy.person_id)})
    assert assigned.status_code == 302
    assert [one.id for one in tasks(deputy)] == [task.id]
    assert (
        browser(commune, "chuyen_vien").get(reverse("onestop:task-assign", args=[task.id])).status_code == 403
    )


def test_tasks__many__are_taken_summed_up_and_given_back(commune: Commune) -> None:
    made = [open_task(commune.receive()) for _number in range(3)]
    client = browser(commune, "cong_chuc_mot_cua")
    ids = [str(task.id) for task in made]
    page = client.post(reverse("onestop:tasks-act"), {"lam": "nhan", "viec": ids}).content.decode()
    assert "Nhận việc: 3 việc" in page
    assert "Hoàn tác" in page
    assert DossierTask.objects.filter(taken_by__isnull=False).count() == 3
    client.post(reverse("onestop:tasks-act"), {"lam": "tra-lai", "viec": ids, "hoan-tac": "1"})
    assert not DossierTask.objects.filter(taken_by__isnull=False).exists()


def test_tasks__many_at_once__the_rest_is_done_where_one_was_faster(commune: Commune) -> None:
    made = [open_task(commune.receive()) for _number in range(3)]
    mine = commune.actors["cong_chuc_mot_cua"]
    service.complete_task(mine, made[1].id, "forward")
    summary = handling.end_many(mine, [task.id for task in made], Ending("forward"))
    assert [task.id for task in summary.done] == [made[0].id, made[2].id]
    assert [error.code for _task, error in summary.refused] == ["ONE-903"]


def test_tasks__many__are_ended_after_a_summary(commune: Commune) -> None:
    made = [open_task(commune.receive()) for _number in range(2)]
    client = browser(commune, "cong_chuc_mot_cua")
    form = {"lam": "xong", "viec": [str(task.id) for task in made]}
    page = client.post(reverse("onestop:tasks-act"), form).content.decode()
    assert "2 việc sẽ thay đổi" in page
    assert DossierTask.objects.filter(closed_at__isnull=False).count() == 0
    client.post(reverse("onestop:tasks-act"), form | {"xac-nhan": "1", "ket-thuc": "forward"})
    assert DossierTask.objects.filter(closed_at__isnull=False).count() == 2


def test_tasks__many__of_the_neighbour__are_left_alone(commune: Commune) -> None:
    task = open_task(commune.receive())
    client = browser(commune, "chu_tich", "20196")
    for deed in ("nhan", "giao", "xong", "tra-lai"):
        form = {"lam": deed, "viec": str(task.id), "xac-nhan": "1", "ket-thuc": "forward"}
        assert client.post(reverse("onestop:tasks-act"), form).status_code == 302
    task.refresh_from_db()
    assert (task.taken_by_id, task.closed_at) == (None, None)


@pytest.fixture
def paper(commune: Commune) -> DossierPaper:
    """A PDF in a dossier."""
    dossier = commune.receive()
    kept = files.put(b"%PDF-1.4 thu", "application/pdf", "don.pdf")
    with journal.act(SYSTEM, "test.paper") as said:
        made = DossierPaper.objects.create(
            dossier=dossier, name="Đơn", file=kept, file_name="đơn.pdf", at=clock.now()
        )
        said.changed("onestop.paper", made.pk, None, {})
    return made


def test_paper__file__is_read_in_the_page_and_noted(commune: Commune, paper: DossierPaper) -> None:
    client = browser(commune, "cong_chuc_mot_cua")
    code = paper.dossier.code
    assert "iframe" in client.get(reverse("onestop:dossier", args=[code])).content.decode()
    before = Reading.objects.count()
    answer = client.get(reverse("onestop:paper-file", args=[code, paper.pk]))
    assert b"".join(answer.streaming_content) == b"%PDF-1.4 thu"  # type: ignore[attr-defined]
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in answer["Content-Security-Policy"]
    assert answer["Content-Disposition"].startswith("inline")
    assert Reading.objects.count() == before + 1


def test_paper__file__is_not_there_for_others(commune: Commune, paper: DossierPaper) -> None:
    address = reverse("onestop:paper-file", args=[paper.dossier.code, paper.pk])
    for client in (browser(commune, "chu_tich", "20196"), browser(commune, "chuyen_vien")):
        assert client.get(address).status_code == 404
    other = commune.receive()
    mine = browser(commune, "cong_chuc_mot_cua")
    assert mine.get(reverse("onestop:paper-file", args=[other.code, paper.pk])).status_code == 404


def test_apologies__head__tells_many_with_the_one_new_date(commune: Commune) -> None:
    made = [commune.receive() for _number in range(2)]
    later = NOW + timedelta(days=14)
    with clock.at(later):
        head = browser(commune, "chu_tich")
        page = head.get(reverse("onestop:apologies")).content.decode()
        assert all(one.code in page for one in made)
        assert browser(commune, "chuyen_vien").get(reverse("onestop:apologies")).status_code == 403
        neighbour = browser(commune, "chu_tich", "20196").get(reverse("onestop:apologies")).content.decode()
        assert made[0].code not in neighbour
        form = {"ho-so": [str(one.id) for one in made], "ly-do": "Mất điện", "hen-moi": "05/08/2025"}
        assert head.post(reverse("onestop:apologies"), form).status_code == 302
        assert DossierLetter.objects.filter(form=LetterForm.APOLOGY).count() == 2
        assert Dossier.objects.get(pk=made[0].id).detail.promised_at.day == 5
        again = head.post(reverse("onestop:apologies"), form)
        assert "ONE-403" in again.content.decode()
