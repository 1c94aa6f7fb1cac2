"""Lượt cấp phép: from the authorisation code to the end of everything that came of it.

Codes lie in the database, not in a cache of one process, and stay there when they are spent: who brings one again
ends what was issued for it. The same holds for refresh tokens (RFC 9700 §4.14).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from allauth.idp.oidc.models import Client, Token
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from haicap.access.models import Account, ApplicationConsent, Grant, SpentToken
from haicap.access.oidc import backchannel
from haicap.access.oidc.moments import real_now
from haicap.access.oidc.secrets import digest
from haicap.kernel import journal
from haicap.kernel.actor import SYSTEM, Actor

CODE_LASTS = timedelta(seconds=60)
#: ended grants and spent tokens are kept so long, that a late replay is still recognised
KEPT = timedelta(days=30)
MOST_SCOPES_LENGTH = 200
#: of the text that people agree to; a new text is agreed to anew
CONSENT_VERSION = "2026-1"


def longest() -> timedelta:
    """How long a sign-in lasts at most, however often it is refreshed: as long as a session."""
    return timedelta(seconds=settings.SESSION_COOKIE_AGE)


def open_grant(
    client: Client,
    account: Account,
    *,
    code: str,
    asked: dict[str, Any],
    sid: uuid.UUID,
    hat: str,
    issuer: str,
    signed_in_at: datetime,
) -> Grant:
    """Keep a code and what was asked for with it."""
    return Grant.objects.create(
        client=client,
        account=account,
        sid=sid,
        hat=hat,
        issuer=issuer,
        code_digest=digest(code),
        code=asked,
        signed_in_at=signed_in_at,
        made_at=real_now(),
    )


def find_code(client: Client, code: str) -> Grant | None:
    """The grant of a code of this client, locked; None when there is none that may be exchanged now.

    A code that was spent before ends its grant: one of the two who had it is a thief.
    """
    grant = (
        Grant.objects.select_for_update(of=("self",))
        .select_related("account__person")
        .filter(code_digest=digest(code), client=client)
        .first()
    )
    if grant is None or not grant.account.is_active:
        return None
    if grant.spent_at is not None:
        _replayed(grant, "access.replayed_code")
        return None
    if grant.ended_at is not None or grant.made_at + CODE_LASTS < real_now():
        return None
    return grant


def spend_code(client: Client, code: str) -> None:
    """Mark a code as exchanged."""
    Grant.objects.filter(code_digest=digest(code), client=client).update(spent_at=real_now())


def find_refresh_token(client: Client, value: str) -> tuple[Token, Grant] | None:
    """A refresh token of this client and its grant, locked, when both count; a spent one ends its grant."""
    hashed = digest(value)
    tokens = Token.objects.filter(client=client, type=Token.Type.REFRESH_TOKEN, hash=hashed)
    token = tokens.first()
    grant_id = grant_id_of(token) if token is not None else None
    if grant_id is None:
        spent = SpentToken.objects.filter(digest=hashed, grant__client=client).first()
        grant_id = spent.grant_id if spent else None
    if grant_id is None:
        return None
    grant = (
        Grant.objects.select_for_update(of=("self",))
        .select_related("account__person")
        .filter(pk=grant_id)
        .first()
    )
    if grant is None:
        return None
    # looked at again under the lock: of two who come at once with one token, the second is too late
    if token is None or not tokens.exists():
        if grant.ended_at is None:
            _replayed(grant, "access.replayed_refresh_token")
        return None
    if not grant.account.is_active or grant.ended_at is not None or not _lasts(grant, token):
        return None
    return token, grant


def spend_refresh_token(token: Token, grant: Grant) -> None:
    """Exchange a refresh token: it is gone, and known as spent."""
    SpentToken.objects.create(grant=grant, digest=token.hash, spent_at=real_now())
    token.delete()


def grant_id_of(token: Token) -> uuid.UUID | None:
    """The grant that a token came of."""
    named = token.data.get("grant") if isinstance(token.data, dict) else None
    return uuid.UUID(named) if named else None


def end_grants(grants: QuerySet[Grant], *, tell: bool = True) -> int:
    """End these grants with all their tokens; `tell` their applications, each once a session. How many ended."""
    with transaction.atomic():
        found = list(
            grants.filter(ended_at__isnull=True)
            .select_related("client__application")
            .order_by("pk")
            .select_for_update(of=("self",))
        )
        if not found:
            return 0
        Grant.objects.filter(pk__in=[grant.pk for grant in found]).update(ended_at=real_now())
        delete_tokens(found)
        if tell:
            backchannel.tell(found)
    return len(found)


def delete_tokens(grants: Iterable[Grant]) -> None:
    """Delete all tokens that came of these grants."""
    listed = list(grants)
    Token.objects.filter(
        user_id__in={grant.account_id for grant in listed},
        client_id__in={grant.client_id for grant in listed},
        data__grant__in=[str(grant.pk) for grant in listed],
    ).delete()


def end_session(sid: uuid.UUID) -> int:
    """A browser's session ended: so do all sign-ins made in it."""
    return end_grants(Grant.objects.filter(sid=sid))


def end_account(account: Account) -> int:
    """An account was locked: none of its sign-ins goes on anywhere."""
    return end_grants(Grant.objects.filter(account=account))


def consented(account: Account, client: Client, scopes: Iterable[str]) -> bool:
    """Whether the account has agreed that this application knows all of this."""
    consent = ApplicationConsent.objects.filter(
        account=account, client=client, withdrawn_at__isnull=True, version=CONSENT_VERSION
    ).first()
    return consent is not None and set(scopes) <= set(consent.scopes.split())


def keep_consent(actor: Actor, account: Account, client: Client, scopes: Iterable[str]) -> None:
    """Ghi sự đồng ý: the account agrees to these scopes; what it agreed to before is replaced."""
    wanted = " ".join(sorted(scopes))[:MOST_SCOPES_LENGTH]
    with journal.act(actor, "access.give_application_consent") as act:
        _withdraw(act, account, client)
        consent = ApplicationConsent.objects.create(
            account=account, client=client, scopes=wanted, version=CONSENT_VERSION
        )
        act.changed("access.application_consent", consent.pk, None, journal.values(consent))


def withdraw_consent(actor: Actor, account: Account, client: Client) -> bool:
    """Rút lại sự đồng ý: the application's tokens end, and it is told so; False when nothing stood."""
    with journal.act(actor, "access.withdraw_application_consent") as act:
        done = _withdraw(act, account, client)
        ended = end_grants(Grant.objects.filter(account=account, client=client))
        if not done:
            act.changed(
                "access.application_consent", None, None, {"client": client.pk, "sign_ins_ended": ended}
            )
    return done or ended > 0


def _withdraw(act: journal.Act, account: Account, client: Client) -> bool:
    standing = ApplicationConsent.objects.filter(account=account, client=client, withdrawn_at__isnull=True)
    consent = standing.select_for_update().first()
    if consent is None:
        return False
    before = journal.values(consent)
    consent.withdrawn_at = real_now()
    consent.save(update_fields=["withdrawn_at"])
    act.changed("access.application_consent", consent.pk, before, journal.values(consent))
    return True


def forget_old() -> int:
    """Delete expired tokens, and grants that ended long ago with what was spent of them; how many rows."""
    tokens, _by_model = Token.objects.filter(expires_at__lt=real_now()).delete()
    grants, _by_model = Grant.objects.filter(made_at__lt=real_now() - longest() - KEPT).delete()
    return int(tokens + grants)


def _lasts(grant: Grant, token: Token) -> bool:
    now = real_now()
    return grant.made_at + longest() > now and (token.expires_at is None or token.expires_at > now)


def _replayed(grant: Grant, action: str) -> None:
    """Somebody brought what was spent: end all that came of it, and write it down."""
    journal.note(
        SYSTEM,
        action,
        record="access.grant",
        record_id=grant.pk,
        after={"client": grant.client_id, "account": grant.account_id, "ended": grant.ended_at is None},
    )
    if end_grants(Grant.objects.filter(pk=grant.pk)) == 0:
        delete_tokens([grant])
