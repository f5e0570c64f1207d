"""Every call, against a real service, and the program of the README."""

from __future__ import annotations

import contextlib
import io
import pathlib
import re
import ssl
import threading
import unittest
import uuid
from collections.abc import Callable
from typing import Any

from runstream import RunstreamClient, RunstreamClientError

from .support import address, client_of, eventually, followed, line


class Calls(unittest.TestCase):
    client: RunstreamClient

    @classmethod
    def setUpClass(cls) -> None:
        # Jest looks at which routes were asked here: it is to be all of them.
        cls.client = client_of("WATCHED_URL", headers={"Authorization": f"Bearer {address('KEY')}"})

    def code_of(self, call: Callable[..., object], *args: object, **options: object) -> str:
        with self.assertRaises(RunstreamClientError) as refused:
            call(*args, **options)
        return refused.exception.code

    def test_start_find_read_wait_for_cancel_and_delete_runs(self) -> None:
        runs, key = self.client.runs, f"k {uuid.uuid4()}"
        run = runs.create(task="a", key=key, labels={"team": "shop"}, idempotency_key=key)
        again = runs.create(task="a", key=key, labels={"team": "shop"}, idempotency_key=key)
        self.assertEqual(again["id"], run["id"])
        self.assertEqual([one["id"] for one in runs.list(key=key)["runs"]], [run["id"]])
        ids = runs.append(run["id"], [line(), line(), line()], expected_sequence=1)["ids"]
        refused = self.code_of(runs.append, run["id"], line(), expected_sequence=1)
        self.assertEqual(refused, "SEQUENCE_CONFLICT")
        self.assertEqual(runs.events(run["id"], start_id=ids[1], limit=1)["events"][0]["id"], ids[1])
        self.assertIn("ticket=", runs.create_stream_ticket(run["id"])["url"])
        self.assertEqual(runs.get(run["id"], wait_seconds=1)["status"], "running")
        self.assertEqual(runs.cancel(run["id"], "enough")["status"], "cancelled")
        self.assertEqual(runs.get(run["id"], wait_seconds=60)["status"], "cancelled")
        self.assertGreater(runs.counts()["cancelled"], 0)
        names = [executor["name"] for executor in self.client.executors.list()["executors"]]
        self.assertEqual(names, ["command", "replay"])
        runs.delete(run["id"])
        self.assertEqual(self.code_of(runs.get, run["id"]), "RUN_NOT_FOUND")

    def test_read_a_history_in_both_directions_page_after_page(self) -> None:
        runs = self.client.runs
        run_id = runs.create(task="a")["id"]
        ids = runs.append(run_id, (line() for _ in range(9)))["ids"]
        for limit in (1, 3, 1000):
            up = runs.history(run_id, limit=limit, start_id=ids[2])
            self.assertEqual([event["sequence"] for event in up], [*range(4, 11)])
            down = runs.history(run_id, limit=limit, order="desc")
            self.assertEqual([event["sequence"] for event in down], [*range(10, 0, -1)])
        journal = self.client.events.list(run_id=run_id, order="desc")["events"]
        self.assertEqual([event["sequence"] for event in journal], [*range(10, 0, -1)])
        self.assertIn("ticket=", self.client.events.create_stream_ticket("log.*")["url"])

    def test_serve_executors(self) -> None:
        runs, executors, name = self.client.runs, self.client.executors, f"w-{uuid.uuid4()}"
        self.assertEqual(executors.put(name, on_crash="restart")["on_crash"], "restart")
        run_id = runs.create(task="a", executor=name)["id"]
        claims = [executors.claim(name, "me", "first", 5) for _ in range(2)]
        self.assertEqual(claims[0], claims[1])
        token = claims[0]["claims"][0]["lease_token"] if claims[0] else ""
        self.assertEqual(runs.renew_lease(run_id, token, 0)["status"], "running")
        runs.append(run_id, line(), lease_token=token)
        self.assertEqual(self.code_of(runs.append, run_id, line(), lease_token="1.x"), "LEASE_LOST")
        runs.release(run_id, token)
        again = executors.claim(name, "me", "second")
        self.assertEqual([claim["run"]["attempt"] for claim in again["claims"]] if again else [], [2])
        token = again["claims"][0]["lease_token"] if again else ""
        with self.client.append(run_id, lease_token=token) as writer:
            writer.write(line())
            writer.end("completed", {"result": 7})
        self.assertEqual(runs.get(run_id)["result"], 7)
        self.assertIsNone(executors.claim(name, "me", "third", wait_seconds=0))
        self.assertEqual(executors.get(name)["running"], 0)
        executors.delete(name)
        self.assertEqual(self.code_of(executors.get, name), "EXECUTOR_NOT_FOUND")

    def test_serve_groups(self) -> None:
        consumers, group = self.client.consumers, f"w-{uuid.uuid4()}"
        self.assertEqual(consumers.put(group, types=["task.created"])["types"], ["task.created"])
        run_id = self.client.runs.create(task="a")["id"]
        self.client.runs.append(run_id, {"event": {"category": "task", "action": "created"}, "data": {"n": 1}})
        given = consumers.deliveries(group, "me", "first")
        self.assertEqual(consumers.deliveries(group, "me", "first"), given)
        delivery = given["deliveries"][0] if given else {}
        self.assertEqual((delivery["event"]["run_id"], delivery["attempt"]), (run_id, 1))
        lease = {"id": delivery["id"], "token": delivery["token"]}
        renewed = consumers.renew_leases(group, [lease, {**lease, "token": "1.x"}])["leases"]
        self.assertEqual([one["lease_expires_at"] is None for one in renewed], [False, True])
        settlement = {**lease, "outcome": "success", "start_runs": [{"task": "b"}]}
        settled = consumers.settle(group, [settlement])["settlements"]
        self.assertEqual(settled[0]["result"], "ok")
        self.assertEqual(self.client.runs.get(settled[0]["run_ids"][0])["task"], "b")
        self.assertEqual(consumers.settle(group, [settlement])["settlements"], settled)
        self.assertIsNone(consumers.deliveries(group, "me", "second", wait_seconds=0))
        # Somebody has asked for its events within a minute.
        self.assertEqual(self.code_of(consumers.delete, group), "GROUP_IN_USE")

    def test_show_and_steer_groups_and_dead_letters(self) -> None:
        group, consumers, letters = "no such/group", self.client.consumers, self.client.dead_letters
        self.assertIsInstance(consumers.list()["groups"], list)
        self.assertIsInstance(consumers.overview()["count"], int)
        self.assertEqual(self.code_of(consumers.pending, group, limit=1), "GROUP_NOT_FOUND")
        self.assertEqual(self.code_of(consumers.replay, group, "0-1"), "GROUP_NOT_FOUND")
        for steer in (consumers.get, consumers.pause, consumers.resume, consumers.delete):
            self.assertEqual(self.code_of(steer, group), "GROUP_NOT_FOUND")
        self.assertIsInstance(letters.list(limit=1)["dead_letters"], list)
        for call in (letters.redrive, letters.delete):
            self.assertEqual(self.code_of(call, f"{group}.1-0"), "DEAD_LETTER_NOT_FOUND")
        self.assertEqual(self.code_of(letters.redrive_many, group, limit=1), "GROUP_NOT_FOUND")
        self.assertEqual(self.code_of(letters.delete_all, group), "GROUP_NOT_FOUND")

    def test_make_list_and_revoke_keys_and_say_who_asks(self) -> None:
        made = self.client.keys.create("mine", ["runs:read"], ttl_seconds=60)
        self.assertIn(made["id"], [key["id"] for key in self.client.keys.list()["keys"]])
        mine = client_of("WATCHED_URL", headers={"Authorization": f"Bearer {made['key']}"})
        self.assertEqual(mine.session()["scopes"], ["runs:read"])
        self.assertEqual(self.code_of(mine.runs.create, "a"), "FORBIDDEN")
        self.client.keys.revoke(made["id"])
        self.assertEqual(self.code_of(mine.runs.list), "UNAUTHORIZED")

    def test_read_and_set_limits_of_tenants(self) -> None:
        tenant = self.client.session()["tenant_id"]
        own = self.client.tenants.set_limits(tenant, active_runs=1_000_000)["own"]
        self.assertEqual((own["active_runs"], own["stored_bytes"]), (1_000_000, None))
        self.assertEqual(self.client.tenants.limits(tenant)["own"], own)
        self.client.tenants.set_limits(tenant)

    def test_write_and_follow(self) -> None:
        run_id = self.client.runs.create(task="a")["id"]
        with self.client.append(run_id) as writer:
            writer.end("completed")
        for following in (self.client.follow(run_id), self.client.follow_all()):
            self.assertTrue(followed(following, until=lambda result: len(result.events) > 0).events)


class Elsewhere(unittest.TestCase):
    def test_behind_https_and_a_prefix_as_anywhere(self) -> None:
        context = ssl.create_default_context(cafile=address("CERTIFICATE"))
        client = client_of("HTTPS_URL", ssl_context=context)
        run_id = client.runs.create(task="a")["id"]
        with client.append(run_id) as writer:
            writer.write(line("é"))
            writer.end("completed")
        self.assertEqual(followed(client.follow(run_id)).sequences, [1, 2, 3])
        with self.assertRaises(RunstreamClientError) as refused:
            client_of("HTTPS_URL").runs.get(run_id)
        self.assertIsInstance(refused.exception.__cause__, ssl.SSLCertVerificationError)

    def test_the_readme_says_what_works(self) -> None:
        blocks = self.blocks_of_the_readme()
        code = "\n".join(block for block in blocks if "runstream_worker" not in block)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, {})
        self.assertIn("{'content': 'hello'} ", printed.getvalue())
        self.assertTrue(printed.getvalue().endswith("completed\n"))

    def test_the_readme_says_what_works_of_workers(self) -> None:
        (code,) = (block for block in self.blocks_of_the_readme() if "runstream_worker" in block)
        made: dict[str, Any] = {}
        exec(code.replace("worker.run()", ""), made)
        working = threading.Thread(target=made["worker"].run)
        working.start()
        try:
            runs = client_of("URL").runs

            def is_known() -> bool:
                with contextlib.suppress(RunstreamClientError):
                    made["id"] = runs.create(task="a tale", executor="summarise")["id"]
                return "id" in made

            eventually("the executor is known", is_known)
            self.assertEqual(runs.get(made["id"], wait_seconds=60)["result"], {"summary": "A fairy tale."})
            mail = f"mail the invoice of {made['id']}"
            eventually("it is billed", lambda: len(runs.list(task=mail)["runs"]) == 1)
        finally:
            made["worker"].stop()
            working.join()

    def blocks_of_the_readme(self) -> list[str]:
        readme = pathlib.Path(__file__).parents[1].joinpath("README.md").read_text(encoding="utf8")
        readme = readme.replace("http://127.0.0.1:3000", address("URL"))
        return re.findall(r"^```python\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
