"""Certified copies on a route: numbered and charged at once, signed by whom it asks, handed out."""

from __future__ import annotations

import uuid

from haicap.systems.onestop.models import DossierTask, Status
from haicap.systems.onestop.processing.service import complete_task
from haicap.systems.onestop.processing.tests.conftest import commune  # noqa: F401 - a fixture
from haicap.systems.onestop.processing.tests.factories import Commune, assign, outcome, publish, step
from haicap.systems.onestop.reception import copies
from haicap.systems.onestop.reception.copies import CopiedPaper, CopyRequest

SIGNED = {
    "steps": [
        step("nhan", "receive", "cong_chuc_mot_cua", outcome("forward", "ky", 4)),
        step("ky", "sign", "pho_chu_tich", outcome("sign", "dau", 4)),
        step("dau", "stamp", "van_thu", outcome("stamp", "tra", 9)),
        step("tra", "return", "cong_chuc_mot_cua", outcome("return", "", 10)),
    ]
}
AT_THE_COUNTER = {
    "steps": [
        step("nhan", "receive", "cong_chuc_mot_cua", outcome("forward", "tra", 9)),
        step("tra", "return", "cong_chuc_mot_cua", outcome("return", "", 10)),
    ]
}


def ask() -> CopyRequest:
    return CopyRequest(uuid.uuid4(), "Nguyễn Thị Ánh", (CopiedPaper("Bằng", 2, 1),))


def test_copies__route_with_a_signature__waits_for_it_and_is_handed_out(commune: Commune) -> None:  # noqa: F811
    assign(publish(SIGNED, "ky-so").route, copies.PROCEDURE)
    clerk = commune.actors["cong_chuc_mot_cua"]
    made = copies.certify(clerk, ask(), agency=commune.agency)
    assert (made.dossier.status, made.entries[0].number) == (Status.PROCESSING, 1)
    assert not copies.ready_to_return(clerk, commune.agency.id)
    for title, key in (("pho_chu_tich", "sign"), ("van_thu", "stamp")):
        task = DossierTask.objects.get(dossier=made.dossier, closed_at__isnull=True)
        complete_task(commune.actors[title], task.id, key)
    assert copies.return_ready(clerk, commune.agency.id) == 1
    made.dossier.refresh_from_db()
    assert made.dossier.status == Status.RETURNED


def test_copies__route_of_the_counter_alone__is_closed_at_once(commune: Commune) -> None:  # noqa: F811
    assign(publish(AT_THE_COUNTER, "tai-quay").route, copies.PROCEDURE)
    made = copies.certify(commune.actors["cong_chuc_mot_cua"], ask(), agency=commune.agency)
    assert made.dossier.status == Status.RETURNED
    assert not DossierTask.objects.filter(closed_at__isnull=True).exists()
