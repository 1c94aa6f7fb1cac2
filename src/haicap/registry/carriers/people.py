"""Posts and appointments: they stand at desks, and go where the desks go."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from haicap.kernel.contract import Cut, LedgerLine, Undo, UndoReport
from haicap.kernel.contract.digest import Digest, digest_of
from haicap.registry.carriers.base import RegistryCarrier, digests_by, execute

_POSTS = "SELECT p.id, d.fate FROM registry_post p JOIN cut_desk d ON d.desk_id = p.desk_id"


class PostCarrier(RegistryCarrier):
    """Chức danh tại cơ quan: posts at desks that go on are carried; leaders' posts of ended agencies close."""

    record = "post"
    label = str(gettext_lazy("Chức danh tại cơ quan"))
    order = 60
    tables = ("registry_post",)

    def begin(self, cut: Cut) -> None:
        self.before = digest_of(_POSTS.replace(", d.fate", ""))

    def carry(self, cut: Cut) -> None:
        return None  # a post goes with its desk

    def finish(self, cut: Cut) -> LedgerLine:
        found = digests_by(
            f"SELECT id, CASE fate WHEN 'kept' THEN 'carried' ELSE fate END AS fate FROM ({_POSTS}) at_desks"
        )
        parts = {fate: found.get(fate, Digest()) for fate in ("carried", "closed", "undecided")}
        return LedgerLine(
            self.system,
            self.record,
            _("Chức danh tại cơ quan"),
            self.before,
            carried=parts["carried"],
            closed=parts["closed"],
            undecided=parts["undecided"],
            after=digest_of(_POSTS.replace(", d.fate", "") + " WHERE d.fate IS NOT NULL"),
            created=digest_of(
                "SELECT p.id FROM registry_post p JOIN registry_desk d ON d.id = p.desk_id "
                "JOIN cut_new_agency n ON n.agency_id = d.founder_id"
            ),
        )

    def undo(self, undo: Undo) -> UndoReport:
        return UndoReport(self.system, self.record, _("Chức danh tại cơ quan"), restored=0)


_APPOINTMENTS = """
    SELECT ap.id,
           CASE
               WHEN d.fate IN ('carried', 'kept') THEN 'carried'
               WHEN staffed.person_id IS NOT NULL THEN 'closed'
               ELSE 'undecided'
           END AS fate
    FROM cut_desk d
    JOIN registry_post p ON p.desk_id = d.desk_id
    JOIN registry_appointment ap ON ap.post_id = p.id AND upper_inf(ap.recorded)
        AND ap.valid @> %(before)s::date AND (upper_inf(ap.valid) OR upper(ap.valid) > %(day)s)
        AND ap.run_id IS DISTINCT FROM %(run)s
    LEFT JOIN (
        SELECT DISTINCT person_id FROM registry_appointment
        WHERE run_id = %(run)s AND upper_inf(recorded)
    ) staffed ON staffed.person_id = ap.person_id
"""


class AppointmentCarrier(RegistryCarrier):
    """Bổ nhiệm: people at desks that go on keep their posts; leaders of ended agencies go where the plan's
    staffing puts them (closed: they hold a new appointment), everybody else waits unassigned; nobody is lost.
    """

    record = "appointment"
    label = str(gettext_lazy("Cán bộ đang giữ chức danh"))
    order = 70
    tables = ("registry_appointment", "registry_focalpoint")

    def _params(self, cut: Cut) -> dict[str, object]:
        return {"before": cut.effective_on - timedelta(days=1), "day": cut.effective_on, "run": cut.run_id}

    def begin(self, cut: Cut) -> None:
        self.before = digest_of_query(_APPOINTMENTS, self._params(cut))

    def carry(self, cut: Cut) -> None:
        # a plan that fills a post which somebody closed meanwhile opens it again
        execute(
            "UPDATE registry_post SET closed_on = NULL "
            "WHERE closed_on IS NOT NULL AND id IN (SELECT post_id FROM cut_staff)"
        )
        execute(
            """
            INSERT INTO registry_appointment (id, person_id, post_id, valid, decision, run_id)
            SELECT kernel_new_id(), person_id, post_id, daterange(%(day)s, NULL), %(decision)s, %(run)s
            FROM cut_staff
            """,
            {"day": cut.effective_on, "run": cut.run_id, "decision": cut.resolution},
        )

    def finish(self, cut: Cut) -> LedgerLine:
        found = digests_by(_APPOINTMENTS, self._params(cut))
        parts = {fate: found.get(fate, Digest()) for fate in ("carried", "closed", "undecided")}
        waiting = parts["undecided"].count
        return LedgerLine(
            self.system,
            self.record,
            _("Cán bộ đang giữ chức danh"),
            self.before,
            carried=parts["carried"],
            closed=parts["closed"],
            undecided=parts["undecided"],
            after=parts["carried"] + parts["closed"] + parts["undecided"],
            created=digest_of(
                "SELECT id FROM registry_appointment WHERE run_id = %s AND upper_inf(recorded)", [cut.run_id]
            ),
            notes=(_("%(count)d người chờ phân công") % {"count": waiting},) if waiting else (),
        )

    def undo(self, undo: Undo) -> UndoReport:
        restored = execute(
            "UPDATE registry_appointment SET recorded = tstzrange(lower(recorded), "
            "greatest(lower(recorded), %(now)s)) WHERE run_id = %(run)s AND upper_inf(recorded)",
            {"run": undo.run_id, "now": undo.now},
        )
        return UndoReport(self.system, self.record, _("Cán bộ đang giữ chức danh"), restored=restored)


def digest_of_query(sql: str, params: dict[str, object]) -> Digest:
    """The digest of all ids of a query with named parameters, whatever their fate."""
    result = Digest()
    for digest in digests_by(sql, params).values():
        result = result + digest
    return result
