"""Errors of the door."""

from __future__ import annotations

from haicap.kernel.errors import Conflict, NotAllowed, NotFound


class LinkUnknown(NotFound):
    """ACC-101: no such one-time link, or a newer one took its place (liên kết không có hoặc đã bị thay)."""

    code = "ACC-101"


class LinkUsed(Conflict):
    """ACC-102: this one-time link was used before (liên kết đã dùng)."""

    code = "ACC-102"


class LinkExpired(Conflict):
    """ACC-103: this one-time link ran out (liên kết hết hạn)."""

    code = "ACC-103"


class AccountLocked(Conflict):
    """ACC-104: the account is locked (tài khoản đang khóa)."""

    code = "ACC-104"


class SecondFactorNeeded(NotAllowed):
    """ACC-110: the post asks for a second factor, and this session has not proved one."""

    code = "ACC-110"


class PasswordChangeNeeded(NotAllowed):
    """ACC-111: the owner must set an own password first."""

    code = "ACC-111"


class LastFactor(Conflict):
    """ACC-112: the last second factor of an account that must have one cannot be removed."""

    code = "ACC-112"


class SessionUnknown(NotFound):
    """ACC-113: no such session of this account."""

    code = "ACC-113"
