"""The table of titles: which row counts, and that it knows the titles that the house sets up."""

from __future__ import annotations

import pytest

from haicap.access.titles import RULES, rule_for
from haicap.kernel.contract import permissions
from haicap.registry.establishment.templates import TITLES

COLLEAGUES = frozenset({"access.see_people"})


@pytest.mark.parametrize(
    ("title", "level", "kind", "permission", "reach"),
    [
        ("quan_tri_tinh", "province", "so", "reorganisation.cut_over", "all"),
        ("chu_tich", "province", "ubnd", "command.steer", "all"),
        ("chu_tich", "commune", "ubnd", "command.steer", "unit"),
        ("cong_chuc_mot_cua", "commune", "tt_pvhcc", "onestop.receive_dossier", "unit"),
        ("chuyen_vien", "commune", "phong", "onestop.advance_dossier", "agency"),
    ],
)
def test_rule_for__title__first_row_that_fits(
    title: str, level: str, kind: str, permission: str, reach: str
) -> None:
    rule = rule_for(title, level, kind)
    assert permission in rule.permissions
    assert rule.reach == reach


def test_rule_for__council_and_front_chairs__do_not_steer() -> None:
    for kind in ("hdnd", "mttq"):
        rule = rule_for("chu_tich", "commune", kind)
        assert rule.permissions == COLLEAGUES


def test_rule_for__unknown_title__sees_its_colleagues_only() -> None:
    rule = rule_for("bao_ve", "commune", "ubnd")
    assert (rule.permissions, rule.reach) == (COLLEAGUES, "agency")


def test_rules__only_the_provinces_administrator_cuts_over() -> None:
    may = {rule.title for rule in RULES if "reorganisation.cut_over" in rule.permissions}
    assert may == {"quan_tri_tinh"}


def test_rules__every_title_of_the_table_exists() -> None:
    known = {code for code, *_rest in TITLES} | {"*"}
    assert {rule.title for rule in RULES} <= known


def test_rules__every_permission_of_the_table_is_one_that_an_app_asks_for() -> None:
    given = frozenset().union(*(rule.permissions for rule in RULES))
    assert given == set(permissions())


def test_rules__auditor__reads_all_and_changes_nothing() -> None:
    rule = rule_for("kiem_toan", "province", "van_phong")
    assert rule.reach == "all"
    assert all(code.split(".")[1].startswith(("see", "read", "steer")) for code in rule.permissions)
