"""What VNeID says of a person (standards §5), read strictly: a claim that cannot be true is refused, not mended."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from haicap.access.citizens.errors import BadClaims
from haicap.kernel import clock
from haicap.kernel.text import clean

_NUMBER = re.compile(r"[0-9]{12}")
_DAY = re.compile(r"[0-9]{8}")
#: the first century that the fourth digit of a personal number knows; two digits (sexes) a century
_FIRST_CENTURY = 19
OLDEST_YEARS = 150


@dataclass(frozen=True, slots=True)
class Claims:
    """Thông tin từ VNeID: the claims that we keep; everything else that the provider sends is left aside."""

    issuer: str
    subject: str
    tech_id: str
    account_type: str
    full_name: str
    personal_number: str
    birth_date: date | None

    def as_session(self) -> dict[str, Any]:
        """JSON-ready, for the session."""
        told = asdict(self)
        told["birth_date"] = self.birth_date.isoformat() if self.birth_date is not None else None
        return told

    @classmethod
    def from_session(cls, told: Mapping[str, Any]) -> Claims:
        """Back from `as_session`."""
        day = told["birth_date"]
        return cls(**{**told, "birth_date": date.fromisoformat(day) if day else None})


def read_claims(issuer: str, said: Mapping[str, Any]) -> Claims:
    """The claims of one sign-in. Raises BadClaims (ACC-503) naming the claim."""
    number = _personal_number(said)
    born = _birth_date(said)
    if born is not None:
        _check_year(number, born)
    return Claims(
        issuer=_short(issuer, "iss", 200),
        subject=_text(said, "sub", 200, needed=True),
        tech_id=_text(said, "TechID", 100),
        account_type=_text(said, "LoaiTaiKhoan", 20),
        full_name=_text(said, "HoVaTen", 200, needed=True),
        personal_number=number,
        birth_date=born,
    )


def _personal_number(said: Mapping[str, Any]) -> str:
    """Số định danh cá nhân: 12 digits; 3 place of birth registration, 1 century and sex, 2 year, 6 serial."""
    number = said.get("SoDinhDanh")
    if not isinstance(number, str) or not _NUMBER.fullmatch(number) or number.startswith("000"):
        raise _bad("SoDinhDanh", _("Số định danh cá nhân từ VNeID không phải 12 chữ số đúng cấu trúc."))
    return number


def _birth_date(said: Mapping[str, Any]) -> date | None:
    given = said.get("NgayThangNamSinh")
    if given in (None, ""):
        return None
    if isinstance(given, str) and _DAY.fullmatch(given):
        try:
            # a calendar day has no zone; the instant is thrown away at once
            born = datetime.strptime(given, "%Y%m%d").date()  # noqa: DTZ007
        except ValueError:
            born = None
        if born is not None and 0 <= clock.today().year - born.year <= OLDEST_YEARS and born <= clock.today():
            return born
    raise _bad("NgayThangNamSinh", _("Ngày sinh từ VNeID không phải một ngày có thật (năm, tháng, ngày)."))


def _check_year(number: str, born: date) -> None:
    century = _FIRST_CENTURY + int(number[3]) // 2
    if (century * 100 + int(number[4:6])) != born.year:
        raise _bad("SoDinhDanh", _("Số định danh cá nhân và năm sinh từ VNeID không khớp nhau."))


def _text(said: Mapping[str, Any], name: str, longest: int, *, needed: bool = False) -> str:
    given = said.get(name)
    if given is None:
        given = ""
    if isinstance(given, int) and not isinstance(given, bool):
        given = str(given)
    if not isinstance(given, str) or (needed and not clean(given)):
        raise _bad(name, _("Thông tin «%(claim)s» từ VNeID thiếu hoặc không phải chữ.") % {"claim": name})
    return _short(clean(given), name, longest)


def _short(text: str, name: str, longest: int) -> str:
    if len(text) > longest:
        raise _bad(name, _("Thông tin «%(claim)s» từ VNeID dài quá mức.") % {"claim": name})
    return text


def _bad(name: str, message: str) -> BadClaims:
    return BadClaims(
        message,
        where=name,
        kept=_("Chưa có gì được ghi; dữ liệu cũ của bạn (nếu có) giữ nguyên."),
        todo=_("Hãy kiểm tra thông tin trên ứng dụng VNeID rồi đăng nhập lại, hoặc đến bộ phận một cửa."),
    )
