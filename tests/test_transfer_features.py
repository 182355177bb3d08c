from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sample_tables import make_samples

from galmass_core.learning.experiments import experiment
from galmass_core.learning.splits import split_samples
from galmass_core.transfers.features import Coral, Sides, feature_cases
from galmass_core.transfers.scores import score_cases

DIMMER = 0.75  # mag: 0.3 dex in M*/L


def test_features_of_one_distribution_stay_as_they_are():
    values = np.random.default_rng(1).normal(3, 2, (500, 4))
    assert Coral.fit(values, values).apply(values) == pytest.approx(values)


def test_one_feature_gets_mean_and_spread_of_the_other():
    rng = np.random.default_rng(2)
    ours, theirs = rng.normal(0, 1, (400, 1)), rng.normal(5, 3, (300, 1))
    aligned = Coral.fit(ours, theirs).apply(ours)
    assert aligned.mean() == pytest.approx(theirs.mean())
    assert aligned.std() == pytest.approx(theirs.std())


def test_correlations_move_towards_the_other():
    rng = np.random.default_rng(3)
    ours = rng.normal(size=(5000, 2))
    theirs = rng.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], 5000)
    aligned = Coral.fit(ours, theirs).apply(ours)
    assert 0.35 < np.corrcoef(aligned, rowvar=False)[0, 1] < 0.8  # the identity halves it


def test_a_constant_feature_is_no_trouble():
    values = np.column_stack([np.arange(9.0), np.ones(9)])
    assert np.isfinite(Coral.fit(values, values + 1).apply(values)).all()


@pytest.fixture(scope="module")
def sides():
    """Two simulations of the same masses; stars of the second are dimmer."""
    ours, theirs = make_samples(150, seed=1), make_samples(150, seed=2)
    theirs["name"] = theirs["name"].str.replace("table", "dim")
    theirs["abs_mag_r"] += DIMMER
    sizes = {"train": 4, "validation": 2, "test": 4}
    return Sides(
        train=ours,
        test=theirs,
        train_parts=split_samples(ours, sizes=sizes),
        test_parts=split_samples(theirs, sizes=sizes),
    )


def scores(sides, wanted, adapt="none"):
    cases = feature_cases(wanted, sides, adapt, 0)
    tables = [table.assign(case=case, log_mstar=10.0) for case, table in cases]
    return {row["case"]: row for row in score_cases(pd.concat(tables))}


def test_dimmer_stars_bias_the_transfer_by_what_was_put_in(sides):
    rows = scores(sides, replace(experiment("mstar/ridge"), features=("abs_mag_r", "g_minus_r")))
    assert rows["source"]["bias"]["value"] == pytest.approx(0, abs=0.01)
    assert rows["transfer"]["bias"]["value"] == pytest.approx(-0.4 * DIMMER, abs=0.02)
    assert rows["transfer"]["coverage_90"]["value"] == 0


def test_coral_removes_most_of_that_bias(sides):
    wanted = replace(experiment("mstar/features"), features=("abs_mag_r", "g_minus_r"))
    rows = scores(sides, wanted, "coral")
    before, after, best = (rows[case] for case in ("transfer", "adapted", "ceiling"))
    assert abs(after["bias"]["value"]) < 0.3 * abs(before["bias"]["value"])
    assert after["n"] == before["n"] == best["n"]
    assert abs(best["bias"]["value"]) < 0.03
