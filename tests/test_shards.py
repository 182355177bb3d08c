from dataclasses import replace

import h5py
import numpy as np
import pandas as pd
import pytest

from galmass_core.datasets.shards import (
    PROFILE_COLUMNS,
    append_galaxy,
    create_shard,
    decode_light,
    encode_galaxy,
    encode_light,
    read_maps,
    read_profiles,
)
from galmass_core.imaging.maps import GalaxyMaps


def image(decades, seed=0, dark=0.2):
    """Return an image whose lit pixels span so many decades up to 1e8 Lsun."""
    rng = np.random.default_rng(seed)
    flux = 10 ** rng.uniform(8 - decades, 8, (300, 300))
    return np.where(rng.random((300, 300)) < dark, 0.0, flux).astype(np.float32)


def decoded(flux, **options):
    codes, scale = encode_light(flux, **options)
    return decode_light(codes[None], scale[None])[0]


@pytest.mark.parametrize("decades", [0.01, 1, 6, 12, 45])
def test_every_pixel_comes_back_within_a_thousandth(decades):
    flux = image(decades)
    np.testing.assert_allclose(decoded(flux), flux, rtol=1e-3)


def test_coarse_steps_are_still_within_a_thousandth():
    flux = image(6)
    np.testing.assert_allclose(decoded(flux, min_step=8e-4), flux, rtol=1e-3)
    assert encode_light(flux, min_step=8e-4)[0].max() <= 1 + 6 / 8e-4


def test_twelve_decades_come_back_far_better_than_asked():
    flux = image(12)
    np.testing.assert_allclose(decoded(flux), flux, rtol=2.2e-4)


def test_dark_pixels_stay_exactly_dark():
    flux = image(6)
    np.testing.assert_array_equal(decoded(flux) == 0, flux == 0)


def test_dark_image_comes_back_dark():
    assert not decoded(np.zeros((300, 300), np.float32)).any()


def test_image_of_one_brightness_comes_back():
    np.testing.assert_allclose(decoded(np.full((300, 300), 7.0, np.float32)), 7.0, rtol=1e-6)


def test_codes_are_linear_in_log_flux():
    flux = np.geomspace(1.0, 1e6, 7, dtype=np.float32).reshape(1, 7)
    codes, scale = encode_light(flux)
    np.testing.assert_allclose(scale, [0, 6 / 65534], atol=1e-6)
    np.testing.assert_allclose(np.diff(codes[0].astype(int)), 65534 / 6, atol=1)


@pytest.mark.parametrize("wrong", [-1.0, np.nan, np.inf])
def test_light_that_cannot_be_is_refused(wrong):
    flux = image(6)
    flux[3, 4] = wrong
    with pytest.raises(ValueError, match="light must be finite and >= 0"):
        encode_light(flux)


def toy_entry(seed, *, packed=False):
    """Return three samples of random maps, and their encoded form with profiles."""
    rng = np.random.default_rng(seed)
    moments = rng.normal(size=(3, 4, 96, 96)).astype(np.float32)
    moments[:, 0] = rng.integers(0, 70_000, (3, 96, 96))
    samples = [
        GalaxyMaps(
            flux_CHW=np.stack([image(6, seed), image(5, seed + 1)]),
            moments_CHW=moments[number],
            half_mass_radius=1.0,
            half_width=3.0,
        )
        for number in range(3)
    ]
    profiles = pd.DataFrame(rng.random((64, 6)), columns=list(PROFILE_COLUMNS))
    return samples, profiles, encode_galaxy(samples, profiles, packed=packed)


@pytest.mark.parametrize("packed", [False, True])
def test_maps_and_profiles_survive_the_file(tmp_path, packed):
    toys = [toy_entry(0, packed=packed), toy_entry(5, packed=packed)]
    with h5py.File(tmp_path / "shard.h5", "w") as shard:
        firsts = [append_galaxy(shard, entry, packed=packed) for _, _, entry in toys]
    assert firsts == [0, 3]
    with h5py.File(tmp_path / "shard.h5") as shard:
        for first, (samples, profiles, _) in zip(firsts, toys, strict=True):
            for row, maps in enumerate(samples, start=first):
                ((flux, moments, further),) = read_maps(shard, [row])
                np.testing.assert_allclose(flux, maps.flux_CHW, rtol=1e-3)
                np.testing.assert_array_equal(moments, maps.moments_CHW)
                assert not further
                assert flux.dtype == moments.dtype == np.float32
                read = read_profiles(shard, row)
                np.testing.assert_allclose(read, profiles, rtol=1e-6)


@pytest.mark.parametrize("packed", [False, True])
def test_samples_come_in_the_order_asked_for_as_the_datasets_say_one_by_one(tmp_path, packed):
    rows = np.array([4, 0, 5, 4, 2])
    with h5py.File(tmp_path / "shard.h5", "w") as shard:
        for seed in (0, 5):
            append_galaxy(shard, toy_entry(seed, packed=packed)[2], packed=packed)
        for row, (flux, moments, _) in zip(rows, read_maps(shard, rows), strict=True):
            codes = shard["light"][row].astype(float)
            (first, step), lit = shard["light_scale"][row].T[..., None, None], codes > 0
            truth = np.where(lit, 10 ** (first + (codes - 1) * step), 0)
            np.testing.assert_allclose(flux, truth, rtol=1e-5)
            np.testing.assert_array_equal(moments[0], shard["star_count"][row])
            np.testing.assert_array_equal(moments[1:], shard["moments"][row])


def test_equal_maps_give_equal_bytes(tmp_path):
    for name in ("one.h5", "two.h5"):
        with h5py.File(tmp_path / name, "w") as shard:
            append_galaxy(shard, toy_entry(0)[2])
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()


def test_images_of_any_order_in_memory_give_equal_bytes(tmp_path):
    entry = toy_entry(0)[2]
    turned = replace(
        entry, **{key: np.asfortranarray(getattr(entry, key)) for key in ("light", "moments")}
    )
    for name, each in (("rows", entry), ("columns", turned)):
        with create_shard(tmp_path / name) as shard:
            append_galaxy(shard, each)
    assert (tmp_path / "rows").read_bytes() == (tmp_path / "columns").read_bytes()


def test_every_dataset_says_its_unit(tmp_path):
    with h5py.File(tmp_path / "shard.h5", "w") as shard:
        append_galaxy(shard, toy_entry(0)[2])
        assert all(dataset.attrs["unit"] for dataset in shard.values())


def test_bytes_do_not_depend_on_how_long_python_keeps_datasets_open(tmp_path):
    entries = [toy_entry(seed)[-1] for seed in range(3)]
    for name in ("closed", "open"):
        with create_shard(tmp_path / name) as shard:
            kept = []
            for entry in entries:
                append_galaxy(shard, entry)
                if name == "open":
                    kept += [shard[key] for key in shard]
            kept.clear()
    assert (tmp_path / "closed").read_bytes() == (tmp_path / "open").read_bytes()
