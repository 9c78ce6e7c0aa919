"""A real browser for tests, Debian's Chromium through playwright, and a visitor in it."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from servers import PATIENCE, wait_for

from lmnet_utils.apps import explorer_figures as figures
from lmnet_utils.apps.explorer_session import Session
from lmnet_utils.apps.explorer_state import State
from lmnet_utils.core import paths

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NO_CHROMIUM = "no Chromium on this machine (Debian: apt install chromium)"
if CHROMIUM is None and os.environ.get("LMNET_REQUIRE_BROWSER") == "1":  # as .ci/run sets it
    pytest.fail(f"{NO_CHROMIUM}, and LMNET_REQUIRE_BROWSER=1 wants these tests run, not skipped", pytrace=False)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM)

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@contextlib.contextmanager
def opened_chromium(*flags: str) -> Iterator[Any]:
    """A browser without a window, closed in the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags], timeout=PATIENCE * 1000)
        yield chromium
        chromium.close()


class Visitor:
    """A visitor with a browser profile and one tab of their own, and what the tab complained of."""

    def __init__(self, browser: Any, width: int = 1280, height: int = 900) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": height}, accept_downloads=True)
        self.tab = self.context.new_page()
        self.tab.set_default_timeout(PATIENCE * 1000)
        self.complaints: list[str] = []
        self.tab.on("console", lambda entry: self.complaints.append(entry.text) if entry.type == "error" else None)
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))

    def __enter__(self) -> Visitor:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self.keep(paths.runs_root() / "browser" / "failed.png")
        self.context.close()

    def pictures(self, group: int = 0) -> dict[str, np.ndarray]:
        """What the canvases show, by title: (size, size, 3) uint8."""
        script = """(group) => {
            const section = document.querySelectorAll('.lmnet-view section')[group];
            return [...(section?.querySelectorAll('figure') || [])].flatMap((figure) => {
                const canvas = figure.querySelector('canvas'), title = figure.innerText.trim().split(' · ')[0];
                return canvas && canvas.width ? [[title, canvas.toDataURL('image/png').split(',')[1]]] : [];
            });
        }"""
        return {
            title: np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))
            for title, data in self.tab.evaluate(script, group)
        }

    def shows(self, session: Session, state: State, group: int = 0) -> None:
        """Wait until every canvas shows what the models make of a state, up to the rounding of edges."""
        wanted = {p.title: p for p in figures.panels_of(session, state)[group][1] if p.kind != "image"}
        camera, problem = figures.camera_of(session, state), ""

        def same() -> bool:
            nonlocal problem
            seen = self.pictures(group)
            if set(seen) != set(wanted):
                problem = f"shapes {sorted(seen)} instead of {sorted(wanted)}"
                return False
            for title, panel in wanted.items():
                expected = figures.draw_panel(panel, camera, len(seen[title])).astype(int)
                differing = (np.abs(seen[title] - expected).max(-1) > 24).mean()
                drawn = (expected.min(-1) < 250).mean()
                if drawn < 0.01 or differing > 0.05 * drawn:
                    problem = f"{title}: {differing:.2%} of the pixels differ, {drawn:.2%} are drawn"
                    return False
            return True

        try:
            wait_for(same, "the picture of this state")
        except AssertionError as error:
            raise AssertionError(f"{error}; {problem}; console: {self.complaints}") from None

    def slider(self, name: str) -> Any:
        return self.tab.get_by_role("slider", name=name, exact=True)

    def choose_file(self, button: str, path: Path) -> None:
        with self.tab.expect_file_chooser() as chooser:
            self.tab.get_by_role("button", name=button).click()
        chooser.value.set_files(path)

    def save(self, button: str) -> bytes:
        with self.tab.expect_download() as download:
            self.tab.get_by_role("button", name=button, exact=True).click()
        return Path(download.value.path()).read_bytes()

    def alert(self, words: str) -> None:
        self.tab.locator(".lmnet-alert[role=alert]").get_by_text(words).wait_for()

    def keep(self, path: Path, height: int = 1400) -> None:
        """Keep a screenshot, of a window high enough for what it is to show (pages scroll inside themselves)."""
        before = self.tab.viewport_size
        self.tab.set_viewport_size({**before, "height": height})
        self.tab.screenshot(path=path)
        self.tab.set_viewport_size(before)

    def serious(self, context: str) -> list[str]:
        """axe-core's serious and critical findings within a part of the page."""
        import axe_playwright_python

        script = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
        self.tab.evaluate(script)
        found = self.tab.evaluate(f"axe.run({json.dumps(context)}, {{resultTypes: ['violations']}})")
        return [
            f"{one['id']} ({one['impact']}): {one['nodes'][0]['html'][:160]}"
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
        ]

    def no_overflow(self) -> None:
        """Nothing sticks out of the explorer or makes the page wider than the window."""
        script = """() => {
            const explorer = document.querySelector('.lmnet-explorer') || document.body;
            const out = [...explorer.querySelectorAll('*')].filter((one) => {
                const box = one.getBoundingClientRect();
                let above = one.parentElement; // a row of thumbnails is there to be scrolled; nothing else is
                if (!box.width || one.closest('.lmnet-thumbs')) return false;
                while (above !== explorer && getComputedStyle(above).overflowX === 'visible') above = above.parentElement;
                return box.right > above.getBoundingClientRect().right + 1;
            });
            return [document.documentElement.scrollWidth - innerWidth, out.map((one) => one.outerHTML.slice(0, 120))];
        }"""
        beyond, out = self.tab.evaluate(script)
        assert beyond <= 0 and out == [], f"{beyond} px wider than the window; sticking out: {out}"
