"""What is known of a person when it is entered: cleaned and checked, with the field that is wrong named."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from haicap.access.people.errors import BadPerson
from haicap.kernel import clock
from haicap.kernel.days import parse_day
from haicap.kernel.errors import BadInput
from haicap.kernel.tables import looks_like_formula
from haicap.kernel.text import clean, fold, name_parts, normalise_tone, person_sort_key
from haicap.registry.establishment.codes import PROVINCE_NUMBERS

_NUMBER = re.compile(r"[0-9]{12}", re.ASCII)
_PHONE = re.compile(r"\+?[0-9]{8,15}", re.ASCII)
_NOT_IN_NAMES = re.compile(r"[0-9<>{}\[\]|\\/@#$%^&*_=+~\"?!;:\u00a1-\u00bf\u00d7\u00f7\ufffd]")
#: years back to which and ahead until when a list may date an appointment
OLDEST, AHEAD_DAYS = dt.date(1945, 9, 2), 366


@dataclass(frozen=True, slots=True)
class PersonValues:
    """Lý lịch trích ngang: name parts, personal number, official e-mail, telephone."""

    family_name: str
    middle_name: str
    given_name: str
    personal_number: str = ""
    email: str = ""
    phone: str = ""

    @property
    def full_name(self) -> str:
        """Family, middle, given name."""
        return " ".join(part for part in (self.family_name, self.middle_name, self.given_name) if part)

    def columns(self) -> dict[str, object]:
        """The columns of `registry.Person`."""
        return {
            "family_name": self.family_name,
            "middle_name": self.middle_name,
            "given_name": self.given_name,
            "full_name": self.full_name,
            "fold": fold(self.full_name),
            "sort_key": person_sort_key(self.full_name),
            "personal_number": self.personal_number,
            "email": self.email,
            "phone": self.phone,
        }


def _refuse(field: str, message: str, todo: str) -> BadPerson:
    return BadPerson(message, where=field, kept=_("Chưa có gì được ghi."), todo=todo)


def clean_name(text: str, field: str = "full_name", *, most: int = 200) -> str:
    """A name as it is stored. Raises BadPerson (ACC-206): formulas, digits and signs are no name."""
    if looks_like_formula(text):
        raise _refuse(
            field,
            _("Họ tên bắt đầu bằng dấu của công thức (= + - @)."),
            _("Bỏ dấu ấy; họ tên chỉ gồm chữ."),
        )
    name = normalise_tone(clean(text))
    if not name or len(name) > most or _NOT_IN_NAMES.search(name) or not any(c.isalpha() for c in name):
        raise _refuse(
            field, _("Họ tên «%(name)s» không dùng được.") % {"name": name[:60]}, _("Họ tên chỉ gồm chữ.")
        )
    return name


def clean_number(text: str, field: str = "personal_number") -> str:
    """Số định danh cá nhân: 12 digits: the province of birth, century and sex, year of birth, six more; or nothing.

    Source: Luật Căn cước 26/2023/QH15, NĐ 70/2024/NĐ-CP. Raises BadPerson (ACC-206).
    """
    number = re.sub(r"[\s.]", "", text)
    if not number:
        return ""
    if re.fullmatch(r"[0-9]{9,11}", number, re.ASCII):
        raise _refuse(
            field,
            _("Số định danh chỉ có %(count)d chữ số.") % {"count": len(number)},
            _("Số định danh có 12 chữ số, bắt đầu bằng 0; trong Excel định dạng cột này là văn bản."),
        )
    if not _NUMBER.fullmatch(number):
        raise _refuse(field, _("Số định danh không đúng dạng."), _("Ghi đủ 12 chữ số trên thẻ căn cước."))
    century, year = 1900 + 100 * (int(number[3]) // 2), int(number[4:6])
    if number[0] != "0" or number[1:3] not in PROVINCE_NUMBERS or century + year > clock.today().year:
        raise _refuse(
            field,
            _("Số định danh không thể có thật: mã nơi sinh hoặc năm sinh sai."),
            _("So lại với thẻ căn cước."),
        )
    return number


def clean_email(text: str, field: str = "email") -> str:
    """An e-mail address in lower case, or nothing. Raises BadPerson (ACC-206)."""
    email = clean(text).lower()
    if not email:
        return ""
    try:
        if len(email) > 254:
            raise ValidationError("long")
        validate_email(email)
    except ValidationError:
        raise _refuse(
            field,
            _("Thư công vụ «%(email)s» không đúng dạng.") % {"email": email[:60]},
            _("Ghi dạng ten@coquan.vn."),
        ) from None
    return email


def clean_phone(text: str, field: str = "phone") -> str:
    """A telephone number without blanks and dots, or nothing. Raises BadPerson (ACC-206)."""
    phone = re.sub(r"[\s.()-]", "", text)
    if phone and not _PHONE.fullmatch(phone):
        raise _refuse(field, _("Số điện thoại không đúng dạng."), _("Ghi 8 đến 15 chữ số."))
    return phone


def person_values(given: Mapping[str, str]) -> PersonValues:
    """Checked values from `family_name`, `middle_name`, `given_name` (or `full_name`), number, e-mail, telephone.

    Raises BadPerson (ACC-206).
    """
    if given.get("given_name"):
        family = clean_name(given["family_name"], "family_name", most=50) if given.get("family_name") else ""
        middle = clean_name(given["middle_name"], "middle_name", most=100) if given.get("middle_name") else ""
        own = clean_name(given["given_name"], "given_name", most=50)
    else:
        family, middle, own = name_parts(clean_name(given.get("full_name", "")))
        if max(len(family), len(own)) > 50 or len(middle) > 100:
            raise _refuse("full_name", _("Họ tên quá dài."), _("Mỗi phần của họ tên ngắn hơn 50 chữ."))
    return PersonValues(
        family,
        middle,
        own,
        clean_number(given.get("personal_number", "")),
        clean_email(given.get("email", "")),
        clean_phone(given.get("phone", "")),
    )


def clean_decision(text: str) -> str:
    """The number of a decision: one line of at most 100 letters. Raises BadPerson (ACC-206)."""
    decision = clean(text)
    if len(decision) > 100 or looks_like_formula(decision):
        raise _refuse("decision", _("Số quyết định không dùng được."), _("Ghi dạng 123/QĐ-UBND."))
    return decision


def clean_day(text: str | dt.date, field: str = "day") -> dt.date:
    """A day on which an appointment may begin or end. Raises BadPerson (ACC-206)."""
    try:
        day = text if isinstance(text, dt.date) else parse_day(text)
    except BadInput as error:
        raise _refuse(field, str(error.message), _("Viết ngày theo dạng 30/06/2025.")) from None
    if not OLDEST <= day <= clock.today() + dt.timedelta(days=AHEAD_DAYS):
        raise _refuse(
            field, _("Ngày %(day)s quá xa.") % {"day": f"{day:%d/%m/%Y}"}, _("Xem lại năm của ngày này.")
        )
    return day
