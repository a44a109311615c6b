"""Unit tests open no sockets."""

import socket

import pytest


@pytest.fixture(autouse=True)
def _no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: object, address: object) -> None:
        message = f"a unit test connects to {address}"
        raise AssertionError(message)

    monkeypatch.setattr(socket.socket, "connect", refuse)
