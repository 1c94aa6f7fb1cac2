"""What the one-stop shop holds about applicants: their dossiers, kept as long as the law says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from haicap.kernel.contract import DataSubject, Holding, PersonalDataSource, number_subject
from haicap.systems.onestop import catalogue
from haicap.systems.onestop.models import IN_FLIGHT, Dossier, Status

CHUNK = 500


class DossierSource(PersonalDataSource):
    """Dossiers that the person handed in. Found by number only: others bear the same name."""

    system, record, label = "onestop", "dossier", _("Hồ sơ thủ tục hành chính")

    def collect(self, subject: DataSubject) -> Iterator[Mapping[str, Any]]:
        """What was handed in and how it stands."""
        for one in _of(subject).order_by("received_at", "id").iterator(CHUNK):
            yield {
                "code": one.code,
                "procedure": catalogue.procedure_name(one.procedure_code),
                "applicant_name": one.applicant_name,
                "village": one.village,
                "address": one.address,
                "latitude": one.latitude,
                "longitude": one.longitude,
                "status": str(Status(one.status).label),
                "received_at": one.received_at,
                "due_at": one.due_at,
                "finished_at": one.finished_at,
            }

    def decide(self, subject: DataSubject) -> list[Holding]:
        """All stay: the open ones because they are being worked on, the closed ones as records."""
        counted = _of(subject).aggregate(
            running=Count("id", filter=Q(status__in=IN_FLIGHT)),
            closed=Count("id", filter=~Q(status__in=IN_FLIGHT)),
        )
        return [
            Holding(
                _("Hồ sơ đang giải quyết"),
                counted["running"],
                _("Đang giải quyết theo đề nghị của chính người nộp"),
                _("Nghị định 118/2025/NĐ-CP"),
            ),
            Holding(
                _("Hồ sơ đã giải quyết"),
                counted["closed"],
                _("Hồ sơ, kết quả giải quyết phải lưu trữ đủ thời hạn"),
                _("Luật Lưu trữ số 33/2024/QH15; Nghị định 118/2025/NĐ-CP"),
            ),
        ]


def _of(subject: DataSubject) -> QuerySet[Dossier]:
    if not subject.personal_number:
        return Dossier.objects.none()
    return Dossier.objects.filter(applicant_subject=number_subject(subject.personal_number))


PERSONAL_DATA: tuple[type[PersonalDataSource], ...] = (DossierSource,)
