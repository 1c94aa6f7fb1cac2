"""Ledgers: as a table with balanced bars, as a report, signed off."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from haicap.kernel.errors import NotFound
from haicap.reorganisation import queries, report
from haicap.reorganisation import sign_off as signing
from haicap.reorganisation.models import Run, RunKind
from haicap.reorganisation.views.common import actor_of, crumbs, for_readers


@require_safe
@for_readers
def latest(request: HttpRequest) -> HttpResponse:
    """Bảng đối soát of the cut-over in force, else of the latest rehearsal."""
    try:
        found = queries.ledger_run(actor_of(request))
    except NotFound:
        return render(
            request, "reorganisation/ledger.html", {"title": _("Bảng đối soát"), "crumbs": crumbs()}
        )
    return _show(request, found)


@require_safe
@for_readers
def ledger(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Bảng đối soát of one run."""
    return _show(request, queries.run_of(actor_of(request), run_id))


def _show(request: HttpRequest, run: Run) -> HttpResponse:
    actor = actor_of(request)
    rows = queries.ledger_rows(run)
    context: dict[str, Any] = {
        "title": _("Bảng đối soát"),
        "crumbs": crumbs(run.plan, _("Bảng đối soát")),
        "run": run,
        "plan": run.plan,
        "rows": rows,
        "balanced": bool(rows) and all(row.balanced for row in rows),
        "undone": run.undone_by.filter(state="done").first(),
        "is_kept": run.kind == RunKind.CUT_OVER,
        "signed": signing.sign_off_of(run),
        "may_sign": signing.may_sign(actor, run),
        "others": [
            each
            for each in queries.runs_of(actor, run.plan)
            if each.state == "done" and each.kind != RunKind.UNDO and each.pk != run.pk
        ][:5],
    }
    return render(request, "reorganisation/ledger.html", context)


@require_safe
@for_readers
def report_file(request: HttpRequest, run_id: uuid.UUID) -> HttpResponseBase:
    """Báo cáo (PDF): the signed file once it was signed, else a fresh draft."""
    run = queries.run_of(actor_of(request), run_id)
    signed = signing.sign_off_of(run)
    name = f"bao-cao-doi-soat-{run.plan.key.replace('/', '-')}.pdf"
    if signed is not None:
        stream = signing.signed_file(signed)
        return FileResponse(stream, content_type="application/pdf", filename=name)
    content = report.render(run)
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}"'
    return response


@require_POST
@for_readers
def sign_off(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Ký xác nhận: the report is made once more with the signer's name and kept as it is."""
    actor = actor_of(request)
    run = queries.run_of(actor, run_id)
    signed = signing.sign_off(
        actor, run, number=request.POST.get("so", ""), typed_key=request.POST.get("khoa", "")
    )
    messages.success(
        request,
        _("Đã ký xác nhận. Tệp báo cáo được giữ nguyên, dấu vân %(digest)s.")
        % {"digest": signed.digest[:16]},
    )
    return redirect("reorganisation:run-ledger", run.pk)
