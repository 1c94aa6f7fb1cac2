"""All that is told of one dossier, read at once: the number of queries does not depend on what it holds."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date

from django.conf import settings as django_settings
from django.core import signing
from django.urls import reverse

from haicap.kernel import clock
from haicap.registry.desks import holders_at
from haicap.systems.onestop import catalogue, queries
from haicap.systems.onestop.models import (
    Dossier,
    DossierDetail,
    DossierFee,
    DossierLetter,
    DossierPaper,
    DossierStep,
    DossierTask,
    NameKind,
    Partner,
    Result,
)
from haicap.systems.onestop.sync import names

#: what is told of a dossier's parts at most: a message has a size
MOST_PARTS = 300
FILE_SALT = "haicap.onestop.sync.file"


@dataclass(frozen=True)
class Bundle:
    """A dossier with its parts, and its agencies as the partner calls them."""

    partner: Partner
    dossier: Dossier
    detail: DossierDetail | None
    procedure_code: str
    procedure_name: str
    field_code: str
    field_name: str
    holder: str
    receiver: str
    base_url: str = ""
    agencies: dict[uuid.UUID, str] = field(default_factory=dict)
    steps: list[DossierStep] = field(default_factory=list)
    papers: list[DossierPaper] = field(default_factory=list)
    fees: list[DossierFee] = field(default_factory=list)
    letters: list[DossierLetter] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    tasks: list[DossierTask] = field(default_factory=list)

    @property
    def has_address(self) -> bool:
        """Whether files have an address that the partner can reach."""
        return bool(self.base_url)

    def address(self, digest: str) -> str:
        """Where the partner reads a file: signed, for this partner only (`service.read_told_file` says how long)."""
        if not self.base_url:
            return ""
        token = signing.Signer(salt=FILE_SALT).sign_object({"p": str(self.partner.pk), "f": digest})
        return self.base_url + reverse("onestop:sync-file", args=[token])

    def task_of(self, step: DossierStep) -> DossierTask | None:
        """The task that ended with this step."""
        return next((task for task in self.tasks if task.closed_at == step.at), None)


def bundle_of(partner: Partner, dossier_id: uuid.UUID, file_url: str = "") -> Bundle:
    """The bundle of a dossier for a partner. `file_url` begins the addresses of files; default this site's."""
    dossier = (
        Dossier.objects.select_related(
            "detail__procedure_version__field", "detail__procedure_version__procedure"
        )
        .filter(pk=dossier_id)
        .get()
    )
    detail: DossierDetail | None = getattr(dossier, "detail", None)
    version = detail.procedure_version if detail else None
    steps = list(dossier.steps.order_by("at", "id")[:MOST_PARTS])
    agencies = _agencies(partner, dossier, steps)
    holder = holders_at([dossier.desk_id], clock.now()).get(dossier.desk_id) or dossier.competent_agency_id
    if holder not in agencies:
        agencies |= _named(partner, [holder], clock.today())
    code = version.procedure.code if version else dossier.procedure_code
    name = version.name if version else catalogue.procedure_name(dossier.procedure_code)
    parts = {"dossier_id": dossier.pk}
    return Bundle(
        partner=partner,
        dossier=dossier,
        detail=detail,
        procedure_code=code,
        procedure_name=names.called(partner, NameKind.PROCEDURE, {code: name})[code],
        field_code=version.field_id if version else dossier.field,
        field_name=version.field.name if version else catalogue.field_name(dossier.field),
        holder=agencies.get(holder, ""),
        receiver=agencies.get(dossier.receiving_agency_id, ""),
        base_url=(file_url or django_settings.HAICAP_BASE_URL).rstrip("/"),
        agencies=agencies,
        steps=steps,
        papers=list(DossierPaper.objects.filter(**parts).order_by("round", "position", "id")[:MOST_PARTS]),
        fees=list(DossierFee.objects.filter(**parts).order_by("id")[:MOST_PARTS]),
        letters=list(DossierLetter.objects.filter(**parts).order_by("issued_at", "id")[:MOST_PARTS]),
        results=list(Result.objects.filter(revoked_at__isnull=True, **parts).order_by("id")[:MOST_PARTS]),
        tasks=list(
            DossierTask.objects.filter(closed_at__isnull=False, **parts).select_related("title")[:MOST_PARTS]
        ),
    )


def _agencies(partner: Partner, dossier: Dossier, steps: list[DossierStep]) -> dict[uuid.UUID, str]:
    """Names of the agencies of a dossier as the partner calls them: those of today, else as they were then."""
    acting = (dossier.receiving_agency_id, dossier.competent_agency_id, *(one.agency_id for one in steps))
    wanted = {one for one in acting if one is not None}
    return _named(partner, list(wanted), dossier.received_at.astimezone(clock.ZONE).date())


def _named(partner: Partner, ids: list[uuid.UUID], then: date) -> dict[uuid.UUID, str]:
    found = {one: name for one, name in queries.agency_names(ids, then).items() if one is not None}
    today = names.agency_codes(ids)
    spelled = names.called(partner, NameKind.AGENCY, dict(today.values()))
    return found | {one: spelled[code] for one, (code, _name) in today.items()}
