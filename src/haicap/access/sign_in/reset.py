"""Quên mật khẩu: who forgot the password asks for a one-time link by mail, and learns nothing about anybody's account.

The page looks nobody up: it counts the request where it comes from and hands it to the worker, whatever was typed,
so that neither its answer nor its time tells whether there is such an account. The worker writes the letter. The link
is the house's own one-time link (used once, kept as a digest, by the one clock of the house); those of django-allauth
carry the account's id, live by the machine's time and would be a second kind beside it.

Nobody keeps the owner out by asking: earlier links live on, no session ends, and a further letter within `GAP` is
spared only while the one before still opens the door. The address in the letter is the deployment's own
(`HAICAP_BASE_URL`), never what a request calls its host.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from haicap.access.models import Account, AccountKind, KnownDevice, LinkPurpose, Outcome, SignInEvent
from haicap.access.sign_in import devices, log, mail, second_factor, service, throttle
from haicap.access.sign_in.address import client_address, device_label, place_of
from haicap.access.sign_in.attempts import account_named, wait_sentence
from haicap.kernel import clock, outbox
from haicap.kernel.actor import Actor
from haicap.kernel.formats import date_time
from haicap.kernel.ids import new_id
from haicap.kernel.text import clean

TOPIC = "access.answer_forgotten_password"
#: one letter in so much time for one account, wherever it is asked for; the link in it lives longer
GAP = timedelta(minutes=20)
#: requests without a wait: for one name from one place; from one place for any names
FREE_OF_NAME, FREE_OF_PLACE = 3, 20
#: who waited longer for an overloaded mail server has asked again or gone to the administrator
LATE = service.LIFE[LinkPurpose.MAIL]

#: what the sign-in log says became of a request (`SignInEvent.method`)
SENT, SPARED, NO_MAIL, LOCKED, NO_FACTOR = "mail", "mail+spared", "mail+none", "mail+locked", "mail+factor"
_ASKER = Actor(label="người báo quên mật khẩu (chưa xác minh)")


def is_possible() -> bool:
    """Whether this deployment sends letters, and knows its own address to write into them."""
    return mail.is_configured() and bool(settings.HAICAP_BASE_URL)


def ask(request: HttpRequest, name: str) -> str:
    """Báo quên mật khẩu: take the request; the sentence that says how long to wait where it cannot be taken now."""
    name = clean(name).strip().lower()[:254]
    place = _place(request)
    counters = [
        throttle.counter("reset", "name", name, place, free=FREE_OF_NAME),
        throttle.counter("reset", "place", place, free=FREE_OF_PLACE),
    ]
    if not throttle.take(counters):
        log.note(request, Outcome.THROTTLED, None, username=name, method=SENT)
        return wait_sentence(counters)
    payload = {
        "name": name,
        "at": clock.now().isoformat(),
        "ip": client_address(request),
        "user_agent": clean(request.headers.get("user-agent", ""))[:200],
    }
    with transaction.atomic():
        outbox.send(TOPIC, payload, f"{TOPIC}:{new_id()}")
    return ""


def _place(request: HttpRequest) -> str:
    """A browser that somebody signed in with before, else the client's network: one bad PC stops no office."""
    digest = devices.digest_of(request)
    if digest and KnownDevice.objects.filter(digest=digest).exists():
        return f"device:{digest}"
    return f"at:{place_of(client_address(request))}"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked, as the worker is told."""

    name: str
    at: datetime
    ip: str
    user_agent: str


@outbox.handler(TOPIC)
def answer(delivery: outbox.Delivery) -> None:
    """Write the log and, where there is such an account, the letter to its owner."""
    told = delivery.payload
    asked = _Asked(told["name"], datetime.fromisoformat(told["at"]), told["ip"], told["user_agent"])
    account = account_named(asked.name)
    if account is not None:  # one after the other: two at once would both find no letter before them
        account = Account.objects.select_for_update(of=("self",)).get(pk=account.pk)
    method = _answered(account, asked) if account is not None else ""
    SignInEvent.objects.create(
        account=account,
        username=(account.username if account is not None else asked.name)[:60],
        at=clock.now(),
        outcome=Outcome.ASKED,
        method=method,
        ip=asked.ip,
        user_agent=asked.user_agent,
    )


def _answered(account: Account, asked: _Asked) -> str:
    """Send what the owner is to know; which letter it was."""
    if account.kind != AccountKind.OFFICIAL or not account.email:
        return NO_MAIL
    if clock.now() - asked.at > LATE or _is_spared(account):
        return SPARED
    if not account.is_active:
        _send(account, _("Tài khoản %(name)s đang khóa, nên không đặt lại mật khẩu được."))
        return LOCKED
    if second_factor.is_needed_by(account) and not second_factor.factors_of(account):
        # else the mailbox alone would open an administrator's account, and enrol a factor of its choice
        _send(
            account,
            _(
                "Chức danh của bạn bắt buộc xác thực lớp hai, mà tài khoản %(name)s chưa bật lần nào, nên không đặt "
                "lại mật khẩu qua thư được."
            ),
        )
        return NO_FACTOR
    secret = service.issue_mail_link(_ASKER, account)
    address = settings.HAICAP_BASE_URL.rstrip("/") + service.link_path(secret)
    mail.deliver_letter(account, _subject(), _letter(account, asked, address))
    return SENT


def _is_spared(account: Account) -> bool:
    """Whether the owner had this letter a moment ago, and it still holds."""
    since = clock.now() - GAP
    last = (
        SignInEvent.objects.filter(
            account=account, outcome=Outcome.ASKED, method__in=(SENT, LOCKED, NO_FACTOR), at__gt=since
        )
        .order_by("-at", "-pk")
        .first()
    )
    if last is None or last.method != SENT:
        return last is not None
    living = account.links.filter(purpose=LinkPurpose.MAIL, used_at=None, expires_at__gt=clock.now())
    return bool(living.filter(made_at__gt=since).exists())


def _send(account: Account, sentence: str) -> None:
    ask_them = _("Hãy hỏi người quản trị của đơn vị.")
    mail.deliver_letter(account, _subject(), f"{sentence % {'name': account.username}}\n\n{ask_them}")


def _subject() -> str:
    return _("Đặt lại mật khẩu haicap")


def _letter(account: Account, asked: _Asked, address: str) -> str:
    return _(
        "Có người vừa báo quên mật khẩu của tài khoản %(name)s, lúc %(when)s, từ %(device)s, địa chỉ %(address)s.\n\n"
        "Mở liên kết này để tự đặt mật khẩu mới. Liên kết dùng một lần, trong 1 giờ:\n%(link)s\n\n"
        "Xác thực lớp hai vẫn được hỏi khi đăng nhập. Nếu không phải bạn: bỏ qua thư này, mật khẩu giữ nguyên."
    ) % {
        "name": account.username,
        "when": date_time(asked.at),
        "device": device_label(asked.user_agent),
        "address": asked.ip,
        "link": address,
    }
