"""A worker whose runs say one line and end: run_worker.py <address> <tenant> <executor> <name>"""

import logging
import sys

from runstream_worker import Worker

address, tenant, executor, name = sys.argv[1:]
logging.basicConfig(level=logging.INFO, stream=sys.stdout)
worker = Worker(address, tenant=tenant, name=name)


@worker.executor(executor, on_crash="restart", concurrency=1)
def work(run):
    yield "log.stdout", {"line": "The quick brown fox."}
    return {"ok": True}


worker.run()
