"""The form of an application."""

from __future__ import annotations

from typing import Any

from allauth.idp.oidc.models import Client
from django import forms
from django.utils.translation import gettext_lazy as _

from haicap.access.models import Application
from haicap.access.oidc.applications import LONGEST_DESCRIPTION, LONGEST_NAME, Description
from haicap.access.oidc.claims import SCOPES

#: openid is always there
CHOICES = [
    ("profile", _("Họ tên và tên đăng nhập (profile)")),
    ("email", _("Thư điện tử công vụ (email)")),
    ("haicap", _("Chức danh, cơ quan, đơn vị, mã cũ và mới (haicap)")),
]


def _lines(rows: int = 3) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "spellcheck": "false"})


class ApplicationForm(forms.Form):
    """Một ứng dụng: what an administrator says of it."""

    name = forms.CharField(label=_("Tên ứng dụng"), max_length=LONGEST_NAME)
    description = forms.CharField(
        label=_("Mô tả: ai vận hành, dùng để làm gì"), max_length=LONGEST_DESCRIPTION, required=False
    )
    redirect_uris = forms.CharField(
        label=_("Địa chỉ nhận kết quả đăng nhập (redirect URI)"),
        help_text=_("Mỗi dòng một địa chỉ đầy đủ, bắt đầu bằng https://"),
        max_length=5000,
        widget=_lines(),
    )
    logout_uris = forms.CharField(
        label=_("Địa chỉ quay lại sau khi đăng xuất"), max_length=5000, required=False, widget=_lines(2)
    )
    backchannel_logout_uri = forms.CharField(
        label=_("Địa chỉ nhận tin đăng xuất (back-channel logout)"),
        help_text=_("Máy chủ gọi địa chỉ này khi một phiên kết thúc."),
        max_length=500,
        required=False,
    )
    scopes = forms.MultipleChoiceField(
        label=_("Ứng dụng được biết"), choices=CHOICES, required=False, widget=forms.CheckboxSelectMultiple
    )
    public = forms.BooleanField(
        label=_("Không giữ được mã bí mật (chạy trong trình duyệt hoặc điện thoại)"), required=False
    )
    own = forms.BooleanField(label=_("Ứng dụng của chính tỉnh: không hỏi sự đồng ý"), required=False)
    without_pkce = forms.BooleanField(label=_("Phần mềm không làm được PKCE"), required=False)
    for_citizens = forms.BooleanField(label=_("Người dân cũng đăng nhập được"), required=False)

    def told(self, *, public: bool | None = None) -> Description:
        """What was filled in; `public` as it was registered where it cannot change any more."""
        given = self.cleaned_data
        return Description(
            name=given["name"],
            description=given["description"],
            redirect_uris=_addresses(given["redirect_uris"]),
            logout_uris=_addresses(given["logout_uris"]),
            backchannel_logout_uri=given["backchannel_logout_uri"],
            scopes=["openid", *given["scopes"]],
            public=given["public"] if public is None else public,
            own=given["own"],
            without_pkce=given["without_pkce"],
            for_citizens=given["for_citizens"],
        )


def filled(row: Application) -> dict[str, Any]:
    """The form's values of an application."""
    return {
        "name": row.client.name,
        "description": row.description,
        "redirect_uris": "\n".join(row.client.get_redirect_uris()),
        "logout_uris": "\n".join(row.client.get_post_logout_redirect_uris()),
        "backchannel_logout_uri": row.backchannel_logout_uri,
        "scopes": [scope for scope in row.client.get_scopes() if scope in SCOPES],
        "public": row.client.type == Client.Type.PUBLIC,
        "own": row.own,
        "without_pkce": row.without_pkce,
        "for_citizens": row.for_citizens,
    }


def _addresses(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
