from dataclasses import asdict

import numpy as np
import pytest

from galmass_core.networks.presets import PRESETS, SWITCHES, TrainingConfig


def test_the_paper_preset_is_table_2():
    config, pixels = PRESETS["paper"]
    assert (config.epochs, config.batch, config.learning_rate, pixels) == (200, 40, 1e-4, 300)
    assert (config.width, config.augment, config.schedule) == (1.0, False, "cosine")


def test_cosine_falls_from_the_first_rate_to_zero():
    config = TrainingConfig(epochs=4, learning_rate=2.0)
    expected = [2.0, 1 + np.sqrt(0.5), 1.0, 1 - np.sqrt(0.5), 0.0]
    np.testing.assert_allclose([config.rate(epoch) for epoch in range(5)], expected, atol=1e-12)


def test_the_schedule_as_printed_falls_by_half_only():
    config = TrainingConfig(schedule="literal")
    assert config.rate(0) == 1e-4
    assert config.rate(200) == pytest.approx(1e-4 * np.cos(1))


@pytest.mark.parametrize(
    ("name", "value"),
    [("width", 0), ("epochs", 0), ("batch", -1), ("schedule", "up"), ("scaling", "none")],
)
def test_a_bad_hyperparameter_is_named(name, value):
    with pytest.raises(ValueError, match=f"{name} must be"):
        TrainingConfig(**{name: value})


def test_settings_have_switches_only_where_they_are_on():
    assert set(asdict(TrainingConfig())) - set(TrainingConfig().settings()) == set(SWITCHES)
    assert TrainingConfig(scalars=True).settings()["scalars"] is True
    assert TrainingConfig(**TrainingConfig(tta=True).settings()) == TrainingConfig(tta=True)
