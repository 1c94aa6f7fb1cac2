"""Diễn tập đăng nhập: in and out again as each title at a commune, through the real pages.

Everything happens in one transaction that is rolled back: drill people at extra chairs beside the real ones, their
accounts, sessions, devices, counters of failed attempts. What remains is written afterwards: the journal's entry, and
in the sign-in log one line a title, without an account, marked "drill". Nothing is committed in between, so no mail or
message leaves the house. The requests go through the whole stack of middleware inside this process; hold drills from
the command line or a worker, not within a web request.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from allauth.mfa.totp.internal import auth as totp
from django.conf import settings
from django.db import transaction
from django.http.request import validate_host
from django.test import Client
from django.urls import reverse
from django.utils.translation import gettext as _
from psycopg.types.range import Range

from haicap.access.accounts import make_account
from haicap.access.demonstration import new_password
from haicap.access.errors import AccessDenied
from haicap.access.hats import Hat, held
from haicap.access.models import Account, Outcome, SignInEvent
from haicap.access.readiness import DRILL
from haicap.access.requests import acting
from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.contract import Drill, DrillResult, DrillStep, permissions
from haicap.kernel.errors import NotFound
from haicap.kernel.text import fold, person_sort_key
from haicap.registry.models import Agency, Appointment, Person, Post

PERMISSION = "access.manage_accounts"
LOOPBACK = "127.0.0.1"
#: chairs of a drill are numbered from here: nobody has as many of one title
FIRST_CHAIR = 30_000
#: an agency's unit has a dozen titles
MOST_TITLES = 60

_ONE_A_TITLE = "agency.unit_id = %(unit)s"
_IN_ORDER = " ORDER BY title.rank, title.code, agency.id, post.number LIMIT 500"


class NothingToDrill(NotFound):
    """ACC-621: no such agency, or nobody holds a post at its unit."""

    code = "ACC-621"


class _TakeBackError(Exception):
    """Ends the drill's transaction: everything in it is undone."""


@dataclass(slots=True)
class _Role:
    """One title of the unit and the drill account that plays it."""

    hat: Hat
    account: Account
    password: str
    secret: str = ""


class SignInDrill(Drill):
    """Đăng nhập bằng từng chức danh của một xã rồi đăng xuất."""

    system: ClassVar[str] = "access"
    name: ClassVar[str] = "sign_in_by_title"
    label: ClassVar[str] = "Đăng nhập bằng từng chức danh rồi đăng xuất"

    def run(self, actor: Actor, agency_id: uuid.UUID) -> DrillResult:
        """One step a title that is held at the unit of this agency. Raises AccessDenied (ACC-403), NothingToDrill."""
        _require(actor, agency_id)
        hats = _titles(agency_id)
        before = _traces()
        steps: list[DrillStep] = []
        try:
            with transaction.atomic():
                for hat in hats:
                    steps.append(_timed(hat.name, partial(_once, actor, hat)))
                raise _TakeBackError
        except _TakeBackError:
            pass
        cleaned = _traces() == before
        result = DrillResult(self.system, self.name, agency_id, tuple(steps), cleaned)
        _remember(actor, hats, result)
        return result


def _require(actor: Actor, agency_id: uuid.UUID) -> None:
    may = actor.is_system or (actor.may(PERMISSION) and (actor.sees_all or agency_id in actor.agency_ids))
    if not may:
        raise AccessDenied(
            _("Chức danh đang dùng không được tổ chức diễn tập đăng nhập ở cơ quan này."),
            kept=_("Không có gì thay đổi."),
            todo=_("Nhờ quản trị của xã hoặc của tỉnh."),
        )


def _titles(agency_id: uuid.UUID) -> list[Hat]:
    """The first holder of each title (by its row of the matrix) at the unit of this agency, today."""
    unit = Agency.objects.filter(pk=agency_id).values_list("unit_id", flat=True).first()
    found: dict[tuple[str, str], Hat] = {}
    if unit is not None:
        for hat in held(_ONE_A_TITLE, {"unit": unit}, _IN_ORDER):
            found.setdefault((hat.title, hat.kind), hat)
    if not found:
        raise NothingToDrill(
            _("Không có ai giữ chức danh nào ở đơn vị của cơ quan này."),
            kept=_("Không có gì thay đổi."),
            todo=_("Bổ nhiệm và cấp tài khoản trước, rồi diễn tập."),
        )
    return list(found.values())[:MOST_TITLES]


def _play(actor: Actor, hat: Hat) -> _Role:
    """A drill person at an extra chair of this title, with an account, and a second factor where the title asks."""
    name = f"Diễn Tập {hat.title_name}"
    desk = Post.objects.values_list("desk_id", flat=True).get(pk=hat.post_id)
    with journal.act(actor, "access.drill_sign_in") as act:
        person = Person.objects.create(
            family_name="Diễn",
            middle_name="Tập",
            given_name=hat.title_name[:50],
            full_name=name,
            fold=fold(name),
            sort_key=person_sort_key(name),
        )
        number = FIRST_CHAIR + Post.objects.filter(desk_id=desk, number__gte=FIRST_CHAIR).count()
        post = Post.objects.create(desk_id=desk, title_id=hat.title, number=number)
        made = Appointment.objects.create(person=person, post=post, valid=Range(clock.today(), None, "[)"))
        act.changed("registry.appointment", made.pk, None, {"drill": True})
        account = make_account(actor, person, username=f"drill.{uuid.uuid4().hex[:20]}")
        role = _Role(hat, account, new_password())
        account.set_password(role.password)
        account.save()
        known = permissions()
        if any(known[code].delicate for code in hat.rule.permissions if code in known):
            role.secret = totp.generate_totp_secret()
            totp.TOTP.activate(account, role.secret)
            act.changed("access.second_factor", account.pk, None, {"drill": True})
    return role


class _Went(Exception):
    """A step went otherwise than it must; the sentence says how."""


def _once(actor: Actor, hat: Hat) -> str:
    return _in_and_out(_play(actor, hat))


def _in_and_out(role: _Role) -> str:
    """The whole way of one title; returns what was seen, raises _Went where something is not as it must be."""
    client = Client(enforce_csrf_checks=True, raise_request_exception=False, headers={"host": _host()})
    door = reverse("sign-in")
    client.get(door)
    _post(client, door, {"login": role.account.username, "password": f"{role.password}-sai"})
    _must(not _is_in(client), _("mật khẩu sai mà vào được"))
    _post(client, door, {"login": role.account.username, "password": role.password})
    if role.secret:
        _must(not _is_in(client), _("chưa qua xác thực lớp hai mà vào được"))
        second = reverse("mfa_authenticate")
        client.get(second)
        _post(client, second, {"code": _code(role.secret)})
    answer = client.get(reverse("work"), follow=True)
    _must(_is_in(client), _("đăng nhập đúng mà không vào được"))
    _must(answer.status_code == 200, _("trang làm việc trả lời %(status)s") % {"status": answer.status_code})
    actor = acting(answer.wsgi_request).actor
    _must(actor.permissions == role.hat.rule.permissions, _("quyền không đúng với bảng phân quyền"))
    _must(role.hat.agency_id in actor.agency_ids, _("không thấy việc của cơ quan mình"))
    _post(client, reverse("sign-out"), {})
    _must(not _is_in(client), _("đăng xuất rồi mà vẫn vào được"))
    return _("vào, thấy đúng quyền, ra")


def _host() -> str:
    """A host that this deployment answers to: the loopback one, else the first that is named whole."""
    named = (host for host in settings.ALLOWED_HOSTS if host and host[0] not in "*.")
    return LOOPBACK if validate_host(LOOPBACK, settings.ALLOWED_HOSTS) else next(named, LOOPBACK)


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise _Went(otherwise)


def _is_in(client: Client) -> bool:
    """Whether the own account's page opens for this browser."""
    return bool(client.get(reverse("my-account")).status_code == 200)


def _post(client: Client, path: str, form: dict[str, str]) -> None:
    """Send a form as a browser does, with the token that the page gave it."""
    if settings.CSRF_COOKIE_NAME not in client.cookies:
        client.get(reverse("start"))
    cookie = client.cookies.get(settings.CSRF_COOKIE_NAME)
    client.post(path, {**form, "csrfmiddlewaretoken": cookie.value if cookie else ""})


def _code(secret: str) -> str:
    counters = list(totp.yield_hotp_counters_from_time())
    return str(totp.format_hotp_value(totp.hotp_value(secret, counters[len(counters) // 2])))


def _timed(name: str, work: Callable[[], str]) -> DrillStep:
    began = time.perf_counter()
    try:
        with transaction.atomic():
            note, passed = work(), True
    except Exception as error:  # whatever goes wrong at one title is that title's result; the others go on
        note, passed = str(error) or type(error).__name__, False
    return DrillStep(name, passed, time.perf_counter() - began, note[:300])


def _traces() -> tuple[int, int, int, int]:
    """What a drill could leave behind: drill accounts, drill chairs, drill people, lines of the log with an account."""
    return (
        Account.objects.filter(username__startswith="drill.").count(),
        Post.objects.filter(number__gte=FIRST_CHAIR).count(),
        Person.objects.filter(family_name="Diễn", middle_name="Tập", appointments__isnull=True).count(),
        SignInEvent.objects.filter(username__startswith="drill.").count(),
    )


def _remember(actor: Actor, hats: list[Hat], result: DrillResult) -> None:
    """Journal the drill, and one line a title in the sign-in log: without an account, for there is none any more."""
    journal.note(
        actor,
        "access.drill_sign_in",
        record="access.drill",
        record_id=result.agency_id,
        after={"passed": result.passed, "steps": len(result.steps), "cleaned": result.cleaned},
    )
    SignInEvent.objects.bulk_create(
        SignInEvent(
            username=f"{DRILL}: {hat.title}"[:60],
            outcome=Outcome.SIGNED_OUT if step.passed else Outcome.REFUSED,
            method=DRILL,
        )
        for hat, step in zip(hats, result.steps, strict=True)
    )


DRILLS: tuple[type[Drill], ...] = (SignInDrill,)
