"""Danh mục thủ tục của nền tảng quốc gia (LayDanhSachTTHC, LayThuTuc), row by row as the catalogue's import reads it.

Nothing is put right here: what is odd is for the import to flag and for a person to settle. Names of fields are met in
any letter case; a procedure whose details cannot be had keeps its row of the list.
"""

from __future__ import annotations

import json
import re
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.text import fold
from haicap.systems.onestop import policy
from haicap.systems.onestop.catalogue import imports
from haicap.systems.onestop.models import Partner
from haicap.systems.onestop.sync import access
from haicap.systems.onestop.sync.client import LARGEST_CATALOGUE, Client, Refused

MOST_PROCEDURES = 100_000
SOURCE = "lay_thu_tuc"

_CHANNELS = {"1": "in_person", "2": "online", "3": "postal"}
_CHANNEL_WORDS = (("truc tuyen", "online"), ("buu chinh", "postal"), ("truc tiep", "in_person"))
_UNITS = (("ngay lam viec", "working_day"), ("thang", "month"), ("gio", "hour"), ("ngay", "day"))


def read_catalogue(
    actor: Actor,
    partner: Partner,
    file: BinaryIO,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Write a partner's catalogue as JSONL; how many procedures. Raises SyncNotAllowed (ONE-510), Silent, Refused."""
    access.check_manage(actor)
    done = 0
    for done, total, row in rows(Client(partner)):
        file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
        progress(done, total)
    return done


def ask_for_catalogue(actor: Actor, partner: Partner) -> None:
    """Lấy danh mục thủ tục: have the worker read the partner's catalogue; it then waits as an import to be looked at.

    Raises SyncNotAllowed (ONE-510), CatalogueNotAllowed (ONE-212).
    """
    from haicap.systems.onestop.sync.tasks import fetch_catalogue  # it knows this module

    access.check_manage(actor)
    policy.check_catalogue(actor)
    with journal.act(actor, "onestop.ask_for_catalogue") as act:
        act.changed("onestop.partner", partner.pk, {}, {"catalogue": "asked for"})
        fetch_catalogue.defer(
            partner=str(partner.pk),
            label=actor.label,
            person=str(actor.person_id) if actor.person_id else None,
            post=str(actor.post_id) if actor.post_id else None,
        )


def fetch(actor: Actor, partner: Partner) -> uuid.UUID:
    """Read the partner's catalogue into the file store and open an import of it; its id. Changes no procedure.

    It is taken for a part of the national one: a platform lists for a province what the province uses.
    """
    with tempfile.TemporaryFile() as file:
        read_catalogue(actor, partner, file)
        file.seek(0)
        name = f"{partner.code}-{clock.today():%Y%m%d}.jsonl"
        kept = imports.keep_file(actor, file, name)
    run = imports.begin(actor, name, begins_on=clock.today(), complete=False, file=kept)
    imports.ask(actor, run.pk, "read")
    return run.pk


def rows(client: Client) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """(number, of how many, row) of each procedure of the partner, one call each."""
    listed = _list(client.call(client.settings.procedures_service, {}, largest=LARGEST_CATALOGUE))
    for number, entry in enumerate(listed[:MOST_PROCEDURES], 1):
        short = _lowered(entry)
        code = _text(short, "matthc", "mathutuc", "ma")
        detail: Mapping[str, Any] = {}
        if code:
            try:
                answer = client.call(
                    client.settings.procedure_service, {"maTTHC": code}, largest=LARGEST_CATALOGUE
                )
                detail = _lowered(_one(answer))
            except Refused:
                detail = {}
        yield number, len(listed), row_of(code, short, detail)


def row_of(code: str, short: Mapping[str, Any], detail: Mapping[str, Any]) -> dict[str, Any]:
    """One procedure as the import reads it, from its entry in the list and its details (keys in small letters)."""
    found: dict[str, Any] = {
        "code": code,
        "name": _text(detail, "tentthc", "tenthutuc") or _text(short, "tentthc", "tenthutuc", "ten"),
        "kind": "standard",
        "active": True,
        "state": "active",
        "fields": _names(
            detail.get("linhvucthuchien") or short.get("linhvucthuchien") or short.get("linhvuc")
        ),
        "agencies": _names(detail.get("coquanthuchien")),
    }
    if not detail:
        return found
    return found | {
        "steps": _steps(detail.get("trinhtuthuchien")),
        "methods": [_method(one) for one in _dicts(detail.get("cachthucthuchien"))],
        "papers": [_paper(one) for one in _dicts(detail.get("thanhphanhoso"))],
        "results": _names(detail.get("ketquathuchien")),
        "legal_bases": _names(detail.get("cancuphaply")),
        "detail_source": SOURCE,
    }


def _method(given: Mapping[str, Any]) -> dict[str, Any]:
    channel, time, unit = _text(given, "kenh"), _text(given, "thoigian"), _text(given, "donvitinh")
    words = fold(channel)
    found: dict[str, Any] = {
        "channel": _CHANNELS.get(channel)
        or next((name for word, name in _CHANNEL_WORDS if word in words), "in_person")
    }
    folded = fold(unit)
    known = next((name for word, name in _UNITS if folded.startswith(word)), "other")
    if re.fullmatch(r"[0-9]{1,6}([.,][0-9]{1,3})?", time):
        found["time"] = {"value": float(time.replace(",", ".")), "unit": known}
    if time:
        found["time_text"] = f"{time} {unit}".strip()
    fee = given.get("philephi")
    fee_text = "; ".join(_names(fee)) if isinstance(fee, list) else str(fee or "").strip()
    if fee_text:
        found["fee_text"] = fee_text
    if note := _text(given, "mota", "ghichu"):
        found["note"] = note
    return found


def _paper(given: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": _text(given, "tengiayto", "ten") or _text(given, "magiayto")}
    for name, keys in (
        ("case", ("truonghop",)),
        ("form", ("tenmaudon",)),
        ("code", ("magiayto",)),
    ):
        if value := _text(given, *keys):
            found[name] = value
    for name, keys in (("originals", ("sobanchinh",)), ("copies", ("sobansao",))):
        value = _text(given, *keys)
        if value.isdigit():
            found[name] = int(value)
    return found


def _steps(given: Any) -> list[dict[str, str]]:
    if isinstance(given, str):
        return [{"text": given.strip()}] if given.strip() else []
    found = []
    for one in given if isinstance(given, list) else []:
        if isinstance(one, Mapping):
            low = _lowered(one)
            text, name = _text(low, "noidung", "mota", "trinhtu"), _text(low, "ten", "tenbuoc", "truonghop")
            if text or name:
                found.append({"text": text or name, **({"name": name} if name and text else {})})
        elif str(one).strip():
            found.append({"text": str(one).strip()})
    return found


def _names(given: Any) -> list[str]:
    """The texts of a list: of texts, or of objects with a name (TEN…); a text alone is a list of one."""
    if given is None:
        return []
    if not isinstance(given, list):
        given = [given]
    found = []
    for one in given:
        if isinstance(one, Mapping):
            low = _lowered(one)
            text = next((str(value) for key, value in low.items() if key.startswith("ten") and value), "")
            text = text or next(
                (str(value) for value in low.values() if isinstance(value, str) and value), ""
            )
        else:
            text = str(one)
        if text.strip():
            found.append(text.strip())
    return found


def _dicts(given: Any) -> list[dict[str, Any]]:
    """The objects of a list, also one level below (a case with its papers); keys in small letters."""
    found: list[dict[str, Any]] = []
    for one in given if isinstance(given, list) else [given]:
        if not isinstance(one, Mapping):
            continue
        low = _lowered(one)
        inner = next((value for value in low.values() if isinstance(value, list) and value
                      and all(isinstance(each, Mapping) for each in value)), None)  # fmt: skip
        if inner is not None and "kenh" not in low:
            case = _text(low, "truonghop", "ten")
            found += [{**({"truonghop": case} if case else {}), **_lowered(each)} for each in inner]
        else:
            found.append(low)
    return found


def _list(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    for value in answer.values():
        if isinstance(value, list):
            return [one for one in value if isinstance(one, Mapping)]
    return []


def _one(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """The procedure of an answer: an object, or the first of a list, or the answer itself."""
    for value in answer.values():
        if isinstance(value, Mapping):
            return value
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            return value[0]
    return {}


def _lowered(given: Mapping[str, Any]) -> dict[str, Any]:
    return {str(key).lower().replace("_", ""): value for key, value in given.items()}


def _text(given: Mapping[str, Any], *names: str) -> str:
    for name in names:
        value = given.get(name)
        if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()
    return ""
