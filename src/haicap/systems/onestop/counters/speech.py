"""Đọc số: «Mời số 12 đến quầy 3», by espeak-ng where the server has it, for boards whose browser has no voice."""

from __future__ import annotations

import shutil
import subprocess
from functools import lru_cache

from django.utils.translation import gettext as _

from haicap.systems.onestop.counters.errors import NoVoice

PROGRAM = "espeak-ng"
#: words a minute: slower than speech, for people who listen in a hall
PACE = "135"
TIMEOUT_S = 5.0


def has_voice() -> bool:
    """Whether this server can speak."""
    return shutil.which(PROGRAM) is not None


@lru_cache(maxsize=256)
def called(number: int, counter: int) -> bytes:
    """A WAV that calls a number to a counter, in Vietnamese whatever the page's language is. Raises NoVoice."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise NoVoice(
            _("Máy chủ chưa có giọng đọc."),
            todo=_("Hãy cài gói «espeak-ng», hoặc dùng giọng của trình duyệt."),
        )
    text = f"Mời số {number}, đến quầy {counter}."
    done = subprocess.run(
        [program, "-v", "vi", "-s", PACE, "--stdout", text],
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    if done.returncode or not done.stdout.startswith(b"RIFF"):
        raise NoVoice(_("Giọng đọc của máy chủ không dùng được."), todo=_("Hãy báo bộ phận kỹ thuật."))
    return done.stdout
