"""Đồng hồ: warns before a step is due, tells the head after it; each rule once a task, in bounded batches.

The rules are data (`data/warnings.csv`): working hours before the due time (below zero: after it), and who is told. A
task whose dossier waits has no due time and is not warned of. Nothing here changes a task: a job that is run twice, or
by two workers at once, warns once (unique in the table).
"""

from __future__ import annotations

import csv
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection
from django.utils import translation
from django.utils.translation import gettext as _

from haicap.access import hats
from haicap.access.models import Account
from haicap.access.sign_in.mail import send_letter
from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM
from haicap.kernel.calendar import service as calendars
from haicap.kernel.formats import date_time
from haicap.kernel.ids import new_id
from haicap.registry.desks import holders_at
from haicap.registry.models import Title
from haicap.systems.onestop.models import DossierTask

BATCH = 500
#: batches in one run: what is left is found by the next
MOST_BATCHES = 20
#: codes named in one letter
MOST_NAMED = 20
RULES = Path(__file__).parent / "data" / "warnings.csv"


@dataclass(frozen=True, slots=True)
class WarningRule:
    """Một mức cảnh báo: so many working hours before the due time (below zero: after it), told to whom."""

    key: str
    hours: Fraction
    to_head: bool

    def until(self, now: datetime) -> datetime:
        """Tasks due by this instant are to be warned of now."""
        return calendars.subtract_working_hours(now, -self.hours) if self.hours else now


@cache
def rules() -> tuple[WarningRule, ...]:
    """The rules of the file."""
    with RULES.open(encoding="utf-8", newline="") as lines:
        return tuple(
            WarningRule(row["rule"], Fraction(row["working_hours"]), row["to"] == "head")
            for row in csv.DictReader(lines)
        )


_WARN = """
    INSERT INTO onestop_taskwarning (id, task_id, rule, at, due_at, to_head)
    SELECT kernel_new_id(), task.id, %(rule)s, %(now)s, task.due_at, %(to_head)s
    FROM onestop_dossiertask task
    WHERE task.closed_at IS NULL AND task.due_at <= %(until)s AND (task.due_at > %(now)s) = %(before)s
      AND NOT EXISTS (
          SELECT 1 FROM onestop_taskwarning given WHERE given.task_id = task.id AND given.rule = %(rule)s
      )
    ORDER BY task.due_at, task.id LIMIT %(batch)s
    ON CONFLICT (task_id, rule) DO NOTHING
    RETURNING task_id
"""


def look_after(*, batch: int = BATCH) -> int:
    """Cảnh báo hạn: one run; how many warnings were given."""
    given = 0
    for _number in range(MOST_BATCHES):
        made = sum(_warn(rule, batch) for rule in rules())
        given += made
        if made == 0:
            break
    return given


def _warn(rule: WarningRule, batch: int) -> int:
    """One batch of one rule, with the letters it promises, in one act."""
    now = clock.now()
    values: dict[str, Any] = {
        "rule": rule.key,
        "now": now,
        "until": rule.until(now),
        "to_head": rule.to_head,
        "before": rule.hours > 0,
        "batch": batch,
    }
    with journal.act(SYSTEM, "onestop.warn_of_deadline", reason=rule.key) as act:
        with connection.cursor() as cursor:
            cursor.execute(_WARN, values)
            warned = [row[0] for row in cursor.fetchall()]
        if warned:
            act.changed("onestop.task_warning", None, None, {"rule": rule.key, "count": len(warned)})
            _write(rule, warned, now)
    return len(warned)


def _write(rule: WarningRule, warned: Iterable[uuid.UUID], now: datetime) -> None:
    """One letter a person, with all that it is about; to the heads of the agency, or to who took the task."""
    tasks = list(
        DossierTask.objects.filter(pk__in=list(warned)).select_related("dossier").order_by("due_at", "id")
    )
    about: dict[uuid.UUID, list[DossierTask]] = defaultdict(list)
    if rule.to_head:
        holders = holders_at({task.lies_on_id for task in tasks if task.lies_on_id}, now)
        heads = _heads({agency for agency in holders.values() if agency is not None})
        for task in tasks:
            for person in heads.get(holders.get(task.lies_on_id) if task.lies_on_id else None, ()):
                about[person].append(task)
    else:
        for task in tasks:
            if task.taken_by_id is not None:
                about[task.taken_by_id].append(task)
    with translation.override("vi"):
        for account in Account.objects.filter(person_id__in=list(about), is_active=True).exclude(email=""):
            if account.person_id is not None:
                send_letter(account, new_id(), *_letter(rule, about[account.person_id]))


def _letter(rule: WarningRule, tasks: list[DossierTask]) -> tuple[str, str]:
    """Subject and text: codes and steps, nothing about applicants."""
    count = {"count": len(tasks)}
    if rule.hours > 0:
        subject = _("Sắp đến hạn: %(count)s việc") % count
        first = _("Các việc sau bạn đã nhận sắp đến hạn:")
    else:
        subject = _("Quá hạn: %(count)s việc ở cơ quan") % count
        first = _("Các việc sau ở cơ quan đã quá hạn bước:")
    lines = [
        f"- {one.dossier.code}: {one.name}, {date_time(one.due_at)}"
        for one in tasks[:MOST_NAMED]
        if one.due_at
    ]
    if len(tasks) > MOST_NAMED:
        lines.append(_("… và %(count)s việc nữa.") % {"count": len(tasks) - MOST_NAMED})
    return subject, "\n".join([first, "", *lines, "", _("Mở «Việc theo quy trình» để xử lý hoặc giao lại.")])


def _heads(agencies: set[uuid.UUID]) -> dict[uuid.UUID | None, list[uuid.UUID]]:
    """Agency → the people who lead it today."""
    if not agencies:
        return {}
    leading = list(Title.objects.filter(leads=True).values_list("code", flat=True))
    found = hats.held(
        "post.title_id = ANY(%(titles)s) AND agency.id = ANY(%(agencies)s)",
        {"titles": leading, "agencies": list(agencies), "limit": 20 * len(agencies)},
        " ORDER BY title.rank LIMIT %(limit)s",
    )
    made: dict[uuid.UUID | None, list[uuid.UUID]] = defaultdict(list)
    for hat in found:
        made[hat.agency_id].append(hat.person_id)
    return made
