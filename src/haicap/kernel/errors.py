"""Errors for people: a stable code, what happened, what is kept, what to do; in Vietnamese through gettext."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

Text = str | Promise


class HaicapError(Exception):
    """An error that a person reads (lỗi): nothing was half-written when it is raised.

    `code` is stable and unique ("REG-014"): it stands on the page, in the API and in the manual.
    `message` says what happened, `kept` what is kept, `todo` what to do. `where` names the place in
    the input (a line of a file, a field), `details` are values for machines (JSON-ready).
    """

    code: str = "HC-000"
    http_status: int = 400

    def __init__(
        self,
        message: Text,
        *,
        code: str | None = None,
        kept: Text = "",
        todo: Text = "",
        where: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(str(message))
        self.code = code or type(self).code
        self.message = message
        self.kept = kept
        self.todo = todo
        self.where = where
        self.details = dict(details or {})

    def __str__(self) -> str:
        parts = [f"[{self.code}] {self.message}"]
        if self.where:
            parts.append(_("Chỗ: %(where)s") % {"where": self.where})
        if self.kept:
            parts.append(str(self.kept))
        if self.todo:
            parts.append(str(self.todo))
        return "\n".join(parts)

    def as_dict(self) -> dict[str, Any]:
        """The error as JSON-ready values: code, message, kept, todo, where, details."""
        return {
            "code": self.code,
            "message": str(self.message),
            "kept": str(self.kept),
            "todo": str(self.todo),
            "where": self.where,
            "details": self.details,
        }


class BadInput(HaicapError):
    """What was given cannot be used (dữ liệu vào không hợp lệ)."""

    code = "HC-400"
    http_status = 400


class NotAllowed(HaicapError):
    """The actor may not do this (không có quyền)."""

    code = "HC-403"
    http_status = 403


class NotFound(HaicapError):
    """There is no such thing, or the actor may not see it (không tìm thấy)."""

    code = "HC-404"
    http_status = 404


class Conflict(HaicapError):
    """The state of the data does not allow this now (xung đột trạng thái)."""

    code = "HC-409"
    http_status = 409


class Unavailable(HaicapError):
    """A part that is needed does not answer (tạm thời không phục vụ được)."""

    code = "HC-503"
    http_status = 503
