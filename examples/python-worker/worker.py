"""Counts in runs, and writes a receipt for each that is done: python3 worker.py"""

import logging
import os
import time

from runstream_worker import Fail, Worker

logging.basicConfig(level=logging.INFO)
worker = Worker(os.environ.get("RUNSTREAM_URL", "http://127.0.0.1:3000"), key=os.environ.get("RUNSTREAM_KEY"))


@worker.executor("count", on_crash="restart", lease_seconds=5, concurrency=10)
def count(run):
    to = run.input.get("to", 10)
    # What an earlier attempt has said, before its process was killed.
    said = [event["data"]["line"] for event in run.history(type="log.stdout")]
    for number in range(len(said) + 1, to + 1):
        time.sleep(0.2)
        yield "log.stdout", {"line": str(number)}
    return {"counted": to}


@worker.handler("receipts", types=["lifecycle.completed"], lease_seconds=5, ordering="run")
def write_receipt(event, context):
    result = event["data"].get("result")
    if not isinstance(result, dict) or "counted" not in result:
        return
    if result["counted"] < 0:
        raise Fail("Nobody counts backwards.")
    # Once for each run that was counted, also when this process is killed here.
    context.start_run(f"receipt for {result['counted']}", labels={"of": event["run_id"]})


worker.run()
