"""Forms of the door, with our words; what they check is django-allauth's business."""

from __future__ import annotations

import hashlib
from typing import Any

from allauth.account.forms import ChangePasswordForm, LoginForm
from allauth.account.forms import ReauthenticateForm as PasswordAgainForm
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, BaseAuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from allauth.mfa.webauthn.internal.auth import extract_user_from_response
from django import forms
from django.conf import settings
from django.contrib.auth import password_validation
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from haicap.access.models import Account, Outcome
from haicap.access.sign_in import log
from haicap.access.sign_in.attempts import Attempt, wait_error
from haicap.kernel.text import clean


def _plain(field: forms.Field, label: Any, longest: int = 0, **attributes: str) -> None:
    """Our label, no placeholder (labels are always visible), and no help text of the library's; so many letters."""
    if longest:
        assert isinstance(field, forms.CharField)
        field.max_length = longest
    field.label = label
    field.help_text = ""
    field.widget.attrs.pop("placeholder", None)
    field.widget.attrs.update(attributes)


class SignInForm(LoginForm):
    """Đăng nhập: user name or official e-mail, and the password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(
            self.fields["login"],
            gettext_lazy("Tên đăng nhập hoặc thư điện tử công vụ"),
            longest=254,
            autocomplete="username webauthn",
            autocapitalize="none",
            spellcheck="false",
        )
        _plain(self.fields["password"], gettext_lazy("Mật khẩu"), longest=1000)

    def clean_login(self) -> str:
        """As it is stored: one form of every letter, lower case. A NUL never reaches the database."""
        return clean(super().clean_login()).lower()


class PasswordForm(ChangePasswordForm):
    """Đổi mật khẩu: the present one, and a new one twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(self.fields["oldpassword"], gettext_lazy("Mật khẩu đang dùng"))
        _plain(self.fields["password1"], gettext_lazy("Mật khẩu mới"), autocomplete="new-password")
        _plain(self.fields["password2"], gettext_lazy("Nhập lại mật khẩu mới"), autocomplete="new-password")

    def clean(self) -> dict[str, Any]:
        """The two new ones are the same, and not the present one."""
        values = forms.Form.clean(self) or {}
        new = values.get("password1")
        if new and values.get("password2") and new != values["password2"]:
            self.add_error("password2", _("Hai lần nhập không giống nhau."))
        if new and new == values.get("oldpassword"):
            self.add_error("password1", _("Mật khẩu mới phải khác mật khẩu đang dùng."))
        return values


class ForgottenForm(forms.Form):
    """Quên mật khẩu: by which name one signs in."""

    login = forms.CharField(
        label=gettext_lazy("Tên đăng nhập hoặc thư điện tử công vụ"),
        max_length=254,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

    def clean_login(self) -> str:
        """As it is stored."""
        name = clean(self.cleaned_data["login"]).strip().lower()
        if not name:
            raise ValidationError(self.fields["login"].error_messages["required"], code="required")
        return name


class FirstPasswordForm(forms.Form):
    """Đặt mật khẩu: by a one-time link."""

    password1 = forms.CharField(
        label=gettext_lazy("Mật khẩu mới"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password2 = forms.CharField(
        label=gettext_lazy("Nhập lại mật khẩu mới"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.account = account

    def clean_password1(self) -> str:
        """Good enough by the house's rules."""
        password: str = self.cleaned_data["password1"]
        password_validation.validate_password(password, self.account)
        return password

    def clean(self) -> dict[str, Any]:
        """Both the same."""
        values = super().clean() or {}
        if values.get("password1") and values.get("password2") not in (None, values["password1"]):
            self.add_error("password2", _("Hai lần nhập không giống nhau."))
        return values


class AgainForm(PasswordAgainForm):
    """Xác nhận bằng mật khẩu."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(self.fields["password"], gettext_lazy("Mật khẩu"), autocomplete="current-password")


class _CodeMixin(BaseAuthenticateForm):
    """A code of six digits or a recovery code: right, not used before, and not guessed too often (our counters)."""

    user: Account
    authenticator: Authenticator

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(
            self.fields["code"],
            gettext_lazy("Mã 6 số trong ứng dụng, hoặc một mã dự phòng"),
            longest=40,
            autocomplete="one-time-code",
            inputmode="numeric",
        )

    def clean_code(self) -> str:
        """The code; raises ValidationError when it is wrong, used up, or must wait."""
        attempt = _take(Attempt.at_second_factor(context.request, self.user), "second")
        code: str = super().clean_code()
        self._use_up(code)
        attempt.succeeded()
        return code

    def _use_up(self, code: str) -> None:
        """A code of an app counts once as long as it would be right (the library remembers it for one period)."""
        if self.authenticator.type != Authenticator.Type.TOTP:
            return
        key = f"haicap.totp:{self.authenticator.pk}:{hashlib.sha256(code.encode()).hexdigest()}"
        life_s = settings.MFA_TOTP_PERIOD * (2 * settings.MFA_TOTP_TOLERANCE + 2)
        if not cache.add(key, True, timeout=life_s):
            raise get_adapter().validation_error("incorrect_code")


class CodeForm(_CodeMixin, AuthenticateForm):
    """Mã xác thực lớp hai khi đăng nhập."""


class CodeAgainForm(_CodeMixin, ReauthenticateForm):
    """Mã xác thực lớp hai khi xác nhận lại."""


def _take(attempt: Attempt, method: str) -> Attempt:
    """Take the attempt; raises ValidationError while it must wait."""
    sentence = attempt.refusal()
    if sentence:
        log.note(context.request, Outcome.THROTTLED, attempt.account, method=method)
        raise wait_error(sentence)
    return attempt


class ActivateForm(ActivateTOTPForm):
    """Bật ứng dụng xác thực: the first code proves that the secret was taken over."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(
            self.fields["code"],
            gettext_lazy("Mã 6 số trong ứng dụng"),
            autocomplete="one-time-code",
            inputmode="numeric",
        )


#: what the library raises for an answer that no browser gives: a stranger's invention, not a fault of ours
_BROKEN = (AttributeError, IndexError, KeyError, TypeError, ValueError)


class _PasskeyMixin(AuthenticateWebAuthnForm):
    """An answer of a passkey: one that is wrong or cannot be read is kept in the log and slows down the next."""

    user: Account | None
    #: what a wrong answer is in the log
    outcome = Outcome.SECOND_FACTOR

    def attempt_of(self, account: Account | None) -> Attempt:
        """Where wrong answers are counted."""
        assert account is not None  # the second factor is asked of a known account only
        return Attempt.at_second_factor(context.request, account)

    def clean_credential(self) -> Authenticator:
        """The authenticator that answered; raises ValidationError, also while the next attempt must wait."""
        account = self.user or _owner_in(self.cleaned_data["credential"])
        attempt = _take(self.attempt_of(account), _PASSKEY)
        try:
            authenticator: Authenticator = super().clean_credential()
        except ValidationError:
            log.note(context.request, self.outcome, account, method=_PASSKEY)
            raise
        except _BROKEN:
            log.note(context.request, self.outcome, account, method=_PASSKEY)
            raise get_adapter().validation_error("incorrect_code") from None
        attempt.succeeded()
        return authenticator


_PASSKEY = "webauthn"


def _owner_in(credential: Any) -> Account | None:
    """Whose passkey the answer says it is: anybody may say so, as with a user name."""
    try:
        owner = extract_user_from_response(credential)
    except (ValidationError, *_BROKEN):
        return None
    return owner if isinstance(owner, Account) else None


class PasskeySignInForm(_PasskeyMixin, LoginWebAuthnForm):
    """Đăng nhập bằng khóa truy cập."""

    outcome = Outcome.REFUSED

    def attempt_of(self, account: Account | None) -> Attempt:
        """Counted as wrong passwords are: by account and place, and by address."""
        return Attempt.at_passkey(context.request, account)


class PasskeyForm(_PasskeyMixin):
    """Khóa truy cập làm lớp hai khi đăng nhập."""


class PasskeyAgainForm(_PasskeyMixin, ReauthenticateWebAuthnForm):
    """Khóa truy cập khi xác nhận lại."""


class AddPasskeyForm(AddWebAuthnForm):
    """Thêm khóa truy cập; always one that signs in by itself."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(self.fields["name"], gettext_lazy("Tên gọi của khóa"), longest=60)
        self.fields["passwordless"].label = gettext_lazy("Đăng nhập chỉ bằng khóa này, không cần mật khẩu")
        self.fields["passwordless"].help_text = ""

    def clean(self) -> dict[str, Any]:
        """The browser's answer can be read and is one to our question."""
        try:
            values: dict[str, Any] = super().clean()
        except _BROKEN:
            raise get_adapter().validation_error("incorrect_code") from None
        return values

    def clean_name(self) -> str:
        """One line of visible letters."""
        name = clean(super().clean_name())[:60]
        if not name:
            raise ValidationError(_("Hãy đặt tên cho khóa."))
        return name


class RenamePasskeyForm(EditWebAuthnForm):
    """Đổi tên khóa truy cập."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _plain(self.fields["name"], gettext_lazy("Tên gọi của khóa"), longest=60)
