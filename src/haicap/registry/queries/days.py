"""Which days the registry can speak of."""

from __future__ import annotations

from datetime import date

from django.db import connection
from django.utils.translation import gettext as _

from haicap.kernel.formats import date as written
from haicap.registry.errors import BeforeBase, RegistryEmpty


def base_day() -> date:
    """The day of the base state; nothing is known before it. Raises RegistryEmpty (REG-003)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT effective_on FROM registry_reorganisation WHERE key = 'base' AND undone_at IS NULL"
        )
        row = cursor.fetchone()
    if row is None:
        raise RegistryEmpty(
            _("Sổ đăng ký chưa có đơn vị nào."), todo=_("Chạy “haicap units load” để nạp cả nước.")
        )
    day: date = row[0]
    return day


def require_day(day: date) -> date:
    """The day itself when the registry can speak of it.

    Raises BeforeBase (REG-001) for an earlier one, RegistryEmpty (REG-003) before the base is loaded.
    """
    base = base_day()
    if day < base:
        raise BeforeBase(
            _("Sổ đăng ký không có dữ liệu trước ngày %(base)s (đã hỏi ngày %(day)s).")
            % {"base": written(base), "day": written(day)},
            todo=_("Hỏi một ngày từ %(base)s trở đi.") % {"base": written(base)},
            details={"base": base.isoformat(), "asked": day.isoformat()},
        )
    return day


def naming_day(day: date) -> date:
    """The day at which a record of `day` names its units: the base day for older records."""
    return max(day, base_day())
