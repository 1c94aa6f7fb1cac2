"""Units at a day: one by code or id, many at once, lists, counts; and which code meant which unit when."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

import psycopg
from django.db import connection
from django.utils.translation import gettext as _

from haicap.kernel.formats import date as written
from haicap.registry.errors import BadRequest, NoSuchUnit
from haicap.registry.models import Kind, Level
from haicap.registry.queries.days import require_day

#: How many rows one page may hold.
LARGEST_PAGE = 1000
LARGEST_BATCH = 20_000


@dataclass(frozen=True, slots=True)
class UnitView:
    """Đơn vị hành chính as it is on a day, with its parent and province named at that day.

    `name` has no type word, `title` has. `valid_to` is the first day on which this version no longer holds,
    None while it is open.
    """

    unit_id: uuid.UUID
    level: str
    code: str
    kind: str
    name: str
    parent_id: uuid.UUID | None
    parent_code: str
    parent_kind: str
    parent_name: str
    province_id: uuid.UUID
    province_code: str
    province_kind: str
    province_name: str
    valid_from: date
    valid_to: date | None
    latitude: float | None
    longitude: float | None
    sort_key: bytes

    @property
    def title(self) -> str:
        """Name with its type word, as a sentence begins: "Phường Hải Vân"."""
        return titled(self.kind, self.name)

    @property
    def full_name(self) -> str:
        """Name with those above it: "Phường Hải Vân, Thành phố Đà Nẵng"."""
        names = [self.title]
        if self.parent_id and self.parent_id != self.province_id:
            names.append(titled(self.parent_kind, self.parent_name))
        if self.province_id != self.unit_id:
            names.append(titled(self.province_kind, self.province_name))
        return ", ".join(names)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "id": str(self.unit_id),
            "code": self.code,
            "name": self.name,
            "kind": self.kind,
            "level": self.level,
            "title": self.title,
            "parent_code": self.parent_code or None,
            "parent_name": self.parent_name or None,
            "province_code": self.province_code,
            "province_name": self.province_name,
            "valid_from": self.valid_from.isoformat(),
            "valid_to": self.valid_to.isoformat() if self.valid_to else None,
            "latitude": self.latitude,
            "longitude": self.longitude,
        }


def titled(kind: str, name: str) -> str:
    """A name with the word of its kind in front, as a sentence begins; empty for no name."""
    if not name:
        return ""
    word = str(Kind(kind).label)
    return f"{word[0].upper()}{word[1:]} {name}"


# Parents and provinces are joined as of the same day, by the index registry_unit_as_of.
_AS_OF = """
LATERAL (
    SELECT code, kind, name FROM registry_unitversion
     WHERE unit_id = {key} AND upper_inf(recorded) AND lower(valid) <= {day}
     ORDER BY lower(valid) DESC LIMIT 1
)
"""
_VIEW = f"""
SELECT version.unit_id, version.level, version.code, version.kind, version.name,
       version.parent_id, coalesce(parent.code, ''), coalesce(parent.kind, ''), coalesce(parent.name, ''),
       version.province_id, coalesce(province.code, ''), coalesce(province.kind, ''),
       coalesce(province.name, ''),
       lower(version.valid), upper(version.valid), version.latitude, version.longitude, version.sort_key
  FROM registry_unitversion AS version
  LEFT JOIN {_AS_OF.format(key="version.parent_id", day="%(day)s")} AS parent ON true
  LEFT JOIN {_AS_OF.format(key="version.province_id", day="%(day)s")} AS province ON true
 WHERE upper_inf(version.recorded) AND lower(version.valid) <= %(day)s
   AND (upper(version.valid) IS NULL OR upper(version.valid) > %(day)s)
"""


def _view(row: Sequence[Any]) -> UnitView:
    return UnitView(*(*row[:17], bytes(row[17])))


def _views(sql: str, params: dict[str, Any]) -> list[UnitView]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [_view(row) for row in cursor.fetchall()]


def unit_by_code(code: str, day: date) -> UnitView:
    """The unit that bears `code` on `day`.

    Raises NoSuchUnit (REG-002) with the days on which the code was borne, BeforeBase (REG-001).
    """
    found = _views(f"{_VIEW} AND version.code = %(code)s", {"code": code, "day": day})
    if found:
        return found[0]
    require_day(day)
    bearers = bearers_of_code(code)
    raise NoSuchUnit(
        _("Không có đơn vị nào mang mã %(code)s vào ngày %(day)s.")
        % {"code": code[:20], "day": written(day)},
        todo=_("Mã này đã thuộc: %(bearers)s.")
        % {"bearers": "; ".join(bearer.sentence for bearer in bearers[:5])}
        if bearers
        else _("Kiểm tra lại mã, hoặc tìm theo tên."),
        details={"code": code[:20], "at": day.isoformat()},
    )


def unit_at(unit_id: uuid.UUID, day: date) -> UnitView:
    """A unit as it is on `day`. Raises NoSuchUnit (REG-002), BeforeBase (REG-001)."""
    found = _views(f"{_VIEW} AND version.unit_id = %(unit)s", {"unit": unit_id, "day": day})
    if found:
        return found[0]
    require_day(day)
    raise NoSuchUnit(
        _("Đơn vị này không tồn tại vào ngày %(day)s.") % {"day": written(day)},
        todo=_("Xem lịch sử của đơn vị để biết thời gian tồn tại."),
        details={"unit": str(unit_id), "at": day.isoformat()},
    )


def units_at(
    day: date,
    *,
    level: str | None = None,
    province_code: str | None = None,
    parent_code: str | None = None,
    kind: str | None = None,
    limit: int = 100,
    after: str = "",
) -> list[UnitView]:
    """Units that exist on `day`, ordered by code; `after` is the last code of the page before.

    Filters: level, kind, the province's or the parent's code on that day. At most `LARGEST_PAGE` a page.
    Raises BeforeBase (REG-001), BadRequest (REG-004) for an unknown level or kind, NoSuchUnit (REG-002) for
    an unknown province or parent.
    """
    require_day(day)
    conditions, params = _filters(day, level, province_code, parent_code, kind)
    params |= {"day": day, "after": after, "limit": bounded(limit)}
    where = " AND ".join(["version.code > %(after)s", *conditions])
    return _views(f"{_VIEW} AND {where} ORDER BY version.code LIMIT %(limit)s", params)


def children_of(unit_id: uuid.UUID, day: date, limit: int = LARGEST_PAGE) -> list[UnitView]:
    """The units directly below a unit on `day`, in the order of their names."""
    return _views(
        f"{_VIEW} AND version.parent_id = %(unit)s ORDER BY version.sort_key, version.code LIMIT %(limit)s",
        {"unit": unit_id, "day": day, "limit": bounded(limit)},
    )


def bounded(limit: int) -> int:
    """A page size between 1 and `LARGEST_PAGE`. Raises BadRequest (REG-004) beyond."""
    if not 1 <= limit <= LARGEST_PAGE:
        raise BadRequest(
            _("Mỗi trang có từ 1 đến %(most)s dòng (đã hỏi %(limit)s).")
            % {"most": LARGEST_PAGE, "limit": limit},
            todo=_("Chia thành nhiều trang."),
        )
    return limit


def _filters(
    day: date, level: str | None, province_code: str | None, parent_code: str | None, kind: str | None
) -> tuple[list[str], dict[str, Any]]:
    conditions: list[str] = []
    params: dict[str, Any] = {}
    if level:
        conditions.append("version.level = %(level)s")
        params["level"] = check_level(level)
    if kind:
        conditions.append("version.kind = %(kind)s")
        params["kind"] = check_kind(kind)
    if province_code:
        conditions.append("version.province_id = %(province)s")
        params["province"] = province_id(province_code, day)
    if parent_code:
        conditions.append("version.parent_id = %(parent)s")
        params["parent"] = unit_by_code(parent_code, day).unit_id
    return conditions, params


def check_level(level: str) -> str:
    """The level itself. Raises BadRequest (REG-004) for an unknown one."""
    if level not in Level.values:
        raise BadRequest(
            _("Không có cấp hành chính “%(level)s”.") % {"level": level[:40]},
            todo=_("Dùng province, district hoặc commune."),
        )
    return level


def check_kind(kind: str) -> str:
    """The kind itself. Raises BadRequest (REG-004) for an unknown one."""
    if kind not in Kind.values:
        raise BadRequest(
            _("Không có loại đơn vị “%(kind)s”.") % {"kind": kind[:40]},
            todo=_("Dùng một trong: %(kinds)s.") % {"kinds": ", ".join(Kind.values)},
        )
    return kind


def province_id(code: str, day: date) -> uuid.UUID:
    """The province that bears a code on a day.

    Raises NoSuchUnit (REG-002), and BadRequest (REG-004) for the code of something else.
    """
    unit = unit_by_code(code, day)
    if unit.level != Level.PROVINCE:
        raise BadRequest(
            _("Mã %(code)s là của %(title)s, không phải của một tỉnh, thành phố.")
            % {"code": code, "title": unit.title}
        )
    return unit.unit_id


COUNT_KEYS = ("province", "district", "commune", "phuong", "xa", "thi_tran", "dac_khu")


def counts(day: date, province_code: str | None = None) -> dict[str, int]:
    """How many units of each level, and communes of each kind, exist on `day`; keys as `COUNT_KEYS`.

    Raises BeforeBase (REG-001), NoSuchUnit (REG-002) for an unknown province.
    """
    require_day(day)
    province = province_id(province_code, day) if province_code else None
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT level, kind, count(*) FROM registry_unitversion
             WHERE upper_inf(recorded) AND valid @> %(day)s::date
               AND (%(province)s::uuid IS NULL OR province_id = %(province)s)
             GROUP BY level, kind
            """,
            {"day": day, "province": province},
        )
        found = dict.fromkeys(COUNT_KEYS, 0)
        for level, kind, count in cursor.fetchall():
            found[level] += count
            if kind in found:
                found[kind] += count
    return found


class CodeAsOf(NamedTuple):
    """What a code meant on a day: the unit and its name then."""

    code: str
    day: date
    unit_id: uuid.UUID
    kind: str
    name: str


# ORDER BY … LIMIT 1 reads one entry of registry_unit_code_as_of; the bound is checked on what it found.
_MANY_BY_CODE = """
SELECT place, unit_id, kind, name
  FROM unnest(%s::varchar[], %s::date[]) WITH ORDINALITY AS asked (code, day, place),
       LATERAL (
           SELECT unit_id, kind, name, upper(valid) AS ends FROM registry_unitversion
            WHERE code = asked.code AND upper_inf(recorded) AND lower(valid) <= asked.day
            ORDER BY lower(valid) DESC LIMIT 1
       ) AS latest
 WHERE ends IS NULL OR ends > asked.day
"""


def units_by_code_at(pairs: Sequence[tuple[str, date]]) -> list[CodeAsOf | None]:
    """What many codes meant, each on its own day, in one statement; None where no unit bore it.

    At most 20,000 pairs a call: raises BadRequest (REG-004) beyond. The answers stand in the order of
    `pairs`.
    """
    if len(pairs) > LARGEST_BATCH:
        raise BadRequest(
            _("Mỗi lần hỏi tối đa %(most)s mã.") % {"most": LARGEST_BATCH}, todo=_("Chia thành nhiều lần.")
        )
    answers: list[CodeAsOf | None] = [None] * len(pairs)
    if not pairs:
        return answers
    codes, days = zip(*pairs, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_MANY_BY_CODE, [list(codes), list(days)])
        for place, *rest in cursor.fetchall():
            code, day = pairs[place - 1]
            answers[place - 1] = CodeAsOf(code, day, *rest)
    return answers


# By registry_unit_code_as_of on the code alone: a code has two or three versions, and one filter more is cheaper
# than ORDER BY … LIMIT 1 (measured: 0.75 of the rate of SELECT 1 against 0.66).
_BY_CODE = """
SELECT unit_id, kind, name FROM registry_unitversion
 WHERE code = %s AND upper_inf(recorded) AND valid @> %s
"""
#: after so many executions the driver would prepare a statement by itself: only those that ask are prepared
_ONLY_ON_DEMAND = 1 << 30


def prepared(sql: str, params: Sequence[Any] = ()) -> tuple[Any, ...] | None:
    """The first row of a prepared statement, by the driver's own cursor on Django's connection.

    Four times as quick as Django's cursor, which binds in the client and prepares nothing.
    """
    if connection.connection is None:
        connection.ensure_connection()
    driver = connection.connection
    if driver.prepare_threshold is None:
        driver.prepare_threshold = _ONLY_ON_DEMAND
    with connection.wrap_database_errors:
        cursor = psycopg.Cursor(driver).execute(sql, params, prepare=True, binary=True)
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row


def code_at(code: str, day: date) -> CodeAsOf | None:
    """What one code meant on one day, the shortest way to ask the database: one prepared statement.

    For paths that ask once a request; `units_by_code_at` for many, `snapshot().by_code` for bulk.
    """
    row = prepared(_BY_CODE, (code, day))
    return CodeAsOf(code, day, *row) if row else None


@dataclass(frozen=True, slots=True)
class CodeBearer:
    """Which unit a code meant, and when: `valid_to` is the first day on which it no longer did."""

    code: str
    unit_id: uuid.UUID
    kind: str
    name: str
    province_code: str
    province_name: str
    valid_from: date
    valid_to: date | None

    @property
    def sentence(self) -> str:
        """For people: "Phường Bến Nghé (30/06/2025 - 30/06/2025)"."""
        until = written(self.valid_to - timedelta(days=1)) if self.valid_to else _("nay")
        return f"{titled(self.kind, self.name)} ({written(self.valid_from)} - {until})"

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "code": self.code,
            "id": str(self.unit_id),
            "kind": self.kind,
            "name": self.name,
            "province_code": self.province_code,
            "province_name": self.province_name,
            "valid_from": self.valid_from.isoformat(),
            "valid_to": self.valid_to.isoformat() if self.valid_to else None,
        }


def bearers_of_code(code: str) -> list[CodeBearer]:
    """Which units a code meant, in order of time; empty for a code never borne (or no code at all).

    Versions of one unit that differ only in other things are told as one span.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT version.code, version.unit_id, version.kind, version.name, province.code, province.name,
                   lower(version.valid), upper(version.valid)
              FROM registry_unitversion AS version
              LEFT JOIN {_AS_OF.format(key="version.province_id", day="lower(version.valid)")} AS province
                ON true
             WHERE version.code = %(code)s AND upper_inf(version.recorded)
             ORDER BY lower(version.valid) LIMIT 200
            """,
            {"code": code[:5]},
        )
        return [CodeBearer(*row) for row in cursor.fetchall()]


__all__ = [
    "COUNT_KEYS",
    "CodeAsOf",
    "CodeBearer",
    "UnitView",
    "bearers_of_code",
    "children_of",
    "code_at",
    "counts",
    "unit_at",
    "unit_by_code",
    "units_at",
    "units_by_code_at",
]
