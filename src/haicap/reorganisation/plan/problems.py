"""Problems of a plan: named one by one, with the line and the fix."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from haicap.kernel.errors import BadInput

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """Vấn đề của kế hoạch: what is wrong, on which line (0: nowhere in particular), and how to mend it.

    A `warning` does not stop a cut-over; everything else does.
    """

    code: str
    message: str
    fix: str = ""
    line: int = 0
    warning: bool = False

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "code": self.code,
            "message": self.message,
            "fix": self.fix,
            "line": self.line,
            "warning": self.warning,
        }

    def __str__(self) -> str:
        where = _("dòng %(line)d: ") % {"line": self.line} if self.line else ""
        fix = f" → {self.fix}" if self.fix else ""
        return f"{where}{self.message}{fix}"


def refuse(problems: Iterable[Problem], code: str, message: str) -> None:
    """Raise BadInput with all problems that are not warnings; nothing when there is none. `message` has %(count)d."""
    found = [problem for problem in problems if not problem.warning]
    if not found:
        return
    shown = "\n".join(f"  {problem}" for problem in found[:SHOWN])
    more = _("\n  … và %(more)d chỗ nữa.") % {"more": len(found) - SHOWN} if len(found) > SHOWN else ""
    raise BadInput(
        f"{message % {'count': len(found)}}\n{shown}{more}",
        code=code,
        kept=_("Chưa có gì thay đổi."),
        todo=_("Sửa các chỗ trên rồi kiểm tra lại."),
        details={"problems": [problem.as_dict() for problem in found[:1000]]},
    )
