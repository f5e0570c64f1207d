"""A server on bare sockets, which tells lines (connections) apart."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO

from runstream import RunstreamClient

from .support import eventually


@dataclass
class Asked:
    """One request: the number of its line, that of the request on it (both from 1), its head and its socket."""

    line: int
    number: int
    head: str
    socket: socket.socket = field(repr=False)

    @property
    def what(self) -> str:
        """Such as `GET /runs/a`."""
        return " ".join(self.head.split(" ")[:2])


Answering = Callable[[Asked], bytes | None]


def answer(body: object = None, status: int = 200, *headers: str) -> bytes:
    content = json.dumps(body if body is not None else {}).encode()
    lines = (f"HTTP/1.1 {status} X", "Content-Type: application/json", f"Content-Length: {len(content)}", *headers)
    return "\r\n".join((*lines, "", "")).encode() + content


class LineServer:
    """`answering` says what a request is answered; None closes its line. By default all is answered `{}`."""

    def __init__(self, answering: Answering = lambda asked: answer(), tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[Asked] = []
        # How many lines there were, and those that there are.
        self.opened = 0
        self.open: set[int] = set()
        self._answering = answering
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        scheme = "https://localhost" if self._tls else "http://127.0.0.1"
        return f"{scheme}:{self._listener.getsockname()[1]}"

    def client(self, **options: object) -> RunstreamClient:
        return RunstreamClient(self.url, retry_ms=1, **options)  # type: ignore[arg-type]

    def lines(self) -> list[int]:
        """Those of the requests, in order."""
        return [asked.line for asked in self.asked]

    def close(self) -> None:
        # Wakes `accept`.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        eventually("all lines are closed", lambda: not self.open)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.opened += 1
            self.open.add(self.opened)
            threading.Thread(target=self._serve, args=(client, self.opened), daemon=True).start()

    def _serve(self, client: socket.socket, line: int) -> None:
        try:
            with self._tls.wrap_socket(client, server_side=True) if self._tls else client as client:
                with client.makefile("rb") as received:
                    self._answer_all(client, line, received)
        except OSError:
            pass
        finally:
            self.open.discard(line)

    def _answer_all(self, client: socket.socket, line: int, received: BinaryIO) -> None:
        number = 0
        while first := received.readline():
            head = first
            length = 0
            while (header := received.readline()).strip():
                head += header
                if header.lower().startswith(b"content-length:"):
                    length = int(header.partition(b":")[2])
            received.read(length)
            number += 1
            asked = Asked(line, number, head.decode(), client)
            self.asked.append(asked)
            said = self._answering(asked)
            if said is None:
                return
            client.sendall(said)
