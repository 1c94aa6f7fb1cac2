"""What follows from signing in, out, and from changes of the proofs: the log, known devices, sessions."""

from __future__ import annotations

from typing import Any

from allauth.account import signals as account_signals
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa import signals as mfa_signals
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.db.models.signals import post_save, pre_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext as _

from haicap.access.models import Account, Outcome
from haicap.access.sign_in import devices, log, mail, second_factor, sessions
from haicap.access.sign_in.address import client_address, device_label
from haicap.kernel import clock
from haicap.kernel.formats import date_time

_NAME = "haicap.access.sign_in"


@receiver(account_signals.user_logged_in, dispatch_uid=f"{_NAME}.in")
def signed_in(request: HttpRequest, user: Account, response: Any = None, **_rest: Any) -> None:
    """Write the log, start the idle clock, and warn of a browser that the account has not met."""
    sessions.begin(request)
    log.note(request, Outcome.SIGNED_IN, user, method=_method(request, user))
    if response is not None and devices.remember(request, response, user):
        event = log.note(request, Outcome.NEW_DEVICE, user)
        device, address = device_label(request.headers.get("user-agent", "")), client_address(request)
        sentence = _(
            "Tài khoản của bạn vừa đăng nhập từ thiết bị lạ: %(device)s, địa chỉ %(address)s, lúc %(when)s. "
            "Nếu không phải bạn: đổi mật khẩu và đăng xuất mọi phiên."
        ) % {"device": device, "address": address, "when": date_time(clock.now())}
        sessions.tell_others(user, request.session.session_key, sentence)
        mail.send_letter(user, event.pk, _("Đăng nhập từ thiết bị lạ"), sentence)


@receiver(user_logged_out, dispatch_uid=f"{_NAME}.out")
def signed_out(request: HttpRequest, user: Account | None, **_rest: Any) -> None:
    """Write the log."""
    if isinstance(user, Account):
        log.note(request, Outcome.SIGNED_OUT, user, method=getattr(request, "left_by", ""))


@receiver(account_signals.password_changed, dispatch_uid=f"{_NAME}.password")
@receiver(account_signals.password_set, dispatch_uid=f"{_NAME}.password_set")
def password_changed(request: HttpRequest, user: Account, **_rest: Any) -> None:
    """A new password ends every other session: at once, not at its next page."""
    log.note(request, Outcome.PASSWORD, user)
    sessions.end_sessions(user, besides=request.session.session_key, request=request)
    sessions.begin(request)


@receiver(mfa_signals.authenticator_added, dispatch_uid=f"{_NAME}.factor_added")
@receiver(mfa_signals.authenticator_used, dispatch_uid=f"{_NAME}.factor_used")
def factor_proved(request: HttpRequest, user: Account, authenticator: Authenticator, **rest: Any) -> None:
    """This session has proved a second factor (recovery codes prove it when used, not when made)."""
    was_used = "passwordless" in rest
    if was_used or authenticator.type in second_factor.FACTORS:
        request.session[second_factor.PROVED_KEY] = str(user.pk)


@receiver(mfa_signals.authentication_failed, dispatch_uid=f"{_NAME}.factor_wrong")
def factor_wrong(request: HttpRequest, user: Account, **_rest: Any) -> None:
    """Write the log."""
    log.note(request, Outcome.SECOND_FACTOR, user)


@receiver(post_save, sender=Account, dispatch_uid=f"{_NAME}.locked")
def account_saved(instance: Account, created: bool, **_rest: Any) -> None:
    """A locked account is signed out everywhere, when the lock is committed."""
    if not created and not instance.is_active:
        transaction.on_commit(lambda: sessions.end_sessions(instance))


@receiver(pre_save, sender=UserSession, dispatch_uid=f"{_NAME}.session")
def session_saved(instance: UserSession, **_rest: Any) -> None:
    """The library writes the machine's time; the house has one clock."""
    instance.last_seen_at = clock.now()
    if instance._state.adding:
        instance.created_at = instance.last_seen_at


@receiver(pre_save, sender=Authenticator, dispatch_uid=f"{_NAME}.factor")
def factor_saved(instance: Authenticator, update_fields: Any = None, **_rest: Any) -> None:
    """As with sessions: when a factor was added and used is shown to its owner by the house's clock."""
    if instance._state.adding:
        instance.created_at = clock.now()
    elif update_fields is not None and "last_used_at" in update_fields:
        instance.last_used_at = clock.now()


def _method(request: HttpRequest, account: Account) -> str:
    """ "password+totp": what this sign-in was proved by."""
    names = []
    for record in get_authentication_records(request, account):
        name = str(record.get("type") if record.get("method") == "mfa" else record.get("method"))
        if name not in names:
            names.append(name)
    return "+".join(names)
