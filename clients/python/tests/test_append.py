"""`append()` against a real service, over lines that are disturbed."""

from __future__ import annotations

import random
import threading
import unittest

from runstream import RunstreamClient, RunstreamClientError

from .support import address, client_of, eventually, said, tell_liar, terminal

EVENTS = 600


class Appending(unittest.TestCase):
    client: RunstreamClient

    @classmethod
    def setUpClass(cls) -> None:
        cls.client = client_of("URL")

    def setUp(self) -> None:
        self.run_id = self.client.runs.create(task="write")["id"]

    def stored(self, run_id: str | None = None) -> list[object]:
        """The numbers of what was said."""
        return [event["data"].get("n") for event in self.client.runs.history(run_id or self.run_id)]

    def test_stores_each_event_once_and_in_order_over_a_line_that_is_cut(self) -> None:
        with client_of("CUT_UPLOADS_URL").append(self.run_id) as writer:
            for n in range(EVENTS):
                writer.write(said(n, "é" * random.randrange(10_000)))
                if n % 10 == 0:
                    writer.flush()
            writer.end("failed", {"error": "no luck"})
        self.assertEqual(self.stored(), [None, *range(EVENTS), None])
        run = self.client.runs.get(self.run_id)
        self.assertEqual((run["status"], run["error"]), ("failed", "no luck"))

    def test_gives_keys_that_go_on_and_leaves_those_that_there_are(self) -> None:
        with self.client.append(self.run_id, "w") as writer:
            writer.write(said(1))
            writer.write({**said(2), "idempotency_key": "own"})
            writer.flush()
            writer.write(said(3))
        events = [*self.client.runs.history(self.run_id)]
        self.assertEqual([event.get("idempotency_key") for event in events], [None, "w:1", "own", "w:3"])

    def test_stores_nothing_twice_for_a_producer_that_begins_again_with_the_same_id(self) -> None:
        for count in (3, 5):
            with self.client.append(self.run_id, "job-7") as writer:
                for n in range(count):
                    writer.write(said(n))
        self.assertEqual(self.stored(), [None, *range(5)])

    def test_has_stored_all_at_the_end_of_its_block_and_takes_nothing_after_its_end(self) -> None:
        with self.assertRaises(KeyError), self.client.append(self.run_id) as writer:
            writer.write(said(1))
            raise KeyError
        self.assertEqual(self.stored(), [None, 1])
        with self.assertRaisesRegex(RuntimeError, "has ended"):
            writer.write(said(2))

    def test_keeps_the_order_of_each_thread(self) -> None:
        with self.client.append(self.run_id) as writer:

            def write(first: int) -> None:
                for n in range(first, first + 100):
                    writer.write(said(n))

            threads = [threading.Thread(target=write, args=(first,)) for first in (0, 100, 200)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        stored = self.stored()[1:]
        for first in (0, 100, 200):
            self.assertEqual([n for n in stored if n in range(first, first + 100)], [*range(first, first + 100)])

    def test_tells_of_what_the_service_refuses_from_then_on(self) -> None:
        self.client.runs.append(self.run_id, terminal())
        writer = self.client.append(self.run_id)
        writer.write(said(1))
        for call in (writer.flush, lambda: writer.write(said(2)), writer.flush):
            with self.assertRaises(RunstreamClientError) as refused:
                call()
            self.assertEqual((refused.exception.code, refused.exception.details["count"]), ("RUN_ENDED", 0))

    def test_refuses_what_is_no_json_and_takes_what_is(self) -> None:
        with self.client.append(self.run_id) as writer:
            with self.assertRaises(ValueError):
                writer.write({**said(1), "data": {"n": float("nan")}})
            writer.write(said(2, "name of a file: \udc80"))
        self.assertEqual([*self.client.runs.history(self.run_id)][1]["data"]["text"], "name of a file: \udc80")

    def test_knows_its_end_again_when_the_answer_to_it_was_lost(self) -> None:
        with client_of("HALF_OPEN_URL", heartbeat_ms=300).append(self.run_id) as writer:
            writer.write(said(1))
            writer.flush()
            tell_liar("half-open")
            ending = threading.Thread(target=writer.end, args=("failed", {"error": "no luck"}))
            ending.start()
            eventually("it is stored", lambda: self.client.runs.get(self.run_id)["status"] == "failed")
            tell_liar("whole")
            ending.join()
        self.assertEqual(self.stored(), [None, 1, None])

    def test_asks_for_other_headers_when_those_that_it_has_are_refused(self) -> None:
        owner = client_of("GUARDED_URL", headers={"Authorization": f"Bearer {address('KEY')}"})
        run_id = owner.runs.create(task="write")["id"]
        good = owner.keys.create("writer", ["runs:write"])["key"]
        given = iter(["rs_no_key", good])
        client = client_of("GUARDED_URL", headers=lambda: {"Authorization": f"Bearer {next(given)}"})
        with client.append(run_id) as writer:
            for n in range(3):
                writer.write(said(n, "x" * 200_000))
        self.assertEqual([event["data"].get("n") for event in owner.runs.history(run_id)], [None, 0, 1, 2])

    def test_holds_1_mib_and_waits_for_room_until_it_is_aborted(self) -> None:
        writer = client_of("LIAR_URL").append("busy")
        written: list[int] = []
        errors: list[RuntimeError] = []

        def write() -> None:
            try:
                for n in range(100):
                    writer.write(said(n, "x" * 100_000))
                    written.append(n)
            except RuntimeError as error:
                errors.append(error)

        writing = threading.Thread(target=write)
        writing.start()
        eventually("it is full", lambda: len(written) == 11)
        asked = int(tell_liar("asked/busy"))
        eventually("it was refused again", lambda: int(tell_liar("asked/busy")) > asked + 2)
        self.assertEqual(len(written), 11)
        writer.abort()
        writing.join()
        with self.assertRaisesRegex(RuntimeError, "aborted") as flushed:
            writer.flush()
        self.assertEqual(errors, [flushed.exception])

    def test_gives_up_its_end_when_it_is_aborted(self) -> None:
        writer = client_of("LIAR_URL").append("busy")
        errors: list[RuntimeError] = []

        def end() -> None:
            try:
                writer.end("completed")
            except RuntimeError as error:
                errors.append(error)

        asked = int(tell_liar("asked/busy"))
        ending = threading.Thread(target=end)
        ending.start()
        eventually("it was refused", lambda: int(tell_liar("asked/busy")) > asked + 2)
        writer.abort()
        ending.join()
        self.assertRegex(str(errors), "aborted")

    def test_goes_on_when_there_is_room_again(self) -> None:
        with client_of("LIAR_URL").append("busy-at-first") as writer:
            for n in range(30):
                writer.write(said(n, "x" * 100_000))
        self.assertGreater(int(tell_liar("asked/busy-at-first")), 5)
