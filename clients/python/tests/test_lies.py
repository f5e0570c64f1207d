"""What the client makes of a server that says what no service would (test/client/lies-for-python.ts)."""

from __future__ import annotations

import threading
import time
import tracemalloc
import unittest
from typing import Any

from runstream import EndItem, Follow, ProvisionalItem, RunstreamClientError

from .support import client_of, eventually, followed, tell_liar


def follow(name: str, **options: Any) -> Follow:
    """Of the lies of that name."""
    return client_of("LIAR_URL").follow(name, **options)


class Lies(unittest.TestCase):
    def refusal(self, following: Follow) -> RunstreamClientError:
        with self.assertRaises(RunstreamClientError) as refused:
            followed(following)
        return refused.exception

    def test_raises_on_a_hole_that_no_gap_explained(self) -> None:
        error = self.refusal(follow("hole"))
        self.assertEqual((error.code, error.status), ("EVENTS_MISSING", 0))
        self.assertEqual(error.details, {"after_id": "9-1", "id": "9-3"})

    def test_raises_on_a_hole_at_the_beginning_and_on_one_over_a_cut(self) -> None:
        self.assertEqual(self.refusal(follow("late")).code, "EVENTS_MISSING")
        self.assertEqual(self.refusal(follow("hole-over-a-cut", after="9-0")).code, "EVENTS_MISSING")

    def test_takes_no_hole_for_one_where_a_filter_hides_events(self) -> None:
        self.assertEqual(followed(follow("hole", types=["llm.*"])).sequences, [1, 3])

    def test_gives_out_once_what_comes_twice_over_a_cut(self) -> None:
        self.assertEqual(followed(follow("twice", after="9-0")).sequences, [1, 2, 3])

    def test_comes_back_when_it_was_asked_to_not_earlier(self) -> None:
        begun = time.monotonic()
        result = followed(follow("overloaded-at-first"))
        self.assertGreater(time.monotonic() - begun, 0.995)
        self.assertEqual(result.told, ["waiting", "streaming", "end"])
        cause = result.waits[0].cause
        assert cause
        self.assertEqual(
            (cause.code, cause.status, cause.retry_after_ms, cause.request_id), ("OVERLOADED", 503, 1000, "q1")
        )

    def test_reads_a_date_in_retry_after(self) -> None:
        wait = followed(follow("overloaded-until"), until=lambda result: len(result.waits) == 1).waits[0]
        self.assertGreater(wait.delay_ms, 50_000)
        self.assertLess(wait.delay_ms, 90_001)

    def test_waits_as_the_stream_says_and_longer_after_each_failure(self) -> None:
        delays = [wait.delay_ms for wait in followed(follow("failing")).waits]
        self.assertEqual(len(delays), 5)
        for failures, delay_ms in enumerate(delays):
            self.assertIn(delay_ms, range(20 * 2**failures, 30 * 2**failures + 1))

    def test_gives_out_what_is_provisional_and_leaves_alone_what_a_later_service_says(self) -> None:
        result = followed(follow("provisional"))
        self.assertEqual(result.told, ["streaming", "provisional", "end"])
        event = {"durable": False, "event": {"category": "llm", "action": "stream"}, "idempotency_key": "k"}
        self.assertEqual(result.items[2], ProvisionalItem(event))
        self.assertEqual(result.sequences, [1, 2])

    def test_reads_a_stream_whose_lines_and_pieces_end_anywhere(self) -> None:
        result = followed(follow("bytewise"))
        self.assertEqual(result.sequences, [1, 2])
        self.assertEqual(result.events[0]["data"], {"text": "é\u2028\u0085👍"})
        self.assertEqual(result.items[-1], EndItem("ended", "completed"))

    def test_raises_at_once_when_no_service_answers(self) -> None:
        for name, status in (("page", 200), ("no-json", 200), ("moved", 302)):
            with self.subTest(name):
                error = self.refusal(follow(name))
                self.assertEqual((error.code, error.status), ("UNEXPECTED_ANSWER", status))
                self.assertEqual(tell_liar(f"asked/{name}"), "1")

    def test_holds_no_frame_that_does_not_end(self) -> None:
        for name in ("endless-line", "endless-frame"):
            with self.subTest(name):
                tracemalloc.start()
                error = self.refusal(follow(name))
                _, peak = tracemalloc.get_traced_memory()
                tracemalloc.stop()
                self.assertEqual(error.code, "UNEXPECTED_ANSWER")
                self.assertLess(peak, 40 * 2**20)

    def test_holds_a_piece_of_a_long_stream(self) -> None:
        seen = 0
        tracemalloc.start()
        for item in follow("endless-stream"):
            seen += item.kind == "event"
            if seen == 5000:
                break
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        self.assertLess(peak, 2**20)

    def test_takes_the_time_that_its_reader_takes_for_no_silence(self) -> None:
        following = client_of("LIAR_URL", heartbeat_ms=100).follow("slow")
        self.assertEqual(followed(following, lambda item: time.sleep(0.4)).told, ["streaming", "end"])

    def test_leaves_no_connection_behind(self) -> None:
        followed(follow("quiet"), until=lambda result: len(result.told) == 1)
        followed(follow("quiet"), until=lambda result: len(result.events) == 1)
        with follow("quiet") as following:
            iterator = iter(following)
            next(iterator)
        eventually("they are closed", lambda: tell_liar("open/quiet") == "0")

    def test_waits_no_longer_than_it_is_wanted(self) -> None:
        with follow("overloaded") as following:
            loop = threading.Thread(target=followed, args=(following,))
            loop.start()
            eventually("it waits", lambda: tell_liar("asked/overloaded") == "1")
        loop.join(60)
        self.assertFalse(loop.is_alive())


class Calls(unittest.TestCase):
    def refusal(self, name: str, wait_seconds: int | None = None, **options: Any) -> RunstreamClientError:
        with self.assertRaises(RunstreamClientError) as refused:
            client_of("LIAR_URL", **options).runs.get(name, wait_seconds)
        return refused.exception

    def test_say_what_the_service_said(self) -> None:
        error = self.refusal("unknown")
        self.assertEqual((error.code, error.message), ("RUN_NOT_FOUND", "There is no run."))
        self.assertEqual((error.status, error.request_id, error.retry_after_ms), (404, "q7", None))
        self.assertEqual((error.details, str(error)), ({"a": 1}, "RUN_NOT_FOUND: There is no run."))

    def test_say_that_it_was_no_service_that_answered(self) -> None:
        for name, status in (("gateway", 502), ("text", 200)):
            error = self.refusal(name)
            self.assertEqual((error.code, error.status), ("UNEXPECTED_ANSWER", status))

    def test_say_that_the_answer_was_cut_or_that_nobody_is_there(self) -> None:
        for name in ("cut", "cut-chunks", "cut-body", "cut-head"):
            with self.subTest(name):
                self.assertEqual(self.refusal(name).code, "UNREACHABLE")
        self.assertEqual(self.refusal("r", base_url="http://127.0.0.1:9").code, "UNREACHABLE")

    def test_wait_for_three_heartbeats_and_for_as_long_again_as_they_were_asked_to(self) -> None:
        begun = time.monotonic()
        error = self.refusal("silent", heartbeat_ms=50)
        self.assertEqual((error.code, error.status), ("SILENT", 0))
        self.assertGreater(time.monotonic() - begun, 0.145)
        self.refusal("silent", 1, heartbeat_ms=50)
        self.assertGreater(time.monotonic() - begun, 1.29)

    def test_ask_for_headers_again_once_for_all_that_were_refused_together(self) -> None:
        asked: list[int] = []

        def headers() -> dict[str, str]:
            asked.append(1)
            return {"Authorization": f"Bearer {len(asked)}"}

        client = client_of("LIAR_URL", headers=headers)
        threads = [threading.Thread(target=client.runs.get, args=("guarded",)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((len(asked), tell_liar("asked/guarded")), (2, "6"))

    def test_are_refused_when_new_headers_are_refused_too_or_when_there_can_be_no_others(self) -> None:
        asked: list[int] = []

        def headers() -> dict[str, str]:
            asked.append(1)
            return {"A": "1"}

        error = self.refusal("forbidden", headers=headers)
        self.assertEqual((error.code, len(asked), tell_liar("asked/forbidden")), ("UNAUTHORIZED", 2, "2"))
        self.assertEqual(self.refusal("forbidden", headers={"A": "1"}).code, "UNAUTHORIZED")
        self.assertEqual(tell_liar("asked/forbidden"), "3")

    def test_want_an_address(self) -> None:
        with self.assertRaisesRegex(ValueError, "no address"):
            client_of("LIAR_URL", base_url="127.0.0.1:3000")
