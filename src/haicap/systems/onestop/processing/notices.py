"""Báo tin cho người nộp: an e-mail at every turn that matters to them, where an address is known; in plain words.

A job follows the history of dossiers and promises letters through the outbox under the step's own id: a step is told
once, however often the job looks at it. Letters name the dossier by its code and say nothing about the person.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.utils import translation

from haicap.kernel import clock, outbox
from haicap.kernel.formats import date as day_text
from haicap.kernel.formats import date_time
from haicap.systems.onestop import catalogue
from haicap.systems.onestop.models import DossierLetter, DossierStep, JobMark, LetterForm, Status
from haicap.systems.onestop.papers.service import tracking_address

TOPIC = "onestop.tell_applicant"
MARK = "applicants-told"
#: looked at again, for steps whose transaction ended later than they began
OVERLAP = timedelta(minutes=15)
BATCH = 500
MOST_BATCHES = 40
#: statuses that an applicant is told of; the words stand in `_WORDS`
TOLD = (
    Status.RECEIVED,
    Status.SUPPLEMENT,
    Status.PAYMENT,
    Status.REFUSED,
    Status.STOPPED,
    Status.PROCESSED,
    Status.RETURNED,
    Status.WITHDRAWN,
)

_STEPS = """
    SELECT step.id FROM onestop_dossierstep step
    JOIN onestop_dossierdetail detail ON detail.dossier_id = step.dossier_id AND detail.email <> ''
    WHERE step.id > %(after)s AND step.status = ANY (%(told)s)
      AND step.action IN ('receive', 'advance', 'return_result')
    ORDER BY step.id LIMIT %(batch)s
"""
_LETTERS = """
    SELECT letter.id FROM onestop_dossierletter letter
    JOIN onestop_dossierdetail detail ON detail.dossier_id = letter.dossier_id AND detail.email <> ''
    WHERE letter.id > %(after)s AND letter.form = 4 ORDER BY letter.id LIMIT %(batch)s
"""

# The words are Vietnamese alone: they go to citizens, not to the reader of a screen.
_WORDS: dict[Status, tuple[str, str]] = {
    Status.RECEIVED: ("đã được tiếp nhận", "Cơ quan hẹn trả kết quả: {due}."),
    Status.SUPPLEMENT: (
        "cần bổ sung giấy tờ",
        "Cần bổ sung: {note}\nThời gian chờ bổ sung không tính vào thời hạn giải quyết.",
    ),
    Status.PAYMENT: ("cần nộp phí, lệ phí", "Thời gian chờ nộp không tính vào thời hạn giải quyết."),
    Status.REFUSED: ("không được tiếp nhận", "Lý do: {note}"),
    Status.STOPPED: ("đang tạm dừng giải quyết", "Lý do: {note}"),
    Status.PROCESSED: ("đã có kết quả", "Mời ông/bà đến nhận, hoặc nhận theo cách đã đăng ký."),
    Status.RETURNED: (
        "đã trả kết quả",
        "Cảm ơn ông/bà. Ông/bà có thể đánh giá việc phục vụ ở trang tra cứu.",
    ),
    Status.WITHDRAWN: ("đã được rút", "Cơ quan không giải quyết tiếp hồ sơ này."),
}


def follow() -> int:
    """Promise a letter for every new step and apology; how many were looked at. Idempotent."""
    now = _real_now()
    mark, _made = JobMark.objects.get_or_create(name=MARK, defaults={"at": now})
    begin = _floor(mark.at - OVERLAP)
    looked = _send(_STEPS, "step", begin) + _send(_LETTERS, "letter", begin)
    JobMark.objects.filter(name=MARK).update(at=now)
    return looked


def _send(sql: str, kind: str, after: uuid.UUID) -> int:
    looked = 0
    for _number in range(MOST_BATCHES):
        with connection.cursor() as cursor:
            cursor.execute(sql, {"after": after, "told": [int(one) for one in TOLD], "batch": BATCH})
            found = [row[0] for row in cursor.fetchall()]
        if not found:
            break
        with transaction.atomic():
            outbox.send_many(TOPIC, ((f"{kind}:{one}", {kind: str(one)}) for one in found))
        looked += len(found)
        after = found[-1]
    return looked


def deliver(delivery: outbox.Delivery) -> None:
    """Write the letter now and hand it to the mail server; nothing where the address is gone meanwhile."""
    written = _apology(delivery.payload) if "letter" in delivery.payload else _turn(delivery.payload)
    if written is None:
        return
    to, subject, text = written
    EmailMessage(
        subject,
        text,
        to=[to],
        headers={"Message-ID": f"<{delivery.id}@haicap>", "Auto-Submitted": "auto-generated"},
    ).send()


def _turn(payload: dict[str, Any]) -> tuple[str, str, str] | None:
    step = DossierStep.objects.filter(pk=payload["step"]).select_related("dossier__detail").first()
    if step is None or not step.dossier.detail.email:
        return None
    words, more = _WORDS[Status(step.status)]
    dossier = step.dossier
    due = date_time(dossier.due_at) if dossier.due_at is not None else "theo giấy tiếp nhận"
    with translation.override("vi"):
        more = more.format(due=due, note=step.note or "xem phiếu kèm theo hồ sơ")
        return dossier.detail.email, f"Hồ sơ {dossier.code} {words}", _text(dossier, f"{words}.\n{more}")


def _apology(payload: dict[str, Any]) -> tuple[str, str, str] | None:
    letter = (
        DossierLetter.objects.filter(pk=payload["letter"], form=LetterForm.APOLOGY)
        .select_related("dossier__detail")
        .first()
    )
    if letter is None or letter.new_due_at is None or not letter.dossier.detail.email:
        return None
    with translation.override("vi"):
        day = day_text(letter.new_due_at)
        said = (
            f"chưa giải quyết xong đúng hẹn. Cơ quan xin lỗi ông/bà.\nLý do: {letter.reason}\n"
            f"Cơ quan hẹn trả kết quả chậm nhất ngày {day}."
        )
        return (
            letter.dossier.detail.email,
            f"Xin lỗi và hẹn lại ngày {day}: hồ sơ {letter.dossier.code}",
            _text(letter.dossier, said),
        )


def _text(dossier: Any, said: str) -> str:
    lines = [
        "Kính gửi ông/bà,",
        "",
        f"Hồ sơ {dossier.code} ({catalogue.procedure_name(dossier.procedure_code)}) {said}",
        "",
    ]
    if settings.HAICAP_BASE_URL:
        lines.append(f"Xem tình trạng hồ sơ: {tracking_address(dossier.code)}")
    return "\n".join([*lines, "Thư này gửi tự động, không cần trả lời."])


def _real_now() -> datetime:
    """Ids are made by the machine's clock, whatever the deployment's says."""
    return clock.now() - clock.current_shift()


def _floor(instant: datetime) -> uuid.UUID:
    """Not above any UUIDv7 that was made from this instant on."""
    return uuid.UUID(int=int(instant.timestamp() * 1000) << 80)
