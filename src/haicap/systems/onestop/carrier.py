"""What becomes of dossiers when units change: they stay on their desks, and the desks get new holders.

Only dossiers in flight of divided units move one by one, where a rule of the plan places them; the rest of those lie
with the interim holder until a person decides. Issued results and closed registers stay with the agency that
made them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from haicap.kernel.contract import Carrier, Cut, LedgerLine, Undo, UndoReport
from haicap.kernel.contract.digest import Digest
from haicap.kernel.database.copy import copy_rows
from haicap.registry.division import DivisionRules, Placement, evidence_of
from haicap.systems.onestop.models import IN_FLIGHT
from haicap.systems.onestop.undecided import UndecidedDossiers

_FLYING = ", ".join(str(int(status)) for status in IN_FLIGHT)
_BATCH = 2_000

# One look at the table, under the lock: how many dossiers lie on each desk in each status. The index
# onestop_dossier_tally answers alone.
_COUNTED = """
    SELECT desk_id, status, count(*) AS n, bit_xor(uuid_hash_extended(id, 0)) AS x
    FROM onestop_dossier GROUP BY desk_id, status
"""
_TALLY = f"""
    CREATE TEMP TABLE onestop_tally ON COMMIT DROP AS
    SELECT desk_id, status IN ({_FLYING}) AS flying, n, x FROM ({_COUNTED}) counted
"""
_TOTAL = """
    SELECT coalesce(sum(t.n), 0), coalesce(bit_xor(t.x), 0)
    FROM onestop_tally t JOIN cut_desk d USING (desk_id)
"""

_UNDECIDED = f"""
    SELECT o.id, o.desk_id, o.village, o.address, o.latitude, o.longitude, o.place_id, o.procedure_code, a.unit_id
    FROM onestop_dossier o
    JOIN cut_desk d ON d.desk_id = o.desk_id AND d.fate = 'undecided'
    JOIN cut_agency a ON a.agency_id = d.holder_id
    WHERE o.status IN ({_FLYING})
"""

# A procedure that the plan gives to a department goes there from whichever desk of an abolished district.
_BY_PROCEDURE = f"""
    SELECT o.id, o.desk_id, p.agency_id, o.procedure_code
    FROM onestop_dossier o
    JOIN cut_procedure p USING (procedure_code)
    JOIN cut_desk d ON d.desk_id = o.desk_id
    JOIN cut_agency a ON a.agency_id = d.holder_id AND a.fate = 'ended'
    JOIN cut_unit u ON u.unit_id = a.unit_id AND u.level = 'district'
    WHERE o.status IN ({_FLYING})
"""

# What the moves do: only dossiers that still lie where they lay when the rules were asked, and are still in flight.
_MOVE = f"""
    WITH moved AS (
        UPDATE onestop_dossier o SET desk_id = m.to_desk
        FROM onestop_move m
        WHERE m.dossier_id = o.id AND o.desk_id = m.from_desk AND o.status IN ({_FLYING})
        RETURNING o.id, o.status, m.from_desk, m.to_desk, m.agency_id, m.how, m.evidence
    ), kept AS (
        INSERT INTO registry_carriedmove
            (id, run_id, system, record, record_id, from_desk_id, to_desk_id, how, evidence)
        SELECT kernel_new_id(), %(run)s, 'onestop', 'dossier', id, from_desk, to_desk, how, evidence FROM moved
        RETURNING record_id, from_desk_id, to_desk_id
    ), stepped AS (
        INSERT INTO onestop_dossierstep (id, dossier_id, at, desk_id, agency_id, actor, action, status, note, run_id)
        SELECT kernel_new_id(), id, greatest(%(at)s, (
                   SELECT max(s.at) + interval '1 microsecond' FROM onestop_dossierstep s WHERE s.dossier_id = moved.id
               )), to_desk, agency_id, %(actor)s, 'place', status, how, %(run)s
        FROM moved
    )
    SELECT count(*), coalesce(bit_xor(uuid_hash_extended(record_id, 0)), 0) FROM kept
"""


def _batches(sql: str) -> Iterator[list[dict[str, Any]]]:
    """Rows of a query as mappings, a bounded batch at a time: the server holds the rest."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql)
        while batch := cursor.fetchmany(_BATCH):
            names = [column.name for column in cursor.description]
            yield [dict(zip(names, row, strict=True)) for row in batch]


def _written() -> int:
    """How many rows of the dossier table this transaction has written (PostgreSQL's own count)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables "
            "WHERE relid = 'onestop_dossier'::regclass"
        )
        row = cursor.fetchone()
        return int(row[0]) if row else 0


class DossierCarrier(UndecidedDossiers, Carrier):
    """Hồ sơ thủ tục hành chính: in flight they are carried with number, due date and history; the rest is frozen.

    The digest is taken once, under the lock. Afterwards PostgreSQL's own count of rows written by this
    transaction proves that only the moves by rule touched the table; if it says anything else, or does not
    count, the table is looked at again in full.
    """

    system = "onestop"
    record = "dossier"
    label = str(gettext_lazy("Hồ sơ thủ tục hành chính"))
    # Tasks lie with their dossier, consultations on a desk that is re-held; results stay with who issued them,
    # certificates with whom they name: a successor has its own.
    # The book of certified copies stays with the agency that kept it: a successor begins its own with number 1.
    # Counters, tickets and booked times belong to desks: their new holder has them.
    tables = (
        "onestop_dossier",
        "onestop_dossierstep",
        "onestop_dossiernumber",
        "onestop_dossiertask",
        "onestop_result",
        "onestop_signingcertificate",
        "onestop_counter",
        "onestop_ticketnumber",
        "onestop_ticket",
        "onestop_booking",
        "onestop_openingstatement",
        "onestop_certificationnumber",
        "onestop_certification",
        # figures of days stay with the agency that worked then; its successors read them
        "onestop_dossierday",
        "onestop_taskday",
        # an online draft names the unit where its writer will hand in: looked up anew when that day comes
        "onestop_onlinedraft",
    )
    locks = ("onestop_dossier", "onestop_dossierstep")

    def __init__(self) -> None:
        self.before = Digest()
        self.moved = Digest()
        self.written_before = 0

    # --- before the lock ---

    def stage(self, cut: Cut) -> None:
        """Ask the rules of the divided units about every dossier in flight on their desks."""
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TEMP TABLE onestop_move (dossier_id uuid PRIMARY KEY, from_desk uuid NOT NULL, "
                "to_desk uuid, agency_id uuid, unit_id uuid, how text NOT NULL, evidence text NOT NULL) "
                "ON COMMIT DROP"
            )
        for batch in _batches(_UNDECIDED):
            copy_rows(
                "onestop_move",
                ("dossier_id", "from_desk", "unit_id", "how", "evidence"),
                list(self._placed(cut, batch)),
            )
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                INSERT INTO onestop_move (dossier_id, from_desk, agency_id, how, evidence)
                SELECT id, desk_id, agency_id, 'procedure', procedure_code FROM ({_BY_PROCEDURE}) given
                ON CONFLICT (dossier_id) DO UPDATE
                    SET agency_id = excluded.agency_id, unit_id = NULL, how = excluded.how,
                        evidence = excluded.evidence
                """
            )
            cursor.execute(
                """
                UPDATE onestop_move m SET agency_id = a.id
                FROM registry_agency a WHERE a.unit_id = m.unit_id AND a.kind = 'ubnd' AND m.agency_id IS NULL
                """
            )
            cursor.execute(
                """
                UPDATE onestop_move m SET to_desk = d.id
                FROM registry_desk d
                WHERE d.founder_id = m.agency_id AND d.kind = 'work' AND d.place_id IS NULL AND d.field = ''
                """
            )
            cursor.execute("DELETE FROM onestop_move WHERE to_desk IS NULL OR to_desk = from_desk")
            cursor.execute("ANALYZE onestop_move")
            # brings that index into memory, so that nobody waits for a disk during the read-only moment
            cursor.execute(f"SELECT count(*) FROM ({_COUNTED}) counted")

    @staticmethod
    def _placed(cut: Cut, rows: Iterable[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
        for row in rows:
            rules = cut.rules.get(row["unit_id"])
            if not isinstance(rules, DivisionRules):
                continue
            placement: Placement | None = rules.place(evidence_of(row))
            if placement is not None:
                yield row["id"], row["desk_id"], placement.unit_id, placement.how, placement.evidence[:300]

    # --- under the lock ---

    def begin(self, cut: Cut) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_TALLY)
            cursor.execute(_TOTAL)
            self.before = Digest(*map(int, cursor.fetchone()))
        self.written_before = _written()

    def carry(self, cut: Cut) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                _MOVE, {"run": cut.run_id, "at": cut.at, "actor": _("Chuyển theo quy tắc phân định")}
            )
            self.moved = Digest(*map(int, cursor.fetchone()))

    def finish(self, cut: Cut) -> LedgerLine:
        found = self._by_holder(cut) if self._only_moves_written() else self._looked_again(cut)
        carried = found.get("carried", Digest())
        undecided = found.get("undecided", Digest())
        frozen = found.get("frozen", Digest())
        notes = (
            (_("%(count)d hồ sơ chuyển theo quy tắc phân định") % {"count": self.moved.count},)
            if self.moved.count
            else ()
        )
        return LedgerLine(
            self.system,
            self.record,
            _("Hồ sơ thủ tục hành chính"),
            self.before,
            carried=carried,
            frozen=frozen,
            undecided=undecided,
            after=carried + frozen + undecided,
            notes=notes,
        )

    def _only_moves_written(self) -> bool:
        return _written() - self.written_before == self.moved.count

    # Per desk, who holds it now by the holdings as stored; a desk in flight that nobody holds is no fate at all, so
    # its dossiers are missing from the sum and the ledger refuses.
    _FATE = """
        CASE WHEN NOT t.flying THEN 'frozen' WHEN held.agency_id IS NULL THEN NULL
             WHEN held.interim THEN 'undecided' ELSE 'carried' END
    """
    _HELD = """
        LEFT JOIN LATERAL (
            SELECT agency_id, interim FROM registry_holding h
            WHERE h.desk_id = t.desk_id ORDER BY h.begins_at DESC LIMIT 1
        ) held ON true
    """

    def _by_holder(self, cut: Cut) -> dict[str, Digest]:
        """Fates from the one tally, with the moved dossiers taken from where they lay to where they lie."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                WITH t AS (
                    SELECT desk_id, flying, n, x FROM onestop_tally JOIN cut_desk USING (desk_id)
                    UNION ALL
                    SELECT from_desk_id, true, -count(*), bit_xor(uuid_hash_extended(record_id, 0))
                    FROM registry_carriedmove WHERE run_id = %(run)s AND system = 'onestop' GROUP BY 1
                    UNION ALL
                    SELECT o.desk_id, true, count(*), bit_xor(uuid_hash_extended(o.id, 0))
                    FROM registry_carriedmove m JOIN onestop_dossier o ON o.id = m.record_id
                    WHERE m.run_id = %(run)s AND m.system = 'onestop' GROUP BY 1
                )
                SELECT {self._FATE} AS fate, sum(t.n), bit_xor(t.x) FROM t {self._HELD} GROUP BY 1
                """,
                {"run": cut.run_id},
            )
            return {fate: Digest(int(n), int(x)) for fate, n, x in cursor.fetchall() if fate}

    def _looked_again(self, cut: Cut) -> dict[str, Digest]:
        """Fates from the table itself, looked at in full once more."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                WITH t AS (
                    SELECT o.desk_id, o.status IN ({_FLYING}) AS flying, count(*) AS n,
                           bit_xor(uuid_hash_extended(o.id, 0)) AS x
                    FROM onestop_dossier o
                    WHERE o.desk_id IN (SELECT desk_id FROM cut_desk)
                       OR o.id IN (SELECT record_id FROM registry_carriedmove WHERE run_id = %(run)s)
                    GROUP BY 1, 2
                )
                SELECT {self._FATE} AS fate, sum(t.n), bit_xor(t.x) FROM t {self._HELD} GROUP BY 1
                """,
                {"run": cut.run_id},
            )
            return {fate: Digest(int(n), int(x)) for fate, n, x in cursor.fetchall() if fate}

    # --- back again ---

    def stage_undo(self, undo: Undo) -> None:
        """Note which agencies the cut-over made, before they are withdrawn."""
        with connection.cursor() as cursor:
            cursor.execute(
                """
                CREATE TEMP TABLE onestop_new_agency ON COMMIT DROP AS
                SELECT agency_id FROM (
                    SELECT DISTINCT ON (agency_id) agency_id, run_id FROM registry_agencyversion
                    WHERE withdrawn_at IS NULL ORDER BY agency_id, begins_on
                ) first WHERE run_id = %s
                """,
                [undo.run_id],
            )
            cursor.execute("ANALYZE onestop_new_agency")

    def undo(self, undo: Undo) -> UndoReport:
        """Dossiers moved by rule go back to their desks; those finished or moved on since stay and are named."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                WITH back AS (
                    UPDATE onestop_dossier o SET desk_id = m.from_desk_id
                    FROM registry_carriedmove m
                    WHERE m.run_id = %(run)s AND m.system = 'onestop' AND m.record_id = o.id
                      AND o.desk_id = m.to_desk_id AND o.status IN ({_FLYING})
                    RETURNING o.id
                ), forgotten AS (
                    DELETE FROM onestop_dossierstep s USING back
                    WHERE s.dossier_id = back.id AND s.run_id = %(run)s
                )
                SELECT count(*) FROM back
                """,
                {"run": undo.run_id},
            )
            back = int(cursor.fetchone()[0])
            cursor.execute(
                "SELECT count(*) FROM registry_carriedmove WHERE run_id = %s AND system = 'onestop'",
                [undo.run_id],
            )
            moved = int(cursor.fetchone()[0])
            cursor.execute(
                """
                SELECT coalesce(sum(lies.many), 0)
                FROM registry_desk d JOIN onestop_new_agency n ON n.agency_id = d.founder_id
                CROSS JOIN LATERAL (
                    SELECT count(*) AS many FROM onestop_dossier o
                    WHERE uuid_hash_extended(o.desk_id, 0) = uuid_hash_extended(d.id, 0) AND o.desk_id = d.id
                      AND NOT EXISTS (
                        SELECT FROM registry_carriedmove m
                        WHERE m.run_id = %(run)s AND m.system = 'onestop' AND m.record_id = o.id)
                ) lies
                """,
                {"run": undo.run_id},
            )
            new = int(cursor.fetchone()[0])
        problems: list[str] = []
        if moved - back:
            problems.append(
                _(
                    "%(count)d hồ sơ đã chuyển theo quy tắc, sau đó xong hoặc chuyển tiếp: giữ nguyên ở chỗ mới"
                )
                % {"count": moved - back}
            )
        if new:
            problems.append(
                _("%(count)d hồ sơ nằm ở bàn của cơ quan mới: giữ nguyên, do cơ quan cũ của địa bàn tạm giữ")
                % {"count": new}
            )
        return UndoReport(
            self.system,
            self.record,
            _("Hồ sơ thủ tục hành chính"),
            restored=back,
            kept=new + moved - back,
            problems=tuple(problems),
        )


CARRIERS = (DossierCarrier,)
