"""What is taken in with a dossier: the values of `take_in`."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from haicap.access.models import Citizen
from haicap.kernel.models import StoredFile
from haicap.systems.onestop.models import ApplicantKind, Channel, Delivery, ProcedureVersion, Result
from haicap.systems.onestop.service import Application


@dataclass(frozen=True, slots=True)
class PaperGiven:
    """Giấy tờ nộp: a paper on the table, a file, or a result that is already held (`reused`)."""

    name: str
    code: str = ""
    originals: int = 0
    copies: int = 0
    file: StoredFile | None = None
    file_name: str = ""
    reused: Result | None = None


@dataclass(frozen=True, slots=True)
class FeeDue:
    """Phí, lệ phí phải nộp: `amount` in đồng; `method` where it is paid at once, with the receipt's number."""

    name: str
    amount: int
    code: str = ""
    method: str = ""
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class Intake:
    """Nội dung tiếp nhận: all that a dossier begins with.

    `submission` is the applicant's key of this act: the same key again finds the dossier that it made.
    """

    application: Application
    submission: uuid.UUID
    version: ProcedureVersion | None = None
    channel: Channel = Channel.IN_PERSON
    case: str = ""
    applicant_kind: ApplicantKind = ApplicantKind.CITIZEN
    applicant_number: str = ""
    birth_date: date | None = None
    phone: str = ""
    email: str = ""
    representative_name: str = ""
    representative_number: str = ""
    citizen: Citizen | None = None
    summary: str = ""
    form: dict[str, Any] = field(default_factory=dict)
    copies: int = 1
    delivery: Delivery = Delivery.COUNTER
    delivery_address: str = ""
    papers: tuple[PaperGiven, ...] = ()
    fees: tuple[FeeDue, ...] = ()
