"""The power goes: before the end of the act nobody is charged and no number is gone; after it all is kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

import haicap
from haicap.kernel import clock
from haicap.kernel.database import current
from haicap.kernel.tests.waiting import until
from haicap.systems.onestop.models import Certification, CertificationNumber, Dossier, DossierFee
from haicap.systems.onestop.reception import copies
from haicap.systems.onestop.tests.factories import NOW, Town, make_town, official

PACKAGE = Path(haicap.__file__).parent


def _kill_a_counter(town: Town, key: uuid.UUID, traces: Path, when: str) -> None:
    """Let another process certify, and kill it where it stands."""
    command = [sys.executable, "-m", "haicap.systems.onestop.reception.tests.counter_process"]
    environment = {
        **os.environ,
        "DATABASE_URL": current.url(),
        "DJANGO_SETTINGS_MODULE": "haicap.settings.test",
        "PYTHONPATH": str(PACKAGE.parent),
    }
    log = traces.with_suffix(".log")
    with (
        log.open("wb") as said,
        subprocess.Popen(
            [*command, str(key), str(town.commune.agency.id), str(traces), when],
            env=environment, stdout=said, stderr=said, stdin=subprocess.DEVNULL,
        ) as process,
    ):  # fmt: skip
        try:
            until(lambda: traces.exists() or process.poll() is not None, 60, log.read_text)
            assert traces.exists(), log.read_text()
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(20)


@pytest.mark.django_db(transaction=True)
def test_copies__killed_before_the_end__nothing_is_charged_and_no_number_is_gone(tmp_path: Path) -> None:
    with clock.at(NOW):
        town = make_town()
    key = uuid.uuid4()
    _kill_a_counter(town, key, tmp_path / "before", "before")
    assert not Dossier.objects.exists()
    assert not DossierFee.objects.exists()
    assert not CertificationNumber.objects.exists()
    with clock.at(NOW):
        request = copies.CopyRequest(key, "Nguyễn Văn Mất Điện", (copies.CopiedPaper("Bằng", 2, 2),))
        made = copies.certify(official(town.commune), request, agency=town.commune.agency)
    assert made.entries[0].number == 1


@pytest.mark.django_db(transaction=True)
def test_copies__killed_after_the_end__is_kept_and_pressing_again_repeats_nothing(tmp_path: Path) -> None:
    with clock.at(NOW):
        town = make_town()
    key = uuid.uuid4()
    _kill_a_counter(town, key, tmp_path / "after", "after")
    kept = Certification.objects.get()
    with clock.at(NOW):
        request = copies.CopyRequest(key, "Nguyễn Văn Mất Điện", (copies.CopiedPaper("Bằng", 2, 2),))
        again = copies.certify(official(town.commune), request, agency=town.commune.agency)
    assert again.entries[0].pk == kept.pk
    assert (Dossier.objects.count(), DossierFee.objects.count()) == (1, 1)
