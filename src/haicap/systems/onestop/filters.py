"""Lọc, sắp xếp, phân trang: what a worklist is asked for, read from the words of an address line."""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from haicap.kernel.text import clean
from haicap.systems.onestop.errors import BadFilter
from haicap.systems.onestop.models import IN_FLIGHT, Status

PAGE_ROWS = 50
E = TypeVar("E", bound=StrEnum)


class Urgency(StrEnum):
    """Mức độ gấp: how a dossier in flight stands to its appointment."""

    OVERDUE = "qua-han"
    TODAY = "hom-nay"
    SOON = "sap-den-han"
    LATER = "con-han"
    WAITING = "tam-dung"
    READY = "cho-tra"
    NEW = "moi-dang-ky"

    @property
    def label(self) -> str:
        """The word on the screen."""
        return str(URGENCY_WORDS[self])


URGENCY_WORDS = {
    Urgency.OVERDUE: gettext_lazy("Quá hạn"),
    Urgency.TODAY: gettext_lazy("Đến hạn hôm nay"),
    Urgency.SOON: gettext_lazy("Sắp đến hạn"),
    Urgency.LATER: gettext_lazy("Còn hạn"),
    Urgency.WAITING: gettext_lazy("Đang tạm dừng"),
    Urgency.READY: gettext_lazy("Chờ trả kết quả"),
    Urgency.NEW: gettext_lazy("Mới đăng ký"),
}


class Sort(StrEnum):
    """Thứ tự: the appointment first (default), or the latest reception first (ids are made in that order)."""

    DUE = "han"
    RECEIVED = "moi"


@dataclass(frozen=True, slots=True)
class Mark:
    """Dấu trang: the last row of the page before; what keyset paging goes on from. `value` None: no date."""

    value: datetime | None
    dossier_id: uuid.UUID

    def encode(self) -> str:
        """The mark for an address line."""
        text = f"{self.value.isoformat() if self.value is not None else ''}~{self.dossier_id}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Mark:
        """The inverse of `encode`; raises BadFilter."""
        try:
            raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
            value, _tilde, dossier_id = raw.partition("~")
            instant = datetime.fromisoformat(value) if value else None
            if instant is not None and instant.tzinfo is None:
                raise ValueError("no zone")
            return cls(instant, uuid.UUID(dossier_id))
        except (ValueError, binascii.Error) as error:
            raise BadFilter(
                _("Không đọc được dấu trang."), where="sau", todo=_("Hãy xem lại từ trang đầu.")
            ) from error


@dataclass(frozen=True, slots=True)
class Filters:
    """Điều kiện lọc of a worklist; empty ones do not filter."""

    urgency: Urgency | None = None
    status: Status | None = None
    field: str = ""
    text: str = ""
    sort: Sort = Sort.DUE
    after: Mark | None = None

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Filters:
        """Filters from the words of an address line; raises BadFilter naming the word it cannot read."""
        return cls(
            urgency=_one_of(Urgency, query, "gap"),
            status=_status(query.get("trang-thai", "")),
            field=clean(query.get("linh-vuc", ""))[:40],
            text=clean(query.get("tim", ""))[:100],
            sort=_one_of(Sort, query, "xep") or Sort.DUE,
            after=Mark.decode(query["sau"]) if query.get("sau") else None,
        )

    def as_query(self, **changed: object) -> str:
        """The words of an address line for these filters with some changed; the page starts anew."""
        other = replace(self, **({"after": None} | changed))  # type: ignore[arg-type]
        words = {
            "gap": other.urgency.value if other.urgency is not None else "",
            "trang-thai": str(int(other.status)) if other.status is not None else "",
            "linh-vuc": other.field,
            "tim": other.text,
            "xep": other.sort.value if other.sort is not Sort.DUE else "",
            "sau": other.after.encode() if other.after is not None else "",
        }
        return urlencode({name: value for name, value in words.items() if value})

    @property
    def narrowed(self) -> bool:
        """Whether anything is filtered away."""
        return bool(self.urgency or self.status or self.field or self.text)


def _one_of(kind: type[E], query: Mapping[str, str], name: str) -> E | None:
    value = query.get(name, "")
    if not value:
        return None
    try:
        return kind(value)
    except ValueError:
        raise _unknown(name, value) from None


def _status(value: str) -> Status | None:
    if not value:
        return None
    if value.isascii() and value.isdigit() and int(value) in [int(status) for status in IN_FLIGHT]:
        return Status(int(value))
    raise _unknown("trang-thai", value)


def _unknown(name: str, value: str) -> BadFilter:
    return BadFilter(
        _("Không có cách lọc «%(value)s».") % {"value": value[:40]},
        where=name,
        todo=_("Hãy chọn lại trong danh sách."),
    )
