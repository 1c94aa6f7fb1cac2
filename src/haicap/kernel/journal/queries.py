"""Reading the journal: newest first, a page at a time."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from haicap.kernel.journal.errors import BadQuery
from haicap.kernel.models.journal import JournalEntry

LARGEST_PAGE = 500


@dataclass(frozen=True, slots=True)
class EntryPage:
    """A page of entries, newest first; `older` asks for the next page, None on the last one."""

    entries: tuple[JournalEntry, ...]
    older: str | None


def entries(
    *,
    record: str | None = None,
    record_id: uuid.UUID | None = None,
    action: str | None = None,
    correlation_id: uuid.UUID | None = None,
    since: dt.datetime | None = None,
    older: str | None = None,
    limit: int = 50,
) -> EntryPage:
    """Entries that meet every condition given, newest first, at most `limit` (1…500) of them.

    `since` is by the house's clock. `older` is the value that the page before gave. Raises BadQuery
    (KRN-206).
    """
    if not 1 <= limit <= LARGEST_PAGE:
        raise BadQuery(_("Mỗi trang có từ 1 đến %(most)s mục") % {"most": LARGEST_PAGE})
    conditions = {
        "record": record,
        "record_id": record_id,
        "action": action,
        "correlation_id": correlation_id,
        "at__gte": since,
    }
    found = JournalEntry.objects.filter(
        **{name: value for name, value in conditions.items() if value is not None}
    )
    if older:
        at, entry_id = _read_cursor(older)
        found = found.filter(Q(at=at, id__lt=entry_id) | Q(at__lt=at), at__lte=at)
    page = list(found.order_by("-at", "-id")[: limit + 1])
    more = len(page) > limit
    page = page[:limit]
    return EntryPage(tuple(page), f"{page[-1].at.isoformat()}~{page[-1].id}" if more else None)


def _read_cursor(older: str) -> tuple[dt.datetime, uuid.UUID]:
    moment, _separator, entry_id = older.partition("~")
    try:
        return dt.datetime.fromisoformat(moment), uuid.UUID(entry_id)
    except ValueError as error:
        raise BadQuery(_("Dấu trang không hợp lệ: «%(older)s»") % {"older": older}) from error
