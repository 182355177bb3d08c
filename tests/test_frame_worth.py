"""What R_hsm is worth, on tables where that is known; sizes and masses of older data sets."""

import json

import numpy as np
import pytest
from sample_tables import make_dataset, make_samples

from galmass_core.assets import asset
from galmass_core.cli import main
from galmass_core.datasets.dataset import open_dataset
from galmass_core.datasets.observed_columns import (
    FRAMES,
    SIZE,
    cut_short,
    frame_columns,
    with_observed,
)
from galmass_core.learning.experiments import experiment, true_values
from galmass_core.measurements.image_size import image_radius
from galmass_core.quantities import OBSERVED_TARGETS, QUANTITIES, quantity
from galmass_core.training.frame_worth import frame_lines, frame_notes, measure_frame_worth


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """M_tot inside R_hsm follows R_hsm, which R_e tells within a factor of two; 5 kpc does not."""
    samples = make_samples(150)
    generator = np.random.default_rng(0)
    size = np.repeat(10 ** generator.normal(0.6, 0.2, 150), 3)
    samples["half_mass_radius"] = size
    samples[SIZE] = size * 10 ** generator.normal(-0.12, 0.3, len(size))
    samples["log_mtot_5kpc"] = samples["log_mtot_1rhsm"]
    samples["log_mtot_1rhsm"] += np.log10(size)
    return make_dataset(tmp_path_factory.mktemp("sized") / "sized", samples)


@pytest.fixture(scope="module")
def rows(dataset):
    return measure_frame_worth(dataset)


def found(rows, target, inputs):
    (row,) = (row for row in rows if (row["target"], row["inputs"]) == (target, inputs))
    return row


def test_size_gains_where_the_target_lies_inside_it(rows):
    plain, given = (
        found(rows, "log_mtot_1rhsm", inputs) for inputs in ("features", "features + R_hsm")
    )
    assert given["std"]["value"] < 0.7 * plain["std"]["value"]
    assert given["difference"]["verdict"] == "better"
    assert given["difference"]["high95"] < 0
    observed = found(rows, "log_mtot_1rhsm", "features + R_e of the image")
    assert given["std"]["value"] < observed["std"]["value"] <= 1.05 * plain["std"]["value"]


def test_size_gains_nothing_in_a_fixed_aperture(rows):
    given = found(rows, "log_mtot_5kpc", "features + R_hsm")
    assert abs(given["difference"]["value"]) < 0.02


def test_rows_have_errors_and_numbers_of_one_cohort(rows):
    measured = [row for row in rows if row["status"] == "measured"]
    assert len({(row["n_train"], row["n"]) for row in measured}) == 1
    assert all(row["std"]["low"] < row["std"]["value"] < row["std"]["high"] for row in measured)
    assert all(row["truth_level"] == ("R_hsm" in row["inputs"]) for row in measured)


def test_what_a_table_lacks_is_named(rows):
    (row,) = (row for row in rows if row["target"] == "log_mtot_re")
    assert row["status"] == "not available: the data lack log_mtot_re"


def test_table_marks_what_no_telescope_measures(rows):
    cells = frame_lines(rows)
    assert {len(line) for line in cells} == {8}
    assert any(line[1] == "features + R_hsm *" for line in cells)


def test_command_prints_the_table_and_json(dataset, capsys):
    assert main(["frame", str(dataset.path)]) == 0
    text = capsys.readouterr().out
    assert "split by galaxy" in text
    assert "M_tot(<R_hsm)" in text
    assert "no telescope measures R_hsm" in text
    assert main(["frame", str(dataset.path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"][0]["part"] == "input"


def test_data_set_of_before_gets_sizes_from_its_images_and_masses_from_its_profiles():
    data = open_dataset(asset("showcase"))
    lacking = data.samples.drop(columns=[SIZE, "log_mtot_5kpc", "log_mtot_re"], errors="ignore")
    before = data.__class__(path=data.path, info=data.info, samples=lacking, excluded=data.excluded)
    table = with_observed(before)
    name, los = table[["name", "los"]].iloc[0]
    radius = image_radius(data.maps(name, los))
    assert table[SIZE].iloc[0] == pytest.approx(radius)
    profile = data.profiles(name)
    for column, at in (("log_mtot_5kpc", 5.0), ("log_mtot_re", radius)):
        expected = np.interp(np.log(at), np.log(profile["radius"]), np.log10(profile["mtot"]))
        assert table[column].iloc[0] == pytest.approx(expected, abs=1e-5)
    assert np.isfinite(table[[SIZE, "log_mtot_re"]].to_numpy()).all()


def test_numbers_of_frames_are_those_of_the_maps():
    data = open_dataset(asset("showcase"))
    frames = frame_columns(data, with_observed(data))
    assert frames.keys() == FRAMES.keys()
    maps = data.maps(*data.samples[["name", "los"]].iloc[0])
    whole = frames["±3 R_hsm"].iloc[0]
    assert 10 ** whole["light"] == pytest.approx(maps.flux_CHW[1].sum(), rel=1e-4)
    _, weight, first, second = maps.moments_CHW.sum(axis=(1, 2), dtype=float)
    assert whole["σ"] == pytest.approx(np.sqrt(second / weight - (first / weight) ** 2), rel=1e-4)
    assert (frames["±1.5 R_e"]["light"] < frames["±2.5 R_e"]["light"]).all()
    assert (frames["±3 R_hsm"]["light in half"] < frames["±3 R_hsm"]["light"]).all()


def test_frames_that_reach_beyond_the_maps_are_named_with_their_share():
    data = open_dataset(asset("showcase"))
    samples = with_observed(data).assign(half_mass_radius=4.0)
    samples.loc[samples.index[::4], "half_mass_radius"] = 3.0  # of a frame of ±9 kpc
    samples[SIZE] = 2.0
    short = cut_short(data, samples)
    assert short == {
        "±3 R_hsm": 0.0,
        "±1.5 R_e": 0.0,
        "±2.5 R_e": 0.0,
        "±10 kpc": pytest.approx(0.25, abs=0.02),
    }
    rows = [{"inputs": frame, "cut_short": share} for frame, share in short.items()]
    share = f"{100 * short['±10 kpc']:.0f} %"
    assert frame_notes(rows, data.frame)[-1] == (
        f"±10 kpc: maps of {share} of the samples end before it, at ±3 R_hsm"
    )


def test_targets_inside_other_radii_are_learned_by_their_words():
    assert experiment("mtot_re/features").targets == ("log_mtot_re",)
    assert experiment("mstar_5kpc,mdm_all/r+2V").targets == ("log_mstar_5kpc", "log_mdm")
    assert experiment("mtot_3kpc/features+size").features[-1] == SIZE
    assert all(target.key in QUANTITIES for target in OBSERVED_TARGETS.values())
    assert quantity("log_mtot_re").symbol == "M_tot(<R_e)"
    assert quantity("log_mtot").kind == "property"
    samples = make_samples(2).assign(log_mdm=12.0, f_dm=0.1)
    assert true_values(samples, "log_mdm") == pytest.approx(12.0)
    assert true_values(samples, "f_dm") == pytest.approx(-1.0)
