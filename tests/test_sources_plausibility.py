import json

import numpy as np
import pytest
from galaxy_files import tng_particles, write_cutout

from galmass_core.galaxy import GalaxyFileError
from galmass_core.sources import read_galaxy


@pytest.mark.parametrize(
    ("field", "factor", "message"),
    [
        ("Coordinates", 1e-3, "half-mass radius of the stars must be 0.05 to 200 kpc"),  # Mpc
        ("Coordinates", 1e3, "half-mass radius of the stars must be 0.05 to 200 kpc"),
        ("Masses", 6e4, "the stellar mass must be 1e5 to 1e13 Msun"),
        ("Masses", 1e10, "PartType4/Masses must be 0 to 1e\\+12 Msun"),  # Msun
        ("Masses", 1e-9, "the stellar mass must be 1e5 to 1e13 Msun"),
    ],
)
def test_units_that_no_galaxy_has_are_refused(tmp_path, field, factor, message):
    particles = tng_particles(centre=(0.0, 0.0, 0.0))
    for datasets in particles.values():
        if field == "Coordinates":
            near = datasets[field] - 75000.0 * np.rint(datasets[field] / 75000.0)
            datasets[field] = near * factor
        elif field in datasets:
            datasets[field] = datasets[field] * factor
    with pytest.raises(GalaxyFileError, match=message) as caught:
        read_galaxy(write_cutout(tmp_path, particles))
    assert "got R_hsm = " in str(caught.value) or "check its unit" in str(caught.value)


def test_centre_far_from_the_stars_is_refused(tmp_path):
    path = write_cutout(tmp_path)
    record = {"pos_x": 1e4 + 300.0, "pos_y": 2e4, "pos_z": 3e4, "halfmassrad_stars": 1.5}
    path.with_suffix(".json").write_text(json.dumps(record))
    with pytest.raises(GalaxyFileError, match="half of the stars must be within 5 R_hsm"):
        read_galaxy(path)
