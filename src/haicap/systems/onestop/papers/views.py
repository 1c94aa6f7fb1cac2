"""Pages of forms: what was issued for a dossier, issuing, printing one, many, or the register. Thin: see service."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.days import parse_day
from haicap.kernel.errors import HaicapError
from haicap.systems.onestop import looks, policy
from haicap.systems.onestop.models import LetterForm
from haicap.systems.onestop.papers import queries, service
from haicap.systems.onestop.papers.errors import BadLetter
from haicap.systems.onestop.papers.values import Content
from haicap.systems.onestop.service import not_found

#: forms that say something that a person must write first
WRITTEN = frozenset({LetterForm.SUPPLEMENT, LetterForm.REFUSAL, LetterForm.APOLOGY, LetterForm.STOP})
#: the day's last hour of work, when a new date is given without a time
LAST_HOUR = time(17, 0)


@require_safe
def letters(request: HttpRequest, code: str) -> HttpResponse:
    """Giấy tờ của hồ sơ: forms that were issued, and those that can be."""
    actor = _actor(request)
    found = queries.dossier_by_code(actor, code)
    looks.note_look(request, actor, found)
    forms = service.may_issue(actor, found, clock.now())
    context = {
        "title": _("Giấy tờ của hồ sơ %(code)s") % {"code": found.code},
        "crumbs": [
            (_("Hồ sơ"), reverse("onestop:worklist")),
            (found.code, reverse("onestop:dossier", args=[found.code])),
            (_("Giấy tờ"), ""),
        ],
        "dossier": found,
        "letters": queries.letters_of(found),
        "written": [form for form in forms if form in WRITTEN],
        "direct": [form for form in forms if form not in WRITTEN],
    }
    return render(request, "onestop/papers/letters.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def issue(request: HttpRequest, code: str, form: int) -> HttpResponse:
    """Lập phiếu: what it is to say; then it opens for printing."""
    actor = _actor(request)
    found = queries.dossier_by_code(actor, code)
    wanted = _form(form)
    if request.method != "POST":
        looks.note_look(request, actor, found)
        return _issue_page(request, found.code, wanted)
    try:
        letter = service.issue_letter(actor, found.id, wanted, _content(request), site=_site(request))
    except HaicapError as error:
        return _issue_page(request, found.code, wanted, error)
    messages.success(
        request, _("Đã lập: %(form)s, số %(number)s.") % {"form": wanted.label, "number": letter.number}
    )
    return redirect("onestop:letters", code=found.code)


@require_safe
def letter_pdf(request: HttpRequest, letter_id: uuid.UUID) -> HttpResponse:
    """One form as PDF, with the words it was issued with."""
    actor = _actor(request)
    found = queries.letter(actor, letter_id)
    looks.note_look(request, actor, found.dossier)
    copies = _copies(request.GET.get("lien", "1"))
    return _pdf(service.letters_pdf([found], copies), f"mau-{found.form:02d}-{found.dossier.code}.pdf")


@require_POST
def print_many(request: HttpRequest) -> HttpResponse:
    """In hàng loạt: one PDF of the chosen dossiers' forms; receipts that are missing are issued meanwhile."""
    actor = _actor(request)
    try:
        chosen = [uuid.UUID(each) for each in request.POST.getlist("ho-so")[: service.MOST_LETTERS + 1]]
        form = _form(int(request.POST.get("mau", "1")))
    except ValueError:
        raise not_found() from None
    made = service.bulk_pdf(
        actor, chosen, form, copies=_copies(request.POST.get("lien", "1")), site=_site(request)
    )
    for one in queries.dossiers(actor).filter(pk__in=chosen):
        looks.note_look(request, actor, one)
    return _pdf(made, f"mau-{int(form):02d}-{len(chosen)}-ho-so.pdf")


@require_GET
def register_pdf(request: HttpRequest, agency_id: uuid.UUID, year: int) -> HttpResponse:
    """Sổ theo dõi hồ sơ (mẫu 07) of a year, or of the days `tu` to `den` in it."""
    actor = _actor(request)
    policy.check_list(actor)
    if not 2000 <= year <= 2200:
        raise not_found()
    first = parse_day(request.GET["tu"]) if request.GET.get("tu") else date(year, 1, 1)
    last = parse_day(request.GET["den"]) if request.GET.get("den") else date(year, 12, 31)
    made = service.register_pdf(actor, agency_id, first, last)
    return _pdf(made, f"so-theo-doi-{first:%Y%m%d}-{last:%Y%m%d}.pdf")


def _issue_page(
    request: HttpRequest, code: str, form: LetterForm, problem: HaicapError | None = None
) -> HttpResponse:
    context = {
        "title": str(form.label),
        "crumbs": [
            (code, reverse("onestop:dossier", args=[code])),
            (_("Giấy tờ"), reverse("onestop:letters", args=[code])),
            (str(form.label), ""),
        ],
        "code": code,
        "form": int(form),
        "needs_items": form == LetterForm.SUPPLEMENT,
        "needs_reason": form in WRITTEN,
        "needs_date": form == LetterForm.APOLOGY,
        "needs_signer": form in (LetterForm.APOLOGY, LetterForm.STOP),
        "typed": request.POST,
        "problem": problem,
        "tomorrow": clock.today() + timedelta(days=1),
    }
    return render(
        request, "onestop/papers/issue.html", context, status=problem.http_status if problem else 200
    )


def _content(request: HttpRequest) -> Content:
    new_due_at = None
    if request.POST.get("hen-moi", "").strip():
        day = parse_day(request.POST["hen-moi"])
        new_due_at = datetime.combine(day, _hour(request.POST.get("gio", "")), tzinfo=clock.ZONE)
    return Content(
        reason=request.POST.get("ly-do", ""),
        items=tuple(request.POST.get("noi-dung", "")[:50_000].splitlines()),
        new_due_at=new_due_at,
        contact=request.POST.get("lien-he", ""),
        signer=request.POST.get("nguoi-ky", ""),
        signer_title=tuple(request.POST.get("chuc-danh", "")[:300].splitlines()),
    )


def _hour(text: str) -> time:
    if not text.strip():
        return LAST_HOUR
    try:
        return time.fromisoformat(text.strip().replace("h", ":").replace("giờ", ":"))
    except ValueError:
        raise BadLetter(
            _("“%(text)s” không phải là giờ.") % {"text": text[:20]},
            where="gio",
            todo=_("Viết giờ như 16:30."),
        ) from None


def _form(number: int) -> LetterForm:
    try:
        form = LetterForm(number)
    except ValueError:
        raise not_found() from None
    if form not in service.RULES:
        raise not_found()
    return form


def _copies(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 3 else 1


def _pdf(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


def _site(request: HttpRequest) -> str:
    return request.build_absolute_uri("/")


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor
