"""Pages of the import: choose a file, follow its reading, decide row by row, apply. Thin."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from haicap.kernel import clock
from haicap.kernel.days import parse_day
from haicap.kernel.errors import HaicapError
from haicap.systems.onestop import policy
from haicap.systems.onestop.catalogue import imports, words
from haicap.systems.onestop.catalogue.queries import no_such
from haicap.systems.onestop.catalogue.views import actor_of, crumbs, tell
from haicap.systems.onestop.models import CatalogueImport, CatalogueRow, DefectKind, Fate, ImportState

PAGE_ROWS = 50
SHOWN = (Fate.CHANGED, Fate.NEW, Fate.ENDED, Fate.REFUSED, Fate.UNCHANGED)


class ImportForm(forms.Form):
    """What an import needs."""

    file = forms.FileField(label=gettext_lazy("Tệp danh mục (JSONL hoặc JSONL.gz)"))
    begins_on = forms.CharField(
        label=gettext_lazy("Có hiệu lực từ ngày"), max_length=10, help_text=gettext_lazy("ví dụ 01/07/2026")
    )
    complete = forms.BooleanField(
        label=gettext_lazy("Tệp là toàn bộ danh mục: thủ tục vắng mặt thì hết hiệu lực"),
        required=False,
        initial=True,
    )


@dataclass(frozen=True, slots=True)
class Progress:
    """What the progress component shows of an import."""

    run: CatalogueImport

    @property
    def title(self) -> str:
        """What is being done."""
        return f"{self.run.file_name}: {self.run.get_state_display()}"

    @property
    def done(self) -> int:
        """Rows read."""
        return self.run.done

    @property
    def total(self) -> int:
        """Rows there are; none while applying, which is one step."""
        return 0 if self.run.state == ImportState.APPLYING else self.run.total

    @property
    def note(self) -> str:
        """Why it failed."""
        return self.run.error

    @property
    def seconds(self) -> float | None:
        """How long it has taken."""
        end = self.run.finished_at or clock.now()
        return round((end - self.run.asked_at).total_seconds(), 1) if not self.finished else None

    @property
    def finished(self) -> bool:
        """Whether nothing runs any more."""
        return self.run.state not in (ImportState.READING, ImportState.APPLYING)

    @property
    def failed(self) -> bool:
        """Whether it failed."""
        return self.run.state == ImportState.FAILED

    @property
    def href(self) -> str:
        """Where it is found again."""
        return reverse("onestop:catalogue-import", args=[self.run.pk])


@require_http_methods(["GET", "HEAD", "POST"])
def imports_page(request: HttpRequest) -> HttpResponse:
    """Nhập danh mục: choose a file and the day; what was imported before."""
    actor = actor_of(request)
    policy.check_catalogue(actor)
    form = ImportForm(
        request.POST or None, request.FILES or None, initial={"begins_on": f"{clock.today():%d/%m/%Y}"}
    )
    error: HaicapError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            begins_on = parse_day(form.cleaned_data["begins_on"])
            upload = form.cleaned_data["file"]
            stored = imports.keep_file(actor, upload, upload.name)
            run = imports.begin(
                actor, upload.name, begins_on=begins_on, complete=form.cleaned_data["complete"], file=stored
            )
            imports.ask(actor, run.pk, "read")
            return redirect("onestop:catalogue-import", run.pk)
        except HaicapError as problem:
            error = problem
    context = {
        "title": _("Nhập danh mục"),
        "crumbs": crumbs(_("Nhập danh mục")),
        "form": form,
        "error": error,
        "runs": imports.latest(20),
    }
    return render(
        request, "onestop/catalogue/imports.html", context, status=error.http_status if error else 200
    )


@require_safe
def import_page(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Một lần nhập: what would change, row by row; afterwards what was done."""
    actor = actor_of(request)
    policy.check_catalogue(actor)
    run = imports.run_by(run_id)
    counts = run.counts
    asked = request.GET.get("loai", "")
    fate = asked if asked in Fate.values else next((one for one in SHOWN if counts.get(one)), Fate.CHANGED)
    text = request.GET.get("tim", "").replace("\0", "")[:100]
    page = Paginator(imports.changes(run, fate, text), PAGE_ROWS).get_page(request.GET.get("trang"))
    here = reverse("onestop:catalogue-import", args=[run.pk])
    context = {
        "title": _("Nhập danh mục: %(file)s") % {"file": run.file_name},
        "crumbs": [
            *crumbs("")[:1],
            (_("Nhập danh mục"), reverse("onestop:catalogue-imports")),
            (run.file_name, ""),
        ],
        "run": run,
        "progress": Progress(run),
        "poll": reverse("onestop:catalogue-progress", args=[run.pk]),
        "waiting": run.state == ImportState.READY,
        "tabs": [
            (one.value, one.label, f"{here}?loai={one.value}", counts.get(one.value, 0)) for one in SHOWN
        ],
        "fate": fate,
        "changes_something": fate in (Fate.NEW, Fate.CHANGED, Fate.ENDED),
        "text": text,
        "page": page,
        "lines": [_line(row) for row in page],
        "accepted": counts.get("accepted", 0),
        "flags": [(DefectKind(kind).label, *many) for kind, many in counts.get("flags", {}).items()],
        "query": request.GET.urlencode(),
    }
    return render(request, "onestop/catalogue/import.html", context)


def _line(row: CatalogueRow) -> tuple[CatalogueRow, list[tuple[str, list[str], list[str]]], list[str]]:
    flags = list(dict.fromkeys(str(DefectKind(one["kind"]).label) for one in row.flags))
    return row, [words.difference(one) for one in row.differences], flags


@require_safe
def progress(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """The progress as a fragment, asked for every second; at the end it has the page loaded anew."""
    policy.check_catalogue(actor_of(request))
    run = imports.run_by(run_id)
    shown = Progress(run)
    answer = render(
        request,
        "onestop/catalogue/progress.html",
        {"progress": shown, "poll": reverse("onestop:catalogue-progress", args=[run.pk])},
    )
    if shown.finished and request.headers.get("HX-Request"):
        answer["HX-Refresh"] = "true"
    return answer


@require_POST
def accept(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Nhận hoặc để lại: the chosen rows, or all of this kind."""
    actor = actor_of(request)
    fate = request.POST.get("loai", "")
    try:
        chosen = (
            None
            if request.POST.get("pham-vi") == "tat-ca"
            else [uuid.UUID(x) for x in request.POST.getlist("dong")]
        )
        changed = imports.accept(
            actor, run_id, chosen, accepted=request.POST.get("viec") == "nhan", fate=fate
        )
        messages.success(request, _("Đã đổi %(count)d dòng.") % {"count": changed})
    except ValueError:
        raise no_such() from None
    except HaicapError as error:
        if error.http_status in (403, 404):
            raise
        tell(request, error)
    return redirect(
        f"{reverse('onestop:catalogue-import', args=[run_id])}?loai={fate if fate in Fate.values else ''}"
    )


@require_POST
def decide(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Áp dụng hoặc bỏ lần nhập."""
    actor = actor_of(request)
    try:
        if request.POST.get("viec") == "bo":
            imports.drop(actor, run_id)
            messages.success(request, _("Đã bỏ lần nhập; danh mục giữ nguyên."))
            return redirect("onestop:catalogue-imports")
        imports.ask(actor, run_id, "apply")
    except HaicapError as error:
        if error.http_status in (403, 404):
            raise
        tell(request, error)
    return redirect("onestop:catalogue-import", run_id)
