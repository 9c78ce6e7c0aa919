"""Servers of the kit's pages for tests, on this machine's loopback address, and what one asks of them."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from lmnet_utils.apps import web_app

PATIENCE = 90
"""Seconds after which a server or a kernel that does not come counts as broken."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def served(command: list[str], port: int, log: Path, environment: dict[str, str]) -> Iterator[str]:
    """Start a server, wait until it answers, give its address, end it with all its kernels."""
    with log.open("w") as output:
        server = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=log.parent, start_new_session=True
        )
        try:
            wait_for(lambda: server.poll() is not None or answers(port), f"the server of {log.name}")
            assert server.poll() is None, f"the server ended: {log.read_text()[-2000:]}"
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait(20)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition, what: str, seconds: float = PATIENCE) -> None:
    """Ask ``condition`` until it holds; a condition that never does is a failure that says what was waited for."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds:.0f} s in vain for {what}"
        time.sleep(0.2)


def tiny_page(folder: Path, code: str = "print('ready')", **options: int) -> contextlib.AbstractContextManager[str]:
    """The server of ``make app``, on a page that needs neither data nor torch."""
    folder.mkdir()
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = new_notebook(cells=[new_code_cell(code, metadata={"tags": ["app"]})], metadata=metadata)
    nbformat.write(notebook, folder / "source.ipynb")
    (folder / "page").mkdir()
    page, template, port = (
        web_app.make_page(folder / "page", folder / "source.ipynb"),
        web_app.make_template(folder),
        free_port(),
    )
    return served(
        web_app.command(page, template, port, **options), port, folder / "voila.log", web_app.server_environment(folder)
    )


def status(address: str) -> int:
    """The HTTP status of an answer."""
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def open_page(address: str) -> tuple[str, str]:
    """A visitor's page as text, and the id of the kernel that was started for it."""
    with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
        text = answer.read().decode()
    return text, text.split('"kernelId": "')[1].split('"')[0]
