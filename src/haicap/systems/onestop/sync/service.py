"""Use-cases of reconciliation: promise, replay, tell old dossiers, look after what got lost, set partners up."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM, Actor
from haicap.kernel.text import clean
from haicap.systems.onestop.models import (
    DossierPaper,
    DossierSync,
    Partner,
    PartnerKind,
    Result,
    SyncEvent,
    SyncKind,
    SyncRun,
    SyncState,
)
from haicap.systems.onestop.sync import access, secrets
from haicap.systems.onestop.sync.client import Client, Refused, Silent
from haicap.systems.onestop.sync.delivery import DEAD, LOST, OPEN, Outcome, keep
from haicap.systems.onestop.sync.errors import (
    BadPartner,
    NoSuchPartner,
    NothingToReplay,
    RunGoesOn,
)
from haicap.systems.onestop.sync.settings import PartnerSettings, check_endpoint
from haicap.systems.onestop.sync.tickets import TOPIC, give, promise

#: objects of one batch of a run, dossiers of one look for lost tickets
BATCH = 500
SWEPT = 2_000
#: a row that nothing moved for so long has lost its ticket
LOST_AFTER = timedelta(seconds=60)
#: how long after it was told of it a partner may read a file
FILE_LASTS = timedelta(days=90)
#: an acknowledgement is asked for so many times
CHECKS = 5
CHECKED_AT_ONCE = 200

# Open rows that nothing has moved for a while and whose ticket is missing, spent or dead.
_LOST = """
    SELECT DISTINCT ticket.partner_id, ticket.dossier_id, ticket.version, message.state, message.last_error
    FROM onestop_dossiersync sync
    JOIN onestop_partner partner ON partner.id = sync.partner_id AND partner.enabled AND partner.closed_at IS NULL
    JOIN onestop_dossiersync ticket ON ticket.kind = 'dossier' AND ticket.partner_id = sync.partner_id
     AND ticket.dossier_id = sync.dossier_id AND ticket.state <> 'failed'
    LEFT JOIN kernel_outbox message ON message.topic = %(topic)s
     AND message.key = ticket.partner_id || ':' || ticket.dossier_id || ':' || ticket.version
    WHERE sync.state IN ('to_send', 'sent') AND sync.changed_at < %(before)s
      AND (message.id IS NULL OR message.state IN ('done', 'dead', 'given_up'))
    ORDER BY ticket.partner_id, ticket.dossier_id LIMIT %(rows)s
"""
_ENROL = """
    WITH old AS MATERIALIZED (
        SELECT dossier.id FROM onestop_dossier dossier
        WHERE dossier.received_at >= %(since)s AND (%(after)s::uuid IS NULL OR dossier.id > %(after)s)
          AND (%(fields)s = '{}'::text[] OR dossier.field = ANY (%(fields)s))
        ORDER BY dossier.id LIMIT %(rows)s
    ), noted AS (
        INSERT INTO onestop_dossiersync
            (partner_id, dossier_id, kind, state, version, attempts, wanted_at, changed_at)
        SELECT %(partner)s, id, 'dossier', 'to_send', 1, 0, %(now)s, %(now)s FROM old
        ON CONFLICT (partner_id, dossier_id) WHERE kind = 'dossier' DO NOTHING
        RETURNING dossier_id
    )
    SELECT old.id, noted.dossier_id IS NOT NULL FROM old LEFT JOIN noted ON noted.dossier_id = old.id ORDER BY old.id
"""


# --- what got lost


def look_after() -> dict[str, int]:
    """Give tickets to what has none, and say of what cannot be delivered that it failed; how many of each."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_LOST, {"topic": TOPIC, "before": clock.now() - LOST_AFTER, "rows": SWEPT})
            lost = cursor.fetchall()
        dead = [row for row in lost if row[3] in ("dead", "given_up")]
        for partner, dossier, _version, state, error in dead:
            _fail_pair(partner, dossier, error or str(state))
        alive = [row for row in lost if row[3] not in ("dead", "given_up")]
        for partner, dossier, _version, state, _error in alive:
            if state == "done":  # its key is spent
                _next_version(partner, [dossier])
        found = [
            (partner, dossier, version + (state == "done")) for partner, dossier, version, state, _e in alive
        ]
        return {"promised": give(found), "failed": len(dead)}


def _fail_pair(partner_id: uuid.UUID, dossier_id: uuid.UUID, error: str) -> None:
    """The outbox gave this pair up: say so where people look. Only the dossier where it is itself unsent."""
    rows = list(DossierSync.objects.filter(partner_id=partner_id, dossier_id=dossier_id, state__in=OPEN))
    first = [row for row in rows if row.kind == SyncKind.DOSSIER] or rows
    keep([Outcome(row, SyncState.FAILED, DEAD, error, told=False) for row in first])


def _next_version(partner_id: uuid.UUID, dossiers: Collection[uuid.UUID]) -> None:
    DossierSync.objects.filter(
        partner_id=partner_id, dossier_id__in=list(dossiers), kind=SyncKind.DOSSIER
    ).update(version=F("version") + 1)


# --- replay


def replay(actor: Actor, partner: Partner, rows: Collection[uuid.UUID]) -> int:
    """Gửi lại: try these failed objects again, at once; how many. A step goes with its dossier, where that failed.

    Raises SyncNotAllowed (ONE-510), NothingToReplay (ONE-513).
    """
    access.check_see(actor)
    with journal.act(actor, "onestop.replay_sync") as act:
        done = _replay(partner, list(rows)[:BATCH], actor.label)
        if not done:
            raise NothingToReplay(
                _("Không có bản tin lỗi nào trong số được chọn."),
                kept=_("Chưa có gì thay đổi."),
                todo=_("Có thể đã được gửi lại; hãy tải lại trang."),
            )
        act.changed(
            "onestop.dossier_sync", None, {"failed": done}, {"partner": partner.code, "to_send": done}
        )
    return done


def _replay(partner: Partner, rows: Collection[uuid.UUID], actor: str) -> int:
    """Put failed rows back to waiting and give tickets; how many. Inside an act."""
    now = clock.now()
    failed = list(
        DossierSync.objects.select_for_update()
        .filter(partner=partner, state=SyncState.FAILED, id__in=list(rows))
        .order_by("dossier_id", "id")
    )
    pairs = sorted({row.dossier_id for row in failed})
    own = {row.id for row in failed}
    failed += list(
        DossierSync.objects.select_for_update()
        .filter(partner=partner, state=SyncState.FAILED, dossier_id__in=pairs, kind=SyncKind.DOSSIER)
        .exclude(id__in=own)
        .order_by("dossier_id")
    )
    again = {"state": SyncState.TO_SEND, "attempts": 0, "reason": "", "last_error": "", "changed_at": now}
    DossierSync.objects.filter(id__in=[row.id for row in failed]).update(**again)
    DossierSync.objects.filter(id__in=[row.id for row in failed if row.kind == SyncKind.PROGRESS]).update(
        version=F("version") + 1
    )
    _next_version(partner.pk, pairs)
    SyncEvent.objects.bulk_create(
        SyncEvent(sync=row, at=now, state=SyncState.TO_SEND, version=row.version + 1, actor=actor[:200])
        for row in failed
    )
    promise(pairs)
    return len(failed)


def start_replay(actor: Actor, partner: Partner, reason: str = "") -> SyncRun:
    """Gửi lại tất cả: every failed object (of one reason), in batches. Raises also RunGoesOn (ONE-514)."""
    access.check_see(actor)
    failed = DossierSync.objects.filter(partner=partner, state=SyncState.FAILED)
    total = (failed.filter(reason=reason) if reason else failed).count()
    if not total:
        raise NothingToReplay(_("Không có bản tin lỗi nào."), kept=_("Chưa có gì thay đổi."))
    return _start(actor, partner, SyncRun.Kind.REPLAY, total, reason=reason)


def start_enrolment(actor: Actor, partner: Partner, since: datetime) -> SyncRun:
    """Gửi hồ sơ đã có: tell the partner of dossiers received since, which it was never told of.

    Raises SyncNotAllowed (ONE-510), RunGoesOn (ONE-514).
    """
    access.check_manage(actor)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM onestop_dossier WHERE received_at >= %s AND (%s = '{}'::text[] OR field = ANY (%s))",
            [since, partner.fields, partner.fields],
        )
        total = int(cursor.fetchone()[0])
    return _start(actor, partner, SyncRun.Kind.ENROL, total, since=since)


def _start(actor: Actor, partner: Partner, kind: SyncRun.Kind, total: int, **values: Any) -> SyncRun:
    from haicap.systems.onestop.sync.tasks import continue_sync_run

    try:
        with journal.act(actor, f"onestop.start_{kind}") as act:
            run = SyncRun.objects.create(
                partner=partner,
                kind=kind,
                total=total,
                actor=actor.label[:200],
                began_at=clock.now(),
                **values,
            )
            act.changed("onestop.sync_run", run.id, None, {"partner": partner.code, "total": total})
            continue_sync_run.defer(run=str(run.id))
    except IntegrityError as error:
        raise RunGoesOn(
            _("Một đợt gửi lại khác của hệ thống này còn đang chạy."),
            kept=_("Chưa có gì thay đổi."),
            todo=_("Hãy đợi đợt ấy xong; tiến độ ở đầu trang."),
        ) from error
    return run


def continue_run(run_id: uuid.UUID) -> bool:
    """Do one batch of a run; whether there is more. Each batch is a transaction: killed, it goes on where it was."""
    with journal.act(SYSTEM, "onestop.continue_sync_run") as act:
        run = SyncRun.objects.select_for_update().select_related("partner").get(pk=run_id)
        if run.finished_at is not None:
            return False
        seen, more = _enrol_batch(run) if run.kind == SyncRun.Kind.ENROL else _replay_batch(run)
        run.done += seen
        if not more:
            run.finished_at = clock.now()
        run.save(update_fields=["done", "after", "finished_at"])
        act.changed("onestop.sync_run", run.id, {"done": run.done - seen}, {"done": run.done})
    return more


def _replay_batch(run: SyncRun) -> tuple[int, bool]:
    failed = DossierSync.objects.filter(
        partner=run.partner, state=SyncState.FAILED, changed_at__lte=run.began_at
    )
    if run.reason:
        failed = failed.filter(reason=run.reason)
    ids = list(failed.order_by("wanted_at", "id").values_list("id", flat=True)[:BATCH])
    return _replay(run.partner, ids, run.actor), len(ids) == BATCH


def _enrol_batch(run: SyncRun) -> tuple[int, bool]:
    with connection.cursor() as cursor:
        cursor.execute(
            _ENROL,
            {
                "since": run.since,
                "after": run.after,
                "fields": run.partner.fields,
                "rows": BATCH,
                "partner": run.partner_id,
                "now": clock.now(),
            },
        )
        rows = cursor.fetchall()
    if rows:
        run.after = rows[-1][0]
    promise([dossier for dossier, noted in rows if noted])
    return len(rows), len(rows) == BATCH


# --- acknowledgements of partners that must be asked


def ask_for_acknowledgements() -> dict[str, int]:
    """Ask partners with a `check_service` for what they have received; how many were found and how many not."""
    found = {"acknowledged": 0, "missing": 0}
    for partner in Partner.objects.filter(kind=PartnerKind.NATIONAL, enabled=True, closed_at__isnull=True):
        try:
            client = Client(partner)
            if client.settings.check_service:
                _ask(client, found)
        except Silent:
            continue
    return found


def _ask(client: Client, found: dict[str, int]) -> None:
    rows = (
        DossierSync.objects.filter(
            partner=client.partner,
            state=SyncState.RECEIVED,
            changed_at__lt=clock.now() - timedelta(seconds=5),
        )
        .select_related("dossier", "step")
        .order_by("wanted_at", "id")[:CHECKED_AT_ONCE]
    )
    for row in rows:
        content: dict[str, Any] = {"MaHoSo": row.dossier.code}
        if row.step is not None:
            content["ThoiDiemXuLy"] = client.settings.moment(row.step.at)
        try:
            client.call(client.settings.check_service, content)
        except Refused as refused:
            found["missing"] += 1
            with transaction.atomic():
                _missing(row, str(refused.message))
            continue
        found["acknowledged"] += 1
        with transaction.atomic():
            keep([Outcome(row, SyncState.ACKNOWLEDGED, digest=row.digest, told=False)])


def _missing(row: DossierSync, message: str) -> None:
    """The partner does not have what it said it had received: told again, a few times, then a person is asked."""
    if row.attempts >= CHECKS:
        keep([Outcome(row, SyncState.FAILED, LOST, message, told=False)])
        return
    keep([Outcome(row, SyncState.TO_SEND, "", message, told=False)])
    if row.kind == SyncKind.PROGRESS:
        DossierSync.objects.filter(pk=row.pk).update(version=F("version") + 1)
    _next_version(row.partner_id, [row.dossier_id])
    promise([row.dossier_id])


# --- partners


@dataclass(frozen=True, slots=True)
class PartnerForm:
    """Khai báo hệ thống ngoài; `password` None leaves the one that is kept."""

    code: str
    name: str
    endpoint: str
    kind: str = PartnerKind.NATIONAL
    username: str = ""
    password: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    enabled: bool = False


def save_partner(actor: Actor, form: PartnerForm, partner: Partner | None = None) -> Partner:
    """Khai báo hoặc sửa một hệ thống ngoài. The journal has no secret. Raises SyncNotAllowed, BadPartner (ONE-512)."""
    access.check_manage(actor)
    values = _values(form)
    before = _told(partner) if partner else None
    try:
        with journal.act(actor, "onestop.save_partner") as act:
            if partner is None:
                partner = Partner(code=form.code)
            for name, value in values.items():
                setattr(partner, name, value)
            changed_password = form.password is not None
            if form.password is not None:
                partner.password = secrets.sealed(form.password)
            partner.save()
            act.changed(
                "onestop.partner",
                partner.id,
                before,
                {**_told(partner), "password_changed": changed_password},
            )
    except IntegrityError as error:
        raise _bad("code", _("Mã này đã dùng cho hệ thống khác.")) from error
    return partner


def switch_partner(actor: Actor, partner: Partner, *, enabled: bool) -> None:
    """Bật, tắt: switched off nothing goes out, and everything goes on being noted. Raises SyncNotAllowed."""
    access.check_manage(actor)
    with journal.act(actor, "onestop.switch_partner") as act:
        before = {"enabled": partner.enabled}
        partner.enabled = enabled
        partner.save(update_fields=["enabled"])
        act.changed("onestop.partner", partner.id, before, {"enabled": enabled})


def close_partner(actor: Actor, partner: Partner) -> None:
    """Đóng: nothing is noted for it any more; its history stays. Raises SyncNotAllowed."""
    access.check_manage(actor)
    with journal.act(actor, "onestop.close_partner") as act:
        partner.enabled, partner.closed_at = False, clock.now()
        partner.save(update_fields=["enabled", "closed_at"])
        act.changed("onestop.partner", partner.id, {"closed_at": None}, {"closed_at": partner.closed_at})


def partner_of(actor: Actor, code: str) -> Partner:
    """The partner of this code. Raises SyncNotAllowed (ONE-510), NoSuchPartner (ONE-511)."""
    access.check_see(actor)
    found = Partner.objects.filter(code=code, closed_at__isnull=True).first()
    if found is None:
        raise NoSuchPartner(_("Không có hệ thống ngoài này."), todo=_("Hãy chọn từ danh sách."))
    return found


def try_partner(actor: Actor, partner: Partner) -> None:
    """Thử đăng nhập: whether it lets us in with what is set. Raises SyncNotAllowed, Silent, Refused."""
    access.check_see(actor)
    Client(partner).sign_in_anew()


def read_told_file(partner_id: uuid.UUID, digest: str) -> bool:
    """Whether this partner may read this file: it was told of a dossier that holds it, not long ago.

    That it did is noted in the journal: the file is somebody's.
    """
    told = DossierSync.objects.filter(
        partner_id=partner_id,
        partner__closed_at__isnull=True,
        partner__enabled=True,
        kind=SyncKind.DOSSIER,
        changed_at__gte=clock.now() - FILE_LASTS,
    ).exclude(state=SyncState.VOID)
    papers = DossierPaper.objects.filter(file_id=digest).values("dossier_id")
    results = Result.objects.filter(file_id=digest, revoked_at__isnull=True, dossier__isnull=False)
    row = (
        told.filter(dossier_id__in=papers).select_related("partner").first()
        or told.filter(dossier_id__in=results.values("dossier_id")).select_related("partner").first()
    )
    if row is None:
        return False
    reader = Actor(label=_("hệ thống ngoài %(name)s") % {"name": row.partner.name})
    journal.note(
        reader,
        "onestop.read_told_file",
        record="onestop.dossier",
        record_id=row.dossier_id,
        after={"file": digest},
    )
    return True


def default_settings() -> dict[str, Any]:
    """Every setting with its default, JSON-ready, for who sets a partner up."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(PartnerSettings()).items()
    }


def _values(form: PartnerForm) -> dict[str, Any]:
    name, code = clean(form.name), form.code.strip()
    if not 0 < len(name) <= 200:
        raise _bad("name", _("Hãy đặt tên (tối đa 200 ký tự)."))
    if (
        not code
        or len(code) > 40
        or not code.replace("-", "").replace("_", "").isalnum()
        or not code.isascii()
    ):
        raise _bad("code", _("Mã gồm chữ không dấu, chữ số, gạch nối; tối đa 40 ký tự."))
    if form.kind not in PartnerKind.values:
        raise _bad("kind", _("Không có loại này."))
    if len(form.username) > 100:
        raise _bad("username", _("Tên đăng nhập dài quá 100 ký tự."))
    return {
        "code": code,
        "name": name,
        "kind": form.kind,
        "endpoint": check_endpoint(form.endpoint),
        "username": form.username.strip(),
        "settings": PartnerSettings.read(form.settings).as_json(),
        "fields": [one for one in (clean(each)[:40] for each in form.fields) if one],
        "enabled": form.enabled,
    }


def _told(partner: Partner) -> dict[str, Any]:
    """What the journal keeps of a partner: never the password."""
    return {
        "code": partner.code,
        "name": partner.name,
        "endpoint": partner.endpoint,
        "username": partner.username,
        "settings": partner.settings,
        "fields": partner.fields,
        "enabled": partner.enabled,
    }


def _bad(where: str, message: str) -> BadPartner:
    return BadPartner(
        message, where=where, kept=_("Thiết lập cũ vẫn được dùng."), todo=_("Hãy sửa lại mục này rồi lưu.")
    )
