"""Agencies, their codes and their seats."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from haicap.kernel.contract import Cut, LedgerLine, Undo, UndoReport
from haicap.kernel.contract.digest import Digest, digest_of
from haicap.registry.carriers.base import RegistryCarrier, digests_by, execute

# Which agencies concerned live from the day on: a believed version in force, of a unit that exists that day. Worked out
# once from the tables as written; agencies, codes and sites are judged by it.
FIND_LIVING = """
    CREATE TEMP TABLE cut_living ON COMMIT DROP AS
    SELECT concerned.agency_id
    FROM (SELECT agency_id, unit_id FROM cut_agency UNION ALL SELECT agency_id, unit_id FROM cut_new_agency) concerned
    JOIN registry_unitversion v ON v.unit_id = concerned.unit_id AND upper_inf(v.recorded) AND v.valid @> %(day)s
    JOIN (
        SELECT DISTINCT ON (agency_id) agency_id, closed FROM registry_agencyversion
        WHERE withdrawn_at IS NULL AND begins_on <= %(day)s ORDER BY agency_id, begins_on DESC
    ) latest ON latest.agency_id = concerned.agency_id AND NOT latest.closed
"""


class AgencyCarrier(RegistryCarrier):
    """Cơ quan: those of units that live on are kept, those of units that end are closed and name their successor."""

    record = "agency"
    label = str(gettext_lazy("Cơ quan, tổ chức"))
    order = 20
    tables = (
        "registry_agency",
        "registry_agencyversion",
        "registry_agencysuccession",
        # An agency's own hours and days off stay with it; its successor begins with the province's.
        "kernel_working_week",
        "kernel_calendar_day",
    )

    def begin(self, cut: Cut) -> None:
        self.before = digest_of("SELECT agency_id AS id FROM cut_agency")

    def carry(self, cut: Cut) -> None:
        """Record who takes over from whom: the counterpart in every successor; else its committee."""
        execute(FIND_LIVING, {"day": cut.effective_on})
        execute("ANALYZE cut_living")
        execute(
            """
            INSERT INTO registry_agencysuccession (id, predecessor_id, successor_id, part, effective_on, run_id)
            SELECT kernel_new_id(), heir.old_id, heir.id, heir.part, %(day)s, %(run)s
            FROM (
                SELECT old.agency_id AS old_id, coalesce(same.id, committee.id) AS id, s.part
                FROM cut_agency old
                JOIN cut_succession s ON s.predecessor_id = old.unit_id
                LEFT JOIN registry_agency same
                    ON same.unit_id = s.successor_id AND same.kind = old.kind AND same.slot = old.slot
                LEFT JOIN registry_agency committee
                    ON committee.unit_id = s.successor_id AND committee.kind = 'ubnd' AND committee.slot = ''
                WHERE old.fate = 'ended'
            ) heir
            WHERE heir.id <> heir.old_id
            """,
            {"day": cut.effective_on, "run": cut.run_id},
        )
        # An abolished district has no successor unit: its registers go to the province's committee.
        execute(
            """
            INSERT INTO registry_agencysuccession (id, predecessor_id, successor_id, part, effective_on, run_id)
            SELECT kernel_new_id(), old.agency_id, heir.id, false, %(day)s, %(run)s
            FROM cut_agency old
            JOIN cut_unit u ON u.unit_id = old.unit_id AND u.level = 'district'
            JOIN registry_unitversion v ON v.unit_id = u.successor_id AND upper_inf(v.recorded) AND v.valid @> %(day)s
            JOIN registry_agency heir ON heir.unit_id = v.province_id AND heir.kind = 'ubnd'
            WHERE old.fate = 'ended' AND NOT EXISTS (
                SELECT FROM cut_succession s WHERE s.predecessor_id = old.unit_id)
            """,
            {"day": cut.effective_on, "run": cut.run_id},
        )

    def finish(self, cut: Cut) -> LedgerLine:
        found = digests_by(
            """
            SELECT c.agency_id AS id, CASE WHEN living.agency_id IS NULL THEN 'closed' ELSE 'carried' END AS fate
            FROM cut_agency c JOIN registry_agency a ON a.id = c.agency_id
            LEFT JOIN cut_living living USING (agency_id)
            WHERE (c.fate = 'kept') = (living.agency_id IS NOT NULL)
            """
        )
        carried, closed = found.get("carried", Digest()), found.get("closed", Digest())
        return LedgerLine(
            self.system,
            self.record,
            _("Cơ quan, tổ chức"),
            self.before,
            carried=carried,
            closed=closed,
            after=carried + closed,
            created=digest_of("SELECT agency_id AS id FROM cut_new_agency"),
        )

    def undo(self, undo: Undo) -> UndoReport:
        params = {"run": undo.run_id, "now": undo.now}
        execute(
            "UPDATE registry_agencyversion SET withdrawn_at = %(now)s "
            "WHERE run_id = %(run)s AND withdrawn_at IS NULL",
            params,
        )
        restored = execute(
            "UPDATE registry_agencysuccession SET withdrawn_at = %(now)s "
            "WHERE run_id = %(run)s AND withdrawn_at IS NULL",
            params,
        )
        return UndoReport(self.system, self.record, _("Cơ quan, tổ chức"), restored=restored)


class CodeCarrier(RegistryCarrier):
    """Mã định danh: codes of living agencies stay, the others close and are never issued again."""

    record = "agency_code"
    label = str(gettext_lazy("Mã định danh điện tử"))
    order = 30
    tables = ("registry_agencycode", "registry_codeholding")

    def begin(self, cut: Cut) -> None:
        execute(
            """
            CREATE TEMP TABLE cut_code ON COMMIT DROP AS
            SELECT c.id AS code_id FROM registry_agencycode c
            JOIN LATERAL (
                SELECT agency_id FROM registry_codeholding h
                WHERE h.code_id = c.id AND h.withdrawn_at IS NULL ORDER BY h.begins_on DESC LIMIT 1
            ) held ON true
            JOIN cut_agency a USING (agency_id)
            WHERE c.closed_on IS NULL
            """
        )
        self.before = digest_of("SELECT code_id AS id FROM cut_code")

    # A code is in force where its latest holder lives and has not been given a later one.
    _HELD_AFTER = """
        SELECT held.code_id, living.agency_id IS NOT NULL AND later.agency_id IS NULL AS in_force
        FROM (
            SELECT DISTINCT ON (h.code_id) h.code_id, h.agency_id, h.begins_on
            FROM registry_codeholding h JOIN cut_code USING (code_id)
            WHERE h.withdrawn_at IS NULL AND h.begins_on <= %(day)s ORDER BY h.code_id, h.begins_on DESC
        ) held
        LEFT JOIN cut_living living ON living.agency_id = held.agency_id
        LEFT JOIN registry_codeholding later ON later.agency_id = held.agency_id
            AND later.withdrawn_at IS NULL AND later.begins_on > held.begins_on AND later.begins_on <= %(day)s
            AND later.code_id <> held.code_id
    """

    def carry(self, cut: Cut) -> None:
        execute(
            f"""
            UPDATE registry_agencycode c SET closed_on = %(day)s, closed_by_run = %(run)s
            FROM ({self._HELD_AFTER}) state
            WHERE state.code_id = c.id AND NOT state.in_force
            """,
            {"day": cut.effective_on, "run": cut.run_id},
        )

    def finish(self, cut: Cut) -> LedgerLine:
        found = digests_by(
            f"""
            SELECT state.code_id AS id, CASE WHEN c.closed_on IS NULL THEN 'carried' ELSE 'closed' END AS fate
            FROM ({self._HELD_AFTER}) state JOIN registry_agencycode c ON c.id = state.code_id
            WHERE state.in_force = (c.closed_on IS NULL)
            """,
            {"day": cut.effective_on},
        )
        carried, closed = found.get("carried", Digest()), found.get("closed", Digest())
        return LedgerLine(
            self.system,
            self.record,
            _("Mã định danh điện tử"),
            self.before,
            carried=carried,
            closed=closed,
            after=carried + closed,
            created=digest_of(
                "SELECT DISTINCT code_id AS id FROM registry_codeholding h "
                "WHERE h.run_id = %s AND NOT EXISTS (SELECT FROM cut_code c WHERE c.code_id = h.code_id)",
                [cut.run_id],
            ),
        )

    def undo(self, undo: Undo) -> UndoReport:
        params = {"run": undo.run_id, "now": undo.now}
        execute(
            "UPDATE registry_agencycode c SET closed_on = opened_on, closed_by_run = %(run)s "
            "FROM registry_codeholding h WHERE h.code_id = c.id AND h.run_id = %(run)s AND NOT EXISTS ("
            "SELECT FROM registry_codeholding o WHERE o.code_id = c.id AND o.run_id IS DISTINCT FROM %(run)s "
            "AND o.withdrawn_at IS NULL)",
            params,
        )
        execute(
            "UPDATE registry_codeholding SET withdrawn_at = %(now)s "
            "WHERE run_id = %(run)s AND withdrawn_at IS NULL",
            params,
        )
        restored = execute(
            "UPDATE registry_agencycode c SET closed_on = NULL, closed_by_run = NULL "
            "WHERE closed_by_run = %(run)s AND EXISTS ("
            "SELECT FROM registry_codeholding h WHERE h.code_id = c.id AND h.withdrawn_at IS NULL)",
            params,
        )
        return UndoReport(self.system, self.record, _("Mã định danh điện tử"), restored=restored)


class SiteCarrier(RegistryCarrier):
    """Trụ sở: buildings that a living agency uses are carried, surplus ones are frozen until someone needs them."""

    record = "site"
    label = str(gettext_lazy("Trụ sở"))
    order = 40
    tables = ("registry_site", "registry_siteuse")

    _USED = """
        SELECT DISTINCT latest.site_id AS id FROM {agencies} a
        JOIN LATERAL (
            SELECT site_id FROM registry_siteuse u
            WHERE u.agency_id = a.{key} AND u.withdrawn_at IS NULL AND u.begins_on <= %(day)s
            ORDER BY u.begins_on DESC LIMIT 1
        ) latest ON latest.site_id IS NOT NULL
    """

    def begin(self, cut: Cut) -> None:
        execute(
            "CREATE TEMP TABLE cut_site ON COMMIT DROP AS "
            + self._USED.format(agencies="cut_agency", key="agency_id"),
            {"day": cut.effective_on},
        )
        self.before = digest_of("SELECT id FROM cut_site")

    def carry(self, cut: Cut) -> None:
        execute(
            """
            INSERT INTO registry_siteuse (id, agency_id, site_id, begins_on, run_id)
            SELECT kernel_new_id(), n.agency_id, s.site_id, %(day)s, %(run)s
            FROM cut_new_agency n JOIN cut_seat s ON s.unit_id = n.unit_id
            """,
            {"day": cut.effective_on, "run": cut.run_id},
        )

    def finish(self, cut: Cut) -> LedgerLine:
        used_now = self._USED.format(agencies="cut_living", key="agency_id")
        found = digests_by(
            f"""
            SELECT s.id, CASE WHEN used.id IS NULL THEN 'frozen' ELSE 'carried' END AS fate
            FROM cut_site s JOIN registry_site stored ON stored.id = s.id
            LEFT JOIN ({used_now}) used ON used.id = s.id
            """,
            {"day": cut.effective_on},
        )
        carried, frozen = found.get("carried", Digest()), found.get("frozen", Digest())
        notes = (
            (_("%(count)d trụ sở dôi dư chờ sắp xếp lại") % {"count": frozen.count},) if frozen.count else ()
        )
        return LedgerLine(
            self.system,
            self.record,
            _("Trụ sở"),
            self.before,
            carried=carried,
            frozen=frozen,
            after=carried + frozen,
            notes=notes,
        )

    def undo(self, undo: Undo) -> UndoReport:
        restored = execute(
            "UPDATE registry_siteuse SET withdrawn_at = %(now)s WHERE run_id = %(run)s AND withdrawn_at IS NULL",
            {"run": undo.run_id, "now": undo.now},
        )
        return UndoReport(self.system, self.record, _("Trụ sở"), restored=restored)
