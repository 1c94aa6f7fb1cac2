"""What becomes of letters: open ones go with their desk, answered ones freeze. `mischief`: what a bad one does."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.db import connection

from haicap.kernel.contract import Carrier, Cut, LedgerLine, Undo, UndoReport, digest_of
from haicap.registry.division import DivisionRules, Evidence

#: phase → what goes wrong in it; empty in a good carrier
mischief: dict[str, Callable[[Cut], None]] = {}
#: messages after the commit: (run, undone)
followed: list[tuple[uuid.UUID, bool]] = []

_HERE = "SELECT l.id FROM letters_letter l JOIN cut_desk d USING (desk_id)"


class LetterCarrier(Carrier):
    """Thư."""

    system = "letters"
    record = "letter"
    label = "Thư"
    tables = ("letters_letter",)
    locks = ("letters_letter",)

    def _do(self, phase: str, cut: Cut) -> None:
        if phase in mischief:
            mischief[phase](cut)

    def stage(self, cut: Cut) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT l.id, l.village, a.unit_id FROM letters_letter l
                JOIN cut_desk d ON d.desk_id = l.desk_id AND d.fate = 'undecided'
                JOIN cut_agency a ON a.agency_id = d.holder_id WHERE NOT l.answered
                """
            )
            self.placed: list[tuple[uuid.UUID, uuid.UUID]] = []
            for letter, village, unit in cursor.fetchall():
                rules = cut.rules.get(unit)
                found = rules.place(Evidence(village=village)) if isinstance(rules, DivisionRules) else None
                if found is not None:
                    self.placed.append((letter, found.unit_id))
        self._do("stage", cut)

    def begin(self, cut: Cut) -> None:
        self.before = digest_of(_HERE)
        self._do("begin", cut)

    def carry(self, cut: Cut) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(
                """
                WITH placed AS (
                    SELECT l.id, l.desk_id AS from_desk, d.id AS to_desk FROM letters_letter l, registry_desk d
                    JOIN registry_agency a ON a.id = d.founder_id AND a.kind = 'ubnd'
                    WHERE l.id = %s AND a.unit_id = %s AND d.kind = 'work' AND d.place_id IS NULL AND d.field = ''
                ), moved AS (
                    UPDATE letters_letter l SET desk_id = placed.to_desk FROM placed WHERE placed.id = l.id
                )
                INSERT INTO registry_carriedmove
                    (run_id, system, record, record_id, from_desk_id, to_desk_id, how, evidence)
                SELECT %s, 'letters', 'letter', id, from_desk, to_desk, 'village', '' FROM placed
                """,
                [(letter, unit, cut.run_id) for letter, unit in self.placed],
            )
        self._do("carry", cut)

    def finish(self, cut: Cut) -> LedgerLine:
        here = f"""
            SELECT l.id, l.answered, held.interim FROM letters_letter l
            JOIN LATERAL (
                SELECT agency_id, interim FROM registry_holding h WHERE h.desk_id = l.desk_id
                ORDER BY h.begins_at DESC LIMIT 1
            ) held ON held.agency_id IS NOT NULL
            WHERE l.id IN ({_HERE}) OR l.id IN (
                SELECT record_id FROM registry_carriedmove WHERE run_id = %s AND system = 'letters')
        """
        parts = {
            fate: digest_of(f"SELECT id FROM ({here}) x WHERE {where}", [cut.run_id])
            for fate, where in {
                "frozen": "answered",
                "undecided": "NOT answered AND interim",
                "carried": "NOT answered AND NOT interim",
            }.items()
        }
        self._do("finish", cut)
        whole = parts["frozen"] + parts["undecided"] + parts["carried"]
        return LedgerLine(self.system, self.record, self.label, self.before, **parts, after=whole)

    def undo(self, undo: Undo) -> UndoReport:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE letters_letter l SET desk_id = m.from_desk_id FROM registry_carriedmove m "
                "WHERE m.run_id = %s AND m.system = 'letters' AND m.record_id = l.id AND l.desk_id = m.to_desk_id",
                [undo.run_id],
            )
            return UndoReport(self.system, self.record, self.label, restored=cursor.rowcount)

    def follow(self, run_id: uuid.UUID, *, undone: bool) -> None:
        followed.append((run_id, undone))


CARRIERS = (LetterCarrier,)
