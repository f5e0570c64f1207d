"""What test/workers runs as processes, in Python: worker.py <address> <name> executors|handlers <lease>"""

import asyncio
import sys
import time

from runstream_worker import Fail, Retry, Worker

url, name, what, lease = sys.argv[1:]
lease_seconds = int(lease)
worker = Worker(url, name=name, retry_ms=50, grace_seconds=2)


def say(*words):
    # In one piece: threads speak at the same time.
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def said(run):
    return sum(1 for _ in run.history(type="log.stdout"))


def steps(run):
    say("begins", run.id, run.attempt)
    try:
        for number in range(said(run), run.input["steps"]):
            time.sleep(run.input.get("ms", 0) / 1000)
            yield "log.stdout", {"line": str(number)}
        return {"steps": run.input["steps"]}
    finally:
        say("leaves", run.id, run.why)


if what == "executors":
    worker.executor("steps", on_crash="restart", lease_seconds=lease_seconds, concurrency=4)(steps)
    worker.executor("once", lease_seconds=lease_seconds)(steps)

    @worker.executor("async-steps", on_crash="restart", lease_seconds=lease_seconds, concurrency=50)
    async def async_steps(run):
        say("begins", run.id, run.attempt)
        try:
            for number in range(said(run), run.input["steps"]):
                await asyncio.sleep(run.input.get("ms", 0) / 1000)
                yield "log.stdout", {"line": str(number)}
            run.result = {"steps": run.input["steps"]}
        finally:
            say("leaves", run.id, run.why)

    @worker.executor("deaf", on_crash="restart", lease_seconds=lease_seconds)
    def deaf(run):
        say("begins", run.id, run.attempt)
        if run.attempt == 1:
            time.sleep(60)
        return "heard"

    @worker.executor("bad", concurrency=4)
    def bad(run):
        how = run.input["how"]
        yield "log.stdout", {"line": "first"}
        if how == "raises":
            raise ValueError("It can't be done.")
        if how == "refused":
            yield "no.such_type", {}
            run.flush()
        if how == "no event":
            yield 7
        if how == "no JSON":
            return {1, 2}


if what == "handlers":

    @worker.handler("effects", types=["task.created"], start="start", lease_seconds=lease_seconds, ordering="run", concurrency=4)
    def effects(event, context):
        data = event["data"]
        say("handles", data.get("n"), context.attempt)
        if data.get("how") == "retry" and context.attempt == 1:
            context.publish(event["run_id"], "task.failed", {"n": -1})
            raise Retry(after_ms=10)
        if data.get("how") == "fail":
            raise Fail("Nobody can do that.")
        if data.get("how") == "bad effect":
            context.publish(event["run_id"], "no.such_type", {})
            return
        time.sleep(data.get("ms", 0) / 1000)
        context.publish(event["run_id"], "task.completed", {"n": data["n"]})
        if data.get("how") == "start":
            context.start_run("started by an effect", labels={"by": event["run_id"]})


say("works")
worker.run()
say("has ended")
