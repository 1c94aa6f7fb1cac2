"""Vietnamese personal names with their frequencies, as facts: family, middle and given names by sex.

Shares of family names follow what is generally reported for the Kinh majority (Nguyễn about 38 %, Trần 11 %,
Lê 9.5 %, Phạm 7 %, …); middle and given names are ranked by common knowledge. Every person here is made up.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

FAMILY: tuple[tuple[str, float], ...] = (
    ("Nguyễn", 38.4), ("Trần", 11.0), ("Lê", 9.5), ("Phạm", 7.1), ("Huỳnh", 3.9), ("Hoàng", 2.6),
    ("Phan", 4.5), ("Vũ", 1.9), ("Võ", 3.9), ("Đặng", 2.1), ("Bùi", 2.0), ("Đỗ", 1.4), ("Hồ", 1.9),
    ("Ngô", 1.6), ("Dương", 1.0), ("Lý", 0.6), ("Đinh", 0.9), ("Trương", 1.6), ("Lâm", 0.7), ("Mai", 0.7),
    ("Đoàn", 0.7), ("Lương", 0.6), ("Trịnh", 0.5), ("Đào", 0.5), ("Châu", 0.4), ("Tạ", 0.3), ("Hà", 0.4),
    ("Thái", 0.4), ("Tôn", 0.1), ("Ông", 0.1), ("Văn", 0.2), ("Cao", 0.4), ("Kiều", 0.2), ("Doãn", 0.1),
    ("Lưu", 0.3), ("Từ", 0.1), ("Quách", 0.1), ("Phùng", 0.2), ("Tăng", 0.1), ("Thân", 0.1),
)  # fmt: skip

MIDDLE_MALE: tuple[tuple[str, float], ...] = (
    ("Văn", 30), ("Đức", 7), ("Hữu", 7), ("Minh", 6), ("Ngọc", 5), ("Quang", 5), ("Công", 4), ("Thanh", 5),
    ("Xuân", 4), ("Đình", 5), ("Quốc", 4), ("Anh", 3), ("Tấn", 3), ("Trọng", 2), ("Viết", 2), ("Bá", 2),
    ("Duy", 2), ("Hoàng", 3), ("Thế", 2), ("Tuấn", 2), ("Gia", 1), ("Nhật", 1), ("Phước", 1), ("", 2),
)  # fmt: skip

MIDDLE_FEMALE: tuple[tuple[str, float], ...] = (
    ("Thị", 42), ("Thị Thu", 4), ("Thị Ngọc", 4), ("Thị Thanh", 4), ("Thị Kim", 4), ("Thị Mỹ", 3),
    ("Thị Bích", 3), ("Thị Hồng", 3), ("Thị Minh", 2), ("Thị Phương", 2), ("Thị Tuyết", 2), ("Ngọc", 4),
    ("Thanh", 3), ("Thu", 2), ("Minh", 2), ("Phương", 2), ("Hoàng", 2), ("Quỳnh", 2), ("Khánh", 1),
    ("Bảo", 1), ("Hồng", 2), ("Kim", 2), ("Mỹ", 2), ("Thùy", 2),
)  # fmt: skip

GIVEN_MALE: tuple[tuple[str, float], ...] = (
    ("Hùng", 4.5), ("Dũng", 4.2), ("Tuấn", 4), ("Minh", 3.6), ("Sơn", 3.3), ("Hải", 3.2), ("Long", 2.8),
    ("Nam", 2.8), ("Thành", 2.9), ("Quang", 2.6), ("Cường", 2.6), ("Bình", 2.5), ("Phúc", 2.2), ("Tâm", 2.2),
    ("Hòa", 2.1), ("Đức", 2.1), ("Trung", 2), ("Vinh", 2), ("Thắng", 2), ("Anh", 1.9), ("Huy", 1.9),
    ("Khánh", 1.5), ("Lộc", 1.5), ("Phong", 1.5), ("Toàn", 1.5), ("Việt", 1.4), ("Hiếu", 1.5), ("An", 1.2),
    ("Phương", 1.2), ("Thịnh", 1.2), ("Tiến", 1.4), ("Đạt", 1.3), ("Tài", 1.2), ("Lâm", 1.1), ("Chính", 0.8),
    ("Nghĩa", 0.9), ("Quân", 1), ("Khoa", 1), ("Bảo", 1), ("Thuận", 0.9), ("Tín", 0.8), ("Duy", 0.9),
    ("Nhân", 0.9), ("Ba", 0.3), ("Sáu", 0.3), ("Hiền", 0.5), ("Tùng", 0.9), ("Trí", 0.7), ("Kiên", 0.7),
)  # fmt: skip

GIVEN_FEMALE: tuple[tuple[str, float], ...] = (
    ("Hoa", 3.2), ("Lan", 3.3), ("Hương", 3.6), ("Hạnh", 3.2), ("Thủy", 3.4), ("Hà", 2.8), ("Linh", 3),
    ("Trang", 2.9), ("Thảo", 2.9), ("Nga", 2.7), ("Mai", 2.7), ("Hằng", 2.6), ("Phương", 2.8), ("Yến", 2.3),
    ("Anh", 2.5), ("Vân", 2.2), ("Loan", 2), ("Tuyết", 1.9), ("Dung", 2), ("Hồng", 1.9), ("Hiền", 2.2),
    ("Liên", 1.7), ("Nhung", 1.7), ("Ngân", 1.7), ("Tâm", 1.6), ("Oanh", 1.4), ("Thu", 1.6), ("Trinh", 1.3),
    ("Nguyệt", 1.3), ("Ngọc", 1.7), ("Bích", 0.9), ("Diễm", 0.9), ("My", 1.2), ("Trâm", 1.2), ("Vy", 1.2),
    ("Nhi", 1.2), ("Châu", 1), ("Lệ", 1), ("Xuân", 1), ("Thúy", 1.5), ("Sương", 0.8), ("Bé", 0.4),
    ("Quyên", 1), ("Uyên", 1), ("Giang", 0.9), ("Cúc", 0.7), ("Đào", 0.6), ("Kiều", 0.8),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Name:
    """Họ, chữ đệm, tên of a made-up person."""

    family: str
    middle: str
    given: str

    @property
    def full(self) -> str:
        """The whole name in its order."""
        return " ".join(part for part in (self.family, self.middle, self.given) if part)


class NameMaker:
    """Draws names by their frequency, many at a time."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def draw(self, count: int) -> list[Name]:
        """`count` names, men and women alike."""
        rng = self._rng
        women = [rng.random() < 0.5 for _ in range(count)]
        families = self._draw(FAMILY, count)
        middles = {True: self._draw(MIDDLE_FEMALE, count), False: self._draw(MIDDLE_MALE, count)}
        givens = {True: self._draw(GIVEN_FEMALE, count), False: self._draw(GIVEN_MALE, count)}
        names = []
        for index, woman in enumerate(women):
            middle, given = middles[woman][index], givens[woman][index]
            if middle.split()[-1:] == [given]:  # «Ngọc Ngọc»: nobody is called so
                middle = "Thị" if woman else "Văn"
            names.append(Name(families[index], middle, given))
        return names

    def _draw(self, table: tuple[tuple[str, float], ...], count: int) -> list[str]:
        words, weights = zip(*table, strict=True)
        return self._rng.choices(words, weights, k=count)
