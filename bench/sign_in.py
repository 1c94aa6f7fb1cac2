"""Signing in: by password with and without its hash, and refreshing an application's tokens."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth.hashers import check_password, make_password
from django.test import Client as Browser
from django.test import override_settings

from bench.context import Context, paced, row

PASSWORD = "Mat-khau-do-2026"
BACK = "https://app.example.vn/callback"
#: keeps nothing secret: shows what is left of a sign-in without the hash
QUICK_HASH = "django.contrib.auth.hashers.MD5PasswordHasher"


def rows(context: Context) -> list[dict[str, Any]]:
    """Each in one process without a network: passwords by the backend alone, refreshing through all middleware."""
    with context.database("sign_in"):
        rounds, times = (3, 2) if context.quick else (20, 5)
        account = _account()
        encoded = make_password(PASSWORD)
        _set(account, encoded)
        hashed, whole = paced(
            lambda: check_password(PASSWORD, encoded), lambda: _password(account), rounds, times
        )
        with override_settings(PASSWORD_HASHERS=[QUICK_HASH]):
            _set(account, make_password(PASSWORD))
            bare, _same = paced(lambda: _password(account), lambda: None, rounds, times)
        _set(account, encoded)
        refresh = _refresher(account)
        refreshed, against = paced(refresh, lambda: _password(account), rounds, times)
    return [
        row(
            "sign-in: by password, hash and all", whole, "1/s",
            against=hashed, ratio=whole / hashed, goal="≥ 0.7 of the hash alone", holds=whole / hashed >= 0.7,
        ),
        row(
            "sign-in: by password, without its hash", bare, "1/s",
            against=whole, ratio=bare / whole, goal="the hash is what limits: ≥ 2 times", holds=bare / whole >= 2,
        ),
        row(
            "single sign-on: tokens refreshed", refreshed, "1/s",
            against=against, ratio=refreshed / against, goal="≥ 5 times the password rate",
            holds=refreshed / against >= 5,
        ),
    ]  # fmt: skip


def _account() -> Any:
    """An official without a post."""
    from haicap.access.models import Account
    from haicap.kernel import journal
    from haicap.kernel.actor import SYSTEM
    from haicap.registry.models import Person

    with journal.act(SYSTEM, "bench.person") as act:
        person = Person.objects.create(
            family_name="Nguyễn", given_name="An", full_name="Nguyễn An", fold="nguyen an", sort_key=b"a"
        )
        act.changed("registry.person", person.pk, None, {})
    account = Account(username="an.n", person=person)
    account.set_unusable_password()
    account.save()
    return account


def _set(account: Any, encoded: str) -> None:
    account.password = encoded
    account.save()


def _password(account: Any) -> None:
    """The check that the sign-in page makes: the account found, the password compared."""
    found = authenticate(None, username=account.username, password=PASSWORD)
    if found is None:
        raise RuntimeError("the password was not taken")


def _refresher(account: Any) -> Any:
    """A function that refreshes an application's tokens, each time with the token of the time before."""
    from allauth.idp.oidc.models import Token
    from django.conf import settings

    from haicap.access.oidc import service
    from haicap.access.oidc.grants import open_grant, spend_code
    from haicap.access.oidc.moments import real_now
    from haicap.access.oidc.secrets import digest, new_secret
    from haicap.kernel.actor import SYSTEM
    from haicap.kernel.ids import new_id

    settings.ALLOWED_HOSTS = ["*"]
    told = service.Description(name="Thư", redirect_uris=[BACK], own=True)
    application, secret = service.register_application(SYSTEM, told)
    grant = open_grant(
        application.client, account, code=new_secret(), asked={"scopes": []}, sid=new_id(), hat="",
        issuer="http://127.0.0.1", signed_in_at=real_now(),
    )  # fmt: skip
    spend_code(application.client, "")
    state = {"token": new_secret()}
    first = Token(
        type=Token.Type.REFRESH_TOKEN, hash=digest(state["token"]), client=application.client, user=account,
        data={"grant": str(grant.pk)},
    )  # fmt: skip
    first.set_scopes(["openid", "profile", "haicap"])
    first.save()
    browser = Browser(headers={"host": "127.0.0.1"})

    def refresh() -> None:
        answer = browser.post(
            "/identity/o/api/token",
            {
                "grant_type": "refresh_token",
                "refresh_token": state["token"],
                "client_id": application.client_id,
                "client_secret": secret,
            },
        )
        if answer.status_code != 200:
            raise RuntimeError(answer.content.decode()[:500])
        state["token"] = answer.json()["refresh_token"]

    return refresh
