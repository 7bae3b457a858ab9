"""What a server remembers stays within bounds."""

from dataclasses import replace

import pytest

from cleanplate.server.jobs.job import Job
from cleanplate.server.jobs.store import LocalStore


@pytest.fixture
def small():
    store = LocalStore(most_jobs=4, most_products=2, most_bytes=10)
    yield store
    store.close()


def ended(store, data=None):
    job = replace(Job("erase"), state="done", ended=1.0)
    store.put(job)
    if data is not None:
        store.keep(job.id, data)
    return job.id


def test_a_product_is_read_in_parts(small, tmp_path):
    name = ended(small, b"0123456789")
    assert (small.size(name), small.read(name, 3, 4), small.read(name, 8, 99)) == (10, b"3456", b"89")
    file = tmp_path / "clip"
    file.write_bytes(b"frames")
    small.keep(name, file)
    assert small.read(name, 0, 99) == b"frames"
    assert file.exists()
    small.drop(name)
    assert small.size(name) is None
    assert small.get(name) is not None


def test_the_oldest_products_are_let_go(small):
    names = [ended(small, b"123") for _ in range(3)]
    assert [small.size(name) for name in names] == [None, 3, 3]
    large = ended(small, b"x" * 9)
    assert [small.size(name) for name in (*names, large)] == [None, None, None, 9]


def test_one_product_over_the_bound_is_kept(small):
    name = ended(small, b"x" * 99)
    assert small.size(name) == 99


def test_the_oldest_ended_jobs_are_forgotten_and_open_ones_never(small):
    first = Job("erase")
    small.put(first)
    names = [ended(small) for _ in range(6)]
    assert small.get(first.id) is not None
    assert [small.get(name) is not None for name in names] == [False, False, False, True, True, True]


def test_products_of_forgotten_jobs_are_not_kept(small):
    small.keep("0" * 32, b"late")
    assert small.size("0" * 32) is None
