"""The queue: bounds, deadlines, calling off, forgetting."""

import asyncio
import threading
import time

import pytest

from cleanplate.errors import BusyError, InputError
from cleanplate.server.jobs.job import Product
from cleanplate.server.jobs.store import LocalStore
from cleanplate.server.jobs.workshop import PICTURES, Lane, Workshop

PRODUCT = Product(b"made", "image/png", "made.png", {"status": "erased"})


@pytest.fixture
def build():
    shops = []

    def start(**settings):
        shop = Workshop(LocalStore(), {PICTURES: Lane(**{"workers": 1, "waiting": 1, "seconds": 30.0, **settings})})
        shops.append(shop)
        return shop

    yield start
    for shop in shops:
        shop.close()
        shop.store.close()


def ended(shop, job):
    return asyncio.run(shop.ended(job.id))


def test_work_is_done_and_its_product_kept(build):
    shop = build()
    job = ended(shop, shop.submit("erase", lambda ticket: PRODUCT))
    assert (job.state, job.media_type, job.name, job.report) == ("done", "image/png", "made.png", PRODUCT.report)
    assert shop.store.read(job.id, 0, 99) == b"made"
    assert shop.load == 0


def test_a_full_queue_refuses(build):
    shop, gate = build(), threading.Event()
    jobs = [shop.submit("erase", lambda ticket: gate.wait() and PRODUCT) for _ in range(2)]
    with pytest.raises(BusyError):
        shop.submit("erase", lambda ticket: PRODUCT)
    gate.set()
    assert [ended(shop, job).state for job in jobs] == ["done", "done"]
    assert ended(shop, shop.submit("erase", lambda ticket: PRODUCT)).state == "done"


def test_waiting_work_is_called_off_at_once_and_running_work_at_its_next_report(build):
    shop, gate = build(), threading.Event()

    def work(ticket):
        gate.wait()
        ticket.progress(1, 2)
        return PRODUCT

    running, waiting = shop.submit("erase", work), shop.submit("erase", work)
    while shop.store.get(running.id).state == "queued":
        time.sleep(0.01)
    assert shop.call_off(waiting.id).state == "cancelled"
    assert shop.call_off(running.id).state == "running"
    gate.set()
    assert ended(shop, running).state == "cancelled"
    assert shop.call_off(running.id).state == "cancelled"
    assert shop.call_off("unknown") is None


def test_work_over_its_deadline_fails(build):
    shop = build(seconds=0.02)

    def work(ticket):
        time.sleep(0.05)
        return PRODUCT

    job = ended(shop, shop.submit("erase", work))
    assert (job.state, job.status) == ("failed", 504)


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (InputError("is broken", subject="a.jpg"), 400, "a.jpg: is broken"),
        (ZeroDivisionError("oops"), 500, "unexpected ZeroDivisionError"),
        (MemoryError(), 500, "out of memory"),
    ],
)
def test_failing_work_leaves_the_shop_working(build, error, status, says):
    shop = build()

    def work(ticket):
        raise error

    job = ended(shop, shop.submit("erase", work))
    assert (job.state, job.status) == ("failed", status)
    assert says in job.error["message"]
    assert ended(shop, shop.submit("erase", lambda ticket: PRODUCT)).state == "done"


def test_old_results_are_forgotten(build):
    shop = build()
    job = ended(shop, shop.submit("erase", lambda ticket: PRODUCT))
    assert shop.store.forget_ended(job.ended - 1) == 0
    assert shop.store.forget_ended(job.ended + 1) == 1
    assert shop.store.get(job.id) is None
    assert shop.store.size(job.id) is None


def test_progress_is_seen(build):
    shop, gate, seen = build(), threading.Event(), threading.Event()

    def work(ticket):
        ticket.progress(3, 7)
        seen.set()
        gate.wait()
        return PRODUCT

    job = shop.submit("erase", work)
    assert seen.wait(10)
    now = shop.store.get(job.id)
    assert (now.state, now.done, now.total) == ("running", 3, 7)
    gate.set()
    assert ended(shop, job).done == 3
