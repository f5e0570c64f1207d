"""One worker process of the fault tests: worker.py <address> <name> <lease, s> <runs for effects, by commas>"""

import logging
import os
import sys
import threading
import time
import zlib

from runstream_worker import Retry, Worker

url, name, lease, effects = sys.argv[1:]
lease_seconds = int(lease)
effect_runs = effects.split(",")
logging.basicConfig(level=logging.WARNING)
worker = Worker(url, name=name, retry_ms=50, grace_seconds=2)


@worker.executor("numbers", on_crash="restart", max_attempts=1000, lease_seconds=lease_seconds, concurrency=4)
def numbers(run):
    for n in range(run.input["events"]):
        time.sleep(run.input["ms"] / 1000)
        yield "log.stdout", {"attempt": run.attempt, "n": n}
    return {"attempt": run.attempt}


def publish(group, event, context):
    # Some are tried again, without their effect.
    if context.attempt == 1 and event["data"]["n"] % 50 == 7:
        context.publish(run_of(event), "task.failed", {})
        raise Retry(after_ms=50)
    context.publish(run_of(event), "task.completed", {"group": group, "event": f"{event['run_id']}/{event['id']}"})


def run_of(event):
    """All effects of one run go to one other run, so that its log holds the order in which they were made."""
    return effect_runs[zlib.crc32(event["run_id"].encode()) % len(effect_runs)]


for group, ordering in (("shared", "none"), ("ordered", "run")):
    worker.handler(
        group,
        types=["log.stdout"],
        start="start",
        ordering=ordering,
        max_attempts=1000,
        backoff={"initial_ms": 50, "max_ms": 500},
        lease_seconds=lease_seconds,
        concurrency=4,
    )(lambda event, context, group=group: publish(group, event, context))

def end_with_kit():
    sys.stdin.read()
    os._exit(1)


threading.Thread(target=end_with_kit, daemon=True).start()
print("ready", flush=True)
worker.run()
