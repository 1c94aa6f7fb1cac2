"""How sign-in is right now."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import ClassVar

from django.contrib.auth.hashers import check_password, make_password
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from haicap.access.models import SigningKey
from haicap.kernel import clock
from haicap.kernel.contract import Health, Probe, ProbeResult
from haicap.kernel.errors import HaicapError
from haicap.kernel.models import OutboxMessage, OutboxState

#: a hash and a check that take longer than this are felt at the door
SLOW_MS = 1_500.0
#: without a successor so long before its end a key is a worry; so old it should be changed
NEAR_END = timedelta(days=7)
OLD_KEY = timedelta(days=365)
#: a message about the end of a session that waits longer than this leaves a door open elsewhere
STUCK_AFTER = timedelta(minutes=15)
LOGOUT_TOPICS = "access.tell_"


class PasswordHashing(Probe):
    """Băm mật khẩu: a password is hashed and recognised, another one is not."""

    system: ClassVar[str] = "access"
    name: ClassVar[str] = "password_hashing"
    label: ClassVar[str] = "Băm và kiểm tra mật khẩu"

    def ask(self) -> ProbeResult:
        """DOWN where it does not work, DEGRADED where it is felt."""
        began = time.perf_counter()
        hashed = make_password("một mật khẩu để thử")
        works = check_password("một mật khẩu để thử", hashed) and not check_password("mật khẩu khác", hashed)
        took_ms = (time.perf_counter() - began) * 1000
        if not works:
            return ProbeResult(Health.DOWN, _("Không kiểm tra được mật khẩu."), took_ms, "ms")
        health = Health.WELL if took_ms <= SLOW_MS else Health.DEGRADED
        return ProbeResult(
            health,
            _("Băm và kiểm tra mật khẩu mất %(ms)d mili giây.") % {"ms": round(took_ms)},
            took_ms,
            "ms",
        )


class SigningKeyValid(Probe):
    """Khóa ký đăng nhập một lần: there is one, it can be read, and it is neither near its end nor too old."""

    system: ClassVar[str] = "access"
    name: ClassVar[str] = "signing_key_valid"
    label: ClassVar[str] = "Khóa ký đăng nhập một lần"

    def ask(self) -> ProbeResult:
        """WELL before the first sign-in of another system, too: the key is made then."""
        now = clock.now() - clock.current_shift()
        living = SigningKey.objects.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now))
        if not SigningKey.objects.exists():
            return ProbeResult(
                Health.WELL, _("Chưa hệ thống nào đăng nhập một lần; chưa cần khóa ký."), 0, "days"
            )
        newest = living.filter(begins_at__lte=now).order_by("-begins_at").first()
        if newest is None:
            return ProbeResult(Health.DOWN, _("Không còn khóa ký nào có hiệu lực."), 0, "days")
        from haicap.access.oidc import keys

        try:
            keys.signing_key()
        except (HaicapError, ValueError) as error:
            return ProbeResult(
                Health.DOWN, _("Không đọc được khóa ký: %(error)s") % {"error": error}, 0, "days"
            )
        age = (now - newest.begins_at).days
        last_end = living.aggregate(last=Max("ends_at"))["last"]
        open_ended = living.filter(ends_at__isnull=True).exists()
        if not open_ended and last_end is not None and last_end - now < NEAR_END:
            message = _("Khóa ký sắp hết hạn mà chưa có khóa kế tiếp. Hãy thay khóa.")
            return ProbeResult(Health.DEGRADED, message, age, "days")
        if newest.begins_at < now - OLD_KEY:
            return ProbeResult(Health.DEGRADED, _("Khóa ký đã dùng hơn một năm. Hãy thay khóa."), age, "days")
        return ProbeResult(
            Health.WELL, _("Khóa ký dùng được, đã dùng %(days)d ngày.") % {"days": age}, age, "days"
        )


class LogoutMessages(Probe):
    """Báo đăng xuất tới hệ thống khác: no message about the end of a session waits too long or was given up."""

    system: ClassVar[str] = "access"
    name: ClassVar[str] = "logout_messages"
    label: ClassVar[str] = "Báo đăng xuất tới các hệ thống"

    def ask(self) -> ProbeResult:
        """DEGRADED while any is stuck: there a session may still be open."""
        waiting = Q(state__in=[OutboxState.PENDING, OutboxState.DELIVERING])
        old = Q(created_at__lt=clock.now() - STUCK_AFTER)
        stuck = OutboxMessage.objects.filter(
            Q(state=OutboxState.DEAD) | waiting & old, topic__startswith=LOGOUT_TOPICS
        ).count()
        if stuck:
            message = _("%(count)d lượt báo đăng xuất chưa tới nơi: phiên ở hệ thống ấy có thể còn mở.")
            return ProbeResult(Health.DEGRADED, message % {"count": stuck}, stuck, "messages")
        return ProbeResult(Health.WELL, _("Mọi lượt báo đăng xuất đã tới nơi."), 0, "messages")


PROBES: tuple[type[Probe], ...] = (PasswordHashing, SigningKeyValid, LogoutMessages)
