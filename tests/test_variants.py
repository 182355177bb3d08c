"""Galaxies as telescopes see them, from other sides, of fewer pixels and stars; and scores."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from demo_folder import write_demo_galaxies

from galmass_core.check import check_folder
from galmass_core.cli import main
from galmass_core.cli.telescope import PRESETS
from galmass_core.datasets.again import GONE
from galmass_core.datasets.build import build_dataset
from galmass_core.datasets.control_maps import PLAIN
from galmass_core.datasets.folders import DataSetError
from galmass_core.datasets.star_controls import generator_of
from galmass_core.datasets.thinning import thin_stars
from galmass_core.datasets.variants import (
    LIGHT,
    MOTION,
    STARS,
    TELESCOPE,
    VIEW,
    Variant,
    VariantDataSet,
    coarse_light,
    coarse_motion,
    variant_maps,
)
from galmass_core.imaging.maps import pixel_centres, rebin, render_maps
from galmass_core.networks.presets import TrainingConfig
from galmass_core.quantities import MAPS
from galmass_core.sources import read_galaxy
from galmass_core.telescope import TELESCOPES, look, turned
from galmass_core.telescope.views import axes_of_view
from galmass_core.training import control_batches
from galmass_core.training.model_runs import train_run
from galmass_core.training.runs import open_run, runs_folder
from galmass_core.training.variant_text import variant_notes
from galmass_core.training.variants import learn_variants, measure_variants, networks_for

TINY = TrainingConfig(width=0.03, epochs=1, batch=20, learning_rate=2e-3)
MANGA, SDSS, EDGE = (
    Variant(TELESCOPE, "MaNGA"),
    Variant(TELESCOPE, "SDSS"),
    Variant(VIEW, "edge-on"),
)
SMALL, FEW, BLURRED = Variant(MOTION, 8), Variant(STARS, 300), Variant(LIGHT, 30)
VARIANTS = (MANGA, SDSS, EDGE, SMALL, FEW, BLURRED)

pytestmark = pytest.mark.usefixtures("home_for_stacks", "own_signals")


@pytest.fixture(scope="module")
def cutouts(tmp_path_factory):
    return write_demo_galaxies(tmp_path_factory.mktemp("cutouts"), 8)


@pytest.fixture(scope="module")
def dataset(cutouts, tmp_path_factory):
    return build_dataset([cutouts], tmp_path_factory.mktemp("data") / "toys")


@pytest.fixture(scope="module")
def runs(dataset, home_for_stacks):
    """Two trainings of V and σ, and one of the r image."""
    for inputs, seed in (("2V", 0), ("2V", 1), ("r", 0)):
        path = runs_folder() / f"{inputs}-{seed}"
        name = f"mstar,mtot/{inputs}@60"
        train_run(dataset, name, training=replace(TINY, seed=seed), path=path, device="cpu")


@pytest.fixture(scope="module")
def made(dataset):
    (galaxy,) = variant_maps(dataset, dataset.galaxy_names[:1], VARIANTS, seed=3)
    return galaxy


@pytest.fixture(scope="module")
def galaxy(cutouts):
    return read_galaxy(cutouts / "cutout_1.hdf5")


def test_every_variant_is_made_along_all_lines_of_sight(made):
    assert made.reason == ""
    assert list(made.controls) == [
        PLAIN,
        "view edge-on",
        "stars 300",
        *(each.key for each in VARIANTS if not each.needs_stars),
    ]
    assert {len(each.maps) for each in made.controls.values()} == {3}


def test_variants_are_those_of_the_modules_that_make_them(made, galaxy):
    """A view is the turned galaxy, few stars the thinned one, a telescope what it sees."""
    label = f"{made.name} y"
    view = axes_of_view(galaxy, "edge-on", generator_of(label, EDGE.key, 3))
    expected = render_maps(turned(galaxy, view), "z")
    found = made.controls[EDGE.key].maps[1]
    np.testing.assert_array_equal(found.moments_CHW, rebin(expected.moments_CHW, 48))
    np.testing.assert_array_equal(found.flux_CHW, expected.flux_CHW)
    expected = render_maps(thin_stars(galaxy, 300, seed=3), "y")
    found = made.controls[FEW.key].maps[1]
    np.testing.assert_array_equal(found.moments_CHW, rebin(expected.moments_CHW, 48))
    np.testing.assert_array_equal(found.flux_CHW, expected.flux_CHW)
    plain = made.controls[PLAIN].maps[1]
    expected = look(plain, TELESCOPES["MaNGA"], generator_of(label, MANGA.key, 3))
    found = made.controls[MANGA.key].maps[1]
    np.testing.assert_array_equal(found.moments_CHW, expected.moments_CHW)
    np.testing.assert_array_equal(found.flux_CHW, expected.flux_CHW)


def test_other_galaxies_variants_and_unused_images_change_no_motion(made, dataset):
    names = dataset.galaxy_names[:2]
    again, _ = variant_maps(dataset, names, (EDGE, MANGA), seed=3, images=False)
    for variant in (EDGE, MANGA):
        pairs = zip(again.controls[variant.key].maps, made.controls[variant.key].maps, strict=True)
        for one, other in pairs:
            np.testing.assert_array_equal(one.moments_CHW, other.moments_CHW)
    np.testing.assert_array_equal(
        again.controls[EDGE.key].maps[0].flux_CHW, made.controls[PLAIN].maps[0].flux_CHW
    )


def test_coarser_pixels_keep_sums_and_are_of_one_value(made):
    plain = made.controls[PLAIN].maps[0]
    for pixels in (8, 12, 48):
        coarse = coarse_motion(plain.moments_CHW, pixels)
        step = 48 // pixels
        blocks = coarse.reshape(4, pixels, step, pixels, step)
        assert np.ptp(blocks, axis=(2, 4)).max() == 0
        np.testing.assert_allclose(
            blocks[:, :, 0, :, 0], rebin(plain.moments_CHW, pixels), rtol=1e-5, atol=1.0
        )
    odd = coarse_motion(np.ones((4, 96, 96)), 32)
    assert odd.shape == (4, 48, 48)
    assert set(np.unique(odd)) == {9.0}
    light = coarse_light(plain.flux_CHW, 30)
    np.testing.assert_allclose(light.sum(), plain.flux_CHW.sum(), rtol=1e-5)
    assert np.ptp(light[:, :10, :10], axis=(1, 2)).max() == 0


def test_coarse_pixels_of_a_rotating_sheet_have_its_spread():
    side = 96
    v_HW = np.tile(100 * pixel_centres(side), (side, 1))
    sheet = np.stack([np.full_like(v_HW, 2), np.ones_like(v_HW), v_HW, v_HW**2])
    maps = coarse_motion(sheet, 8)
    sigma = np.sqrt(maps[3] / maps[1] - (maps[2] / maps[1]) ** 2)
    np.testing.assert_allclose(sigma, np.std(v_HW[0, :12]), rtol=1e-9)


def test_wrong_variants_are_refused():
    for kind, value, rule in (
        (TELESCOPE, "Hubble", "preset must be one of"),
        (VIEW, "aside", "view must be"),
        (MOTION, 64, "pixels of motion must be 1 to 48 or 96, got 64"),
        (LIGHT, 70, "pixels of images must divide 300, got 70"),
        (STARS, 5, "stars must be at least 100, got 5"),
    ):
        with pytest.raises(ValueError, match=rule):
            Variant(kind, value)


def test_without_files_other_lines_of_sight_are_missing(dataset):
    moved = replace(dataset, samples=dataset.samples.assign(source="/nowhere/cutout.hdf5"))
    (galaxy,) = variant_maps(moved, moved.galaxy_names[:1], (EDGE, SMALL))
    assert galaxy.reason == GONE
    assert list(galaxy.controls) == [PLAIN, SMALL.key]
    seen = VariantDataSet.of(moved, EDGE)
    with pytest.raises(DataSetError, match=GONE):
        next(seen.read_maps([0]))


def test_a_data_set_of_a_variant_reads_its_maps(made, dataset):
    seen = VariantDataSet.of(dataset, MANGA, seed=3)
    assert len({seen.checksum, dataset.checksum, VariantDataSet.of(dataset, SDSS).checksum}) == 3
    read = dict(seen.read_maps([2, 0]))
    for place, number in ((0, 2), (1, 0)):
        expected = made.controls[MANGA.key].maps[number].moments_CHW
        np.testing.assert_array_equal(read[place].moments_CHW, expected)


@pytest.fixture(scope="module")
def tested(runs, dataset):
    networks = networks_for(dataset, VARIANTS)
    return measure_variants(dataset, VARIANTS, networks, device="cpu")


def rows_of(result, inputs, target="log_mtot_1rhsm"):
    rows = [row for row in result["rows"] if (row["inputs"], row["target"]) == (inputs, target)]
    return {row["variant"]: row for row in rows}


def test_networks_are_tested_on_what_they_see(tested):
    motion, image = rows_of(tested, "2V"), rows_of(tested, "r")
    assert list(motion) == [PLAIN, *(each.key for each in (MANGA, EDGE, SMALL, FEW))]
    assert list(image) == [PLAIN, *(each.key for each in (MANGA, SDSS, EDGE, FEW, BLURRED))]
    assert len({row["n"] for row in [*motion.values(), *image.values()]}) == 1
    assert motion[PLAIN]["difference"]["value"] == 0
    assert motion[PLAIN]["training_seeds"] == [0, 1]
    assert tested["missing"] == tested["left_out"] == {}
    std = [open_run(name).scatter("log_mtot_1rhsm") for name in motion[PLAIN]["runs"]]
    assert motion[PLAIN]["std"]["value"] == pytest.approx(np.mean(std), rel=1e-4)
    assert motion[MANGA.key]["std"]["value"] != motion[PLAIN]["std"]["value"]


def test_a_measurement_that_was_killed_goes_on(tested, dataset, monkeypatch):
    networks = networks_for(dataset, VARIANTS)
    monkeypatch.setattr(control_batches, "predict_controls", None)
    assert measure_variants(dataset, VARIANTS, networks, device="cpu") == tested


def test_one_run_is_tested_and_others_are_refused(runs, dataset):
    (network,) = networks_for(dataset, VARIANTS, open_run("r-0"))
    assert (network.inputs, len(network.runs)) == ("r", 1)
    assert network.controls == (PLAIN, *(each.key for each in VARIANTS if each != SMALL))
    with pytest.raises(ValueError, match=r"must have a network \(run r-0\) that sees what changes"):
        networks_for(dataset, [SMALL], open_run("r-0"))
    bare = replace(dataset, info=dataset.info | {"shards": {}})
    with pytest.raises(ValueError, match="must have maps for telescopes and resolutions"):
        networks_for(bare, VARIANTS)


def test_the_commands_print_tables_json_and_csv(tested, dataset, capsys, tmp_path):
    words = [str(dataset.path), "--device", "cpu", "--workers", "1"]
    out = tmp_path / "seen.csv"
    assert main(["telescope", *words, "--preset", "manga", "--out", str(out)]) == 0
    text = capsys.readouterr().out
    assert "by MaNGA" in text
    assert "--train has networks learn from each" in text
    table = pd.read_csv(out)
    assert set(table["variant"]) == {PLAIN, "telescope MaNGA"}
    words = ["resolution", *words, "--motion", "8", "--images", "30,300", "--json"]
    assert main(words) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["missing"] == {
        "image 300": "no network that learned from maps as they are has images of more pixels"
    }
    assert {row["variant"] for row in content["rows"]} == {PLAIN, SMALL.key, BLURRED.key}
    assert rows_of(content, "2V")[SMALL.key]["std"] == rows_of(tested, "2V")[SMALL.key]["std"]
    assert main(["telescope", str(dataset.path), "--train", "--run", "r-0"]) == 2
    assert "--run must go without --train" in capsys.readouterr().err


def test_the_command_offers_every_preset():
    assert tuple(TELESCOPES) == PRESETS


def test_one_number_of_a_preset_is_changed_and_its_noise_is_the_same(dataset, capsys, tmp_path):
    out = tmp_path / "seen.csv"
    words = ["telescope", str(dataset.path), "--device", "cpu", "--out", str(out)]
    assert main([*words, "--preset", "MaNGA", "--set", "instrument=72,150", "--set", "bins=0"]) == 0
    assert "by MaNGA, instrument 150" in capsys.readouterr().out
    table = pd.read_csv(out).query("target == 'log_mtot_1rhsm' and inputs == '2V'")
    std = table.set_index("variant")["std_value"]
    preset = std["telescope MaNGA"]
    assert std["telescope MaNGA instrument:72"] == preset  # which has this number
    assert std["telescope MaNGA instrument:150"] != preset
    assert std["telescope MaNGA bins:0"] != preset
    assert main([*words, "--preset", "SDSS", "--set", "bins=0"]) == 2
    assert "setting of SDSS must be one of psf, depth" in capsys.readouterr().err


def test_networks_learn_from_each_and_are_tested_on_it(dataset, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    words = ["telescope", str(dataset.path), "--preset", "MaNGA", "--train", "--repeats", "2"]
    words += ["--epochs", "1", "--device", "cpu", "--workers", "1", "--json"]
    assert main(words) == 0
    content = json.loads(capsys.readouterr().out)
    rows = [row for row in content["rows"] if row["target"] == "log_mtot_1rhsm"]
    assert [(row["variant"], row["learned"]) for row in rows] == [
        (PLAIN, True),
        (MANGA.key, False),
        (MANGA.key, True),
    ]
    assert all(row["training_seeds"] == [0, 1] for row in rows)
    assert rows[1]["runs"] == rows[0]["runs"] != rows[2]["runs"]
    monkeypatch.setattr("galmass_core.networks.training.train_epochs", None)
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out) == content


def test_without_files_no_network_learns_from_other_lines_of_sight(dataset):
    moved = replace(dataset, samples=dataset.samples.assign(source="/nowhere/cutout.hdf5"))
    with pytest.raises(ValueError, match=f"{GONE}, which must be there for view edge-on"):
        learn_variants(moved, [EDGE])


def test_resolutions_are_learned_and_the_finest_only_that(dataset, tmp_path, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    wanted = (SMALL, Variant(MOTION, 96), BLURRED, Variant(LIGHT, 60))
    networks, learned = learn_variants(dataset, wanted, repeats=1, epochs=1, device="cpu")
    result = measure_variants(dataset, wanted, networks, learned, device="cpu")
    found = {(row["inputs"], row["variant"], row["learned"]) for row in result["rows"]}
    assert found == {
        ("2V", PLAIN, True),
        ("2V", SMALL.key, False),
        ("2V", SMALL.key, True),
        ("2V", "motion 96", True),
        ("r", PLAIN, True),
        ("r", BLURRED.key, False),
        ("r", BLURRED.key, True),
    }
    finest = learned["2V", "motion 96"][0]
    assert finest.config["maps"] == ["V96", "sigma96"]
    assert not {"V96", "sigma96"} & set(MAPS)
    assert check_folder(tmp_path).faults == []
    again = learn_variants(dataset, wanted, repeats=1, epochs=1, device="cpu")
    assert [run.path for run in again[1]["2V", "motion 96"]] == [finest.path]
    existing = measure_variants(dataset, wanted, networks, device="cpu")
    assert existing["missing"]["motion 96"] == "networks that exist have fewer: add --train"


def test_notes_say_what_is_missing():
    rows = [{"learned": True, "runs": ["one"]}]
    result = {"rows": rows, "missing": {"stars 1000": GONE, "view 60": GONE}, "left_out": {}}
    assert variant_notes(result) == [
        "one training each: the errors have no noise of training",
        f"not available: 1,000 stars at most ({GONE})",
        f"not available: 60° inclined ({GONE})",
    ]
