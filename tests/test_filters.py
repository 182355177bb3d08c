import numpy as np
import pandas as pd
import pytest

from galmass_core.datasets.filters import EXAMPLE, matching_rows

SAMPLES = pd.DataFrame(
    {
        "name": ["TNG/a", "TNG/b", "EAGLE/c", "EAGLE/d"],
        "los": ["x", "y", "z", "x"],
        "log_mstar": [9.5, 10.5, 11.5, np.nan],
        "sigma_v": [50.0, 100.0, 200.0, 300.0],
        "f_dm_1rhsm": [0.6, 0.3, 0.2, 0.4],
        "is_central": [True, False, True, None],
        "n_stars": [10, 20, 30, 40],
    },
    index=[5, 6, 7, 8],
)


@pytest.mark.parametrize(
    ("expression", "rows"),
    [
        ("", [0, 1, 2, 3]),
        ("log_mstar > 10", [1, 2]),
        ("10 < log_mstar <= 11", [1]),
        (EXAMPLE, [2]),
        ("log_mstar < 10 or sigma_v == 300", [0, 3]),
        ("not log_mstar > 10", [0, 3]),
        ("not (los == 'x' or los == 'y')", [2]),
        ("is_central", [0, 2]),
        ("not is_central and sigma_v < 150", [1]),
        ("sigma_v / n_stars >= -log_mstar + 17", [2]),
        ("2 * sigma_v - n_stars > 300", [2, 3]),
        ("name == 'EAGLE/c'", [2]),
        ("log_mstar != 9.5", [1, 2, 3]),
    ],
)
def test_expression_finds_its_samples(expression, rows):
    np.testing.assert_array_equal(np.flatnonzero(matching_rows(SAMPLES, expression)), rows)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("log_mstr > 10", "got log_mstr; near: log_mstar"),
        ("log_mstar >", "such as log_mstar > 11"),
        ("log_mstar", "what is true of a sample"),
        ("11 > 10", "what is true of a sample"),
        ("log_mstar > 'heavy'", "numbers with numbers"),
        ("los > 3", "numbers with numbers"),
        ("log_mstar and sigma_v", "got log_mstar"),
        ("log_mstar ** 99 > 1", "got log_mstar"),
        ("__import__('os').system('true')", "got __import__"),
        ("name.str.len() > 3", "got name.str.len"),
        ("[c for c in name]", "got \\[c for"),
        ("log_mstar in (1, 2)", "got log_mstar in"),
        ("(" * 300 + "1", "must be comparisons"),
        ("1 / 0 < log_mstar", "numbers with numbers"),
    ],
)
def test_nonsense_is_told_by_name(expression, said):
    with pytest.raises(ValueError, match=said):
        matching_rows(SAMPLES, expression)
