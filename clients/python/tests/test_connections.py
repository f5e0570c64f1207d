"""Which connections are used again, and what comes of a request on one that is gone."""

from __future__ import annotations

import os
import ssl
import threading
import unittest
import warnings
from collections.abc import Callable
from typing import Any
from unittest import mock

from runstream import RunstreamClient, RunstreamClientError, _End

from .line_server import Answering, Asked, LineServer, answer
from .support import address, eventually, said


class Scene(unittest.TestCase):
    def setUp(self) -> None:
        # A busy machine may take long between two requests.
        patience = mock.patch("runstream._MAX_IDLE_SECONDS", 3600)
        patience.start()
        self.addCleanup(patience.stop)

    def serve(self, answering: Answering = lambda asked: answer(), **options: Any) -> LineServer:
        server = LineServer(answering, **options)
        self.addCleanup(server.close)
        return server

    def client_of(self, server: LineServer, **options: Any) -> RunstreamClient:
        client = server.client(**options)
        self.addCleanup(client.close)
        return client

    def code_of(self, call: Callable[..., object], *args: object, **options: object) -> str:
        with self.assertRaises(RunstreamClientError) as refused:
            call(*args, **options)
        return refused.exception.code


class Kept(Scene):
    def test_are_used_again_whatever_was_answered(self) -> None:
        unknown = answer({"code": "RUN_NOT_FOUND", "message": "There is no run."}, 404)
        chunked = b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
        answers = [answer(), unknown, chunked, b"HTTP/1.1 204 X\r\n\r\n", answer({"settlements": []}), answer()]
        server = self.serve(lambda asked: answers[asked.number - 1])
        client = self.client_of(server)
        client.runs.get("a")
        self.assertEqual(self.code_of(client.runs.get, "b"), "RUN_NOT_FOUND")
        client.executors.put("c")
        self.assertIsNone(client.executors.claim("c", "me", "first"))
        client.consumers.settle("d", [])
        with client.append("e") as writer:
            writer.write(said(1))
        self.assertEqual(server.lines(), [1] * 6)

    def test_are_used_again_over_tls(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(address("CERTIFICATE"), address("CERTIFICATE_KEY"))
        server = self.serve(tls=context)
        client = self.client_of(server, ssl_context=ssl.create_default_context(cafile=address("CERTIFICATE")))
        for _ in range(3):
            client.runs.get("a")
        self.assertEqual(server.lines(), [1, 1, 1])

    def test_are_one_for_each_request_of_those_under_way_and_ten_at_most_then(self) -> None:
        together = threading.Barrier(12)

        def answering(asked: Asked) -> bytes:
            if asked.number == 1:
                together.wait()
            return answer()

        server = self.serve(answering)
        client = self.client_of(server)
        threads = [threading.Thread(target=client.runs.get, args=("a",)) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(server.lines()), [*range(1, 13)])
        eventually("ten are left", lambda: len(server.open) == 10)
        client.runs.get("a")
        self.assertIn(server.asked[-1].line, range(1, 13))

    def test_are_left_after_some_seconds(self) -> None:
        may_answer = threading.Event()

        def answering(asked: Asked) -> bytes:
            if asked.what == "GET /runs/slow":
                may_answer.wait()
            return answer()

        server = self.serve(answering)
        client = self.client_of(server)
        client.runs.get("a")
        with mock.patch("runstream._MAX_IDLE_SECONDS", 0):
            client.runs.get("b")
        eventually("the first is closed", lambda: server.open == {2})
        # One that waits behind another is closed, too, though nobody asks for it.
        slow = threading.Thread(target=client.runs.get, args=("slow",))
        slow.start()
        eventually("it is asked", lambda: len(server.asked) == 3)
        client.runs.get("c")
        with mock.patch("runstream._MAX_IDLE_SECONDS", 0):
            may_answer.set()
            slow.join()
        eventually("the third is closed", lambda: server.open == {2})
        self.assertEqual(server.lines(), [1, 2, 2, 3])

    def test_are_closed_with_their_client_which_may_go_on(self) -> None:
        server = self.serve()
        with self.client_of(server) as client:
            client.runs.get("a")
        eventually("it is closed", lambda: not server.open)
        client.runs.get("a")
        self.assertEqual(server.lines(), [1, 2])

    def test_are_closed_when_nobody_has_their_client_any_more(self) -> None:
        server = self.serve()
        server.client().runs.get("a")
        eventually("it is closed", lambda: not server.open)

    def test_belong_to_one_process(self) -> None:
        server = self.serve(lambda asked: answer({"line": asked.line}))
        client = self.client_of(server)
        client.runs.get("a")
        with warnings.catch_warnings():
            # That there are threads, which is what this is about.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            line = 0
            try:
                line = client.runs.get("a")["line"]
            finally:
                os._exit(line)
        _, status = os.waitpid(child, 0)
        self.assertEqual(os.waitstatus_to_exitcode(status), 2)
        self.assertEqual(client.runs.get("a")["line"], 1)


class Gone(Scene):
    def test_is_no_error_for_what_may_be_sent_again(self) -> None:
        # The service closes it as the request is on its way.
        server = self.serve(lambda asked: answer() if asked.number == 1 else None)
        client = self.client_of(server)
        calls: list[Callable[[], object]] = [
            lambda: client.runs.get("a"),
            lambda: client.executors.put("a"),
            lambda: client.runs.create("a", idempotency_key="k"),
            lambda: client.executors.claim("a", "me", "k"),
            lambda: client.consumers.deliveries("a", "me", "k"),
            lambda: client.consumers.settle("a", []),
            lambda: client.consumers.renew_leases("a", []),
            lambda: client.runs.renew_lease("a", "t"),
        ]
        calls[0]()
        for line, call in enumerate(calls, 1):
            call()
            first, second = server.asked[-2:]
            self.assertEqual([(first.line, first.number), (second.line, second.number)], [(line, 2), (line + 1, 1)])
            self.assertEqual(first.head, second.head)

    def test_is_no_error_for_a_writer_which_does_not_wait(self) -> None:
        server = self.serve(lambda asked: answer() if asked.number == 1 else None)
        client = RunstreamClient(server.url, retry_ms=3_600_000)
        self.addCleanup(client.close)
        client.runs.get("a")
        with client.append("a") as writer:
            writer.write(said(1, "x" * 200_000))
        self.assertEqual(server.lines(), [1, 1, 2])

    def test_does_not_have_sent_twice_what_must_not_be(self) -> None:
        server = self.serve(lambda asked: answer() if asked.number == 1 else None)
        client = self.client_of(server)
        calls: list[Callable[[], object]] = [
            lambda: client.runs.create("a"),
            lambda: client.runs.append("a", said(1)),
            lambda: client.runs.release("a", "t"),
            lambda: client.runs.delete("a"),
            lambda: client.keys.create("a", []),
        ]
        for call in calls:
            call()
        self.assertEqual(server.lines(), [1, 2, 3, 4, 5])

    def test_is_an_error_where_it_was_not_kept(self) -> None:
        server = self.serve(lambda asked: None)
        client = self.client_of(server)
        self.assertEqual(self.code_of(client.runs.get, "a"), "UNREACHABLE")
        self.assertEqual(self.code_of(client.runs.create, "a"), "UNREACHABLE")
        self.assertEqual(server.lines(), [1, 2])

    def test_is_seen_before_it_is_used(self) -> None:
        bye = answer({"code": "VALIDATION_FAILED", "message": "You have said nothing for long."}, 408)
        server = self.serve()
        client = self.client_of(server)
        client.runs.get("a")
        server.asked[0].socket.sendall(bye)
        client.runs.get("a")
        self.assertEqual(server.lines(), [1, 2])


class NotKept(Scene):
    def test_is_one_that_the_service_closes(self) -> None:
        server = self.serve(lambda asked: answer({}, 200, "Connection: close"))
        client = self.client_of(server)
        client.runs.get("a")
        client.runs.get("a")
        self.assertEqual(server.lines(), [1, 2])
        eventually("both are closed", lambda: not server.open)

    def test_is_one_whose_answer_was_not_read_to_its_end(self) -> None:
        gateway = b"HTTP/1.1 502 X\r\nContent-Type: text/html\r\nContent-Length: 7\r\n\r\n<h1>Bad"
        stream = b"HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        server = self.serve(lambda asked: [gateway, stream, answer()][asked.line - 1])
        client = self.client_of(server)
        self.assertEqual(self.code_of(client.runs.get, "a"), "UNEXPECTED_ANSWER")
        with client.follow("a") as following:
            next(iter(following))
        client.runs.get("a")
        self.assertEqual(server.lines(), [1, 2, 3])
        eventually("they are closed", lambda: server.open == {3})

    def test_is_one_whose_answer_did_not_come_in_time(self) -> None:
        is_late = threading.Event()

        def answering(asked: Asked) -> bytes:
            if asked.what == "GET /runs/slow":
                is_late.wait()
            return answer({"line": asked.line})

        server = self.serve(answering)
        client = self.client_of(server, heartbeat_ms=20)
        # The others may take their time, on a busy machine.
        self.assertEqual(client.runs.get("a", wait_seconds=60), {"line": 1})
        self.assertEqual(self.code_of(client.runs.get, "slow"), "SILENT")
        is_late.set()
        self.assertEqual(client.runs.get("a", wait_seconds=60), {"line": 2})
        self.assertEqual(server.lines(), [1, 1, 2])


class Ended(Scene):
    def test_is_what_waits_and_not_what_has_its_line_afterwards(self) -> None:
        is_answered = threading.Event()

        def answering(asked: Asked) -> bytes:
            if asked.what == "GET /runs/slow":
                is_answered.wait()
            return answer({"claims": []})

        server = self.serve(answering)
        client = self.client_of(server)
        end = _End()
        client.executors.claim("a", "me", "first", end=end)
        found: list[object] = []
        asking = threading.Thread(target=lambda: found.append(client.runs.get("slow")))
        asking.start()
        eventually("it is asked", lambda: len(server.asked) == 2)
        end.set()
        is_answered.set()
        asking.join()
        self.assertEqual((server.lines(), found), ([1, 1], [{"claims": []}]))

    def test_is_a_claim_that_waits_on_a_line_that_was_kept_and_it_is_not_asked_again(self) -> None:
        ends = threading.Event()

        def answering(asked: Asked) -> bytes:
            if asked.number == 2:
                ends.wait()
            return answer()

        server = self.serve(answering)
        client = self.client_of(server)
        client.runs.get("a")
        end = _End()
        codes: list[str] = []
        claiming = threading.Thread(
            target=lambda: codes.append(self.code_of(client.executors.claim, "a", "me", "first", end=end))
        )
        claiming.start()
        eventually("it waits", lambda: len(server.asked) == 2)
        end.set()
        claiming.join()
        self.assertEqual((codes, server.opened), (["UNREACHABLE"], 1))
        ends.set()

