"""Derive the parts of a galaxy's name from a simulation's header."""

import re
from math import isclose, log2
from pathlib import Path
from typing import NamedTuple

from galmass_core.galaxy import GalaxyName


class _Box(NamedTuple):
    """A TNG-family box; side in Mpc/h, particles per side and DM mass [1e10 Msun/h] at level 1."""

    side: int
    hubble: float
    ending: str
    suite: str
    name: str
    particles: int
    dm_mass: float


_BOXES = (
    _Box(35, 0.6774, "TNG", "TNG", "TNG50", 2160, 3.07367708626464e-05),
    _Box(75, 0.6774, "TNG", "TNG", "TNG100", 1820, 5.05574296436975e-04),
    _Box(205, 0.6774, "TNG", "TNG", "TNG300", 2500, 3.98342749867548e-03),
    _Box(75, 0.704, "FP", "Illustris", "Illustris", 1820, 4.4089652436109e-04),
)
_SITE = "https://www.tng-project.org/api/"
_OTHER_NUMBERS = re.compile(  # in file names
    r"(?:snap(?:shot)?|tng|illustris|eagle|l\d+n|(?<![a-z])z)[_-]?\d+(?:[-.]\d+)?", re.IGNORECASE
)
LABELLED_SUITES = ("EAGLE", "COLIBRE", "FLAMINGO", "Magneticum", "Horizon-AGN")
_CAMELS_BOXES = (25000.0, 50000.0)  # ckpc/h
_CAMELS_FAMILIES = ("IllustrisTNG", "SIMBA", "Astrid")  # names of its folders


def url_safe(part: str) -> str:
    """Return a part of a name with only letters, digits, ``.``, ``_`` and ``-``."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", part).strip("-.") or "unknown"


def whole_number(text: str) -> str:
    """Return a whole number without a decimal point, other text as it is: ``501761.0`` is 501761.

    Tables with missing values have IDs as floating-point numbers.
    """
    return re.sub(r"(\d+)\.0*", r"\1", text) if re.fullmatch(r"\d+\.0*", text) else text


def suite_from_label(label: str, usual: str) -> str:
    """Return the suite of a header's RunLabel: Colibre is COLIBRE; ``usual`` without a label."""
    words = re.findall(r"[A-Za-z0-9-]+", label)
    name = words[0] if words else usual
    known = {suite.upper(): suite for suite in LABELLED_SUITES}
    return known.get(name.upper(), name)


def simulation_from_label(label: str, suite: str = "TNG") -> tuple[str, str]:
    """Return suite and simulation for a header's SimulationName: L75n1820TNG is TNG100-1.

    ``suite`` is that of a name which is not known.
    """
    if label.startswith("demo"):
        return "synthetic", url_safe(label)
    if known := re.fullmatch(r"(TNG|Illustris)(\d+|-Cluster)?(-\d)?", label):  # as in the web API
        return known[1], label
    parts = re.fullmatch(r"L(\d{1,5})n([1-9]\d{0,5})([A-Z]+)", label)
    for box in _BOXES:
        if parts and (int(parts[1]), parts[3]) == (box.side, box.ending):
            return box.suite, f"{box.name}-{1 + round(log2(box.particles / int(parts[2])))}"
    return suite, url_safe(label)


def simulation_from_box(box_size: float, hubble: float, dm_mass: float) -> tuple[str, str] | None:
    """Identify a TNG-family simulation by its box [ckpc/h], h and dark-matter mass [1e10 Msun/h].

    Each resolution level has eight times the particle mass of the one before.
    """
    for box in _BOXES:
        if isclose(box_size, 1e3 * box.side) and isclose(hubble, box.hubble) and dm_mass > 0:
            level = 1 + log2(dm_mass / box.dm_mass) / 3
            if abs(level - round(level)) < 0.02:
                return box.suite, f"{box.name}-{round(level)}"
    return None


def simulation_from_folder(folder: Path, box_size: float, suite: str = "TNG") -> tuple[str, str]:
    """Name a run of CAMELS, which has a folder for each of its thousands: ``IllustrisTNG-LH_0``.

    ``suite`` is that of all other boxes.
    """
    if box_size not in _CAMELS_BOXES:
        return suite, "unknown"
    parts = folder.absolute().parts
    families = [part for part in parts if part in _CAMELS_FAMILIES]
    return "CAMELS", url_safe("-".join((*families, parts[-1])))


def subhalo_from_path(path: Path) -> str:
    """Return the only number in a file's name, else the name: ``cutout_501761`` is 501761.

    Numbers of snapshots, redshifts and simulations do not count: ``TNG100-1_snap84_subhalo9`` is 9.
    """
    digits = re.findall(r"\d+", _OTHER_NUMBERS.sub("", path.stem))
    return digits[0] if len(digits) == 1 else url_safe(path.stem)


def subhalo_page(name: GalaxyName) -> str:
    """Return the address of a subhalo's page on the site of its simulation; empty if there is none.

    The site of TNG has them for the boxes of TNG and of Illustris, for whoever has logged in there.
    """
    boxes = "|".join(box.name for box in _BOXES)
    known = re.fullmatch(rf"({boxes})-\d", name.simulation)
    if not (known and name.snapshot.isdecimal() and name.subhalo.isdecimal()):
        return ""
    return f"{_SITE}{name.simulation}/snapshots/{name.snapshot}/subhalos/{name.subhalo}/"
