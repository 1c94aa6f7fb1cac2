"""The little of SVG that the pictures need: elements, escaped text, lines of words that fit a width."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from html import escape

#: the widths pictures are drawn for: a telephone of 360 px less its margins, and a screen
NARROW_PX = 320
WIDE_PX = 760

_NARROW_LETTERS = set("iljtfrI.,:;'’|!() ")
_WIDE_LETTERS = set("mwMWĐHNGOQUCD")


def number(value: float) -> str:
    """A coordinate with at most one decimal: 12.0 → "12", 12.34 → "12.3"."""
    return f"{value:.1f}".rstrip("0").rstrip(".") or "0"


def element(name: str, *content: str, **attributes: str | float | None) -> str:
    """An element; content is markup already, attributes are escaped (`class_` → class, `aria_label` → …)."""
    written = []
    for key, value in attributes.items():
        if value is None:
            continue
        shown = number(value) if isinstance(value, int | float) else escape(str(value))
        written.append(f' {key.rstrip("_").replace("_", "-")}="{shown}"')
    inside = "".join(content)
    return f"<{name}{''.join(written)}>{inside}</{name}>" if inside else f"<{name}{''.join(written)}/>"


def text(words: str, x: float | str, y: float, **attributes: str | float | None) -> str:
    """A line of text, escaped."""
    return element("text", escape(unicodedata.normalize("NFC", words)), x=x, y=y, **attributes)


def picture(
    parts: Sequence[str], *, title: str, description: str, width: float, height: float, extra_class: str = ""
) -> str:
    """A whole picture at its own size in px, with its title and description for screen readers."""
    shape = f"0 0 {number(width)} {number(height)}"
    css = f"hc-picture {extra_class}".strip()
    head = [element("title", escape(title))]
    if description:
        head.append(element("desc", escape(description)))
    opened = (
        f'<svg class="{escape(css)}" viewBox="{shape}" '
        f'width="{number(width)}" height="{number(height)}" role="group" aria-label="{escape(title)}">'
    )
    return opened + "".join(head) + "".join(parts) + "</svg>"


def text_width(words: str, size_px: float = 13) -> float:
    """About how wide words are in Be Vietnam Pro, in px; marks take no room. Errs to the wide side."""
    total = 0.0
    for letter in unicodedata.normalize("NFD", words):
        if unicodedata.combining(letter):
            continue
        total += 0.34 if letter in _NARROW_LETTERS else 0.84 if letter in _WIDE_LETTERS else 0.6
    return total * size_px


def wrap(words: str, width_px: float, size_px: float = 13, most: int = 3) -> list[str]:
    """Words broken into lines that fit a width; the last of `most` lines ends with … when there is more."""
    lines: list[str] = []
    for word in words.split():
        if lines and text_width(f"{lines[-1]} {word}", size_px) <= width_px:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1]}…"]
    return [_clip(line, width_px, size_px) for line in lines] or [""]


def _clip(line: str, width_px: float, size_px: float) -> str:
    """A single word that is wider than its box is cut: no letter may leave the picture."""
    if text_width(line, size_px) <= width_px:
        return line
    while len(line) > 1 and text_width(f"{line}…", size_px) > width_px:
        line = line[:-1]
    return f"{line.rstrip('…')}…"
