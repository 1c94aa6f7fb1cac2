"""Liên kết riêng không nằm trong nhật ký máy chủ: secret addresses are cut short in every line about requests."""

from __future__ import annotations

import logging
import re

_SECRET = re.compile(r"(/(?:nop|ho-so-cua-toi)/)[A-Za-z0-9_-]{46}")
#: loggers that name the address of a request
LOGGERS = ("django.request", "django.server", "django.security.csrf")


class NoSecretLinks(logging.Filter):
    """Takes the secret out of addresses of drafts, in the words and in the values of a line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Never refuses a line."""
        record.msg = _without(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(_without(one) for one in record.args)
        return True


def install() -> None:
    """Put the filter on; once is enough."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(one, NoSecretLinks) for one in logger.filters):
            logger.addFilter(NoSecretLinks())


def _without(value: object) -> object:
    return _SECRET.sub(r"\1…", value) if isinstance(value, str) else value
