"""Catalogues: read and compiled here as the gettext tools do it; English covers the shell."""

from __future__ import annotations

import gettext
import io
import re
from pathlib import Path

import pytest

from haicap.web import assets, translations

ENGLISH = translations.LOCALE / "en" / "LC_MESSAGES" / "django.po"


def compiled(path: Path) -> gettext.GNUTranslations:
    return gettext.GNUTranslations(io.BytesIO(translations.compiled(translations.read(path))))


def test_compiled__english__read_by_gettext() -> None:
    known = compiled(ENGLISH)
    assert known.gettext("Việc của tôi") == "My work"
    assert known.gettext("không có câu này") == "không có câu này"


def test_compiled__plural_context_fuzzy_and_several_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.po"
    path.write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
        '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
        'msgid "một %(n)s"\nmsgid_plural "nhiều %(n)s"\nmsgstr[0] "one %(n)s"\nmsgstr[1] "many %(n)s"\n\n'
        'msgctxt "nút"\nmsgid "Mở"\nmsgstr "Open"\n\n'
        '#, fuzzy\nmsgid "Đóng"\nmsgstr "Close"\n\n'
        'msgid ""\n"dài "\n"lắm"\nmsgstr "very "\n"long\\n\\"quoted\\""\n',
        encoding="utf-8",
    )
    known = compiled(path)
    assert known.ngettext("một %(n)s", "nhiều %(n)s", 2) == "many %(n)s"
    assert known.pgettext("nút", "Mở") == "Open"
    assert known.gettext("Đóng") == "Đóng"
    assert known.gettext("dài lắm") == 'very long\n"quoted"'


def test_read__broken_line__named(tmp_path: Path) -> None:
    path = tmp_path / "x.po"
    path.write_text('msgid "a\nmsgstr "b"\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"x\.po:1"):
        list(translations.read(path))


def test_english__placeholders__are_those_of_the_vietnamese() -> None:
    for entry in translations.read(ENGLISH):
        wanted = sorted(re.findall(r"%\(\w+\)[a-z]", entry.texts["msgid"]))
        for form in entry.value.split("\0") if entry.value else []:  # one of each plural form
            assert sorted(re.findall(r"%\(\w+\)[a-z]", form)) == wanted, entry.texts["msgid"]


def test_english__templates_of_the_shell__nothing_missing() -> None:
    known = {entry.texts["msgid"] for entry in translations.read(ENGLISH) if entry.value}
    used: set[str] = set()
    for folder in ("web/templates/web", "registry/templates/registry", "access/templates/access"):
        for path in (assets.PACKAGE.parent / folder).rglob("*.html"):
            used |= set(re.findall(r'{% translate "([^"]+)"', path.read_text()))
    # kinds of units stay Vietnamese: they are part of names
    assert used - known <= {"phường", "xã", "thị trấn", "đặc khu"}
