"""Errors of the file store: KRN-111 to KRN-116."""

from __future__ import annotations

from haicap.kernel.errors import BadInput, HaicapError, NotFound, Unavailable


class FileTooLarge(BadInput):
    """More bytes than are accepted (tệp quá lớn)."""

    code = "KRN-111"
    http_status = 413


class FileKindRefused(BadInput):
    """The bytes are of a kind that is not accepted here (loại tệp không được nhận)."""

    code = "KRN-112"
    http_status = 415


class NoSuchFile(NotFound):
    """No file of this digest (không có tệp này)."""

    code = "KRN-113"


class FileDamaged(HaicapError):
    """The stored bytes are not those that were stored (tệp đã bị hỏng hoặc bị sửa)."""

    code = "KRN-114"
    http_status = 500


class FileUnreadable(BadInput):
    """What was given cannot be read as bytes (không đọc được tệp)."""

    code = "KRN-115"


class StoreUnavailable(Unavailable):
    """The storage does not take or give bytes now (kho tệp không hoạt động)."""

    code = "KRN-116"
