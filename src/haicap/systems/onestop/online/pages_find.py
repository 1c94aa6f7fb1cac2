"""Tìm thủ tục: by words in any spelling, by number, by field, by what happens in life; and the page of one."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from haicap.kernel import clock
from haicap.kernel.text import clean
from haicap.systems.onestop import catalogue
from haicap.systems.onestop.catalogue import queries as listed
from haicap.systems.onestop.catalogue.competence import authorities
from haicap.systems.onestop.errors import NoSuchProcedure
from haicap.systems.onestop.models import Channel, Procedure, ProcedureVersion, Publication
from haicap.systems.onestop.online import guides, papers
from haicap.systems.onestop.online.visitors import visitor_of

ON_A_PAGE = 20
LONGEST = 200


@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """Thủ tục: search box first, then life events and fields."""
    text = clean(request.GET.get("q", ""))[:LONGEST]
    field = request.GET.get("linh-vuc", "")[:40]
    event = guides.life_event(request.GET.get("viec", "")[:40])
    found: list[ProcedureVersion] | Any = None
    if event is not None:
        found = [one for code in event.codes if (one := catalogue.current(code)) is not None]
    elif text and not field:
        found = catalogue.find(text, limit=200)
    elif text or field:
        found = listed.procedures(listed.Narrowed(text=text, field=field))
    fields = listed.fields()
    context = {
        "title": _("Thủ tục hành chính") if event is None else event.name,
        "text": text,
        "field": field,
        "event": event,
        "events": guides.life_events() if found is None else (),
        "fields": fields,
        "page": Paginator(found, ON_A_PAGE).get_page(request.GET.get("trang")) if found is not None else None,
        "crumbs": [(_("Thủ tục"), reverse("onestop:find")), (event.name, "")] if event is not None else None,
    }
    return render(request, "onestop/online/find.html", context)


@require_safe
def procedure(request: HttpRequest, code: str) -> HttpResponse:
    """Trang thủ tục: who may, what it costs, how long it takes, which papers, where; then the button."""
    version = version_of(code)
    visitor = visitor_of(request)
    context = {
        "title": version.name,
        "crumbs": [(_("Thủ tục"), reverse("onestop:find")), (version.procedure.code, "")],
        "version": version,
        "address": address_of(version.procedure),
        "limits": list(version.limits.order_by("position")[:20]),
        "fees": list(version.fees.order_by("position")[:20]),
        "papers": papers.wanted(version),
        "ways": papers.Way,
        "authorities": [one for one in authorities(version.procedure_id) if clock.today() in one.valid],
        "questions": guides.questions(version.procedure.code),
        "online": guides.is_online(version) and not is_withdrawn(version),
        "sign_in": guides.needs_sign_in(version) and visitor.citizen is None,
        "withdrawn": is_withdrawn(version),
        "channel": Channel.ONLINE,
    }
    return render(request, "onestop/online/procedure.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def eligible(request: HttpRequest, code: str) -> HttpResponse:
    """Bạn có đủ điều kiện không: a few questions in plain words; the answers are kept nowhere."""
    version = version_of(code)
    questions = guides.questions(version.procedure.code)
    answers = [request.POST.get(f"hoi-{number}", "") for number in range(len(questions))]
    asked = request.method == "POST"
    missing = [
        (f"hoi-{number}", _("Hãy trả lời câu %(number)d.") % {"number": number + 1})
        for number, answer in enumerate(answers)
        if asked and answer not in ("yes", "no")
    ]
    against = [
        question
        for question, answer in zip(questions, answers, strict=True)
        if answer in ("yes", "no") and answer != question.wanted
    ]
    context = {
        "title": _("Bạn có làm được thủ tục này không?"),
        "crumbs": [
            (_("Thủ tục"), reverse("onestop:find")),
            (version.name[:80], reverse("onestop:procedure", args=[code])),
            (_("Điều kiện"), ""),
        ],
        "version": version,
        "address": address_of(version.procedure),
        "questions": list(zip(questions, answers, strict=True)),
        "errors": missing,
        "answered": asked and not missing,
        "against": against,
    }
    return render(request, "onestop/online/eligible.html", context, status=400 if missing else 200)


def version_of(code: str) -> ProcedureVersion:
    """What holds today under a code ("1.014325~1": the second that bears it). Raises NoSuchProcedure."""
    bare, _tilde, twin = clean(code)[:30].partition("~")
    number = int(twin) if twin.isascii() and twin.isdigit() and len(twin) < 3 else 0
    identity = Procedure.objects.filter(code=bare, twin=number).first()
    found = catalogue.current(identity.pk, clock.today()) if identity is not None else None
    if found is None:
        raise NoSuchProcedure(
            _("Không có thủ tục nào đang có hiệu lực mang mã này."),
            todo=_("Hãy tìm theo tên, ví dụ «khai sinh»; mã thủ tục có thể đã đổi."),
        )
    return found


def address_of(procedure: Procedure) -> str:
    """What an address calls a procedure."""
    return procedure.code if procedure.twin == 0 else f"{procedure.code}~{procedure.twin}"


def is_withdrawn(version: ProcedureVersion) -> bool:
    """Whether the province has announced that it does not do this procedure (any more)."""
    said = Publication.objects.filter(
        withdrawn_at__isnull=True, procedure_id=version.procedure_id, begins_on__lte=clock.today()
    )
    return said.order_by("-begins_on").values_list("published", flat=True).first() is False
