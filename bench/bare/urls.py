"""The one view of the peer."""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path


def page(request: HttpRequest) -> HttpResponse:
    """A dossier by its id: one SELECT, one small template."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT code, applicant_name, status, due_at FROM onestop_dossier WHERE id = %s",
            [request.GET["id"]],
        )
        code, applicant, status, due_at = cursor.fetchone()
    return render(
        request, "page.html", {"code": code, "applicant": applicant, "status": status, "due_at": due_at}
    )


urlpatterns = [path("", page)]
