"""Forms of the plan's editor: from fields to values of the plan, with each error at its field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from haicap.kernel.errors import BadInput
from haicap.kernel.text import clean, nfc
from haicap.registry.establishment.codes import CODE_FORM, CODE_LENGTH
from haicap.registry.models import Kind
from haicap.reorganisation.plan.model import Part, Transfer, UnitPlan
from haicap.reorganisation.plan.specs import LEVEL_OF_LENGTH

#: kinds that a plan may form, commune kinds first
KINDS = (Kind.PHUONG, Kind.XA, Kind.DAC_KHU, Kind.THI_TRAN, Kind.TINH, Kind.THANH_PHO)
_LEADING_CODE = re.compile(r"^\s*(\d{2,5})\b")
MOST_PARTS = 60
MOST_LINES = 5_000


class UnitForm(forms.Form):
    """Một đơn vị của kế hoạch; its predecessors come as rows beside (`read_parts`)."""

    code = forms.RegexField(
        r"^(\d{2}|\d{3}|\d{5})$",
        label=gettext_lazy("Mã đơn vị"),
        error_messages={"invalid": gettext_lazy("Mã tỉnh 2 chữ số, mã xã 5 chữ số")},
    )
    kind = forms.ChoiceField(label=gettext_lazy("Loại"), choices=[(kind.value, kind.label) for kind in KINDS])
    name = forms.CharField(label=gettext_lazy("Tên (không kèm loại)"), max_length=200)
    parent = forms.RegexField(r"^(\d{2}|\d{3})$", label=gettext_lazy("Mã cấp trên trực tiếp"), required=False)
    resolution = forms.ChoiceField(label=gettext_lazy("Căn cứ"), required=False)
    seat = forms.ChoiceField(label=gettext_lazy("Trụ sở lấy của"), required=False)
    agency_code = forms.CharField(
        label=gettext_lazy("Mã định danh của Ủy ban nhân dân"), required=False, max_length=CODE_LENGTH
    )
    note = forms.CharField(
        label=gettext_lazy("Ghi chú"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(
        self, *args: Any, acts: Sequence[str] = (), seats: Iterable[tuple[str, str]] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        resolution, seat = self.fields["resolution"], self.fields["seat"]
        assert isinstance(resolution, forms.ChoiceField)  # declared above
        assert isinstance(seat, forms.ChoiceField)
        resolution.choices = [("", _("Căn cứ đầu tiên của kế hoạch")), *((act, act) for act in acts)]
        seat.choices = [("", _("Đơn vị đầu tiên")), *seats]

    def clean_agency_code(self) -> str:
        """Empty (issued by rule), or a code of the right form."""
        code = str(self.cleaned_data["agency_code"]).strip().upper()
        if code and not CODE_FORM.match(code):
            raise forms.ValidationError(
                _("Dạng H17.25: một chữ cái và hai chữ số, rồi các nhóm sau dấu chấm")
            )
        return code

    def unit(self, parts: tuple[Part, ...], was: UnitPlan | None) -> UnitPlan:
        """The unit as given; what the form does not show stays as it was."""
        given = self.cleaned_data
        return UnitPlan(
            code=given["code"],
            level=LEVEL_OF_LENGTH[len(given["code"])],
            kind=given["kind"],
            name=nfc(clean(given["name"])),
            parent=given["parent"] or None,
            predecessors=parts,
            resolution=given["resolution"],
            note=nfc(given["note"].strip()),
            latitude=was.latitude if was else None,
            longitude=was.longitude if was else None,
            seat=given["seat"] if given["seat"] in {part.code for part in parts} else "",
            agency_code=given["agency_code"],
            leave_out=was.leave_out if was else (),
        )


def leading_code(text: str) -> str:
    """The code that a line or a choice begins with: "20194 Phường Hòa Hiệp Bắc" → "20194"; "" where there is none."""
    found = _LEADING_CODE.match(text)
    return found.group(1) if found else ""


def read_parts(data: Mapping[str, Any]) -> tuple[Part, ...]:
    """The predecessors of the rows cu-0, phan-0, cu-1, …; empty rows are left out. Raises BadInput (REO-082)."""
    parts: list[Part] = []
    for number in range(MOST_PARTS):
        text = str(data.get(f"cu-{number}", "")).strip()
        if not text or f"bo-{number}" in data:
            continue
        code = leading_code(text)
        if not code:
            raise BadInput(
                _("«%(text)s» không phải đơn vị cũ nào.") % {"text": text[:80]},
                code="REO-082",
                kept=_("Kế hoạch giữ nguyên."),
                todo=_("Chọn trong danh sách, hoặc gõ mã 5 chữ số."),
            )
        parts.append(Part(code, f"phan-{number}" in data))
    return tuple(parts)


# --- rules and transfers, a line each
def read_pairs(text: str) -> tuple[tuple[str, str], ...]:
    """Lines «thôn = mã» as pairs; empty lines are left out. Raises BadInput (REO-083) naming the line."""
    pairs: list[tuple[str, str]] = []
    lines = nfc(text).splitlines()
    if len(lines) > MOST_LINES:
        raise BadInput(_("Quá %(most)d dòng quy tắc.") % {"most": MOST_LINES}, code="REO-083")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        left, equals, right = line.rpartition("=")
        code = leading_code(right)
        if not equals or not left.strip() or not code or len(left.strip()) > 200:
            raise BadInput(
                _("Không hiểu quy tắc «%(line)s».") % {"line": line.strip()[:80]},
                code="REO-083",
                where=_("dòng %(line)d") % {"line": number},
                kept=_("Quy tắc cũ giữ nguyên."),
                todo=_("Mỗi dòng một thôn và mã đơn vị nhận, ví dụ: Thôn Phú Sơn = 20194."),
            )
        pairs.append((left.strip(), code))
    return tuple(pairs)


def write_pairs(pairs: Iterable[tuple[str, str]]) -> str:
    """Pairs as lines that `read_pairs` reads."""
    return "\n".join(f"{text} = {code}" for text, code in pairs)


@dataclass(frozen=True, slots=True)
class TransferRow:
    """A department with the fields and procedures it takes over, as lines of text."""

    to: str
    fields: str
    procedures: str


def transfer_rows(transfers: Iterable[Transfer], departments: Iterable[str]) -> list[TransferRow]:
    """Every department of the province with what it takes over."""
    known = {transfer.to: transfer for transfer in transfers}
    names = dict.fromkeys([*departments, *known])
    return [
        TransferRow(
            name,
            ", ".join(known[name].fields) if name in known else "",
            ", ".join(known[name].procedures) if name in known else "",
        )
        for name in names
    ]


def read_transfers(data: Mapping[str, Any], departments: Sequence[str]) -> list[Transfer]:
    """Transfers of the fields linh-vuc-N and thu-tuc-N, N by the order of the departments."""
    found: list[Transfer] = []
    for number, name in enumerate(departments):
        fields = _words(str(data.get(f"linh-vuc-{number}", "")), 40)
        procedures = _words(str(data.get(f"thu-tuc-{number}", "")), 20)
        if fields or procedures:
            found.append(Transfer(name, fields, procedures))
    return found


def _words(text: str, longest: int) -> tuple[str, ...]:
    words = [word.strip() for word in re.split(r"[,;\n]", nfc(text)) if word.strip()]
    for word in words:
        if len(word) > longest:
            raise BadInput(
                _("«%(word)s…» dài quá %(longest)d ký tự.") % {"word": word[:30], "longest": longest},
                code="REO-084",
                kept=_("Kế hoạch giữ nguyên."),
                todo=_("Ghi mã lĩnh vực hoặc mã thủ tục, ngăn bằng dấu phẩy."),
            )
    return tuple(dict.fromkeys(words))
