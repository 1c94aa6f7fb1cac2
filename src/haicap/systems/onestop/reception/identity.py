"""Số định danh cá nhân and the QR code of the identity card: read, checked, explained.

The number has 12 digits (NĐ 137/2015/NĐ-CP, điều 13; Luật Căn cước 2023): 3 for the province or country of birth
registration, 1 for century and sex, 2 for the year of birth, 6 at random. The card's QR code is one line of fields
between `|`: number, old number, full name, date of birth, sex, residence, day of issue; newer cards have more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _

from haicap.kernel import clock
from haicap.kernel.text import clean
from haicap.systems.onestop.reception.errors import BadIdentity

_NUMBER = re.compile(r"[0-9]{12}")
_OLD_NUMBER = re.compile(r"[0-9]{9}")
_TAX_CODE = re.compile(r"[0-9]{10}(?:-?[0-9]{3})?")
#: digit 4: even for men, odd for women; two values a century from 1900 on
_FIRST_CENTURY = 1900
_QR_FIELDS = 6
_LONGEST_QR = 2_000


@dataclass(frozen=True, slots=True)
class Identity:
    """Căn cước: what the card or the number says. Empty where it does not say."""

    number: str
    old_number: str = ""
    full_name: str = ""
    birth_date: date | None = None
    sex: str = ""
    address: str = ""
    issued_on: date | None = None


def check_number(number: str, today: date | None = None) -> str:
    """The personal number without blanks. Raises BadIdentity (ONE-601) where no such number can exist.

    A number of 9 digits (chứng minh nhân dân) says nothing that could be checked.
    """
    found = re.sub(r"[\s.]", "", clean(number))
    if _OLD_NUMBER.fullmatch(found):
        return found
    if not _NUMBER.fullmatch(found):
        raise _bad(_("Số định danh phải có 12 chữ số (hoặc 9 chữ số của chứng minh nhân dân cũ)."))
    if found[:3] == "000":
        raise _bad(_("Ba số đầu của số định danh không thể là 000."))
    if birth_year(found) > (today or clock.today()).year:
        raise _bad(
            _("Số định danh %(number)s cho năm sinh %(year)s, chưa tới.")
            % {"number": found, "year": birth_year(found)}
        )
    return found


def check_tax_code(code: str) -> str:
    """Mã số thuế: 10 digits, or 13 of a branch, written without the hyphen. Raises BadIdentity (ONE-601)."""
    found = clean(code).replace(" ", "")
    if not _TAX_CODE.fullmatch(found):
        raise _bad(_("Mã số thuế phải có 10 chữ số (hoặc 13 chữ số của đơn vị phụ thuộc)."))
    return found.replace("-", "")


def birth_year(number: str) -> int:
    """The year of birth in a number of 12 digits."""
    return _FIRST_CENTURY + 100 * (int(number[3]) // 2) + int(number[4:6])


def read_identity(text: str, today: date | None = None) -> Identity:
    """What a scanner typed: the QR code of a card, or a number alone.

    Raises BadIdentity (ONE-601) for a number that cannot exist, a date that is none, and a card whose number
    and date of birth contradict one another.
    """
    if len(text) > _LONGEST_QR:
        raise _bad(_("Mã vừa quét dài quá, không phải mã QR của thẻ căn cước."))
    if "|" not in text:
        return Identity(check_number(text, today))
    fields = [clean(field) for field in text.split("|")]
    if len(fields) < _QR_FIELDS:
        raise _bad(_("Mã QR thiếu thông tin: có thể mới quét được một phần."))
    number = check_number(fields[0], today)
    born = _day(fields[3])
    if len(number) == 12 and born is not None and born.year != birth_year(number):
        raise _bad(
            _("Số định danh %(number)s và ngày sinh %(day)s trên thẻ không khớp nhau.")
            % {"number": number, "day": f"{born:%d/%m/%Y}"}
        )
    return Identity(
        number=number,
        old_number=fields[1] if _OLD_NUMBER.fullmatch(fields[1]) else "",
        full_name=fields[2][:200],
        birth_date=born,
        sex=fields[4][:10],
        address=fields[5][:300],
        issued_on=_day(fields[6]) if len(fields) > _QR_FIELDS else None,
    )


def _day(digits: str) -> date | None:
    """A day as ddMMyyyy; None where nothing is written."""
    if not digits:
        return None
    try:
        return datetime.strptime(digits, "%d%m%Y").date()  # noqa: DTZ007 - a calendar day has no zone
    except ValueError:
        raise _bad(_("Ngày «%(day)s» trong mã QR không có thật.") % {"day": digits[:20]}) from None


def _bad(message: str) -> BadIdentity:
    return BadIdentity(
        message,
        where="applicant_number",
        kept=_("Những gì đã nhập vẫn còn."),
        todo=_("Hãy quét lại thẻ, hoặc gõ số in trên thẻ."),
    )
