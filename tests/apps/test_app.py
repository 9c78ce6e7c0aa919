"""The page of ``make app`` over HTTP: what a visitor, or a page that a visitor has open beside it, must not reach.

No browser is needed here, and no torch: the server is the real one, its notebook has one line.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from servers import PATIENCE, answers, free_port, open_page, status, tiny_page, wait_for

from lmnet_utils.apps import web_app

websocket = pytest.importorskip("websocket", reason="websocket-client is not installed: pip install -e .[dev]")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("app")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with tiny_page(folder / "site", "import os\nprint(f'visitor-process {os.getpid()};')") as address:
        yield address


def test_the_page_is_the_notebooks_own_cells(tmp_path: Path) -> None:
    page = nbformat.read(web_app.make_page(tmp_path), as_version=4)
    assert page.cells[0].source.startswith("# ") and page.cells[0].source.count("\n") >= 2
    sources = [cell.source for cell in page.cells if cell.cell_type == "code"]
    assert any("Explorer(" in source for source in sources) and not any("write_metrics" in source for source in sources)
    assert page.metadata["title"], "the tab has a name"


def test_the_page_has_a_title_no_code_and_asks_no_other_machine(address: str) -> None:
    text, _ = open_page(address)
    assert len(re.findall(r"<h1[^>]*>3D-LMNet: what could it be from behind\?", text)) == 1
    assert "<title>3D-LMNet explorer</title>" in text
    assert re.search(r"visitor-process \d+;", text) and "getpid" not in text
    assert "cdn." not in text and "//fonts." not in text


def test_every_visitor_has_a_kernel_of_their_own(address: str) -> None:
    pages = [open_page(address) for _ in range(2)]
    assert len({kernel for _, kernel in pages}) == 2
    assert len({re.search(r"visitor-process (\d+);", text)[1] for text, _ in pages}) == 2


@pytest.mark.parametrize(
    "path",
    [
        "/voila/files/explorer.ipynb", "/voila/files/page/explorer.ipynb", "/voila/files/", "/voila/files/../voila.log",
        "/voila/files/%2e%2e/voila.log", "/voila/files/..%2fvoila.log", "/voila/files//etc/hostname",
        "/voila/static/../../../../../../../../etc/hostname", "/voila/static//etc/hostname",
        "/voila/static/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/hostname",
        "/voila/templates/lab/static/../../../../../../../../../../etc/hostname", "/voila/labextensions/../../../etc/hostname",
        "/voila/labextensions//etc/hostname", "/voila/api/contents", "/voila/tree", "/voila/render/explorer.ipynb",
        "/api/contents", "/api/contents/explorer.ipynb", "/api/kernels", "/api/sessions", "/api/terminals", "/files/explorer.ipynb",
        "/notebooks/explorer.ipynb", "/edit/explorer.ipynb", "/lab", "/tree", "/09_explorer.ipynb", "/../voila.log",
    ],
)  # fmt: skip
def test_nothing_of_the_file_system_is_reachable(address: str, path: str) -> None:
    """Refused at once, or sent on to a place that refuses. The paths go out as they are: urllib would tidy up their dots."""
    connection = http.client.HTTPConnection(address.split("//")[1], timeout=PATIENCE)
    for _ in range(3):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        if answer.status not in (301, 302):
            break
        path = answer.headers["Location"]
        assert path.startswith("/"), path
    refusals = (403, 404, 500) if path.startswith("/voila/templates/") else (403, 404)  # there, Voilà stumbles over it
    assert answer.status in refusals, f"{path}: {answer.status}"


def connect(address: str, kernel: str, **options) -> websocket.WebSocket:
    return websocket.create_connection(
        f"ws://{address.split('//')[1]}/api/kernels/{kernel}/channels", timeout=PATIENCE, **options
    )


def test_a_visitor_runs_no_code(address: str, folder: Path) -> None:
    """The kernel's channel is open to the page's widgets; code is not taken from it."""
    _, kernel = open_page(address)
    proof = folder / "proof"
    channel = connect(address, kernel)

    def send(kind: str, content: dict) -> None:
        header = {"msg_id": uuid.uuid4().hex, "username": "", "session": "s", "msg_type": kind, "version": "5.3"}
        message = {"header": header, "parent_header": {}, "metadata": {}, "buffers": [], "channel": "shell"}
        channel.send(json.dumps({**message, "content": content}))

    code = {"code": f"open({str(proof)!r}, 'w').write('x')", "silent": False, "store_history": False}
    send("execute_request", {**code, "user_expressions": {}, "allow_stdin": False})
    send("kernel_info_request", {})  # its answer comes after the kernel would have run the code
    wait_for(lambda: '"kernel_info_reply"' in str(channel.recv()), "the kernel's answer")
    channel.close()
    assert not proof.exists()


def test_other_sites_are_refused(address: str) -> None:
    """A page from elsewhere that the visitor has open beside it cannot talk to the kernel."""
    _, kernel = open_page(address)
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        connect(address, kernel, origin="http://elsewhere.example")


def test_idle_kernels_end(tmp_path: Path) -> None:
    options = web_app.command("page.ipynb", "lmnet", 1234)
    assert (
        f"--MappingKernelManager.cull_idle_timeout={web_app.IDLE_SECONDS}" in options and web_app.IDLE_SECONDS <= 3600
    )
    assert "--MappingKernelManager.cull_connected=True" in options, "a tab that is left open does not keep its kernel"
    with tiny_page(tmp_path / "site", idle_seconds=2) as address:
        _, kernel = open_page(address)
        channel = connect(address, kernel)
        wait_for(lambda: status(f"{address}/api/kernels/{kernel}") == 404, "the end of the idle kernel")
        channel.close()


def test_make_app_says_where_it_is_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "lmnet_utils.apps.web_app", f"--port={port}"]
    log = tmp_path / "log"
    with log.open("w") as output:
        server = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores Ctrl-C
        )
        try:
            wait_for(lambda: answers(port) or server.poll() is not None, "make app")
            assert re.search(rf"http://127\.0\.0\.1:{port}/", log.read_text())
            os.killpg(server.pid, signal.SIGINT)  # Ctrl+C reaches the whole group
            assert server.wait(PATIENCE) == 0
        finally:
            if server.poll() is None:
                server.kill()
    assert not list(tmp_path.glob("lmnet-app-*"))
