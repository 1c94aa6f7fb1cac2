"""Whose data: the names under which readings and records are kept."""

from __future__ import annotations

import uuid

from haicap.access.models import Account
from haicap.kernel.contract import DataSubject, number_subject

__all__ = ["citizen_subject", "number_subject", "person_subject", "record_subject", "subject_of"]


def person_subject(person_id: uuid.UUID) -> str:
    """Cán bộ, công chức: a person of the registry."""
    return f"person:{person_id}"


def citizen_subject(citizen_id: uuid.UUID) -> str:
    """Người dân: a citizen's record."""
    return f"citizen:{citizen_id}"


def record_subject(record: str, record_id: uuid.UUID) -> str:
    """Whoever a record is about, where no number is known: "dossier:<id>"."""
    return f"{record}:{record_id}"


def subject_of(account: Account) -> DataSubject:
    """Chủ thể dữ liệu: the owner of an account, with every name that records may know them by."""
    citizen = getattr(account, "citizen", None)
    number = citizen.personal_number if citizen is not None else ""
    if account.person is not None:
        number = account.person.personal_number
    return DataSubject(
        account_id=account.pk,
        label=account.get_full_name(),
        person_id=account.person_id,
        citizen_id=citizen.pk if citizen is not None else None,
        personal_number=number,
    )
