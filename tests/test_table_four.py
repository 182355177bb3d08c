import json
import re
import shlex

import numpy as np
import pytest
from sample_tables import make_dataset, make_samples

from galmass_core.benchmarks.invented import make_run
from galmass_core.learning.experiments import TABLE_4
from galmass_core.learning.fitting import score
from galmass_core.paper.derived import derive_target
from galmass_core.paper.published import published_table
from galmass_core.paper.table_four import table_4
from galmass_core.paper.table_four_text import format_table_4
from galmass_core.quantities import TARGETS
from galmass_core.training.groups import cohort_of
from galmass_core.training.pairing import predictions_on

JOINT = "mstar,mtot,ml/r+2V"
SERVED = (7, 14, 16, 17, 18, 19, 22)  # by that joint network


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Every second galaxy is an early type; projected masses and light are known."""
    samples = make_samples(200)
    samples["log_mstar2d_1rhsm"] = samples["log_mstar_1rhsm"] + 0.1
    samples["log_mstar2d_2rhsm"] = samples["log_mstar_1rhsm"] + 0.3
    samples["log_lr_1rhsm"] = samples["log_mstar2d_1rhsm"] - samples["log_ml_r_1rhsm"]
    samples["sersic_n"] = np.repeat(np.tile([1.0, 4.0], 100), 3)
    samples["sfr_1gyr"] = 1e-12 * 10 ** samples["log_mstar2d_2rhsm"]
    return make_dataset(tmp_path_factory.mktemp("home") / "data", samples)


@pytest.fixture(scope="module")
def joint(data):
    return make_run(data.path.parent, data, JOINT, 0.04)


@pytest.fixture(scope="module")
def controls(data):
    thin = make_dataset(data.path.parent / "thin", data.samples, stars=500)
    return [
        make_run(data.path.parent, data, "mstar,mtot,ml/occupancy", 0.10),
        make_run(data.path.parent / "thinned", thin, JOINT, 0.07, stars=500),
        make_run(data.path.parent, data, "mstar2d/r+2V", 0.05),
    ]


@pytest.fixture(scope="module")
def rows(data, joint, controls):
    return {row["row"]: row for row in table_4(data, [joint, *controls])}


def test_the_rows_are_the_papers_21_trainings(data):
    rows = table_4(data, [])
    assert tuple(dict.fromkeys(row["experiment"] for row in rows)) == TABLE_4[:21]
    published = published_table(4)
    assert [row["row"] for row in rows] == list(range(1, 25))
    assert [row["published"]["std"] for row in rows] == published["sigma_dex"].tolist()
    assert [row["target"] for row in rows] == published["target"].tolist()


def test_a_row_without_a_run_says_what_would_make_it(data):
    rows = table_4(data, [], "paper")
    assert {row["status"] for row in rows} == {"not trained"}
    assert "std" not in rows[0]
    words = shlex.split(rows[2]["command"])
    assert words[:3] == ["galmass", "train", str(data.path)]
    assert words[3:] == ["--experiment", "mstar/g,r", "--split", "paper"]


def test_a_joint_network_serves_every_row_that_it_learned(rows):
    measured = [number for number, row in rows.items() if row["status"] == "measured"]
    assert measured == sorted([*SERVED, 8])
    assert {rows[number]["learned"] for number in SERVED} == {JOINT}
    assert {rows[number]["joint"] for number in SERVED} == {True}
    assert not rows[8]["joint"]
    json.dumps(rows)


def test_a_row_measures_the_test_part(rows, data, joint):
    predictions = predictions_on(joint, data)
    predictions = predictions[predictions["target"] == "log_mstar_1rhsm"]
    assert (
        rows[7]["n"]
        == len(predictions)
        == np.count_nonzero(joint.predictions()["part"] == "test") / 3
    )
    assert rows[7]["std"]["value"] == pytest.approx(
        np.std(predictions["y_pred"] - predictions["y_true"])
    )
    assert rows[7]["std"]["low"] < rows[7]["std"]["value"] < rows[7]["std"]["high"]
    assert rows[7]["split"] == joint.record["split"]


def test_dark_matter_follows_from_both_masses(rows, data, joint):
    table, clipped = derive_target(predictions_on(joint, data), data.samples, TARGETS["f_dm_1rhsm"])
    assert rows[18]["std"] == score(table)["std"]
    assert rows[18]["clipped"] == clipped


def test_early_types_are_part_of_the_test_samples(rows):
    assert rows[19]["subset"] == "early types"
    assert 0 < rows[19]["n"] < rows[18]["n"]
    assert rows[19]["published"]["std"] == 0.04


def test_controls_stand_beside_every_result_with_both_kinematic_maps(rows):
    with_motion = [number for number, row in rows.items() if "2V" in row["experiment"]]
    assert [number for number, row in rows.items() if "controls" in row] == with_motion
    for number in SERVED:
        found = rows[number]["controls"]
        assert rows[number]["std"]["value"] < found["thinned"]["std"]["value"]
        assert found["thinned"]["std"]["value"] < found["occupancy"]["std"]["value"]
    assert rows[8]["controls"] == {"occupancy": None, "thinned": None}
    assert rows[5]["status"] == "not trained"
    assert rows[5]["controls"]["occupancy"]["run"] == "mstar,mtot,ml-occupancy-0"


def test_mass_to_light_from_mass_scatters_as_the_mass(rows):
    assert rows[22]["from_mass"]["std"]["value"] == pytest.approx(rows[8]["std"]["value"])
    assert rows[20]["from_mass"] is None
    assert "from_mass" not in rows[8]


def test_the_split_by_galaxy_has_no_part_in_the_papers(data, joint):
    assert {row["status"] for row in table_4(data, [joint], "paper")} == {"not trained"}


def test_early_types_that_cannot_be_classified_are_not_available(data, joint):
    bare = make_dataset(data.path.parent / "bare", data.samples.drop(columns="sersic_n"))
    rows = table_4(bare, [joint])
    assert rows[17]["status"] == "measured"
    assert rows[18]["status"].startswith("not available: early types need columns")
    assert "row 19: not available: early types need columns" in format_table_4(rows)


def test_the_text_says_how_each_row_differs_from_the_papers(rows):
    text = format_table_4(list(rows.values()))
    lines = text.splitlines()
    assert lines[0].split()[:3] == ["row", "experiment", "of"]
    assert len(lines[7].split("±")) == 5  # bias, σ and two controls
    assert lines[7].endswith("mstar,mtot,ml-r+2V-0")
    assert lines[19].split()[2] == "f_DM(<R_hsm)*"
    assert "not trained" in lines[1]
    assert f"row 7, 14, 16, 17, 18, 19, 22: by a network that learned {JOINT}" in lines
    assert "row 16, 17, 18, 19: not trained" not in text
    assert "row 22: predicted M* over true light has σ 0.0" in text
    assert any(line.startswith("row 1: not trained; galmass train ") for line in lines)


def test_coarse_images_are_stated(data):
    run = make_run(data.path.parent, data, "mstar/r@60", 0.05)
    row = table_4(data, [run])[0]
    assert (row["status"], row["pixels"]) == ("measured", 60)
    assert "row 1: from images of 60² pixels" in format_table_4([row])


@pytest.fixture(scope="module")
def mixed(data):
    """Rows of one home folder whose runs were trained on two splits, one of them three times."""
    home = data.path.parent / "mixed"
    runs = [make_run(home, data, "mstar/r", 0.1, training_seed=seed) for seed in range(3)]
    return runs, make_run(home, data, "mstar/g,r", 0.05, seed=5)


def test_rows_of_two_training_sets_are_marked(data, mixed):
    runs, other = mixed
    text = format_table_4(table_4(data, [*runs, other]))
    lines = text.splitlines()
    assert re.search(r"≈\d+ a ", lines[1])
    assert re.search(r"≈\d+ b ", lines[3])
    assert "a: trained on" in text
    assert "! rows of different training sets are not comparable" in text


def test_one_training_set_is_named_without_a_mark(data, mixed):
    text = format_table_4(table_4(data, mixed[0]))
    assert "\ntrained on " in text
    assert "training seeds 0, 1, 2" in text
    assert "not comparable" not in text


def test_a_cohort_keeps_the_runs_of_one_training_set(data, mixed):
    runs, other = mixed
    rows = table_4(data, [*runs, other], cohort=cohort_of(other))
    assert [row["row"] for row in rows if row["status"] == "measured"] == [3]
    with pytest.raises(ValueError, match=r"cohort must be one of .*@.*, got 'nowhere'"):
        table_4(data, runs, cohort="nowhere")


def test_trainings_of_a_group_are_one_row(data, mixed):
    runs, _ = mixed
    row = table_4(data, runs)[0]
    each = [table_4(data, [run])[0]["std"]["value"] for run in runs]
    assert row["std"]["value"] == pytest.approx(np.mean(each))
    assert row["spread"] == pytest.approx(np.std(each, ddof=1))
    assert row["training_seeds"] == [0, 1, 2]


def test_the_preset_of_a_row_is_named(data, mixed):
    assert table_4(data, mixed[0])[0]["preset"] == "width 0.25"


def test_one_network_for_every_set_of_maps_serves_the_rows_of_its_targets(data):
    run = make_run(data.path.parent, data, "mstar,mtot,ml/any", 0.05)
    rows = [row for row in table_4(data, [run]) if row["status"] == "measured"]
    assert [row["row"] for row in rows] == [
        1,
        3,
        5,
        7,
        11,
        12,
        13,
        14,
        16,
        17,
        18,
        19,
        *range(20, 25),
    ]
    assert all(row["any"] and row["learned"] == "mstar,mtot,ml/any" for row in rows)
    assert rows[0]["run"] == f"{run.name}:r"
    text = format_table_4(rows)
    assert "by one network for every set of maps, the paper's being for these alone" in text
