import numpy as np
import pandas as pd
import pytest

from galmass_core.learning.correlations import cluster_columns, correlation_matrix, strong_pairs


@pytest.fixture
def table():
    generator = np.random.default_rng(1)
    x, y = generator.normal(size=(2, 4000))
    return pd.DataFrame({"x": x, "like_x": x + 0.2 * y, "against_x": -(x**3), "y": y})


def test_pearson_is_the_textbooks(table):
    matrix = correlation_matrix(table, ["x", "like_x"])
    assert matrix.at["x", "like_x"] == pytest.approx(1 / np.sqrt(1.04), abs=0.005)


def test_spearman_sees_a_monotonic_curve_as_perfect(table):
    keys = ["x", "against_x"]
    assert correlation_matrix(table, keys, "spearman").at[*keys] == pytest.approx(-1)
    assert correlation_matrix(table, keys).at[*keys] == pytest.approx(-3 / np.sqrt(15), abs=0.02)


def test_rows_with_a_hole_are_left_out_of_all_pairs(table):
    holed = table.copy()
    holed.loc[0, "y"] = np.inf
    pd.testing.assert_frame_equal(
        correlation_matrix(holed, list(table)), correlation_matrix(table.iloc[1:], list(table))
    )


def test_strong_pairs_come_strongest_first(table):
    pairs = strong_pairs(correlation_matrix(table, list(table)))
    assert [pair[:2] for pair in pairs] == [
        ("x", "like_x"),
        ("x", "against_x"),
        ("like_x", "against_x"),
    ]
    assert pairs[1][2] < -0.75


def test_columns_that_say_the_same_are_one_cluster(table):
    assert cluster_columns(table, ["y", "x", "like_x", "against_x"]).tolist() == [0, 1, 1, 1]


def test_one_column_is_a_cluster(table):
    assert cluster_columns(table, ["x"]).to_dict() == {"x": 0}


def test_an_unknown_method_is_refused(table):
    with pytest.raises(ValueError, match="pearson, spearman, got 'kendall'"):
        correlation_matrix(table, ["x"], "kendall")
