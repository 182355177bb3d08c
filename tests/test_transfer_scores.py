import numpy as np
import pandas as pd
import pytest

from galmass_core.transfers.scores import measure, score_cases


def predictions(delta, *, case="source", part="test", target="log_mstar_1rhsm", per_galaxy=1):
    delta = np.asarray(delta, dtype=float)
    return pd.DataFrame(
        {
            "case": case,
            "target": target,
            "part": part,
            "name": [f"{case}{part}{number // per_galaxy}" for number in range(len(delta))],
            "y_true": 10.0,
            "y_pred": 10.0 + delta,
            "log_mstar": np.linspace(10, 11, len(delta)),
        }
    )


def test_statistics_are_those_of_known_errors():
    row = measure(predictions([0.1, 0.3, 0.1, 0.3]), {"68": 0.2, "90": 0.3000001})
    assert row["bias"]["value"] == pytest.approx(0.2)
    assert row["scatter"]["value"] == pytest.approx(0.1)
    assert row["rms"]["value"] == pytest.approx(np.sqrt(0.05))
    assert row["coverage_68"]["value"] == 0.5
    assert row["coverage_90"]["value"] == 1.0


def test_errors_count_galaxies_not_samples():
    delta = np.repeat(np.random.default_rng(1).normal(0, 0.1, 100), 3)
    row = measure(predictions(delta, per_galaxy=3), {"68": 0.1, "90": 0.2})
    assert (row["n"], row["n_galaxies"]) == (300, 100)
    error = (row["bias"]["high"] - row["bias"]["low"]) / 2
    assert error == pytest.approx(delta.std() / 10, rel=0.1)


def test_coverage_holds_on_the_source_and_fails_under_a_bias():
    draw = np.random.default_rng(2).normal
    tables = [
        predictions(draw(0, 0.1, 900), part="validation"),
        predictions(draw(0, 0.1, 900)),
        predictions(draw(0.2, 0.1, 900), case="transfer"),
    ]
    source, transfer = score_cases(pd.concat(tables))
    assert source["coverage_68"]["value"] == pytest.approx(0.68, abs=0.03)
    assert source["coverage_90"]["value"] == pytest.approx(0.90, abs=0.02)
    assert transfer["half_widths"] == source["half_widths"]  # the same model
    assert transfer["coverage_68"]["value"] == pytest.approx(0.159, abs=0.03)  # P(-3 < x < -1)


def test_bins_hold_equal_numbers_and_all_samples():
    (row,) = score_cases(
        pd.concat([predictions(np.zeros(80), part="validation"), predictions(np.zeros(80))])
    )
    assert [each["n"] for each in row["bins"]] == [20, 20, 20, 20]
    assert row["bins"][0]["low"] == 10.0
    assert row["bins"][-1]["high"] == 11.0
