"""Define all maps, features and targets: keys, symbols, units and descriptions.

They are used by columns of tables, CSV headers, HDF5 attributes, axis labels and the dashboard's
help.

A quantity has one name in each context, and these follow from each other. The mass of all matter
inside R_hsm is

- ``log_mtot_1rhsm`` as column of a data set: decimal logarithms begin with ``log_``, the aperture
  is last, and without one it is the total bound mass (``log_mtot``);
- ``mtot`` as target of an experiment (``mtot_2r`` inside 2 R_hsm): `Target.word`;
- ``Mtot`` in the paper's tables in ``assets/paper``: `Target.published`;
- ``M_tot(<R_hsm)`` on an axis: `Quantity.symbol`.

In code, ``log_mtot`` names a decimal logarithm and ``mtot`` a mass in Msun, as in the columns of
group catalogues (``mtot``, ``mtot_1rhsm``) and of mass profiles (``mtot`` inside each radius); the
same applies to ``mstar``, ``mdm`` and ``mgas``. Targets are in `targets`, masses of profiles in
`mass_profiles`, those inside R_e, in kpc and of all in `observed_targets`, maps in `maps`, and all
other columns in `columns`.
"""

from galmass_core.quantities.columns import COLUMNS, feature_key
from galmass_core.quantities.map_definition import CHANNELS, IMAGE_PIXELS, MOMENTS, MapSpec
from galmass_core.quantities.maps import (
    MAPS,
    OCCUPANCY,
    further_keys,
    has_images,
    has_kinematics,
    is_registered,
    map_keys,
    map_spec,
    register_map,
)
from galmass_core.quantities.mass_profiles import (
    PROFILE_MASSES,
    PROFILE_QUANTITIES,
    PROFILE_RADII,
    profile_column,
    profile_columns,
    profile_sequences,
)
from galmass_core.quantities.observed_targets import (
    OBSERVED_RADII,
    OBSERVED_TARGETS,
    measure_observed,
    observed_column,
    observed_quantities,
    target_named,
)
from galmass_core.quantities.quantity import (
    BESIDE_TABLES,
    QUANTITIES,
    Quantity,
    column_quantity,
    is_known_column,
    quantity,
    symbol_of,
    with_minus,
)
from galmass_core.quantities.targets import (
    APERTURES,
    FAMILIES,
    LEAST_FRACTION,
    TARGETS,
    Target,
    apertures,
    inside,
    measure_inside,
    radius_name,
    register_target,
    target_column,
    targets_by_word,
)

QUANTITIES.update({each.key: each for each in (*MAPS.values(), *COLUMNS, *TARGETS.values())})
QUANTITIES.update({each.key: each for each in observed_quantities(QUANTITIES)})
BESIDE_TABLES.update(PROFILE_QUANTITIES)

__all__ = [
    "APERTURES",
    "CHANNELS",
    "FAMILIES",
    "IMAGE_PIXELS",
    "LEAST_FRACTION",
    "MAPS",
    "MOMENTS",
    "OBSERVED_RADII",
    "OBSERVED_TARGETS",
    "OCCUPANCY",
    "PROFILE_MASSES",
    "PROFILE_RADII",
    "QUANTITIES",
    "TARGETS",
    "MapSpec",
    "Quantity",
    "Target",
    "apertures",
    "column_quantity",
    "feature_key",
    "further_keys",
    "has_images",
    "has_kinematics",
    "inside",
    "is_known_column",
    "is_registered",
    "map_keys",
    "map_spec",
    "measure_inside",
    "measure_observed",
    "observed_column",
    "profile_column",
    "profile_columns",
    "profile_sequences",
    "quantity",
    "radius_name",
    "register_map",
    "register_target",
    "symbol_of",
    "target_column",
    "target_named",
    "targets_by_word",
    "with_minus",
]
