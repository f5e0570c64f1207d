"""The same work of RQ: `rq_jobs.py <Redis> <queue>` enqueues as many as each line of stdin says, and says when all are done.

`rq_jobs.py <Redis> <queue> worker` is a worker that executes them in its own process; `forking` as RQ has it by default.
"""

import sys
import time

from redis import Redis
from rq import Queue, SimpleWorker, Worker

url, name, *kind = sys.argv[1:]
redis = Redis.from_url(url)
queue = Queue(name, connection=redis)


def work():
    return {"ok": True}


if __name__ == "__main__":
    if kind:
        (Worker if kind == ["forking"] else SimpleWorker)([queue], connection=redis).work()
    else:
        print("ready", flush=True)
        count = int(sys.stdin.readline())
        began = time.monotonic()
        queue.enqueue_many([Queue.prepare_data("rq_jobs.work") for _ in range(count)])
        while queue.finished_job_registry.count < count:
            time.sleep(0.02)
        print("seconds", time.monotonic() - began, flush=True)
