"""Accounts and signed-in browsers for tests, of whoever holds an appointment."""

from __future__ import annotations

import uuid

from django.test import Client

from haicap.access.accounts import make_account
from haicap.access.middleware import SESSION_KEY
from haicap.access.models import Account
from haicap.kernel.actor import SYSTEM
from haicap.registry.models import Appointment

PASSWORD = "Mat-khau-thu-2025"


def account_of(appointment_id: uuid.UUID) -> Account:
    """The account of who holds this appointment; made without a password where there is none."""
    person = Appointment.objects.select_related("person").get(pk=appointment_id).person
    found = Account.objects.filter(person=person).first()
    return found or make_account(SYSTEM, person)


def sign_in(client: Client, appointment_id: uuid.UUID) -> Account:
    """Let the client be signed in as the holder, in the hat of this appointment; without the sign-in pages."""
    account = account_of(appointment_id)
    client.force_login(account)
    session = client.session
    session[SESSION_KEY] = str(appointment_id)
    session.save()
    return account
