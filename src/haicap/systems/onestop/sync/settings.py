"""What differs from partner to partner. The standard fixes objects and names of fields; much else was found in no
public source ([R] in standards §5) and is therefore a setting, never a constant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from haicap.kernel.clock import ZONE
from haicap.systems.onestop.sync.errors import BadPartner

#: accepted by the standard (§5); a partner may want it narrower
CODE_PATTERN = (
    r"^[A-Z]\d{2}(\.[A-Z0-9]+)*-(\d{6}|\d{8})-\d{4,7}$|^\d{3}(\.\d{2}){2}\.[A-Z]\d{2}-(\d{6}|\d{8})-\d{4,7}$"
)
LONGEST = 500


@dataclass(frozen=True, slots=True)
class PartnerSettings:
    """Thiết lập của một hệ thống ngoài; every one has a default, `read` refuses what it does not know.

    `applicant_kinds` and `online_forms` map our codes (`ApplicantKind`, `Channel`) to the partner's. A login is renewed
    on `expired_codes`; `busy_codes` are tried again; every other code but 0 is a refusal. `check_service`: asked
    whether it has a dossier; without it a positive answer counts as acknowledgement.
    """

    login_path: str = "/login"
    call_path: str = "/call"
    dstcode: str = ""
    unit_code: str = ""
    dossier_service: str = "DongBoHoSoMC"
    progress_service: str = "CapNhatTienDoHoSoMC"
    check_service: str = ""
    procedures_service: str = "LayDanhSachTTHC"
    procedure_service: str = "LayThuTuc"
    agencies_service: str = "LayDanhMucCoQuan"
    units_service: str = "LayDanhMucDonViHanhChinh"
    data_key: str = "data"
    data_as_list: bool = True
    numbers_as_text: bool = True
    date_format: str = "%Y%m%d%H%M%S"
    code_pattern: str = CODE_PATTERN
    procedure_pattern: str = "{code}"
    applicant_kinds: Mapping[str, str] = field(default_factory=lambda: {"1": "1", "2": "2"})
    online_forms: Mapping[str, str] = field(default_factory=lambda: {"1": "0", "2": "1", "3": "2"})
    key_header: str = "Idempotency-Key"
    expired_codes: tuple[str, ...] = ("401",)
    busy_codes: tuple[str, ...] = ("429", "503")
    extra: Mapping[str, Any] = field(default_factory=dict)
    file_url: str = ""
    connect_s: float = 5.0
    answer_s: float = 15.0
    first_wait_s: float = 10.0
    # payment gateways
    return_url: str = ""
    signed_fields: tuple[str, ...] = ()
    bill: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> PartnerSettings:
        """The settings of a JSON object. Raises BadPartner (ONE-512) naming the first that cannot be used."""
        known = {one.name: one for one in fields(cls)}
        values: dict[str, Any] = {}
        for name, value in given.items():
            if name not in known:
                raise _bad(name, _("Không có thiết lập này."))
            values[name] = _checked(name, value, getattr(_DEFAULTS, name) if _DEFAULTS else value)
        made = cls(**values)
        _check(made)
        return made

    def as_json(self) -> dict[str, Any]:
        """The settings that are not the default, JSON-ready."""
        default = asdict(PartnerSettings())
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value != default[name]
        }

    def moment(self, instant: datetime) -> str:
        """An instant as this partner writes it, in Vietnamese time."""
        return instant.astimezone(ZONE).strftime(self.date_format)

    def number(self, value: int) -> str | int:
        """A code or an amount as this partner wants it."""
        return str(value) if self.numbers_as_text else value

    def procedure_code(self, code: str) -> str:
        """A procedure's code as this partner writes it."""
        return self.procedure_pattern.replace("{code}", code)


_DEFAULTS: PartnerSettings | None = None
_DEFAULTS = PartnerSettings()


def check_endpoint(address: str) -> str:
    """The address, if it can be called: http or https, a host, no password, no query. Raises BadPartner."""
    parts = urlsplit(address.strip())
    try:
        port_ok = parts.port is None or 0 < parts.port < 65536
    except ValueError:
        port_ok = False
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.username
        or parts.query
        or parts.fragment
        or not port_ok
    ):
        raise _bad("endpoint", _("Địa chỉ phải có dạng https://máy-chủ[:cổng]/đường-dẫn."))
    return address.strip().rstrip("/")


def _checked(name: str, value: Any, default: Any) -> Any:
    """The value in the type of its default."""
    match default:
        case bool():
            right: Any = value if isinstance(value, bool) else None
        case float():
            number = isinstance(value, int | float) and not isinstance(value, bool)
            right = float(value) if number and 0 < value <= 600 else None
        case tuple():
            texts = isinstance(value, list | tuple) and all(isinstance(one, str | int) for one in value)
            right = tuple(str(one) for one in value) if texts and len(value) <= 50 else None
        case Mapping():
            right = dict(value) if isinstance(value, Mapping) and len(value) <= 50 else None
        case _:
            right = value if isinstance(value, str) and len(value) <= LONGEST else None
    if right is None:
        raise _bad(name, _("Giá trị này không dùng được."))
    return right


def _check(made: PartnerSettings) -> None:
    for name in ("login_path", "call_path"):
        if not getattr(made, name).startswith("/"):
            raise _bad(name, _("Đường dẫn phải bắt đầu bằng «/»."))
    try:
        re.compile(made.code_pattern)
    except re.error as error:
        raise _bad("code_pattern", _("Mẫu mã hồ sơ không phải là biểu thức chính quy.")) from error
    if "{code}" not in made.procedure_pattern:
        raise _bad("procedure_pattern", _("Mẫu mã thủ tục phải chứa «{code}»."))
    if not datetime(2026, 3, 5, 14, 7, 9).strftime(made.date_format).strip():  # noqa: DTZ001 (only its form)
        raise _bad("date_format", _("Mẫu ngày giờ không dùng được."))


def _bad(name: str, message: str) -> BadPartner:
    return BadPartner(
        message,
        where=name,
        kept=_("Thiết lập cũ vẫn được dùng."),
        todo=_("Hãy sửa lại mục này rồi lưu."),
    )
