"""Every map, feature and target by name: the one place for keys, symbols, units and meaning.

Columns of tables, CSV headers, HDF5 attributes, axis labels and the dashboard's help all read it.
"""

from galmass_core.quantities.columns import (
    APERTURES,
    COLUMNS,
    TARGETS,
    feature_key,
)
from galmass_core.quantities.maps import (
    IMAGE_PIXELS,
    MAPS,
    MOMENTS,
    OCCUPANCY,
    MapSpec,
    has_images,
    has_kinematics,
    is_registered,
    map_keys,
    map_spec,
    register_map,
)
from galmass_core.quantities.quantity import QUANTITIES, Quantity, quantity, symbol_of

QUANTITIES.update({each.key: each for each in (*MAPS.values(), *COLUMNS)})

__all__ = [
    "APERTURES",
    "IMAGE_PIXELS",
    "MAPS",
    "MOMENTS",
    "OCCUPANCY",
    "QUANTITIES",
    "TARGETS",
    "MapSpec",
    "Quantity",
    "feature_key",
    "has_images",
    "has_kinematics",
    "is_registered",
    "map_keys",
    "map_spec",
    "quantity",
    "register_map",
    "symbol_of",
]
