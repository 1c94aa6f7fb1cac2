"""What the citizens' pages share: privacy, uploads that are counted, problems beside their fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from haicap.kernel import files
from haicap.kernel.errors import HaicapError
from haicap.kernel.models import StoredFile
from haicap.systems.onestop.online import forms
from haicap.systems.onestop.online.forms.reading import ADD
from haicap.systems.onestop.online.forms.showing import error_list
from haicap.systems.onestop.reception.files import LimitedUploads

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

#: what a browser may show of what strangers uploaded; all else is only saved
SHOWN = frozenset({"application/pdf", "image/png", "image/jpeg", "image/webp"})


def private(view: View[P]) -> View[P]:
    """A page with somebody's data: kept by no cache, found by no search engine."""

    @wraps(view)
    def shown(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    return cast(View[P], never_cache(shown))  # private, no-store, no-cache


def takes_uploads(view: View[P]) -> View[P]:
    """A page to which files come: too much is refused while it arrives, before the token is looked for in it."""
    checked: View[P] = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def counted(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        request.upload_handlers.insert(0, LimitedUploads(request))
        return checked(request, *args, **kwargs)

    return cast(View[P], counted)


def form_context(
    request: HttpRequest, page: forms.Field, values: Any, problems: Sequence[forms.Problem] = ()
) -> dict[str, Any]:
    """What the template of a form's page needs."""
    fields = forms.shown(page, values, problems, one_more=request.POST.get(ADD, ""))
    return {
        "fields": fields,
        "errors": error_list(fields) + [("", problem.text) for problem in problems if not problem.path],
        "hint": page.hint,
    }


def wants_rows(request: HttpRequest) -> bool:
    """Whether a button was pressed that only adds or takes away a row."""
    return ADD in request.POST or "bo-dong" in request.POST


def problem_list(problem: HaicapError | None, field: str = "") -> list[tuple[str, str]]:
    """A refusal as the error summary shows it: (id of the field, what happened and what to do)."""
    if problem is None:
        return []
    words = " ".join(str(part) for part in (problem.message, problem.todo) if part)
    return [(field or problem.where, words)]


def file_response(stored: StoredFile, name: str) -> HttpResponse | FileResponse:
    """A stored file; only what cannot run in a browser is shown there."""
    safe = stored.media_type in SHOWN
    kind = stored.media_type if safe else "application/octet-stream"
    response = FileResponse(files.open(stored.digest), content_type=kind)
    response["Content-Disposition"] = content_disposition_header(not safe, name) or "attachment"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def pdf_response(content: bytes, name: str) -> HttpResponse:
    """A PDF made here."""
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}"'
    return response
