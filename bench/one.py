"""One module of the bench in a process of its own: `python -m bench.one NAME FILE [--quick]`; see `bench.run`."""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from pathlib import Path


def main(name: str, file: str, *, quick: bool) -> None:
    """Write the module's rows into the file, as JSON."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "haicap.settings.base"
    import django

    django.setup()
    from bench.context import Context

    rows = import_module(f"bench.{name}").rows(Context(quick=quick))
    Path(file).write_text(json.dumps(rows))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], quick="--quick" in sys.argv)
