"""``galmass bench``: what it measures, and how it says so."""

import json
import time

import pytest

from galmass_core.benchmarks import dataset, scale, tables, timing, train, trees
from galmass_core.benchmarks.galaxies import median_galaxy
from galmass_core.benchmarks.peers import installed
from galmass_core.benchmarks.timing import OURS, Figure, compare, with_growth
from galmass_core.cli import main
from galmass_core.learning.experiments import FEATURES, usable_rows
from galmass_core.paper.published import published_table
from galmass_core.sources import read_galaxy


@pytest.fixture(autouse=True)
def short_rounds(monkeypatch):
    monkeypatch.setattr(timing, "_TURNS", 1)
    monkeypatch.setattr(timing, "_ROUNDS", 2)


class Clock:
    """A clock that only work moves on."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def work(self, seconds):
        """Return a call that takes so long."""

        def run():
            self.now += seconds

        return run


def bench(capsys, *words):
    assert main(["bench", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_call_that_takes_twice_as_long_has_ratio_one_half():
    clock = Clock()
    ours, peer = compare("work", 1, {OURS: clock.work(0.01), "peer": clock.work(0.02)}, clock)
    assert ours.cpu_ms == pytest.approx(10)
    assert ours.ratio is None
    assert peer.ratio == pytest.approx(0.5)


def test_the_first_call_of_each_is_not_counted():
    clock = Clock()
    calls = iter([clock.work(0.05), *[clock.work(0.001)] * 10])
    (figure,) = compare("work", 1, {OURS: lambda: next(calls)()}, clock)
    assert figure.cpu_ms == pytest.approx(1)


def test_cpu_time_is_measured_by_default():
    def work():
        begin = time.process_time()
        while time.process_time() - begin < 0.01:
            pass

    (figure,) = compare("work", 1, {OURS: work})
    assert figure.cpu_ms >= 10


def test_growth_is_the_exponent_between_sizes_of_one_task_and_program():
    figures = [
        Figure(task=task, size=size, program=OURS, cpu_ms=size**power)
        for size in (10, 100, 1000)
        for task, power in (("straight", 1), ("square", 2))
    ]
    grown = with_growth(figures)
    assert [figure.task for figure in grown] == ["straight"] * 3 + ["square"] * 3
    assert grown[0].growth is None
    assert [figure.growth for figure in grown[1:3]] == pytest.approx([1, 1])
    assert [figure.growth for figure in grown[4:]] == pytest.approx([2, 2])


def test_absent_peers_are_left_out():
    assert list(installed({"there": "json", "absent": "no_such_module"})) == ["there"]


def test_the_median_galaxy_has_as_many_stars_as_asked_for():
    assert len(median_galaxy(500).stars) == 500
    assert median_galaxy(500).stars.masses.sum() == pytest.approx(1.4e10, rel=1e-2)


def test_images_are_timed_and_their_error_is_measured(capsys):
    content = bench(capsys, "render", "--sizes", "300")
    figures = content["parts"][0]["figures"]
    assert [figure["program"] for figure in figures] == [OURS] * 3
    assert all(0 < figure["error"] < 1e-3 and figure["cpu_ms"] > 0 for figure in figures)
    assert content["machine"]["processor"]


def test_peers_find_the_same_neighbours_or_are_named_as_absent(capsys):
    (part,) = bench(capsys, "neighbours", "--sizes", "1e3,400", "--peers")["parts"]
    peers = [figure for figure in part["figures"] if figure["program"] != OURS]
    assert {figure["size"] for figure in peers} == {400, 1000}
    assert all(figure["error"] < 1e-5 for figure in peers)
    assert all(figure["ratio"] > 0 for figure in peers)
    assert len({figure["program"] for figure in peers}) + len(part["absent"]) == 3


def test_centre_is_timed_beside_a_shrinking_sphere_and_their_errors_are_measured(capsys):
    (part,) = bench(capsys, "centre", "--sizes", "2000", "--peers")["parts"]
    ours, sphere = part["figures"]
    assert ours["error"] < 0.05
    assert sphere["program"] == "shrinking sphere"
    assert 0 < sphere["error"] < 0.2
    assert sphere["ratio"] > 0


@pytest.mark.parametrize(
    ("part", "task"),
    [("features", "lambda_R, 3 lines of sight"), ("build", "beyond reading"), ("tables", "split")],
)
def test_every_part_is_measured(capsys, part, task):
    (measured,) = bench(capsys, part, "--sizes", "600")["parts"]
    assert task in [figure["task"] for figure in measured["figures"]]


def test_bytes_handed_on_and_bytes_stored_are_kept_apart(capsys):
    (part,) = bench(capsys, "reading", "--sizes", "3", "--peers")["parts"]
    light, motion = 2 * 300**2, 4 * 96**2  # pixels of a sample
    stored = {"raw maps of shards": 2 * light + 32 + 4 * motion, "r and g-r of stacks": 2 * light}
    handed_on = {"raw maps of shards": 4 * (light + motion), "r and g-r of stacks": 4 * light}
    for figure in part["figures"]:
        sizes = handed_on if figure["program"] == OURS else stored
        per_ms = 3e-3 / figure["cpu_ms"]  # three samples, MB/s
        assert figure["mb_per_s"] == pytest.approx(per_ms * sizes[figure["task"]])
        assert figure["stored_mb_per_s"] == pytest.approx(per_ms * stored[figure["task"]])


def test_an_epoch_of_training_is_timed_beside_a_plain_loop(capsys):
    (part,) = bench(capsys, "train", "--sizes", "8", "--peers")["parts"]
    ours, plain = part["figures"][::2], part["figures"][1::2]
    assert [figure["task"] for figure in ours] == [figure["task"] for figure in plain]
    assert {figure["program"] for figure in plain} == {"PyTorch loop"}
    assert all(0.2 < figure["ratio"] < 5 for figure in plain)
    assert ours[-1]["cpu_ms"] > 3 * ours[0]["cpu_ms"]  # 300² after 60²


def test_one_network_for_all_sets_of_maps_takes_less_than_a_network_for_each(capsys):
    (part,) = bench(capsys, "subsets", "--sizes", "2", "--peers")["parts"]
    ours, each = part["figures"]
    assert ours["task"] == each["task"] == "epoch for 15 sets of maps"
    assert each["program"] == "a network for each set"
    assert 0 < each["ratio"] < 0.5


def test_training_from_disk_is_timed_beside_training_in_memory(capsys):
    (part,) = bench(capsys, "memory", "--sizes", "20", "--peers")["parts"]
    shown = [(figure["task"], figure["program"]) for figure in part["figures"]]
    tasks = ("epoch of r, 60²", "batches of r, 300²")
    assert shown == [(task, program) for task in tasks for program in (OURS, "all in memory")]
    assert part["figures"][2]["mb_per_s"] == pytest.approx(
        20 * 2 * 300**2 / 1e3 / part["figures"][2]["cpu_ms"]
    )


def test_a_network_too_dear_for_many_samples_is_trained_on_few(capsys, monkeypatch):
    monkeypatch.setattr(train, "_CASES", {"dear": (("V",), 60, 5), "cheap": (("V",), 60, 50)})
    (part,) = bench(capsys, "train", "--sizes", "4,8")["parts"]
    found = [(figure["task"].split(",")[0], figure["size"]) for figure in part["figures"]]
    assert found == [("epoch of dear", 4), ("epoch of cheap", 4), ("epoch of cheap", 8)]


def test_a_file_under_many_names_is_many_galaxies(tmp_path):
    dataset.write_links(tmp_path / "cutouts", 3)
    names = [read_galaxy(path).name.subhalo for path in sorted((tmp_path / "cutouts").iterdir())]
    assert names == ["0", "1", "2"]


def test_the_memory_of_a_build_is_measured(capsys):
    (part,) = bench(capsys, "dataset", "--sizes", "1")["parts"]
    assert part["figures"][0]["memory_mb"] > 50


def test_a_stage_has_cpu_time_memory_and_disk_of_its_processes(tmp_path):
    work = f"open({str(tmp_path / 'x')!r}, 'wb').write(bytes(10**6)); import time; time.sleep(0.5)"
    figure = scale.run_stage("work", 1, tmp_path, "-c", work)
    assert figure.disk_mb == 1.0
    assert figure.memory_mb > 5
    assert figure.wait_ms > 500 > figure.cpu_ms > 0


def test_a_stage_that_fails_shows_its_output():
    with pytest.raises(ChildProcessError, match=r"work must succeed(.|\n)*ZeroDivisionError"):
        scale.run_stage("work", 1, None, "-c", "1 / 0")


def test_text_is_a_table_in_markdown(capsys):
    assert main(["bench", "tables", "--sizes", "30,300"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "| what | size | program | CPU ms | µs each | growth |" in lines
    assert any(line.startswith("| split | 300 | galmass |") for line in lines)
    assert lines[-1].startswith("processor ")


@pytest.fixture
def part_that_times_out(monkeypatch):
    """The part ``tables`` yields a figure and then times out, beyond size 10."""

    def measure(size, *, peers):
        yield Figure(task="a first page", size=size, program=OURS, cpu_ms=size)
        if size > 10:
            msg = "60000 ms exceeded"
            raise TimeoutError(msg)
        yield Figure(task="a second page", size=size, program=OURS, cpu_ms=1.0)

    monkeypatch.setattr(tables, "measure", measure)


def test_figures_before_a_failure_are_printed_with_its_reason(capsys, part_that_times_out):
    assert main(["bench", "tables", "features", "--sizes", "10,600"]) == 2
    out, err = capsys.readouterr()
    failure = "size 600 failed after 'a first page': TimeoutError: 60000 ms exceeded"
    assert "| a first page | 600 | galmass |" in out
    assert "| a second page | 10 | galmass |" in out
    assert failure in out
    assert "lambda_R, 3 lines of sight" in out  # the next part is measured all the same
    assert f"tables: {failure}" in err


def test_figures_before_a_failure_are_in_the_json(capsys, part_that_times_out):
    assert main(["bench", "tables", "--sizes", "600", "--json"]) == 2
    (part,) = json.loads(capsys.readouterr().out)["parts"]
    assert [figure["task"] for figure in part["figures"]] == ["a first page"]
    assert part["failed"].endswith("TimeoutError: 60000 ms exceeded")


def test_figures_before_ctrl_c_are_printed(capsys, monkeypatch):
    def measure(size, *, peers):
        yield Figure(task="a first page", size=size, program=OURS, cpu_ms=1.0)
        raise KeyboardInterrupt

    monkeypatch.setattr(tables, "measure", measure)
    assert main(["bench", "tables", "--sizes", "10"]) == 130
    lines = capsys.readouterr().out.splitlines()
    assert "| a first page | 10 | galmass | 1 | 100 |" in lines
    assert lines[-1].startswith("processor ")


def test_a_part_without_any_figure_says_why(capsys, monkeypatch):
    def measure(size, *, peers):
        msg = "no Chromium"
        raise OSError(msg)
        yield

    monkeypatch.setattr(tables, "measure", measure)
    assert main(["bench", "tables", "--sizes", "10"]) == 2
    assert "size 10 failed at the start: OSError: no Chromium" in capsys.readouterr().out


def test_a_part_that_there_is_not_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["bench", "everything"])
    assert "invalid choice: 'everything'" in capsys.readouterr().err


def test_table_5_is_timed_with_all_its_samples():
    samples = trees.random_samples(300)
    usable, left_out = usable_rows(samples, FEATURES, published_table(5)["target"].unique())
    assert usable.all(), left_out
