"""What can go wrong with the outbox."""

from __future__ import annotations

from haicap.kernel.errors import BadInput, Conflict, HaicapError, NotAllowed, NotFound


class UnknownTopic(HaicapError):
    """Chủ đề không có bộ xử lý: nobody handles this topic."""

    code = "KRN-210"
    http_status = 500


class NoTransaction(HaicapError):
    """Gửi ngoài giao dịch: a message is promised by a transaction, and there is none."""

    code = "KRN-211"
    http_status = 500


class KeyTaken(Conflict):
    """Khóa đã dùng cho nội dung khác: the topic has met this key with another payload."""

    code = "KRN-212"


class BadMessage(BadInput):
    """Nội dung gửi không hợp lệ: payload, key or reason cannot be used."""

    code = "KRN-213"


class NoSuchMessage(NotFound):
    """Không có gói việc này."""

    code = "KRN-214"


class WrongState(Conflict):
    """Trạng thái của gói việc không cho phép."""

    code = "KRN-215"


class MayNotManage(NotAllowed):
    """Không có quyền quản lý hộp gửi đi."""

    code = "KRN-216"


class Undeliverable(Exception):
    """Raised by a handler: no further attempt can succeed; the message is dead at once."""


class Superseded(Exception):
    """The delivery is no longer ours: it took too long, or its worker was taken for dead."""
