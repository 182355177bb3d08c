import numpy as np
import pandas as pd
import pytest

from galmass_core.galaxy import G
from galmass_core.learning.baselines import LinearModel, fit_power_law, fit_ridge, fit_virial


@pytest.fixture
def galaxies():
    generator = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "abs_mag_r": generator.uniform(-23, -18, 300),
            "sigma_v": generator.uniform(50, 300, 300),
            "effective_radius": generator.uniform(1, 10, 300),
            "sfr_1gyr": 0.0,
        }
    )


def test_power_law_finds_its_exponent(galaxies):
    log_l = 0.4 * (4.65 - galaxies["abs_mag_r"])
    model = fit_power_law(galaxies[["abs_mag_r"]], 0.7 + 1.1 * log_l)
    assert model.slopes["abs_mag_r"] == pytest.approx(1.1)
    assert model.intercept == pytest.approx(0.7)


def test_virial_estimator_finds_its_coefficient(galaxies):
    mass = 3.7 * galaxies["sigma_v"] ** 2 * galaxies["effective_radius"] / G
    model = fit_virial(galaxies[["sigma_v", "effective_radius"]], np.log10(mass))
    assert G * 10**model.intercept == pytest.approx(3.7)
    np.testing.assert_allclose(model.predict(galaxies), np.log10(mass))


def test_without_features_the_prediction_is_the_mean(galaxies):
    model = fit_power_law(galaxies[[]], np.arange(300.0))
    np.testing.assert_allclose(model.predict(galaxies), 149.5)


def test_ridge_shrinks_slopes_but_not_the_mean(galaxies):
    target = -0.4 * galaxies["abs_mag_r"]
    free = fit_ridge(galaxies, target, penalty=0.0)
    held = fit_ridge(galaxies, target, penalty=300.0)
    assert held.slopes["abs_mag_r"] == pytest.approx(0.5 * free.slopes["abs_mag_r"], rel=0.1)
    assert held.predict(galaxies).mean() == pytest.approx(target.mean())


def test_a_feature_that_never_changes_does_no_harm(galaxies):
    model = fit_ridge(galaxies, galaxies["abs_mag_r"])
    assert model.slopes["sfr_1gyr"] == 0
    assert np.isfinite(model.predict(galaxies)).all()


def test_a_joined_column_is_no_logarithm_because_of_its_name():
    inputs = pd.DataFrame({"sfr_offset": [-1.0, 0.0, 1.0]})
    model = fit_power_law(inputs, [1.0, 2.0, 3.0])
    np.testing.assert_allclose(model.predict(inputs), [1.0, 2.0, 3.0])


def test_a_model_comes_back_from_its_file(galaxies, tmp_path):
    model = fit_ridge(galaxies, galaxies["abs_mag_r"])
    model.save(tmp_path)
    assert LinearModel.load(tmp_path) == model
