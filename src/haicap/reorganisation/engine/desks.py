"""Which desks change hands in a cut-over, and to whom."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import connection
from django.utils.translation import gettext as _

from haicap.kernel.errors import Conflict

# Every desk that an agency concerned holds at the cut-over. Run again under the lock, for drawers set up meanwhile.
# `interim`: a person has yet to decide about it since an earlier cut-over; not so the drawers of agencies that an
# undone cut-over had made, which come back to whom they were taken from.
FIND_DESKS = """
    INSERT INTO cut_desk (desk_id, holder_id, kind, place_id, field, since, late, interim)
    SELECT d.id, held.agency_id, d.kind, d.place_id, d.field, held.begins_at, %(late)s,
           held.interim AND EXISTS (
               SELECT FROM registry_agencyversion v WHERE v.agency_id = d.founder_id AND v.withdrawn_at IS NULL)
    FROM (
        SELECT DISTINCT ON (h.desk_id) h.desk_id, h.agency_id, h.begins_at, h.interim FROM registry_holding h
        WHERE h.run_id IS DISTINCT FROM %(run)s
        ORDER BY h.desk_id, h.begins_at DESC
    ) held
    JOIN cut_agency a ON a.agency_id = held.agency_id
    JOIN registry_desk d ON d.id = held.desk_id
    WHERE NOT EXISTS (SELECT FROM cut_desk known WHERE known.desk_id = d.id)
"""
# What others have written so far: rows of both tables are never deleted, so an equal number means the same rows.
COUNT_KNOWN = """
    SELECT (SELECT count(*) FROM registry_desk),
           (SELECT count(*) FROM registry_holding WHERE run_id IS DISTINCT FROM %(run)s)
"""

# A leadership desk of an ended agency closes. A drawer of an abolished district for one place goes to that place's
# successor; work in a transferred field goes to the department; what remains lies with the interim holder. What was
# undecided before stays undecided, whoever holds it now. A desk whose founder is set up again (its first setting up was
# undone) goes back to it.
DECIDE_DESKS = """
    UPDATE cut_desk d SET fate = decided.fate, agency_id = decided.agency_id
    FROM (
        SELECT x.desk_id,
               CASE
                   WHEN again.agency_id IS NOT NULL THEN 'carried'
                   WHEN a.fate = 'kept' THEN 'kept'
                   WHEN x.kind = 'leadership' THEN 'closed'
                   WHEN x.interim THEN 'undecided'
                   WHEN transfer.agency_id IS NOT NULL THEN 'carried'
                   WHEN place_agency.id IS NOT NULL AND NOT place.divided THEN 'carried'
                   WHEN a.divided THEN 'undecided'
                   ELSE 'carried'
               END AS fate,
               CASE
                   WHEN again.agency_id IS NOT NULL THEN again.agency_id
                   WHEN a.fate = 'kept' THEN a.agency_id
                   WHEN x.kind = 'leadership' THEN NULL
                   ELSE coalesce(transfer.agency_id, place_agency.id, a.successor_id)
               END AS agency_id
        FROM cut_desk x
        JOIN registry_desk desk ON desk.id = x.desk_id
        LEFT JOIN cut_new_agency again ON again.agency_id = desk.founder_id
        JOIN cut_agency a ON a.agency_id = x.holder_id
        JOIN cut_unit u ON u.unit_id = a.unit_id
        LEFT JOIN cut_transfer transfer ON u.level = 'district' AND x.field <> '' AND transfer.field = x.field
        LEFT JOIN cut_unit place ON u.level = 'district' AND place.unit_id = x.place_id
        LEFT JOIN registry_agency place_agency
            ON place_agency.unit_id = place.successor_id AND place_agency.kind = 'ubnd'
        WHERE x.fate IS NULL
    ) decided
    WHERE decided.desk_id = d.desk_id
"""


def find_desks(run_id: uuid.UUID) -> None:
    """Find the desks concerned, and note how many desks and holdings there were when we looked."""
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO cut_known {COUNT_KNOWN}", {"run": run_id})
        cursor.execute(FIND_DESKS, {"run": run_id, "late": False})
        cursor.execute("ANALYZE cut_desk")


_WITHOUT_HEIR = """
    SELECT DISTINCT v.name FROM cut_desk d
    JOIN LATERAL (
        SELECT name FROM registry_agencyversion v WHERE v.agency_id = d.holder_id AND v.withdrawn_at IS NULL
        ORDER BY v.begins_on DESC LIMIT 1
    ) v ON true
    WHERE d.kind = 'work' AND d.agency_id IS NULL ORDER BY v.name LIMIT 20
"""


class NobodyTakesOver(Conflict):
    """An agency ends and no agency takes its work over (không có cơ quan tiếp nhận)."""

    code = "REO-052"


def decide_desks() -> None:
    """Decide the fate of every desk that has none yet; raises NobodyTakesOver (REO-052) for one without an heir."""
    with connection.cursor() as cursor:
        cursor.execute(DECIDE_DESKS)
        cursor.execute(_WITHOUT_HEIR)
        names = [name for (name,) in cursor.fetchall()]
    if names:
        raise NobodyTakesOver(
            _("Không có cơ quan nào tiếp nhận việc của: %(names)s.") % {"names": "; ".join(names)},
            kept=_("Không có gì được chuyển: dữ liệu như trước khi chạy."),
            todo=_("Lập cơ quan cho đơn vị kế thừa hoặc tạm giữ, hay chọn đơn vị khác trong kế hoạch."),
            details={"agencies": names},
        )


_LATEST_HOLDING = """
    WITH after AS MATERIALIZED (SELECT desk_id, begins_at FROM registry_holding WHERE begins_at >= %(at)s)
    SELECT max(h.begins_at) FROM after h
    WHERE EXISTS (
        SELECT FROM registry_holding held JOIN cut_agency USING (agency_id) WHERE held.desk_id = h.desk_id
    ) OR EXISTS (
        SELECT FROM registry_desk d
        JOIN registry_agency a ON a.id = d.founder_id JOIN cut_unit USING (unit_id) WHERE d.id = h.desk_id
    )
"""


def latest_holding(at: datetime) -> datetime | None:
    """When the latest holding of a desk concerned begins, among those that begin at `at` or later; None: none does."""
    with connection.cursor() as cursor:
        cursor.execute(_LATEST_HOLDING, {"at": at})
        found: datetime | None = cursor.fetchone()[0]
        return found


def find_late_desks(run_id: uuid.UUID, made: int) -> None:
    """Under the lock: drawers that were set up since the desks were found, besides the `made` ones of this run."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT desks, (SELECT count(*) FROM registry_desk) FROM cut_known")
        known, now = cursor.fetchone()
        if known + made != now:
            cursor.execute(FIND_DESKS, {"run": run_id, "late": True})
            decide_desks()
