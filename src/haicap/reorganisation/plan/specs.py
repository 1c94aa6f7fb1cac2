"""From a plan to what the registry understands: formations, abolitions, legal acts."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from django.utils.translation import gettext as _

from haicap.registry.country import PublishedResolution
from haicap.registry.service import AbolishedSpec, FormationSpec, From
from haicap.reorganisation.plan.model import Plan

LEVEL_OF_LENGTH = {2: "province", 3: "district", 5: "commune"}


def where(line: int) -> str:
    """How a problem names its place: "dòng 12", or nothing."""
    return _("dòng %(line)d") % {"line": line} if line else ""


def acts_of(plan: Plan) -> list[PublishedResolution]:
    """The plan's legal bases as acts; an undated one takes the effective day."""
    return [
        PublishedResolution(legal.number, legal.dated or plan.effective_on, legal.issued_by, legal.title)
        for legal in plan.legal
    ]


def specs_of_plan(
    plan: Plan, resolutions: Mapping[str, uuid.UUID] | None = None
) -> tuple[list[FormationSpec], list[AbolishedSpec]]:
    """Formations and abolitions of the plan; `resolutions` gives ids by number (absent: none, as in a check)."""
    known = resolutions or {}
    default = known.get(plan.resolution)
    formations = [
        FormationSpec(
            level=unit.level,
            code=unit.code,
            kind=unit.kind,
            name=unit.name,
            parent_code=unit.parent,
            predecessors=tuple(From(part.code, part.part) for part in unit.predecessors),
            resolution_id=known.get(unit.resolution, default),
            latitude=unit.latitude,
            longitude=unit.longitude,
            note=unit.note,
            where=where(unit.line),
        )
        for unit in plan.units
    ]
    abolished = [
        AbolishedSpec(
            LEVEL_OF_LENGTH[len(item.code)], item.code, known.get(item.resolution, default), where(item.line)
        )
        for item in plan.abolished
    ]
    return formations, abolished
