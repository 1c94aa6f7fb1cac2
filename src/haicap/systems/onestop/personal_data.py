"""What the one-stop shop holds about applicants: their dossiers, kept as long as the law says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from haicap.kernel.actor import Actor
from haicap.kernel.contract import DataSubject, Holding, PersonalDataSource, number_subject
from haicap.systems.onestop import catalogue
from haicap.systems.onestop.models import IN_FLIGHT, Dossier, DossierDetail, OnlineDraft, Result, Status

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


class DetailSource(PersonalDataSource):
    """What the person said in a dossier: contact, representative, form. Part of the dossier's record."""

    system, record, label = "onestop", "dossier_detail", _("Thông tin đã khai trong hồ sơ")

    def collect(self, subject: DataSubject) -> Iterator[Mapping[str, Any]]:
        """What was said, dossier by dossier."""
        found = DossierDetail.objects.filter(dossier__in=_of(subject)).select_related("dossier")
        for one in found.order_by("dossier__received_at", "pk").iterator(CHUNK):
            yield {
                "code": one.dossier.code,
                "birth_date": one.birth_date,
                "phone": one.phone,
                "email": one.email,
                "representative_name": one.representative_name,
                "summary": one.summary,
                "form": one.form,
                "delivery_address": one.delivery_address,
            }

    def decide(self, subject: DataSubject) -> list[Holding]:
        """All stay: they are what the dossier was decided on."""
        return [
            Holding(
                _("Thông tin đã khai trong hồ sơ"),
                DossierDetail.objects.filter(dossier__in=_of(subject)).count(),
                _("Là thành phần của hồ sơ, phải lưu trữ đủ thời hạn"),
                _("Luật Lưu trữ số 33/2024/QH15; Nghị định 118/2025/NĐ-CP"),
            )
        ]


class ResultSource(PersonalDataSource):
    """Results that were issued about the person, kept so that they are not asked for again. By number only."""

    system, record, label = "onestop", "result", _("Kết quả giải quyết thủ tục hành chính")

    def collect(self, subject: DataSubject) -> Iterator[Mapping[str, Any]]:
        """What was issued, how it stands, and the code under which anybody checks it."""
        for one in _results_of(subject).order_by("issued_at", "id").iterator(CHUNK):
            yield {
                "name": one.name,
                "number": one.number,
                "subject_name": one.subject_name,
                "issued_at": one.issued_at,
                "valid_until": one.valid_until,
                "revoked_at": one.revoked_at,
                "signers": one.signers,
                "check_code": one.check_code,
            }

    def decide(self, subject: DataSubject) -> list[Holding]:
        """All stay: they have legal effect, and whoever holds one must be able to have it checked."""
        return [
            Holding(
                _("Kết quả đã phát hành"),
                _results_of(subject).count(),
                _("Có giá trị pháp lý, được dùng lại và phải kiểm tra được"),
                _("Luật Lưu trữ số 33/2024/QH15; Luật Giao dịch điện tử số 20/2023/QH15"),
            )
        ]


def _results_of(subject: DataSubject) -> QuerySet[Result]:
    if not subject.personal_number:
        return Result.objects.none()
    return Result.objects.filter(subject=number_subject(subject.personal_number))


def _of(subject: DataSubject) -> QuerySet[Dossier]:
    if not subject.personal_number:
        return Dossier.objects.none()
    return Dossier.objects.filter(applicant_subject=number_subject(subject.personal_number))


class DraftSource(PersonalDataSource):
    """Online drafts of a citizen: no record yet, so they are erased on request."""

    system, record, label = "onestop", "online_draft", _("Hồ sơ đang soạn")

    def collect(self, subject: DataSubject) -> Iterator[Mapping[str, Any]]:
        """What was filled in and not handed in."""
        for one in _drafts_of(subject).select_related("procedure_version").iterator(CHUNK):
            yield {
                "procedure": one.procedure_version.name,
                "applicant": one.applicant,
                "form": one.form,
                "delivery_address": one.delivery_address,
                "changed_at": one.changed_at,
                "expires_at": one.expires_at,
            }

    def decide(self, subject: DataSubject) -> list[Holding]:
        """All can go."""
        return [Holding(_("Hồ sơ đang soạn"), _drafts_of(subject).count())]

    def erase(self, actor: Actor, subject: DataSubject) -> int:
        """Delete the drafts with the names of their files."""
        found = list(_drafts_of(subject).values_list("pk", flat=True))
        OnlineDraft.objects.filter(pk__in=found).delete()
        return len(found)


def _drafts_of(subject: DataSubject) -> QuerySet[OnlineDraft]:
    if subject.citizen_id is None:
        return OnlineDraft.objects.none()
    return OnlineDraft.objects.filter(citizen_id=subject.citizen_id, dossier__isnull=True)


PERSONAL_DATA: tuple[type[PersonalDataSource], ...] = (DossierSource, DetailSource, ResultSource, DraftSource)
