"""A published procedure with papers and a fee, and what an applicant brings for it."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from psycopg.types.range import Range

from haicap.kernel import journal
from haicap.kernel.actor import SYSTEM
from haicap.kernel.text import fold
from haicap.systems.onestop.models import (
    Channel,
    Fee,
    LimitUnit,
    Procedure,
    ProcedureField,
    ProcedureVersion,
    RequiredPaper,
    TimeLimit,
)
from haicap.systems.onestop.reception.intake import Intake, PaperGiven
from haicap.systems.onestop.service import Application

BIRTH_PAPERS = ("Tờ khai đăng ký khai sinh", "Giấy chứng sinh")


def make_version(
    code: str = "1.001193",
    name: str = "Đăng ký khai sinh",
    *,
    begins: date = date(2025, 7, 1),
    ends: date | None = None,
    limit: tuple[int | None, LimitUnit] = (None, LimitUnit.SAME_DAY),
) -> ProcedureVersion:
    """A version of a procedure, with two papers (and a third in the case «con nuôi»), a fee and a limit."""
    with journal.act(SYSTEM, "test.make_version") as act:
        field, _made = ProcedureField.objects.get_or_create(
            code="ho-tich", defaults={"name": "Hộ tịch", "fold": "ho tich"}
        )
        procedure, _made = Procedure.objects.get_or_create(code=code, twin=0)
        version = ProcedureVersion.objects.create(
            procedure=procedure,
            valid=Range(begins, ends, "[)"),
            name=name,
            fold=fold(name),
            field=field,
            levels=["commune"],
            source="test",
        )
        RequiredPaper.objects.bulk_create(
            [
                RequiredPaper(version=version, position=position, name=paper, originals=1)
                for position, paper in enumerate(BIRTH_PAPERS)
            ]
            + [RequiredPaper(version=version, position=9, case="con nuôi", name="Quyết định nuôi con nuôi")]
        )
        Fee.objects.create(version=version, name="Lệ phí khai sinh", amount=0, unit="hồ sơ")
        amount, unit = limit
        TimeLimit.objects.create(version=version, amount=amount, unit=unit)
        act.changed("onestop.procedure", procedure.id, None, {"code": code})
    return version


def make_intake(version: ProcedureVersion | None = None, **changes: Any) -> Intake:
    """What a father brings to have a birth registered."""
    values: dict[str, Any] = {
        "application": Application("1.001193", "Nguyễn Văn Đức", applicant_number="048090001234"),
        "submission": uuid.uuid4(),
        "version": version,
        "channel": Channel.IN_PERSON,
        "applicant_number": "048090001234",
        "phone": "0905 123 456",
        "papers": tuple(PaperGiven(name, originals=1) for name in BIRTH_PAPERS),
    }
    return Intake(**values | changes)
