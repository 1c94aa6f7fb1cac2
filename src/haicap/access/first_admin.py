"""Quản trị đầu tiên: the one administrator of the province that nobody with an account can make.

Only from the command line of the server, and only while there is none: afterwards administrators make each other.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.utils.translation import gettext as _
from psycopg.types.range import Range

from haicap.access.accounts import make_account
from haicap.access.hats import held
from haicap.access.models import Account, LinkPurpose
from haicap.access.sign_in import service as door
from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.errors import BadInput, Conflict, NotFound
from haicap.kernel.text import clean, fold, name_parts, person_sort_key
from haicap.registry.establishment import establish
from haicap.registry.models import (
    Agency,
    AgencyKind,
    Appointment,
    Deployment,
    Level,
    Person,
    Post,
    UnitVersion,
)

TITLE = "quan_tri_tinh"
LONGEST_NAME = 150


class AdministratorExists(Conflict):
    """ACC-611: an administrator of the province has an account already."""

    code = "ACC-611"


class NoSuchProvince(NotFound):
    """ACC-612: no province bears this code today."""

    code = "ACC-612"


class NoPost(Conflict):
    """ACC-613: there is no vacant post of an administrator of the province."""

    code = "ACC-613"


class BadName(BadInput):
    """ACC-614: not a name of a person."""

    code = "ACC-614"


@dataclass(frozen=True, slots=True)
class FirstAdministrator:
    """What is told of the first administrator, once: `path` is the one-time link on this site."""

    username: str
    name: str
    title: str
    path: str


def make_first_administrator(actor: Actor, province: str, name: str, email: str = "") -> FirstAdministrator:
    """Lập quản trị tỉnh đầu tiên: person, post, account and one-time link; the province's organs where it has none.

    Raises AdministratorExists (ACC-611), NoSuchProvince (ACC-612), NoPost (ACC-613), BadName (ACC-614).
    """
    family, middle, given, full = _name(name)
    with journal.act(actor, "access.make_first_administrator", reason=_("Quản trị tỉnh đầu tiên")) as act:
        with connection.cursor() as cursor:  # two at once would each find nobody
            cursor.execute("LOCK TABLE access_account IN SHARE ROW EXCLUSIVE MODE")
        _refuse_second()
        unit = UnitVersion.objects.filter(
            code=province, level=Level.PROVINCE, recorded__upper_inf=True, valid__contains=clock.today()
        ).first()
        if unit is None:
            raise NoSuchProvince(
                _("Hôm nay không có tỉnh, thành phố nào mang mã “%(code)s”.") % {"code": province[:10]},
                kept=_("Không có gì thay đổi."),
                todo=_("Xem mã bằng «haicap units list», ví dụ 48 là Đà Nẵng."),
            )
        if not Agency.objects.filter(unit_id=unit.unit_id, kind=AgencyKind.DEPARTMENT).exists():
            establish([unit.unit_id], clock.today(), actor)
        Deployment.objects.filter(pk=1, province__isnull=True).update(province_id=unit.unit_id)
        person = Person.objects.create(
            family_name=family,
            middle_name=middle,
            given_name=given,
            full_name=full,
            fold=fold(full),
            sort_key=person_sort_key(full),
            email=email,
        )
        made = Appointment.objects.create(
            person=person, post_id=_vacant_post(unit).pk, valid=Range(clock.today(), None, "[)")
        )
        act.changed("registry.appointment", made.pk, None, journal.values(made))
        account = make_account(actor, person, email=email)
        secret = door.issue_link(actor, account, LinkPurpose.FIRST)
    hats = held("appointment.id = %(id)s", {"id": made.pk})
    return FirstAdministrator(account.username, full, hats[0].name if hats else TITLE, door.link_path(secret))


def _name(name: str) -> tuple[str, str, str, str]:
    full = " ".join(clean(name).split())
    family, middle, given = name_parts(full)
    if not family or not given or len(full) > LONGEST_NAME:
        raise BadName(
            _("“%(name)s” không phải họ và tên của một người.") % {"name": full[:60]},
            kept=_("Không có gì thay đổi."),
            todo=_("Ghi đủ họ và tên, ví dụ: Nguyễn Thị An."),
        )
    return family, middle, given, full


def _refuse_second() -> None:
    having = held("title.code = %(title)s", {"title": TITLE}, " LIMIT 500")
    account = Account.objects.filter(person_id__in=[hat.person_id for hat in having], is_active=True).first()
    if account is not None:
        raise AdministratorExists(
            _("Đã có quản trị tỉnh: %(name)s.") % {"name": account.get_full_name()},
            kept=_("Không có gì thay đổi."),
            todo=_(
                "Quản trị ấy cấp tài khoản cho người khác; mất mật khẩu thì một quản trị khác cấp lại liên kết."
            ),
        )


def _vacant_post(unit: UnitVersion) -> Post:
    found = (
        Post.objects.filter(title_id=TITLE, desk__founder__unit_id=unit.unit_id, closed_on__isnull=True)
        .exclude(appointments__recorded__upper_inf=True, appointments__valid__contains=clock.today())
        .order_by("number", "pk")
        .first()
    )
    if found is None:
        raise NoPost(
            _("Tỉnh này không còn chỗ trống cho chức danh quản trị tỉnh."),
            kept=_("Không có gì thay đổi."),
            todo=_("Kết thúc một bổ nhiệm cũ của chức danh này rồi chạy lại."),
        )
    return found
