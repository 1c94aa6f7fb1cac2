"""What django-allauth asks of us about accounts and second factors."""

from __future__ import annotations

import base64
import hashlib
import io
from typing import Any

import segno
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from haicap.access.models import Account, Outcome
from haicap.access.sign_in import attempts, log, second_factor
from haicap.access.sign_in.address import client_address
from haicap.kernel import clock


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up: an administrator makes an official's account, VNeID a citizen's."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": _("Tài khoản đang khóa. Hãy hỏi người quản trị của đơn vị."),
        "username_password_mismatch": _("Tên đăng nhập hoặc mật khẩu không đúng."),
        "email_password_mismatch": _("Tên đăng nhập hoặc mật khẩu không đúng."),
        "incorrect_password": _("Mật khẩu không đúng."),
        "enter_current_password": _("Hãy nhập mật khẩu đang dùng."),
        "too_many_login_attempts": _("Thử nhiều lần quá. Hãy chờ một lát rồi thử lại."),
        "rate_limited": _("Thử nhiều lần quá. Hãy chờ một lát rồi thử lại."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def populate_username(self, request: HttpRequest, user: Any) -> None:
        """User names are given, never made up."""

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address that counts behind our own proxies."""
        return client_address(request)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Take an attempt at this account from this place; raises ValidationError while it must wait."""
        name = credentials.get("username") or credentials.get("email") or ""
        self._attempt = attempts.Attempt.at_password(request, name)
        sentence = self._attempt.refusal()
        if sentence:
            log.note(request, Outcome.THROTTLED, self._attempt.account, username=name, method="password")
            raise attempts.wait_error(sentence)

    def _rollback_login_failed_rl_usage(self) -> None:
        """The password was right."""
        self._attempt.succeeded()

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """The password was wrong, or there is no such account: told apart in the log only."""
        name = credentials.get("username") or credentials.get("email") or ""
        log.note(request, Outcome.REFUSED, self._attempt.account, username=name, method="password")

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> Any:
        """Who knows the password of a locked account is told that it is locked."""
        log.note(request, Outcome.LOCKED, user)
        return super().respond_user_inactive(request, user)

    def set_password(self, user: Any, password: str) -> None:
        """Set by the owner: nothing is forced any more."""
        user.must_change_password = False
        super().set_password(user, password)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to one's account; on to work where the change was forced."""
        from django.urls import reverse

        return reverse("my-account")

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not within five minutes of signing in: who has just proved everything need not do it twice."""
        request = context.request
        records = get_authentication_records(request, request.user) if request is not None else []
        newest = max((float(record.get("at", 0)) for record in records), default=0.0)
        real_now = (clock.now() - clock.current_shift()).timestamp()
        if real_now - newest < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT:
            return False
        return bool(super().is_reauthentication_required(app=app, **kwargs))

    def add_message(
        self,
        request: HttpRequest,
        level: Any,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        """Our own sentences, or none: the library's speak English."""
        sentence = _SENTENCES.get(message_template or "") or message
        if sentence:
            super().add_message(request, level, message=str(sentence), extra_tags=extra_tags)


_SENTENCES = {
    "account/messages/logged_out.txt": _("Bạn đã đăng xuất."),
    "account/messages/password_changed.txt": _("Đã đổi mật khẩu. Các phiên khác đã bị đăng xuất."),
    "mfa/messages/totp_activated.txt": _("Đã bật ứng dụng xác thực."),
    "mfa/messages/totp_deactivated.txt": _("Đã tắt ứng dụng xác thực."),
    "mfa/messages/webauthn_added.txt": _("Đã thêm khóa truy cập."),
    "mfa/messages/webauthn_removed.txt": _("Đã gỡ khóa truy cập."),
    "mfa/messages/recovery_codes_generated.txt": _(
        "Đã tạo mã dự phòng. Mã chỉ hiện một lần: hãy in hoặc chép lại ngay."
    ),
}


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets are encrypted with a key of the deployment; QR codes are drawn by the house's own component."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("Mã không đúng hoặc đã dùng. Hãy nhập mã mới nhất."),
        "cannot_delete_authenticator": _(
            "Chức danh của bạn bắt buộc xác thực lớp hai: hãy thêm cách khác trước khi tắt cách này."
        ),
        "cannot_generate_recovery_codes": _("Hãy bật xác thực lớp hai trước khi tạo mã dự phòng."),
    }

    def encrypt(self, text: str) -> str:
        """The text under the deployment's key."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """What `encrypt` was given."""
        return _cipher().decrypt(encrypted_text.encode()).decode()

    def get_totp_label(self, user: Any) -> str:
        """The user name: e-mail addresses change with posts."""
        return str(user.username)

    def build_totp_svg(self, url: str) -> str:
        """The QR code as SVG."""
        buffer = io.BytesIO()
        segno.make(url, error="m").save(buffer, kind="svg", scale=5, border=4, light="#fff", xmldecl=False)
        return buffer.getvalue().decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Not the last one of an account that must have a second factor."""
        account = authenticator.user
        if not isinstance(account, Account) or not second_factor.is_needed_by(account):
            return True
        return any(one.pk != authenticator.pk for one in second_factor.factors_of(account))

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        """ "Khóa 2"."""
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return gettext("Khóa %(number)s") % {"number": number}

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """This host, by the product's name."""
        return {"id": context.request.get_host().partition(":")[0], "name": "haicap"}

    def get_public_key_credential_user_entity(self, user: Any) -> dict[str, Any]:
        """The owner as authenticators show it."""
        entity: dict[str, Any] = super().get_public_key_credential_user_entity(user)
        return {**entity, "name": user.username, "display_name": user.get_full_name()}


def _cipher() -> Fernet:
    key = hashlib.sha256(b"haicap second factor\0" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
