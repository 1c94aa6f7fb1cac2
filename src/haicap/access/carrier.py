"""What becomes of accounts and delegations when units change: they stay; what they permit follows the posts.

A session keeps the choice of a hat and nothing else, so there is nothing in it to carry: the next request after the
commit finds the new posts (`hats`). Nothing is written here, so nothing is locked.
"""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from haicap.kernel.contract import Carrier, Cut, Digest, LedgerLine, Undo, UndoReport, digest_of

#: tables of sign-in that a cut-over must not touch: history, second factors, devices, open sessions
_KEPT = (
    "access_account",
    "access_signinevent",
    "access_knowndevice",
    "access_onetimelink",
    "mfa_authenticator",
    "usersessions_usersession",
    "django_session",
)

# Accounts of people who hold a post at a desk that the cut-over concerns, on the last day of the old order.
_ACCOUNTS = """
    CREATE TEMP TABLE access_cut_account ON COMMIT DROP AS
    SELECT account.id, account.person_id FROM access_account account
    WHERE account.person_id IN (
        SELECT ap.person_id FROM registry_appointment ap
        JOIN registry_post post ON post.id = ap.post_id
        JOIN cut_desk desk ON desk.desk_id = post.desk_id
        WHERE upper_inf(ap.recorded) AND ap.valid @> (%(day)s::date - 1)
    )
"""

# Appointments that stand on the first day, at a desk that somebody holds then: such as give a hat. Desks that are not
# concerned keep their holder. (The holdings themselves are written later, in the read-only moment.)
_STANDING = """
    SELECT ap.id, ap.person_id FROM registry_appointment ap
    JOIN registry_post post ON post.id = ap.post_id
    LEFT JOIN cut_desk desk ON desk.desk_id = post.desk_id
    WHERE upper_inf(ap.recorded) AND ap.valid @> %(day)s::date
      AND CASE WHEN desk.desk_id IS NOT NULL THEN desk.fate <> 'closed' AND desk.agency_id IS NOT NULL
          ELSE (SELECT holding.agency_id FROM registry_holding holding
                WHERE holding.desk_id = post.desk_id AND holding.begins_at <= %(at)s
                ORDER BY holding.begins_at DESC LIMIT 1) IS NOT NULL END
"""

# Delegations that run on beyond the first instant, of posts at desks that the cut-over concerns.
_DELEGATIONS = """
    CREATE TEMP TABLE access_cut_delegation ON COMMIT DROP AS
    SELECT delegation.id, delegation.appointment_id FROM access_delegation delegation
    JOIN registry_appointment ap ON ap.id = delegation.appointment_id
    JOIN registry_post post ON post.id = ap.post_id
    JOIN cut_desk desk ON desk.desk_id = post.desk_id
    WHERE delegation.revoked_at IS NULL AND upper(delegation.during) > %(at)s AND upper_inf(ap.recorded)
"""


def _execute(sql: str, params: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def _digests(sql: str, params: dict[str, Any]) -> dict[str, Digest]:
    """Digests of the `id`s of a query by its column `fate`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT fate, count(*), coalesce(bit_xor(uuid_hash_extended(id, 0)), 0) "
            f"FROM ({sql}) AS counted GROUP BY fate",
            params,
        )
        return {fate: Digest(int(count), int(xor)) for fate, count, xor in cursor.fetchall()}


def _count(sql: str, params: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.fetchone()[0])


def _written() -> int:
    """How many rows of sign-in this transaction has written (PostgreSQL's own count)."""
    return _count(
        "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_xact_user_tables "
        "WHERE relname = ANY (%(tables)s::text[])",
        {"tables": list(_KEPT)},
    )


def _days(cut: Cut) -> dict[str, Any]:
    return {"day": cut.effective_on, "at": cut.at}


class AccountCarrier(Carrier):
    """Tài khoản: carried with sign-in, history and second factor; who has no post afterwards waits (undecided).

    That nothing of all this was touched is PostgreSQL's own count of the rows written by this transaction; a row
    written makes the line not balance, for nobody may.
    """

    system = "access"
    record = "account"
    label = str(gettext_lazy("Tài khoản cán bộ, công chức"))
    tables = ("access_account", "access_signinevent", "access_knowndevice", "access_onetimelink")

    def __init__(self) -> None:
        self.before = Digest()
        self.written_before = 0

    def begin(self, cut: Cut) -> None:
        _execute(_ACCOUNTS, _days(cut))
        self.before = digest_of("SELECT id FROM access_cut_account")
        self.written_before = _written()

    def carry(self, cut: Cut) -> None:
        return None  # rights come from posts, at every request

    def finish(self, cut: Cut) -> LedgerLine:
        found = _digests(
            f"""
            SELECT account.id, CASE WHEN standing.person_id IS NULL THEN 'undecided' ELSE 'carried' END AS fate
            FROM access_cut_account counted
            JOIN access_account account ON account.id = counted.id AND account.person_id = counted.person_id
            LEFT JOIN (SELECT DISTINCT person_id FROM ({_STANDING}) posts) standing
                ON standing.person_id = account.person_id
            """,
            _days(cut),
        )
        carried, waiting = found.get("carried", Digest()), found.get("undecided", Digest())
        untouched = _written() == self.written_before
        notes = (
            (_("%(count)d tài khoản chờ phân công: chỉ xem được hồ sơ của mình") % {"count": waiting.count},)
            if waiting.count
            else ()
        )
        if not untouched:
            notes = (*notes, _("Có bước chuyển tiếp đã ghi vào bảng đăng nhập: không được phép"))
        return LedgerLine(
            self.system,
            self.record,
            _("Tài khoản cán bộ, công chức"),
            self.before,
            carried=carried,
            undecided=waiting,
            after=carried + waiting if untouched else Digest(),
            notes=notes,
        )

    def undo(self, undo: Undo) -> UndoReport:
        """Accounts whose people held posts by this run have their former rights again; those made since stay."""
        params = {"run": undo.run_id, "since": undo.cut_at}
        restored = _count(
            "SELECT count(*) FROM access_account WHERE person_id IN ("
            "SELECT person_id FROM registry_appointment WHERE run_id = %(run)s)",
            params,
        )
        kept = _count(
            "SELECT count(*) FROM access_account WHERE person_id IS NOT NULL AND created_at >= %(since)s",
            params,
        )
        problems = (
            (_("%(count)d tài khoản cấp sau chuyển đổi: giữ nguyên") % {"count": kept},) if kept else ()
        )
        return UndoReport(
            self.system,
            self.record,
            _("Tài khoản cán bộ, công chức"),
            restored=restored,
            kept=kept,
            problems=problems,
        )


class DelegationCarrier(Carrier):
    """Ủy quyền: carried where the delegator's appointment stands on; closed where it ended. Nothing is written:
    a delegation counts only while that appointment does, so an undo gives it back by itself.
    """

    system = "access"
    record = "delegation"
    label = str(gettext_lazy("Ủy quyền đang có hiệu lực"))
    tables = ("access_delegation",)

    def __init__(self) -> None:
        self.before = Digest()

    def begin(self, cut: Cut) -> None:
        _execute(_DELEGATIONS, _days(cut))
        self.before = digest_of("SELECT id FROM access_cut_delegation")

    def carry(self, cut: Cut) -> None:
        return None

    def finish(self, cut: Cut) -> LedgerLine:
        found = _digests(
            f"""
            SELECT delegation.id, CASE WHEN standing.id IS NULL THEN 'closed' ELSE 'carried' END AS fate
            FROM access_cut_delegation counted
            JOIN access_delegation delegation ON delegation.id = counted.id
            LEFT JOIN ({_STANDING}) standing ON standing.id = delegation.appointment_id
            """,
            _days(cut),
        )
        carried, closed = found.get("carried", Digest()), found.get("closed", Digest())
        notes = (
            (
                _("%(count)d ủy quyền hết hiệu lực cùng chức danh của người ủy quyền")
                % {"count": closed.count},
            )
            if closed.count
            else ()
        )
        return LedgerLine(
            self.system,
            self.record,
            _("Ủy quyền đang có hiệu lực"),
            self.before,
            carried=carried,
            closed=closed,
            after=carried + closed,
            notes=notes,
        )

    def undo(self, undo: Undo) -> UndoReport:
        """Nothing was written; what is in force again is what the former posts say."""
        return UndoReport(self.system, self.record, _("Ủy quyền đang có hiệu lực"), restored=0)


CARRIERS = (AccountCarrier, DelegationCarrier)
