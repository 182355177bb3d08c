import numpy as np
import pandas as pd
import pytest

from galmass_core.networks.scalars import scalar_columns, scalar_values


@pytest.mark.parametrize(
    ("maps", "columns"),
    [
        (("r",), ("effective_radius", "abs_mag_r")),
        (("g-r",), ("effective_radius",)),
        (("V", "sigma"), ("effective_radius", "sigma_v")),
        (("r", "g-r", "V", "sigma"), ("effective_radius", "abs_mag_r", "sigma_v")),
    ],
)
def test_images_bring_no_kinematics_and_kinematics_no_light(maps, columns):
    assert scalar_columns(maps) == columns


def test_a_control_is_learned_from_alone():
    with pytest.raises(ValueError, match="scalars must be off for occupancy, a control"):
        scalar_columns(("occupancy",))


def test_sizes_and_speeds_are_logarithms_and_magnitudes_are_not():
    columns = {"effective_radius": [10.0, 1.0], "abs_mag_r": [-20.0, -22.5], "sigma_v": [100.0, 1]}
    found = scalar_values(pd.DataFrame(columns), list(columns))
    np.testing.assert_allclose(found, [[1, -20, 2], [0, -22.5, 0]])


@pytest.mark.parametrize("value", [np.nan, 0.0, -1.0])
def test_what_has_no_logarithm_is_not_a_number(value):
    found = scalar_values(pd.DataFrame({"effective_radius": [value]}), ["effective_radius"])
    assert np.isnan(found).all()
