"""Where a demonstration is filled, and where it is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from haicap.cli import demonstration
from haicap.cli.demonstration import volumes
from haicap.cli.demonstration.errors import (
    BadScale,
    NoSuchProvince,
    NotForRealData,
)
from haicap.kernel import journal
from haicap.kernel.actor import SYSTEM
from haicap.registry.models import (
    Deployment,
    Level,
    Unit,
    UnitVersion,
)

SCALE = 0.01


def test_fill__other_province_without_reference_table__works(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volumes, "reference_file", lambda name: None)
    report = demonstration.fill("66", 0.01)  # Đắk Lắk and Phú Yên
    assert report.counts["onestop.dossier"] == 600
    assert UnitVersion.objects.filter(unit=Deployment.objects.get().province_id, name="Đắk Lắk").exists()


@pytest.mark.parametrize("scale", [0, -1, 101])
def test_fill__bad_scale__refused(db: None, scale: float) -> None:
    with pytest.raises(BadScale):
        demonstration.fill("48", scale)


def test_fill__bad_province__refused(db: None) -> None:
    with pytest.raises(NoSuchProvince):
        demonstration.fill("49")  # Quảng Nam ended
    assert not Unit.objects.exists()


def test_fill__real_deployment__refused(db: None) -> None:
    with journal.act(SYSTEM, "test.make_real") as act:
        unit = Unit.objects.create(level=Level.PROVINCE)
        Deployment.objects.create(province=unit, demonstration=False)
        act.changed("registry.deployment", None, None, {"demonstration": False})
    with pytest.raises(NotForRealData):
        demonstration.fill("48", SCALE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT shift FROM kernel_clock")
        assert cursor.fetchone() == (timedelta(0),)
