"""A few of the cases of ``tests/benchmarks/check_bad_files.py``, in this process."""

import shutil
from collections import Counter

import pytest
from bad_files import FAULTS, judge, make_case, write_good

CASES = 100  # about 3 s of CPU time


@pytest.fixture(scope="module")
def goods(tmp_path_factory):
    return write_good(tmp_path_factory.mktemp("good") / "files")


def test_whole_files_are_read_and_measured(goods):
    for good in goods:
        assert judge(good, good.folder, good.name, measured=True).kind == "read", good.name


def test_damaged_files_are_refused_or_galaxies(goods, tmp_path):
    counts, faults = Counter(), []
    for case in range(CASES):
        good, at, what = make_case(goods, case, 0, tmp_path)
        outcome = judge(good, at, what, measured=False)
        shutil.rmtree(at)
        counts[outcome.kind] += 1
        if outcome.kind in FAULTS:
            faults.append((case, outcome))
    assert not faults
    assert min(counts["read"], counts["refused"]) > CASES / 4
