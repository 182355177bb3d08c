"""A few of the cases of ``tests/benchmarks/check_bad_folders.py``, in this process."""

import random
import shutil

import pytest
from bad_folders import FAULTS, Judge, list_cases, make_case, write_home

from galmass_core.training.runs import shipped_runs

CASES = 20


@pytest.fixture
def whole(tmp_path, monkeypatch):
    """A home without networks, at the path that its runs know, and a copy of it."""
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path / "home"))
    write_home(tmp_path / "home", networks=False)
    yield shutil.copytree(tmp_path / "home", tmp_path / "whole")
    shipped_runs.cache_clear()


def test_altered_folders_are_refused_in_one_sentence_or_used(whole):
    home = whole.with_name("home")
    judge, outcomes = Judge(home), []
    for case in random.Random(0).sample(list_cases(whole), CASES):
        shutil.rmtree(home)
        make_case(whole, case, home)
        outcomes.append(judge.judge(case))
    assert not [outcome for outcome in outcomes if outcome.kind in FAULTS]
    assert any(outcome.kind == "refused" for outcome in outcomes)
