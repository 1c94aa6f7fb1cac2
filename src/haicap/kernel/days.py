"""Days as people write them: dd/MM/yyyy (standards §1)."""

from __future__ import annotations

import datetime as dt
import re

from django.utils.translation import gettext as _

from haicap.kernel.errors import BadInput

_VIETNAMESE = re.compile(r"^\s*(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})\s*$", re.ASCII)
_ISO = re.compile(r"^\s*(\d{4})-(\d{1,2})-(\d{1,2})\s*$", re.ASCII)


class BadDay(BadInput):
    """A text that is no day (không phải là một ngày)."""

    code = "KRN-080"


def parse_day(text: str) -> dt.date:
    """A day from dd/MM/yyyy (also with . or -) or yyyy-MM-dd. Raises BadDay (KRN-080)."""
    vietnamese, iso = _VIETNAMESE.match(text), _ISO.match(text)
    try:
        if vietnamese:
            return dt.date(int(vietnamese[3]), int(vietnamese[2]), int(vietnamese[1]))
        if iso:
            return dt.date(int(iso[1]), int(iso[2]), int(iso[3]))
    except ValueError:
        pass  # the 31st of February: told below
    raise BadDay(
        _("“%(text)s” không phải là một ngày.") % {"text": text[:40]},
        kept=_("Dữ liệu không thay đổi."),
        todo=_("Viết ngày theo dạng 30/06/2025."),
        where=text[:40],
    )
