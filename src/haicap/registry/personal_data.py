"""What the registry holds about officials: the person and the appointments. The law keeps both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from haicap.kernel import journal
from haicap.kernel.contract import DataSubject, Holding, PersonalDataSource
from haicap.registry.models import Appointment, Person

STAFF_RECORDS = _("Hồ sơ cán bộ, công chức phải được quản lý và lưu trữ")
STAFF_LAW = _("Luật Cán bộ, công chức số 80/2025/QH15; Luật Lưu trữ số 33/2024/QH15")
CHUNK = 500


class PersonSource(PersonalDataSource):
    """The person of the registry."""

    system, record, label = "registry", "person", _("Hồ sơ cán bộ, công chức")

    def collect(self, subject: DataSubject) -> Iterator[Mapping[str, Any]]:
        """Name, number, official contacts."""
        for person in _persons(subject):
            told = journal.values(person)
            yield {name: value for name, value in told.items() if name not in ("fold", "sort_key")}

    def decide(self, subject: DataSubject) -> list[Holding]:
        """Stays."""
        count = _persons(subject).count()
        return [Holding(self.label, count, STAFF_RECORDS, STAFF_LAW)]


class AppointmentSource(PersonalDataSource):
    """The posts that the person holds and held."""

    system, record, label = "registry", "appointment", _("Bổ nhiệm")

    def collect(self, subject: DataSubject) -> Iterator[Mapping[str, Any]]:
        """Title, decision, days in force."""
        rows = _appointments(subject).select_related("post__title")
        for one in rows.order_by("id").iterator(CHUNK):
            yield {"title": one.post.title.name, "decision": one.decision, "valid": one.valid}

    def decide(self, subject: DataSubject) -> list[Holding]:
        """Stay."""
        count = _appointments(subject).count()
        return [Holding(self.label, count, STAFF_RECORDS, STAFF_LAW)]


def _persons(subject: DataSubject) -> QuerySet[Person]:
    return Person.objects.filter(pk=subject.person_id) if subject.person_id else Person.objects.none()


def _appointments(subject: DataSubject) -> QuerySet[Appointment]:
    if not subject.person_id:
        return Appointment.objects.none()
    return Appointment.objects.filter(person_id=subject.person_id)


PERSONAL_DATA: tuple[type[PersonalDataSource], ...] = (PersonSource, AppointmentSource)
