"""Pages of reconciliation. Thin: see service, queries, names, payment."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, time
from typing import Any

from django.contrib import messages
from django.core import signing
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from haicap.kernel import clock, files
from haicap.kernel.actor import Actor
from haicap.kernel.days import parse_day
from haicap.kernel.errors import BadInput, HaicapError
from haicap.systems.onestop.models import NameKind, Partner, PartnerKind, SyncRun, SyncState
from haicap.systems.onestop.sync import access, names, procedures, queries, service
from haicap.systems.onestop.sync.bundle import FILE_SALT
from haicap.systems.onestop.sync.errors import BadPartner, NoSuchName
from haicap.systems.onestop.sync.service import PartnerForm

LARGEST_LIST_BYTES = 8 * 1024 * 1024
SHOWN = (SyncState.FAILED, SyncState.TO_SEND, SyncState.SENT, SyncState.RECEIVED, SyncState.ACKNOWLEDGED)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Đối soát liên thông: every outside system with what waits, what failed, how old."""
    actor = _actor(request)
    context = {
        "title": _("Đối soát liên thông"),
        "found": queries.partners(actor),
        "surplus": queries.surplus_payments(actor),
        "may_manage": _may_manage(actor),
    }
    return render(request, "onestop/sync/index.html", context)


@require_safe
def partner(request: HttpRequest, partner: str) -> HttpResponse:
    """Một hệ thống ngoài: totals by state and age; one state as a list, what failed with its reason first."""
    actor = _actor(request)
    found = service.partner_of(actor, partner)
    state = _state(request.GET.get("tt", ""))
    reason = request.GET.get("ly-do", "")[:40] if state == SyncState.FAILED else ""
    totals = queries.totals(actor, found)
    rows = queries.objects_of(actor, found, state, reason)
    page = Paginator(rows, queries.PAGE_ROWS).get_page(request.GET.get("trang"))
    run = queries.running(actor, found)
    here = reverse("onestop:sync-partner", args=[found.code])
    context = {
        "title": found.name,
        "crumbs": _crumbs((found.name, "")),
        "partner": found,
        "totals": totals,
        "ages": [str(words) for _key, words, _limit in queries.AGES],
        "tabs": [(one.value, one.label, f"{here}?tt={one.value}", _count(totals, one)) for one in SHOWN],
        "state": state.value,
        "reason": reason,
        "reasons": queries.reasons(actor, found) if state == SyncState.FAILED else [],
        "page": page,
        "lines": [(row, queries.reason_words(row.reason) if row.reason else "") for row in page],
        "progress": _progress(run) if run is not None and run.finished_at is None else None,
        "poll": reverse("onestop:sync-progress", args=[found.code]),
        "names": queries.name_counts(actor, found) if found.kind == PartnerKind.NATIONAL else [],
        "may_manage": _may_manage(actor),
    }
    return render(request, "onestop/sync/partner.html", context)


@require_safe
def progress(request: HttpRequest, partner: str) -> HttpResponse:
    """Tiến độ của đợt gửi lại: the fragment alone, asked for while it goes on."""
    actor = _actor(request)
    found = service.partner_of(actor, partner)
    run = _progress(queries.running(actor, found))
    poll = reverse("onestop:sync-progress", args=[found.code])
    return render(request, "web/components/progress.html", {"run": run, "poll": poll})


@require_POST
def replay(request: HttpRequest, partner: str) -> HttpResponse:
    """Gửi lại: those chosen, or every one that failed (of one reason)."""
    actor = _actor(request)
    found = service.partner_of(actor, partner)
    reason = request.POST.get("ly-do", "")[:40]
    try:
        if request.POST.get("viec") == "tat-ca":
            run = service.start_replay(actor, found, reason)
            messages.success(request, _("Bắt đầu gửi lại %(count)s bản tin.") % {"count": run.total})
        else:
            count = service.replay(actor, found, _ids(request.POST.getlist("ban-tin")))
            text = ngettext("Sẽ gửi lại %(count)s bản tin.", "Sẽ gửi lại %(count)s bản tin.", count)
            messages.success(request, text % {"count": count})
    except HaicapError as error:
        _tell(request, error)
    return redirect(f"{reverse('onestop:sync-partner', args=[found.code])}?tt=failed")


@require_POST
def act(request: HttpRequest, partner: str) -> HttpResponse:
    """Bật, tắt, thử đăng nhập, gửi hồ sơ đã có, đóng."""
    actor = _actor(request)
    found = service.partner_of(actor, partner)
    deed = request.POST.get("viec", "")
    try:
        if deed in ("bat", "tat"):
            service.switch_partner(actor, found, enabled=deed == "bat")
            messages.success(
                request, _("Đã bật gửi.") if deed == "bat" else _("Đã tạm dừng gửi; vẫn ghi nhận.")
            )
        elif deed == "thu":
            service.try_partner(actor, found)
            messages.success(request, _("Đăng nhập được vào hệ thống ngoài."))
        elif deed == "ho-so-cu":
            access.check_manage(actor)
            day = parse_day(request.POST.get("tu-ngay", ""))
            run = service.start_enrolment(actor, found, datetime.combine(day, time.min, tzinfo=clock.ZONE))
            messages.success(request, _("Bắt đầu gửi %(count)s hồ sơ đã có.") % {"count": run.total})
        elif deed == "thu-tuc":
            procedures.ask_for_catalogue(actor, found)
            messages.success(
                request,
                _("Đang lấy danh mục thủ tục; khi xong nằm ở «Nhập danh mục» chờ xem rồi mới áp dụng."),
            )
        elif deed == "dong":
            service.close_partner(actor, found)
            messages.success(request, _("Đã đóng hệ thống ngoài; lịch sử vẫn còn."))
            return redirect("onestop:sync")
        else:
            raise BadInput(_("Không đọc được việc cần làm."), todo=_("Hãy bấm lại nút trên trang."))
    except HaicapError as error:
        if error.http_status == 403:
            raise
        _tell(request, error)
    return redirect("onestop:sync-partner", partner=found.code)


@require_safe
def history(request: HttpRequest, partner: str, code: str) -> HttpResponse:
    """Lịch sử đối soát của một hồ sơ: each object, each attempt."""
    actor = _actor(request)
    found = service.partner_of(actor, partner)
    told = queries.history(actor, found, code)
    if told is None:
        raise NoSuchName(
            _("Hệ thống này chưa được báo gì về hồ sơ %(code)s.") % {"code": code[:60]},
            todo=_("Hãy kiểm tra lại mã hồ sơ."),
        )
    dossier, rows = told
    context = {
        "title": _("Đối soát hồ sơ %(code)s") % {"code": dossier.code},
        "crumbs": _crumbs(
            (found.name, reverse("onestop:sync-partner", args=[found.code])), (dossier.code, "")
        ),
        "partner": found,
        "dossier": dossier,
        "rows": [(row, queries.TONES[SyncState(row.state)], list(row.events.all())) for row in rows],
    }
    return render(request, "onestop/sync/history.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest, partner: str = "") -> HttpResponse:
    """Thiết lập: a new outside system, or one that is known. A password is never shown."""
    actor = _actor(request)
    access.check_manage(actor)
    found = service.partner_of(actor, partner) if partner else None
    problem: HaicapError | None = None
    typed = _typed(found)
    if request.method == "POST":
        typed = {name: request.POST.get(name, "")[:20_000] for name in typed}
        try:
            saved = service.save_partner(actor, _form(typed, found), found)
        except BadPartner as error:
            problem = error
        else:
            messages.success(request, _("Đã lưu thiết lập của «%(name)s».") % {"name": saved.name})
            return redirect("onestop:sync-partner", partner=saved.code)
    title = found.name if found else _("Thêm hệ thống ngoài")
    context = {
        "title": title,
        "crumbs": _crumbs((title, "")),
        "partner": found,
        "problem": problem,
        "typed": {**typed, "password": ""},
        "kinds": PartnerKind.choices,
        "defaults": json.dumps(service.default_settings(), ensure_ascii=False, indent=1),
    }
    return render(request, "onestop/sync/settings.html", context, status=400 if problem else 200)


@require_safe
def names_page(request: HttpRequest, partner: str) -> HttpResponse:
    """Tên gọi hai bên: ours that the partner does not know, what it may mean, what was accepted."""
    actor = _actor(request)
    found = service.partner_of(actor, partner)
    kind = _kind(request.GET.get("loai", ""))
    counts = dict(queries.name_counts(actor, found))
    page = Paginator(range(counts[kind]), names.PAGE_ROWS).get_page(request.GET.get("trang"))
    here = reverse("onestop:sync-names", args=[found.code])
    context = {
        "title": _("Tên gọi ở «%(name)s»") % {"name": found.name},
        "crumbs": _crumbs(
            (found.name, reverse("onestop:sync-partner", args=[found.code])), (_("Tên gọi"), "")
        ),
        "partner": found,
        "tabs": [(one.value, one.label, f"{here}?loai={one.value}", counts[one]) for one in NameKind],
        "kind": kind.value,
        "page": page,
        "mismatches": names.mismatches(actor, found, kind, page=page.number),
        "accepted": names.accepted(actor, found, kind),
        "known": names.known(found, kind),
        "may_manage": _may_manage(actor),
    }
    return render(request, "onestop/sync/names.html", context)


@require_POST
def decide_names(request: HttpRequest, partner: str) -> HttpResponse:
    """Chấp nhận, bỏ một tên; nhập danh sách từ tệp hoặc lấy từ hệ thống ngoài."""
    actor = _actor(request)
    access.check_manage(actor)
    found = service.partner_of(actor, partner)
    kind = _kind(request.POST.get("loai", ""))
    deed, _sep, rest = request.POST.get("viec", "").partition(" ")
    try:
        if deed == "nhan":
            entry, _sep, ours = rest.partition(" ")
            alias = names.accept_name(actor, found, kind, ours, _ids([entry])[0])
            messages.success(request, _("Từ nay gọi là «%(name)s» ở bên ấy.") % {"name": alias.name})
        elif deed == "bo":
            names.withdraw_name(actor, found, kind, rest)
            messages.success(request, _("Đã bỏ; dùng lại tên của ta."))
        elif deed == "lay":
            count = names.fetch_names(actor, found, kind)
            messages.success(request, _("Đã lấy %(count)s tên từ hệ thống ngoài.") % {"count": count})
        else:
            count = names.import_names(actor, found, kind, names.read_list(_uploaded(request)))
            messages.success(request, _("Đã nhập %(count)s tên.") % {"count": count})
    except HaicapError as error:
        if error.http_status == 403:
            raise
        _tell(request, error)
    return redirect(f"{reverse('onestop:sync-names', args=[found.code])}?loai={kind.value}")


@never_cache
@require_safe
def file(request: HttpRequest, token: str) -> FileResponse:
    """Tệp cho bên nhận: read with the signed address that a partner was told, while it holds."""
    try:
        told = signing.Signer(salt=FILE_SALT).unsign_object(token)
        partner_id, digest = uuid.UUID(told["p"]), str(told["f"])
    except (signing.BadSignature, KeyError, TypeError, ValueError) as error:
        raise Http404 from error
    if not service.read_told_file(partner_id, digest):
        raise Http404
    kept = files.get(digest)
    return FileResponse(
        files.open(digest), as_attachment=True, filename=kept.name, content_type=kept.media_type
    )


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def _may_manage(actor: Actor) -> bool:
    try:
        access.check_manage(actor)
    except HaicapError:
        return False
    return True


def _crumbs(*rest: tuple[str, str]) -> list[tuple[str, str]]:
    return [(_("Đối soát liên thông"), reverse("onestop:sync")), *rest]


def _state(text: str) -> SyncState:
    return SyncState(text) if text in SyncState.values else SyncState.FAILED


def _kind(text: str) -> NameKind:
    return NameKind(text) if text in NameKind.values else NameKind.AGENCY


def _count(totals: queries.Totals, state: SyncState) -> int | None:
    return totals.acknowledged if state == SyncState.ACKNOWLEDGED else totals.of(state)


def _ids(texts: list[str]) -> list[uuid.UUID]:
    try:
        return [uuid.UUID(one) for one in texts[: service.BATCH]]
    except ValueError as error:
        raise BadInput(
            _("Không đọc được lựa chọn."), kept=_("Chưa có gì thay đổi."), todo=_("Hãy chọn lại trên trang.")
        ) from error


def _uploaded(request: HttpRequest) -> bytes:
    given = request.FILES.get("tep")
    if given is None or given.size is None or given.size > LARGEST_LIST_BYTES:
        raise BadInput(
            _("Hãy chọn một tệp CSV hoặc JSON, không quá 8 MB."), kept=_("Danh sách cũ vẫn được dùng.")
        )
    return bytes(given.read())


def _tell(request: HttpRequest, error: HaicapError) -> None:
    messages.error(request, f"{error.message} {error.kept} {error.todo} ({error.code})")


def _typed(found: Partner | None) -> dict[str, str]:
    if found is None:
        return {
            "code": "", "name": "", "kind": "national", "endpoint": "https://", "username": "",
            "password": "", "fields": "", "settings": "{}",
        }  # fmt: skip
    return {
        "code": found.code,
        "name": found.name,
        "kind": found.kind,
        "endpoint": found.endpoint,
        "username": found.username,
        "password": "",
        "fields": ", ".join(found.fields),
        "settings": json.dumps(found.settings, ensure_ascii=False, indent=1),
    }


def _form(typed: dict[str, str], found: Partner | None) -> PartnerForm:
    try:
        given: Any = json.loads(typed["settings"] or "{}")
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise BadPartner(
            _("Thiết lập riêng phải là một đối tượng JSON."),
            where="settings",
            kept=_("Thiết lập cũ vẫn được dùng."),
            todo=_("Hãy kiểm tra dấu ngoặc và dấu phẩy."),
        )
    return PartnerForm(
        code=found.code if found else typed["code"],
        name=typed["name"],
        kind=found.kind if found else typed["kind"],
        endpoint=typed["endpoint"],
        username=typed["username"],
        password=typed["password"] or None,
        settings=given,
        fields=tuple(typed["fields"].split(",")),
        enabled=found.enabled if found else False,
    )


def _progress(run: SyncRun | None) -> dict[str, Any] | None:
    """A run as the progress component shows it."""
    if run is None:
        return None
    return {
        "title": run.get_kind_display(),
        "done": run.done,
        "total": max(run.total, run.done),
        "note": "",
        "seconds": ((run.finished_at or clock.now()) - run.began_at).total_seconds(),
        "finished": run.finished_at is not None,
        "failed": False,
        "href": reverse("onestop:sync-partner", args=[run.partner.code]),
    }
