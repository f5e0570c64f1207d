"""Executes runs and handles events of a Runstream service, with Python's standard library alone.

A worker asks for work over HTTP, does it, and says what came of it (docs/workers.md; section 7 of docs/protocol.md).
Copy this file beside `runstream.py`. Python 3.11 or later.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import queue
import re
import secrets
import signal
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal, TypeVar

from runstream import (
    EndStatus,
    HeaderValues,
    JsonObject,
    QueryValue,
    RunstreamClient,
    RunstreamClientError,
    RunWriter,
    _End,
    _given,
    _json_bytes,
    _Retry,
)

__all__ = ["Fail", "HandlerContext", "Left", "Retry", "Run", "Worker"]

_WAIT_SECONDS = 20
# Events that wait in this process, beside those that are being handled: they hide the way to the service and back.
_PREFETCH = 10
_MAX_ITEMS = 100
_MAX_SETTLEMENT_BYTES = 2**18
_MAX_ERROR_CHARS = 1000
# After the grace period: for what closes, and for telling the service.
_LAST_SECONDS = 2.0
# Runs that are over before need no renewal. Until then a cancel is not heard of.
_FIRST_RENEWAL_MS = 500
# So that it works again soon after a long outage.
_MAX_PAUSE_MS = 5000
_DONE = object()
_RELEASE: JsonObject = {"outcome": "release"}
_GONE = ("LEASE_LOST", "RUN_ENDED", "RUN_NOT_FOUND", "RUN_EXPIRED")

_log = logging.getLogger("runstream.worker")
_Function = TypeVar("_Function", bound=Callable[..., Any])


class Retry(Exception):
    """Raised by a handler: the event is tried again, after `after_ms` or after the backoff of the group."""

    def __init__(self, after_ms: int | None = None, reason: str = "The handler asked for another try.") -> None:
        super().__init__(reason)
        self.after_ms = after_ms


class Fail(Exception):
    """Raised by a handler: no other try will help, and the event becomes a dead letter."""


class Left(Exception):
    """The work at a run was left, by `Run.check()` or at a `yield`: nothing more is said about it."""


class Run:
    """A run that this worker executes."""

    def __init__(self, worker: Worker, data: JsonObject, lease_token: str) -> None:
        # As `GET /runs/{run_id}` gives it.
        self.data = data
        self.id: str = data["id"]
        self.task: str = data["task"]
        self.input: Any = data.get("input")
        self.labels: dict[str, str] = data.get("labels") or {}
        # 1 for the first one.
        self.attempt: int = data["attempt"]
        self.client = worker.client
        # Set when the work is to be left: `why` says for what reason. A generator is closed at its next `yield`.
        self.cancelled = threading.Event()
        # `cancelled` (or ended by another), `lost` (another worker has it), or `stopping` (this worker ends now).
        self.why: Literal["cancelled", "lost", "stopping"] | None = None
        # Set when this worker is to end. There is the grace period left for ending the run in order.
        self.stopping = worker._stopping
        # Of an async generator, which can return nothing: what it was all for.
        self.result: Any = None
        self._worker = worker
        # Ends what it waits for when the work is to be left.
        self._end = _End()
        self._lease_token = lease_token
        self._writer = self._new_writer("")

    def check(self) -> None:
        """Raises when the work is to be left. A function leaves by raising: one that returns has ended its run."""
        if self.cancelled.is_set():
            raise Left(f"The work at this run is to be left: {self.why}.")

    def flush(self) -> None:
        """Waits until all events that were yielded are stored."""
        self._writer.flush()

    def history(self, **query: QueryValue) -> Iterator[JsonObject]:
        """All events of the run, also those of earlier attempts: where to go on. An outage is waited for."""
        at = "end_id" if query.get("order") == "desc" else "start_id"
        while True:
            page = self._worker._patiently(partial(self.client.runs.events, self.id, **query), self._end)
            self.check()
            yield from page["events"]
            if page["next_id"] is None:
                return
            query[at] = page["next_id"]

    def _new_writer(self, suffix: str) -> RunWriter:
        # With the attempt in its keys, or the events of a second one would pass for those of the first.
        writer_id = f"worker:{self.attempt}{suffix}"
        return self.client.append(self.id, writer_id, lease_token=self._lease_token)


class HandlerContext:
    """What a handler knows of a delivery, and the effects that it makes with it.

    Effects are made in the same step as the acknowledgement when the handler succeeds, and else not at all.
    """

    def __init__(self, worker: Worker, delivery: JsonObject) -> None:
        self.client = worker.client
        # Of the delivery: the same for each attempt at the same event.
        self.id: str = delivery["id"]
        self.attempt: int = delivery["attempt"]
        # Set when another worker has the event by now: what this one does has no effect any more.
        self.lost = threading.Event()
        # Set when this worker is to end.
        self.stopping = worker._stopping
        self._delivery = delivery
        self._publish: list[JsonObject] = []
        self._start_runs: list[JsonObject] = []

    def publish(self, run_id: str, event: str | JsonObject, data: JsonObject | None = None) -> None:
        """Appends an event to a run: a type and its data, or all of it as a dict."""
        self._publish.append(_checked({"run_id": run_id, **_event_of(event if data is None else (event, data))}))

    def start_run(self, task: str, **body: Any) -> None:
        """Starts a run: `executor`, `key`, `input`, `labels`, `context`."""
        self._start_runs.append(_checked({"task": task, **body}))


class Worker:
    """Serves executors and consumer groups out of this process, until it is stopped.

        worker = Worker("http://127.0.0.1:3000", key="rs_…")

        @worker.executor("summarise", on_crash="restart")
        def summarise(run):
            yield "llm.stream", {"content": "Once upon a time"}
            return {"summary": "A fairy tale."}

        worker.run()

    `name` is what the service shows as holder; default: that of the machine and the process. `grace_seconds` is how
    long what is under way may go on after SIGTERM, SIGINT or `stop()`; a second signal ends it at once. What is left
    then is closed and given back within two more seconds. Other options are those of `RunstreamClient`.

    Functions are called in threads, `async` ones on an event loop of the worker's own. Outages of the service are
    waited for; what it refuses for good, such as a wrong key, is raised by `run()`.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        tenant: str | None = None,
        name: str | None = None,
        *,
        headers: HeaderValues | Callable[[], HeaderValues] | None = None,
        grace_seconds: float = 8.0,
        **options: Any,
    ) -> None:
        own = _given(**{"Authorization": key and f"Bearer {key}", "X-Tenant-Id": tenant})
        self.client = RunstreamClient(url, headers or own, **options)
        self.name = name or re.sub(r"[^\w-]", "-", f"{socket.gethostname()}-{os.getpid()}", flags=re.ASCII)[:100]
        self._grace_seconds = grace_seconds
        self._retry_ms: int = options.get("retry_ms", 500)
        self._services: list[_Service] = []
        self._stopping = threading.Event()
        self._hurry = threading.Event()
        self._failure: BaseException | None = None
        self._loop = _Loop()

    def executor(
        self,
        name: str,
        *,
        concurrency: int = 1,
        version: int | None = None,
        on_crash: Literal["fail", "restart"] | None = None,
        max_attempts: int | None = None,
        lease_seconds: int | None = None,
        input_schema: JsonObject | None = None,
    ) -> Callable[[_Function], _Function]:
        """Executes runs with a function that gets a `Run`; `concurrency` of them at once.

        A generator yields events, each `(type, data)` or a dict as the protocol has it. What it returns is the result
        of the run, and what it raises is its error. When the run is to be left it is closed: `GeneratorExit` is raised
        at its `yield`; in an `async` function, `CancelledError` at its `await`.

        The other options are those of `PUT /executors/{name}`.
        """
        definition = _given(
            version=version,
            on_crash=on_crash,
            max_attempts=max_attempts,
            lease_seconds=lease_seconds,
            input_schema=input_schema,
        )

        def add(function: _Function) -> _Function:
            self._services.append(_ExecutorService(self, name, function, concurrency, definition))
            return function

        return add

    def handler(
        self,
        group: str,
        types: Iterable[str] | None = None,
        *,
        concurrency: int = 1,
        version: int | None = None,
        start: Literal["now", "start"] | None = None,
        ordering: Literal["none", "run"] | None = None,
        max_attempts: int | None = None,
        backoff: JsonObject | None = None,
        lease_seconds: int | None = None,
    ) -> Callable[[_Function], _Function]:
        """Handles the events of a group with a function that gets an event and a `HandlerContext`.

        It returns when it is done, or raises: `Retry`, `Fail`, or anything else, which is tried again after the
        backoff. `start` is the `from` of `PUT /consumers/{group}`, and the other options are those of that.
        """
        definition = _given(
            **{"from": start},
            types=None if types is None else [*types],
            version=version,
            ordering=ordering,
            max_attempts=max_attempts,
            backoff=backoff,
            lease_seconds=lease_seconds,
        )

        def add(function: _Function) -> _Function:
            self._services.append(_HandlerService(self, group, function, concurrency, definition))
            return function

        return add

    def run(self) -> None:
        """Works until `stop()` or, in the main thread, until SIGTERM or SIGINT; raises what the service refuses."""
        with self._signals():
            for service in self._services:
                self._thread(service.serve, service.name)
            self._stopping.wait()
            for service in self._services:
                service.stop()
            deadline = time.monotonic() + self._grace_seconds
            while any(service.in_hand for service in self._services):
                if self._hurry.wait(0.02) or time.monotonic() > deadline:
                    break
            leaving = [threading.Thread(target=service.leave, daemon=True) for service in self._services]
            for thread in leaving:
                thread.start()
            for thread in leaving:
                thread.join(2 * _LAST_SECONDS)
            self._loop.close()
            self.client.close()
        if self._failure:
            raise self._failure

    def stop(self) -> None:
        """Ends `run()`, from any thread: nothing more is asked for. A second call ends the grace period."""
        if self._stopping.is_set():
            self._hurry.set()
        self._stopping.set()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, lambda *_: self.stop()) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _thread(self, target: Callable[..., None], name: str, *args: Any) -> None:
        """What fails in it ends the worker."""

        def work() -> None:
            try:
                target(*args)
            except BaseException as error:
                self._failure = self._failure or error
                self._stopping.set()

        # Daemons: a function that never returns must not keep the process.
        threading.Thread(target=work, name=f"runstream-{name}", daemon=True).start()

    def _patiently(self, call: Callable[[], Any], end: _End) -> Any:
        """Makes a call again until it is answered; None when that was ended before."""
        retry = _Retry(self._retry_ms)
        while not end.is_set():
            try:
                return call()
            except RunstreamClientError as error:
                if end.is_set():
                    break
                if not error.is_passing:
                    raise
                _log.debug("tried again: %s", error)
                end.wait(min(retry.next(error), max(error.retry_after_ms or 0, _MAX_PAUSE_MS)))
        return None


class _Service:
    """One executor or group: what is common to both. It has `in_hand` what it was given and has not settled."""

    def __init__(
        self, worker: Worker, name: str, function: Callable[..., Any], concurrency: int, definition: JsonObject
    ) -> None:
        if concurrency < 1:
            raise ValueError("concurrency is 1 at least.")
        self.name = name
        self.in_hand: dict[str, Any] = {}
        # Nothing more is asked for.
        self.end = _End()
        self._worker = worker
        self._function = function
        self._concurrency = concurrency
        self._definition = definition
        self._lease_seconds = 0
        self._change = threading.Condition()

    def serve(self) -> None:
        """Puts it, and asks for work until the end."""
        put = self._worker._patiently(lambda: self._put(self.name, **self._definition), self.end)
        if put is None:
            return
        self._lease_seconds = put["lease_seconds"]
        self._begin()
        _log.info("serves %s as %s", self.name, self._worker.name)
        pause = _Retry(self._worker._retry_ms)
        while not self.end.is_set():
            if room := self._room():
                asked = time.monotonic()
                items = self._ask_for(room)
                for item in items:
                    self._take(item)
                if items or time.monotonic() - asked > 1:
                    pause.succeeded()
                else:
                    # The service shuts down: it answers at once.
                    self.end.wait(pause.next(None))

    def _room(self) -> int:
        """How many more it takes; waits for a second while that is none."""
        with self._change:
            self._change.wait_for(lambda: self._free() > 0, 1)
            return min(self._free(), _MAX_ITEMS)

    def _ask_for(self, room: int) -> list[JsonObject]:
        claim_id = secrets.token_hex(12)
        return self._worker._patiently(lambda: self._ask(claim_id, room), self.end) or []

    def _held(self) -> list[tuple[str, Any]]:
        with self._change:
            return [*self.in_hand.items()]

    def _drop(self, key: str) -> None:
        with self._change:
            self.in_hand.pop(key, None)
            self._change.notify_all()

    def _begin(self) -> None:
        pass

    def _put(self, name: str, **definition: Any) -> JsonObject:
        raise NotImplementedError

    def _free(self) -> int:
        raise NotImplementedError

    def _ask(self, claim_id: str, room: int) -> list[JsonObject]:
        raise NotImplementedError

    def _take(self, item: JsonObject) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        self.end.set()

    def leave(self) -> None:
        """The grace period is over."""
        raise NotImplementedError


class _ExecutorService(_Service):
    in_hand: dict[str, _Execution]

    def _put(self, name: str, **definition: Any) -> JsonObject:
        return self._worker.client.executors.put(name, **definition)

    def _free(self) -> int:
        return self._concurrency - len(self.in_hand)

    def _ask(self, claim_id: str, room: int) -> list[JsonObject]:
        executors, name = self._worker.client.executors, self._worker.name
        answer = executors.claim(self.name, name, claim_id, room, _WAIT_SECONDS, end=self.end)
        return answer["claims"] if answer else []

    def _take(self, item: JsonObject) -> None:
        run = Run(self._worker, item["run"], item["lease_token"])
        may_restart = self._definition.get("on_crash") == "restart"
        execution = _Execution(self._worker, run, self._function, self._lease_seconds, may_restart)
        token: str = item["lease_token"]
        with self._change:
            self.in_hand[token] = execution
        self._worker._thread(self._execute, f"run-{run.id}", token, execution.execute)
        self._worker._thread(execution.keep_lease, f"lease-{run.id}")

    def leave(self) -> None:
        for _, execution in self._held():
            execution.leave("stopping")
        self._wait_for_all()
        # What does not look up is given back all the same: nothing that it does can be stored then.
        for token, execution in self._held():
            self._worker._thread(self._execute, "release", token, execution.give_back)
        self._wait_for_all()

    def _execute(self, token: str, how: Callable[[], None]) -> None:
        try:
            how()
        finally:
            self._drop(token)

    def _wait_for_all(self) -> None:
        with self._change:
            self._change.wait_for(lambda: not self.in_hand, _LAST_SECONDS / 2)


class _Execution:
    """One attempt at a run."""

    def __init__(
        self, worker: Worker, run: Run, function: Callable[..., Any], lease_seconds: int, may_restart: bool
    ) -> None:
        self._worker = worker
        self._run = run
        self._function = function
        self._lease_seconds = lease_seconds
        self._may_restart = may_restart
        self._end = _End()
        self._lock = threading.Lock()
        self._is_given_back = False
        # Of an `async` function: what it is at.
        self._step: _Step | None = None

    def execute(self) -> None:
        run = self._run
        try:
            status, data = self._outcome()
            self._finish(status, data)
        except Left:
            if run.why == "stopping":
                self.give_back()
        except (RunstreamClientError, RuntimeError) as error:
            if not _is_gone(error):
                _log.warning("run %s could not be ended: %s", run.id, error)
        finally:
            self._end.set()

    def _outcome(self) -> tuple[EndStatus, JsonObject]:
        run = self._run
        try:
            result = self._drive(self._function(run))
            return "completed", _checked({"result": result})
        except BaseException as error:
            if run.why is not None:
                raise Left from error
            _log.warning("run %s failed", run.id, exc_info=error)
            return "failed", {"error": str(error) or type(error).__name__}

    def _drive(self, work: Any) -> Any:
        """Takes the events out of a function's generator. Returns its result."""
        if inspect.isgenerator(work):
            return self._drain(work)
        if inspect.isasyncgen(work):
            try:
                while (event := self._await(anext(work, _DONE))) is not _DONE:
                    self._write(event)
            finally:
                self._worker._loop.start(work.aclose()).result()
            return self._run.result
        return self._await(work) if inspect.isawaitable(work) else work

    def _drain(self, generator: Generator[Any, Any, Any]) -> Any:
        try:
            while True:
                self._write(next(generator))
        except StopIteration as stop:
            return stop.value
        finally:
            generator.close()

    def _write(self, event: Any) -> None:
        self._run.check()
        try:
            self._run._writer.write(_event_of(event))
        except RunstreamClientError as error:
            if _is_gone(error):
                self.leave("lost" if error.code == "LEASE_LOST" else "cancelled")
            raise

    def _await(self, awaitable: Awaitable[Any]) -> Any:
        with self._lock:
            self._step = step = self._worker._loop.start(awaitable)
            if self._run.cancelled.is_set():
                step.cancel()
        return step.result()

    def _finish(self, status: EndStatus, data: JsonObject) -> None:
        """After an event that was refused, the end is still to be said."""
        run = self._run
        try:
            run._writer.end(status, data)
        except RunstreamClientError as error:
            if _is_gone(error):
                raise
            _log.warning("an event of run %s was refused: %s", run.id, error)
            run._new_writer(":end").end("failed", {"error": str(error)})

    def keep_lease(self) -> None:
        """Renews the lease, and hears of a cancel at once."""
        run, seconds = self._run, self._lease_seconds
        retry = _Retry(self._worker._retry_ms)
        longest = min(seconds // 3, _WAIT_SECONDS)
        wait_seconds = longest
        # What must not be begun twice says at once that it was begun: a claim that no call follows is given out again.
        if self._may_restart:
            self._end.wait(min(_FIRST_RENEWAL_MS, seconds * 1000 / 3))
        while not self._end.is_set():
            asked = time.monotonic()
            try:
                lease = run.client.runs.renew_lease(run.id, run._lease_token, wait_seconds, end=self._end)
            except RunstreamClientError as error:
                if self._end.is_set():
                    return
                if not error.is_passing:
                    self.leave("cancelled" if error.code == "RUN_ENDED" else "lost")
                    return
                # Without a wait, of which there may be too many; and soon, for the lease goes on running out.
                wait_seconds = 0
                self._end.wait(min(retry.next(error), seconds * 1000 / 6))
                continue
            retry.succeeded()
            if lease["lease_expires_at"] is None:
                self.leave("cancelled")
                return
            if time.monotonic() - asked < wait_seconds / 2 or wait_seconds == 0:
                # It does not wait: it is asked not to, or shuts down.
                self._end.wait(seconds * 1000 / 3)
            wait_seconds = longest

    def leave(self, why: Literal["cancelled", "lost", "stopping"]) -> None:
        """Has the work left, from any thread."""
        with self._lock:
            if self._run.why is None:
                self._run.why = why
            self._run.cancelled.set()
            self._run._end.set()
            if self._step:
                self._step.cancel()

    def give_back(self) -> None:
        """For another worker to go on; or as lost, where the work must not be done twice."""
        with self._lock:
            if self._is_given_back:
                return
            self._is_given_back = True
        run = self._run
        try:
            if self._may_restart:
                run._writer.flush()
                run.client.runs.release(run.id, run._lease_token)
            else:
                self._finish("failed", {"error": "executor lost"})
        except (RunstreamClientError, RuntimeError) as error:
            _log.warning("run %s could not be given back: %s", run.id, error)


def _key(delivery: JsonObject) -> str:
    """All that one call was given has the same token, and what comes again the same id."""
    return f"{delivery['id']} {delivery['token']}"


class _HandlerService(_Service):
    in_hand: dict[str, HandlerContext]

    def __init__(
        self, worker: Worker, name: str, function: Callable[..., Any], concurrency: int, definition: JsonObject
    ) -> None:
        super().__init__(worker, name, function, concurrency, definition)
        # None at the end.
        self._waiting: queue.SimpleQueue[HandlerContext | None] = queue.SimpleQueue()
        self._settled: queue.SimpleQueue[JsonObject | None] = queue.SimpleQueue()
        # All that was begun is settled.
        self._over = _End()

    def _begin(self) -> None:
        for number in range(self._concurrency):
            self._worker._thread(self._handle_all, f"{self.name}-{number}")
        self._worker._thread(self._settle_all, f"{self.name}-settlements")
        self._worker._thread(self._keep_leases, f"{self.name}-leases")

    def _put(self, name: str, **definition: Any) -> JsonObject:
        return self._worker.client.consumers.put(name, **definition)

    def _free(self) -> int:
        """Many at a time, but never so late that a thread has nothing to do."""
        free = self._concurrency + _PREFETCH - len(self.in_hand)
        return free if self._waiting.qsize() <= _PREFETCH // 2 else 0

    def _ask(self, claim_id: str, room: int) -> list[JsonObject]:
        consumers, name = self._worker.client.consumers, self._worker.name
        answer = consumers.deliveries(self.name, name, claim_id, room, _WAIT_SECONDS, end=self.end)
        return answer["deliveries"] if answer else []

    def _take(self, item: JsonObject) -> None:
        context = HandlerContext(self._worker, item)
        with self._change:
            self.in_hand[_key(item)] = context
        if self.end.is_set():
            self._settle_later(context, _RELEASE)
        else:
            self._waiting.put(context)

    def stop(self) -> None:
        """What was not begun, others may have at once."""
        super().stop()
        try:
            while context := self._waiting.get_nowait():
                self._settle_later(context, _RELEASE)
        except queue.Empty:
            pass

    def _handle_all(self) -> None:
        while context := self._waiting.get():
            with self._change:
                self._change.notify_all()
            if context.lost.is_set():
                self._drop(_key(context._delivery))
            else:
                self._settle_later(context, self._handle(context))

    def _settle_later(self, context: HandlerContext, outcome: JsonObject) -> None:
        self._settled.put({"id": context.id, "token": context._delivery["token"], **outcome})

    def _handle(self, context: HandlerContext) -> JsonObject:
        event = context._delivery["event"]
        try:
            done = self._function(event, context)
            if inspect.isawaitable(done):
                self._worker._loop.start(done).result()
        except Retry as error:
            return {"outcome": "retry", **_given(delay_ms=error.after_ms), "error": _text(error)}
        except Fail as error:
            return {"outcome": "fail", "error": _text(error)}
        except BaseException as error:
            _log.warning("%s failed at event %s", self.name, event["id"], exc_info=error)
            return {"outcome": "retry", "error": _text(error)}
        effects = _given(publish=context._publish or None, start_runs=context._start_runs or None)
        return {"outcome": "success", **effects}

    def _settle_all(self) -> None:
        """As many at a time as there are."""
        first = self._settled.get()
        while first:
            batch, size = [first], len(_json_bytes(first))
            first = None
            while not self._settled.empty() and not first:
                one = self._settled.get()
                if one is None:
                    return
                size += len(_json_bytes(one))
                if len(batch) < _MAX_ITEMS and size <= _MAX_SETTLEMENT_BYTES:
                    batch.append(one)
                else:
                    first = one
            self._settle(batch)
            for one in batch:
                self._drop(_key(one))
            first = first or self._settled.get()

    def _settle(self, settlements: list[JsonObject]) -> None:
        settle = self._worker.client.consumers.settle
        try:
            answer = self._worker._patiently(lambda: settle(self.name, settlements), self._over)
        except RunstreamClientError as error:
            if error.status != 400 and error.status != 413:
                raise
            # What is wrong with one of them must not hold up the others.
            if len(settlements) > 1:
                for one in settlements:
                    self._settle([one])
            elif settlements[0]["outcome"] == "success":
                failed = {"id": settlements[0]["id"], "token": settlements[0]["token"], "outcome": "retry"}
                _log.warning("the effects of %s were refused: %s", self.name, error)
                self._settle([{**failed, "error": _text(error)}])
            else:
                raise
            return
        for one in answer["settlements"] if answer else []:
            if one["result"] != "ok":
                _log.info("%s: delivery %s is %s: %s", self.name, one["id"], one["result"], one.get("error"))

    def _keep_leases(self) -> None:
        while not self._over.is_set():
            self._over.wait(self._lease_seconds * 1000 / 3)
            held = [context for _, context in self._held()]
            for begin in range(0, len(held), _MAX_ITEMS):
                some = held[begin : begin + _MAX_ITEMS]
                leases = [{"id": context.id, "token": context._delivery["token"]} for context in some]
                renew = partial(self._worker.client.consumers.renew_leases, self.name, leases)
                answer = self._worker._patiently(renew, self._over)
                for context, lease in zip(some, answer["leases"] if answer else []):
                    if lease["lease_expires_at"] is None:
                        context.lost.set()

    def leave(self) -> None:
        """What is not settled comes again, to another, when its lease ends."""
        self._over.set()
        self._settled.put(None)
        for _ in range(self._concurrency):
            self._waiting.put(None)


class _Loop:
    """An event loop in a thread of its own, from the first `async` function on."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()

    def start(self, awaitable: Awaitable[Any]) -> _Step:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="runstream-loop", daemon=True).start()
        return _Step(self._loop, awaitable)

    def close(self) -> None:
        if self._loop:
            self._loop.call_soon_threadsafe(self._loop.stop)


class _Step:
    """Something that is awaited on the loop, seen from a thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, awaitable: Awaitable[Any]) -> None:
        self._loop = loop
        self._task: asyncio.Task[Any] | None = None
        self._is_cancelled = False
        self._done = asyncio.run_coroutine_threadsafe(self._work(awaitable), loop)

    def result(self) -> Any:
        """Waits for the end of it, also when it was cancelled: until then its generator can't be closed."""
        return self._done.result()

    def cancel(self) -> None:
        self._is_cancelled = True
        self._loop.call_soon_threadsafe(lambda: self._task and self._task.cancel())

    async def _work(self, awaitable: Awaitable[Any]) -> Any:
        self._task = asyncio.current_task()
        if self._is_cancelled and self._task:
            self._task.cancel()
        return await awaitable


def _event_of(said: Any) -> JsonObject:
    """Of a type and data, or of all of it."""
    if isinstance(said, tuple) and len(said) == 2 and isinstance(said[0], str):
        category, _, action = said[0].partition(".")
        return {"event": {"category": category, "action": action}, "data": said[1]}
    if isinstance(said, dict):
        return said
    raise TypeError(f"An event is (type, data), or a dict with `event` and `data`, and not {said!r}.")


def _checked(value: JsonObject) -> JsonObject:
    """Raises for what JSON has no word for."""
    _json_bytes(value)
    return value


def _is_gone(error: BaseException) -> bool:
    """The run is another's by now, or nobody's."""
    return isinstance(error, RunstreamClientError) and error.code in _GONE


def _text(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:_MAX_ERROR_CHARS]
