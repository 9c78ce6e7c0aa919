"""What `make site` has made, checked without a browser: no dead link, nothing loaded from elsewhere, no path of this machine.

    python tools/check_site.py site

Links within the site must lead to a file, and to an id in it where they name one. Links to other servers are for people
to follow and are not tried; but what a page loads by itself (scripts, styles, pictures, fonts) must lie in the site.
"""

from __future__ import annotations

import argparse
import re
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lmnet_utils.core import paths

TEXTS = {".html", ".css", ".js", ".json", ".txt", ".svg"}
LOADING = {"img", "script", "iframe", "source", "video", "audio", "embed", "object", "link"}


class Page(HTMLParser):
    """The ids of one HTML page and what it links to.

    Args:
        text: the page's HTML.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[tuple[str, bool]] = []
        """Every address, and whether the page loads it by itself."""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        loads = tag in LOADING and given.get("rel") not in ("index", "search", "next", "prev", "canonical")
        self.links += [(given[name], loads) for name in ("href", "src", "data", "poster") if name in given]


@cache
def read_page(path: Path) -> Page:
    """A page of the site, read once."""
    return Page(path.read_text(encoding="utf-8"))


def problem_of(address: str, loads: bool, page: Path, site: Path) -> str | None:
    """What is wrong with one address on a page; None when nothing is."""
    parts = urlsplit(address)
    if parts.scheme in ("data", "blob", "mailto", "javascript"):
        return None
    if parts.scheme or parts.netloc:
        return "is loaded from elsewhere" if loads else None
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page.resolve()
    target = target / "index.html" if target.is_dir() else target
    if not target.is_relative_to(site.resolve()):
        return "leads out of the site"
    if not target.is_file():
        return "leads to no file"
    if parts.fragment and target.suffix == ".html" and unquote(parts.fragment) not in read_page(target).ids:
        return "leads to no such place in its page"
    return None


def find_problems(site: Path) -> list[str]:
    """Every problem of a built site, as a line `page: address, what is wrong`.

    Args:
        site: the folder that `make site` has written.

    Raises:
        FileNotFoundError: there is no `index.html` in it.
    """
    if not (site / "index.html").is_file():
        raise FileNotFoundError(f"{paths.display(site)} holds no index.html: build it by `make site`.")
    machine = {str(paths.project_root()), str(Path.home() / ""), sys.prefix}
    found = []
    for path in sorted(path for path in site.rglob("*") if path.suffix in TEXTS):
        name, text = path.relative_to(site).as_posix(), path.read_text(encoding="utf-8")
        found += [f"{name}: {place}, a path of this machine" for place in sorted(machine) if f"{place}/" in text]
        links = read_page(path).links if path.suffix == ".html" else []
        if path.suffix == ".css":
            links = [(address, True) for address in re.findall(r"url\(\s*['\"]?([^'\")]+)", text)]
        for address, loads in dict.fromkeys(links):
            if problem := problem_of(address, loads, path, site):
                found.append(f"{name}: {address}, {problem}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="no dead link, no load from elsewhere, no path of this machine")
    parser.add_argument("site", type=Path, help="the folder that `make site` has written")
    found = find_problems(parser.parse_args().site)
    print("\n".join(found) or "every link leads somewhere, and nothing is loaded from elsewhere")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
