"""What a source says of one procedure, as a value: compared field by field, written, read back from a version."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as of_field
from decimal import Decimal
from typing import Any

from haicap.systems.onestop.models import Fee, LimitUnit, ProcedureVersion, RequiredPaper, TimeLimit

#: what a reader makes of a row may improve from release to release: then rows are compared anew
READER = 1


@dataclass(slots=True)
class Limit:
    """Thời hạn; `amount` as decimal text ("0.5"), `unit` of LimitUnit, `text` as published."""

    channel: int | None = None
    case: str = ""
    amount: str | None = None
    unit: str = LimitUnit.UNKNOWN
    text: str = ""


@dataclass(slots=True)
class Paper:
    """Thành phần hồ sơ."""

    name: str
    case: str = ""
    originals: int = 0
    copies: int = 0
    form: str = ""
    code: str = ""


@dataclass(slots=True)
class Charge:
    """Phí, lệ phí: `amount` in đồng, None where the text does not say a sum."""

    channel: int | None = None
    name: str = ""
    amount: int | None = None
    unit: str = ""
    text: str = ""
    code: str = ""


@dataclass(slots=True)
class Facts:
    """Nội dung công bố of a procedure. None: the source does not know the field, what is known stays.

    `detailed` false: the source has only the catalogue's line (2,518 rows of the national one).
    """

    name: str
    field: str
    kind: str = ""
    levels: list[str] = of_field(default_factory=list)
    audiences: list[str] = of_field(default_factory=list)
    issued_by: str = ""
    executors: list[str] = of_field(default_factory=list)
    steps: list[str] = of_field(default_factory=list)
    results: list[str] = of_field(default_factory=list)
    legal_bases: list[str] = of_field(default_factory=list)
    limits: list[Limit] = of_field(default_factory=list)
    papers: list[Paper] = of_field(default_factory=list)
    fees: list[Charge] = of_field(default_factory=list)
    summary: str | None = None
    conditions: str | None = None
    online: int | None = None
    form_schema: dict[str, Any] | None = None
    detailed: bool = True

    def as_json(self) -> dict[str, Any]:
        """JSON-ready values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Facts:
        """The value of `as_json` again."""
        made = cls(**dict(values))
        made.limits = [Limit(**dict(one)) for one in values.get("limits", ())]
        made.papers = [Paper(**dict(one)) for one in values.get("papers", ())]
        made.fees = [Charge(**dict(one)) for one in values.get("fees", ())]
        return made


#: what comes with the details of a procedure, and stays when a source has only its line
DETAILS = ("levels", "steps", "results", "legal_bases", "limits", "papers", "fees")
#: what a source may not know at all
OPTIONAL = ("summary", "conditions", "online", "form_schema")
#: what is compared, in the order in which people read it
COMPARED = (
    "name", "field", "kind", "levels", "audiences", "issued_by", "executors", "limits", "fees", "papers", "steps",
    "results", "legal_bases", "summary", "conditions", "online", "form_schema",
)  # fmt: skip


def digest_of(row: Mapping[str, Any]) -> str:
    """SHA-256 of what was read in the source, the same for the same content in any order of keys."""
    text = json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{READER}\n{text}".encode()).hexdigest()


def completed(read: Facts, present: Facts | None) -> Facts:
    """What was read, with what the source does not know taken from what is known. Nothing known is lost to nothing."""
    if present is None:
        return read
    kept = {name: getattr(present, name) for name in OPTIONAL if getattr(read, name) is None}
    if not read.detailed:
        kept |= {name: getattr(present, name) for name in DETAILS if not getattr(read, name)}
    if any(map(_is_known, present.limits)) and not any(map(_is_known, read.limits)):
        kept["limits"] = (
            present.limits
        )  # a time without a unit says nothing: what is known goes on, the defect is flagged
    if not read.executors:
        kept["executors"] = present.executors
    return dataclasses.replace(read, **kept)


def _is_known(limit: Limit) -> bool:
    return limit.unit != LimitUnit.UNKNOWN


def differences(before: Facts, after: Facts) -> list[dict[str, Any]]:
    """Which fields differ: {field, before, after}, in the order of `COMPARED`."""
    one, other = before.as_json(), after.as_json()
    return [
        {"field": name, "before": one[name], "after": other[name]}
        for name in COMPARED
        if (one[name] or None) != (other[name] or None)
    ]


def corrected(facts: Facts, kind: str, value: Mapping[str, Any], correction: Mapping[str, Any]) -> Facts:
    """The facts with what a person said in place of a defect; unchanged where nothing fits it (any more)."""
    limits = [
        dataclasses.replace(one, unit=correction["unit"], amount=correction["amount"])
        if "unit" in correction and one.unit == LimitUnit.UNKNOWN and one.text == value.get("text", "")
        else one
        for one in facts.limits
    ]
    if "unit" in correction and not any(one.text == value.get("text", "") for one in limits):
        # the times that were known from elsewhere went on: now a person has said what the published one means
        limits = [Limit(None, "", correction["amount"], correction["unit"], value.get("text", ""))]
    fees = [
        dataclasses.replace(one, amount=correction["sum"])
        if "sum" in correction and one.amount is None and one.text == value.get("text", "")
        else one
        for one in facts.fees
    ]
    return dataclasses.replace(facts, limits=limits, fees=fees)


def uncorrected(facts: Facts, kind: str, value: Mapping[str, Any], correction: Mapping[str, Any]) -> Facts:
    """The facts with a correction taken back: as published again."""
    limits = [
        dataclasses.replace(one, unit=str(LimitUnit.UNKNOWN), amount=value.get("amount"))
        if "unit" in correction
        and (one.unit, one.amount, one.text)
        == (correction["unit"], correction["amount"], value.get("text", ""))
        else one
        for one in facts.limits
    ]
    fees = [
        dataclasses.replace(one, amount=None)
        if "sum" in correction and (one.amount, one.text) == (correction["sum"], value.get("text", ""))
        else one
        for one in facts.fees
    ]
    return dataclasses.replace(facts, limits=limits, fees=fees)


def facts_of(versions: Sequence[ProcedureVersion]) -> dict[Any, Facts]:
    """The facts of stored versions by version id: three queries for any number."""
    ids = [version.id for version in versions]
    found = {version.id: _facts(version) for version in versions}
    for limit in TimeLimit.objects.filter(version_id__in=ids).order_by("version_id", "position"):
        found[limit.version_id].limits.append(
            Limit(limit.channel, limit.case, amount_text(limit.amount), limit.unit, limit.text)
        )
    for paper in RequiredPaper.objects.filter(version_id__in=ids).order_by("version_id", "position"):
        found[paper.version_id].papers.append(
            Paper(paper.name, paper.case, paper.originals, paper.copies, paper.form, paper.code)
        )
    for fee in Fee.objects.filter(version_id__in=ids).order_by("version_id", "position"):
        found[fee.version_id].fees.append(
            Charge(fee.channel, fee.name, fee.amount, fee.unit, fee.text, fee.code)
        )
    return found


def _facts(version: ProcedureVersion) -> Facts:
    return Facts(
        name=version.name,
        field=version.field.name,
        kind=version.kind,
        levels=list(version.levels),
        audiences=list(version.audiences),
        issued_by=version.issued_by,
        executors=list(version.executors),
        steps=list(version.steps),
        results=list(version.results),
        legal_bases=list(version.legal_bases),
        summary=version.summary or None,
        conditions=version.conditions or None,
        online=version.online,
        form_schema=version.form_schema,
    )


def amount_text(amount: Decimal | float | int | str | None) -> str | None:
    """An amount as the shortest decimal text: 5, "5.0", 5.00 → "5"; None for none."""
    if amount is None:
        return None
    text = f"{Decimal(str(amount)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def texts(values: Iterable[Any] | None) -> list[str]:
    """The texts among some values, without the empty ones."""
    return [one for one in values or () if isinstance(one, str) and one]
