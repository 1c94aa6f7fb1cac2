"""Villages, streets, addresses and points of a commune: made up, but as they are written there."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass

from haicap.registry.models import Kind

#: names that villages, hamlets and quarters bear all over the country
VILLAGE_NAMES = (
    "Phú Bình", "An Lạc", "Tân An", "Hòa Bình", "Phước Thành", "Bình An", "Long Sơn", "Mỹ Hòa", "Vĩnh Phú",
    "Tây Sơn", "Đông Hòa", "Trung Nghĩa", "Thạnh Mỹ", "Quảng Xá", "Cẩm Nam", "Thanh Vân", "Xuân Lộc",
    "Đại An",
    "Nghĩa Hiệp", "Lộc Thành", "Hà Tân", "Phong Ngũ", "Trà Đình", "Bàu Tròn", "Gò Nổi", "Giáng La",
    "Thái Sơn",
    "Hương Quế", "Châu Thủy", "Lệ Trạch", "Duy Phước", "Thi Lai", "Phú Hương", "Tú An", "Hội Khách",
)  # fmt: skip

STREETS = (
    "Trần Phú", "Lê Lợi", "Nguyễn Huệ", "Hùng Vương", "Lê Duẩn", "Hai Bà Trưng", "Phan Châu Trinh",
    "Quang Trung",
    "Nguyễn Trãi", "Lý Thường Kiệt", "Trần Hưng Đạo", "Phan Bội Châu", "Hoàng Diệu", "Ông Ích Khiêm",
    "Núi Thành",
    "Nguyễn Văn Linh", "Điện Biên Phủ", "Trưng Nữ Vương", "Huỳnh Thúc Kháng", "Lê Hồng Phong", "Nguyễn Du",
    "Võ Thị Sáu", "Phạm Văn Đồng", "Tôn Đức Thắng", "Cách Mạng Tháng Tám", "Hoàng Hoa Thám", "Bà Triệu",
    "Nguyễn Công Trứ", "Trần Cao Vân", "Tiểu La",
)  # fmt: skip

#: communes seldom reach further; degrees of latitude and of longitude are taken alike
REACH_DEG = {Kind.PHUONG: 0.006, Kind.THI_TRAN: 0.01, Kind.XA: 0.018, Kind.DAC_KHU: 0.01}


@dataclass(frozen=True, slots=True)
class Place:
    """Một xã, phường: what the fill needs to know of a commune. `divided`: it goes to several successors."""

    unit_id: uuid.UUID
    code: str
    kind: str
    name: str
    district_id: uuid.UUID
    district: str
    province: str
    latitude: float | None
    longitude: float | None
    divided: bool
    villages: tuple[str, ...]

    @property
    def title(self) -> str:
        """ "Phường Hòa An"."""
        word = str(Kind(self.kind).label)
        return f"{word[0].upper()}{word[1:]} {self.name}"


def villages_of(kind: str, rng: random.Random) -> tuple[str, ...]:
    """The villages (thôn), quarters (tổ dân phố, khối phố) of a commune, by its kind."""
    if kind == Kind.PHUONG:
        return tuple(f"Tổ dân phố {number}" for number in range(1, rng.randint(18, 60)))
    if kind == Kind.THI_TRAN:
        return tuple(f"Khối phố {name}" for name in rng.sample(VILLAGE_NAMES, rng.randint(5, 9)))
    if rng.random() < 0.5:
        return tuple(f"Thôn {number}" for number in range(1, rng.randint(5, 12)))
    return tuple(f"Thôn {name}" for name in rng.sample(VILLAGE_NAMES, rng.randint(5, 10)))


def address_in(place: Place, village: str, rng: random.Random) -> str:
    """An address as people write it: a house and street in towns, the village elsewhere."""
    rest = f"{place.title}, {place.district}, {place.province}"
    if place.kind == Kind.PHUONG:
        lane = f"K{rng.randint(2, 400)}/" if rng.random() < 0.3 else ""
        return f"{lane}{rng.randint(1, 480)} {rng.choice(STREETS)}, {rest}"
    return f"{village}, {rest}"


def point_in(place: Place, rng: random.Random) -> tuple[float, float] | None:
    """A point near the middle of the commune (degrees, WGS 84); None where its middle is not known."""
    if place.latitude is None or place.longitude is None:
        return None
    reach = REACH_DEG[Kind(place.kind)]
    return (
        round(place.latitude + rng.gauss(0, reach / 2), 6),
        round(place.longitude + rng.gauss(0, reach / 2), 6),
    )
