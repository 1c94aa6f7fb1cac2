"""Kiểm tra quy trình: everything that is wrong or odd with a route, at once, in words.

`check` looks at the steps alone; `check_time` compares them with time limits; `check_holders` asks who bears the
titles at the agencies concerned. An error forbids publication, a warning does not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from haicap.kernel import formats
from haicap.registry.models import Title
from haicap.systems.onestop.models import CLOSED, LimitUnit, Status, TaskKind, TimeLimit
from haicap.systems.onestop.processing.engine import leads_to
from haicap.systems.onestop.routes.definition import ONWARD, Definition, Outcome, OutcomeKind, Step
from haicap.systems.onestop.transitions import WAITING

HOURS_A_DAY = Decimal(8)
#: agencies without a holder that are named
MOST_NAMED = 5
_LIMIT_DAYS = {
    LimitUnit.WORKING_DAYS: Decimal(1),
    # five working days a week; a month has 22 of them
    LimitUnit.CALENDAR_DAYS: Decimal(5) / Decimal(7),
    LimitUnit.MONTHS: Decimal(22),
}


class Severity(StrEnum):
    """Mức độ: an error forbids publication."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def label(self) -> Promise:
        """What it is called."""
        return _SEVERITIES[self]


_SEVERITIES = {
    Severity.ERROR: gettext_lazy("lỗi"),
    Severity.WARNING: gettext_lazy("cảnh báo"),
    Severity.NOTE: gettext_lazy("lưu ý"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Một điều phát hiện: what is wrong, in words, and at which step ("" for the whole route)."""

    severity: Severity
    code: str
    message: str
    step: str = ""

    def as_dict(self) -> dict[str, str]:
        """JSON-ready values."""
        return {
            "severity": self.severity.value,
            "code": self.code,
            "message": self.message,
            "step": self.step,
        }


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether one of them forbids publication."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def check(definition: Definition, titles: Collection[str] | None = None) -> list[Finding]:
    """All findings on the steps alone; `titles` are the known ones (read from the database where not given)."""
    if not definition.steps:
        return [Finding(Severity.ERROR, "empty", _("Quy trình chưa có bước nào."))]
    known = set(Title.objects.values_list("code", flat=True)) if titles is None else titles
    found = [*_of_steps(definition, known), *_of_targets(definition)]
    reachable = _reachable(definition, definition.steps[0].key)
    found += _unreachable(definition, reachable)
    found += _without_end(definition, reachable)
    found += _onward_loops(definition)
    found += _statuses(definition)
    found += _ending(definition)
    return found


def longest_hours(definition: Definition) -> Decimal:
    """Working hours of the longest way from reception to the end, without turning back.

    Agencies consulted at the same time count once; ways that lead up the list (turning back, coming back from a
    consultation) are not counted again.
    """
    order = {step.key: number for number, step in enumerate(definition.steps)}
    longest: dict[str, Decimal] = {}
    for number, step in reversed(list(enumerate(definition.steps))):
        detour = onward = Decimal(0)
        for each in step.outcomes:
            target = definition.step(each.to)
            if each.kind not in ONWARD or target is None:
                continue
            back = min((order.get(answer.to, 0) for answer in target.outcomes), default=0)
            if target.kind == TaskKind.CONSULT and back <= number:
                detour = max(detour, target.hours)
            elif order[target.key] > number:
                onward = max(onward, longest[target.key])
        longest[step.key] = step.hours + detour + onward
    return longest[definition.steps[0].key] if definition.steps else Decimal(0)


def check_time(definition: Definition, limits: Sequence[TimeLimit]) -> list[Finding]:
    """The sum of hours on the longest way against the shortest time limit of a procedure."""
    hours = longest_hours(definition)
    known = [(allowed, limit) for limit in limits if (allowed := limit_hours(limit)) is not None]
    if not known:
        if not limits:
            return []
        return [
            Finding(
                Severity.NOTE,
                "limit-unknown",
                _("Thời hạn công bố chưa rõ, nên không so được tổng giờ của các bước."),
            )
        ]
    allowed, shortest = min(known, key=lambda each: each[0])
    if hours > allowed:
        words = {
            "hours": formats.decimal(hours, 2),
            "allowed": formats.decimal(allowed, 2),
            "text": shortest.text or shortest.get_unit_display(),
        }
        return [
            Finding(
                Severity.ERROR,
                "too-long",
                _(
                    "Tổng thời gian các bước là %(hours)s giờ làm việc, vượt thời hạn %(allowed)s giờ (%(text)s)."
                )
                % words,
            )
        ]
    return []


def limit_hours(limit: TimeLimit) -> Decimal | None:
    """A published time limit in working hours, about; None where it is not known."""
    unit = LimitUnit(limit.unit)
    if unit == LimitUnit.SAME_DAY:
        return HOURS_A_DAY
    if limit.amount is None or unit == LimitUnit.UNKNOWN:
        return None
    if unit == LimitUnit.WORKING_HOURS:
        return limit.amount
    return limit.amount * _LIMIT_DAYS[unit] * HOURS_A_DAY


# Living agencies of a kind at a level, and for each title asked whether somebody bears it there (or at an organ of the
# same unit that does the committee's work) today.
_HOLDERS_SQL = """
WITH concerned AS (
    SELECT agency.id, agency.unit_id, agency.kind, version.name
    FROM registry_agency agency
    JOIN registry_unit unit ON unit.id = agency.unit_id AND unit.level = %(level)s
    JOIN LATERAL (
        SELECT name, closed FROM registry_agencyversion
        WHERE agency_id = agency.id AND withdrawn_at IS NULL AND begins_on <= %(on)s
        ORDER BY begins_on DESC LIMIT 1
    ) version ON NOT version.closed
    WHERE agency.kind = %(kind)s AND (%(slot)s = '' OR agency.slot = %(slot)s) AND EXISTS (
        SELECT FROM registry_unitversion
        WHERE unit_id = agency.unit_id AND upper_inf(recorded) AND valid @> %(on)s::date
    )
), held AS (
    SELECT DISTINCT holding.agency_id, post.title_id
    FROM registry_appointment appointment
    JOIN registry_post post ON post.id = appointment.post_id AND post.title_id = ANY (%(titles)s)
    JOIN LATERAL (
        SELECT agency_id FROM registry_holding
        WHERE desk_id = post.desk_id AND begins_at <= kernel_clock_now() ORDER BY begins_at DESC LIMIT 1
    ) holding ON holding.agency_id IS NOT NULL
    WHERE upper_inf(appointment.recorded) AND appointment.valid @> %(on)s::date
), borne AS (
    SELECT concerned.id, held.title_id FROM concerned JOIN held ON held.agency_id = concerned.id
    UNION
    SELECT concerned.id, held.title_id FROM concerned
    JOIN registry_agency organ ON organ.unit_id = concerned.unit_id AND organ.kind IN ('van_phong', 'phong', 'tt_pvhcc')
    JOIN held ON held.agency_id = organ.id
    WHERE concerned.kind = 'ubnd'
)
SELECT title, count(*), (SELECT count(*) FROM concerned),
       (array_agg(concerned.name ORDER BY concerned.name))[1:%(most)s]
FROM concerned CROSS JOIN unnest(%(titles)s::text[]) AS title
WHERE NOT EXISTS (SELECT FROM borne WHERE borne.id = concerned.id AND borne.title_id = title)
GROUP BY title ORDER BY title
"""


def check_holders(
    definition: Definition, level: str, on: date, *, kind: str = "ubnd", slot: str = ""
) -> list[Finding]:
    """Titles that nobody bears today at agencies concerned: those of this kind at this level, and those consulted.

    One query for the agencies that decide, one more for each kind of agency that is consulted.
    """
    own = {step.title for step in definition.steps if step.title and step.kind != TaskKind.CONSULT}
    found = _unheld(own, level, kind, slot, on)
    asked: dict[tuple[str, str, str], set[str]] = {}
    for step in definition.steps:
        for agency in step.agencies:
            asked.setdefault((agency.level, agency.kind, agency.slot), set()).add(step.title)
    for (asked_level, asked_kind, asked_slot), titles in asked.items():
        found += _unheld(titles - {""}, asked_level, asked_kind, asked_slot, on)
    return found


def _unheld(titles: Collection[str], level: str, kind: str, slot: str, on: date) -> list[Finding]:
    if not titles:
        return []
    names = dict(Title.objects.filter(code__in=titles).values_list("code", "name"))
    with connection.cursor() as cursor:
        cursor.execute(
            _HOLDERS_SQL,
            {
                "level": level,
                "kind": kind,
                "slot": slot,
                "on": on,
                "titles": sorted(titles),
                "most": MOST_NAMED,
            },
        )
        rows = cursor.fetchall()
    return [
        Finding(
            Severity.WARNING,
            "no-holder",
            _(
                "Chức danh «%(title)s» chưa có người giữ tại %(count)s trong %(all)s cơ quan: %(names)s%(more)s."
            )
            % {
                "title": names.get(title, title),
                "count": formats.integer(count),
                "all": formats.integer(all_of_them),
                "names": ", ".join(some),
                "more": "…" if count > len(some) else "",
            },
        )
        for title, count, all_of_them, some in rows
    ]


def _of_steps(definition: Definition, titles: Collection[str]) -> list[Finding]:
    found: list[Finding] = []
    for step in definition.steps:
        say = _Speaker(step)
        if not step.title:
            found.append(say.error("no-title", _("chưa chọn chức danh")))
        elif step.title not in titles:
            found.append(
                say.error("title-unknown", _("chức danh «%(title)s» không có") % {"title": step.title})
            )
        if not step.outcomes:
            found.append(say.error("dead-end", _("không có cách kết thúc nào: ngõ cụt")))
        if step.hours == 0:
            found.append(say.warning("no-hours", _("chưa có thời gian")))
        if step.kind == TaskKind.CONSULT:
            found += _of_consultation(step, say)
        elif any(each.kind == OutcomeKind.CONSULT and not _asks(definition, each) for each in step.outcomes):
            found.append(
                say.error("consults-nobody", _("cách kết thúc lấy ý kiến phải dẫn đến một bước cho ý kiến"))
            )
    if definition.steps[0].kind == TaskKind.CONSULT:
        found.append(
            _Speaker(definition.steps[0]).error(
                "begins-with-consult", _("quy trình không bắt đầu bằng lấy ý kiến")
            )
        )
    return found


def _of_consultation(step: Step, say: _Speaker) -> list[Finding]:
    found: list[Finding] = []
    if not step.agencies:
        found.append(say.error("nobody-asked", _("chưa chọn cơ quan được lấy ý kiến")))
    if len({(each.kind, each.level, each.slot) for each in step.agencies}) < len(step.agencies):
        found.append(say.error("asked-twice", _("một cơ quan được hỏi hai lần")))
    if len({each.to for each in step.outcomes}) > 1:
        found.append(say.error("ways-apart", _("mọi ý kiến phải dẫn về cùng một bước")))
    if any(each.kind != OutcomeKind.FORWARD for each in step.outcomes):
        found.append(say.error("answers-only", _("bước cho ý kiến chỉ chuyển bước sau")))
    return found


def _asks(definition: Definition, outcome: Outcome) -> bool:
    target = definition.step(outcome.to)
    return target is None or target.kind == TaskKind.CONSULT


def _of_targets(definition: Definition) -> list[Finding]:
    found: list[Finding] = []
    for step in definition.steps:
        for each in step.outcomes:
            target = definition.step(each.to)
            words = {"label": each.label, "to": each.to}
            if each.to and target is None:
                found.append(
                    _Speaker(step).error(
                        "to-unknown", _("«%(label)s» dẫn đến bước «%(to)s» không có") % words
                    )
                )
            elif not each.to and (each.status not in CLOSED or step.kind == TaskKind.CONSULT):
                found.append(
                    _Speaker(step).error(
                        "dead-end", _("«%(label)s» kết thúc mà hồ sơ chưa xong: ngõ cụt") % words
                    )
                )
            elif each.to and each.status in CLOSED:
                found.append(
                    _Speaker(step).error("goes-on", _("«%(label)s» đóng hồ sơ mà còn bước sau") % words)
                )
            elif target is not None and target.kind == TaskKind.CONSULT and each.kind != OutcomeKind.CONSULT:
                found.append(
                    _Speaker(step).error(
                        "not-a-consultation",
                        _("«%(label)s» dẫn đến bước cho ý kiến thì phải là lấy ý kiến") % words,
                    )
                )
            elif each.kind == OutcomeKind.SUPPLEMENT and each.status not in WAITING:
                found.append(
                    _Speaker(step).error(
                        "clock-runs", _("«%(label)s» phải đưa hồ sơ về trạng thái chờ (5, 6 hoặc 8)") % words
                    )
                )
    return found


def _edges(definition: Definition) -> dict[str, list[str]]:
    keys = set(definition.keys)
    return {step.key: [each.to for each in step.outcomes if each.to in keys] for step in definition.steps}


def _reachable(definition: Definition, begin: str) -> set[str]:
    edges, seen, waiting = _edges(definition), {begin}, deque([begin])
    while waiting:
        for to in edges[waiting.popleft()]:
            if to not in seen:
                seen.add(to)
                waiting.append(to)
    return seen


def _unreachable(definition: Definition, reachable: Collection[str]) -> list[Finding]:
    return [
        _Speaker(step).error("unreachable", _("không bước nào dẫn đến bước này"))
        for step in definition.steps
        if step.key not in reachable
    ]


def _without_end(definition: Definition, reachable: Collection[str]) -> list[Finding]:
    """Steps from which no way leads to an end: loops without exit."""
    back: dict[str, set[str]] = {key: set() for key in definition.keys}
    for key, targets in _edges(definition).items():
        for to in targets:
            back[to].add(key)
    ends = {
        step.key
        for step in definition.steps
        if any(not each.to and each.status in CLOSED for each in step.outcomes)
    }
    seen, waiting = set(ends), deque(ends)
    while waiting:
        for key in back[waiting.popleft()] - seen:
            seen.add(key)
            waiting.append(key)
    return [
        _Speaker(step).error(
            "no-exit", _("từ bước này không có đường nào đến kết thúc: vòng lặp không lối ra")
        )
        for step in definition.steps
        if step.key in reachable and step.key not in seen and step.outcomes
    ]


def _onward_loops(definition: Definition) -> list[Finding]:
    """A circle of outcomes that all go forward: not wrong, but a dossier may go round without anybody turning back."""
    forward = {OutcomeKind.FORWARD, OutcomeKind.SIGN, OutcomeKind.STAMP}
    edges = {
        step.key: {each.to for each in step.outcomes if each.kind in forward and each.to}
        for step in definition.steps
        if step.kind != TaskKind.CONSULT
    }
    found: list[Finding] = []
    for step in definition.steps:
        seen: set[str] = set()
        waiting = deque(edges.get(step.key, ()))
        while waiting:
            key = waiting.popleft()
            if key == step.key:
                found.append(
                    _Speaker(step).warning(
                        "circle", _("các cách «chuyển bước sau» quay vòng về chính bước này")
                    )
                )
                break
            if key not in seen:
                seen.add(key)
                waiting.extend(edges.get(key, ()))
    return found


def _statuses(definition: Definition) -> list[Finding]:
    """Outcomes whose status may not follow one that the dossier can stand at there (`onestop.transitions`)."""
    at: dict[str, set[Status]] = {step.key: set() for step in definition.steps}
    first = definition.steps[0].key
    at[first].add(Status.RECEIVED)
    waiting, found, told = deque([(first, Status.RECEIVED)]), [], set()
    while waiting:
        key, status = waiting.popleft()
        step = definition.step(key)
        for each in step.outcomes if step is not None else ():
            if step is None:
                continue
            after = status if step.kind == TaskKind.CONSULT else each.status
            if step.kind == TaskKind.CONSULT and each.status != status and (key, each.key) not in told:
                told.add((key, each.key))
                found.append(
                    _Speaker(step).warning(
                        "status-kept",
                        _("«%(label)s» là ý kiến: trạng thái hồ sơ không đổi") % {"label": each.label},
                    )
                )
            if not leads_to(status, after):
                if (key, each.key) not in told:
                    told.add((key, each.key))
                    words = {"label": each.label, "before": status.label, "after": each.status.label}
                    found.append(
                        _Speaker(step).error(
                            "status",
                            _("«%(label)s»: trạng thái «%(after)s» không thể theo sau «%(before)s»") % words,
                        )
                    )
                continue
            # what waits comes back as being processed
            arrives = Status.PROCESSING if after in WAITING else after
            if each.to in at and arrives not in at[each.to]:
                at[each.to].add(arrives)
                waiting.append((each.to, arrives))
    return found


def _ending(definition: Definition) -> list[Finding]:
    if any(step.kind == TaskKind.RETURN for step in definition.steps):
        return []
    return [Finding(Severity.ERROR, "no-return", _("Quy trình không có bước trả kết quả."))]


@dataclass(frozen=True, slots=True)
class _Speaker:
    """Findings of one step begin with its name."""

    step: Step

    def error(self, code: str, words: str) -> Finding:
        """An error."""
        return Finding(Severity.ERROR, code, self._said(words), self.step.key)

    def warning(self, code: str, words: str) -> Finding:
        """A warning."""
        return Finding(Severity.WARNING, code, self._said(words), self.step.key)

    def _said(self, words: str) -> str:
        return _("Bước «%(name)s»: %(what)s.") % {"name": self.step.name, "what": words}
