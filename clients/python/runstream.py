"""Follows, appends to and steers the runs of a Runstream service, with Python's standard library alone.

Names of queries, bodies and answers are those of the protocol (docs/protocol.md); what is refused is a
`RunstreamClientError`. Copy this file, or put its folder on `PYTHONPATH`. Python 3.11 or later.
"""

from __future__ import annotations

import http.client
import io
import json
import math
import os
import random
import re
import secrets
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from urllib.parse import quote, urlencode, urlsplit

__all__ = [
    "EndItem",
    "EventItem",
    "Follow",
    "FollowItem",
    "GapItem",
    "ProvisionalItem",
    "RunWriter",
    "RunstreamClient",
    "RunstreamClientError",
    "StateItem",
]

JsonObject = dict[str, Any]
QueryValue = str | int | bool | None
HeaderValues = Mapping[str, str]
EndStatus = Literal["completed", "failed", "cancelled"]

_PIECE_BYTES = 2**16
# A page has 16 MiB at most.
_MAX_JSON_BYTES = 2**25
# An event has 1 MiB of data and 1 MiB of metadata at most, and a character of two bytes may be an escape of six.
_MAX_FRAME_BYTES = 2**23
_MAX_HELD_BYTES = 2**20
_MAX_BATCH_BYTES = 2**18
# Slower than that the service ends it.
_MIN_UPLOAD_BYTES_PER_SECOND = 2**15
_MAX_STEP_MS = 30_000
# What a service may ask for at most; more is a mistake.
_MAX_WAIT_MS = 3_600_000
_MAX_IDLE = 10
# A service keeps them for 65 s, but what stands before it may do so for 5.
_MAX_IDLE_SECONDS = 4.0


class RunstreamClientError(Exception):
    """What went wrong, in the words of the service or of this client.

    Codes of the service are those of the protocol, such as `RUN_NOT_FOUND`. This client has three of its own, with the
    status 0: `UNREACHABLE`, nobody answered or the answer was cut; `SILENT`, nothing came for three heartbeats;
    `EVENTS_MISSING`, a log had a hole that nobody explained. A server that is no Runstream service is
    `UNEXPECTED_ANSWER`, with its status.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 0,
        request_id: str | None = None,
        retry_after_ms: int | None = None,
        details: Any = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        # Of the answer; 0 without one.
        self.status = status
        # Under which the service has it in its log; None without an answer.
        self.request_id = request_id
        # Milliseconds that the service asks to wait; None when it asks for nothing.
        self.retry_after_ms = retry_after_ms
        # Facts for programs, as the protocol has them for the code.
        self.details = details

    @property
    def is_passing(self) -> bool:
        """Whether it may be gone when it is tried again: an outage, an overload, a line that was cut."""
        if self.status == 0:
            return self.code in ("UNREACHABLE", "SILENT")
        return self.status == 429 or self.status >= 500


@dataclass(frozen=True, slots=True)
class EventItem:
    """The next event of the log."""

    event: JsonObject
    kind: Literal["event"] = field(default="event", init=False)


@dataclass(frozen=True, slots=True)
class GapItem:
    """What follows does not continue what came before.

    `missed` events are gone or, with the reason `diverged`, the log is another one: drop what you hold.
    """

    gap: JsonObject
    kind: Literal["gap"] = field(default="gap", init=False)


@dataclass(frozen=True, slots=True)
class ProvisionalItem:
    """Said while the service's store was away, and not stored yet.

    The stored event follows with the same `idempotency_key`; what is left at the state `waiting` or at the end never
    was.
    """

    event: JsonObject
    kind: Literal["provisional"] = field(default="provisional", init=False)


@dataclass(frozen=True, slots=True)
class StateItem:
    """How the client stands: the stream is open, or it is cut and is opened again after `delay_ms`."""

    state: Literal["streaming", "waiting"]
    delay_ms: int = 0
    cause: RunstreamClientError | None = None
    kind: Literal["state"] = field(default="state", init=False)


@dataclass(frozen=True, slots=True)
class EndItem:
    """The last item: nothing follows in this log."""

    reason: Literal["ended", "deleted"]
    # How the run ended; None when it was deleted, or when its end was known before it was followed.
    status: EndStatus | None
    kind: Literal["end"] = field(default="end", init=False)


FollowItem = EventItem | GapItem | ProvisionalItem | StateItem | EndItem


class RunstreamClient:
    """A Runstream service, from outside. It opens nothing by itself, needs no closing, and serves any thread.

    Connections are kept for the next request, ten of them and for four seconds at most. `close()`, or the end of a
    `with` block, closes those at once, and ends nothing: what is asked afterwards opens others.

    `base_url` is that of the service, with its prefix if it has one. `headers` are sent with each request:
    `Authorization`, or the header of the tenant. A function is called for the first request, and again after a 401;
    when its headers are refused too, that is the answer. What it raises ends the request.

    `heartbeat_ms` is the service's `SSE_HEARTBEAT_MS`: a line on which nothing comes for three of them is dead.
    `retry_ms` is how long to wait after a failure before the next try of what is tried again; twice as long after each
    further one, up to 30 s, and up to half as long again by chance. A stream may say another one. `ssl_context` is for
    https; default: Python's own, which checks certificates.
    """

    def __init__(
        self,
        base_url: str,
        headers: HeaderValues | Callable[[], HeaderValues] | None = None,
        *,
        heartbeat_ms: int = 15_000,
        retry_ms: int = 500,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._http = _Http(base_url, headers or {}, heartbeat_ms, retry_ms, ssl_context)
        self.runs = RunRoutes(self._http)
        self.events = EventRoutes(self._http)
        self.executors = ExecutorRoutes(self._http)
        self.consumers = ConsumerRoutes(self._http)
        self.dead_letters = DeadLetterRoutes(self._http)
        self.keys = KeyRoutes(self._http)
        self.tenants = TenantRoutes(self._http)

    def close(self) -> None:
        """Closes the connections that wait for another request."""
        self._http.connections.close()

    def __enter__(self) -> RunstreamClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def follow(
        self,
        run_id: str,
        after: str | None = None,
        start: Literal["start", "tail"] = "start",
        types: Iterable[str] | None = None,
    ) -> Follow:
        """The log of a run, to its end.

        `after` is the cursor of the last item that you have: it goes on after it. Without it, `start` says whether to
        begin with the whole log, or only with what comes from now on. `types`, such as `['llm.*']`: only these.
        """
        return Follow(self._http, _path("runs", run_id, "events"), {}, False, after, start, types)

    def follow_all(
        self,
        run_ids: Iterable[str] | None = None,
        types: Iterable[str] | None = None,
        after: str | None = None,
        start: Literal["start", "tail"] = "start",
    ) -> Follow:
        """The journal of the tenant: the events of all its runs, or of 100 of them at most.

        Its cursors are its own, and it has no end.
        """
        return Follow(self._http, "/events", {"run_id": _commas(run_ids)}, True, after, start, types)

    def append(self, run_id: str, writer_id: str | None = None, *, lease_token: str | None = None) -> RunWriter:
        """A writer for a run that nobody else executes, or that you have claimed: `lease_token` says so.

        `writer_id` is what the keys of its events begin with, `<writer_id>:<n>`. With one of your own, a producer that
        begins again with its first event stores nothing twice. Default: a random one.
        """
        path = _path("runs", run_id, "events", "ndjson")
        return RunWriter(self._http, path, writer_id, {"Lease-Token": lease_token})

    def session(self) -> JsonObject:
        """Who asks, and what they may do."""
        session: JsonObject = self._http.json("GET", "/session")
        return session


class Follow:
    """A log from a position on: each event once and in order, over any number of connections.

    Iterate over it. It reads only when an item is asked for, and holds a piece of what the socket gave and at most one
    frame. Leaving the loop closes the connection, and another loop goes on at the cursor; `close()`, also from another
    thread, or the end of a `with` block, ends it for good.

    It raises `RunstreamClientError` when it is refused (`RUN_NOT_FOUND`, `RUN_EXPIRED`, …), and `EVENTS_MISSING` when
    the log has a hole. Outages, overload and lines that are cut or dead end nothing: it comes back, and says so in
    items.
    """

    def __init__(
        self,
        http: _Http,
        path: str,
        query: Mapping[str, QueryValue],
        has_holes: bool,
        after: str | None,
        start: str,
        types: Iterable[str] | None,
    ) -> None:
        types = _commas(types)
        self._http = http
        self._path = f"{path}/stream"
        self._query = {**query, "type": types, "from": start}
        self._has_holes = has_holes
        self._shows_all = not has_holes and types is None
        self._cursor = after
        # Where it begins, as far as it is known.
        self._origin = None if start == "tail" else "0-0"
        self._status: EndStatus | None = None
        self._retry = _Retry(http.retry_ms)
        self._end = _End()

    @property
    def cursor(self) -> str | None:
        """Of the last item that was given out: `after` for whoever goes on. None before there is one."""
        return self._cursor

    def close(self) -> None:
        """Ends it, and a loop that waits in another thread."""
        self._end.set()

    def __enter__(self) -> Follow:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[FollowItem]:
        while not self._end.is_set():
            cause = None
            try:
                is_over = yield from self._connect()
                if is_over:
                    return
            except RunstreamClientError as error:
                if not self._end.is_set() and not error.is_passing:
                    raise
                cause = error
            if not self._end.is_set():
                delay_ms = self._retry.next(cause)
                yield StateItem("waiting", delay_ms, cause)
                self._end.wait(delay_ms)

    def _connect(self) -> Generator[FollowItem, None, bool]:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": self._cursor}
        with self._http.open("GET", self._path, self._query, headers=headers, end=self._end) as answer:
            if answer.status == 204:
                yield EndItem("ended", self._status)
                return True
            if not answer.has_type("text/event-stream"):
                raise answer.unexpected("is no event stream")
            yield StateItem("streaming")
            for frame in self._frames(answer):
                self._retry.succeeded()
                item = self._take(frame, answer)
                if item:
                    yield item
                if isinstance(item, EndItem):
                    return True
        return False

    def _frames(self, answer: _Answer) -> Iterator[dict[str, str]]:
        """What follows the last line feed of a line that was cut is no line, and lines end nowhere else."""
        frame: dict[str, str] = {}
        size = 0
        unread = bytearray()
        while piece := answer.piece():
            looked = len(unread)
            unread += piece
            while (end := unread.find(b"\n", looked)) >= 0:
                line = unread[:end].decode(errors="replace").removesuffix("\r")
                del unread[: end + 1]
                looked = 0
                name, _, value = line.partition(":")
                value = value.removeprefix(" ")
                if name == "retry" and re.fullmatch("[0-9]{1,9}", value):
                    self._retry.step_ms = max(int(value), 1)
                elif name:
                    size += len(line)
                    frame[name] = f"{frame[name]}\n{value}" if name == "data" in frame else value
                elif not line:
                    if "data" in frame:
                        yield frame
                    frame, size = {}, 0
            if size + len(unread) > _MAX_FRAME_BYTES:
                raise answer.unexpected("has a frame that does not end")

    def _take(self, frame: dict[str, str], answer: _Answer) -> FollowItem | None:
        """Returns None for what only moves the cursor, or was there before."""
        name, cursor = frame.get("event", ""), frame.get("id", "")
        try:
            content: JsonObject = json.loads(frame["data"])
        except ValueError:
            raise answer.unexpected("has a frame that is no JSON") from None
        # Types have a dot, what else a frame may be called has none.
        if "." in name:
            if not self._is_next(cursor):
                return None
            self._cursor = cursor
            self._note_end(content)
            return EventItem(content)
        self._cursor = cursor
        if name == "gap":
            return GapItem(content)
        if name == "provisional":
            return ProvisionalItem(content)
        if name != "close":
            return None  # `cursor`, or what a later service has to say
        self._status = content.get("status")
        return EndItem(content["reason"], self._status)

    def _is_next(self, cursor: str) -> bool:
        known = self._cursor or self._origin
        if known is None:
            return True
        number, last = _number_of(cursor), _number_of(known)
        if self._shows_all and number > last + 1:
            raise RunstreamClientError(
                "EVENTS_MISSING",
                f"After {known} came {cursor}: events are missing in between, and no gap was told.",
                details={"after_id": known, "id": cursor},
            )
        # Cursors of a tenant with several partitions are positions in each of them, and no number.
        return not number <= last

    def _note_end(self, event: JsonObject) -> None:
        """A service that is cut before `close` answers 204 next, and that does not say how the run ended."""
        kind = event["event"]
        is_of_run = kind["category"] == "lifecycle" and event.get("source") is None
        if is_of_run and kind["action"] != "started" and not self._has_holes:
            self._status = kind["action"]


class RunWriter:
    """Writes events to a run, in order and each once, over whatever happens to the line.

    They go out as lines, as many at a time as there are, in a thread that lives while there are any; what was not
    answered is sent again, under the same keys, which the service knows. Several threads may write.

    Outages, overload and lines that are cut or dead only delay it. What the service refuses for good, such as
    `RUN_ENDED`, is raised by `write()` and `flush()` from then on. The end of a `with` block waits until all is stored;
    the run goes on, unless it was ended. What is not stored when the process ends never is.
    """

    def __init__(
        self, http: _Http, path: str, writer_id: str | None, headers: Mapping[str, str | int | None] | None = None
    ) -> None:
        self.writer_id = writer_id or secrets.token_hex(12)
        self._http = http
        self._path = path
        self._headers = headers
        self._lines: deque[bytes] = deque()
        self._held_bytes = 0
        self._count = 0
        self._is_sending = False
        self._is_closed = False
        self._failure: BaseException | None = None
        self._change = threading.Condition()
        self._retry = _Retry(http.retry_ms)
        self._end = _End()

    def write(self, event: JsonObject) -> None:
        """Takes an event, and begins to send it; waits while 1 MiB is held. An event without a key gets one.

        `flush()` tells whether it is stored. Raises what the service refused before.
        """
        with self._change:
            self._hold(event)
            if not self._is_sending:
                self._is_sending = True
                threading.Thread(target=self._send, name="runstream-writer", daemon=True).start()

    def flush(self) -> None:
        """Waits until all that was written is stored.

        Raises what the service refused; its `details` say how many lines of the request it took.
        """
        with self._change:
            self._change.wait_for(lambda: not self._is_sending)
            if self._failure:
                raise self._failure

    def end(self, status: EndStatus, data: JsonObject | None = None) -> None:
        """Writes the terminal event of the run, and waits until all is stored. Nothing can be written after it."""
        with self._change:
            self._hold({"event": {"category": "lifecycle", "action": status}, "data": data or {}})
            self._is_closed = True
            is_sent_here, self._is_sending = not self._is_sending, True
        if is_sent_here:
            self._send()
        self.flush()

    def abort(self) -> None:
        """Gives up, also from another thread: what is not stored then never is, and `flush()` says so."""
        self._is_closed = True
        self._end.set()

    def __enter__(self) -> RunWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._is_closed = True
        self.flush()

    def _hold(self, event: JsonObject) -> None:
        self._change.wait_for(lambda: self._held_bytes < _MAX_HELD_BYTES)
        if self._failure:
            raise self._failure
        if self._is_closed:
            raise RuntimeError("This writer has ended.")
        key = event.get("idempotency_key") or f"{self.writer_id}:{self._count + 1}"
        line = _json_bytes({**event, "idempotency_key": key}) + b"\n"
        self._count += 1
        self._lines.append(line)
        self._held_bytes += len(line)

    def _send(self) -> None:
        try:
            while batch := self._next_batch():
                self._deliver(b"".join(batch))
                self._stored(len(batch))
        except BaseException as error:
            with self._change:
                self._failure = error
                self._is_sending = False
                self._stored(len(self._lines))

    def _next_batch(self) -> list[bytes]:
        with self._change:
            batch: list[bytes] = []
            size = 0
            for line in self._lines:
                size += len(line)
                if batch and size > _MAX_BATCH_BYTES:
                    break
                batch.append(line)
            if not batch:
                self._is_sending = False
                self._change.notify_all()
            return batch

    def _deliver(self, lines: bytes) -> None:
        while not self._end.is_set():
            try:
                self._http.json(
                    "POST", self._path, lines=lines, headers=self._headers, end=self._end, may_repeat=True
                )
                self._retry.succeeded()
                return
            except RunstreamClientError as error:
                if self._end.is_set():
                    break
                if not error.is_passing:
                    raise
                self._end.wait(self._retry.next(error))
        raise RuntimeError("This writer was aborted, before all was stored.")

    def _stored(self, count: int) -> None:
        with self._change:
            for _ in range(count):
                self._held_bytes -= len(self._lines.popleft())
            self._change.notify_all()


class _Routes:
    def __init__(self, http: _Http) -> None:
        self._call: Callable[..., JsonObject] = http.json


class RunRoutes(_Routes):
    """Runs, and the events of each."""

    def create(self, task: str, *, idempotency_key: str | None = None, **body: Any) -> JsonObject:
        """Starts a run; without an `executor` its events are yours to append.

        The same call with the same `idempotency_key` gets the first answer again, for 24 hours.
        """
        headers = {"Idempotency-Key": idempotency_key}
        return self._call("POST", "/runs", body={"task": task, **body}, headers=headers)

    def list(self, **query: QueryValue) -> JsonObject:
        """A page of runs, newest first: go on with `next_cursor` as `cursor`."""
        return self._call("GET", "/runs", query)

    def counts(self) -> JsonObject:
        """How many runs are pending or running, and how many have ended within the last hour."""
        return self._call("GET", "/runs/counts")

    def get(self, run_id: str, wait_seconds: int | None = None) -> JsonObject:
        """A run; with `wait_seconds` (60 at most), once it has ended or the time is up."""
        query = {"wait_seconds": wait_seconds}
        return self._call("GET", _path("runs", run_id), query, patience_ms=1000 * (wait_seconds or 0))

    def cancel(self, run_id: str, reason: str | None = None) -> JsonObject:
        """Ends a run as `cancelled`."""
        return self._call("POST", _path("runs", run_id, "cancel"), body=_given(reason=reason))

    def delete(self, run_id: str) -> None:
        """Deletes a run and its events, for every reader and for good."""
        self._call("DELETE", _path("runs", run_id))

    def append(
        self,
        run_id: str,
        events: JsonObject | Iterable[JsonObject],
        *,
        idempotency_key: str | None = None,
        expected_sequence: int | None = None,
        lease_token: str | None = None,
    ) -> JsonObject:
        """Appends events, all or none. For many, or over a bad line, there is `client.append()`.

        With `expected_sequence`, only if the run is there; else it is `SEQUENCE_CONFLICT`. With the `lease_token` of a
        claim, as the run's executor.
        """
        headers = {
            "Idempotency-Key": idempotency_key,
            "Expected-Sequence": expected_sequence,
            "Lease-Token": lease_token,
        }
        body = events if isinstance(events, dict) else [*events]
        return self._call("POST", _path("runs", run_id, "events"), body=body, headers=headers)

    def events(self, run_id: str, **query: QueryValue) -> JsonObject:
        """A page of events: go on with `next_id` as `start_id`, or `end_id` with `order='desc'`, until it is None."""
        return self._call("GET", _path("runs", run_id, "events"), query)

    def history(self, run_id: str, **query: QueryValue) -> Iterator[JsonObject]:
        """All events that a query finds, page after page: `limit` is that of a page."""
        at = "end_id" if query.get("order") == "desc" else "start_id"
        while True:
            page = self.events(run_id, **query)
            yield from page["events"]
            if page["next_id"] is None:
                return
            query[at] = page["next_id"]

    def renew_lease(
        self, run_id: str, lease_token: str, wait_seconds: int | None = None, *, end: _End | None = None
    ) -> JsonObject:
        """Renews the lease of a run that you have claimed, and says how the run stands.

        With `wait_seconds` (60 at most), once it was cancelled or has ended, or the time is up.
        """
        return self._call(
            "POST",
            _path("runs", run_id, "lease"),
            body=_given(wait_seconds=wait_seconds),
            headers={"Lease-Token": lease_token},
            patience_ms=1000 * (wait_seconds or 0),
            end=end,
            may_repeat=True,
        )

    def release(self, run_id: str, lease_token: str, delay_seconds: int | None = None) -> None:
        """Gives a run that you have claimed back: another claim gets it, as its next attempt."""
        body, headers = _given(delay_seconds=delay_seconds), {"Lease-Token": lease_token}
        self._call("POST", _path("runs", run_id, "release"), body=body, headers=headers)

    def create_stream_ticket(self, run_id: str, types: str | None = None) -> JsonObject:
        """A ticket for a browser's `EventSource`, which can send no headers."""
        return self._call("POST", _path("runs", run_id, "stream-tickets"), body=_given(types=types))


class EventRoutes(_Routes):
    """The journal: the events of all runs of the tenant."""

    def list(self, **query: QueryValue) -> JsonObject:
        """A page of the journal: go on with `next_id` until it is None, and live after `last_event_id`."""
        return self._call("GET", "/events", query)

    def create_stream_ticket(self, types: str | None = None) -> JsonObject:
        """A ticket for a browser's `EventSource`, which can send no headers."""
        return self._call("POST", "/events/stream-tickets", body=_given(types=types))


class ExecutorRoutes(_Routes):
    """What executes runs in a deployment."""

    def list(self) -> JsonObject:
        """All executors, by name, and how they stand."""
        return self._call("GET", "/executors")

    def get(self, name: str) -> JsonObject:
        """One that workers serve."""
        return self._call("GET", _path("executors", name))

    def put(self, name: str, **definition: Any) -> JsonObject:
        """Makes one that workers serve, so that runs may name it: see `Worker` for what it may say."""
        return self._call("PUT", _path("executors", name), body=_given(**definition))

    def delete(self, name: str) -> None:
        """Removes one that workers serve. No run can name it any more; those that wait stay."""
        self._call("DELETE", _path("executors", name))

    def claim(
        self,
        name: str,
        worker: str,
        claim_id: str,
        max: int | None = None,
        wait_seconds: int = 20,
        *,
        end: _End | None = None,
    ) -> JsonObject | None:
        """Claims runs, `max` (default 1) at most; None when none came within `wait_seconds` (60 at most).

        The same call with the same `claim_id` is answered the same, so an answer that was lost can be had again.
        """
        return self._call(
            "POST",
            _path("executors", name, "claims"),
            body=_given(worker=worker, claim_id=claim_id, max=max, wait_seconds=wait_seconds),
            patience_ms=1000 * wait_seconds,
            end=end,
            may_repeat=True,
        )


class ConsumerRoutes(_Routes):
    """Consumer groups."""

    def list(self) -> JsonObject:
        """All groups, by name."""
        return self._call("GET", "/consumers")

    def get(self, group: str) -> JsonObject:
        """A group, and how it stood in the last hour."""
        return self._call("GET", _path("consumers", group))

    def overview(self) -> JsonObject:
        """The groups in sum over all tenants."""
        return self._call("GET", "/consumers/overview")

    def pending(self, group: str, **query: QueryValue) -> JsonObject:
        """A page of what a group was given and has no outcome for, oldest first."""
        return self._call("GET", _path("consumers", group, "pending"), query)

    def pause(self, group: str) -> JsonObject:
        """Stops delivery to a group on every instance."""
        return self._call("POST", _path("consumers", group, "pause"))

    def resume(self, group: str) -> JsonObject:
        """Goes on after `pause()`."""
        return self._call("POST", _path("consumers", group, "resume"))

    def replay(self, group: str, start: str) -> JsonObject:
        """Delivers again, from a journal id, inclusive, or from a time in ISO 8601."""
        return self._call("POST", _path("consumers", group, "replay"), body={"from": start})

    def delete(self, group: str) -> None:
        """Removes a group that nobody handles any more."""
        self._call("DELETE", _path("consumers", group))

    def put(self, group: str, **definition: Any) -> JsonObject:
        """Makes a group that workers serve: see `Worker` for what it may say."""
        return self._call("PUT", _path("consumers", group), body=_given(**definition))

    def deliveries(
        self,
        group: str,
        worker: str,
        claim_id: str,
        max: int | None = None,
        wait_seconds: int = 20,
        *,
        end: _End | None = None,
    ) -> JsonObject | None:
        """Takes events, `max` (default 10) at most; None when none came within `wait_seconds` (60 at most).

        The same call with the same `claim_id` is answered the same, so an answer that was lost can be had again.
        """
        return self._call(
            "POST",
            _path("consumers", group, "deliveries"),
            body=_given(worker=worker, claim_id=claim_id, max=max, wait_seconds=wait_seconds),
            patience_ms=1000 * wait_seconds,
            end=end,
            may_repeat=True,
        )

    def settle(self, group: str, settlements: Iterable[JsonObject]) -> JsonObject:
        """Says what came of deliveries, with the effects of those that succeeded. May be repeated."""
        body = {"settlements": [*settlements]}
        return self._call("POST", _path("consumers", group, "settlements"), body=body, may_repeat=True)

    def renew_leases(self, group: str, leases: Iterable[JsonObject]) -> JsonObject:
        """Renews the leases of deliveries, each `{id, token}`; one that is lost has no `lease_expires_at` then."""
        body = {"leases": [*leases]}
        return self._call("POST", _path("consumers", group, "leases"), body=body, may_repeat=True)


class DeadLetterRoutes(_Routes):
    """What consumer groups gave up."""

    def list(self, **query: QueryValue) -> JsonObject:
        """A page of them, newest first: go on with `next_cursor` as `cursor`."""
        return self._call("GET", "/dead-letters", query)

    def redrive(self, letter_id: str) -> JsonObject:
        """Sends one back to its group."""
        return self._call("POST", _path("dead-letters", letter_id, "redrive"))

    def redrive_many(self, group: str, type: str | None = None, limit: int | None = None) -> JsonObject:
        """Sends many back, oldest first."""
        body = _given(group=group, type=type, limit=limit)
        return self._call("POST", "/dead-letters/redrive", body=body)

    def delete(self, letter_id: str) -> None:
        """Deletes one."""
        self._call("DELETE", _path("dead-letters", letter_id))

    def delete_all(self, group: str) -> None:
        """Deletes all of a group."""
        self._call("DELETE", "/dead-letters", {"group": group})


class KeyRoutes(_Routes):
    """API keys of the tenant."""

    def create(self, name: str, scopes: Iterable[str], ttl_seconds: int | None = None) -> JsonObject:
        """Makes one; it is under `key`, this once."""
        return self._call("POST", "/keys", body=_given(name=name, scopes=[*scopes], ttl_seconds=ttl_seconds))

    def list(self, **query: QueryValue) -> JsonObject:
        """A page of them, newest first: go on with `next_cursor` as `cursor`."""
        return self._call("GET", "/keys", query)

    def revoke(self, key_id: str) -> None:
        """Ends one, and the streams that it opened."""
        self._call("DELETE", _path("keys", key_id))


class TenantRoutes(_Routes):
    """What tenants may take of the deployment: for its operator."""

    def limits(self, tenant: str) -> JsonObject:
        """The limits of a tenant."""
        return self._call("GET", _path("tenants", tenant, "limits"))

    def set_limits(self, tenant: str, **limits: int | None) -> JsonObject:
        """Sets all of them: what is left out has the default of the deployment."""
        return self._call("PUT", _path("tenants", tenant, "limits"), body=_given(**limits))


class _Http:
    """Requests to one service: its address, its credentials, its errors.

    A connection that was kept may be gone when it is used again, and nobody can tell whether the service had the request
    before. So it is for requests that may be sent twice; the others have a new one.
    """

    def __init__(
        self,
        base_url: str,
        headers: HeaderValues | Callable[[], HeaderValues],
        heartbeat_ms: int,
        retry_ms: int,
        ssl_context: ssl.SSLContext | None,
    ) -> None:
        url = urlsplit(base_url)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ValueError(f"{base_url!r} is no address: it has to begin with http:// or https://.")
        self._host, self._port, self._prefix = url.hostname, url.port, url.path.rstrip("/")
        self._ssl_context = (ssl_context or ssl.create_default_context()) if url.scheme == "https" else None
        self._headers = headers
        self._known_headers: HeaderValues | None = None
        self._asking = threading.Lock()
        self._silence_ms = 3 * heartbeat_ms
        self.retry_ms = retry_ms
        self.connections = _IdleConnections()

    def json(self, method: str, path: str, query: Mapping[str, QueryValue] | None = None, **request: Any) -> Any:
        """The whole body of an answer; None when there is none."""
        with self.open(method, path, query, **request) as answer:
            return answer.json()

    def open(
        self,
        method: str,
        path: str,
        query: Mapping[str, QueryValue] | None = None,
        *,
        body: Any = None,
        lines: bytes | None = None,
        headers: Mapping[str, str | int | None] | None = None,
        patience_ms: int = 0,
        end: _End | None = None,
        may_repeat: bool = False,
    ) -> _Answer:
        """An answer with a status of success, whose body is still to be read, in a `with` block.

        `body` is sent as JSON, `lines` as NDJSON. `patience_ms`: how much longer than three heartbeats it may take
        until something comes. `may_repeat`: it may be sent twice, also without being a GET, a PUT or having a key.
        """
        content = _json_bytes(body) if lines is None and body is not None else lines
        own = _given(**(headers or {}))
        if content is not None:
            own["Content-Type"] = "application/json" if lines is None else "application/x-ndjson"
        may_repeat = may_repeat or method in ("GET", "PUT") or "Idempotency-Key" in own

        def send(credentials: HeaderValues) -> _Answer:
            fields = {name: str(value) for name, value in {**credentials, **own}.items()}
            request = (method, path + _query_string(query or {}), content, fields, patience_ms, end)
            kept = self.connections.take() if may_repeat else None
            if kept:
                try:
                    return self._send(kept, *request)
                except RunstreamClientError as error:
                    # The service may have closed it meanwhile.
                    if error.code != "UNREACHABLE" or (end and end.is_set()):
                        raise
            return self._send(self._connection(), *request)

        used = self._current_headers()
        answer = send(used)
        if answer.status == 401 and callable(self._headers):
            answer.close()
            answer = send(self._current_headers(refused=used))
        if answer.status >= 300:
            with answer:
                raise answer.error()
        return answer

    def _send(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        content: bytes | None,
        headers: HeaderValues,
        patience_ms: int,
        end: _End | None,
    ) -> _Answer:
        silence_s = self._silence_ms / 1000
        try:
            with _errors_of_the_line(self._silence_ms):
                if connection.sock is None:
                    connection.connect()
                line = connection.sock
                if end:
                    end.watch(line)
                # The time is that of all of it.
                line.settimeout(silence_s + len(content or b"") / _MIN_UPLOAD_BYTES_PER_SECOND)
                try:
                    connection.request(method, self._prefix + path, content, headers)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # it may have answered before it had all
                line.settimeout(silence_s + patience_ms / 1000)
                return _Answer(connection, self._silence_ms + patience_ms, self.connections, end)
        except BaseException:
            connection.close()
            raise

    def _connection(self) -> http.client.HTTPConnection:
        timeout_s = self._silence_ms / 1000
        connection = (
            http.client.HTTPConnection(self._host, self._port, timeout_s)
            if self._ssl_context is None
            else http.client.HTTPSConnection(self._host, self._port, timeout=timeout_s, context=self._ssl_context)
        )
        connection.response_class = _Response
        return connection

    def _current_headers(self, refused: HeaderValues | None = None) -> HeaderValues:
        """Another thread may have asked for new ones already."""
        if not callable(self._headers):
            return self._headers
        with self._asking:
            if self._known_headers is None or self._known_headers is refused:
                self._known_headers = dict(self._headers())
            return self._known_headers


class _IdleConnections:
    """Connections to one service that wait for another request; the one that was used last is the next one.

    Without a lock, which a process that was forked could inherit locked: each step of a deque is one.
    """

    def __init__(self) -> None:
        # With when it began to wait, and the process: what a fork has inherited is its parent's.
        self._idle: deque[tuple[http.client.HTTPConnection, float, int]] = deque()

    def take(self) -> http.client.HTTPConnection | None:
        while True:
            try:
                connection, since, pid = self._idle.pop()
            except IndexError:
                return None
            is_new = time.monotonic() - since < _MAX_IDLE_SECONDS and pid == os.getpid()
            if is_new and _is_quiet(connection.sock):
                return connection
            connection.close()

    def keep(self, connection: http.client.HTTPConnection) -> None:
        now = time.monotonic()
        self._idle.append((connection, now, os.getpid()))
        try:
            while len(self._idle) > _MAX_IDLE or now - self._idle[0][1] > _MAX_IDLE_SECONDS:
                self._idle.popleft()[0].close()
        except IndexError:
            pass  # others have taken them

    def close(self) -> None:
        try:
            while True:
                self._idle.pop()[0].close()
        except IndexError:
            pass

    def __del__(self) -> None:
        self.close()


class _Response(http.client.HTTPResponse):
    """Python's own takes a head that was cut for a whole one."""

    def begin(self) -> None:
        source = self.fp
        self.fp = _Head(source)  # type: ignore[assignment]
        try:
            super().begin()
        finally:
            self.fp = source


class _Head:
    def __init__(self, source: io.BufferedIOBase) -> None:
        self._source = source

    def readline(self, limit: int) -> bytes:
        line = self._source.readline(limit)
        if not line.endswith(b"\n") and len(line) < limit:
            raise ConnectionResetError("The head of the answer was cut.")
        return line


class _Answer:
    """What came back to a request: its head, and a body that is read when it is asked for."""

    def __init__(
        self,
        connection: http.client.HTTPConnection,
        silence_ms: int,
        connections: _IdleConnections,
        end: _End | None,
    ) -> None:
        self._connection = connection
        self._response = connection.getresponse()
        self._silence_ms = silence_ms
        self._connections = connections
        self._end = end or _End()
        self.status = self._response.status

    def has_type(self, media_type: str) -> bool:
        return self._response.headers.get("Content-Type", "").startswith(media_type)

    def piece(self) -> bytes:
        """What has come; waits for something. Empty at the end."""
        with _errors_of_the_line(self._silence_ms):
            return self._response.read1(_PIECE_BYTES)

    def json(self) -> Any:
        with _errors_of_the_line(self._silence_ms):
            text = self._response.read(_MAX_JSON_BYTES + 1)
        if len(text) > _MAX_JSON_BYTES:
            raise self.unexpected("is too long")
        if self._response.length:
            raise RunstreamClientError("UNREACHABLE", "The answer was cut.")
        if not text:
            return None
        if not self.has_type("application/json"):
            raise self.unexpected("is no JSON")
        try:
            return json.loads(text)
        except ValueError:
            raise RunstreamClientError("UNREACHABLE", "The answer was cut.") from None

    def error(self) -> RunstreamClientError:
        """What an answer with an error status says."""
        headers = self._response.headers
        said = self.json() if self.has_type("application/json") else None
        said = said if isinstance(said, dict) else {}
        return RunstreamClientError(
            said.get("code", "UNEXPECTED_ANSWER"),
            said.get("message", f"The answer has the status {self.status}."),
            status=self.status,
            request_id=said.get("request_id") or headers.get("X-Request-Id"),
            retry_after_ms=_milliseconds_until(headers.get("Retry-After")),
            details=said.get("details"),
        )

    def unexpected(self, what: str) -> RunstreamClientError:
        message = f"The answer {what}: is this the address of a Runstream service?"
        return RunstreamClientError("UNEXPECTED_ANSWER", message, status=self.status)

    def close(self) -> None:
        """Its connection is kept if it was read to its end, and the service does not want to close it."""
        is_read = self._response.isclosed()
        self._response.close()
        # First, for the line may be another's at once; and what was ended before is closed.
        self._end.watch(None)
        if is_read and self._connection.sock and not self._end.is_set():
            self._connections.keep(self._connection)
        else:
            self._connection.close()

    def __enter__(self) -> _Answer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _End:
    """Lets a thread end what another one waits for."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._line: socket.socket | None = None

    def is_set(self) -> bool:
        return self._event.is_set()

    def wait(self, ms: float) -> None:
        self._event.wait(ms / 1000)

    def watch(self, line: socket.socket | None) -> None:
        """Ends this line with it; none any more with None."""
        self._line = line
        if self.is_set():
            self.set()

    def set(self) -> None:
        self._event.set()
        line = self._line
        if line:
            try:
                # Not that of a TLS line, which another thread may be reading.
                socket.socket.shutdown(line, socket.SHUT_RDWR)
            except OSError:
                pass  # it is closed


class _Retry:
    """How long to wait before the next try: longer after each failure, never less than the service asks for."""

    def __init__(self, step_ms: int) -> None:
        self.step_ms = step_ms
        self._failures = 0

    def succeeded(self) -> None:
        """Something came: the next failure is the first one again."""
        self._failures = 0

    def next(self, error: RunstreamClientError | None) -> int:
        """In milliseconds. Each waits up to half as long again, so that many do not come back at once."""
        step_ms = min(self.step_ms << min(self._failures, 32), max(self.step_ms, _MAX_STEP_MS))
        self._failures += 1
        wait_ms = max(step_ms, (error and error.retry_after_ms) or 0)
        return round(min(wait_ms, _MAX_WAIT_MS) * (1 + random.random() / 2))


@contextmanager
def _errors_of_the_line(silence_ms: int) -> Iterator[None]:
    """Says in a RunstreamClientError what happened to a line."""
    try:
        yield
    except TimeoutError as error:
        message = f"Nothing came for {silence_ms} ms: the line is dead."
        raise RunstreamClientError("SILENT", message) from error
    except (OSError, http.client.HTTPException) as error:
        message = "The service can not be reached, or the line was cut."
        raise RunstreamClientError("UNREACHABLE", message) from error


def _is_quiet(line: socket.socket) -> bool:
    """Whether nothing came on a line on which nothing is asked: neither its end, nor what would pass for an answer."""
    try:
        line.settimeout(0)
        # Also of a TLS line: not what it has read, but what has come.
        socket.socket.recv(line, 1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def _number_of(cursor: str) -> float:
    """The place in its log that a cursor stands for: what is behind its hyphen. NaN for none."""
    number = cursor.partition("-")[2]
    return int(number) if number.isdecimal() else math.nan


def _milliseconds_until(header: str | None) -> int | None:
    """A `Retry-After` is a number of seconds, or a date."""
    if header is None:
        return None
    if header.isdecimal():
        return min(1000 * int(header[:9]), _MAX_WAIT_MS)
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(round(1000 * (at - datetime.now(at.tzinfo and timezone.utc)).total_seconds()), 0)


def _json_bytes(value: Any) -> bytes:
    """Raises ValueError for what JSON has no word for, such as NaN."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        # Half a surrogate pair, as names of files may have one. UTF-8 has no bytes for it, but JSON has an escape.
        return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()


def _path(*names: str) -> str:
    """Names may have any characters."""
    return "".join(f"/{quote(name, safe='')}" for name in names)


def _query_string(query: Mapping[str, QueryValue]) -> str:
    """With its question mark; empty without a value."""
    values = {name: str(value).lower() if isinstance(value, bool) else value for name, value in query.items()}
    text = urlencode(_given(**values))
    return f"?{text}" if text else ""


def _commas(values: Iterable[str] | None) -> str | None:
    return None if values is None else ",".join(values)


def _given(**values: Any) -> JsonObject:
    """Without what has no value."""
    return {name: value for name, value in values.items() if value is not None}
