"""Ứng dụng: registering the systems that sign in here, their secrets, and closing them.

Who may: access.manage_applications. A secret is shown once, when it is made; only its digest is kept.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from allauth.idp.oidc.models import Client
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from haicap.access.errors import AccessDenied
from haicap.access.models import Account, Application, Grant
from haicap.access.oidc import grants
from haicap.access.oidc.addresses import is_safe
from haicap.access.oidc.claims import SCOPES
from haicap.access.oidc.errors import ApplicationClosed, BadAddress, BadApplication, NoSuchApplication
from haicap.access.oidc.moments import real_now
from haicap.access.oidc.secrets import new_secret, stored
from haicap.kernel import journal
from haicap.kernel.actor import Actor
from haicap.kernel.text import clean

PERMISSION = "access.manage_applications"
MOST_ADDRESSES = 20
LONGEST_NAME, LONGEST_DESCRIPTION = 100, 300


@dataclass(frozen=True, slots=True)
class Description:
    """What an administrator says of an application. `public`: it cannot keep a secret (browser, telephone)."""

    name: str
    description: str = ""
    redirect_uris: Sequence[str] = ()
    logout_uris: Sequence[str] = ()
    backchannel_logout_uri: str = ""
    scopes: Sequence[str] = SCOPES
    public: bool = False
    own: bool = False
    without_pkce: bool = False
    for_citizens: bool = False


def applications(actor: Actor) -> QuerySet[Application]:
    """All applications, open ones first, with how many people are signed in there. Raises AccessDenied."""
    _permitted(actor)
    return (
        Application.objects.select_related("client")
        .annotate(
            signed_in=Count(
                "client__grants__account",
                distinct=True,
                filter=Q(
                    client__grants__ended_at__isnull=True,
                    client__grants__spent_at__isnull=False,
                    client__grants__made_at__gt=real_now() - grants.longest(),
                ),
            )
        )
        .order_by("-closed_at", "client__name")
    )


def application(actor: Actor, application_id: uuid.UUID) -> Application:
    """One application. Raises AccessDenied (ACC-403), NoSuchApplication (ACC-303)."""
    found = applications(actor).filter(pk=application_id).first()
    if found is None:
        raise NoSuchApplication(
            _("Không có ứng dụng này."), todo=_("Mở lại danh sách ứng dụng và chọn trong đó.")
        )
    return found


def register_application(actor: Actor, told: Description) -> tuple[Application, str]:
    """Đăng ký ứng dụng: the application and its secret, empty for a public one.

    Raises AccessDenied (ACC-403), BadAddress (ACC-301), BadApplication (ACC-302).
    """
    _permitted(actor)
    _check(told)
    secret = "" if told.public else new_secret()
    with journal.act(actor, "access.register_application") as act:
        client = Client(secret=stored(secret or new_secret()))
        _describe(client, told)
        client.save(force_insert=True)
        made_by = Account.objects.filter(pk=actor.account_id).first() if actor.account_id else None
        row = Application(client=client, made_by=made_by, **_own_fields(told))
        row.save(force_insert=True)
        act.changed("access.application", row.pk, None, told_of(row))
    return row, secret


def edit_application(actor: Actor, application_id: uuid.UUID, told: Description) -> Application:
    """Sửa ứng dụng: whether it keeps a secret stays as it was registered.

    Raises AccessDenied, NoSuchApplication, ApplicationClosed (ACC-304), BadAddress, BadApplication.
    """
    with journal.act(actor, "access.edit_application") as act:
        row = _open(actor, application_id)
        if told.public != (row.client.type == Client.Type.PUBLIC):
            raise BadApplication(
                _("Không đổi được loại của ứng dụng đã đăng ký."), todo=_("Đăng ký một ứng dụng mới.")
            )
        _check(told)
        before = told_of(row)
        _describe(row.client, told)
        row.client.save()
        for name, value in _own_fields(told).items():
            setattr(row, name, value)
        row.save()
        was, now = journal.difference(before, told_of(row))
        act.changed("access.application", row.pk, was, now)
    return row


def renew_secret(actor: Actor, application_id: uuid.UUID) -> str:
    """Cấp lại mã bí mật: the old one opens nothing from now on.

    Raises AccessDenied, NoSuchApplication, ApplicationClosed, BadApplication for one without secret.
    """
    with journal.act(actor, "access.renew_application_secret") as act:
        row = _open(actor, application_id)
        if row.client.type == Client.Type.PUBLIC:
            raise BadApplication(_("Ứng dụng này không dùng mã bí mật."), kept=_("Không có gì thay đổi."))
        secret = new_secret()
        row.client.secret = stored(secret)
        row.client.save(update_fields=["secret"])
        row.save()
        act.changed("access.application", row.pk, {}, {"secret_changed": True})
    return secret


def close_application(actor: Actor, application_id: uuid.UUID, reason: str) -> None:
    """Đóng ứng dụng: for good; who is signed in there is signed out. Raises as `edit_application`."""
    if not clean(reason):
        raise BadApplication(_("Phải nêu lý do đóng ứng dụng."), kept=_("Ứng dụng vẫn hoạt động."))
    with journal.act(actor, "access.close_application", reason=clean(reason)) as act:
        row = _open(actor, application_id)
        grants.end_grants(Grant.objects.filter(client=row.client), tell=False)
        row.closed_at = real_now()
        row.save(update_fields=["closed_at"])
        act.changed("access.application", row.pk, {"closed_at": None}, {"closed_at": row.closed_at})


def told_of(row: Application) -> dict[str, Any]:
    """An application as JSON-ready values, without its secret."""
    return {
        "id": str(row.pk),
        "client_id": row.client.pk,
        "name": row.client.name,
        "description": row.description,
        "public": row.client.type == Client.Type.PUBLIC,
        "redirect_uris": row.client.get_redirect_uris(),
        "logout_uris": row.client.get_post_logout_redirect_uris(),
        "backchannel_logout_uri": row.backchannel_logout_uri,
        "scopes": row.client.get_scopes(),
        "own": row.own,
        "without_pkce": row.without_pkce,
        "for_citizens": row.for_citizens,
        "closed_at": row.closed_at and row.closed_at.isoformat(),
    }


def _permitted(actor: Actor) -> None:
    if not actor.may(PERMISSION):
        raise AccessDenied(
            _("Chức danh đang dùng không quản lý được ứng dụng."),
            todo=_("Đổi sang chức danh quản trị tỉnh, hoặc nhờ quản trị tỉnh."),
        )


def _open(actor: Actor, application_id: uuid.UUID) -> Application:
    row = application(actor, application_id)
    if row.closed_at is not None:
        raise ApplicationClosed(
            _("Ứng dụng «%(name)s» đã đóng.") % {"name": row.client.name},
            kept=_("Không có gì thay đổi."),
            todo=_("Đăng ký một ứng dụng mới."),
        )
    return row


def _describe(client: Client, told: Description) -> None:
    client.name = clean(told.name)
    client.type = Client.Type.PUBLIC if told.public else Client.Type.CONFIDENTIAL
    client.set_grant_types(["authorization_code", "refresh_token"])
    client.set_response_types(["code"])
    client.set_scopes([scope for scope in SCOPES if scope in told.scopes])
    client.set_default_scopes(["openid"])
    client.set_redirect_uris(list(told.redirect_uris))
    client.set_post_logout_redirect_uris(list(told.logout_uris))
    client.allow_uri_wildcards = False
    client.skip_consent = told.own


def _own_fields(told: Description) -> dict[str, Any]:
    return {
        "description": clean(told.description),
        "backchannel_logout_uri": told.backchannel_logout_uri,
        "own": told.own,
        "without_pkce": told.without_pkce,
        "for_citizens": told.for_citizens,
    }


def _check(told: Description) -> None:
    """Raises BadAddress (ACC-301), BadApplication (ACC-302)."""
    if (
        not clean(told.name)
        or len(clean(told.name)) > LONGEST_NAME
        or len(clean(told.description)) > LONGEST_DESCRIPTION
    ):
        raise BadApplication(
            _("Tên ứng dụng trống hoặc quá dài, hoặc mô tả quá dài."), kept=_("Chưa lưu gì."), where="name"
        )
    if "openid" not in told.scopes or not set(told.scopes) <= set(SCOPES):
        raise BadApplication(_("Phạm vi phải có «openid» và chỉ gồm các phạm vi đã biết."), where="scopes")
    if told.public and told.without_pkce:
        raise BadApplication(
            _("Ứng dụng không giữ được mã bí mật thì phải dùng PKCE."),
            kept=_("Chưa lưu gì."),
            where="without_pkce",
        )
    if not told.redirect_uris:
        raise BadAddress(_("Cần ít nhất một địa chỉ nhận kết quả đăng nhập."), where="redirect_uris")
    for where, addresses in (
        ("redirect_uris", told.redirect_uris),
        ("logout_uris", told.logout_uris),
        ("backchannel_logout_uri", [told.backchannel_logout_uri] if told.backchannel_logout_uri else []),
    ):
        _check_addresses(where, addresses)


def _check_addresses(where: str, addresses: Sequence[str]) -> None:
    if len(addresses) > MOST_ADDRESSES:
        raise BadAddress(_("Tối đa %(most)s địa chỉ.") % {"most": MOST_ADDRESSES}, where=where)
    for address in addresses:
        if not is_safe(address):
            raise BadAddress(
                _("Địa chỉ «%(address)s» không dùng được.") % {"address": address[:200]},
                kept=_("Chưa lưu gì."),
                todo=_(
                    "Ghi địa chỉ đầy đủ bắt đầu bằng https:// (http:// chỉ cho máy này), không có dấu * hay #."
                ),
                where=where,
            )
