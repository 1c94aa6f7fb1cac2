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

# Which agencies the cut-over made; noted before they are withdrawn.
_MADE = """
    CREATE TEMP TABLE undo_made ON COMMIT DROP AS
    SELECT a.id, a.unit_id FROM registry_agency a
    JOIN (
        SELECT DISTINCT ON (agency_id) agency_id, run_id FROM registry_agencyversion
        WHERE withdrawn_at IS NULL ORDER BY agency_id, begins_on
    ) first ON first.agency_id = a.id AND first.run_id = %(run)s
"""

# Desks that the cut-over gave to others go back to who held them before. `undo_held` is what the undo gave so far: run
# again under the lock, this meets the desks that were given to somebody in between.
_GIVE_BACK = f"""
    WITH given AS (
        INSERT INTO registry_holding (id, desk_id, begins_at, agency_id, interim)
        SELECT kernel_new_id(), r.desk_id, {_AFTER_ALL.format(desk="r.desk_id")}, was.agency_id, was.interim
        FROM registry_holding r
        JOIN LATERAL (
            SELECT agency_id, interim FROM registry_holding h
            WHERE h.desk_id = r.desk_id AND h.begins_at < r.begins_at ORDER BY h.begins_at DESC LIMIT 1
        ) was ON true
        WHERE r.run_id = %(run)s AND NOT EXISTS (
            SELECT FROM undo_held ours WHERE ours.desk_id = r.desk_id AND NOT EXISTS (
                SELECT FROM registry_holding later
                WHERE later.desk_id = ours.desk_id AND later.begins_at > ours.begins_at))
        RETURNING desk_id, begins_at
    )
    INSERT INTO undo_held SELECT desk_id, begins_at FROM given
"""

# Desks that agencies made by the cut-over hold now, their own drawers first of all: they may hold work taken in since.
# Whom the agency took over from gets them back; for a brand-new organ whom its committee took over from, or, where
# the unit lives on, its committee itself; where the predecessor has no agency, its superior's committee. Leaders' desks
# close. A work desk that nobody can take stays with the agency that is no more, and is told.
_TAKER = "coalesce(own.predecessor_id, neighbour.predecessor_id, standing.id, superior.id)"
_RETURN_NEW = f"""
    WITH held AS MATERIALIZED (
        SELECT DISTINCT ON (h.desk_id) h.desk_id, h.agency_id FROM registry_holding h
        WHERE h.desk_id IN (
            SELECT ever.desk_id FROM registry_holding ever JOIN undo_made made ON made.id = ever.agency_id)
        ORDER BY h.desk_id, h.begins_at DESC
    ), heirs AS MATERIALIZED (
        SELECT s.successor_id, heir.unit_id, heir.kind, s.part, s.predecessor_id
        FROM registry_agencysuccession s JOIN registry_agency heir ON heir.id = s.successor_id
        WHERE s.run_id = %(run)s
    ), own AS MATERIALIZED (
        SELECT DISTINCT ON (successor_id) successor_id, predecessor_id FROM heirs
        ORDER BY successor_id, part, predecessor_id
    ), neighbour AS MATERIALIZED (
        SELECT DISTINCT ON (unit_id) unit_id, predecessor_id FROM heirs
        ORDER BY unit_id, (kind = 'ubnd') DESC, part, predecessor_id
    )
    INSERT INTO registry_holding (id, desk_id, begins_at, agency_id, interim)
    SELECT kernel_new_id(), d.id, {_AFTER_ALL.format(desk="d.id")},
           CASE WHEN d.kind = 'work' THEN {_TAKER} END,
           d.kind = 'work'
    FROM held
    JOIN undo_made made ON made.id = held.agency_id
    JOIN registry_desk d ON d.id = held.desk_id
    LEFT JOIN own ON own.successor_id = made.id
    LEFT JOIN neighbour ON neighbour.unit_id = made.unit_id
    LEFT JOIN registry_agency standing ON standing.unit_id = made.unit_id AND standing.kind = 'ubnd'
        AND NOT EXISTS (SELECT FROM undo_made WHERE undo_made.id = standing.id)
    LEFT JOIN LATERAL (
        SELECT above.id FROM registry_succession edge
        JOIN registry_unitversion was ON was.unit_id = edge.predecessor_id AND upper_inf(was.recorded)
            AND upper(was.valid) = edge.effective_on
        JOIN registry_agency above ON above.unit_id IN (was.parent_id, was.province_id) AND above.kind = 'ubnd'
        WHERE neighbour.unit_id IS NULL AND standing.id IS NULL
          AND edge.successor_id = made.unit_id AND upper_inf(edge.recorded)
          AND NOT EXISTS (SELECT FROM undo_made WHERE undo_made.id = above.id)
        ORDER BY edge.part, (above.unit_id = was.parent_id) DESC, edge.predecessor_id LIMIT 1
    ) superior ON true
    WHERE d.kind <> 'work' OR {_TAKER} IS NOT NULL
"""

_LEFT_BEHIND = """
    SELECT count(*) FROM (
        SELECT DISTINCT ON (h.desk_id) h.desk_id, h.agency_id FROM registry_holding h
        WHERE h.desk_id IN (SELECT desk_id FROM registry_holding WHERE run_id = %(run)s)
        ORDER BY h.desk_id, h.begins_at DESC
    ) held
    WHERE held.agency_id IN (SELECT id FROM undo_made)
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
        self.restored = self.orphaned = self.moved_since = self.left = self.holdings = 0

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

    def stage_undo(self, undo: Undo) -> None:
        """Desks go back to who held them before; desks of the new agencies go to whom those took over from.

        Done before the lock, as in a cut-over: nobody sees it until the commit.
        """
        params = {"run": undo.run_id, "now": undo.now}
        execute(_MADE, params)
        execute("CREATE UNIQUE INDEX ON undo_made (id)")
        execute(
            "CREATE TEMP TABLE undo_held (desk_id uuid NOT NULL, begins_at timestamptz NOT NULL) ON COMMIT DROP"
        )
        execute("ANALYZE undo_made, undo_held, registry_holding, registry_agencysuccession")
        self.moved_since = self._moved_since(params)
        self.restored = execute(_GIVE_BACK, params)
        self.orphaned = execute(_RETURN_NEW, params)
        self.left = scalar(_LEFT_BEHIND, params)
        execute("ANALYZE undo_held")
        self.holdings = scalar("SELECT count(*) FROM registry_holding")

    def _moved_since(self, params: dict[str, object]) -> int:
        found: int = scalar(
            """
            SELECT count(*) FROM registry_holding r
            WHERE r.run_id = %(run)s AND EXISTS (
                SELECT FROM registry_holding later WHERE later.desk_id = r.desk_id AND later.begins_at > r.begins_at)
              AND EXISTS (
                SELECT FROM registry_holding was WHERE was.desk_id = r.desk_id AND was.begins_at < r.begins_at)
            """,
            params,
        )
        return found

    def undo(self, undo: Undo) -> UndoReport:
        """Under the lock: whatever was done to desks while the undo was being prepared is dealt with now."""
        params = {"run": undo.run_id, "now": undo.now}
        if scalar("SELECT count(*) FROM registry_holding") != self.holdings:  # rows are never deleted
            again = execute(_GIVE_BACK, params)
            self.moved_since += again
            self.orphaned += execute(_RETURN_NEW, params)
            self.left = scalar(_LEFT_BEHIND, params)
        problems = []
        if self.moved_since:
            problems.append(
                _(
                    "%(count)d bàn đã đổi người phụ trách sau chuyển đổi; nay trở lại người phụ trách trước chuyển đổi"
                )
                % {"count": self.moved_since}
            )
        if self.left:
            problems.append(
                _(
                    "%(count)d bàn không có cơ quan nào nhận lại: còn ở cơ quan vừa bị hoàn tác, cần chuyển bằng tay"
                )
                % {"count": self.left}
            )
        return UndoReport(
            self.system,
            self.record,
            _("Bàn xử lý"),
            restored=self.restored,
            kept=self.orphaned,
            problems=tuple(problems),
        )
