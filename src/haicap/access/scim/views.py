"""Khóa SCIM: the page where the province's administrator makes and ends tokens of outside directories."""

from __future__ import annotations

import uuid

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from haicap.access.middleware import actor_of
from haicap.access.scim import tokens
from haicap.access.scim.api import ROOT


class TokenForm(forms.Form):
    """A new token."""

    name = forms.CharField(label=gettext_lazy("Tên thư mục"), max_length=80)
    days = forms.IntegerField(
        label=gettext_lazy("Thời hạn (ngày)"),
        min_value=1,
        max_value=tokens.LONGEST_DAYS,
        initial=tokens.DEFAULT_DAYS,
    )
    may_write = forms.BooleanField(label=gettext_lazy("Được ghi"), required=False)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def tokens_page(request: HttpRequest) -> HttpResponse:
    """The tokens and a form for a new one, whose secret is shown in this one answer. Raises TokensNotAllowed."""
    actor = actor_of(request)
    found = tokens.tokens(actor)
    form = TokenForm(request.POST if request.method == "POST" else None)
    made = None
    if request.method == "POST" and form.is_valid():
        made = tokens.make_token(
            actor,
            form.cleaned_data["name"],
            may_write=form.cleaned_data["may_write"],
            days=form.cleaned_data["days"],
        )
        form = TokenForm()
    context = {
        "title": _("Khóa SCIM"),
        "form": form,
        "made": made,
        "address": request.build_absolute_uri(ROOT),
        "rows": [(token, tokens.state_of(token)) for token in found[: tokens.MOST_TOKENS]],
        "most": tokens.MOST_TOKENS,
    }
    return render(request, "access/scim/tokens.html", context, status=400 if form.is_bound else 200)


@require_POST
def revoke(request: HttpRequest, token_id: uuid.UUID) -> HttpResponse:
    """End a token. Raises TokensNotAllowed, NoSuchToken."""
    token = tokens.revoke_token(actor_of(request), token_id)
    messages.success(request, _("Đã thu hồi khóa «%(name)s».") % {"name": token.name})
    return redirect("scim-tokens")
