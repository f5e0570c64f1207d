"""What `test/client/python.world-spec.ts` has running for these tests, and what they need to watch a client."""

from __future__ import annotations

import os
import time
import unittest
from collections.abc import Callable
from typing import Any
from urllib.request import urlopen

from runstream import EventItem, Follow, FollowItem, GapItem, JsonObject, RunstreamClient, StateItem


def address(name: str) -> str:
    """Of a service, a proxy or a liar."""
    value = os.environ.get(f"RUNSTREAM_{name}")
    if value is None:
        raise unittest.SkipTest("`npm test -- test/client/python` starts what these tests talk to.")
    return value


def client_of(name: str, **options: Any) -> RunstreamClient:
    return RunstreamClient(**{"base_url": address(name), "retry_ms": 1, **options})


def tell_liar(command: str) -> str:
    """See test/client/lies-for-python.ts."""
    with urlopen(f"{address('LIAR_URL')}/{command}") as answer:
        return str(answer.read().decode())


def eventually(name: str, condition: Callable[[], bool], within_s: float = 120) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"Not within {within_s} s: {name}")
        time.sleep(0.02)


def said(n: int, text: str = "") -> JsonObject:
    return {"event": {"category": "llm", "action": "stream"}, "data": {"n": n, "text": text}}


def line(text: str = "a") -> JsonObject:
    return {"event": {"category": "log", "action": "stdout"}, "data": {"line": text}}


def terminal(status: str = "completed") -> JsonObject:
    return {"event": {"category": "lifecycle", "action": status}, "data": {}}


class Followed:
    """What a follower was given, in order."""

    def __init__(self) -> None:
        self.items: list[FollowItem] = []
        self.events: list[JsonObject] = []
        self.sequences: list[int] = []
        # Kinds of the items, but for events; of a state its name.
        self.told: list[str] = []

    @property
    def waits(self) -> list[StateItem]:
        return [item for item in self.items if isinstance(item, StateItem) and item.state == "waiting"]

    @property
    def gaps(self) -> list[JsonObject]:
        return [item.gap for item in self.items if isinstance(item, GapItem)]


def followed(
    follow: Follow,
    on_item: Callable[[FollowItem], object] = lambda item: None,
    until: Callable[[Followed], bool] = lambda result: False,
) -> Followed:
    """Follows to the end. `until` ends it before, `on_item` may do something meanwhile."""
    result = Followed()
    for item in follow:
        result.items.append(item)
        if isinstance(item, EventItem):
            result.events.append(item.event)
            result.sequences.append(item.event["sequence"])
        else:
            result.told.append(item.state if isinstance(item, StateItem) else item.kind)
        on_item(item)
        if until(result):
            break
    return result


def is_event(item: FollowItem, sequence: int) -> bool:
    return isinstance(item, EventItem) and item.event["sequence"] == sequence


def is_waiting(item: FollowItem) -> bool:
    return isinstance(item, StateItem) and item.state == "waiting"
