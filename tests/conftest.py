"""Shared by all tests: temporary folders in place of the checkout's, and no network but this machine's own."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path

import pytest


@pytest.fixture
def kit_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with ``data``, ``trained_models`` and ``runs``, which the kit uses instead of the checkout's."""
    for name in ("data", "trained_models", "runs"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(f"LMNET_{name.upper()}", str(tmp_path / name))
    return tmp_path


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that leaves this machine fails and says so."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0]
            try:
                local = ipaddress.ip_address(host).is_loopback
            except ValueError:
                local = host == "localhost"
            if not local:
                raise AssertionError(f"a test wants to connect to {host}: tests use no network")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
