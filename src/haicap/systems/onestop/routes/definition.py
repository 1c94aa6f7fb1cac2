"""A route as values: steps with a title, hours and outcomes; read from and written to JSON, strictly.

Reading checks types, lengths and names and says where something is wrong; whether the steps make sense together is
the business of `validation`. A draft may therefore be kept half done.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from haicap.kernel.text import clean
from haicap.registry.models import AgencyKind, Level
from haicap.systems.onestop.models import Status, TaskKind
from haicap.systems.onestop.routes.errors import BadDefinition

MOST_STEPS = 60
MOST_OUTCOMES = 12
MOST_AGENCIES = 20
KEY_LENGTH = 40
NAME_LENGTH = 200
LABEL_LENGTH = 100
SLOT_LENGTH = 100
TITLE_LENGTH = 30
#: a step lasts at most a year of working hours, in quarters of an hour
MOST_HOURS = Decimal(2000)
QUARTER = Decimal("0.25")

_KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class OutcomeKind(StrEnum):
    """Cách kết thúc một bước: what the one who had the step decided."""

    FORWARD = "forward"
    BACK = "back"
    SUPPLEMENT = "supplement"
    CONSULT = "consult"
    REFUSE = "refuse"
    SIGN = "sign"
    STAMP = "stamp"
    RETURN = "return"

    @property
    def label(self) -> Promise:
        """What it is called on pages."""
        return OUTCOME_WORDS[self]


OUTCOME_WORDS: dict[OutcomeKind, Promise] = {
    OutcomeKind.FORWARD: gettext_lazy("Chuyển bước sau"),
    OutcomeKind.BACK: gettext_lazy("Trả lại bước trước"),
    OutcomeKind.SUPPLEMENT: gettext_lazy("Yêu cầu bổ sung"),
    OutcomeKind.CONSULT: gettext_lazy("Lấy ý kiến cơ quan khác"),
    OutcomeKind.REFUSE: gettext_lazy("Từ chối giải quyết"),
    OutcomeKind.SIGN: gettext_lazy("Ký"),
    OutcomeKind.STAMP: gettext_lazy("Đóng dấu, phát hành"),
    OutcomeKind.RETURN: gettext_lazy("Trả kết quả"),
}
#: outcomes that go on; the others turn back or let the applicant wait
ONWARD = frozenset(
    {
        OutcomeKind.FORWARD,
        OutcomeKind.CONSULT,
        OutcomeKind.REFUSE,
        OutcomeKind.SIGN,
        OutcomeKind.STAMP,
        OutcomeKind.RETURN,
    }
)
#: whoever turns a dossier back, asks for more or refuses says why
SAYS_WHY = frozenset({OutcomeKind.BACK, OutcomeKind.SUPPLEMENT, OutcomeKind.REFUSE})


@dataclass(frozen=True, slots=True)
class AskedAgency:
    """Cơ quan được hỏi ý kiến: by kind, level and name of department; never an agency by name (ADR 0014)."""

    kind: str
    level: str
    slot: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Kết quả của bước: `to` is the key of the next step, "" ends; `status` is what the dossier stands at then."""

    kind: OutcomeKind
    label: str
    to: str
    status: Status
    key: str = ""

    @property
    def says_why(self) -> bool:
        """Whether it needs a reason."""
        return self.kind in SAYS_WHY


@dataclass(frozen=True, slots=True)
class Step:
    """Bước: what is done, by whom (`title`), within how many working hours, and how it may end.

    A step of kind `consult` is asked of every one of `agencies` at the same time; when all have answered, the
    route goes on where its outcomes lead.
    """

    key: str
    name: str
    kind: TaskKind
    title: str
    hours: Decimal
    outcomes: tuple[Outcome, ...]
    agencies: tuple[AskedAgency, ...] = ()

    def outcome(self, key: str) -> Outcome | None:
        """The outcome with this key."""
        return next((each for each in self.outcomes if each.key == key), None)


@dataclass(frozen=True, slots=True)
class Definition:
    """Nội dung quy trình: its steps; a dossier begins at the first."""

    steps: tuple[Step, ...] = ()

    def step(self, key: str) -> Step | None:
        """The step with this key."""
        return next((each for each in self.steps if each.key == key), None)

    @property
    def first(self) -> Step | None:
        """Where a dossier begins."""
        return self.steps[0] if self.steps else None

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the steps, in order."""
        return tuple(step.key for step in self.steps)


def parse(value: object) -> Definition:
    """The definition that a JSON value holds. Raises BadDefinition, whose `where` names the first bad place."""
    top = _mapping(value, "", {"steps"})
    rows = _rows(top.get("steps", []), "steps", MOST_STEPS)
    steps = tuple(_step(row, f"steps[{number}]") for number, row in enumerate(rows))
    _once((step.key for step in steps), "steps")
    return Definition(steps)


def dump(definition: Definition) -> dict[str, Any]:
    """The definition as a JSON value; `parse` gives it back."""
    return {"steps": [_dump_step(step) for step in definition.steps]}


def bad(message: str, where: str) -> BadDefinition:
    """The error for a bad place of a definition."""
    return BadDefinition(
        message,
        where=where,
        kept=_("Quy trình vẫn như cũ."),
        todo=_("Hãy sửa chỗ này rồi lưu lại."),
    )


def hours_of(value: object, where: str = "hours") -> Decimal:
    """Working hours in quarters, between 0 and `MOST_HOURS`. Raises BadDefinition."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise bad(_("Số giờ phải là một số."), where)
    try:
        hours = Decimal(str(value).strip().replace(",", "."))
    except InvalidOperation:
        raise bad(_("Số giờ phải là một số."), where) from None
    if not hours.is_finite() or not 0 <= hours <= MOST_HOURS:
        raise bad(_("Số giờ phải từ 0 đến %(most)s.") % {"most": MOST_HOURS}, where)
    if hours % QUARTER:
        raise bad(_("Số giờ tính theo từng 15 phút (0,25 giờ)."), where)
    return hours.quantize(Decimal("0.01"))


def _step(value: object, where: str) -> Step:
    row = _mapping(value, where, {"key", "name", "kind", "title", "hours", "agencies", "outcomes"})
    kind = _one_of(row.get("kind"), TaskKind, f"{where}.kind")
    agencies = _rows(row.get("agencies", []), f"{where}.agencies", MOST_AGENCIES)
    outcomes = _rows(row.get("outcomes", []), f"{where}.outcomes", MOST_OUTCOMES)
    if agencies and kind != TaskKind.CONSULT:
        raise bad(_("Chỉ bước cho ý kiến mới có cơ quan được hỏi."), f"{where}.agencies")
    read = tuple(_outcome(each, f"{where}.outcomes[{number}]") for number, each in enumerate(outcomes))
    _once((each.key for each in read), f"{where}.outcomes")
    return Step(
        key=_key(row.get("key"), f"{where}.key"),
        name=_text(row.get("name"), f"{where}.name", NAME_LENGTH),
        kind=kind,
        title=_text(row.get("title"), f"{where}.title", TITLE_LENGTH, needed=False),
        hours=hours_of(row.get("hours", 0), f"{where}.hours"),
        outcomes=read,
        agencies=tuple(_agency(each, f"{where}.agencies[{n}]") for n, each in enumerate(agencies)),
    )


def _outcome(value: object, where: str) -> Outcome:
    row = _mapping(value, where, {"key", "kind", "label", "to", "status"})
    kind = _one_of(row.get("kind"), OutcomeKind, f"{where}.kind")
    status = row.get("status")
    if isinstance(status, bool) or not isinstance(status, int) or status not in set(Status):
        raise bad(_("Trạng thái phải là mã từ 1 đến 10."), f"{where}.status")
    to = row.get("to", "")
    return Outcome(
        kind=kind,
        label=_text(row.get("label"), f"{where}.label", LABEL_LENGTH),
        to="" if to == "" else _key(to, f"{where}.to"),
        status=Status(status),
        key=_key(row.get("key", kind.value), f"{where}.key"),
    )


def _agency(value: object, where: str) -> AskedAgency:
    row = _mapping(value, where, {"kind", "level", "slot"})
    return AskedAgency(
        kind=str(_one_of(row.get("kind"), AgencyKind, f"{where}.kind").value),
        level=str(_one_of(row.get("level"), Level, f"{where}.level").value),
        slot=_text(row.get("slot", ""), f"{where}.slot", SLOT_LENGTH, needed=False),
    )


def _dump_step(step: Step) -> dict[str, Any]:
    row: dict[str, Any] = {
        "key": step.key,
        "name": step.name,
        "kind": str(step.kind.value),
        "title": step.title,
        "hours": int(step.hours) if step.hours == int(step.hours) else float(step.hours),
        "outcomes": [
            {
                "key": each.key or each.kind.value,
                "kind": each.kind.value,
                "label": each.label,
                "to": each.to,
                "status": int(each.status),
            }
            for each in step.outcomes
        ],
    }
    if step.agencies:
        row["agencies"] = [
            {"kind": each.kind, "level": each.level, "slot": each.slot} for each in step.agencies
        ]
    return row


def _mapping(value: object, where: str, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise bad(_("Chỗ này phải là một đối tượng."), where)
    if unknown := sorted(str(name) for name in value if name not in known):
        raise bad(_("Không hiểu mục «%(name)s».") % {"name": unknown[0][:80]}, where)
    return value


def _rows(value: object, where: str, most: int) -> list[Any]:
    if not isinstance(value, list):
        raise bad(_("Chỗ này phải là một danh sách."), where)
    if len(value) > most:
        raise bad(_("Có quá nhiều mục: nhiều nhất %(most)s.") % {"most": most}, where)
    return value


def _text(value: object, where: str, most: int, *, needed: bool = True) -> str:
    if value is None:
        value = ""
    if not isinstance(value, str):
        raise bad(_("Chỗ này phải là chữ."), where)
    words = clean(value)
    if needed and not words:
        raise bad(_("Chưa được điền."), where)
    if len(words) > most:
        raise bad(_("Dài quá %(limit)s ký tự.") % {"limit": most}, where)
    return words


def _key(value: object, where: str) -> str:
    if not isinstance(value, str) or len(value) > KEY_LENGTH or not _KEY.fullmatch(value):
        raise bad(
            _("Khóa gồm chữ thường không dấu, chữ số và gạch nối, nhiều nhất %(most)s ký tự.")
            % {"most": KEY_LENGTH},
            where,
        )
    return value


def _one_of(value: object, choices: Any, where: str) -> Any:
    try:
        return choices(value)
    except ValueError:
        names = ", ".join(str(each.value) for each in choices)
        raise bad(_("Phải là một trong: %(names)s.") % {"names": names}, where) from None


def _once(keys: Iterable[str], where: str) -> None:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise bad(_("Khóa «%(key)s» có hai lần.") % {"key": key}, where)
        seen.add(key)
