"""What the catalogue says, in words for pages: limits, fees, papers, differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from haicap.kernel import formats
from haicap.systems.onestop.models import Channel, LimitUnit, OnlineLevel

FIELDS: dict[str, str | Promise] = {
    "name": gettext_lazy("Tên"),
    "field": gettext_lazy("Lĩnh vực"),
    "kind": gettext_lazy("Loại thủ tục"),
    "levels": gettext_lazy("Cấp thực hiện"),
    "audiences": gettext_lazy("Đối tượng"),
    "issued_by": gettext_lazy("Cơ quan công bố"),
    "executors": gettext_lazy("Cơ quan thực hiện"),
    "limits": gettext_lazy("Thời hạn"),
    "fees": gettext_lazy("Phí, lệ phí"),
    "papers": gettext_lazy("Thành phần hồ sơ"),
    "steps": gettext_lazy("Trình tự"),
    "results": gettext_lazy("Kết quả"),
    "legal_bases": gettext_lazy("Căn cứ pháp lý"),
    "summary": gettext_lazy("Lời giải thích"),
    "conditions": gettext_lazy("Điều kiện"),
    "online": gettext_lazy("Mức độ trực tuyến"),
    "form_schema": gettext_lazy("Mẫu khai điện tử"),
    "source": gettext_lazy("Nguồn"),
}
LEVELS: dict[str, str | Promise] = {
    "central": gettext_lazy("trung ương"),
    "province": gettext_lazy("cấp tỉnh"),
    "district": gettext_lazy("cấp huyện"),
    "commune": gettext_lazy("cấp xã"),
}
KINDS: dict[str, str | Promise] = {
    "standard": gettext_lazy("chuẩn hóa toàn quốc"),
    "specific": gettext_lazy("đặc thù của địa phương"),
    "internal": gettext_lazy("nội bộ"),
}
#: a piece of text on a page of differences is cut here; the procedure's page has it whole
MOST_LETTERS = 600


def channel(value: int | None) -> str:
    """«trực tiếp»; «mọi kênh» for none."""
    return str(Channel(value).label) if value else _("mọi kênh")


def limit(amount: Decimal | str | None, unit: str, text: str) -> str:
    """«3 ngày làm việc», «trong ngày», «chưa rõ: 1»."""
    if unit == LimitUnit.SAME_DAY:
        return str(LimitUnit.SAME_DAY.label)
    if unit == LimitUnit.UNKNOWN:
        said = text or (number(amount) if amount is not None else "")
        return _("chưa rõ: «%(text)s»") % {"text": said} if said else _("không ghi")
    return f"{number(amount)} {LimitUnit(unit).label}"


def number(amount: Decimal | str | None) -> str:
    """An amount without zeros at its end, with a comma."""
    if amount is None:
        return ""
    text = f"{Decimal(str(amount)):f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace(".", ",")


def fee(amount: int | None, unit: str, text: str) -> str:
    """«2.000 đồng/trang», «miễn phí», or the published words."""
    if amount is None:
        return text or _("không ghi mức phí")
    if amount == 0:
        return _("miễn phí")
    return _("%(sum)s đồng") % {"sum": formats.integer(amount)} + (f"/{unit}" if unit else "")


def difference(one: Mapping[str, Any]) -> tuple[str, list[str], list[str]]:
    """A difference as a page shows it: the field, the lines that were, the lines that will be; equal lines left out."""
    before, after = _lines(one["field"], one["before"]), _lines(one["field"], one["after"])
    gone = [line for line in before if line not in after]
    come = [line for line in after if line not in before]
    return str(FIELDS.get(one["field"], one["field"])), gone or before[:1] * (not come), come


def _lines(field: str, value: Any) -> list[str]:
    if value is None or value == "" or value == []:
        return []
    if field == "online":
        return [str(OnlineLevel(value).label)]
    values: Sequence[Any] = value if isinstance(value, list) else [value]
    return [_cut(_line(field, one)) for one in values]


def _line(field: str, value: Any) -> str:
    if field == "limits":
        said = limit(value["amount"], value["unit"], value["text"])
        return f"{channel(value['channel'])}: {said}" + (f" ({value['case']})" if value["case"] else "")
    if field == "fees":
        return f"{channel(value['channel'])}: {fee(value['amount'], value['unit'], value['text'])}"
    if field == "papers":
        return f"{value['name']}" + (f" ({value['case']})" if value["case"] else "")
    names = {"levels": LEVELS, "kind": KINDS}.get(field, {})
    return str(names.get(value, value)) if isinstance(value, str) else str(value)


def _cut(text: str) -> str:
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…"
