"""Nhật ký đăng nhập: writes `SignInEvent`."""

from __future__ import annotations

from django.http import HttpRequest

from haicap.access.models import Account, Outcome, SignInEvent
from haicap.access.sign_in.address import client_address
from haicap.kernel.text import clean


def note(
    request: HttpRequest | None,
    outcome: Outcome,
    account: Account | None,
    *,
    username: str = "",
    method: str = "",
) -> SignInEvent:
    """Write what happened at the door. `username` is what was typed where no account fits."""
    return SignInEvent.objects.create(
        account=account,
        username=(account.username if account is not None else clean(username))[:60],
        outcome=outcome,
        method=method[:20],
        ip=client_address(request) if request is not None else None,
        user_agent=clean(request.headers.get("user-agent", ""))[:200] if request is not None else "",
    )
