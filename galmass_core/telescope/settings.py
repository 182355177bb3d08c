"""What can be changed of a telescope: each number with its range, and as text."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

from galmass_core.telescope.presets import Telescope, preset


class Setting(NamedTuple):
    """A number of a telescope that can be set.

    Attributes
    ----------
    label : str
        With its unit.
    low, high, step : float
    get : callable
        Of a telescope: the number; None if it has no such part.
    put : callable
        Of a telescope and a number: the telescope with it.
    """

    label: str
    low: float
    high: float
    step: float
    get: Callable[[Telescope], float | None]
    put: Callable[[Telescope, float], Telescope]


def _of_spectra(name: str, label: str, low: float, high: float, step: float) -> Setting:
    """Return the setting that is a number of the spectrograph."""

    def put(seen_by: Telescope, value: float) -> Telescope:
        if seen_by.spectrograph is None:
            return seen_by
        changes: dict[str, Any] = {name: value}
        return replace(seen_by, spectrograph=replace(seen_by.spectrograph, **changes))

    return Setting(label, low, high, step, lambda each: getattr(each.spectrograph, name, None), put)


def _seeing(seen_by: Telescope) -> float:
    """Return the seeing in r [arcsec]."""
    return seen_by.camera.seeing[1]


def _depth(seen_by: Telescope) -> float:
    """Return the depth in r [mag]."""
    return seen_by.camera.depth[1]


def _with_seeing(seen_by: Telescope, value: float) -> Telescope:
    """Return a telescope with another seeing in r; that in g has the same ratio to it."""
    g, r = seen_by.camera.seeing
    return replace(seen_by, camera=replace(seen_by.camera, seeing=(g / r * value, value)))


def _with_depth(seen_by: Telescope, value: float) -> Telescope:
    """Return a telescope with another depth in r; that in g differs from it by as much."""
    g, r = seen_by.camera.depth
    return replace(seen_by, camera=replace(seen_by.camera, depth=(g - r + value, value)))


SETTINGS = {  # by key in texts
    "psf": Setting("Seeing of images in r [arcsec]", 0.1, 6, 0.01, _seeing, _with_seeing),
    "depth": Setting("Depth of images in r [mag]", 18, 28, 0.1, _depth, _with_depth),
    "seeing": _of_spectra("seeing", "Seeing of spectra [arcsec]", 0.1, 6, 0.01),
    "signal": _of_spectra("depth", "S/N [Å⁻¹] in 1 arcsec² of 23 mag", 0.1, 20, 0.1),
    "least": _of_spectra("least", "Least S/N of a spaxel [Å⁻¹]", 0, 20, 0.5),
    "bins": _of_spectra("bins", "S/N of a bin [Å⁻¹], 0: no bins", 0, 60, 1),
    "instrument": _of_spectra("dispersion", "Instrument's dispersion [km/s]", 5, 200, 0.1),
}


def adjusted(name: str, settings: Mapping[str, float]) -> Telescope:
    """Return a preset with some of `SETTINGS` changed; those of a part that it lacks do nothing."""
    found = preset(name)
    for key, value in settings.items():
        if SETTINGS[key].get(found) is not None:
            found = SETTINGS[key].put(found, value)
    return found


def settings_of(texts: Sequence[str]) -> dict[str, float]:
    """Return the settings that some texts have, such as ``seeing:2.5``, if they are in range."""
    found = {}
    for text in texts:
        key, _, written = text.partition(":")
        with suppress(ValueError, KeyError):
            if SETTINGS[key].low <= float(written) <= SETTINGS[key].high:
                found[key] = float(written)
    return found


def telescope(text: str) -> Telescope:
    """Return a preset by its name, in capitals or not, with changes if it is ``MaNGA seeing:4``.

    Raises
    ------
    ValueError
        If there is no such preset, it has no such number, or that is out of range.
    """
    name, *changes = text.split() or [""]
    found = preset(name)
    settings: dict[str, float] = {}
    for change in changes:
        key = change.partition(":")[0]
        known = [each for each, setting in SETTINGS.items() if setting.get(found) is not None]
        if key not in known:
            msg = f"setting of {found.name} must be one of {', '.join(known)}, got {change!r}"
            raise ValueError(msg)
        if not (own := settings_of([change])):
            low, high = SETTINGS[key].low, SETTINGS[key].high
            msg = f"{key} must be a number from {low:g} to {high:g}, got {change!r}"
            raise ValueError(msg)
        settings |= own
    return adjusted(found.name, settings)
