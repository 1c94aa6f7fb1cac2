"""Days and due times as people write and read them."""

from __future__ import annotations

import datetime as dt
import re

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from haicap.kernel import clock
from haicap.kernel.errors import BadInput

_VIETNAMESE = re.compile(r"^\s*(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})\s*$")
_ISO = re.compile(r"^\s*(\d{4})-(\d{1,2})-(\d{1,2})\s*$")


class BadDay(BadInput):
    """A text that is no day."""

    code = "WEB-010"


def parse_day(text: str) -> dt.date:
    """A day from dd/MM/yyyy (also with . or -) or yyyy-MM-dd. Raises BadDay."""
    vietnamese, iso = _VIETNAMESE.match(text), _ISO.match(text)
    try:
        if vietnamese:
            return dt.date(int(vietnamese[3]), int(vietnamese[2]), int(vietnamese[1]))
        if iso:
            return dt.date(int(iso[1]), int(iso[2]), int(iso[3]))
    except ValueError:
        pass  # the 31st of February: told below
    raise BadDay(
        _("«%(text)s» không phải là một ngày.") % {"text": text[:40]},
        kept=_("Dữ liệu không thay đổi."),
        todo=_("Viết ngày theo dạng 30/06/2025."),
        where=text[:40],
    )


def human_left(due: dt.datetime, now: dt.datetime | None = None) -> str:
    """How far a due instant is, in working days: "còn 2 ngày làm việc", "hạn hôm nay 17:00", "quá hạn …"."""
    now = now or clock.now()
    due = due.astimezone(clock.ZONE)
    today = now.astimezone(clock.ZONE).date()
    late = due < now
    if due.date() == today:
        hour = f"{due.hour:02d}:{due.minute:02d}"
        return (
            _("quá hạn từ %(hour)s") % {"hour": hour} if late else _("hạn hôm nay %(hour)s") % {"hour": hour}
        )
    days = working_days_between(due.date(), today) if late else working_days_between(today, due.date())
    if late:
        return (
            ngettext("quá hạn %(n)s ngày làm việc", "quá hạn %(n)s ngày làm việc", days) % {"n": days}
            if days
            else _("quá hạn, chưa tròn ngày làm việc")
        )
    if not days:
        return _("hạn vào ngày làm việc tới")
    return ngettext("còn %(n)s ngày làm việc", "còn %(n)s ngày làm việc", days) % {"n": days}


def working_days_between(first: dt.date, last: dt.date) -> int:
    """Working days after `first` up to and including `last` by the kernel's calendar (≥ 0)."""
    from haicap.kernel.calendar import queries

    return queries.working_days_between(first, last)
