"""The texts people read and their English translations: src/haicap/locale/en/LC_MESSAGES/django.po.

    tools/messages.py check    fail when a text of the code has no translation, when the file translates texts that
                               the code no longer has (a text was changed and its translation forgotten), or when
                               a translation has other placeholders than its text
    tools/messages.py write    bring the file up to date; translations of texts that stay are kept

A text without a translation is shown in Vietnamese. django.mo is compiled by haicap.web.translations at set-up.

Texts are found without GNU gettext: calls in Python by its syntax tree, templates through Django's own
preparation for translators.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src" / "haicap"
ENGLISH = SOURCES / "locale" / "en" / "LC_MESSAGES" / "django.po"
SINGULAR = {"_", "gettext", "gettext_lazy", "gettext_noop"}
PLURAL = {"ngettext", "ngettext_lazy"}
CONTEXT = {"pgettext", "pgettext_lazy"}

PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%%|&\w+;|&#\d+;")
STRING = re.compile(r"""u?'(?:\\.|[^'\\])*'|u?"(?:\\.|[^"\\])*\"""")
CALL = re.compile(rf"(?<!\w)(?P<name>_|gettext|ngettext|pgettext)\((?:{STRING.pattern}|[^()])*\)")

Text = tuple[str | None, str | tuple[str, str]]


def python_texts(source: str) -> Iterator[Text]:
    """(context, text or (singular, plural)) of every gettext call with literal texts."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        values = [_literal(argument) for argument in node.args]
        if name in SINGULAR and values and values[0]:
            yield None, values[0]
        elif name in PLURAL and len(values) > 1 and values[0] and values[1]:
            yield None, (values[0], values[1])
        elif name in CONTEXT and len(values) > 1 and values[0] and values[1]:
            yield values[0], values[1]


def _literal(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def template_texts(source: str) -> Iterator[Text]:
    """The same of a template's translate and blocktranslate tags."""
    from django.utils.translation.template import templatize

    prepared = templatize(source)
    for call in CALL.finditer(prepared):
        try:
            yield from python_texts(call.group())
        except SyntaxError:  # a plural's count is no Python here; its texts come first
            texts = ", ".join(STRING.findall(call.group()))
            yield from python_texts(f"{call.group('name')}({texts}, 1)")


def all_texts() -> set[Text]:
    """Every text of the house."""
    found: set[Text] = set()
    for path in SOURCES.rglob("*"):
        if "tests" in path.parts or "static" in path.parts or not path.is_file():
            continue
        if path.suffix == ".py" and "migrations" not in path.parts:
            found.update(python_texts(path.read_text()))
        elif path.suffix in {".html", ".txt"} and "templates" in path.parts:
            found.update(template_texts(path.read_text()))
    return found


def read() -> Catalog:
    """The file as it is; an empty one before it is first written."""
    if not ENGLISH.is_file():
        return Catalog(locale="en")
    with ENGLISH.open("rb") as file:
        return read_po(file, locale="en")


def untranslated(message: Message | None) -> bool:
    """True when English readers see Vietnamese: no such message, or one of its forms is empty."""
    return message is None or not all(_forms(message.string))


def misfilled(message: Message) -> bool:
    """True when a translation lacks a placeholder or an entity of its text, or has one more."""
    texts, translations = _forms(message.id), _forms(message.string)
    return all(translations) and any(
        sorted(PLACEHOLDER.findall(text)) != sorted(PLACEHOLDER.findall(translation))
        for text, translation in zip(texts, translations, strict=True)
    )


def _forms(text: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    return tuple(text) if isinstance(text, (list, tuple)) else (text or "",)


def check() -> int:
    """0 when the file translates the texts of the code, all of them and no others, with their placeholders."""
    file, wanted = read(), all_texts()
    messages: dict[Text, Message] = {(each.context, each.id): each for each in file if each.id}
    found = {
        "no longer in the code": messages.keys() - wanted,
        "without a translation": {each for each in wanted if untranslated(messages.get(each))},
        "other placeholders": {each for each in messages.keys() & wanted if misfilled(messages[each])},
    }
    for what, texts in found.items():
        for context, text in sorted(texts, key=str):
            print(f"{what}: {text!r}" + (f" ({context})" if context else ""))
    if any(found.values()):
        print(f"run: .venv/bin/python tools/messages.py write, then translate in {ENGLISH.relative_to(ROOT)}")
    missing = len(found["without a translation"])
    print(f"{len(wanted) - missing} of {len(wanted)} texts are translated")
    return 1 if any(found.values()) else 0


def write() -> int:
    """Texts of the code, with the translations that the file has."""
    old = read()
    fresh = Catalog(locale="en", project="haicap", fuzzy=False)
    for context, text in sorted(all_texts(), key=str):
        kept = old.get(text, context)
        fresh.add(text, kept.string if kept else None, context=context)
    ENGLISH.parent.mkdir(parents=True, exist_ok=True)
    with ENGLISH.open("wb") as file:
        write_po(file, fresh, width=110, omit_header=False, sort_output=True)
    missing = sum(1 for message in fresh if message.id and untranslated(message))
    print(f"{len(fresh)} texts, {missing} without a translation")
    return 0


if __name__ == "__main__":
    sys.exit({"check": check, "write": write}[sys.argv[1]]())
