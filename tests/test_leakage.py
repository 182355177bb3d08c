"""What the paper's split lowers a scatter by, of predictions whose leakage is known."""

import numpy as np
import pandas as pd
import pytest
from sample_tables import make_dataset, make_samples

from galmass_core.benchmarks.invented import make_run
from galmass_core.learning.uncertainty import NO_NOISE
from galmass_core.paper.table_four import table_4
from galmass_core.paper.table_four_text import format_table_4
from galmass_core.training.leakage import (
    leakage_notes,
    leakage_of_runs,
    leakage_text,
    measure_leakage,
)
from galmass_core.training.model_runs import train_run


def predictions(generator, names, sigma):
    """Return predictions of some galaxies along three lines of sight, of such a scatter."""
    rows = 3 * len(names)
    return pd.DataFrame(
        {
            "name": np.repeat(names, 3),
            "los": np.tile(list("xyz"), len(names)),
            "y_true": 10.0,
            "y_pred": 10 + sigma * generator.standard_normal(rows),
        }
    )


@pytest.fixture
def sides():
    """Test sets that share a half; the paper's split scatters by 0.02 dex less."""
    generator, names = np.random.default_rng(4), np.arange(600).astype(str)
    first = predictions(generator, names[:400], 0.06)
    second = predictions(generator, names[200:], 0.04)
    return [first], [second]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    data = make_dataset(home / "toys", make_samples(60))
    paths = {kind: home / kind for kind in ("galaxy", "paper")}
    return [
        train_run(data, "mstar/power-law", split=kind, path=path) for kind, path in paths.items()
    ]


def test_leakage_is_what_the_papers_split_scatters_less(sides):
    found = measure_leakage(*sides, noise=NO_NOISE)
    assert abs(found["value"] + 0.02) < 3 * (found["high"] - found["value"])
    assert found["low95"] < found["value"] < found["high95"] < 0
    assert found["n_galaxies"] == 200
    assert not found["one_sample_each"]


def test_single_trainings_of_networks_lack_the_noise_of_training(sides):
    found = measure_leakage(*sides)
    assert not found["has_training_noise"]
    assert "training noise not included" in leakage_notes([found])[0]
    assert leakage_notes([measure_leakage(*sides, noise=NO_NOISE)]) == []


def test_intervals_of_no_leakage_have_zero_in_them():
    generator, names, covered = np.random.default_rng(5), np.arange(200).astype(str), 0
    for _ in range(40):
        tables = [predictions(generator, part, 0.05) for part in (names[:120], names[80:])]
        found = measure_leakage(tables[:1], tables[1:], noise=NO_NOISE)
        covered += found["low95"] <= 0 <= found["high95"]
    assert covered >= 36


def test_text_has_the_difference_with_its_error():
    found = {"value": -0.03, "low": -0.041, "high": -0.021}
    assert leakage_text(found) == "paper split − galaxy split: −0.030 ± 0.010 dex"


def test_formulas_and_trees_have_no_noise_of_training(runs):
    (row,) = leakage_of_runs(runs[:1], runs[1:])
    assert row["has_training_noise"]
    galaxy, paper = (run.record["metrics"]["log_mstar_1rhsm"]["std"]["value"] for run in runs)
    assert row["value"] == pytest.approx(paper - galaxy)


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """A data set, a network of each split for M* from r, and one of the paper's for M_tot."""
    data = make_dataset(tmp_path_factory.mktemp("home") / "data", make_samples(200))
    home = data.path.parent
    made = [
        make_run(home, data, "mstar/r", 0.05),
        make_run(home / "leaking", data, "mstar/r", 0.03, split="paper"),
        make_run(home, data, "mtot/r", 0.05),
    ]
    return data, made


def test_table_4_measures_leakage_where_both_splits_are_trained(networks):
    data, made = networks
    rows = {row["row"]: row for row in table_4(data, made, "both")}
    alone = {row["row"]: row for row in table_4(data, made)}
    assert rows[1]["std"] == alone[1]["std"]
    assert rows[1]["leakage"]["run"] == made[1].name
    assert rows[1]["leakage"]["high95"] < 0
    assert rows[11]["leakage"] is None
    assert "leakage" not in rows[2]


def test_table_4_says_in_words_what_leaks_and_what_would_show_it(networks):
    data, made = networks
    text = format_table_4(table_4(data, made, "both"))
    assert f"(run {made[1].name})" in text
    assert "leakage not measured: no run of mtot/r" in text
