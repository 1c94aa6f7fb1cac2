"""Desks: the heart of a cut-over. A desk gets a new holder; what lies on it never moves."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from haicap.kernel.contract import Cut, LedgerLine, Undo, UndoReport
from haicap.kernel.contract.digest import Digest, digest_of
from haicap.registry.carriers.base import RegistryCarrier, digests_by, execute, scalar

# The instant of the undo, or right after the desk's latest holding where that begins later (a drawer set up while the
# undo was waiting for its lock; a cut-over whose instant is yet to come).
_AFTER_ALL = """
    greatest(%(now)s, (
        SELECT max(latest.begins_at) + interval '1 microsecond' FROM registry_holding latest
        WHERE latest.desk_id = {desk}))
"""

# Desks that agencies made by the cut-over hold now, their own drawers first of all: they may hold work taken in since.
# Whom the agency took over from gets them back; for a brand-new organ whom its committee took over from, or, where
# the unit lives on, its committee itself; where the predecessor has no agency, its superior's committee. Leaders' desks
# close. A work desk that nobody can take stays with the agency that is no more, and is told.
_RETURN_NEW = f"""
    WITH made AS MATERIALIZED (
        SELECT a.id, a.unit_id FROM registry_agency a
        WHERE a.id IN (SELECT agency_id FROM registry_agencyversion WHERE run_id = %(run)s)
          AND %(run)s = (
            SELECT first.run_id FROM registry_agencyversion first
            WHERE first.agency_id = a.id AND first.withdrawn_at IS NULL ORDER BY first.begins_on LIMIT 1)
    ), held AS MATERIALIZED (
        SELECT DISTINCT ON (h.desk_id) h.desk_id, h.agency_id FROM registry_holding h
        WHERE h.desk_id IN (
            SELECT ever.desk_id FROM registry_holding ever JOIN made ON made.id = ever.agency_id)
        ORDER BY h.desk_id, h.begins_at DESC
    )
    INSERT INTO registry_holding (id, desk_id, begins_at, agency_id, interim)
    SELECT kernel_new_id(), d.id, {_AFTER_ALL.format(desk="d.id")},
           CASE WHEN d.kind = 'work' THEN coalesce(heir.predecessor_id, standing.id, superior.id) END,
           d.kind = 'work'
    FROM held
    JOIN made ON made.id = held.agency_id
    JOIN registry_desk d ON d.id = held.desk_id
    LEFT JOIN LATERAL (
        SELECT s.predecessor_id FROM registry_agencysuccession s
        JOIN registry_agency heir ON heir.id = s.successor_id AND heir.unit_id = made.unit_id
        WHERE s.run_id = %(run)s
        ORDER BY (s.successor_id = made.id) DESC, (heir.kind = 'ubnd') DESC, s.part, s.predecessor_id LIMIT 1
    ) heir ON true
    LEFT JOIN registry_agency standing
        ON standing.unit_id = made.unit_id AND standing.kind = 'ubnd' AND standing.id NOT IN (SELECT id FROM made)
    LEFT JOIN LATERAL (
        SELECT above.id FROM registry_succession edge
        JOIN registry_unitversion was ON was.unit_id = edge.predecessor_id AND upper_inf(was.recorded)
            AND upper(was.valid) = edge.effective_on
        JOIN registry_agency above ON above.unit_id IN (was.parent_id, was.province_id) AND above.kind = 'ubnd'
        WHERE edge.successor_id = made.unit_id AND upper_inf(edge.recorded) AND above.id NOT IN (SELECT id FROM made)
        ORDER BY edge.part, (above.unit_id = was.parent_id) DESC, edge.predecessor_id LIMIT 1
    ) superior ON true
    WHERE d.kind <> 'work' OR coalesce(heir.predecessor_id, standing.id, superior.id) IS NOT NULL
"""

_LEFT_BEHIND = """
    SELECT count(*) FROM (
        SELECT DISTINCT ON (h.desk_id) h.desk_id, h.agency_id FROM registry_holding h
        WHERE h.desk_id IN (SELECT desk_id FROM registry_holding WHERE run_id = %(run)s)
        ORDER BY h.desk_id, h.begins_at DESC
    ) held
    WHERE held.agency_id IN (
        SELECT a.id FROM registry_agency a JOIN LATERAL (
            SELECT first.run_id FROM registry_agencyversion first
            WHERE first.agency_id = a.id AND first.withdrawn_at IS NULL ORDER BY first.begins_on LIMIT 1
        ) first ON first.run_id = %(run)s
        WHERE a.id IN (SELECT agency_id FROM registry_agencyversion WHERE run_id = %(run)s))
"""


class DeskCarrier(RegistryCarrier):
    """Bàn xử lý: every work desk of an ended agency is held by its successor from the cut-over on.

    Desks of divided units lie with an interim holder (undecided); leaders' desks, which carry no records, close.
    """

    record = "desk"
    label = str(gettext_lazy("Bàn xử lý"))
    order = 80
    tables = ("registry_desk", "registry_holding", "registry_carriedmove")
    locks = ("registry_desk", "registry_holding")

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, Digest] = {}

    # Everything about the desks known before the lock is done before the lock: nobody sees it until the commit.
    def stage(self, cut: Cut) -> None:
        self._hold(cut, late=False)
        self.before = digest_of("SELECT desk_id AS id FROM cut_desk")
        self.found = self._look()

    def _hold(self, cut: Cut, *, late: bool) -> None:
        execute(
            """
            INSERT INTO registry_holding (id, desk_id, begins_at, agency_id, interim, run_id)
            SELECT kernel_new_id(), d.desk_id, greatest(%(at)s, d.since + interval '1 microsecond'),
                   d.agency_id, d.fate = 'undecided', %(run)s
            FROM cut_desk d
            WHERE d.fate <> 'kept' AND d.late = %(late)s
            """,
            {"at": cut.at, "run": cut.run_id, "late": late},
        )

    def begin(self, cut: Cut) -> None:
        return None

    def carry(self, cut: Cut) -> None:
        """Under the lock: whatever was done to desks while the cut-over was being prepared is dealt with now."""
        if self._disturbed(cut):
            self._hold(cut, late=True)
            self.before = digest_of("SELECT desk_id AS id FROM cut_desk")
            self.found = self._look()

    def _disturbed(self, cut: Cut) -> bool:
        """Whether somebody set up a drawer or gave a desk to another agency since the desks were found."""
        return bool(
            scalar(
                """
                SELECT EXISTS (SELECT FROM cut_desk WHERE late) OR cut_known.holdings <> (
                    SELECT count(*) FROM registry_holding WHERE run_id IS DISTINCT FROM %(run)s)
                FROM cut_known
                """,
                {"run": cut.run_id},
            )
        )

    def _look(self) -> dict[str, Digest]:
        """Fates by the latest holding of every desk as stored; a desk that somebody else was given is in none."""
        return digests_by(
            """
            SELECT d.desk_id AS id,
                   CASE WHEN held.agency_id IS NULL THEN 'closed'
                        WHEN held.interim THEN 'undecided' ELSE 'carried' END AS fate
            FROM cut_desk d
            JOIN (
                SELECT DISTINCT ON (h.desk_id) h.desk_id, h.agency_id, h.interim
                FROM registry_holding h JOIN cut_desk USING (desk_id) ORDER BY h.desk_id, h.begins_at DESC
            ) held ON held.desk_id = d.desk_id AND held.agency_id IS NOT DISTINCT FROM d.agency_id
            """
        )

    def finish(self, cut: Cut) -> LedgerLine:
        found = self.found
        parts = {fate: found.get(fate, Digest()) for fate in ("carried", "closed", "undecided")}
        return LedgerLine(
            self.system,
            self.record,
            _("Bàn xử lý"),
            self.before,
            carried=parts["carried"],
            closed=parts["closed"],
            undecided=parts["undecided"],
            after=parts["carried"] + parts["closed"] + parts["undecided"],
            created=digest_of(
                "SELECT d.id FROM registry_desk d JOIN cut_new_agency n ON n.agency_id = d.founder_id"
            ),
        )

    def undo(self, undo: Undo) -> UndoReport:
        """Desks go back to who held them before; desks of the new agencies go to whom those took over from."""
        params = {"run": undo.run_id, "now": undo.now, "cut_at": undo.cut_at}
        moved_since = scalar(
            """
            SELECT count(*) FROM registry_holding r
            WHERE r.run_id = %(run)s AND EXISTS (
                SELECT FROM registry_holding later WHERE later.desk_id = r.desk_id AND later.begins_at > r.begins_at)
              AND EXISTS (
                SELECT FROM registry_holding was WHERE was.desk_id = r.desk_id AND was.begins_at < r.begins_at)
            """,
            params,
        )
        restored = execute(
            f"""
            INSERT INTO registry_holding (id, desk_id, begins_at, agency_id, interim)
            SELECT kernel_new_id(), r.desk_id, {_AFTER_ALL.format(desk="r.desk_id")}, was.agency_id, was.interim
            FROM registry_holding r
            JOIN LATERAL (
                SELECT agency_id, interim FROM registry_holding h
                WHERE h.desk_id = r.desk_id AND h.begins_at < r.begins_at ORDER BY h.begins_at DESC LIMIT 1
            ) was ON true
            WHERE r.run_id = %(run)s
            """,
            params,
        )
        orphaned = execute(_RETURN_NEW, params)
        problems = []
        if moved_since:
            problems.append(
                _(
                    "%(count)d bàn đã đổi người phụ trách sau chuyển đổi; nay trở lại người phụ trách trước chuyển đổi"
                )
                % {"count": moved_since}
            )
        if left := scalar(_LEFT_BEHIND, params):
            problems.append(
                _(
                    "%(count)d bàn không có cơ quan nào nhận lại: còn ở cơ quan vừa bị hoàn tác, cần chuyển bằng tay"
                )
                % {"count": left}
            )
        return UndoReport(
            self.system,
            self.record,
            _("Bàn xử lý"),
            restored=restored,
            kept=orphaned,
            problems=tuple(problems),
        )
