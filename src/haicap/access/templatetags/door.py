"""Template tags of the door's pages."""

from __future__ import annotations

from allauth.socialaccount.adapter import get_adapter
from django import template
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from haicap.access.sign_in import reset

register = template.Library()


@register.simple_tag(takes_context=True)
def citizen_sign_in(context: template.Context) -> str:
    """The address where citizens sign in by VNeID; empty where no such provider is configured."""
    request: HttpRequest = context["request"]
    for provider in get_adapter().list_providers(request):
        try:
            return reverse("openid_connect_login", kwargs={"provider_id": provider.sub_id})
        except NoReverseMatch:
            continue
    return ""


@register.simple_tag
def reset_by_mail() -> str:
    """The address of the page for a forgotten password; empty where this deployment sends no letters."""
    return reverse("reset-password") if reset.is_possible() else ""


@register.filter
def sign_in_method(value: str) -> str:
    """ "password+totp" → "mật khẩu, ứng dụng xác thực"."""
    names = {
        "password": _("mật khẩu"),
        "totp": _("ứng dụng xác thực"),
        "webauthn": _("khóa truy cập"),
        "recovery_codes": _("mã dự phòng"),
        "socialaccount": _("VNeID"),
        "second": _("mã lớp hai"),
        "link": _("liên kết một lần"),
        "mail": _("thư điện tử"),
        "spared": _("đã có thư trước đó"),
        "none": _("không có thư điện tử công vụ"),
        "locked": _("tài khoản đang khóa"),
        "factor": _("chưa bật xác thực lớp hai"),
        "idle": _("lâu không dùng"),
        "one": _("một phiên"),
        "others": _("mọi phiên khác"),
        "all": _("mọi phiên"),
    }
    return ", ".join(names.get(part, part) for part in value.split("+") if part)
