"""Danh sách việc: open tasks by due time, read from an index in their order.

Three circles: what asks my title (or was given to me), what lies at my agencies, and what other agencies ask us. Each
is a handful of ranges of an index (desk × title), of which only the first rows are read: what a page costs grows with
the desks of an agency, never with what lies on them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.text import clean, fold
from haicap.systems.onestop import deadlines, policy
from haicap.systems.onestop.errors import BadFilter
from haicap.systems.onestop.filters import PAGE_ROWS, Mark, Urgency
from haicap.systems.onestop.models import DossierTask, TaskKind
from haicap.systems.onestop.models.queryset import DEPUTIES, HERITAGE_SQL, reach_of
from haicap.systems.onestop.queries import SOON

_SQL = tuple[str, list[Any]]
#: urgencies that a task may have: without a due time its dossier's clock stands still
URGENCIES = (Urgency.OVERDUE, Urgency.TODAY, Urgency.SOON, Urgency.LATER, Urgency.WAITING)


class Circle(StrEnum):
    """Phạm vi: whose tasks."""

    MINE = "cua-toi"
    AGENCY = "co-quan"
    ASKED = "hoi-y-kien"

    @property
    def label(self) -> Promise:
        """What it is called on its tab."""
        return CIRCLE_WORDS[self]


CIRCLE_WORDS: dict[Circle, Promise] = {
    Circle.MINE: gettext_lazy("Việc của tôi"),
    Circle.AGENCY: gettext_lazy("Việc của cơ quan"),
    Circle.ASKED: gettext_lazy("Được hỏi ý kiến"),
}


class Taken(StrEnum):
    """Ai nhận: taken by nobody yet, by me, by somebody else."""

    NOBODY = "chua"
    ME = "toi"
    OTHERS = "nguoi-khac"


TAKEN_WORDS: dict[Taken, Promise] = {
    Taken.NOBODY: gettext_lazy("Chưa ai nhận"),
    Taken.ME: gettext_lazy("Tôi đã nhận"),
    Taken.OTHERS: gettext_lazy("Người khác đã nhận"),
}


@dataclass(frozen=True, slots=True)
class TaskFilters:
    """Điều kiện lọc of the list of tasks; empty ones do not filter."""

    circle: Circle = Circle.MINE
    urgency: Urgency | None = None
    taken: Taken | None = None
    kind: TaskKind | None = None
    field: str = ""
    text: str = ""
    after: Mark | None = None

    @classmethod
    def read(cls, query: Mapping[str, str]) -> TaskFilters:
        """Filters from the words of an address line; raises BadFilter naming the word it cannot read."""
        urgency = _word(Urgency, query, "gap")
        if urgency is not None and urgency not in URGENCIES:
            raise _unknown("gap", urgency)
        return cls(
            circle=_word(Circle, query, "pham-vi") or Circle.MINE,
            urgency=urgency,
            taken=_word(Taken, query, "nhan"),
            kind=_word(TaskKind, query, "loai"),
            field=clean(query.get("linh-vuc", ""))[:40],
            text=clean(query.get("tim", ""))[:100],
            after=Mark.decode(query["sau"]) if query.get("sau") else None,
        )

    def as_query(self, **changed: object) -> str:
        """The words of an address line for these filters with some changed; the page starts anew."""
        other = replace(self, **({"after": None} | changed))  # type: ignore[arg-type]
        words = {
            "pham-vi": other.circle.value if other.circle is not Circle.MINE else "",
            "gap": other.urgency.value if other.urgency is not None else "",
            "nhan": other.taken.value if other.taken is not None else "",
            "loai": other.kind.value if other.kind is not None else "",
            "linh-vuc": other.field,
            "tim": other.text,
            "sau": other.after.encode() if other.after is not None else "",
        }
        return urlencode({name: value for name, value in words.items() if value})

    @property
    def narrowed(self) -> bool:
        """Whether anything is filtered away."""
        return bool(self.urgency or self.taken or self.kind or self.field or self.text)


@dataclass(frozen=True, slots=True)
class TaskRow:
    """Một việc: the task with its dossier, how it stands to its due time, whether its dossier may be opened."""

    task: DossierTask
    urgency: Urgency
    opens: bool
    mine: bool
    doable: bool


@dataclass(frozen=True, slots=True)
class TaskPage:
    """Một trang việc: at most 50 rows; `after` goes on from the last one, None at the end."""

    rows: tuple[TaskRow, ...]
    after: Mark | None


@dataclass(frozen=True, slots=True)
class Reach:
    """How far an actor's tasks reach now; made once a request by `reach`."""

    actor: Actor
    held: list[uuid.UUID] = field(default_factory=list)
    served: list[uuid.UUID] = field(default_factory=list)
    title: str = ""

    @property
    def desks(self) -> list[uuid.UUID]:
        """The desks whose tasks of every title may be listed: who hands out tasks does so for the committee too."""
        return self.served if self.actor.may(policy.ASSIGN) else self.held


def reach(actor: Actor) -> Reach:
    """How far the actor's tasks reach. One query. Raises ListNotAllowed for who works for no agency."""
    policy.check_list(actor)
    return Reach(actor, *reach_of(actor))


def page(mine: Reach, filters: TaskFilters, rows: int = PAGE_ROWS) -> TaskPage:
    """A page of open tasks, the earliest due first, those without a due time last. Two or three queries."""
    now = clock.now()
    ids = _first(mine, filters, rows + 1, now)
    found = {
        task.id: task
        for task in DossierTask.objects.filter(id__in=ids)
        .select_related("dossier", "title", "taken_by")
        .order_by()
    }
    # a task that was completed between the two queries is simply not there any more
    listed = [found[one] for one in ids if one in found]
    shown = listed[:rows]
    after = Mark(shown[-1].due_at, shown[-1].id) if len(ids) > rows and shown else None
    return TaskPage(tuple(row_of(mine, task, now) for task in shown), after)


def row_of(mine: Reach, task: DossierTask, now: datetime) -> TaskRow:
    """A task as the actor sees it."""
    actor = mine.actor
    titled = task.title_id == mine.title and task.lies_on_id in mine.served
    given = task.taken_by_id is not None and task.taken_by_id == actor.person_id
    at_counter = task.kind == TaskKind.RETURN and task.title_id == mine.title and bool(actor.agency_ids)
    opens = actor.sees_all or task.dossier.desk_id in mine.held or titled or given or at_counter
    return TaskRow(task, urgency_of(task, now), opens, given, titled or given or at_counter)


def counts(mine: Reach) -> dict[Circle, dict[Urgency, int]]:
    """How many open tasks of each circle stand how to their due time. One query."""
    now = clock.now()
    tonight = deadlines.midnight_after(now)
    parts, params = [], [now, tonight, tonight + SOON]
    for circle in Circle:
        arms = _arms(mine, TaskFilters(circle=circle), now, limit=None)
        if arms:
            union = " UNION ALL ".join(sql for sql, _given in arms)
            parts.append(f"SELECT '{circle.value}' AS circle, due_at FROM ({union}) one")
            params += [each for _sql, given in arms for each in given]
    made = {circle: dict.fromkeys(URGENCIES, 0) for circle in Circle}
    if not parts:
        return made
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT circle, CASE WHEN due_at IS NULL THEN 4 WHEN due_at < %s THEN 0 WHEN due_at < %s THEN 1"
            f" WHEN due_at < %s THEN 2 ELSE 3 END, count(*) FROM ({' UNION ALL '.join(parts)}) every GROUP BY 1, 2",
            params,
        )
        for circle, order, many in cursor.fetchall():
            made[Circle(circle)][URGENCIES[order]] = many
    return made


def urgency_of(task: DossierTask, now: datetime) -> Urgency:
    """How an open task stands to its due time."""
    if task.due_at is None:
        return Urgency.WAITING
    if task.due_at < now:
        return Urgency.OVERDUE
    tonight = deadlines.midnight_after(now)
    if task.due_at < tonight:
        return Urgency.TODAY
    return Urgency.SOON if task.due_at < tonight + SOON else Urgency.LATER


def _first(mine: Reach, filters: TaskFilters, rows: int, now: datetime) -> list[uuid.UUID]:
    """The ids of the first tasks after the mark: dated ones, then undated ones."""
    mark = filters.after
    found: list[uuid.UUID] = []
    if (mark is None or mark.value is not None) and filters.urgency is not Urgency.WAITING:
        found = _ids(mine, filters, rows, now, dated=True)
    if len(found) < rows and filters.urgency in (None, Urgency.WAITING):
        rest = replace(filters, after=mark if mark is not None and mark.value is None else None)
        found += _ids(mine, rest, rows - len(found), now, dated=False)
    return found


def _ids(mine: Reach, filters: TaskFilters, rows: int, now: datetime, *, dated: bool) -> list[uuid.UUID]:
    arms = _arms(mine, filters, now, limit=rows, dated=dated)
    if not arms:
        return []
    union = " UNION ALL ".join(f"({sql})" for sql, _given in arms)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM ({union}) every ORDER BY due_at, id LIMIT %s",
            [*(each for _sql, given in arms for each in given), rows],
        )
        return [row[0] for row in cursor.fetchall()]


def _arms(
    mine: Reach, filters: TaskFilters, now: datetime, *, limit: int | None, dated: bool | None = None
) -> list[_SQL]:
    """The ranges of the index that a circle is made of: (id, due_at) of each, at most `limit` from each range.

    No task is in two of them: those given to a deputy ask another title, those of the counter lie elsewhere.
    """
    where, params = _conditions(mine, filters, now, dated)
    actor = mine.actor
    if filters.circle is not Circle.MINE:
        if filters.circle is Circle.ASKED:
            # consultations alone have a desk of their own, and an index by it: there are few of them
            if actor.sees_all:
                return [_one(f"task.desk_id IS NOT NULL AND {where}", params, limit)]
            return [_one(f"task.desk_id = ANY (%s::uuid[]) AND {where}", [mine.desks, *params], limit)]
        if actor.sees_all:
            return [_one(where, params, limit)]
        return [_ranges(mine.desks, None, where, params, limit)] if mine.desks else []
    if not mine.title or not actor.agency_ids:
        return []
    arms = [_ranges(mine.served, [mine.title], where, params, limit)] if mine.served else []
    heads = [head for head, deputy in DEPUTIES.items() if deputy == mine.title]
    if heads and actor.person_id is not None:
        given = "task.taken_by_id = %s AND task.title_id = ANY (%s) AND task.lies_on_id = ANY (%s::uuid[])"
        arms.append(_one(f"{given} AND {where}", [actor.person_id, heads, mine.served, *params], limit))
    counter, bound = _one(
        "task.received_by_id = heir.agency_id AND task.kind = 'return' AND task.title_id = %s"
        f" AND NOT task.lies_on_id = ANY (%s::uuid[]) AND {where}",
        [mine.title, mine.served, *params],
        limit,
    )
    sql = f"SELECT found.id, found.due_at FROM ({HERITAGE_SQL}) heir CROSS JOIN LATERAL ({counter}) found"
    arms.append((sql, [list(actor.agency_ids), *bound]))
    return arms


def _ranges(
    desks: Sequence[uuid.UUID], titles: Sequence[str] | None, where: str, params: list[Any], limit: int | None
) -> _SQL:
    """Each desk and title gives its own first rows by `onestop_task_worklist`."""
    asked = "unnest(%s::text[]) AS asked (code)" if titles is not None else "registry_title AS asked"
    inner, given = _one(
        f"task.lies_on_id = lying.desk_id AND task.title_id = asked.code AND {where}", params, limit
    )
    sql = (
        f"SELECT found.id, found.due_at FROM unnest(%s::uuid[]) AS lying (desk_id) CROSS JOIN {asked}"
        f" CROSS JOIN LATERAL ({inner}) found"
    )
    return sql, [list(desks), *([list(titles)] if titles is not None else []), *given]


def _one(where: str, params: list[Any], limit: int | None) -> _SQL:
    sql = (
        "SELECT task.id, task.due_at FROM onestop_dossiertask task"
        " {join} WHERE task.closed_at IS NULL AND {where}"
    ).format(
        join="JOIN onestop_dossier dossier ON dossier.id = task.dossier_id" if "dossier." in where else "",
        where=where,
    )
    if limit is None:
        return sql, params
    return f"{sql} ORDER BY task.due_at, task.id LIMIT %s", [*params, limit]


def _conditions(
    mine: Reach, filters: TaskFilters, now: datetime, dated: bool | None
) -> tuple[str, list[Any]]:
    parts: list[str] = ["true"]
    params: list[Any] = []

    def add(sql: str, *given: Any) -> None:
        parts.append(sql)
        params.extend(given)

    if dated is not None:
        add(f"task.due_at IS {'NOT ' if dated else ''}NULL")
    mark = filters.after
    if mark is not None and mark.value is not None:
        add(
            "task.due_at >= %s AND (task.due_at > %s OR task.id > %s)",
            mark.value,
            mark.value,
            mark.dossier_id,
        )
    elif mark is not None:
        add("task.id > %s", mark.dossier_id)
    tonight = deadlines.midnight_after(now)
    if filters.urgency is Urgency.OVERDUE:
        add("task.due_at < %s", now)
    elif filters.urgency is Urgency.TODAY:
        add("task.due_at >= %s AND task.due_at < %s", now, tonight)
    elif filters.urgency is Urgency.SOON:
        add("task.due_at >= %s AND task.due_at < %s", tonight, tonight + SOON)
    elif filters.urgency is Urgency.LATER:
        add("task.due_at >= %s", tonight + SOON)
    if filters.taken is Taken.NOBODY:
        add("task.taken_by_id IS NULL")
    elif filters.taken is Taken.ME:
        add("task.taken_by_id = %s", mine.actor.person_id)
    elif filters.taken is Taken.OTHERS:
        add("task.taken_by_id IS NOT NULL AND task.taken_by_id IS DISTINCT FROM %s", mine.actor.person_id)
    if filters.kind is not None:
        add("task.kind = %s", filters.kind.value)
    if filters.field:
        add("dossier.field = %s", filters.field)
    if filters.text:
        # who sees a whole province searches from the beginning, as in the list of dossiers
        before = "" if mine.actor.sees_all and filters.circle is not Circle.MINE else "%"
        add(
            "(dossier.code LIKE %s OR dossier.applicant_fold LIKE %s)",
            f"{before}{_literal(filters.text.upper())}%",
            f"{before}{_literal(fold(filters.text))}%",
        )
    return " AND ".join(parts), params


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")


def _word(kind: type[Any], query: Mapping[str, str], name: str) -> Any:
    value = query.get(name, "")
    if not value:
        return None
    try:
        return kind(value)
    except ValueError:
        raise _unknown(name, value) from None


def _unknown(name: str, value: str) -> BadFilter:
    return BadFilter(
        _("Không có cách lọc «%(value)s».") % {"value": value[:40]},
        where=name,
        todo=_("Hãy chọn lại trong danh sách."),
    )
