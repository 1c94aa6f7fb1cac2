"""Ứng dụng của tôi: where an account is signed in or has agreed to be known, and taking that back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.idp.oidc.models import Client
from django.db.models import Max
from django.utils.translation import gettext as _

from haicap.access.models import Account, ApplicationConsent, Grant
from haicap.access.oidc import grants
from haicap.access.oidc.errors import NoSuchConsent
from haicap.access.oidc.moments import real_now
from haicap.kernel.actor import Actor

MOST = 100


@dataclass(frozen=True, slots=True)
class Known:
    """An application that knows the account: since when, what of it, when it last signed in there."""

    client: Client
    scopes: tuple[str, ...]
    given_at: datetime | None
    last_at: datetime | None


def known_to(account: Account) -> list[Known]:
    """The applications that know this account now, by name; at most `MOST`. Two queries and one for the clients."""
    consents = {
        consent.client_id: consent
        for consent in ApplicationConsent.objects.filter(account=account, withdrawn_at__isnull=True)[:MOST]
    }
    alive = Grant.objects.filter(
        account=account,
        ended_at__isnull=True,
        spent_at__isnull=False,
        made_at__gt=real_now() - grants.longest(),
    )
    last: dict[str, Any] = dict(alive.values_list("client_id").annotate(Max("made_at"))[:MOST])
    clients = Client.objects.filter(pk__in={*consents, *last}, application__closed_at__isnull=True).order_by(
        "name"
    )
    return [_known(client, consents.get(client.pk), last.get(client.pk)) for client in clients[:MOST]]


def forget_me(actor: Actor, account: Account, client_id: str) -> None:
    """Rút lại sự đồng ý: an application is signed out and asks anew. Raises NoSuchConsent (ACC-306)."""
    client = Client.objects.filter(pk=client_id).first()
    if client is None or not grants.withdraw_consent(actor, account, client):
        raise NoSuchConsent(
            _("Bạn không còn chia sẻ gì với ứng dụng này."), todo=_("Mở lại danh sách ứng dụng của bạn.")
        )


def _known(client: Client, consent: ApplicationConsent | None, last_at: datetime | None) -> Known:
    scopes = tuple(consent.scopes.split()) if consent else tuple(client.get_scopes())
    return Known(client, scopes, consent.given_at if consent else None, last_at)
