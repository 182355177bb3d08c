import numpy as np
import pandas as pd
import pytest

from galmass_core.learning.galaxy_types import early_types


@pytest.fixture
def samples():
    return pd.DataFrame({"name": np.repeat(list("abcd"), 3)})


def test_an_early_type_is_one_along_every_line_of_sight(samples):
    samples = samples.assign(log_mstar2d_2rhsm=11.0, sfr_1gyr=0.1, sersic_n=4.0)
    samples.loc[4, "sersic_n"] = 2.0  # b
    samples.loc[6:8, "sfr_1gyr"] = 10.0  # c
    samples.loc[9, "sersic_n"] = np.nan  # d
    assert samples["name"][early_types(samples)].tolist() == ["a", "a", "a"]


def test_early_types_are_known_by_light_and_young_stars(samples):
    with pytest.raises(ValueError, match="lack: sfr_1gyr, log_mstar2d_2rhsm, sersic_n"):
        early_types(samples)
