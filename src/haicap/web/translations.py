"""Translations: the committed catalogues (.po) as the binary files that Django reads (.mo), made at set-up.

Msgids are Vietnamese; `locale/en` holds the English. Catalogues are compiled here, without the gettext tools: a
fresh machine need not have them. `python -m haicap.web.translations --check` says what is not translated.
"""

from __future__ import annotations

import ast
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

LOCALE = Path(__file__).resolve().parents[1] / "locale"
MAGIC = 0x950412DE


@dataclass(slots=True)
class Entry:
    """One message of a catalogue: its texts by field ("msgid", "msgstr", "msgstr[0]", …)."""

    texts: dict[str, str] = field(default_factory=dict)
    fuzzy: bool = False

    @property
    def key(self) -> str:
        """What gettext looks up: context and plural are part of it."""
        key = self.texts.get("msgid", "")
        if "msgid_plural" in self.texts:
            key += "\0" + self.texts["msgid_plural"]
        if "msgctxt" in self.texts:
            key = self.texts["msgctxt"] + "\x04" + key
        return key

    @property
    def value(self) -> str:
        """What it answers; empty when the message is not translated."""
        forms = sorted(name for name in self.texts if name.startswith("msgstr"))
        texts = [self.texts[name] for name in forms]
        return "\0".join(texts) if all(texts) else ""


def read(path: Path) -> Iterator[Entry]:
    """The messages of a .po file, the head (empty msgid) among them. Raises ValueError with its line."""
    entry, current = Entry(), ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = line.strip()
        if line.startswith("#,") and "fuzzy" in line:
            entry.fuzzy = True
        if line.startswith("#"):
            continue
        if not line:
            if entry.texts:
                yield entry
            entry, current = Entry(), ""
            continue
        if not line.startswith('"'):
            current, _space, line = line.partition(" ")
            entry.texts[current] = ""
        try:
            entry.texts[current] += ast.literal_eval(line)
        except (KeyError, ValueError, SyntaxError, TypeError):
            raise ValueError(f"{path.name}:{number}: {line[:60]}") from None
    if entry.texts:
        yield entry


def compiled(entries: Iterator[Entry]) -> bytes:
    """A .mo file (GNU gettext manual, §10.3): sorted keys, offsets, texts; untranslated and fuzzy ones left out."""
    pairs = sorted(
        (entry.key.encode(), entry.value.encode())
        for entry in entries
        if entry.value and (not entry.fuzzy or not entry.key)
    )
    keys = b"".join(key + b"\0" for key, _value in pairs)
    start = 28 + 16 * len(pairs)
    key_at, value_at = start, start + len(keys)
    key_table, value_table = b"", b""
    for key, value in pairs:
        key_table += struct.pack("<II", len(key), key_at)
        value_table += struct.pack("<II", len(value), value_at)
        key_at += len(key) + 1
        value_at += len(value) + 1
    head = struct.pack("<7I", MAGIC, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, start)
    return head + key_table + value_table + keys + b"".join(value + b"\0" for _key, value in pairs)


def build(locale: Path = LOCALE) -> list[Path]:
    """Compile every catalogue that is newer than its .mo; the files that were written."""
    written = []
    for source in sorted(locale.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        content = compiled(read(source))
        if not target.exists() or target.read_bytes() != content:
            target.write_bytes(content)
            written.append(target)
    return written


def untranslated(path: Path) -> list[str]:
    """The msgids of a catalogue that have no translation."""
    return [entry.texts["msgid"] for entry in read(path) if entry.texts.get("msgid") and not entry.value]


def main() -> int:
    """Compile; with `--check` only say what is missing."""
    if "--check" not in sys.argv:
        build()
        return 0
    missing = {path: untranslated(path) for path in sorted(LOCALE.glob("*/LC_MESSAGES/*.po"))}
    for path, texts in missing.items():
        print(f"{path.parts[-3]}: {len(texts)} chưa dịch")
        for text in texts[:50]:
            print(f"  {text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
