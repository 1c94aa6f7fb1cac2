"""Click's own words in Vietnamese (usage, options, wrong use of a command)."""

from __future__ import annotations

from types import ModuleType

import click

WORDS = {
    "Usage:": "Cách dùng:",
    "Options": "Tùy chọn",
    "Commands": "Lệnh",
    "Arguments": "Tham số",
    "Error: {message}": "Lỗi: {message}",
    "Show this message and exit.": "Hiện phần trợ giúp này.",
    "Show the version and exit.": "Hiện phiên bản.",
    "Try '{command} {option}' for help.": "Xem «{command} {option}» để biết cách dùng.",
    "Missing command.": "Thiếu tên lệnh.",
    "No such command {name!r}.": "Không có lệnh {name!r}.",
    "No such option: {name}": "Không có tùy chọn {name}",
    "No such option {name!r}.": "Không có tùy chọn {name!r}.",
    "Did you mean {possibility}?": "Có phải ý bạn là {possibility}?",
    "Missing argument": "Thiếu tham số",
    "Missing option": "Thiếu tùy chọn",
    "Missing parameter": "Thiếu tham số",
    "Invalid value: {message}": "Giá trị không hợp lệ: {message}",
    "Invalid value for {param_hint}: {message}": "Giá trị không hợp lệ cho {param_hint}: {message}",
    "{value!r} is not a valid {number_type}.": "{value!r} không phải là {number_type} hợp lệ.",
    "{name} {filename!r} does not exist.": "{name} {filename!r} không tồn tại.",
    "Option {name!r} requires an argument.": "Tùy chọn {name!r} cần một giá trị.",
    "Got unexpected extra argument ({args})": "Thừa tham số ({args})",
    "default: {default}": "mặc định: {default}",
    "required": "bắt buộc",
    "Aborted!": "Đã dừng.",
    "Error": "Lỗi",
    "File": "Tệp",
    "Directory": "Thư mục",
}


def translate(message: str) -> str:
    """The Vietnamese for one of click's messages; the message itself when there is none."""
    return WORDS.get(message, message)


def speak_vietnamese() -> None:
    """Put our words in the place where click keeps its `gettext`."""
    for name in ("core", "decorators", "exceptions", "formatting", "parser", "types", "termui"):
        module: ModuleType | None = getattr(click, name, None)
        if module is not None and hasattr(module, "_"):
            module._ = translate  # type: ignore[attr-defined]
