"""What happens at the door: one-time links, known devices, the sign-in log."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from haicap.kernel import clock
from haicap.registry.models.base import Identified


class LinkPurpose(models.TextChoices):
    """What a one-time link is for."""

    FIRST = "first", _("Đăng nhập lần đầu")
    RESET = "reset", _("Đặt lại mật khẩu")
    MAIL = "mail", _("Quên mật khẩu, gửi qua thư")


class OneTimeLink(Identified):
    """Liên kết một lần: lets its owner set a password. Only the SHA-256 of the secret is kept; used once."""

    account = models.ForeignKey("access.Account", on_delete=models.PROTECT, related_name="links")
    purpose = models.CharField(max_length=10, choices=LinkPurpose.choices)
    digest = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey("access.Account", null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)


class Outcome(models.TextChoices):
    """How an attempt to sign in or out ended."""

    SIGNED_IN = "in", _("Đã đăng nhập")
    SIGNED_OUT = "out", _("Đã đăng xuất")
    REFUSED = "refused", _("Sai tên hoặc mật khẩu")
    THROTTLED = "throttled", _("Tạm chặn do thử quá nhiều")
    LOCKED = "locked", _("Tài khoản đang khóa")
    SECOND_FACTOR = "second", _("Sai mã xác thực lớp hai")
    PASSWORD = "password", _("Đổi mật khẩu")
    NEW_DEVICE = "device", _("Thiết bị lạ")
    ENDED = "ended", _("Bị đăng xuất từ xa")
    ASKED = "asked", _("Báo quên mật khẩu")


class SignInEvent(Identified):
    """Nhật ký đăng nhập: append-only. `username` is what was typed where no account fits (first 60 letters)."""

    account = models.ForeignKey(
        "access.Account", null=True, blank=True, on_delete=models.PROTECT, related_name="sign_ins"
    )
    username = models.CharField(max_length=60)
    at = models.DateTimeField(default=clock.now)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    method = models.CharField(max_length=20, blank=True)
    ip = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["account", "-at"], name="access_signin_account"),
            models.Index(fields=["-at"], name="access_signin_at"),
        ]


class KnownDevice(Identified):
    """Thiết bị đã biết: a browser that signed in before, known by a cookie whose SHA-256 is kept."""

    account = models.ForeignKey("access.Account", on_delete=models.CASCADE, related_name="devices")
    digest = models.CharField(max_length=64)
    label = models.CharField(max_length=200)
    first_seen_at = models.DateTimeField(default=clock.now)
    last_seen_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "digest"], name="access_device_once")]


class Throttle(models.Model):
    """Bộ đếm lần thử sai: how often in a row something failed at one place; kept until it was quiet for a day.

    `key` is the SHA-256 of what is counted: an account (or a name that fits none) with a client address or a known
    device, never an account alone: nobody can lock an owner out from elsewhere.
    """

    key = models.CharField(max_length=64, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(db_index=True)
