"""Personal data: noting who looks at whose, and what people ask about their own (Law 91/2025, NĐ 356/2025)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db import connection

from haicap.access.models import Purpose
from haicap.access.personal_data.subjects import (
    citizen_subject,
    number_subject,
    person_subject,
    record_subject,
    subject_of,
)
from haicap.kernel import clock
from haicap.kernel.actor import Actor

__all__ = [
    "Purpose",
    "citizen_subject",
    "note_reading",
    "number_subject",
    "person_subject",
    "record_subject",
    "subject_of",
]

#: whose, or whose and by which record where a page shows many
Whose = str | tuple[str, uuid.UUID]

_INSERT = """
INSERT INTO access_reading (at, actor_person_id, actor_post_id, actor_label, system, record, purpose, note,
                            correlation_id, subject, record_id)
SELECT %s, %s, %s, %s, %s, %s, %s, %s, %s, subject, record_id
  FROM unnest(%s::text[], %s::uuid[]) AS t (subject, record_id)
"""


def note_reading(
    actor: Actor,
    subjects: Whose | Iterable[Whose],
    *,
    system: str,
    purpose: Purpose,
    record: str = "",
    record_id: uuid.UUID | None = None,
    text: str = "",
    correlation_id: uuid.UUID | None = None,
) -> int:
    """Ghi lượt xem dữ liệu cá nhân: one INSERT for however many people a page shows; how many were noted.

    `subjects` are made by `person_subject`, `citizen_subject`, `number_subject` or `record_subject`; in a
    list each may bring its own record id: `(person_subject(one.id), one.id)`. A look at one's own data is not
    noted. Call it where the data are shown, after the permission was checked, `text` in the viewer's words.
    """
    own = {person_subject(actor.person_id)} if actor.person_id is not None else set()
    one = isinstance(subjects, str) or (
        isinstance(subjects, tuple) and len(subjects) == 2 and isinstance(subjects[1], uuid.UUID)
    )
    given: Iterable[Whose] = [subjects] if one else subjects  # type: ignore[assignment,list-item]
    pairs = [(each, record_id) if isinstance(each, str) else each for each in given]
    rows = list(dict.fromkeys(pair for pair in pairs if pair[0] not in own))
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                clock.now(),
                actor.person_id,
                actor.post_id,
                actor.label[:200],
                system[:40],
                record[:60],
                Purpose(purpose).value,
                text[:300],
                correlation_id,
                [subject[:100] for subject, _id in rows],
                [each_id for _subject, each_id in rows],
            ],
        )
    return len(rows)
