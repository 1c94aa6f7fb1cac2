"""What can go wrong with the journal."""

from __future__ import annotations

from haicap.kernel.errors import BadInput, Conflict, HaicapError


class Unjournalled(HaicapError):
    """Thay đổi không có nhật ký: a guarded table was written in a transaction without a journal entry."""

    code = "KRN-202"
    http_status = 500


class BadEntry(BadInput):
    """Mục nhật ký không ghi được: not JSON, a NUL character, too large, or an ended act."""

    code = "KRN-203"


class BadAction(BadInput):
    """Tên hành động sai dạng: an action is named "system.verb_entity"."""

    code = "KRN-204"


class BadHead(BadInput):
    """Mã niêm phong sai dạng: a head of the chain is 64 hexadecimal digits."""

    code = "KRN-205"


class BadQuery(BadInput):
    """Điều kiện tra cứu nhật ký không hợp lệ."""

    code = "KRN-206"


class Damaged(Conflict):
    """Nhật ký bị sửa: verification found an altered, missing or inserted row, or a broken chain."""

    code = "KRN-207"
