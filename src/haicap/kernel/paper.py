"""Giấy tờ: official papers as PDF, set by Typst from a template beside the code that needs it.

Templates read their values from `json(sys.inputs.values)`: nothing that people typed becomes markup. Text is
brought to NFC first. The typeface is Tinos, which has the widths of Times New Roman (docs/dependencies.md).
"""

from __future__ import annotations

import json
import threading
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import typst
from django.contrib.staticfiles import finders
from django.utils.translation import gettext as _

from haicap.kernel.errors import Unavailable

#: where `haicap.web.assets` puts the typeface, as a path of static files
FONT_FILE = "vendor/paper/Tinos_400Regular.ttf"


class PaperFailed(Unavailable):
    """A paper could not be set (không lập được giấy tờ)."""

    code = "KRN-120"


def pdf(template: Path, values: Mapping[str, Any]) -> bytes:
    """The paper of a template with these JSON-ready values, as PDF/A-2b. Raises PaperFailed (KRN-120).

    The template can include files of its own folder only.
    """
    text = unicodedata.normalize("NFC", json.dumps(values, ensure_ascii=False))
    try:
        made = _compiler(template).compile(format="pdf", pdf_standards=["a-2b"], sys_inputs={"values": text})
    except (RuntimeError, OSError) as error:  # typst.TypstError is a RuntimeError
        raise PaperFailed(
            _("Không lập được tệp PDF: %(why)s") % {"why": str(error).strip().splitlines()[0]},
            kept=_("Dữ liệu giữ nguyên."),
            todo=_("Báo bộ phận kỹ thuật kèm mã lỗi."),
        ) from error
    assert isinstance(made, bytes)  # one PDF, not one picture a page
    return made


_kept = threading.local()


def _compiler(template: Path) -> typst.Compiler:
    """The compiler of a template, kept by the thread: reading typefaces anew took three quarters of the time.

    The machine's own fonts are looked for only where ours was not fetched.
    """
    kept: dict[Path, typst.Compiler] = _kept.__dict__.setdefault("compilers", {})
    if template not in kept:
        folders = font_folders()
        kept[template] = typst.Compiler(
            str(template), root=str(template.parent), font_paths=folders, ignore_system_fonts=bool(folders)
        )
    return kept[template]


@lru_cache(maxsize=1)
def font_folders() -> list[str]:
    """The folder of the typeface; none where it was not fetched: Typst then finds its next best."""
    found = finders.find(FONT_FILE)
    return [str(Path(found).parent)] if isinstance(found, str) else []
