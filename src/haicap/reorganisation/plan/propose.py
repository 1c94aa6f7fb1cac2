"""Writing a first plan from the published successions and the registry (lập kế hoạch)."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Protocol

from django.utils.translation import gettext as _

from haicap.kernel.errors import NotFound
from haicap.registry import country
from haicap.registry.service import UnitState, state_before
from haicap.reorganisation.plan.check import registry_revision
from haicap.reorganisation.plan.model import (
    Abolition,
    Division,
    Legal,
    Part,
    Plan,
    Transfer,
    UnitPlan,
)
from haicap.reorganisation.plan.staffing_proposal import with_staffing

#: Fields of district authority that went to departments on 1/7/2025 in most provinces; a person edits this.
DEFAULT_TRANSFERS = (
    Transfer(to="Nội vụ", fields=("NCC",)),
    Transfer(to="Giáo dục và Đào tạo", fields=("GDTHPT",)),
)


def propose_plan(province_code: str, effective_on: date, *, staffing: bool = True) -> Plan:
    """A plan of the published reorganisation of a province on a day, ready to be edited.

    Seats are proposed (the predecessor that the new unit is named after, else the nearest to its middle), interim
    holders of divided units and districts (nearest successor), and leaders by title. Raises NotFound REO-030
    when nothing is published for that province and day.
    """
    found = [
        item
        for item in country.load_published()
        if item.province_code == province_code and item.effective == effective_on
    ]
    if not found:
        days = sorted({f"{item.effective:%d/%m/%Y}" for item in country.load_published()
                       if item.province_code == province_code})  # fmt: skip
        raise NotFound(
            _("Không có lần sắp xếp nào được công bố của tỉnh %(code)s vào ngày %(day)s.")
            % {"code": province_code, "day": f"{effective_on:%d/%m/%Y}"},
            code="REO-030",
            todo=_("Các ngày đã công bố: %(days)s.") % {"days": ", ".join(days)}
            if days
            else _("Kiểm tra lại mã tỉnh; hoặc viết kế hoạch bằng tay."),
        )
    state = {unit.code: unit for unit in state_before(effective_on).values()}
    plan = plan_of_published(found[0], state)
    return with_staffing(plan) if staffing else plan


def plan_of_published(published: country.PublishedReorganisation, state: dict[str, UnitState]) -> Plan:
    """The plan of one published reorganisation; `state` are the units before, by code."""
    acts = {act.number: act for act in country.load_resolutions()}
    numbers = list(
        dict.fromkeys(
            [*published.resolutions, *(item.resolution for item in published.formations if item.resolution)]
        )
    )
    communes_first = sorted(numbers, key=lambda number: not _is_communes_act(number, published))
    units = tuple(_unit(formation, state) for formation in published.formations)
    return Plan(
        key=published.key,
        title=published.title,
        effective_on=published.effective,
        province=published.province_code,
        legal=tuple(
            Legal(number, acts[number].dated, acts[number].issued_by, acts[number].title)
            if number in acts
            else Legal(number)
            for number in communes_first
        ),
        units=units,
        abolished=tuple(_abolitions(published, units, state)),
        transfers=DEFAULT_TRANSFERS if published.abolished else (),
        divisions=tuple(_divisions(units, state)),
        registry_revision=registry_revision(),
    )


def _is_communes_act(number: str, published: country.PublishedReorganisation) -> bool:
    return any(item.resolution == number and item.level == "commune" for item in published.formations)


def _unit(formation: country.Formation, state: dict[str, UnitState]) -> UnitPlan:
    parts = tuple(Part(part.code, part.part) for part in formation.predecessors)
    unit = UnitPlan(
        code=formation.code,
        level=formation.level,
        kind=formation.kind,
        name=formation.name,
        parent=formation.parent_code,
        predecessors=parts,
        resolution=formation.resolution,
        note=formation.note,
        latitude=formation.lat,
        longitude=formation.lon,
    )
    return replace(unit, seat=_seat(unit, state)) if len(parts) > 1 else unit


def _seat(unit: UnitPlan, state: dict[str, UnitState]) -> str:
    """Whose building becomes the seat: the namesake's, else of the whole predecessors the nearest."""
    whole = [part.code for part in unit.predecessors if not part.part and part.code in state]
    candidates = whole or [part.code for part in unit.predecessors if part.code in state]
    if not candidates:
        return ""
    namesakes = [code for code in candidates if state[code].name == unit.name]
    if namesakes:
        return namesakes[0]
    return _nearest(unit.latitude, unit.longitude, (state[code] for code in candidates))


class _Placed(Protocol):
    """Anything with a code and a point, in degrees, that may be unknown."""

    @property
    def code(self) -> str: ...
    @property
    def latitude(self) -> float | None: ...
    @property
    def longitude(self) -> float | None: ...


def _nearest(latitude: float | None, longitude: float | None, units: Iterable[_Placed]) -> str:
    """The code of the unit nearest to a point; by code where a point is unknown."""

    def distance(unit: _Placed) -> tuple[float, str]:
        if latitude is None or longitude is None or unit.latitude is None or unit.longitude is None:
            return math.inf, unit.code
        east = (unit.longitude - longitude) * math.cos(math.radians(latitude))
        return (unit.latitude - latitude) ** 2 + east**2, unit.code

    return min(units, key=distance).code


def _successors(units: Iterable[UnitPlan]) -> dict[str, list[UnitPlan]]:
    found: dict[str, list[UnitPlan]] = defaultdict(list)
    for unit in units:
        for part in unit.predecessors:
            found[part.code].append(unit)
    return found


def _divisions(units: tuple[UnitPlan, ...], state: dict[str, UnitState]) -> Iterable[Division]:
    for code, successors in sorted(_successors(units).items()):
        if len(successors) > 1 and code in state:
            unit = state[code]
            yield Division(code=code, interim=_nearest(unit.latitude, unit.longitude, successors))


def _abolitions(
    published: country.PublishedReorganisation, units: tuple[UnitPlan, ...], state: dict[str, UnitState]
) -> Iterable[Abolition]:
    """Districts that end, each with the commune that holds what no rule places: the one nearest its middle."""
    by_id = {unit.unit_id: unit for unit in state.values()}
    inside: dict[str, Counter[str]] = defaultdict(Counter)
    plans = {unit.code: unit for unit in units}
    for unit in units:
        if unit.level != "commune":
            continue
        for part in unit.predecessors:
            before = state.get(part.code)
            parent = by_id.get(before.parent_id) if before and before.parent_id else None
            if parent is not None:
                inside[parent.code][unit.code] += 1
    law = next((number for number in published.resolutions if number.startswith(("72/2025", "203/2025"))), "")
    for code in published.abolished:
        here = [plans[new] for new in inside.get(code, ())]
        district = state.get(code)
        interim = _nearest(district.latitude, district.longitude, here) if here and district else ""
        yield Abolition(code=code, interim=interim, resolution=law)
