"""Units: which live on, which end."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from haicap.kernel.contract import Cut, LedgerLine, Undo, UndoReport
from haicap.kernel.contract.digest import Digest, digest_of
from haicap.registry.carriers.base import RegistryCarrier, digests_by


class UnitCarrier(RegistryCarrier):
    """Đơn vị hành chính: those that live on are carried, those that end are closed; both stay readable.

    The events themselves are written by the engine (`registry.service.apply_changes`): they are the plan, not
    a consequence of it. This carrier proves from the stored versions what became of every unit.
    """

    record = "unit"
    label = str(gettext_lazy("Đơn vị hành chính"))
    order = 10
    tables = (
        "registry_unitversion",
        "registry_unitname",
        "registry_succession",
        "registry_deployment",
    )

    def begin(self, cut: Cut) -> None:
        self.before = digest_of(
            """
            SELECT v.unit_id AS id FROM registry_unitversion v JOIN cut_unit u USING (unit_id)
            WHERE upper_inf(v.recorded) AND upper_inf(v.valid) AND lower(v.valid) < %s
            """,
            [cut.effective_on],
        )

    def carry(self, cut: Cut) -> None:
        return None

    def finish(self, cut: Cut) -> LedgerLine:
        found = digests_by(
            """
            SELECT u.unit_id AS id,
                   CASE WHEN now_.unit_id IS NOT NULL THEN 'carried' ELSE 'closed' END AS fate
            FROM cut_unit u
            JOIN registry_unitversion was ON was.unit_id = u.unit_id AND upper_inf(was.recorded)
                AND upper(was.valid) = %(day)s
            LEFT JOIN registry_unitversion now_ ON now_.unit_id = u.unit_id AND upper_inf(now_.recorded)
                AND lower(now_.valid) = %(day)s AND upper_inf(now_.valid)
            WHERE (u.fate = 'continued') = (now_.unit_id IS NOT NULL)
            """,
            {"day": cut.effective_on},
        )
        created = digest_of(
            """
            SELECT v.unit_id AS id FROM registry_unitversion v
            JOIN cut_new_unit n ON n.unit_id = v.unit_id
            WHERE upper_inf(v.recorded) AND lower(v.valid) = %s
            """,
            [cut.effective_on],
        )
        carried, closed = found.get("carried", Digest()), found.get("closed", Digest())
        return LedgerLine(
            self.system,
            self.record,
            _("Đơn vị hành chính"),
            self.before,
            carried=carried,
            closed=closed,
            after=carried + closed,
            created=created,
        )

    def undo(self, undo: Undo) -> UndoReport:
        # The engine withdraws the reorganisation itself; nothing is left for the carrier to give back.
        return UndoReport(self.system, self.record, _("Đơn vị hành chính"), restored=0)
