import numpy as np
import pandas as pd
import pytest

from galmass_core.training.ensembles import mean_predictions


def table(values, names=("a", "b", "c")):
    return pd.DataFrame(
        {"name": names, "los": "x", "target": "m", "part": "test", "y_true": 10.0, "y_pred": values}
    )


def test_the_mean_is_over_trainings_of_each_sample():
    shuffled = table([13.0, 12.0, 11.0], ("c", "b", "a"))
    found = mean_predictions([table([9.0, 10.0, 11.0]), shuffled])
    assert found["y_pred"].tolist() == [10.0, 11.0, 12.0]
    assert found["name"].tolist() == ["a", "b", "c"]


def test_the_mean_of_one_is_itself():
    one = table([9.0, 10.0, 11.0])
    pd.testing.assert_frame_equal(mean_predictions([one]), one)


@pytest.mark.parametrize("other", [("a", "b", "d"), ("a", "b")])
def test_other_samples_are_refused(other):
    values = np.arange(len(other), dtype=float)
    with pytest.raises(ValueError, match="must predict the same samples, but they differ"):
        mean_predictions([table([9.0, 10.0, 11.0]), table(values, other)])
