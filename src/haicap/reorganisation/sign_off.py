"""Ký xác nhận: the report of a kept cut-over, signed by who may, frozen as a file from then on."""

from __future__ import annotations

from typing import BinaryIO

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from haicap.kernel import clock, files, journal
from haicap.kernel.actor import Actor
from haicap.kernel.errors import BadInput, Conflict, NotAllowed
from haicap.kernel.text import clean
from haicap.reorganisation import queries, report
from haicap.reorganisation.models import Run, RunKind, RunState, SignOff

PERMISSION = "reorganisation.sign_off"


def may_sign(actor: Actor, run: Run) -> bool:
    """Whether the actor may sign this run's report: a kept cut-over, balanced, not undone, not signed yet."""
    return actor.may(PERMISSION) and _signable(run) and sign_off_of(run) is None


def _signable(run: Run) -> bool:
    return (
        run.kind == RunKind.CUT_OVER
        and run.state == RunState.DONE
        and not run.undone_by.filter(state=RunState.DONE).exists()
    )


def sign_off_of(run: Run) -> SignOff | None:
    """The signature under a run's report, if there is one."""
    return SignOff.objects.filter(run=run).first()


def sign_off(actor: Actor, run: Run, *, number: str = "", typed_key: str = "") -> SignOff:
    """Ký xác nhận: make the report with the signer's name, store it by its digest, and keep who signed when.

    Raises NotAllowed REO-403, BadInput REO-080 (another key typed), Conflict REO-090 (signed already), REO-091
    (not a kept cut-over, undone, or not balanced).
    """
    if not actor.may(PERMISSION):
        raise NotAllowed(
            _("Bạn không có quyền ký xác nhận bảng đối soát."),
            code="REO-403",
            todo=_("Chủ tịch hoặc Phó Chủ tịch Ủy ban nhân dân tỉnh ký."),
        )
    if typed_key.strip() != run.plan.key:
        raise BadInput(
            _("Khóa gõ vào không đúng khóa của kế hoạch."),
            code="REO-080",
            kept=_("Chưa ký."),
            todo=_("Gõ đúng: %(key)s") % {"key": run.plan.key},
        )
    if not _signable(run) or not all(row.balanced for row in queries.ledger_rows(run)):
        raise Conflict(
            _("Chỉ ký được bảng đối soát cân của lần chuyển đổi đang có hiệu lực."), code="REO-091"
        )
    signature = report.Signature(actor.label, _title_lines(actor), clock.now(), clean(number)[:60])
    content = report.render(run, signature)
    try:
        with (
            transaction.atomic(),
            journal.act(actor, "reorganisation.sign_off", reason=signature.number) as act,
        ):
            stored = files.put(content, "application/pdf", f"doi-soat-{run.pk}.pdf")
            signed = SignOff.objects.create(
                run=run,
                person=actor.label,
                person_id=actor.person_id,
                title=actor.title,
                signed_at=signature.signed_at,
                number=signature.number,
                digest=stored.digest,
                size_bytes=stored.size_bytes,
            )
            act.changed(
                "reorganisation.sign_off", signed.pk, None, {"run": str(run.pk), "digest": stored.digest}
            )
    except IntegrityError as error:
        if "reorganisation_signoff" not in str(error):
            raise
        raise Conflict(
            _("Bảng đối soát này đã được ký."), code="REO-090", kept=_("Báo cáo đã ký giữ nguyên.")
        ) from None
    return signed


def _title_lines(actor: Actor) -> tuple[str, ...]:
    """The title as it stands under a report: a deputy signs for the chairman."""
    title = actor.title.split(",")[0].strip() or _("Người ký")
    if title.lower().startswith("phó "):
        head = title[4:]
        return f"KT. {head}", title
    return "TM. Ủy ban nhân dân", title


def signed_file(signed: SignOff) -> BinaryIO:
    """The signed report as it was signed; its bytes are checked against the digest. Raises KRN-113, KRN-114."""
    return files.open(signed.digest)
