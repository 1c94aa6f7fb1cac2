"""Issuing agency codes (mã định danh điện tử; QĐ 20/2020/QĐ-TTg as amended by QĐ 09/2025/QĐ-TTg).

Level 1 of a province is a fact of the decision's annex. Below it the province numbers by itself; the rule here:
the next running number under the superior's code, never one that was ever issued.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from django.utils.translation import gettext as _

from haicap.kernel.errors import BadInput

#: statistical code of a province before 1/7/2025 → its number in the H series (and K for its council)
PROVINCE_NUMBERS: dict[str, int] = {
    "89": 1, "24": 2, "06": 3, "95": 4, "27": 5, "77": 6, "83": 7, "52": 8, "74": 9, "70": 10, "60": 11,
    "96": 12, "92": 13, "04": 14, "66": 15, "67": 16, "48": 17, "11": 18, "75": 19, "87": 20, "64": 21,
    "02": 22, "30": 23, "31": 24, "35": 25, "01": 26, "42": 27, "17": 28, "79": 29, "93": 30, "33": 31,
    "56": 32, "91": 33, "62": 34, "12": 35, "68": 36, "20": 37, "10": 38, "80": 39, "36": 40, "40": 41,
    "37": 42, "58": 43, "25": 44, "54": 45, "44": 46, "49": 47, "51": 48, "22": 49, "45": 50, "94": 51,
    "14": 52, "72": 53, "34": 54, "19": 55, "38": 56, "46": 57, "82": 58, "84": 59, "08": 60, "86": 61,
    "26": 62, "15": 63,
}  # fmt: skip

CODE_FORM = re.compile(r"[A-Z][0-9]{2}(\.[A-Z0-9]+)*\Z")
CODE_LENGTH = 35


def check_code(code: str) -> str:
    """The code itself when it has the form of QĐ 20/2020; raises BadInput REG-301 otherwise."""
    if len(code) > CODE_LENGTH or not CODE_FORM.match(code):
        raise BadInput(
            _("Mã định danh «%(code)s» không đúng dạng (%(length)d ký tự).")
            % {"code": code[:60], "length": len(code)},
            code="REG-301",
            todo=_(
                "Mã gồm một chữ cái và hai chữ số, rồi các nhóm chữ hoa hoặc số ngăn bởi dấu chấm; dài nhất 35."
            ),
        )
    return code


def level_one(statistical_code: str, series: str = "H") -> str:
    """The level-1 code of a province ("48" → "H17"); raises BadInput REG-302 for an unknown one."""
    try:
        return f"{series}{PROVINCE_NUMBERS[statistical_code]:02d}"
    except KeyError:
        raise BadInput(
            _("Chưa biết mã định danh cấp 1 của tỉnh có mã %(code)s.") % {"code": statistical_code},
            code="REG-302",
            todo=_("Ghi mã cấp 1 của tỉnh trong kế hoạch (mục «agency_code»)."),
        ) from None


class CodeIssuer:
    """Numbers codes below a superior's code; knows every code that was ever issued, open or closed."""

    def __init__(self, issued: Iterable[str]) -> None:
        self._issued = set(issued)
        self._highest: dict[str, int] = defaultdict(int)
        for code in self._issued:
            superior, _dot, last = code.rpartition(".")
            if last.isdigit():
                self._highest[superior] = max(self._highest[superior], int(last))

    def take(self, code: str) -> str:
        """Issue exactly this code; raises BadInput REG-303 when it was ever issued before."""
        check_code(code)
        if code in self._issued:
            raise BadInput(
                _("Mã định danh %(code)s đã từng được cấp; mã đã cấp không cấp lại.") % {"code": code},
                code="REG-303",
                todo=_("Chọn mã khác hoặc bỏ trống để hệ thống cấp số kế tiếp."),
            )
        self._issued.add(code)
        superior, _dot, last = code.rpartition(".")
        if last.isdigit():
            self._highest[superior] = max(self._highest[superior], int(last))
        return code

    def next_below(self, superior: str) -> str:
        """Issue the next running number below `superior`: "H17" → "H17.25"."""
        number = self._highest[superior] + 1
        while f"{superior}.{number}" in self._issued:
            number += 1
        return self.take(f"{superior}.{number}")

    def was_issued(self, code: str) -> bool:
        """Whether this code was ever issued."""
        return code in self._issued
