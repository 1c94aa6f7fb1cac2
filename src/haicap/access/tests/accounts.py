"""Accounts and signed-in browsers for tests, of whoever holds an appointment."""

from __future__ import annotations

import uuid

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.mfa.utils import decrypt
from django.test import Client

from haicap.access.accounts import make_account
from haicap.access.middleware import SESSION_KEY
from haicap.access.models import Account
from haicap.access.sign_in import second_factor
from haicap.kernel.actor import SYSTEM
from haicap.registry.models import Appointment

PASSWORD = "Mat-khau-thu-2025"


def account_of(appointment_id: uuid.UUID) -> Account:
    """The account of who holds this appointment; made without a password where there is none."""
    person = Appointment.objects.select_related("person").get(pk=appointment_id).person
    found = Account.objects.filter(person=person).first()
    return found or make_account(SYSTEM, person)


def sign_in(client: Client, appointment_id: uuid.UUID) -> Account:
    """Let the client be signed in as the holder, in the hat of this appointment; without the sign-in pages.

    Who must have a second factor gets one, proved in this session: else the gate would let nothing through.
    """
    account = account_of(appointment_id)
    client.force_login(account)
    session = client.session
    session[SESSION_KEY] = str(appointment_id)
    if second_factor.is_needed_by(account):
        enrol_totp(account)
        session[second_factor.PROVED_KEY] = str(account.pk)
    session.save()
    return account


def enrol_totp(account: Account) -> Authenticator:
    """The account's TOTP authenticator; made where there is none."""
    found = Authenticator.objects.filter(user=account, type=Authenticator.Type.TOTP).first()
    return found or TOTP.activate(account, generate_totp_secret()).instance


def totp_code(secret: str, step: int = 0) -> str:
    """The code that an authenticator app shows now, or `step` periods (-1, 0, 1) from now."""
    return format_hotp_value(hotp_value(secret, list(yield_hotp_counters_from_time())[1 + step]))


def totp_secret(account: Account) -> str:
    """What the owner's app keeps."""
    return decrypt(enrol_totp(account).data["secret"])


def give_password(account: Account, password: str = PASSWORD) -> Account:
    """Let the account have a password that its owner set."""
    account.set_password(password)
    account.save()
    return account
