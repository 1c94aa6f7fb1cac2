"""The whole country as one deployment: every unit with its agencies, 300,000 appointments, millions of dossiers.

Set-based and made up only as far as a bench needs: names are numbers, but every constraint, index, trigger and
guard of the real tables is in force while it is filled.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date

from django.db import connection, transaction

from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM
from haicap.registry import country
from haicap.registry.establishment import establish
from haicap.registry.models import Agency, UnitVersion
from haicap.registry.service import load_base, state_before
from haicap.reorganisation.models import Plan as PlanRow
from haicap.reorganisation.models import PlanState, PlanText
from haicap.reorganisation.plan.check import registry_revision
from haicap.reorganisation.plan.model import Plan
from haicap.reorganisation.plan.propose import plan_of_published

EFFECTIVE = date(2025, 7, 1)
BATCH = 500_000


def say(text: str) -> None:
    """Progress on the terminal."""
    print(f"  {time.strftime('%H:%M:%S')} {text}", flush=True)


def stored_plan(values: Plan) -> PlanRow:
    """The plan as a checked row; its text is no file, since a plan file is for one province."""
    with journal.act(SYSTEM, "bench.store_plan") as act:
        plan = PlanRow.objects.create(
            key=values.key,
            title=values.title,
            effective_on=values.effective_on,
            province_code=values.province,
            created_at=clock.now(),
            state=PlanState.CHECKED,
            checked_number=1,
            checked_revision=registry_revision(),
        )
        PlanText.objects.create(plan=plan, number=1, text="", author=SYSTEM.label, saved_at=clock.now())
        act.changed("reorganisation.plan", plan.pk, None, {"key": plan.key})
    return plan


def warm() -> None:
    """Read the dossiers once, as a server that has worked all day has; settle what the copy left to be written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), max(length(address)) FROM onestop_dossier")
        cursor.execute("CHECKPOINT")


def fill_units() -> None:
    """The country of 30/6/2025 with the agencies, codes, desks and posts of every unit; nothing the second time."""
    load_base(SYSTEM)
    if not Agency.objects.exists():
        ids = UnitVersion.objects.filter(recorded__upper_inf=True).values_list("unit_id", flat=True)
        report = establish(list(ids), country.BASE_DATE, SYSTEM)
        say(f"{report.agencies} agencies, {report.desks} desks, {report.posts} posts")


PEOPLE = """
    WITH free AS (
        SELECT p.id AS post_id, row_number() OVER (ORDER BY p.id) AS n FROM registry_post p
        WHERE NOT EXISTS (SELECT FROM registry_appointment a WHERE a.post_id = p.id)
        ORDER BY p.id LIMIT %(count)s
    ), hired AS (
        INSERT INTO registry_person (id, family_name, middle_name, given_name, full_name, fold, sort_key,
                                     personal_number, email, phone)
        SELECT kernel_new_id(), 'Nguyễn', 'Văn', 'Người ' || n, 'Nguyễn Văn Người ' || n, 'nguyen van nguoi ' || n,
               convert_to(lpad(n::text, 9, '0'), 'UTF8'), lpad(n::text, 12, '0'), '', ''
        FROM free RETURNING id, personal_number
    )
    INSERT INTO registry_appointment (id, person_id, post_id, valid, decision)
    SELECT kernel_new_id(), h.id, f.post_id, daterange('2024-01-01', NULL), ''
    FROM free f JOIN hired h ON h.personal_number = lpad(f.n::text, 12, '0')
"""

# Two thirds closed, one third in flight, over the committees' work desks of communes and districts.
DOSSIERS = """
    WITH desk AS (
        SELECT d.id, a.id AS agency_id, a.unit_id, row_number() OVER (ORDER BY d.id) - 1 AS n
        FROM registry_desk d JOIN registry_agency a ON a.id = d.founder_id
        JOIN registry_unit u ON u.id = a.unit_id
        WHERE d.kind = 'work' AND a.kind = 'ubnd' AND u.level <> 'province'
    )
    INSERT INTO onestop_dossier (id, code, procedure_code, field, desk_id, receiving_agency_id, competent_agency_id,
        applicant_name, applicant_fold, place_id, village, address, status, received_at, due_at, finished_at)
    SELECT kernel_new_id(), 'H00.' || g || '-250601-' || lpad((g %% 9999)::text, 4, '0'), '1.00' || (g %% 9000), '',
           desk.id, desk.agency_id, desk.agency_id, 'Nguyễn Văn ' || g, 'nguyen van ' || g, desk.unit_id,
           'Thôn ' || (g %% 9), 'Số ' || g || ' đường Lê Lợi',
           CASE WHEN g %% 3 = 0 THEN (ARRAY[2, 4, 5, 9])[1 + (g / 3) %% 4] ELSE 10 END,
           timestamptz '2025-06-30 16:00+07' - (g %% 900) * interval '5 hours',
           timestamptz '2025-07-20 17:00+07' - (g %% 900) * interval '5 hours',
           CASE WHEN g %% 3 <> 0 OR (g / 3) %% 4 = 3
                THEN timestamptz '2025-06-30 17:00+07' - (g %% 900) * interval '5 hours' END
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) g
    JOIN desk ON desk.n = (g * 7919) %% (SELECT count(*) FROM desk)
"""


def fill_people(appointments: int) -> None:
    """So many appointments at posts that are free; each a person of its own."""
    with journal.act(SYSTEM, "bench.fill_people") as act, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM registry_appointment")
        missing = appointments - cursor.fetchone()[0]
        if missing > 0:
            cursor.execute(PEOPLE, {"count": missing})
            say(f"{cursor.rowcount} appointments")
        act.changed("appointment", None, None, {"count": max(missing, 0)})


def fill_dossiers(count: int) -> None:
    """Dossiers up to `count`, with all constraints and indexes in force; then VACUUM ANALYZE, as on a live server."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM onestop_dossier")
        there = cursor.fetchone()[0]
    while there < count:
        last = min(count, there + BATCH)
        with journal.act(SYSTEM, "bench.fill_dossiers") as act, connection.cursor() as cursor:
            cursor.execute(DOSSIERS, {"first": there + 1, "last": last})
            act.changed("dossier", None, None, {"count": last - there})
        there = last
        say(f"{there} dossiers")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def national_plan() -> Plan:
    """All reorganisations of 1/7/2025 as one plan: 34 provinces in one cut-over."""
    published = [item for item in country.load_published() if item.effective == EFFECTIVE]
    state = {unit.code: unit for unit in state_before(EFFECTIVE).values()}
    plans = [plan_of_published(item, state) for item in published]
    legal = {item.number: item for plan in plans for item in plan.legal}
    provinces_first = sorted(
        (unit for plan in plans for unit in plan.units), key=lambda unit: (len(unit.code), unit.code)
    )
    return replace(
        plans[0],
        key="national-2025-07-01",
        title="Cả nước 1/7/2025",
        legal=tuple(legal.values()),
        units=tuple(provinces_first),
        abolished=tuple(item for plan in plans for item in plan.abolished),
        divisions=tuple(item for plan in plans for item in plan.divisions),
        transfers=(),
    )


# The bare way: what a vendor's script does. Every dossier gets the key of its new unit by one statement.
BARE_MAPPING = """
    CREATE TEMP TABLE bare_map ON COMMIT DROP AS
    SELECT d.id AS old_desk, coalesce(n.id, d.id) AS new_desk
    FROM registry_desk d
    LEFT JOIN LATERAL (
        SELECT other.id FROM registry_desk other WHERE other.kind = 'work' AND other.id > d.id ORDER BY other.id LIMIT 1
    ) n ON true
    WHERE d.id IN (SELECT DISTINCT desk_id FROM onestop_dossier)
"""
BARE_UPDATE = "UPDATE onestop_dossier o SET desk_id = m.new_desk FROM bare_map m WHERE m.old_desk = o.desk_id"


def bare_update() -> float:
    """Seconds of one `UPDATE … FROM mapping` of all dossiers, rolled back."""
    with transaction.atomic():
        with journal.act(SYSTEM, "bench.bare_update") as act, connection.cursor() as cursor:
            cursor.execute(BARE_MAPPING)
            cursor.execute("ANALYZE bare_map")
            begin = time.monotonic()
            cursor.execute(BARE_UPDATE)
            seconds = time.monotonic() - begin
            act.changed("dossier", None, None, {"count": cursor.rowcount})
        transaction.set_rollback(True)
    return seconds
