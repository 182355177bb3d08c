"""Known answers: every kind of column, every operator, with and without missing values."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest

from galmass_core.datasets.filter_syntax import EXAMPLE, LANGUAGE
from galmass_core.datasets.filters import matching_rows

CENTRAL = [True, False, True, None]
SAMPLES = pd.DataFrame(
    {
        "name": ["TNG/a", "TNG/b", "EAGLE/c", "EAGLE/d"],
        "los": pd.Categorical(["x", "y", "z", "x"]),
        "kind": pd.array(["disc", None, "bulge", "disc"], dtype="string"),
        "label": pd.Series(["disc", None, "bulge", "disc"], dtype=object, index=[5, 6, 7, 8]),
        "log_mstar": [9.5, 10.5, 11.5, np.nan],
        "single": np.array([9.5, 10.5, 11.5, np.nan], dtype="f4"),
        "nullable": pd.array([9.5, 10.5, 11.5, None], dtype="Float64"),
        "sigma_v": [50.0, 100.0, 200.0, 300.0],
        "f_dm_1rhsm": [0.6, 0.3, 0.2, 0.4],
        "is_central": pd.array(CENTRAL, dtype="boolean"),
        "central": pd.Series(CENTRAL, dtype=object, index=[5, 6, 7, 8]),
        "synthetic": [True, True, False, False],
        "host_group": pd.array([3, 4, None, 9007199254740993], dtype="Int64"),
        "group": pd.array([3, 4, 5, 9007199254740993], dtype="Int64"),
        "n_stars": [10, 20, 30, 9007199254740993],
        "small": np.array([1, 2, 3, 200], dtype="u1"),
        "empty": [np.nan] * 4,
        "unknown": pd.Series([None] * 4, dtype=object, index=[5, 6, 7, 8]),
    },
    index=[5, 6, 7, 8],
)


@pytest.mark.parametrize(
    ("expression", "rows"),
    [
        ("", [0, 1, 2, 3]),
        # floats with NaN
        ("log_mstar > 10", [1, 2]),
        ("log_mstar >= 10.5", [1, 2]),
        ("log_mstar == 10.5", [1]),
        ("log_mstar != 9.5", [1, 2, 3]),
        ("not log_mstar > 10", [0, 3]),
        ("10 < log_mstar <= 11", [1]),
        ("9.1 < log_mstar < 10.6 and 60 < sigma_v < 150", [1]),
        ("log_mstar in (9.5, 11.5)", [0, 2]),
        ("log_mstar not in [9.5, 11.5]", [1, 3]),
        ("isna(log_mstar)", [3]),
        ("not isna(log_mstar)", [0, 1, 2]),
        ("log_mstar == log_mstar", [0, 1, 2]),
        ("single == 9.5", [0]),
        ("nullable > 10", [1, 2]),
        ("nullable != 9.5", [1, 2, 3]),
        ("isna(nullable)", [3]),
        ("empty > 0 or isna(empty)", [0, 1, 2, 3]),
        # true or false, perhaps missing
        ("is_central", [0, 2]),
        ("not is_central", [1]),
        ("~is_central", [1]),
        ("not is_central and sigma_v < 150", [1]),
        ("is_central or sigma_v == 300", [0, 2, 3]),
        ("is_central and sigma_v == 300", []),
        ("not (is_central and sigma_v == 300)", [0, 1, 2]),
        ("is_central == True", [0, 2]),
        ("is_central == 1", [0, 2]),
        ("is_central != True", [1, 3]),
        ("not (is_central == True)", [1, 3]),
        ("is_central == synthetic", [0]),
        ("is_central in (True,)", [0, 2]),
        ("isna(is_central)", [3]),
        ("central and not synthetic", [2]),
        ("not central", [1]),
        ("synthetic", [0, 1]),
        ("not synthetic", [2, 3]),
        ("synthetic + is_central == 2", [0]),
        ("unknown or not unknown", []),
        # whole numbers, perhaps missing
        ("n_stars == 20", [1]),
        ("n_stars == 9007199254740993", [3]),
        ("n_stars == 9007199254740992", []),
        ("n_stars in (10, 9007199254740993)", [0, 3]),
        ("group == 9007199254740993", [3]),
        ("host_group == 3", [0]),
        ("host_group != 3", [1, 2, 3]),
        ("host_group > 3", [1, 3]),
        ("host_group not in {3, 4}", [2, 3]),
        ("isna(host_group)", [2]),
        ("isna(n_stars)", []),
        ("small + 100 > 250", [3]),
        ("small - 2 < 0", [0]),
        # text
        ("name == 'EAGLE/c'", [2]),
        ("name > 'TNG'", [0, 1]),
        ("not (los == 'x' or los == 'y')", [2]),
        ('los in ("x", "z")', [0, 2, 3]),
        ("los not in ('x', 'z')", [1]),
        ("kind == 'disc'", [0, 3]),
        ("kind != 'disc'", [1, 2]),
        ("kind < 'c'", [2]),
        ("kind in ('disc', 'bulge')", [0, 2, 3]),
        ("kind not in ('disc',)", [1, 2]),
        ("isna(kind)", [1]),
        ("label == 'disc'", [0, 3]),
        ("label == kind", [0, 2, 3]),
        ("isna(label)", [1]),
        # arithmetic and functions
        (EXAMPLE, [2]),
        ("log_mstar < 10 or sigma_v == 300", [0, 3]),
        ("sigma_v / small >= -log_mstar + 60", [1, 2]),
        ("2 * sigma_v - small > 300", [2, 3]),
        ("sigma_v ** 2 > 1e4", [2, 3]),
        ("2 ** small > 7", [2, 3]),
        ("9 ** 9 ** 9 ** 9 > sigma_v", [0, 1, 2, 3]),
        ("1 / 0 > log_mstar", [0, 1, 2]),
        ("-sigma_v < -250", [3]),
        ("+sigma_v > 250", [3]),
        ("abs(log_mstar - 10.5) < 0.1", [1]),
        ("log10(sigma_v) >= 2", [1, 2, 3]),
        ("log10(sigma_v - 100) > -9", [2, 3]),
        ("sqrt(sigma_v) == 10", [1]),
        ("isna(log10(log_mstar - 10.5))", [0, 3]),
        # precedence, brackets, other spellings
        ("sigma_v > 250 or sigma_v < 150 and synthetic", [0, 1, 3]),
        ("(sigma_v > 250 or sigma_v < 75) and synthetic", [0]),
        ("(sigma_v > 150) & ~(sigma_v > 250) | (small == 1)", [0, 2]),
        ("True and sigma_v > 250", [3]),
        ("not (1 > 2) and sigma_v > 250", [3]),
        ("1 in (1, 2) and sigma_v > 250", [3]),
        ("'a' == 'a' and sigma_v > 250", [3]),
    ],
)
def test_expression_finds_its_rows(expression, rows):
    np.testing.assert_array_equal(np.flatnonzero(matching_rows(SAMPLES, expression)), rows)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("log_mstr > 10", "name columns of the data set, got log_mstr; did you mean log_mstar?"),
        ("qqq > 10", "got qqq; such as name, los, "),
        ("log_mstar", "log_mstar is none"),
        ("name", "name is none"),
        ("log_mstar + 1", "log_mstar \\+ 1 is none"),
        ("log_mstar and sigma_v", "log_mstar is none"),
        ("not n_stars", "n_stars is none"),
        ("sigma_v > 3 & small < 2", "3 is none"),
        ("log_mstar > 'heavy'", "numbers with numbers"),
        ("los > 3", "numbers with numbers"),
        ("los == is_central", "numbers with numbers"),
        ("log_mstar in ('a', 'b')", "numbers with numbers"),
        ("los in ('x', 3)", "numbers with numbers"),
        ("isna(kind) > 'x'", "numbers with numbers"),
        ("name * 3 == 'a'", "calculate with numbers, got the text name"),
        ("'a' * 99999999999 == name", "calculate with numbers, got the text 'a'"),
        ("-name > 3", "calculate with numbers"),
        ("abs(name) > 3", "calculate with numbers"),
    ],
)
@pytest.mark.parametrize("table", [SAMPLES, SAMPLES.iloc[:0]], ids=["rows", "no rows"])
def test_wrong_expression_is_refused_with_or_without_rows(table, expression, message):
    with pytest.raises(ValueError, match=f"^filter must .*{message}"):
        matching_rows(table, expression)


@pytest.mark.parametrize(
    ("expression", "rows"),
    [
        ("`M[200c]` > 10", [1, 2]),
        ("`M[200c]` > 10 and `class` == '`S`'", [1]),
        ("10 < `distance, km`", [3]),
        ("isna(`M[200c]`)", [3]),
    ],
)
def test_columns_of_any_name_are_quoted_by_backticks(expression, rows):
    table = SAMPLES.assign(
        **{
            "M[200c]": [9.5, 10.5, 11.5, np.nan],
            "distance, km": [1, 2, 3, 20],
            "class": ["E", "`S`", "E", None],
        }
    )
    assert np.flatnonzero(matching_rows(table, expression)).tolist() == rows


def test_a_name_that_is_nearly_right_is_shown_in_backticks():
    with pytest.raises(ValueError, match=r"did you mean `M\[200c\]`"):
        matching_rows(SAMPLES.assign(**{"M[200c]": 1.0}), "M200c > 1")


@pytest.mark.parametrize(
    ("expression", "rows"),
    [
        ("host_group == 9007199254740993", [3]),
        ("host_group == 9007199254740992", []),
        ("host_group != 3", [1, 2, 3]),
        ("not host_group > 3", [0, 2]),
        ("host_group == group", [0, 1, 3]),
        ("host_group < sigma_v and host_group in (3, 9007199254740993)", [0]),
        ("-host_group < 0 and host_group <= log_mstar", [0, 1]),
        ("isna(host_group)", [2]),
    ],
)
def test_large_integers_beside_missing_ones_keep_their_digits(expression, rows):
    assert np.flatnonzero(matching_rows(SAMPLES, expression)).tolist() == rows


@pytest.mark.parametrize(("example", "meaning"), LANGUAGE)
def test_examples_of_the_help_can_be_checked_before_there_are_rows(example, meaning):
    names = ("log_mdm_1rhsm", "log_mstar_1rhsm", "log_mgas", "M[200c]")
    columns = dict.fromkeys(names, 1.0)
    assert len(matching_rows(SAMPLES.assign(**columns).iloc[:0], example)) == 0


def test_memory_of_an_expression_is_that_of_its_columns():
    table = pd.DataFrame({"a": np.arange(1000.0)})
    expression = " and ".join(["(a * 1e300) ** 9e99 >= 0"] * 30)
    tracemalloc.start()
    assert matching_rows(table, expression).all()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1e6  # bytes; 30 columns of 8 kB, and the tree
