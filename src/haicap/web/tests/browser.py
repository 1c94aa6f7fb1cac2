"""Looking at pages in a real browser: screenshots at three widths, axe-core, keys.

Screenshots go to build/screens/ (not committed). Loopback only.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from haicap.access.tests import accounts
from haicap.registry.tests.places import Places
from haicap.web.assets import ROOT

WIDTHS = (360, 768, 1280)
SCREENS = ROOT / "build" / "screens"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

#: no update checks, no first-run pages, nothing that leaves the machine or needs a sandbox of the kernel's
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-first-run",
    "--no-pings",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


def chromium_path() -> str | None:
    """Where Chromium is: `HAICAP_CHROMIUM`, else the machine's."""
    named = os.environ.get("HAICAP_CHROMIUM")
    found = (named, shutil.which("chromium"), shutil.which("chromium-browser"), shutil.which("google-chrome"))
    return next((path for path in found if path), None)


@contextmanager
def launch() -> Iterator[Any]:
    """A headless Chromium; the test is skipped where there is none."""
    path = chromium_path()
    if path is None:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


class Eyes:
    """A page in the browser, with what it said on its console."""

    def __init__(self, browser: Any, base: str, places: Places) -> None:
        self.base = base.replace("localhost", "127.0.0.1")
        self.places = places
        self.complaints: list[str] = []
        self._context = browser.new_context(locale="vi-VN", reduced_motion="reduce")
        self.page = self._context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def close(self) -> None:
        """Leave the browser."""
        self._context.close()

    def open(self, path: str) -> Any:
        """Go to an address of the site; the answer."""
        return self.page.goto(self.base + path)

    def sign_in(self, appointment: uuid.UUID) -> None:
        """Be signed in as who holds an appointment, in this hat; the sign-in pages have tests of their own."""
        client = Client()
        accounts.sign_in(client, appointment)
        name = settings.SESSION_COOKIE_NAME
        self._context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": self.base}])

    def shots(self, name: str, path: str) -> list[Path]:
        """The page at three widths, saved; fails where a page is wider than the screen."""
        SCREENS.mkdir(parents=True, exist_ok=True)
        files = []
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 800})
            self.open(path)
            self.page.evaluate("document.fonts.ready")
            file = SCREENS / f"{name}-{width}.png"
            self.page.screenshot(path=file, full_page=True)
            files.append(file)
            needed = self.page.evaluate("document.documentElement.scrollWidth")
            assert needed <= width, f"{path} needs {needed} px at {width} px"
        return files

    def axe(self) -> list[str]:
        """What axe-core finds wrong on the page as it stands: "rule: where". Skipped without axe-core."""
        if not AXE.exists():
            pytest.skip("axe-core is not installed (python -m haicap.web.assets)")
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate(
            "async (tags) => (await axe.run(document, {runOnly: {type: 'tag', values: tags}})).violations",
            RULES,
        )
        return [
            f"{one['id']}: {one['help']}: {node['target']} {node['html'][:160]}"
            for one in found
            for node in one["nodes"][:5]
        ]
