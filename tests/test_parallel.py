import os
import signal
import time

import pytest
from numba import njit

from galmass_core.parallel import map_in_order


def square(number):
    return number**2


def threads(_):
    return os.environ["OMP_NUM_THREADS"], os.environ["NUMBA_NUM_THREADS"]


def take(seconds):
    time.sleep(seconds)


def die(_):
    os.kill(os.getpid(), signal.SIGKILL)


@njit
def _circle(number):  # compiled, and never back in Python
    while number > 0:
        number = (number * 5 + 1) % 7 + 1
    return number


def circle_if_odd(number):
    return _circle(number) if number % 2 else number


def sleep_if_odd(number):
    time.sleep(300 if number % 2 else 0)
    return number


def overdue(number):
    return -number


@pytest.mark.parametrize(("task", "workers"), [(sleep_if_odd, 1), (circle_if_odd, 2)])
def test_items_that_take_too_long_get_another_result(task, workers):
    limit = 2.0 if workers == 1 else 4.0
    results = map_in_order(task, [0, 2, 3, 4, 6], workers, seconds=limit, overdue=overdue)
    assert list(results) == [0, 2, -3, 4, 6]


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_items(workers):
    assert list(map_in_order(square, range(30), workers)) == [n**2 for n in range(30)]


def test_items_are_taken_only_as_they_are_needed():
    taken = []
    items = (taken.append(number) or number for number in range(1000))
    results = map_in_order(square, items, 2)
    next(results)
    results.close()
    assert len(taken) < 20


def test_workers_end_though_they_are_busy():
    results, start = map_in_order(take, [0, 300, 300], 2), time.monotonic()
    next(results)
    results.close()
    assert time.monotonic() - start < 250


def test_workers_have_one_thread_each(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert set(map_in_order(threads, range(3), 2)) == {("1", "1")}
    assert os.environ["OMP_NUM_THREADS"] == "7"


def test_killed_worker_is_an_error_in_words():
    with pytest.raises(ChildProcessError, match="one of 2 workers was killed"):
        list(map_in_order(die, range(3), 2))


def test_no_worker_is_not_allowed():
    with pytest.raises(ValueError, match="workers must be at least 1, got 0"):
        list(map_in_order(square, range(3), 0))
