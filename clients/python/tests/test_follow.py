"""`follow()` and `follow_all()` against a real service, over lines that are disturbed."""

from __future__ import annotations

import threading
import time
import unittest

from runstream import EndItem, EventItem, FollowItem, RunstreamClient, RunstreamClientError

from .support import (
    address,
    client_of,
    eventually,
    followed,
    is_event,
    is_waiting,
    line,
    said,
    tell_liar,
    terminal,
)

EVENTS = 5000
CUTS = 50


class Following(unittest.TestCase):
    client: RunstreamClient

    @classmethod
    def setUpClass(cls) -> None:
        cls.client = client_of("URL")

    def run_of(self, count: int, status: str = "completed", client: RunstreamClient | None = None) -> str:
        """A run of so many events, the first and the last included, that has ended."""
        runs = (client or self.client).runs
        run_id: str = runs.create(task="many")["id"]
        for first in range(2, count, 1000):
            runs.append(run_id, [said(n) for n in range(first, min(first + 1000, count))])
        runs.append(run_id, terminal(status))
        return run_id

    def test_has_each_of_5000_events_once_and_in_order_over_a_line_that_is_cut_50_times(self) -> None:
        run_id = self.run_of(EVENTS)
        result = followed(client_of("CUT_STREAMS_URL").follow(run_id))
        self.assertEqual(result.sequences, [*range(1, EVENTS + 1)])
        self.assertEqual(result.items[-1], EndItem("ended", "completed"))
        self.assertGreater(len(result.waits), CUTS / 2)

    def test_tells_of_what_is_no_longer_kept(self) -> None:
        client = client_of("TRIMMING_URL")
        result = followed(client.follow(self.run_of(1500, client=client)))
        first = result.sequences[0]
        self.assertGreater(first, 1)
        self.assertEqual(result.sequences, [*range(first, 1501)])
        self.assertEqual(result.told, ["streaming", "gap", "end"])
        self.assertEqual([(gap["reason"], gap["missed"]) for gap in result.gaps], [("trimmed", first - 1)])

    def test_says_that_it_holds_what_is_not_of_this_log(self) -> None:
        run_id, other = self.run_of(10), self.run_of(20)
        after = [*self.client.runs.history(other)][-3]["id"]
        result = followed(self.client.follow(run_id, after=after))
        self.assertEqual([gap["reason"] for gap in result.gaps], ["diverged"])
        self.assertEqual(result.sequences, [*range(1, 11)])

    def test_says_how_a_run_ended_and_of_one_whose_end_is_known_only_that(self) -> None:
        run_id = self.run_of(3, "failed")
        following = self.client.follow(run_id)
        self.assertEqual(followed(following).items[-1], EndItem("ended", "failed"))
        again = followed(self.client.follow(run_id, after=following.cursor))
        self.assertEqual(again.items, [EndItem("ended", None)])

    def test_says_that_its_run_was_deleted_and_of_an_unknown_one_that_it_is_unknown(self) -> None:
        run_id = self.client.runs.create(task="short")["id"]

        def delete(item: FollowItem) -> None:
            if is_event(item, 1):
                self.client.runs.delete(run_id)

        result = followed(self.client.follow(run_id), delete)
        self.assertEqual(result.items[-1], EndItem("deleted", None))
        with self.assertRaises(RunstreamClientError) as refused:
            followed(self.client.follow(run_id))
        self.assertEqual((refused.exception.code, refused.exception.status), ("RUN_NOT_FOUND", 404))

    def test_begins_with_what_comes_from_now_on_and_shows_the_types_that_are_wanted(self) -> None:
        run_id = self.client.runs.create(task="live")["id"]
        self.client.runs.append(run_id, said(2))
        following = self.client.follow(run_id, start="tail", types=["llm.*"])

        def append() -> None:
            eventually("it knows where it is", lambda: following.cursor is not None)
            self.client.runs.append(run_id, [line(), said(4), line(), said(6), terminal()])

        appending = threading.Thread(target=append)
        appending.start()
        result = followed(following)
        appending.join()
        self.assertEqual(result.sequences, [4, 6])
        self.assertEqual(result.told, ["streaming", "end"])

    def test_goes_on_from_where_a_loop_was_left(self) -> None:
        following = self.client.follow(self.run_of(10))
        self.assertIsNone(following.cursor)
        begun = followed(following, until=lambda result: len(result.events) == 4)
        self.assertEqual(following.cursor, begun.events[-1]["id"])
        self.assertEqual([*begun.sequences, *followed(following).sequences], [*range(1, 11)])

    def test_ends_a_loop_that_waits_in_another_thread(self) -> None:
        run_id = self.client.runs.create(task="quiet")["id"]
        with self.client.follow(run_id) as following:
            result = []
            loop = threading.Thread(target=lambda: result.append(followed(following)))
            loop.start()
            eventually("it has what there is", lambda: following.cursor is not None)
            following.close()
            loop.join(60)
            self.assertFalse(loop.is_alive())
        self.assertEqual(result[0].told, ["streaming"])
        self.assertEqual([*following], [])

    def test_asks_for_other_headers_when_those_that_it_has_expire_in_the_middle(self) -> None:
        owner = client_of("GUARDED_URL", headers={"Authorization": f"Bearer {address('KEY')}"})
        run_id = owner.runs.create(task="long")["id"]
        lives = iter([2, 600])

        def headers() -> dict[str, str]:
            key = owner.keys.create("short", ["runs:read"], next(lives))["key"]
            return {"Authorization": f"Bearer {key}"}

        def append(item: FollowItem) -> None:
            if is_event(item, 1):
                owner.runs.append(run_id, [said(2), said(3)])
            elif is_waiting(item):
                owner.runs.append(run_id, [said(4), terminal()])

        result = followed(client_of("GUARDED_URL", headers=headers).follow(run_id), append)
        self.assertEqual(result.sequences, [*range(1, 6)])
        self.assertEqual(result.told, ["streaming", "waiting", "streaming", "end"])
        self.assertIsNone(next(lives, None))

    def test_notices_a_dead_line_by_its_silence_and_takes_no_quiet_one_for_dead(self) -> None:
        run_id = self.client.runs.create(task="quiet")["id"]
        following = client_of("HALF_OPEN_URL", heartbeat_ms=1000).follow(run_id)
        begun = time.monotonic()

        def break_line() -> None:
            tell_liar("half-open")
            self.client.runs.append(run_id, [said(2), terminal()])
            tell_liar("whole")

        def break_later(item: FollowItem) -> None:
            # Longer than it would wait on a dead line.
            if is_event(item, 1):
                threading.Timer(4, break_line).start()

        result = followed(following, break_later)
        self.assertEqual(result.sequences, [1, 2, 3])
        self.assertEqual([wait.cause and wait.cause.code for wait in result.waits], ["SILENT"])
        self.assertGreater(time.monotonic() - begun, 6.9)

    def test_follows_all_runs_or_some_and_goes_on_at_the_cursor_of_the_journal(self) -> None:
        one, two = (self.client.runs.create(task="a")["id"] for _ in range(2))
        for run_id in (one, two):
            self.client.runs.append(run_id, [line(), line()])
        following = self.client.follow_all([two], ["log.*", "lifecycle.*"])
        begun = followed(following, until=lambda result: len(result.events) == 2)
        self.assertEqual([(event["run_id"], event["sequence"]) for event in begun.events], [(two, 1), (two, 2)])
        for run_id in (one, two):
            self.client.runs.append(run_id, terminal())
        rest = followed(
            self.client.follow_all([one, two], after=following.cursor),
            until=lambda result: [event["event"]["action"] for event in result.events].count("completed") == 2,
        )
        self.assertEqual(
            [(event["run_id"], event["sequence"]) for event in rest.events], [(two, 3), (one, 4), (two, 4)]
        )

    def test_follows_a_tenant_with_several_partitions_over_a_line_that_is_cut(self) -> None:
        client = client_of("SPREAD_URL")
        runs = [client.runs.create(task="spread")["id"] for _ in range(12)]
        self.assertGreater(len({run_id.partition("_")[0] for run_id in runs}), 1)
        for n in range(2, 22):
            for run_id in runs:
                client.runs.append(run_id, line(str(n)), idempotency_key=f"{run_id} {n}")
        cursors: list[str | None] = []
        following = client_of("CUT_SPREAD_URL").follow_all(runs)
        result = followed(
            following,
            lambda item: cursors.append(following.cursor) if isinstance(item, EventItem) else None,
            until=lambda result: len(result.events) >= 21 * len(runs),
        )
        for run_id in runs:
            own = [event["sequence"] for event in result.events if event["run_id"] == run_id]
            self.assertEqual(own, [*range(1, 22)])
        self.assertGreater(len(result.waits), 5)
        self.assertEqual(len((cursors[-1] or "").split(".")), 4)
        rest = followed(
            client.follow_all(runs, after=cursors[99]),
            until=lambda more: len(more.events) >= len(result.events) - 100,
        )
        # Those of two runs may come in another order, those of one never do.
        names = [[(event["run_id"], event["sequence"]) for event in some] for some in (rest.events, result.events[100:])]
        self.assertEqual(sorted(names[0]), sorted(names[1]))
        listed: list[str] = []
        cursor = None
        while len(listed) < len(runs):
            page = client.runs.list(limit=5, cursor=cursor)
            listed += [run["id"] for run in page["runs"]]
            cursor = page["next_cursor"]
        self.assertEqual(listed, runs[::-1])
