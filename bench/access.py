"""People and accounts of a province: what a permission costs in a list, and how long an import takes."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any

from django.db import connection

from bench import nation
from bench.context import Context, paced, row
from haicap.access.people import lists, queries
from haicap.kernel import clock
from haicap.kernel.actor import SYSTEM, Actor
from haicap.registry import country, service
from haicap.registry.establishment import establish
from haicap.registry.models import Agency, UnitVersion

#: Thanh Hóa after 1/7/2025: 166 communes
PROVINCE, COMMUNES = "38", 166
DAY = date(2025, 7, 1)
MORNING = datetime(2025, 7, 16, 9, tzinfo=clock.ZONE)
PEOPLE = 3_000
NAMES = ("Nguyệt", "Hòa", "Tường", "Bình", "Như", "Đông", "Sen")
ADMINISTRATOR = Actor(
    label="quản trị", permissions=frozenset({"registry.manage_people", "access.see_people"})
)
CHIEF = replace(
    ADMINISTRATOR,
    permissions=ADMINISTRATOR.permissions | {"access.import_people", "access.manage_accounts"},
    sees_all=True,
)
OFFICIAL = Actor(label="công chức", permissions=frozenset({"access.see_people"}))


def rows(context: Context) -> list[dict[str, Any]]:
    """A province of 166 communes and 3,000 people."""
    with context.database("access"):
        _fill(300 if context.quick else PEOPLE)
        return [*_listed(context), *_imported(context)]


def _fill(people: int) -> None:
    service.load_base(SYSTEM)
    for published in country.load_published():
        if published.effective == DAY:
            service.apply_published(SYSTEM, published)
    establish(_units(), DAY, SYSTEM)
    nation.fill_people(people)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _units() -> list[Any]:
    """The province and its communes, as of the day."""
    versions = UnitVersion.objects.filter(recorded__upper_inf=True, valid__contains=DAY)
    province = versions.get(code=PROVINCE, level="province").unit_id
    communes = versions.filter(province_id=province, level="commune").values_list("unit_id", flat=True)
    assert len(communes) == COMMUNES
    return [province, *communes]


def _list_file(people: int) -> bytes:
    """A list as a province sends it: everybody new, spread over its agencies, a chair more where one lacks."""
    with clock.at(MORNING):
        agencies = [agency.name for agency in queries.administered_agencies(CHIEF, limit=20_000)]
    rows = ["Họ và tên;Số định danh;Thư công vụ;Điện thoại;Cơ quan;Chức danh;Số quyết định;Từ ngày"]
    rows += [
        f"Nguyễn Thị Ánh {NAMES[n % len(NAMES)]};038190{n:06d};nguoi{n}@vidu.vn;0905{n:06d};"
        f"{agencies[n % len(agencies)]};Chuyên viên;15/QĐ-UBND;01/07/2025"
        for n in range(people)
    ]
    return "\n".join(rows).encode()


def _imported(context: Context) -> list[dict[str, Any]]:
    """From the file to the accounts: read, previewed, entered; and the same list once more, which makes nothing."""
    people = 300 if context.quick else PEOPLE
    content = _list_file(people)
    with clock.at(MORNING):
        first, made = _enter(content)
        second, idle = _enter(content)
    whole = (made["accounts"], made["bad"]) == (people, 0)
    return [
        row(f"people: {people:,} accounts from a list, preview and entering", first, "s",
            goal="< 60 s", holds=whole and first < 60),
        row("people: the same list once more", second, "s",
            goal="makes nothing", holds=idle["unchanged"] == people),
    ]  # fmt: skip


def _enter(content: bytes) -> tuple[float, dict[str, int]]:
    """Seconds from a file's bytes to what it says being entered, and how much that was."""
    begun = time.perf_counter()
    rows = lists.read_list(content)
    lists.plan_list(CHIEF, rows, add_posts=True)
    plan = lists.apply_list(CHIEF, rows, add_posts=True, only_good=True)
    return time.perf_counter() - begun, plan.counts()


def _listed(context: Context) -> list[dict[str, Any]]:
    """The first page of 50 for three titles, against the list without a question of permission."""
    rounds, times = (3, 2) if context.quick else (15, 20)
    commune = _units()[1]
    agencies = frozenset(Agency.objects.filter(unit_id=commune).values_list("id", flat=True))
    titles = {
        "the province's administrator": CHIEF,
        "a commune's administrator": replace(ADMINISTRATOR, unit_ids=frozenset({commune})),
        "a commune's official": replace(OFFICIAL, agency_ids=agencies),
    }
    found = []
    with clock.at(MORNING):
        for name, actor in titles.items():
            filtered, bare = paced(
                partial(queries.people_of, actor), partial(queries.people_of, SYSTEM), rounds, times
            )
            found.append(
                row(f"people: the list as {name} sees it", 1000 / filtered, "ms",
                    against=1000 / bare, ratio=bare / filtered, goal="≤ 1.3 of the whole list",
                    holds=bare / filtered <= 1.3)
            )  # fmt: skip
    return found
