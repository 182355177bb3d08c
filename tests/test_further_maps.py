"""Maps beside the paper's against galaxies whose maps are known, from particles to a network."""

import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import make_galaxy
from demo_folder import write_demo_galaxies
from toy_maps import make_map_dataset

from galmass_core.assets import asset
from galmass_core.cli import main as galmass
from galmass_core.datasets.build import build_dataset
from galmass_core.datasets.capabilities import further_maps, lacking, unknown_inputs
from galmass_core.datasets.combine import combine_datasets
from galmass_core.datasets.dataset import open_dataset
from galmass_core.datasets.folders import DataSetError
from galmass_core.datasets.variants import MOTION, STARS, TELESCOPE, VIEW, Variant, variant_maps
from galmass_core.galaxy import Galaxy, Gas
from galmass_core.imaging.maps import GalaxyMaps, MapConfig, rebin, render_maps
from galmass_core.learning.experiments import experiment, usable_rows
from galmass_core.networks.presets import TrainingConfig
from galmass_core.networks.stacks import map_of, open_stacks
from galmass_core.quantities import CHANNELS, MAPS, further_keys, map_keys, map_spec
from galmass_core.training.model_runs import train_run
from galmass_core.training.run_predictions import load_model

ALL = MapConfig(light_pixels=60, dust="none", channels=tuple(CHANNELS))
RNG = np.random.default_rng(5)
NOTHING = np.zeros((2, 4, 4), np.float32)


def sums_of(v, weights):
    """Return the maps of one pixel that holds stars of these velocities and weights."""
    powers = np.array([weights, *(weights * v**power for power in range(1, 5))]).sum(axis=1)
    moments = np.array([len(v), *powers[:3]]).reshape(4, 1, 1).astype(np.float32)
    shapes = powers[3:].reshape(2, 1, 1).astype(np.float32)
    return GalaxyMaps(
        flux_CHW=NOTHING,
        moments_CHW=moments,
        half_mass_radius=1.0,
        half_width=3.0,
        further={"shapes": shapes},
    )


def shape_of(v, weights):
    """Return skewness / (4 sqrt 3) and excess kurtosis / (8 sqrt 6) in float64."""
    mean = np.average(v, weights=weights)
    variance, third, fourth = (np.average((v - mean) ** k, weights=weights) for k in (2, 3, 4))
    return third / variance**1.5 / 48**0.5, (fourth / variance**2 - 3) / 384**0.5


def at(maps, key):
    return float(maps.view(key, 1)[0, 0])


def rotating_gas(v=200.0, radius=1.5):
    """Return a ring of neutral cells in the (x, y) plane that turns, and hot gas that rushes by."""
    angle = np.linspace(0, 2 * np.pi, 4000, endpoint=False)
    ring = np.stack([radius * np.cos(angle), radius * np.sin(angle), 0 * angle], axis=1)
    turning = v * np.stack([-np.sin(angle), np.cos(angle), 0 * angle], axis=1)
    count = 2 * len(angle)
    return Gas(
        positions=np.concatenate([ring, RNG.normal(0, 1, ring.shape)]),
        velocities=np.concatenate([turning, np.full_like(turning, 900.0)]),
        masses=np.full(count, 2e4),
        neutral_hydrogen_masses=np.repeat([1e4, 0.0], len(angle)),
        metallicities=np.full(count, 0.02),
        star_formation_rates=np.zeros(count),
        smoothing_lengths=np.full(count, 0.1),
    )


@pytest.fixture(scope="module")
def galaxy():
    """A cloud of stars of many masses, ages and metallicities, skewed velocities, with gas."""
    positions, velocities = RNG.normal(0, 1, (20_000, 3)), RNG.gumbel(0, 60, (20_000, 3))
    made = make_galaxy(positions, velocities, RNG.uniform(1e5, 1e6, 20_000), gas=rotating_gas())
    own = {"ages": RNG.uniform(1, 12, 20_000), "metallicities": RNG.uniform(0.01, 0.03, 20_000)}
    return replace(made, stars=replace(made.stars, **own))


@pytest.fixture(scope="module")
def maps(galaxy):
    return render_maps(galaxy, "z", ALL)


@pytest.fixture(scope="module")
def populated(tmp_path_factory):
    return make_map_dataset(tmp_path_factory.mktemp("data") / "old", 24, seed=1, populations=True)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return data sets of two galaxies, one without and one with all channels."""
    folder = tmp_path_factory.mktemp("built")
    cutouts = write_demo_galaxies(folder / "cutouts", count=2)
    more = write_demo_galaxies(folder / "more", count=1)
    plain = build_dataset([more], folder / "plain")
    return plain, build_dataset([cutouts], folder / "rich", channels=["gas", "all"])


def test_further_maps_are_not_among_those_always_shown():
    assert map_keys() == ("r", "g-r", "V", "sigma")
    assert further_keys() == (
        *("stars", "mass", "age", "metallicity"),
        *("h3", "h4", "V_gas", "sigma_gas"),
    )
    assert experiment("mtot/r+2V+age").maps == ("r", "V", "sigma", "age")
    assert experiment("mstar,mtot/2V+h3+V_gas+sigma_gas").maps[2:] == ("h3", "V_gas", "sigma_gas")


def test_uniform_rotation_has_no_h3():
    v = np.concatenate([250 + np.linspace(-90, 90, 51)])
    h3 = at(sums_of(v, np.ones(51)), "h3")
    assert h3 == pytest.approx(0.0, abs=2e-5)


def test_a_gaussian_has_neither_h3_nor_h4():
    v = RNG.normal(120, 80, 400_000)
    found = sums_of(v, np.ones(len(v)))
    assert at(found, "h3") == pytest.approx(0.0, abs=2e-3)
    assert at(found, "h4") == pytest.approx(0.0, abs=2e-3)


@pytest.mark.parametrize("shift", [0.0, 300.0])
def test_two_components_have_the_shape_that_float64_gives(shift):
    # a cold disc in front of a slow, hot bulge; shifted by 10 of the disc's dispersions
    v = shift + np.concatenate([RNG.normal(0, 30, 3000), RNG.normal(-90, 80, 1000)])
    weights = RNG.uniform(1e6, 1e8, len(v))
    found, (h3, h4) = sums_of(v, weights), shape_of(v, weights)
    assert h3 < -0.1
    assert h4 > 0.05
    assert at(found, "h3") == pytest.approx(h3, abs=1e-3)
    assert at(found, "h4") == pytest.approx(h4, abs=2e-3)


def test_sums_in_single_precision_hold_up_to_thirty_dispersions():
    v, weights = 300 + RNG.normal(0, 10, 5000), RNG.uniform(1e6, 1e8, 5000)
    assert at(sums_of(v, weights), "h4") == pytest.approx(shape_of(v, weights)[1], abs=0.02)


def test_nine_stars_have_no_shape_and_ten_have():
    v = RNG.normal(0, 50, 10)
    assert np.isnan(at(sums_of(v[:9], np.ones(9)), "h3"))
    assert np.isfinite(at(sums_of(v, np.ones(10)), "h4"))


def test_mass_map_holds_the_stellar_mass_of_the_frame(galaxy, maps):
    inside = (np.abs(galaxy.stars.positions[:, :2]) < 3).all(axis=1)
    total = maps.view("mass").sum(dtype=float)
    assert total == pytest.approx(galaxy.stars.masses[inside].sum(), rel=1e-6)


def test_star_map_counts_the_stars(galaxy, maps):
    assert maps.view("stars").sum() == maps.moments_CHW[0].sum()


def test_age_map_of_a_galaxy_of_two_ages():
    ages = np.repeat([2.0, 8.0], [60, 40])
    toy = make_galaxy(np.stack([np.repeat([-1.0, 1.0], [60, 40]), ages * 0, ages * 0], axis=1))
    toy = replace(toy, stars=replace(toy.stars, ages=ages, metallicities=0.001 * ages))
    seen = render_maps(toy, "z", ALL)
    age = seen.view("age")
    assert sorted(np.unique(age[np.isfinite(age)])) == [2.0, 8.0]
    assert np.nanmin(age[:, :24]) == np.nanmax(age[:, :24]) == 2.0
    assert at(seen, "age") == pytest.approx(0.6 * 2 + 0.4 * 8)
    assert at(seen, "metallicity") == pytest.approx(0.0044)


def test_gas_turns_and_hot_gas_does_not_count(galaxy):
    # along x: right is y, and cells at y recede with v_x = -200 y / 1.5
    seen = render_maps(galaxy, "x", ALL)
    velocity = seen.view("V_gas", 12)
    row = velocity[np.isfinite(velocity).any(axis=1)][0]
    centres = np.clip((np.arange(12) + 0.5) / 2 - 3, -1.5, 1.5)
    known = np.isfinite(row)
    np.testing.assert_allclose(row[known], -200 * centres[known] / 1.5, atol=15)
    assert np.nanmax(seen.view("sigma_gas", 48)) < 60


def test_one_cell_of_gas_has_no_dispersion(galaxy):
    one = Gas(**{name: values[:1] for name, values in vars(rotating_gas()).items()})
    seen = render_maps(replace(galaxy, gas=one), "z", ALL)
    assert np.isfinite(seen.view("V_gas")).sum() == 1
    assert np.isnan(seen.view("sigma_gas")).all()


def test_reversed_velocities_change_the_sign_of_odd_maps_alone(galaxy, maps):
    gas = replace(galaxy.gas, velocities=-galaxy.gas.velocities)
    stars = replace(galaxy.stars, velocities=-galaxy.stars.velocities)
    back = render_maps(replace(galaxy, stars=stars, gas=gas), "z", ALL)
    for key in (*map_keys(), *further_keys()):
        sign = -1 if MAPS[key].odd else 1
        there, here = (each.view(key, MAPS[key].side(60)) for each in (back, maps))
        np.testing.assert_allclose(there, sign * here, rtol=1e-4, atol=2e-3)
    assert [key for key in further_keys() if MAPS[key].odd] == ["h3", "V_gas"]


@pytest.mark.parametrize("key", further_keys())
def test_coarser_pixels_are_as_if_stars_had_been_put_into_them(galaxy, maps, key):
    coarse = render_maps(galaxy, "z", replace(ALL, kinematic_pixels=48))
    np.testing.assert_allclose(maps.view(key, 48), coarse.view(key, 48), rtol=1e-4, atol=2e-4)


def test_what_a_galaxy_lacks_is_not_a_number():
    stars = {
        "positions": RNG.normal(0, 3, (500, 3)),
        "velocities": RNG.normal(0, 90, (500, 3)),
        "masses": np.full(500, 1e6),
    }
    seen = render_maps(Galaxy.from_arrays(stars=stars), "z", ALL)
    for key in ("age", "metallicity", "V_gas", "sigma_gas"):
        assert np.isnan(seen.view(key)).all()
    assert seen.view("mass").sum() > 0


def test_maps_without_a_channel_say_so(galaxy):
    seen = render_maps(galaxy, "z", replace(ALL, channels=()))
    with pytest.raises(ValueError, match="age map is made from populations, which these maps do"):
        seen.view("age")
    with pytest.raises(ValueError, match="channels must be of populations, shapes, gas, got 'dus"):
        MapConfig(channels=("dust",))


def test_a_build_stores_what_it_was_asked_for(built):
    plain, rich = built
    assert "channels" not in plain.info["maps"]
    assert rich.channels == tuple(CHANNELS)
    assert further_maps(plain) == ("stars",)
    assert further_maps(rich) == further_keys()
    one, two = plain.maps(plain.galaxy_names[0], "y"), rich.maps(plain.galaxy_names[0], "y")
    np.testing.assert_array_equal(one.flux_CHW, two.flux_CHW)
    np.testing.assert_array_equal(one.moments_CHW, two.moments_CHW)
    assert not one.further
    kinds = {name: array.dtype for name, array in two.further.items()}
    assert kinds == dict.fromkeys(CHANNELS, np.dtype("f4"))


def test_a_data_set_that_lacks_a_map_says_where_it_comes_from(built, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    plain, rich = built
    sentence = "it has no maps of age, h₃: they come with galmass build --channels populations sh"
    assert lacking(plain, ["r", "h3", "age"]).startswith(sentence.replace("age, h₃", "h₃, age"))
    assert not lacking(rich, further_keys())
    with pytest.raises(DataSetError, match="no maps of V_gas: they come with"):
        open_stacks(plain, ["V_gas"])
    assert galmass(["train", str(plain.path), "--experiment", "mstar/r+age"]) == 2
    assert "no maps of age" in capsys.readouterr().err
    galmass(["info", str(rich.path)])
    assert "further maps: stars, mass, age, metallicity, h3, h4, V_gas" in capsys.readouterr().out


def test_an_unknown_channel_is_refused_before_galaxies_are_drawn(tmp_path, capsys):
    command = ["demo", "--galaxies", "3", "--channels", "dust", "--out", str(tmp_path / "new")]
    assert galmass(command) == 2
    assert "channels must be of populations, shapes, gas, got 'dust'" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_demo_with_fewer_channels_than_asked_for_is_not_taken(tmp_path, capsys):
    command = ["demo", "--galaxies", "2", "--workers", "1", "--out", str(tmp_path / "two")]
    assert galmass(command) == 0
    assert galmass([*command, "--channels", "gas"]) == 2
    assert "have the channels gas, has none" in capsys.readouterr().err


def test_an_old_data_set_has_all_that_it_had():
    old = open_dataset(asset("showcase"))
    assert old.channels == ()
    assert further_maps(old) == ("stars",)


def test_combined_data_sets_have_the_maps_that_all_have(built, tmp_path):
    both = combine_datasets(built, tmp_path / "both")
    assert both.channels == ()
    assert "plain lacks maps of populations, shapes, gas" in both.info["differences"]
    assert not both.maps(both.galaxy_names[0], "x").further


def test_variants_have_the_maps_of_what_they_see(built):
    rich, few, coarse = built[1], Variant(STARS, 10**9), Variant(MOTION, 12)
    spectra, view = Variant(TELESCOPE, "MaNGA"), Variant(VIEW, "face-on")
    name = rich.galaxy_names[:1]
    (found,) = variant_maps(rich, name, [few, coarse, spectra, view], images=False)
    stored, stars, blocks, observed, face_on = (
        found.controls[key].maps[0] for key in ("plain", few.key, coarse.key, spectra.key, view.key)
    )
    for channel in CHANNELS:
        here, there = (rebin(each.further[channel], 12) for each in (stored, stars))
        np.testing.assert_allclose(there, here, rtol=1e-5)
        per_pixel = rebin(blocks.further[channel], 12) / 16  # each pixel is there 4 x 4 times
        np.testing.assert_allclose(per_pixel, here, rtol=1e-5)
    turning = [np.nanstd(each.view("V_gas", 12)) for each in (face_on, stored)]
    assert turning[0] < 0.3 * turning[1]
    assert not observed.further
    assert [each.can_show(map_spec("age")) for each in (few, coarse, spectra)] == [1, 1, 0]
    assert spectra.can_show(map_spec("V"))


def test_samples_whose_files_lack_a_map_are_left_out(populated):
    samples = populated.samples.assign(
        n_gas=np.where(np.arange(len(populated)) < 3, np.nan, 5.0),
        notes=np.where(np.arange(len(populated)) < 6, "stars/ages is missing: all are old.", ""),
    )
    for maps, left_out in ((("V_gas",), 3), (("age", "r"), 6), (("mass",), 0)):
        usable, why = usable_rows(samples, [], maps=maps)
        assert (~usable).sum() == sum(why.values()) == left_out
    assert dict(unknown_inputs(samples, ["r", "V"])) == {}


@pytest.mark.parametrize(("masked", "single"), [(False, 0.0), (True, 40.0)])
def test_a_single_star_is_learned_in_both_readings(masked, single):
    moments = np.zeros((4, 48, 48), np.float32)
    moments[:, 3, 5] = 1, 2, 2 * 70, 2 * 70**2  # one star of twice the light
    moments[:, 8, 8] = 2, 2, 0, 2 * 30**2  # two with v = ± 30
    maps = GalaxyMaps(flux_CHW=NOTHING, moments_CHW=moments, half_mass_radius=1.0, half_width=3.0)
    whole = float(maps.view("sigma", 1)[0, 0])
    seen = map_of(maps, "sigma", 48, mask_sparse=masked)
    assert seen[8, 8] == pytest.approx(30)
    assert seen[3, 5] == seen[0, 0] == pytest.approx(whole if masked else 0.0)
    assert whole == pytest.approx(np.hypot(35, np.sqrt(450)), rel=1e-6)
    assert single == 0 or seen[3, 5] > single
    np.testing.assert_array_equal(
        map_of(maps, "V", 48, mask_sparse=masked), np.nan_to_num(maps.view("V", 48))
    )


def test_a_star_differs_from_none_in_the_input():
    moments = np.zeros((4, 48, 48), np.float32)
    moments[:, 1, 1] = 1, 1, 0, 0
    maps = GalaxyMaps(flux_CHW=NOTHING, moments_CHW=moments, half_mass_radius=1.0, half_width=3.0)
    seen, (low, high) = map_of(maps, "stars", 48), map_spec("stars").limits
    assert (seen[1, 1], seen[0, 0]) == (0.0, low)
    assert high > 4


def test_a_network_learns_from_a_further_map_and_is_loaded(populated, tmp_path, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    config = TrainingConfig(width=0.03, epochs=1, batch=10, augment=True, mask_sparse=True)
    run = train_run(populated, "mstar/2V+stars+age", training=config, path=tmp_path / "run")
    assert run.config["maps"] == ["V", "sigma", "stars", "age"]
    assert run.config["training"]["mask_sparse"] is True
    assert json.loads((run.path / "scaler.json").read_text())["limits"]["age"] == [0, 14]
    model = load_model(run)
    _, maps = next(populated.read_maps([4]))
    rows = np.array([4])
    there, at_hand = model.predict(populated, rows, device="cpu"), model.predict_maps([maps])
    assert model.mask_sparse
    np.testing.assert_allclose(there, at_hand, rtol=1e-5)
    assert "mask_sparse" not in TrainingConfig().settings()
