"""The door's face to others: one-time links, printed slips, ending sessions.

Callers check first that the actor may; every deed is journalled under the actor.
"""

from __future__ import annotations

import hashlib
import io
import secrets
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import segno
from allauth.mfa.models import Authenticator
from django.contrib.auth import password_validation
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from haicap.access.hats import held
from haicap.access.models import Account, LinkPurpose, OneTimeLink, Outcome, SignInEvent
from haicap.access.sign_in import log, mail
from haicap.access.sign_in.address import device_label
from haicap.access.sign_in.attempts import Attempt
from haicap.access.sign_in.errors import AccountLocked, LinkExpired, LinkUnknown, LinkUsed
from haicap.access.sign_in.sessions import end_sessions
from haicap.kernel import clock, journal, paper
from haicap.kernel.actor import Actor
from haicap.kernel.formats import date_time

__all__ = [
    "LIFE",
    "Slip",
    "end_sessions",
    "issue_link",
    "issue_links",
    "issue_mail_link",
    "link_path",
    "open_link",
    "remove_second_factors",
    "slip_of",
    "slip_pdf",
    "slips_of",
    "use_link",
]

#: how long a link may wait for its owner
LIFE = {
    LinkPurpose.FIRST: timedelta(hours=72),
    LinkPurpose.RESET: timedelta(hours=2),
    LinkPurpose.MAIL: timedelta(hours=1),
}
TEMPLATE = Path(__file__).parent / "papers" / "slip.typ"
#: what the sign-in log says of a link that was used
_METHOD = {LinkPurpose.FIRST: "link", LinkPurpose.RESET: "link", LinkPurpose.MAIL: "mail"}
#: so many slips one paper holds; a province's 3,000 come in several
MOST_SLIPS = 4000


@dataclass(frozen=True, slots=True)
class Slip:
    """Phiếu cấp tài khoản: what is printed for one owner; `address` is the whole link."""

    name: str
    agency: str
    username: str
    address: str
    expires: str


def digest_of(secret: str) -> str:
    """What is kept of a link's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def link_path(secret: str) -> str:
    """The address of a link on this site."""
    return reverse("use-link", args=[secret])


def issue_link(actor: Actor, account: Account, purpose: LinkPurpose) -> str:
    """Cấp liên kết một lần: its secret, told only here. Earlier unused links of the account end.

    Raises AccountLocked (ACC-104).
    """
    return issue_links(actor, [account], purpose)[0]


def issue_links(actor: Actor, accounts: Sequence[Account], purpose: LinkPurpose) -> list[str]:
    """Links of many accounts in few statements, in their order. Raises AccountLocked (ACC-104), then none."""
    for account in accounts:
        if not account.is_active:
            raise _locked(account)
    with journal.act(actor, "access.issue_link") as act:
        # the rows are locked in one order, so that two who issue at once leave one living link
        ids = sorted(account.pk for account in accounts)
        list(Account.objects.filter(pk__in=ids).order_by("pk").select_for_update().values_list("pk"))
        _living_of(ids).update(expires_at=clock.now())
        return _write_links(actor, act, accounts, purpose)


def issue_mail_link(actor: Actor, account: Account) -> str:
    """Liên kết gửi qua thư cho người báo quên mật khẩu: its secret, told only here.

    Earlier links live on: a stranger who asks must not end what the owner holds in hand.
    Raises AccountLocked (ACC-104).
    """
    if not account.is_active:
        raise _locked(account)
    with journal.act(actor, "access.issue_mail_link") as act:
        return _write_links(actor, act, [account], LinkPurpose.MAIL)[0]


def _living_of(account_ids: Iterable[uuid.UUID]) -> QuerySet[OneTimeLink]:
    """The links of these accounts that could be used now."""
    return OneTimeLink.objects.filter(account__in=list(account_ids), used_at=None, expires_at__gt=clock.now())


def _write_links(
    actor: Actor, act: journal.Act, accounts: Sequence[Account], purpose: LinkPurpose
) -> list[str]:
    now = clock.now()
    given = [secrets.token_urlsafe(32) for _account in accounts]
    links = OneTimeLink.objects.bulk_create(
        [
            OneTimeLink(
                account=account,
                purpose=purpose,
                digest=digest_of(secret),
                made_by_id=actor.account_id,
                made_at=now,
                expires_at=now + LIFE[LinkPurpose(purpose)],
            )
            for account, secret in zip(accounts, given, strict=True)
        ],
        batch_size=1000,
    )
    for link in links:
        act.changed(
            "access.link",
            link.pk,
            None,
            {"account": link.account_id, "purpose": link.purpose, "expires_at": link.expires_at},
        )
    return given


def open_link(secret: str) -> OneTimeLink:
    """The living link of a secret; looking at it uses nothing up.

    Raises LinkUnknown (ACC-101), LinkUsed (ACC-102), LinkExpired (ACC-103), AccountLocked (ACC-104).
    """
    return _living(secret, lock=False)


@transaction.atomic
def use_link(secret: str, password: str, request: HttpRequest | None = None) -> Account:
    """Đặt mật khẩu bằng liên kết: the owner sets the password; all sessions and other links of the account end.

    Once. A second factor stays as it is and is asked for at the next sign-in. The owner is told by mail, except of
    the first password.

    Raises what `open_link` raises, and ValidationError for a password that is too weak.
    """
    link = _living(secret, lock=True)
    account = Account.objects.select_for_update(of=("self",)).select_related("person").get(pk=link.account_id)
    password_validation.validate_password(password, account)
    link.used_at = clock.now()
    link.save(update_fields=["used_at"])
    account.set_password(password)
    account.must_change_password = False
    with journal.act(account.as_actor(), "access.use_link"):
        account.save()
        _living_of([account.pk]).update(expires_at=clock.now())
    end_sessions(account, request=request)
    event = log.note(request, Outcome.PASSWORD, account, method=_METHOD[LinkPurpose(link.purpose)])
    if request is not None:  # who failed too often here may come in now
        Attempt.at_password(request, account.username).forget()
    if link.purpose != LinkPurpose.FIRST:
        _tell_owner(account, event)
    return account


def _tell_owner(account: Account, event: SignInEvent) -> None:
    sentence = _(
        "Mật khẩu của tài khoản %(name)s vừa được đặt lại bằng liên kết một lần, lúc %(when)s, từ %(device)s, địa chỉ "
        "%(address)s. Mọi phiên đã bị đăng xuất; xác thực lớp hai giữ nguyên. Nếu không phải bạn: báo ngay cho người "
        "quản trị của đơn vị."
    ) % {
        "name": account.username,
        "when": date_time(event.at),
        "device": device_label(event.user_agent),
        "address": event.ip or "—",
    }
    mail.send_letter(account, event.pk, _("Mật khẩu vừa được đặt lại"), sentence)


def remove_second_factors(actor: Actor, account: Account) -> int:
    """Gỡ xác thực lớp hai của người mất thiết bị: all factors and codes go, all sessions end; how many went."""
    with journal.act(actor, "access.remove_second_factors") as act:
        found = list(Authenticator.objects.select_for_update().filter(user=account))
        Authenticator.objects.filter(pk__in=[one.pk for one in found]).delete()
        act.changed("access.account", account.pk, {"second_factors": [str(one.type) for one in found]}, {})
        end_sessions(account)
    return len(found)


def _living(secret: str, *, lock: bool) -> OneTimeLink:
    links = OneTimeLink.objects.select_related("account", "account__person")
    if lock:
        links = links.select_for_update(of=("self",))
    link = links.filter(digest=digest_of(secret)).first()
    kept = _("Mật khẩu và tài khoản giữ nguyên.")
    todo = _("Hỏi người quản trị của đơn vị để được cấp liên kết mới.")
    if link is None:
        raise LinkUnknown(_("Liên kết này không đúng."), kept=kept, todo=todo)
    if link.used_at is not None:
        raise LinkUsed(
            _("Liên kết này đã dùng lúc %(when)s.") % {"when": date_time(link.used_at)},
            kept=kept,
            todo=_(
                "Đăng nhập bằng mật khẩu đã đặt. Nếu không phải bạn đã dùng, báo ngay cho người quản trị."
            ),
        )
    if link.expires_at <= clock.now():
        if link.purpose == LinkPurpose.MAIL:
            todo = _("Báo quên mật khẩu lần nữa ở trang đăng nhập, hoặc hỏi người quản trị của đơn vị.")
        raise LinkExpired(_("Liên kết này đã hết hạn hoặc đã có liên kết mới hơn."), kept=kept, todo=todo)
    if not link.account.is_active:
        raise _locked(link.account)
    return link


def _locked(account: Account) -> AccountLocked:
    return AccountLocked(
        _("Tài khoản %(name)s đang khóa.") % {"name": account.username},
        kept=_("Không liên kết nào được cấp hay dùng."),
        todo=_("Mở khóa tài khoản trước."),
    )


# --- on paper


def slip_of(account: Account, secret: str, site: str) -> Slip:
    """The slip of one account; `site` is "https://host"."""
    return slips_of([(account, secret)], site)[0]


def slips_of(given: Sequence[tuple[Account, str]], site: str) -> list[Slip]:
    """Slips of accounts with their links' secrets, in their order; agencies and days in two queries."""
    people = [account.person_id for account, _secret in given if account.person_id is not None]
    agencies: dict[object, str] = {}
    for hat in held("appointment.person_id = ANY(%(people)s)", {"people": people}, " ORDER BY 7, 1"):
        agencies.setdefault(hat.person_id, hat.name)
    ends = dict(
        OneTimeLink.objects.filter(digest__in=[digest_of(secret) for _account, secret in given]).values_list(
            "digest", "expires_at"
        )
    )
    return [
        Slip(
            account.get_full_name(),
            agencies.get(account.person_id, ""),
            account.username,
            site.rstrip("/") + link_path(secret),
            date_time(ends[digest_of(secret)]) if digest_of(secret) in ends else "",
        )
        for account, secret in given
    ]


def slip_pdf(slips: Iterable[Slip]) -> bytes:
    """Phiếu cấp tài khoản as PDF: four to an A4 page, to be cut apart. Raises PaperFailed (KRN-120).

    Official papers are in Vietnamese whatever the reader's language: nothing here is translated.
    """
    return paper.pdf(TEMPLATE, slip_values(slips))


def slip_values(slips: Iterable[Slip]) -> dict[str, Any]:
    """What the template shows, JSON-ready."""
    rows = [
        {
            "name": slip.name,
            "agency": slip.agency,
            "username": slip.username,
            "address": slip.address,
            "expires": slip.expires,
            "qr": _qr(slip.address),
        }
        for _number, slip in zip(range(MOST_SLIPS), slips, strict=False)
    ]
    return {"slips": rows}


def _qr(text: str) -> str:
    buffer = io.BytesIO()
    segno.make(text, error="m").save(buffer, kind="svg", border=1, xmldecl=False)
    return buffer.getvalue().decode()
