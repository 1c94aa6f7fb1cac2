"""What a title (chức danh) may do, and how far it sees: one small table, read from top to bottom.

The first row that fits a post counts: `level` is that of the agency's unit, `kind` that of the agency; "*"
fits all.
`reach` says for which agencies the holder works: "agency" (the one that holds the desk), "unit" (that agency
and those of the same unit below it), "all" (sees everything; acts still only where it works).
Until accounts exist, this table is the only source of permissions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

AGENCY, UNIT, ALL = "agency", "unit", "all"

RECEIVE = frozenset({"onestop.receive_dossier", "onestop.return_result", "onestop.advance_dossier"})
PROCESS = frozenset({"onestop.advance_dossier"})
HEAD = frozenset({"onestop.advance_dossier", "onestop.move_dossier", "onestop.export_dossiers"})
STEER = frozenset({"command.steer", "reorganisation.see", "reorganisation.decide"})
SIGN = frozenset({"reorganisation.sign_off"})
ADMINISTER = frozenset(
    {
        "calendar.edit",
        "command.steer",
        "kernel.manage_outbox",
        "onestop.export_dossiers",
        "registry.change_units",
        "reorganisation.cut_over",
        "reorganisation.decide",
        "reorganisation.plan",
        "reorganisation.rehearse",
        "reorganisation.see",
    }
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: whom it fits, what they may do, how far they reach, what the sign-in page calls the hat."""

    title: str
    level: str
    kind: str
    permissions: frozenset[str]
    reach: str = AGENCY
    hat: str = ""


RULES: tuple[Rule, ...] = (
    # the province
    Rule("quan_tri_tinh", "province", "*", ADMINISTER, ALL, "Quản trị tỉnh"),
    Rule("chu_tich", "province", "ubnd", STEER | HEAD | SIGN, ALL, "Lãnh đạo tỉnh: Chủ tịch UBND"),
    Rule("pho_chu_tich", "province", "ubnd", STEER | HEAD | SIGN, ALL, "Lãnh đạo tỉnh: Phó Chủ tịch UBND"),
    Rule("bi_thu", "province", "dang_uy", STEER, ALL),
    Rule("pho_bi_thu", "province", "dang_uy", STEER, ALL),
    Rule("kiem_toan", "*", "*", frozenset({"command.steer", "reorganisation.see"}), ALL, "Kiểm toán"),
    Rule("chanh_van_phong", "province", "*", STEER | HEAD, ALL),
    Rule("giam_doc", "province", "so", HEAD, AGENCY, "Giám đốc sở"),
    Rule("pho_giam_doc", "province", "so", HEAD, AGENCY),
    # communes, and districts until they ended
    Rule("chu_tich", "*", "ubnd", STEER | HEAD, UNIT, "Chủ tịch UBND"),
    Rule("pho_chu_tich", "*", "ubnd", STEER | HEAD, UNIT, "Phó Chủ tịch UBND"),
    Rule("chanh_van_phong", "*", "*", HEAD, UNIT, "Chánh Văn phòng"),
    Rule("pho_chanh_van_phong", "*", "*", HEAD, UNIT),
    Rule("truong_phong", "*", "*", HEAD, AGENCY, "Trưởng phòng"),
    Rule("pho_truong_phong", "*", "*", HEAD, AGENCY),
    # who receives and hands out for a whole commune answers for all of its dossiers
    Rule("giam_doc_trung_tam", "*", "*", HEAD | RECEIVE, UNIT, "Giám đốc trung tâm phục vụ"),
    Rule("pho_giam_doc", "*", "tt_pvhcc", HEAD | RECEIVE, UNIT),
    Rule("cong_chuc_mot_cua", "*", "*", RECEIVE, UNIT, "Công chức một cửa"),
    Rule("quan_tri_xa", "*", "*", frozenset({"calendar.edit", "reorganisation.see"}), UNIT, "Quản trị xã"),
    Rule("van_thu", "*", "*", frozenset(), AGENCY, "Văn thư"),
    Rule("chuyen_vien", "*", "*", PROCESS, AGENCY, "Chuyên viên"),
    Rule("*", "*", "*", frozenset(), AGENCY),
)


def rule_for(title: str, level: str, kind: str, rules: Iterable[Rule] = RULES) -> Rule:
    """The row that fits a post: its title, the level of its agency's unit, the kind of its agency."""
    return next(
        rule
        for rule in rules
        if rule.title in (title, "*") and rule.level in (level, "*") and rule.kind in (kind, "*")
    )
