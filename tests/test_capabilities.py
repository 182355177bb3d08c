"""What a data set can be used for: one answer for all pages and commands."""

import pandas as pd
import pytest
from sample_tables import make_dataset, make_samples

from galmass_core.cli import main
from galmass_core.datasets.capabilities import LEAST_TO_TEST, LEAST_TO_TRAIN, lacks
from galmass_core.learning.splits import BOOSTING_SIZES, NETWORK_SIZES, split_samples


@pytest.mark.parametrize(
    ("galaxies", "training", "testing"),
    [
        (LEAST_TO_TRAIN - 1, "3 galaxies are too few", "3 galaxies are too few"),
        (LEAST_TO_TRAIN, "", "4 galaxies are too few"),
        (LEAST_TO_TEST, "", ""),
    ],
)
def test_galaxies_are_enough_to_train_on_or_to_test(tmp_path, galaxies, training, testing):
    found = lacks(make_dataset(tmp_path / "few", make_samples(galaxies)))
    for text, start in ((found.training, training), (found.testing, testing)):
        assert text.startswith(start)
        assert bool(text) == bool(start)


@pytest.mark.parametrize("sizes", [NETWORK_SIZES, BOOSTING_SIZES])
def test_fewest_galaxies_leave_one_in_each_part_of_a_split(sizes):
    parts = [
        set(split_samples(make_samples(LEAST_TO_TRAIN - less), sizes=sizes)) for less in (0, 1)
    ]
    assert parts[0] == set(sizes)
    assert sizes is BOOSTING_SIZES or parts[1] < set(sizes)


def test_a_catalogue_lacks_maps_and_lines_of_sight_and_says_so(tmp_path):
    one = make_samples(60).drop_duplicates("name").assign(los="none").reset_index(drop=True)
    found = lacks(make_dataset(tmp_path / "table", one))
    assert found.maps == found.network == "it has numbers, no maps"
    assert "not projected" in found.lines_of_sight
    assert not found.dark_matter


def test_what_has_no_mass_of_dark_matter_says_so(tmp_path):
    samples = make_samples(60).assign(log_mdm_1rhsm=float("nan"), f_dm_1rhsm=float("nan"))
    assert "dark matter" in lacks(make_dataset(tmp_path / "table", samples)).dark_matter


def test_without_true_masses_nothing_is_trained(tmp_path):
    samples = make_samples(60)
    bare = samples[["name", "los", "is_central", "host_group", "sigma_v"]]
    assert "no true masses" in lacks(make_dataset(tmp_path / "table", pd.DataFrame(bare))).training


@pytest.mark.parametrize("command", ["twins", "controls", "dynamics"])
def test_commands_that_need_maps_say_so_alike(tmp_path, capsys, command):
    folder = make_dataset(tmp_path / "table", make_samples(6)).path
    assert main([command, str(folder)]) == 2
    assert "must have maps for" in capsys.readouterr().err


def test_the_summary_of_a_data_set_says_what_it_is_not_for(tmp_path, capsys):
    folder = make_dataset(tmp_path / "table", make_samples(6)).path
    assert main(["info", str(folder)]) == 0
    text = capsys.readouterr().out
    assert "not for maps: it has numbers, no maps" in text
    assert "not for testing: 6 galaxies are too few" in text
    assert "not for training" not in text
