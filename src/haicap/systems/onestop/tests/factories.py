"""A small country to work in: one province, one district, communes, with agencies, codes and desks.

Made through the ORM inside one journal act, as the registry's own use-cases would leave it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count

from psycopg.types.range import Range

from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM, Actor
from haicap.kernel.text import fold, sort_key
from haicap.registry.models import (
    Agency,
    AgencyCode,
    AgencyKind,
    AgencySuccession,
    AgencyVersion,
    CodeHolding,
    Desk,
    DeskKind,
    Holding,
    Kind,
    Level,
    Unit,
    UnitVersion,
)
from haicap.systems.onestop import policy
from haicap.systems.onestop.models import FINISHED, Dossier, DossierStep, Status

#: a Monday morning; tests run by this clock
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=clock.ZONE)
BORN = date(2025, 7, 1)
OPENED = datetime(2025, 7, 1, tzinfo=clock.ZONE)

_codes = count(1)


@dataclass(slots=True)
class Office:
    """A committee with its unit, code and default desk."""

    unit: Unit
    agency: Agency
    code: str
    desk: Desk


@dataclass(slots=True)
class Town:
    """Một tỉnh nhỏ: a province, a district and two communes."""

    province: Office
    district: Office
    communes: list[Office] = field(default_factory=list)

    @property
    def commune(self) -> Office:
        """The first commune."""
        return self.communes[0]

    @property
    def neighbour(self) -> Office:
        """The second commune."""
        return self.communes[1]


def make_town() -> Town:
    """A province with a district and two communes, since 1/7/2025."""
    with journal.act(SYSTEM, "test.make_town") as act:
        province = make_office(Level.PROVINCE, Kind.TINH, "Quảng Hòa", "91", "H91")
        district = make_office(Level.DISTRICT, Kind.HUYEN, "Tân Sơn", "911", "H91.20", province.unit)
        names = ("Hòa Phú", "Mỹ An")
        communes = [
            make_office(
                Level.COMMUNE,
                Kind.XA,
                name,
                f"9110{number}",
                f"H91.20.{number}",
                province.unit,
                district.unit,
            )
            for number, name in enumerate(names, 1)
        ]
        act.changed("test.town", None, None, {"communes": len(communes)})
    return Town(province, district, communes)


def make_office(
    level: Level,
    kind: Kind,
    name: str,
    code: str,
    agency_code: str,
    province: Unit | None = None,
    parent: Unit | None = None,
) -> Office:
    """A unit with its people's committee, which bears a code and holds its default desk. Inside an act."""
    unit = Unit.objects.create(level=level)
    UnitVersion.objects.create(
        unit=unit,
        level=level,
        code=code,
        kind=kind,
        name=name,
        parent=parent or province,
        province=province or unit,
        valid=Range(BORN, None, "[)"),
        fold=fold(name),
        sort_key=sort_key(name),
    )
    agency = Agency.objects.create(unit=unit, kind=AgencyKind.COMMITTEE)
    title = f"Ủy ban nhân dân {kind.label} {name}"
    AgencyVersion.objects.create(agency=agency, begins_on=BORN, name=title, fold=fold(title))
    issued = AgencyCode.objects.create(code=agency_code, opened_on=BORN)
    CodeHolding.objects.create(code=issued, agency=agency, begins_on=BORN)
    desk = Desk.objects.create(founder=agency, kind=DeskKind.WORK)
    Holding.objects.create(desk=desk, agency=agency, begins_at=OPENED)
    return Office(unit, agency, agency_code, desk)


def end_agency(old: Office, heirs: list[Office], on: date, *, part: bool = False) -> None:
    """The unit of `old` ends on `on`; `heirs` take over, the first of them holds its desk from then on."""
    with journal.act(SYSTEM, "test.end_agency") as act:
        version = UnitVersion.objects.get(unit=old.unit)
        learnt = clock.now()
        believed = Range(version.recorded.lower, learnt, "[)")
        UnitVersion.objects.filter(pk=version.pk).update(recorded=believed)
        version.pk = uuid.uuid4()
        version._state.adding = True
        version.valid = Range(BORN, on, "[)")
        version.recorded = Range(learnt, None, "[)")
        version.save(force_insert=True)
        for heir in heirs:
            AgencySuccession.objects.create(
                predecessor=old.agency, successor=heir.agency, part=part, effective_on=on
            )
        Holding.objects.create(
            desk=old.desk,
            agency=heirs[0].agency,
            begins_at=datetime.combine(on, datetime.min.time(), tzinfo=clock.ZONE),
            interim=part,
        )
        act.changed("test.agency", old.agency.id, {"lives": True}, {"lives": False})


def official(*offices: Office, may: tuple[str, ...] = tuple(policy.PERMISSIONS)) -> Actor:
    """Somebody who works for these offices, with all permissions of the one-stop shop or those given."""
    return Actor(
        label="Trần Thị Kiểm Thử",
        person_id=uuid.uuid4(),
        post_id=uuid.uuid4(),
        agency_ids=frozenset(office.agency.id for office in offices),
        permissions=frozenset(may),
    )


def administrator() -> Actor:
    """Somebody of the province who sees all and works at no commune."""
    return Actor(label="Quản trị tỉnh", person_id=uuid.uuid4(), post_id=uuid.uuid4(), sees_all=True)


def make_dossier(
    office: Office,
    status: Status = Status.PROCESSING,
    *,
    due_in: timedelta | None = timedelta(days=5),
    received: timedelta = timedelta(days=2),
    desk: Desk | None = None,
    applicant: str = "Nguyễn Văn Đức",
    procedure_code: str = "1.001193",
    field_code: str = "ho-tich",
    place: Unit | None = None,
) -> Dossier:
    """A dossier on the office's desk (or another), as if received some days before `NOW`."""
    now = clock.now()
    number = next(_codes)
    with journal.act(SYSTEM, "test.make_dossier") as act:
        dossier = Dossier.objects.create(
            code=f"{office.code}-260228-{number:04d}",
            procedure_code=procedure_code,
            field=field_code,
            desk=desk or office.desk,
            receiving_agency=office.agency,
            competent_agency=office.agency,
            applicant_name=applicant,
            applicant_fold=fold(applicant),
            place=place or office.unit,
            status=status,
            received_at=now - received,
            due_at=now + due_in if due_in is not None else None,
            finished_at=now - timedelta(hours=1) if status in FINISHED else None,
        )
        DossierStep.objects.create(
            dossier=dossier,
            at=dossier.received_at,
            desk=dossier.desk,
            agency=office.agency,
            actor="Công chức một cửa",
            action="receive",
            status=Status.RECEIVED,
        )
        act.changed("onestop.dossier", dossier.id, None, {"code": dossier.code})
    return dossier
