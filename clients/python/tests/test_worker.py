"""What a worker asks for; that it works is told by test/workers."""

from __future__ import annotations

import threading
import unittest
from typing import Any
from unittest import mock

from runstream_worker import Worker

from .line_server import Asked, LineServer, answer
from .support import eventually


class Executors(unittest.TestCase):
    def asked_for_a_run(self, on_crash: str) -> list[str]:
        """All that is asked from the claim of a run on, until its end."""
        is_over, is_claimed = threading.Event(), threading.Event()

        def answering(asked: Asked) -> bytes:
            if asked.what.startswith("PUT"):
                return answer({"lease_seconds": 3600})
            if asked.what.endswith("/claims"):
                if is_claimed.is_set():
                    is_over.wait()
                    return b"HTTP/1.1 204 X\r\n\r\n"
                is_claimed.set()
                return answer({"claims": [{"run": {"id": "r", "task": "t", "attempt": 1}, "lease_token": "1.x"}]})
            if asked.what.endswith("/lease"):
                is_renewed.set()
            return answer({"lease_expires_at": "2100-01-01T00:00:00.000Z"})

        is_renewed = threading.Event()
        server = LineServer(answering)
        worker = Worker(server.url, retry_ms=1)

        @worker.executor("e", on_crash=on_crash)  # type: ignore[arg-type]
        def execute(run: Any) -> None:
            if on_crash == "fail":
                is_renewed.wait(60)

        working = threading.Thread(target=worker.run, daemon=True)
        working.start()
        eventually("it has ended", lambda: any(asked.what.endswith("/ndjson") for asked in server.asked))
        worker.stop()
        is_over.set()
        working.join()
        server.close()
        return [asked.what.rpartition("/")[2] for asked in server.asked if not asked.what.endswith("/claims")]

    def test_are_not_asked_about_by_a_run_that_is_over_soon(self) -> None:
        with mock.patch("runstream_worker._FIRST_RENEWAL_MS", 3_600_000):
            self.assertEqual(self.asked_for_a_run("restart"), ["e", "ndjson"])

    def test_hear_at_once_of_a_run_that_must_not_be_begun_twice(self) -> None:
        with mock.patch("runstream_worker._FIRST_RENEWAL_MS", 3_600_000):
            self.assertEqual(self.asked_for_a_run("fail"), ["e", "lease", "ndjson"])
