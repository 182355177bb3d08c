from dataclasses import replace

import numpy as np
import pytest

from galmass_core.measurements.targets import measure_targets
from galmass_core.sources import read_galaxy
from galmass_core.synthetic.physics import UNIVERSES, Physics, mass_excess
from galmass_core.synthetic.universe import draw_demands, write_universe

GALAXIES = 5


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Measured quantities of the same galaxies in both universes, (galaxies,) by column."""
    columns = {}
    for universe in UNIVERSES:
        folder = tmp_path_factory.mktemp(universe)
        write_universe(folder, GALAXIES, 3, universe=universe)
        rows = [measure(read_galaxy(folder, number)) for number in range(GALAXIES)]
        columns[universe] = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    return columns


def measure(galaxy):
    gas = np.log10(galaxy.gas.masses.sum()) if len(galaxy.gas.masses) else np.nan
    return measure_targets(galaxy) | {"log_gas": gas, "name": str(galaxy.name)}


def difference(measured, key):
    return measured["variant"][key] - measured["reference"][key]


def test_reference_changes_nothing():
    demand = draw_demands(1, 3)[0][0]
    assert Physics().change(demand) == demand


def test_unknown_universe_lists_the_known():
    with pytest.raises(ValueError, match="universe must be one of reference, variant, got 'none'"):
        draw_demands(1, 3, "none")


def test_other_universe_has_the_same_galaxies_with_other_physics():
    ours, theirs = (draw_demands(30, 3, universe)[0] for universe in ("reference", "variant"))
    changed = ("mdm_1rhsm", "mdm_2rhsm", "mgas", "mgas_1rhsm", "mgas_2rhsm", "mass_excess")
    kept = {name: getattr(theirs[7], name) for name in changed}
    assert replace(ours[7], **kept) == theirs[7]


def test_names_tell_the_universes_apart(measured):
    names = [measured[universe]["name"][0] for universe in UNIVERSES]
    assert names == ["synthetic/demo-3-5/99/0", "synthetic/demo-variant-3-5/99/0"]


def test_stellar_masses_are_the_same(measured):
    assert difference(measured, "log_mstar_1rhsm") == pytest.approx(0.0, abs=0.005)


def test_halo_response_comes_out_in_dark_matter(measured):
    put_in = UNIVERSES["variant"].halo_response
    assert difference(measured, "log_mdm_1rhsm").mean() == pytest.approx(put_in, abs=0.02)
    assert difference(measured, "log_mdm").mean() == pytest.approx(0.0, abs=0.03)


def test_gas_comes_out(measured):
    put_in = UNIVERSES["variant"].gas
    assert np.nanmedian(difference(measured, "log_gas")) == pytest.approx(put_in, abs=0.02)


def test_dwarf_stars_come_out_in_mass_to_light(measured):
    faintness = 0.4 * difference(measured, "abs_mag_r_intrinsic")  # at the same stellar mass
    put_in = np.log10(mass_excess(UNIVERSES["variant"].imf_slope))
    assert faintness == pytest.approx(put_in, abs=0.01)
    assert difference(measured, "g_minus_r_intrinsic") == pytest.approx(0.0, abs=0.02)


def test_salpeter_is_two_thirds_heavier_than_kroupa():
    assert mass_excess(1.3) == 1.0
    assert mass_excess(2.3) == pytest.approx(1.69, abs=0.02)
    assert mass_excess(2.0) == pytest.approx(mass_excess(1.999), rel=1e-3)
