"""A few of the cases of ``tests/benchmarks/kills.py``: each disturbs a command at one moment."""

import pytest
from forks import FORKS
from kills import COMMANDS, Case, Expected, judge, make_case, workplace

QUICK = ("catalogue", "combine", "fetch", "join", "train formula")
CASES = range(6)


def work(folder, results):
    """Judge the cases, and one of a command that is not repeatable; a process without threads."""
    try:
        with workplace(folder) as place:
            commands = [each for each in COMMANDS if each.name in QUICK]
            expected = {each.name: Expected(place, each) for each in commands}
            cases = [make_case(number, 0, expected) for number in CASES]
            judged = {str(case): judge(place, case, expected[case.command.name]) for case in cases}
            results.send(judged)
            results.send(judge_broken(place, expected["join"]))
    except PermissionError as error:
        results.send(str(error))


def judge_broken(place, expected):
    """Judge a join that is killed at its end, where a second join of a table is refused."""
    from galmass_core.datasets import join

    join.has_columns = lambda *_: False
    case = Case(expected.command, "kill", expected.events, 0.0, 0.0)
    return judge(place, case, expected)


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    ours, theirs = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=work, args=(tmp_path_factory.mktemp("kills"), theirs))
    process.start()
    theirs.close()
    found = ours.recv()
    if isinstance(found, str):
        pytest.skip(f"no disk of its own for the cases: {found}")
    yield found, ours.recv()
    process.join()


def test_disturbed_commands_lose_nothing_and_can_be_repeated(judged):
    cases, _ = judged
    assert len(cases) == len(CASES)
    assert {case: notes for case, notes in cases.items() if notes} == {}


def test_a_command_that_cannot_be_repeated_is_found(judged):
    assert "cannot be repeated" in judged[1][0]
