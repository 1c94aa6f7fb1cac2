"""The shell's own pages: the three doors, search, health."""

from __future__ import annotations

from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _


def start(request: HttpRequest) -> HttpResponse:
    """Trang chủ của người dân: what happened here, and where to look something up."""
    return render(request, "web/start.html", {})


def work(request: HttpRequest) -> HttpResponse:
    """Trang làm việc: what waits for me."""
    return render(request, "web/work.html", {"title": _("Việc của tôi")})


def lead(request: HttpRequest) -> HttpResponse:
    """Trang điều hành: what is late, why, and who needs help."""
    return render(request, "web/lead.html", {"title": _("Tổng quan")})


def health(request: HttpRequest) -> HttpResponse:
    """Whether this process answers and reaches its database: 200 or 503, JSON."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        database = True
    except (DatabaseError, InterfaceError):
        database = False
    body = {"ok": database, "database": database}
    return JsonResponse(body, status=200 if database else 503)
