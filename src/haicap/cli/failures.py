"""Errors of the database server in words that say what to do."""

from __future__ import annotations

import psycopg
from django.db import DatabaseError as DjangoDatabaseError
from django.db.migrations.exceptions import MigrationSchemaMissing
from django.utils.translation import gettext as _

from haicap.kernel.errors import HaicapError, Unavailable


class DatabaseUnavailable(Unavailable):
    """The database does not answer (cơ sở dữ liệu không trả lời)."""

    code = "CLI-001"


class NotMigrated(Unavailable):
    """The database has no tables yet, or older ones (cơ sở dữ liệu chưa được chuẩn bị)."""

    code = "CLI-002"


class DiskIsFull(Unavailable):
    """The database's disk is full (đĩa của cơ sở dữ liệu đã đầy)."""

    code = "CLI-003"


def as_haicap_error(error: BaseException) -> HaicapError | None:
    """The error itself when it is ours, the readable form of a known database error, else None."""
    if isinstance(error, HaicapError):
        return error
    cause = error.__cause__ if isinstance(error, DjangoDatabaseError) else error
    if isinstance(cause, psycopg.errors.DiskFull):
        return DiskIsFull(
            _("Đĩa chứa cơ sở dữ liệu đã đầy."),
            kept=_("Lệnh này không thay đổi gì; dữ liệu đã ghi trước đó còn nguyên."),
            todo=_("Giải phóng dung lượng đĩa rồi chạy lại."),
        )
    if isinstance(
        cause, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn | MigrationSchemaMissing
    ):
        return NotMigrated(
            _("Cơ sở dữ liệu chưa có bảng mà lệnh này cần."),
            kept=_("Không có gì thay đổi."),
            todo=_("Chạy «make up» (hoặc «haicap database migrate»). Chi tiết: %(reason)s")
            % {"reason": str(cause).splitlines()[0]},
        )
    if isinstance(cause, psycopg.OperationalError):
        return DatabaseUnavailable(
            _("Không kết nối được với cơ sở dữ liệu."),
            kept=_("Những gì đã ghi xong vẫn còn; phần dở dang không được giữ lại."),
            todo=_("Kiểm tra «haicap database status» hoặc DATABASE_URL. Chi tiết: %(reason)s")
            % {"reason": str(cause).strip() or type(cause).__name__},
        )
    return None
