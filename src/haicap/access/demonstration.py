"""Accounts of a demonstration: one for everybody with a post, made by sets; and one to sign in with for each title.

Nobody can sign in with those made by sets: their passwords are unusable. The sign-ins get random passwords that are
shown once, must be changed at the first sign-in, and are kept nowhere but as their hash.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.utils import decrypt
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.utils.translation import gettext as _

from haicap.access.accounts import base_username
from haicap.access.hats import Hat, hats_of, held
from haicap.access.models import Account, AccountKind
from haicap.access.service import is_demonstration
from haicap.access.titles import RULES
from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM
from haicap.kernel.contract import digest_of, permissions
from haicap.kernel.database.copy import copy_rows
from haicap.kernel.errors import BadInput, Conflict, NotAllowed, NotFound
from haicap.kernel.ids import new_id

_COLUMNS = (
    "id", "password", "username", "kind", "person_id", "email", "is_active", "must_change_password", "created_at",
)  # fmt: skip
#: letters that nobody mistakes for one another on a screen
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 4, 4


class NotADemonstration(Conflict):
    """ACC-601: this is for demonstration data only."""

    code = "ACC-601"


class NoAuthenticator(NotFound):
    """ACC-602: no account of this name has an authenticator."""

    code = "ACC-602"


class NotAKey(BadInput):
    """ACC-604: not the key of an authenticator."""

    code = "ACC-604"


class NotLoopback(NotAllowed):
    """ACC-605: other machines can reach this deployment: second factors are not given away there."""

    code = "ACC-605"


class TooManyAccounts(BadInput):
    """ACC-603: more people than a demonstration has."""

    code = "ACC-603"


#: a demonstration has the officials of one province; more than these are a mistake
MOST_ACCOUNTS = 200_000


@dataclass(frozen=True, slots=True)
class SignIn:
    """Tài khoản trình diễn: one title of the matrix and who signs in with it; `password` only when just made."""

    title: str
    person: str
    agency: str
    username: str
    password: str
    second_factor: bool


def require_demonstration() -> None:
    """Raises NotADemonstration (ACC-601) on real data."""
    if not is_demonstration():
        raise NotADemonstration(
            _("Việc này chỉ dành cho dữ liệu trình diễn."),
            kept=_("Không có gì thay đổi."),
            todo=_(
                "Với dữ liệu thật: người quản trị cấp tài khoản; quản trị đầu tiên lập bằng «haicap first-admin»."
            ),
        )


def note_address(host: str) -> None:
    """Keep where this deployment's web server listens; `haicap serve` and `haicap up` say it before they listen."""
    _noted().parent.mkdir(parents=True, exist_ok=True)
    _noted().write_text(host + "\n", encoding="utf-8")


def require_loopback() -> None:
    """Raises NotLoopback (ACC-605) unless only this machine can reach the deployment.

    Whatever speaks for another machine refuses: the address where our web server listens, or last listened; a host
    that pages answer to; the deployment's own address; a proxy in front. A server that was started by other means is
    told by the last three. What is not sure is refused.
    """
    hosts = [*settings.ALLOWED_HOSTS, _host_of(settings.HAICAP_BASE_URL), _noted_host()]
    outside = [host for host in hosts if host and not _is_loopback(host)]
    outside += [f"HAICAP_PROXIES={net}" for net in settings.HAICAP_PROXIES]
    if outside:
        raise NotLoopback(
            _("Hệ thống trình diễn này mở cho máy khác: %(hosts)s.") % {"hosts": ", ".join(outside[:5])},
            kept=_("Không có mã nào được đưa ra."),
            todo=_(
                "Mở lại bằng «haicap serve --host 127.0.0.1», hoặc dùng ứng dụng xác thực trên điện thoại."
            ),
        )


def _noted() -> Path:
    return Path(settings.DATA_FOLDER) / "listening"


def _noted_host() -> str:
    try:
        return _noted().read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""


def _host_of(address: str) -> str:
    return urlsplit(address).hostname or address


def _is_loopback(host: str) -> bool:
    """Whether a name or an address means this machine alone; other names are not looked up."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def make_accounts() -> int:
    """An account that nobody can sign in with, for everybody with a post today and none yet; how many.

    Raises NotADemonstration (ACC-601).
    """
    require_demonstration()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT person.id, person.family_name, person.middle_name, person.given_name, lower(person.email)
            FROM registry_person person
            WHERE NOT EXISTS (SELECT FROM access_account WHERE person_id = person.id)
              AND EXISTS (
                SELECT FROM registry_appointment ap
                WHERE ap.person_id = person.id AND upper_inf(ap.recorded) AND ap.valid @> %(today)s::date)
            ORDER BY person.id LIMIT %(limit)s
            """,
            {"today": clock.today(), "limit": MOST_ACCOUNTS + 1},
        )
        people = cursor.fetchall()
    if len(people) > MOST_ACCOUNTS:
        raise TooManyAccounts(
            _("Quá nhiều người cho một lần trình diễn."), kept=_("Không có tài khoản nào được lập.")
        )
    if not people:
        return 0
    names = _usernames(base_username(given, family, middle) for _id, family, middle, given, _email in people)
    emails = set(Account.objects.exclude(email="").values_list("email", flat=True))
    now = clock.now()
    rows = []
    for (person, _family, _middle, _given, email), name in zip(people, names, strict=True):
        given_email = "" if email in emails else email
        emails.add(email)
        kind = AccountKind.OFFICIAL.value
        rows.append((new_id(), make_password(None), name, kind, person, given_email, True, False, now))
    with journal.act(SYSTEM, "access.make_demonstration_accounts") as act:
        copy_rows("access_account", _COLUMNS, rows)
        act.changed("access.account", None, None, {"all": digest_of("SELECT id FROM access_account")})
    return len(rows)


def _usernames(bases: Iterable[str]) -> list[str]:
    """A free user name for each base: all that are taken are read once, for there are thousands of bases."""
    taken = set(Account.objects.values_list("username", flat=True))
    last: dict[str, int] = {}
    found = []
    for base in bases:
        number, name = last.get(base, 1), base
        while name in taken:
            number += 1
            name = f"{base}{number}"
        last[base] = number
        taken.add(name)
        found.append(name)
    return found


# One holder of a post for each row of the matrix: the same one each time, those of the smallest unit code first.
_HOLDER = """
    title.code = %(title)s AND (%(level)s = '*' OR level.level = %(level)s)
    AND (%(kind)s = '*' OR agency.kind = %(kind)s)
"""
_FIRST = " ORDER BY level.level = 'province', unit.code, agency.id, post.number, appointment.id LIMIT 8"


def chosen_hats() -> list[Hat]:
    """For every row of the matrix that people choose from (`Rule.hat`) somebody who wears that hat today, and no other
    where such a one is among the first; the same people each time. A row that nobody fits is missing.
    """
    found: list[Hat] = []
    for rule in (rule for rule in RULES if rule.hat):
        params = {"title": rule.title, "level": rule.level, "kind": rule.kind}
        taken = {hat.person_id for hat in found}
        fitting = [
            hat for hat in held(_HOLDER, params, _FIRST) if hat.rule == rule and hat.person_id not in taken
        ]
        simple = (hat for hat in fitting if len(hats_of(hat.person_id)) == 1)
        found.extend([next(simple, fitting[0])] if fitting else [])
    return found


def sign_ins(*, renew: bool = False) -> list[SignIn]:
    """The sign-ins of a demonstration, one for each title of the matrix. A password is made, and told, where there is
    none yet or `renew` is asked for; else it is empty: nobody knows it but who set it. Raises ACC-601.
    """
    require_demonstration()
    hats = chosen_hats()
    accounts = {
        account.person_id: account
        for account in Account.objects.select_related("person").filter(
            person_id__in=[hat.person_id for hat in hats]
        )
    }
    found = []
    with journal.act(SYSTEM, "access.make_demonstration_sign_ins") as act:
        for hat in hats:
            account = accounts.get(hat.person_id)
            if account is None:
                continue
            password = ""
            if renew or not account.has_usable_password():
                password = new_password()
                account.set_password(password)
                account.must_change_password = True
                account.save()
            found.append(
                SignIn(
                    hat.rule.hat,
                    hat.person,
                    hat.agency,
                    account.username,
                    password,
                    _is_delicate(hats_of(hat.person_id)),
                )
            )
        act.changed("access.account", None, None, {"sign_ins": len(found), "renewed": renew})
    return found


def new_password() -> str:
    """Four groups of four letters that are easy to copy by hand: 80 bits."""
    groups = ("".join(secrets.choice(_LETTERS) for _letter in range(_GROUP)) for _one in range(_GROUPS))
    return "-".join(groups)


def _is_delicate(hats: Iterable[Hat]) -> bool:
    """Whether who wears these hats must have a second factor."""
    delicate = {code for code, permission in permissions().items() if permission.delicate}
    return any(hat.rule.permissions & delicate for hat in hats)


def present_code(username: str) -> str:
    """The six digits that the account's authenticator shows now, for demonstrations without a telephone at hand.

    Raises NotADemonstration (ACC-601), NoAuthenticator (ACC-602), NotLoopback (ACC-605).
    """
    require_demonstration()
    require_loopback()
    found = Authenticator.objects.filter(
        user__username=username.strip().lower(), type=Authenticator.Type.TOTP
    ).first()
    if found is None:
        raise NoAuthenticator(
            _("Tài khoản «%(name)s» chưa có ứng dụng xác thực.") % {"name": username},
            kept=_("Không có gì thay đổi."),
            todo=_("Đăng nhập trước; trang đăng ký xác thực lớp hai sẽ hiện ra, có mã chữ để gõ."),
        )
    return code_of_key(decrypt(found.data["secret"]))


def code_of_key(key: str) -> str:
    """The six digits of a TOTP key (RFC 6238, base 32) at this moment. Raises ACC-601, NotAKey (ACC-604), ACC-605."""
    require_demonstration()
    require_loopback()
    counters = list(totp.yield_hotp_counters_from_time())
    try:
        value = totp.hotp_value(key.replace(" ", "").upper(), counters[len(counters) // 2])
    except ValueError as error:
        raise NotAKey(
            _("Đây không phải là mã chữ của ứng dụng xác thực."),
            kept=_("Không có gì thay đổi."),
            todo=_("Chép đúng mã chữ hiện dưới mã QR, 32 chữ cái và chữ số."),
        ) from error
    return str(totp.format_hotp_value(value))
