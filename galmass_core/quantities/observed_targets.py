"""Define the targets inside spheres that an observer can name: R_e, radii in kpc, and all.

The paper's apertures are multiples of R_hsm, which is itself truth. These are beside them in data
sets: ``log_mtot_re`` inside R_e of the r image, ``log_mtot_5kpc``, and ``log_mtot`` of everything
that is bound; in experiments ``mtot_re``, ``mtot_5kpc`` and ``mtot_all``.
"""

from collections.abc import Iterator
from dataclasses import replace

from galmass_core.quantities.quantity import Quantity
from galmass_core.quantities.targets import FAMILIES, Enclosed, Target, targets_by_word

OBSERVED_RADII: dict[str, tuple[str, float | None]] = {  # by ending: in words, and in kpc
    "re": ("R_e", None),  # different for each line of sight
    "1kpc": ("1 kpc", 1.0),
    "3kpc": ("3 kpc", 3.0),
    "5kpc": ("5 kpc", 5.0),
    "10kpc": ("10 kpc", 10.0),
    "all": ("", None),
}
_STEMS = ("log_mstar", "log_mdm", "log_mtot", "f_dm")
_HELP = {"re": "the semi-major axis R_e of the r image", "all": "any radius: all that is bound"}


def _observed(stem: str, ending: str) -> Target:
    """Return a family of targets inside one of `OBSERVED_RADII`."""
    family, (radius, _) = FAMILIES[stem], OBSERVED_RADII[ending]
    return replace(
        family,
        key=observed_column(stem, ending),
        symbol=f"{family.symbol}(<{radius})" if radius else family.symbol,
        name=f"{family.name} inside {radius}" if radius else f"{family.name} of the galaxy",
        help=family.help.format(r=_HELP.get(ending, radius)),
        per_sample=ending == "re",
        word=f"{family.word}_{ending}",
        table_5=False,
        derived_from=(),
        derive=None,
    )


def observed_column(stem: str, ending: str) -> str:
    """Return the column of a family inside one of `OBSERVED_RADII`."""
    return stem if ending == "all" else f"{stem}_{ending}"


OBSERVED_TARGETS = {  # by word
    target.word: target
    for ending in OBSERVED_RADII
    for stem in _STEMS
    for target in (_observed(stem, ending),)
}


def target_named(word: str) -> Target:
    """Return the target of a name in experiments.

    Raises
    ------
    ValueError
        If there is none; the message lists the known ones.
    """
    known = targets_by_word() | OBSERVED_TARGETS
    if word not in known:
        msg = f"target must be one of {', '.join(known)}, got {word!r}"
        raise ValueError(msg)
    return known[word]


def observed_quantities(known: dict[str, Quantity]) -> Iterator[Quantity]:
    """Yield the targets whose columns have no other meaning yet, as masses of all have."""
    yield from (target for target in OBSERVED_TARGETS.values() if target.key not in known)


def measure_observed(ending: str, enclosed: Enclosed) -> dict[str, float]:
    """Measure the targets inside one of `OBSERVED_RADII`; column to value.

    Parameters
    ----------
    ending : str
    enclosed : mapping
        Content of the sphere, for `Target.measure`.
    """
    return {
        observed_column(stem, ending): float(measure(enclosed))
        for stem in _STEMS
        if (measure := FAMILIES[stem].measure)
    }
