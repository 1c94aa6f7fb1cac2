"""Error pages: what happened, what is kept, what to do, a code; as a page, an HTMX fragment or JSON."""

from __future__ import annotations

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from haicap.kernel.errors import HaicapError

log = logging.getLogger(__name__)


class BadRequest(HaicapError):
    """The request cannot be read."""

    code = "WEB-400"
    http_status = 400


class FormExpired(HaicapError):
    """A form came without a valid token."""

    code = "WEB-419"
    http_status = 403


class PageForbidden(HaicapError):
    """The actor may not see this page."""

    code = "WEB-403"
    http_status = 403


class PageNotFound(HaicapError):
    """There is no such page."""

    code = "WEB-404"
    http_status = 404


class ServerFault(HaicapError):
    """Something broke that nobody foresaw."""

    code = "WEB-500"
    http_status = 500


def render_haicap_error(request: HttpRequest, error: HaicapError, status: int | None = None) -> HttpResponse:
    """The answer for an error: JSON below /api/, a fragment for HTMX, else a whole page."""
    status = status or error.http_status
    correlation_id = str(getattr(request, "correlation_id", ""))
    if request.path.startswith("/api/"):
        body = {**error.as_dict(), "correlation_id": correlation_id}
        return JsonResponse(body, status=status, json_dumps_params={"ensure_ascii": False})
    context: dict[str, Any] = {
        "error": error,
        "status": status,
        "correlation_id": correlation_id,
        "title": _title(status),
    }
    fragment = bool(getattr(request, "htmx", False)) and not getattr(request, "htmx").boosted  # noqa: B009
    template = "web/components/error.html" if fragment else "web/error.html"
    return render(request, template, context, status=status)


def _title(status: int) -> str:
    titles = {
        400: _("Chưa đọc được yêu cầu"),
        403: _("Không được phép"),
        404: _("Không tìm thấy"),
        409: _("Chưa làm được lúc này"),
        500: _("Hệ thống gặp lỗi"),
        503: _("Tạm thời chưa phục vụ được"),
    }
    return titles.get(status, _("Chưa làm được"))


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Handler of 400."""
    error = BadRequest(
        _("Yêu cầu gửi lên không đọc được."),
        kept=_("Dữ liệu không thay đổi."),
        todo=_("Quay lại trang trước, kiểm tra rồi gửi lại."),
    )
    return render_haicap_error(request, error)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Handler of 403."""
    error = PageForbidden(
        _("Chức danh đang dùng không được xem hoặc làm việc này."),
        kept=_("Dữ liệu không thay đổi."),
        todo=_("Đăng nhập bằng chức danh khác, hoặc hỏi người quản trị của đơn vị."),
    )
    return render_haicap_error(request, error)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer to a form without a valid token (Django's CSRF_FAILURE_VIEW)."""
    log.warning("csrf refused: %s %s (%s)", request.path, reason, getattr(request, "correlation_id", ""))
    error = FormExpired(
        _("Biểu mẫu đã hết hạn hoặc được gửi từ nơi khác."),
        kept=_("Dữ liệu không thay đổi."),
        todo=_("Mở lại trang, điền rồi gửi lại. Trình duyệt phải cho phép cookie."),
    )
    return render_haicap_error(request, error)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Handler of 404."""
    error = PageNotFound(
        _("Không có trang nào ở địa chỉ này."),
        todo=_("Kiểm tra lại địa chỉ, hoặc tìm ở ô tìm kiếm phía trên."),
    )
    return render_haicap_error(request, error)


def server_error(request: HttpRequest) -> HttpResponse:
    """Handler of 500. The page itself may be what broke: then plain words without a template."""
    error = ServerFault(
        _("Hệ thống gặp lỗi ngoài dự kiến."),
        kept=_("Việc đang làm dở chưa được ghi; những gì đã ghi trước đó vẫn còn nguyên."),
        todo=_("Thử lại sau ít phút. Nếu vẫn lỗi, báo mã yêu cầu dưới đây cho bộ phận kỹ thuật."),
    )
    log.error("page failed: %s (%s)", request.path, getattr(request, "correlation_id", ""))
    try:
        return render_haicap_error(request, error)
    except Exception:
        log.exception("the error page failed too")
        return HttpResponse(str(error), status=500, content_type="text/plain; charset=utf-8")
