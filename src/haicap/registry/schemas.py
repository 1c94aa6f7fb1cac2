"""Shapes of the registry's API: what goes in, what comes out."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Literal

from ninja import Field, Schema

LevelName = Literal["province", "district", "commune"]


class At(Schema):
    """The day that a question is about."""

    at: date | None = Field(None, description="Ngày cần xem (YYYY-MM-DD); để trống là hôm nay.")


class UnitFilters(At):
    """Filters of lists of units."""

    level: LevelName | None = Field(None, description="Cấp: province, district hoặc commune.")
    province: str | None = Field(None, max_length=2, description="Mã tỉnh, thành phố vào ngày đó, ví dụ 48.")
    kind: str | None = Field(None, max_length=32, description="Loại: xa, phuong, thi_tran, dac_khu, tinh, …")


class UnitQuestion(UnitFilters):
    """A page of units, or the units found by a text."""

    q: str | None = Field(
        None, max_length=200, description="Mã, tên hoặc một phần tên, viết thế nào cũng được."
    )
    limit: int = Field(50, ge=1, le=200, description="Số dòng của một trang.")
    after: str = Field("", max_length=5, description="Mã cuối cùng của trang trước (giá trị “next”).")


class SuccessionQuestion(At):
    """Successions of the units of a day."""

    province: str | None = Field(None, max_length=2, description="Mã tỉnh của đơn vị cũ vào ngày đó.")
    level: Literal["commune", "district", "province", "all"] = Field(
        "commune", description="Cấp của đơn vị kế thừa."
    )


class SuccessionPageQuestion(SuccessionQuestion):
    """A page of successions."""

    limit: int = Field(200, ge=1, le=1000, description="Số dòng của một trang.")
    after: str = Field(
        "", max_length=11, pattern=r"^$|^\d{2,5}-\d{2,5}$", description="“next” của trang trước."
    )


class UnitOut(Schema):
    """Đơn vị hành chính vào một ngày."""

    id: uuid.UUID = Field(description="Định danh, không đổi khi mã hay tên đổi.")
    code: str = Field(description="Mã đơn vị hành chính (QĐ 19/2025/QĐ-TTg).")
    name: str = Field(description="Tên, không kèm loại.")
    kind: str = Field(description="Loại: xa, phuong, …")
    level: LevelName = Field(description="Cấp hành chính.")
    title: str = Field(description="Tên kèm loại: “Phường Hải Vân”.")
    parent_code: str | None = Field(description="Mã đơn vị cấp trên trực tiếp.")
    parent_name: str | None = Field(description="Tên đơn vị cấp trên trực tiếp.")
    province_code: str = Field(description="Mã tỉnh, thành phố.")
    province_name: str = Field(description="Tên tỉnh, thành phố.")
    valid_from: date = Field(description="Có giá trị từ ngày.")
    valid_to: date | None = Field(description="Hết giá trị từ ngày này; trống là đang có giá trị.")
    latitude: float | None = Field(description="Vĩ độ (WGS 84).")
    longitude: float | None = Field(description="Kinh độ (WGS 84).")


class HitOut(Schema):
    """Đơn vị tìm thấy."""

    id: uuid.UUID
    code: str
    name: str
    kind: str
    level: LevelName
    title: str
    province_code: str
    province_name: str
    above: str = Field(description="Các đơn vị cấp trên.")
    valid_from: date
    valid_to: date | None
    matched: str = Field(description="Tên đã khớp.")
    rank: str = Field(description="Khớp thế nào: code, exact, joined, prefix, words, part, similar.")
    stands: bool = Field(description="Đơn vị còn tồn tại vào ngày hỏi.")


class UnitPage(Schema):
    """Một trang đơn vị."""

    at: date
    items: list[UnitOut]
    next: str | None = Field(description="Giá trị “after” của trang sau; trống là hết.")


class HitPage(Schema):
    """Các đơn vị tìm thấy, tốt nhất trước."""

    at: date | None
    hits: list[HitOut]


class EndOut(Schema):
    """Một đầu của quan hệ kế thừa."""

    code: str
    name: str
    kind: str
    province_code: str


class SuccessionOut(Schema):
    """Kế thừa: đơn vị cũ → đơn vị mới."""

    predecessor: EndOut
    successor: EndOut
    part: bool = Field(description="Chỉ một phần đơn vị cũ.")
    continues: bool = Field(description="Cùng một đơn vị, chỉ đổi tên, loại, mã hoặc cấp trên.")
    effective_on: date = Field(description="Ngày có hiệu lực.")
    event: str = Field(description="Biến động: merge, split, rename, kind, reparent.")
    resolution: str = Field(description="Số nghị quyết, luật.")


class SuccessionPage(Schema):
    """Một trang quan hệ kế thừa."""

    at: date
    items: list[SuccessionOut]
    next: str | None = Field(description="Giá trị “after” của trang sau; trống là hết.")


class CountsOut(Schema):
    """Số đơn vị theo cấp và loại."""

    at: date
    province_filter: str | None = Field(description="Mã tỉnh đã lọc; trống là cả nước.")
    province: int
    district: int
    commune: int
    phuong: int
    xa: int
    thi_tran: int
    dac_khu: int


class NamedUnitOut(Schema):
    """Đơn vị gọi theo tên vào một ngày."""

    id: uuid.UUID
    code: str
    name: str
    kind: str
    level: LevelName
    province_code: str
    province_name: str


class ActOut(Schema):
    """Biến động và căn cứ."""

    event: str
    reorganisation: str
    resolution: str
    resolution_dated: date | None
    resolution_title: str
    note: str


class SpanOut(NamedUnitOut):
    """Một phiên bản của đơn vị."""

    valid_from: date
    valid_to: date | None
    opened: ActOut
    closed: ActOut | None


class HistoryEdgeOut(ActOut):
    """Một quan hệ kế thừa trong lịch sử; generation âm là trước, dương là sau."""

    generation: int
    predecessor: NamedUnitOut
    successor: NamedUnitOut
    part: bool
    continues: bool
    effective_on: date


class HistoryOut(Schema):
    """Lịch sử hai chiều của một đơn vị."""

    id: uuid.UUID
    versions: list[SpanOut]
    before: list[HistoryEdgeOut]
    own: list[HistoryEdgeOut]
    after: list[HistoryEdgeOut]
    truncated: bool


class CodeBearerOut(Schema):
    """Mã này thuộc đơn vị nào, khi nào."""

    code: str
    id: uuid.UUID
    kind: str
    name: str
    province_code: str
    province_name: str
    valid_from: date
    valid_to: date | None


class Problem(Schema):
    """Lỗi: điều gì xảy ra, cái gì được giữ, cần làm gì."""

    code: str
    message: str
    kept: str = ""
    todo: str = ""
