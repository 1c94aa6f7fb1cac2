"""Ma trận quyền: which title may do what, as the release has it; everybody who is signed in may read it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.apps import apps
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from haicap.access.titles import AGENCY, ALL, RULES, UNIT, Rule
from haicap.kernel.contract import Permission, permissions
from haicap.registry.establishment.templates import TITLES
from haicap.registry.models import AgencyKind

REACHES: dict[str, str | Promise] = {
    AGENCY: gettext_lazy("cơ quan mình"),
    UNIT: gettext_lazy("cả đơn vị"),
    ALL: gettext_lazy("toàn tỉnh"),
}
LEVELS: dict[str, str | Promise] = {
    "commune": gettext_lazy("Cấp xã"),
    "province": gettext_lazy("Cấp tỉnh"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A title of the table: its name, where it counts, how far it reaches."""

    name: str
    where: str
    reach: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class Line:
    """A permission and which columns hold it."""

    permission: Permission
    marks: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The permissions of one app."""

    name: str
    lines: tuple[Line, ...]


def columns(level: str = "") -> list[Column]:
    """The titles, of one level or all, in the order in which their rows count."""
    names = {code: name for code, name, *_rest in TITLES}
    found = []
    for rule in RULES:
        if level and rule.level not in (level, "*"):
            continue
        kind = str(AgencyKind(rule.kind).label) if rule.kind != "*" else ""
        where = ", ".join(str(part) for part in (LEVELS.get(rule.level, ""), kind) if part)
        name = rule.hat or names.get(rule.title, _("Chức danh khác"))
        found.append(Column(name, where, str(REACHES[rule.reach]), rule))
    return found


def groups(shown: list[Column]) -> list[Group]:
    """Every permission by the app that asks for it, with a mark for each column."""
    by_app: dict[str, list[Line]] = defaultdict(list)
    for code, permission in sorted(permissions().items()):
        marks = tuple(code in column.rule.permissions for column in shown)
        by_app[code.split(".")[0]].append(Line(permission, marks))
    return [Group(_app_name(label), tuple(lines)) for label, lines in by_app.items()]


#: what permissions begin with that is no app's label
AREAS: dict[str, str | Promise] = {
    "calendar": gettext_lazy("Lịch làm việc"),
    "command": gettext_lazy("Điều hành"),
}


def _app_name(label: str) -> str:
    if label in AREAS:
        return str(AREAS[label])
    try:
        return str(apps.get_app_config(label).verbose_name)
    except LookupError:
        return label
