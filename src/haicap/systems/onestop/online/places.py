"""Nơi nộp: communes of the deployment's province, and who receives and decides a procedure there."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.utils.translation import gettext as _

from haicap.kernel import clock
from haicap.registry import pages
from haicap.registry import queries as registry
from haicap.registry.errors import NoSuchUnit, RegistryEmpty
from haicap.registry.models import Agency, AgencyKind, Deployment, Level
from haicap.registry.queries import UnitView
from haicap.registry.standing import standing
from haicap.systems.onestop import catalogue
from haicap.systems.onestop.models import ProcedureVersion
from haicap.systems.onestop.online.errors import NotOnline


@dataclass(frozen=True, slots=True)
class Reception:
    """Cơ quan nhận and cơ quan giải quyết of what is handed in for a place."""

    receiving: Agency
    competent: Agency
    competent_name: str


def communes(day: dt.date | None = None) -> list[UnitView]:
    """Xã, phường of the province that this deployment is for, by name; of the whole country where none is set."""
    today = day or clock.today()
    try:
        province = _province(today)
        found = registry.units_at(today, level=Level.COMMUNE, province_code=province, limit=1000)
    except RegistryEmpty:
        return []
    return sorted(found, key=lambda unit: unit.sort_key)


def unit_name(unit_id: uuid.UUID, day: dt.date | None = None) -> str:
    """What a unit is called today; empty where it is no more."""
    found = _unit(unit_id, day or clock.today())
    return found.title if found is not None else ""


def reception(version: ProcedureVersion, unit_id: uuid.UUID) -> Reception:
    """Who receives and who decides. Raises NotOnline (ONE-803) where nobody at this place does."""
    today = clock.today()
    found = catalogue.competent_agencies(version.procedure_id, unit_id, today)
    if _unit(unit_id, today) is None or not found:
        raise NotOnline(
            _("Ở nơi bạn chọn, hôm nay không có cơ quan giải quyết thủ tục này."),
            where="noi-nop",
            kept=_("Những gì bạn đã nhập vẫn còn."),
            todo=_("Hãy chọn lại xã, phường; sau khi sắp xếp, xã cũ của bạn có thể đã mang tên khác."),
        )
    competent = found[0]
    centre, committee = _counters_of(unit_id)
    ids = [one for one in (centre, competent.agency_id, committee) if one is not None]
    for agency_id in ids:
        stands = standing(agency_id, today)
        if stands is not None and stands.lives and stands.code_id is not None:
            agencies = Agency.objects.in_bulk([agency_id, competent.agency_id])
            return Reception(agencies[agency_id], agencies[competent.agency_id], competent.name)
    raise NotOnline(
        _("%(agency)s chưa có mã định danh điện tử, nên chưa nhận được hồ sơ trực tuyến.")
        % {"agency": competent.name},
        kept=_("Những gì bạn đã nhập vẫn còn."),
        todo=_("Hãy nộp tại quầy, hoặc hỏi bộ phận một cửa."),
    )


def _counters_of(unit_id: uuid.UUID) -> tuple[uuid.UUID | None, uuid.UUID | None]:
    """The unit's service centre, and its committee: they receive for others."""
    kinds = (AgencyKind.SERVICE_CENTRE, AgencyKind.COMMITTEE)
    found = dict(Agency.objects.filter(unit_id=unit_id, kind__in=kinds).values_list("kind", "id"))
    return found.get(kinds[0]), found.get(kinds[1])


def _unit(unit_id: uuid.UUID, day: dt.date) -> UnitView | None:
    try:
        return registry.unit_at(unit_id, day)
    except NoSuchUnit:
        return None


def _province(day: dt.date) -> str | None:
    """The code of the deployment's province, or of what it has become."""
    told = Deployment.objects.filter(province_id__isnull=False).values_list("province_id", flat=True).first()
    if told is None:
        return None
    found = _unit(told, day)
    if found is None:
        heirs = [one for one in pages.became([told], day)[told] if not one.part]
        found = _unit(heirs[0].unit_id, day) if heirs else None
    return found.code if found is not None else None
