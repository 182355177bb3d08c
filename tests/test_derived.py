import numpy as np
import pandas as pd
import pytest

from galmass_core.learning.metrics import measure_errors
from galmass_core.paper.derived import derive_target
from galmass_core.quantities import TARGETS


@pytest.fixture
def samples():
    """Galaxies with gas, so that f_DM is not 1 - M*/M_tot."""
    generator = np.random.default_rng(0)
    table = pd.DataFrame({"name": np.repeat(["a", "b", "c", "d"], 3), "los": list("xyz") * 4})
    table["log_mstar_1rhsm"] = np.repeat([10.0, 10.4, 10.8, 11.2], 3)
    table["log_mtot_1rhsm"] = table["log_mstar_1rhsm"] + 0.3
    table["f_dm_1rhsm"] = 0.9 * (1 - 10**-0.3)
    table["log_mstar2d_1rhsm"] = table["log_mstar_1rhsm"] + 0.1
    table["log_lr_1rhsm"] = table["log_mstar2d_1rhsm"] - generator.uniform(0, 0.5, 12)
    table["log_ml_r_1rhsm"] = table["log_mstar2d_1rhsm"] - table["log_lr_1rhsm"]
    return table


def predicted(samples, **errors):
    """Predictions of some columns that are off by these errors [dex]."""
    tables = [
        samples[["name", "los"]].assign(
            part="test", target=key, y_true=samples[key], y_pred=samples[key] + error
        )
        for key, error in errors.items()
    ]
    return pd.concat(tables, ignore_index=True)


def test_dark_matter_is_what_is_not_stars(samples):
    predictions = predicted(samples, log_mstar_1rhsm=0.0, log_mtot_1rhsm=0.2)
    table, clipped = derive_target(predictions, samples, TARGETS["f_dm_1rhsm"])
    np.testing.assert_allclose(10 ** table["y_pred"], 1 - 10**-0.5)
    assert clipped == 0
    assert list(table) == list(predictions)
    assert set(table["target"]) == {"f_dm_1rhsm"}


def test_the_truth_counts_dark_matter_alone(samples):
    table, _ = derive_target(
        predicted(samples, log_mstar_1rhsm=0.0, log_mtot_1rhsm=0.0), samples, TARGETS["f_dm_1rhsm"]
    )
    np.testing.assert_allclose(10 ** table["y_true"], samples["f_dm_1rhsm"])
    np.testing.assert_allclose(table["y_pred"] - table["y_true"], -np.log10(0.9))  # gas


def test_more_stars_than_mass_is_clipped_and_counted(samples):
    error = np.zeros(12)
    error[:2] = 0.5
    predictions = predicted(samples, log_mstar_1rhsm=error, log_mtot_1rhsm=0.0)
    table, clipped = derive_target(predictions, samples, TARGETS["f_dm_1rhsm"])
    assert clipped == 2
    np.testing.assert_allclose(np.sort(table["y_pred"])[:2], -3)
    assert np.sort(table["y_pred"])[2] > -1


def test_a_sample_without_dark_matter_has_no_fraction_to_predict(samples):
    samples.loc[0, "f_dm_1rhsm"] = 0.0
    predictions = predicted(samples, log_mstar_1rhsm=0.0, log_mtot_1rhsm=0.0)
    assert len(derive_target(predictions, samples, TARGETS["f_dm_1rhsm"])[0]) == 11


def test_mass_to_light_scatters_as_the_mass(samples):
    error = np.random.default_rng(1).normal(0.02, 0.05, 12)
    table, _ = derive_target(
        predicted(samples, log_mstar2d_1rhsm=error), samples, TARGETS["log_ml_r_1rhsm"]
    )
    np.testing.assert_allclose(table["y_true"], samples["log_ml_r_1rhsm"])
    ours = measure_errors(table["y_pred"] - table["y_true"], table["name"])["std"].value
    assert ours == pytest.approx(error.std())


def test_both_masses_must_be_predicted(samples):
    predictions = predicted(samples, log_mstar_1rhsm=0.0)
    with pytest.raises(ValueError, match="but lack log_mtot_1rhsm"):
        derive_target(predictions, samples, TARGETS["f_dm_1rhsm"])
    with pytest.raises(ValueError, match="but lack log_mstar2d_1rhsm"):
        derive_target(predictions, samples, TARGETS["log_ml_r_1rhsm"])


def test_light_must_be_known(samples):
    predictions = predicted(samples, log_mstar2d_1rhsm=0.0)
    with pytest.raises(ValueError, match="must have the column log_lr_1rhsm"):
        derive_target(predictions, samples.drop(columns="log_lr_1rhsm"), TARGETS["log_ml_r_1rhsm"])
