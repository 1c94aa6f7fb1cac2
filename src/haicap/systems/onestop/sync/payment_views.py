"""What a payment gateway calls: its notice, and the payer's way back."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from haicap.kernel.errors import HaicapError
from haicap.systems.onestop.models import OnlinePayment, Partner, PartnerKind, PaymentState
from haicap.systems.onestop.sync import payment
from haicap.systems.onestop.sync.errors import NoSuchPartner

LARGEST_NOTICE = 64 * 1024


@never_cache
@csrf_exempt
@require_POST
def notice(request: HttpRequest, partner: str) -> HttpResponse:
    """Thông báo của cổng thanh toán: trusted by its check sum alone; answered in the gateway's own form."""
    try:
        taken = payment.take_notice(_gateway(partner), _fields(request))
    except HaicapError as error:
        body = {"error": error.code, "msg": str(error.message)}
        return JsonResponse(body, status=error.http_status)
    return JsonResponse({"error": 0, "msg": "", "state": taken.state})


@never_cache
@require_safe
def returned(request: HttpRequest, partner: str) -> HttpResponse:
    """Người nộp quay lại từ cổng: the address is signed like a notice and counts as one; then to the dossier."""
    taken: OnlinePayment = payment.take_notice(
        _gateway(partner), {name: value for name, value in request.GET.items() if isinstance(value, str)}
    )
    if taken.state == PaymentState.FAILED:
        messages.error(request, _("Thanh toán không thành công; chưa thu khoản nào. Có thể thử lại."))
    else:
        messages.success(
            request, _("Đã nhận %(amount)s đồng.") % {"amount": f"{taken.amount:,}".replace(",", ".")}
        )
    response = redirect("onestop:track")
    response["Location"] += f"?ma={taken.dossier.code}"
    return response


def _gateway(code: str) -> Partner:
    """Raises NoSuchPartner (ONE-511)."""
    found = Partner.objects.filter(code=code, kind=PartnerKind.PAYMENT, closed_at__isnull=True).first()
    if found is None:
        raise NoSuchPartner(_("Không có cổng thanh toán này."))
    return found


def _fields(request: HttpRequest) -> dict[str, str]:
    """The fields of a notice: a form or a JSON object of plain values."""
    if not (request.content_type or "").startswith("application/json"):
        return {name: str(value) for name, value in request.POST.items()}
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_NOTICE:
        return {}
    try:
        found = json.loads(request.body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: str(value) for name, value in found.items() if isinstance(value, str | int)}
