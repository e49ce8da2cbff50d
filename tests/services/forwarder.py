"""A forwarder on loopback, with a TCP port and a unix socket as the Cloud SQL Auth Proxy has them, and outages on demand."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from pathlib import Path
from types import TracebackType

_CHUNK_BYTES = 65_536


class Forwarder:
    """Passes every connection to a port of this machine on, from a port and a unix socket of its own.

    `cut` refuses new connections and breaks the open ones, `freeze` lets them hang without a word, as a lost network does;
    `restore` ends both. The port stays the same.
    """

    def __init__(self, target_port: int, socket_path: Path) -> None:
        self._target = ("127.0.0.1", target_port)
        self.socket_path = socket_path
        self.port = free_port()
        self._listeners: list[socket.socket] = []
        self._open: set[socket.socket] = set()
        self._mutex = threading.Lock()
        self._flowing = threading.Event()

    def __enter__(self) -> Forwarder:
        self.restore()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.cut()
        self._flowing.set()

    def restore(self) -> None:
        """Listen, and pass on what comes."""
        self._flowing.set()
        if not self._listeners:
            self.socket_path.unlink(missing_ok=True)
            for listener, address in ((_tcp(), ("127.0.0.1", self.port)), (_unix(), str(self.socket_path))):
                listener.bind(address)
                listener.listen(256)
                self._listeners.append(listener)
                threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def cut(self) -> None:
        """Refuse new connections and break the open ones."""
        while self._listeners:
            listener = self._listeners.pop()
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # Wakes the thread that waits in accept.
            listener.close()
        with self._mutex:
            for each in self._open:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def freeze(self) -> None:
        """Accept, and pass nothing on."""
        self._flowing.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return  # cut
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self._flowing.wait()
        with client, _tcp() as server:
            try:
                server.connect(self._target)
            except OSError:
                return  # The server is down: its client sees the connection end, as behind the proxy.
            with self._mutex:
                self._open |= {client, server}
            try:
                self._pump(client, server)
            finally:
                with self._mutex:
                    self._open -= {client, server}

    def _pump(self, client: socket.socket, server: socket.socket) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(client, selectors.EVENT_READ, server)
            ready.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in ready.select():
                    self._flowing.wait()
                    try:
                        chunk = key.fileobj.recv(_CHUNK_BYTES)  # type: ignore[union-attr]
                        key.data.sendall(chunk)
                    except OSError:
                        return
                    if not chunk:
                        return


def free_port() -> int:
    """A port of loopback that nothing listens on."""
    with _tcp() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _tcp() -> socket.socket:
    made = socket.socket(socket.AF_INET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def _unix() -> socket.socket:
    return socket.socket(socket.AF_UNIX)
