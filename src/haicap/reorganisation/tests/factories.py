"""A small country for reorganisations: three provinces with agencies, sites, people and dossiers.

Đà Nẵng (48) and Quảng Nam (49) merge, with everything that happens on such a day: whole communes merge, one is
divided, some live on (renamed, of another kind, or only under another superior), districts end, the island
district becomes a đặc khu. Hà Tĩnh (42) does not merge: its province lives on as it is, and its communes change.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import count
from typing import Any

from django.db import connection
from psycopg.types.range import DateRange

from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM, Actor
from haicap.kernel.text import fold, name_parts, person_sort_key
from haicap.registry import service as registry
from haicap.registry.country import BASE_DATE, BaseUnit
from haicap.registry.establishment import establish
from haicap.registry.models import (
    Agency,
    Appointment,
    Person,
    Post,
    Site,
    SiteUse,
    Unit,
)
from haicap.reorganisation import service
from haicap.reorganisation.models import Plan as PlanRow
from haicap.reorganisation.plan.model import Abolition, Division, Legal, Part, Plan, Transfer, UnitPlan
from haicap.reorganisation.plan.write import write_plan
from haicap.systems.onestop.models import Dossier, Status
from haicap.systems.onestop.service import Application, advance_dossier, receive_dossier

EFFECTIVE = date(2025, 7, 1)
#: an afternoon of the old order; tests run by this clock
BEFORE = datetime(2025, 6, 30, 14, 0, tzinfo=clock.ZONE)
#: the first morning of the new order
AFTER = datetime(2025, 7, 1, 9, 0, tzinfo=clock.ZONE)
RESOLUTION = "1659/NQ-UBTVQH15"

_numbers = count(1)


def base(
    code: str, kind: str, name: str, parent: str | None = None, point: tuple[float, float] | None = None
):
    """A unit of the base state; its level by the length of its code."""
    level = {2: "province", 3: "district", 5: "commune"}[len(code)]
    latitude, longitude = point or (None, None)
    return BaseUnit(code, level, kind, name, parent, latitude, longitude)


COUNTRY: tuple[BaseUnit, ...] = (
    base("48", "thanh_pho", "Đà Nẵng"),
    base("490", "quan", "Hải Châu", "48"),
    base("20194", "phuong", "Hải Châu", "490", (16.07, 108.22)),
    base("20195", "phuong", "Thạch Thang", "490", (16.08, 108.21)),
    base("20197", "phuong", "Thanh Bình", "490", (16.09, 108.20)),
    base("491", "huyen", "Hòa Vang", "48"),
    base("20200", "xa", "Hòa Bắc", "491"),
    base("20203", "xa", "Hòa Tiến", "491"),
    base("498", "huyen", "Hoàng Sa", "48"),
    base("49", "tinh", "Quảng Nam"),
    base("503", "thi_xa", "Điện Bàn", "49"),
    base("20500", "xa", "Điện Hòa", "503"),
    base("20501", "xa", "Điện Thắng", "503"),
    base("20502", "phuong", "Vĩnh Điện", "503"),
    base("42", "tinh", "Hà Tĩnh"),
    base("436", "huyen", "Thạch Hà", "42"),
    base("18001", "xa", "Thạch Lạc", "436"),
    base("18002", "xa", "Thạch Khê", "436"),
    base("18003", "thi_tran", "Thạch Hà", "436"),
)

#: the field of district work that goes to a department, and the procedure that does
FIELD, PROCEDURE = "nguoi-co-cong", "1.001612"


def form(code: str, kind: str, name: str, parent: str | None, *parts: str | Part, **more: Any) -> UnitPlan:
    """A formation; a part is written "~20197"."""
    level = {2: "province", 3: "district", 5: "commune"}[len(code)]
    read = tuple(
        part if isinstance(part, Part) else Part(part.lstrip("~"), part.startswith("~")) for part in parts
    )
    return UnitPlan(code, level, kind, name, parent, read, **more)


def danang_plan(**changes: Any) -> Plan:
    """The reorganisation of 1/7/2025 of the small Đà Nẵng and Quảng Nam."""
    plan = Plan(
        key="2025-07-01/48",
        title="Sắp xếp Đà Nẵng và Quảng Nam",
        effective_on=EFFECTIVE,
        province="48",
        legal=(Legal(RESOLUTION, date(2025, 6, 16), "Ủy ban Thường vụ Quốc hội", "Về sắp xếp"),),
        units=(
            form("48", "thanh_pho", "Đà Nẵng", None, "48", "49", seat="48"),
            form("20194", "phuong", "Hải Châu", "48", "20194", "20195", "~20197", seat="20194"),
            form("20200", "xa", "Hòa Bắc", "48", "20200", "~20197", seat="20200"),
            form("20203", "phuong", "Hòa Xuân", "48", "20203"),
            form("20333", "dac_khu", "Hoàng Sa", "48", "498"),
            form("20500", "xa", "Điện Hòa", "48", "20500"),
            form("20501", "phuong", "Điện Bàn", "48", "20501", "20502", seat="20502"),
        ),
        abolished=(Abolition("490", "20194"), Abolition("491", "20200"), Abolition("503", "20501")),
        transfers=(
            Transfer("Nội vụ", fields=(FIELD,)),
            Transfer("Tài chính", procedures=(PROCEDURE,)),
        ),
        divisions=(
            Division(
                "20197",
                "20194",
                villages=(("Tổ 1", "20200"), ("Tổ 2", "20194")),
                addresses=(("đường Trần Phú", "20200"),),
            ),
        ),
    )
    return replace(plan, **changes)


def hatinh_plan(**changes: Any) -> Plan:
    """The reorganisation of 1/7/2025 of the small Hà Tĩnh, whose province lives on unchanged."""
    plan = Plan(
        key="2025-07-01/42",
        title="Sắp xếp xã của Hà Tĩnh",
        effective_on=EFFECTIVE,
        province="42",
        legal=(Legal("1665/NQ-UBTVQH15", date(2025, 6, 16)),),
        units=(
            form("18001", "xa", "Thạch Lạc", "42", "18001", "18002", seat="18002"),
            form("18003", "xa", "Thạch Hà", "42", "18003"),
        ),
        abolished=(Abolition("436", "18003"),),
        transfers=(Transfer("Nội vụ", fields=(FIELD,)),),
    )
    return replace(plan, **changes)


# --- building ---


def load(units: Iterable[BaseUnit] = COUNTRY) -> None:
    """The base state of a country."""
    registry.load_base(SYSTEM, tuple(units))


def ids_of(codes: Collection[str] = (), on: date = BASE_DATE) -> dict[str, uuid.UUID]:
    """Unit ids by code on a day; all units when no code is named."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT code, unit_id FROM registry_unitversion WHERE upper_inf(recorded) AND valid @> %s", [on]
        )
        found = dict(cursor.fetchall())
    return {code: found[code] for code in codes} if codes else found


def set_up(codes: Collection[str] = (), on: date = BASE_DATE) -> None:
    """Agencies by template for these units (default: all)."""
    establish(ids_of(codes, on).values(), on, SYSTEM)


def committee(code: str, on: date = BASE_DATE) -> Agency:
    """The people's committee of the unit with this code on a day."""
    return Agency.objects.get(unit_id=ids_of([code], on)[code], kind="ubnd")


def organ(code: str, kind: str, slot: str = "", on: date = BASE_DATE) -> Agency:
    """Any organ of the unit with this code on a day."""
    return Agency.objects.get(unit_id=ids_of([code], on)[code], kind=kind, slot=slot)


def give_sites(codes: Iterable[str], on: date = BASE_DATE) -> dict[str, Site]:
    """A building for each unit, where all its agencies sit."""
    made: dict[str, Site] = {}
    units = ids_of(on=on)
    with journal.act(SYSTEM, "test.give_sites") as act:
        for code in codes:
            made[code] = Site.objects.create(
                name=f"Trụ sở {code}", address=f"{code} Bạch Đằng", unit_id=units[code]
            )
            SiteUse.objects.bulk_create(
                SiteUse(agency=agency, site=made[code], begins_on=on)
                for agency in Agency.objects.filter(unit_id=units[code])
            )
        act.changed("test.site", None, None, {"count": len(made)})
    return made


def make_person(name: str = "") -> Person:
    """A person with a Vietnamese name. Inside an act."""
    full = name or f"Trần Văn Người {next(_numbers)}"
    family, middle, given = name_parts(full)
    return Person.objects.create(
        family_name=family,
        middle_name=middle,
        given_name=given,
        full_name=full,
        fold=fold(full),
        sort_key=person_sort_key(full),
    )


def appoint_everywhere(codes: Iterable[str], on: date = BASE_DATE) -> int:
    """A person on every leading post and on the first of every other title of these units' agencies."""
    units = ids_of(on=on)
    with journal.act(SYSTEM, "test.appoint") as act:
        posts = Post.objects.filter(
            desk__founder__unit_id__in=[units[code] for code in codes], number=1
        ).order_by("id")
        made = [
            Appointment(person=make_person(), post=post, valid=DateRange(on, None), decision="QĐ-1")
            for post in posts
        ]
        Appointment.objects.bulk_create(made)
        act.changed("test.appointment", None, None, {"count": len(made)})
    return len(made)


def receive(
    agency: Agency,
    *,
    procedure: str = "1.001193",
    field: str = "ho-tich",
    place: str = "",
    to: Sequence[Status] = (),
    **more: Any,
) -> Dossier:
    """A dossier taken in at an agency, then led through the statuses `to`."""
    unit = Unit.objects.get(pk=ids_of([place], clock.today())[place]) if place else None
    dossier = receive_dossier(
        SYSTEM,
        Application(procedure, f"Nguyễn Thị Dân {next(_numbers)}", field, place=unit, working_days=5, **more),
        receiving_agency=agency,
    )
    for status in to:
        dossier = advance_dossier(SYSTEM, dossier.id, status, note="tiếp")
    return dossier


PROCESSED = (Status.PROCESSING, Status.PROCESSED)
RETURNED = (*PROCESSED, Status.RETURNED)


@dataclass(slots=True)
class World:
    """What was built: dossiers by a speaking name, sites by unit code."""

    dossiers: dict[str, uuid.UUID] = field(default_factory=dict)
    sites: dict[str, Site] = field(default_factory=dict)

    def dossier(self, name: str) -> Dossier:
        """The dossier as it stands now."""
        return Dossier.objects.get(pk=self.dossiers[name])


def make_world() -> World:
    """The small country at work on 30/6/2025; by the clock of `BEFORE`."""
    load()
    set_up()
    world = World()
    world.sites = give_sites(["48", "49", "490", "20194", "20195", "20197", "20200", "20501", "20502"])
    appoint_everywhere(["48", "490", "20194", "20195", "20197", "20203", "20502", "498"])
    flying = {
        "whole": (committee("20195"), {}),
        "done": (committee("20195"), {"to": RETURNED}),
        "waiting": (committee("20194"), {"to": (Status.SUPPLEMENT,)}),
        "result": (committee("20502"), {"to": PROCESSED}),
        "continued": (committee("20203"), {}),
        "moved_unit": (committee("20500"), {}),
        "by_village": (committee("20197"), {"village": "Tổ 1"}),
        "by_address": (committee("20197"), {"address": "12 Đường Trần Phú, Đà Nẵng"}),
        "undecided": (committee("20197"), {"village": "Tổ 9"}),
        "divided_done": (committee("20197"), {"village": "Tổ 1", "to": RETURNED}),
        "district_place": (committee("490"), {"place": "20195"}),
        "district_divided": (committee("490"), {"place": "20197"}),
        "district_nowhere": (committee("490"), {}),
        "district_field": (committee("490"), {"place": "20194", "field": FIELD}),
        "district_procedure": (committee("490"), {"place": "20194", "procedure": PROCEDURE}),
        "district_done": (committee("491"), {"place": "20203", "to": RETURNED}),
        "district_living": (committee("503"), {"place": "20500"}),
        "island": (committee("498"), {}),
        "department": (organ("49", "so", "Xây dựng"), {}),
        "elsewhere": (committee("18001"), {}),
    }
    for name, (agency, more) in flying.items():
        world.dossiers[name] = receive(agency, **more).id
    return world


# --- using the engine ---


def save(plan: Plan, actor: Actor = SYSTEM) -> PlanRow:
    """The plan written as a file and saved."""
    return service.save_plan(actor, write_plan(plan))


def ready(plan: Plan, actor: Actor = SYSTEM) -> PlanRow:
    """The plan saved and checked without a problem."""
    row = save(plan, actor)
    report = service.check_plan(actor, row)
    assert report.passed, [str(problem) for problem in report.problems]
    return row


def cut(plan: Plan, actor: Actor = SYSTEM) -> PlanRow:
    """The plan saved, checked and cut over; its row."""
    row = ready(plan, actor)
    assert service.cut_over(actor, row).balanced
    row.refresh_from_db()
    return row


def holder_of(dossier: uuid.UUID, at: datetime | None = None) -> uuid.UUID | None:
    """The agency that holds the desk of a dossier."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT h.agency_id FROM onestop_dossier o JOIN registry_holding h ON h.desk_id = o.desk_id "
            "WHERE o.id = %s AND h.begins_at <= %s ORDER BY h.begins_at DESC LIMIT 1",
            [dossier, at or clock.now()],
        )
        row = cursor.fetchone()
    return row[0] if row else None


# --- what the database holds ---

#: rows that say that something ran, not what is so
JOURNALS = frozenset(
    {"kernel_journal", "kernel_journal_seal", "reorganisation_run", "reorganisation_ledgerrow"}
)


def tables() -> list[str]:
    """Every table of ours."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
            "AND NOT starts_with(relname, 'django_') AND NOT starts_with(relname, 'procrastinate_') "
            "ORDER BY 1"
        )
        return [name for (name,) in cursor.fetchall()]


def fingerprint(without: Collection[str] = JOURNALS) -> dict[str, tuple[int, str]]:
    """Table → (rows, hash of all their contents): equal when nothing changed."""
    found: dict[str, tuple[int, str]] = {}
    with connection.cursor() as cursor:
        for table in tables():
            if table in without:
                continue
            cursor.execute(
                f"SELECT count(*), coalesce(sum(('x' || left(md5(t::text), 15))::bit(60)::bigint)::text, '') "
                f'FROM "{table}" t'
            )
            found[table] = tuple(cursor.fetchone())
    return found


#: what is believed to be so at an instant, one query for each class; the ids and all that counts of them
BELIEFS: Mapping[str, str] = {
    "units": """
        SELECT unit_id, level, code, kind, name, parent_id, province_id, valid FROM registry_unitversion
        WHERE upper_inf(recorded)
    """,
    "successions": """
        SELECT predecessor_id, successor_id, part, effective_on FROM registry_succession WHERE upper_inf(recorded)
    """,
    "agencies": """
        SELECT v.agency_id, v.begins_on, v.name, v.parent_id, v.closed FROM registry_agencyversion v
        WHERE v.withdrawn_at IS NULL
    """,
    "agency_successions": """
        SELECT predecessor_id, successor_id, part FROM registry_agencysuccession WHERE withdrawn_at IS NULL
    """,
    "codes": """
        SELECT c.code, h.agency_id, h.begins_on, c.closed_on FROM registry_agencycode c
        JOIN registry_codeholding h ON h.code_id = c.id WHERE h.withdrawn_at IS NULL
    """,
    "seats": "SELECT agency_id, site_id, begins_on FROM registry_siteuse WHERE withdrawn_at IS NULL",
    "appointments": """
        SELECT person_id, post_id, valid FROM registry_appointment WHERE upper_inf(recorded)
    """,
    "desks": """
        SELECT DISTINCT ON (h.desk_id) h.desk_id, h.agency_id, h.interim FROM registry_holding h
        JOIN registry_desk d ON d.id = h.desk_id
        JOIN registry_agencyversion v ON v.agency_id = d.founder_id AND v.withdrawn_at IS NULL
        WHERE h.begins_at <= %(at)s ORDER BY h.desk_id, h.begins_at DESC
    """,
    "dossiers": """
        SELECT id, code, desk_id, status, due_at, received_at, finished_at FROM onestop_dossier
    """,
    "steps": "SELECT dossier_id, at, desk_id, agency_id, action, status FROM onestop_dossierstep",
}  # fmt: skip


def beliefs(at: datetime | None = None) -> dict[str, frozenset[tuple[Any, ...]]]:
    """The believed state: what an undo must give back."""
    found: dict[str, frozenset[tuple[Any, ...]]] = {}
    with connection.cursor() as cursor:
        for name, sql in BELIEFS.items():
            cursor.execute(sql, {"at": at or datetime(2100, 1, 1, tzinfo=clock.ZONE)})
            found[name] = frozenset(cursor.fetchall())
    return found


def assert_same(was: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Equal states, with a short word on what differs."""
    for name in was:
        if was[name] != now[name]:
            gone = list(was[name] - now[name])[:3]
            new = list(now[name] - was[name])[:3]
            raise AssertionError(f"{name} differ: gone {gone}, new {new}")


# --- resetting ---

#: the registry's revision goes on from here: what was remembered of another country is not taken for this one
_revisions = count(1_000_000, 1_000)


def empty() -> None:
    """Empty all tables of the registry, the systems, reorganisations and the journal of a tests' database."""
    names = [
        name
        for name in tables()
        if name.startswith(("registry_", "onestop_", "reorganisation_", "kernel_journal", "kernel_outbox"))
        and name != "kernel_journal_era"
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE " + ", ".join(f'"{name}"' for name in names) + ", procrastinate_jobs CASCADE"
        )
        cursor.execute("INSERT INTO registry_revision (id, number) VALUES (1, %s)", [next(_revisions)])
