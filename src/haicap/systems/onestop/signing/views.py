"""Pages of certificates: a list with their ends, adding one, ending its use. Thin: see service and queries."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.errors import HaicapError
from haicap.systems.onestop import policy
from haicap.systems.onestop import queries as onestop
from haicap.systems.onestop.models import SigningCertificate
from haicap.systems.onestop.papers.agencies import COMMITTEE_WORDS
from haicap.systems.onestop.signing import configuration, keys, queries, service


@require_http_methods(["GET", "HEAD", "POST"])
def certificates(request: HttpRequest) -> HttpResponse:
    """Chứng thư chữ ký số: those of my agencies and my own, what ends first first; and adding one."""
    actor = _actor(request)
    policy.check_list(actor)
    if request.method != "POST":
        return _page(request)
    try:
        row = _added(request, actor)
    except HaicapError as error:
        return _page(request, error)
    messages.success(request, _("Đã thêm chứng thư «%(name)s».") % {"name": row.name})
    return redirect("onestop:certificates")


@require_POST
def revoke(request: HttpRequest, certificate_id: uuid.UUID) -> HttpResponse:
    """Ngừng dùng một chứng thư."""
    row = service.revoke_certificate(_actor(request), certificate_id, request.POST.get("ly-do", ""))
    messages.success(request, _("Đã ngừng dùng chứng thư «%(name)s».") % {"name": row.name})
    return redirect("onestop:certificates")


def _added(request: HttpRequest, actor: Actor) -> SigningCertificate:
    try:
        agency = uuid.UUID(request.POST.get("co-quan", ""))
    except ValueError:
        agency = uuid.UUID(int=0)
    person = actor.person_id if request.POST.get("cua") == "toi" else None
    given, picture = request.FILES.get("tep"), request.FILES.get("anh")
    image = picture.read(service.LARGEST_IMAGE + 1) if picture is not None else b""
    secret, name = request.POST.get("mat-khau", ""), request.POST.get("ten", "")
    if request.POST.get("noi-giu") == "pkcs11":
        return service.add_certificate_on_token(
            actor, agency, request.POST.get("thiet-bi", "")[:80], request.POST.get("nhan", "")[:80], secret,
            person_id=person, name=name, image=image,
        )  # fmt: skip
    content = given.read(keys.LARGEST_FILE + 1) if given is not None else b""
    return service.add_certificate(actor, agency, content, secret, person_id=person, name=name, image=image)


def _page(request: HttpRequest, problem: HaicapError | None = None) -> HttpResponse:
    actor = _actor(request)
    agencies = onestop.agency_names(actor.agency_ids, clock.today()) if not actor.sees_all else {}
    may_seal = actor.may(policy.CERTIFICATES)
    context = {
        "title": _("Chứng thư chữ ký số"),
        "lines": queries.lines(actor),
        # the committee first: it is whose seal and signatures are asked for
        "agencies": sorted(
            agencies.items(), key=lambda pair: (not pair[1].startswith(COMMITTEE_WORDS), pair[1])
        ),
        "may_seal": may_seal,
        "may_own": actor.may(policy.SIGN) and actor.person_id is not None,
        "may_add": bool(agencies) and (may_seal or actor.may(policy.SIGN)),
        "module": bool(configuration.pkcs11_module()),
        "typed": request.POST,
        "problem": problem,
    }
    status = problem.http_status if problem else 200
    return render(request, "onestop/signing/certificates.html", context, status=status)


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor
