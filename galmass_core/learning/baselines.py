"""Predict quantities from summary features by one-line formulas, as baselines for all models.

All are straight lines in logarithms: a constant; the power law M* ~ L^a (0.16 dex in Sec. 4.1);
the virial estimator M = K σ_v² R / G with K from the training set; and ridge regression.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from galmass_core.galaxy import G
from galmass_core.photometry import SUN_AB
from galmass_core.quantities import QUANTITIES
from galmass_core.storage.atomic import write_json
from galmass_core.storage.schema import fields, number, object_of, read_json

MODEL = "model.json"
_RULE = fields({"intercept": number(), "slopes": object_of(number())})
_LEAST_SFR = 1e-3  # Msun/yr, added before the logarithm
_RATIO_SCALES = ("sigma_v", "effective_radius", "half_mass_radius", "sersic_n")  # all above zero


@dataclass(frozen=True)
class LinearModel:
    """A straight line in the features' linear forms (see `linear_form`).

    Attributes
    ----------
    intercept : float
    slopes : mapping of str to float
        By column.
    """

    intercept: float
    slopes: Mapping[str, float]

    @property
    def features(self) -> tuple[str, ...]:
        """Input columns."""
        return tuple(self.slopes)

    def predict(self, samples: pd.DataFrame) -> NDArray:
        """Predict the target of each row, (n,) float64.

        Raises
        ------
        KeyError
            If a column is missing.
        """
        return self.intercept + linear_form(samples[list(self.slopes)]) @ [*self.slopes.values()]

    def save(self, folder: Path) -> None:
        """Write the model into a run's folder."""
        write_json(folder / MODEL, asdict(self))

    @classmethod
    def load(cls, folder: Path) -> "LinearModel":
        """Load the model from a run's folder.

        Raises
        ------
        ValueError
            If the file is missing or damaged.
        """
        content = read_json(folder / MODEL, _RULE)
        return cls(content["intercept"], content["slopes"])


def linear_form(inputs: pd.DataFrame) -> NDArray:
    """Return features in the form in which power laws are linear.

    Parameters
    ----------
    inputs : pandas.DataFrame
        (n, F).

    Returns
    -------
    (n, F) float
        Magnitude as log L; dispersion, radii and Sersic index as logarithms; star formation as
        log(SFR + 0.001 Msun/yr); anything else as it is.
    """
    columns = [_linear_column(key, inputs[key].to_numpy(float)) for key in inputs.columns]
    return np.stack(columns, axis=1) if columns else np.empty((len(inputs), 0))


def fit_power_law(inputs: pd.DataFrame, target: ArrayLike) -> LinearModel:
    """Fit a power law by least squares, as the paper fits log M* to log L.

    Parameters
    ----------
    inputs : pandas.DataFrame
        (n, F): a column per factor; without a column, the prediction is the mean.
    target : (n,) float
        Decimal logarithm.

    Returns
    -------
    LinearModel
    """
    return fit_ridge(inputs, target, penalty=0.0)


def fit_virial(inputs: pd.DataFrame, target: ArrayLike) -> LinearModel:
    """Calibrate K in M = K σ_v² R / G on the training set, with fixed exponents.

    Parameters
    ----------
    inputs : pandas.DataFrame
        σ_v [km/s] and a radius [kpc], in this order.
    target : (n,) float
        log10 of a mass [Msun].

    Returns
    -------
    LinearModel
        K = G 10^intercept.
    """
    sigma, radius = inputs.columns
    bare = LinearModel(-np.log10(G), {sigma: 2.0, radius: 1.0})
    log_k = float(np.mean(np.asarray(target) - bare.predict(inputs)))
    return LinearModel(float(bare.intercept + log_k), bare.slopes)


def fit_ridge(inputs: pd.DataFrame, target: ArrayLike, penalty: float = 1.0) -> LinearModel:
    """Fit a straight line in standardised features, with a penalty on the squared slopes.

    Parameters
    ----------
    inputs : pandas.DataFrame
        (n, F).
    target : (n,) float
    penalty : float
        Added to each eigenvalue of Z^T Z, Z the standardised features.

    Returns
    -------
    LinearModel
    """
    form, target = linear_form(inputs), np.asarray(target, dtype=float)
    centre, width = form.mean(axis=0), form.std(axis=0)
    width[width == 0] = 1.0
    scaled = (form - centre) / width
    normal = scaled.T @ scaled + penalty * np.eye(len(centre))
    slopes = np.linalg.lstsq(normal, scaled.T @ (target - target.mean()))[0] / width
    intercept = target.mean() - centre @ slopes
    return LinearModel(float(intercept), dict(zip(inputs.columns, slopes.tolist(), strict=True)))


def _linear_column(key: str, values: NDArray) -> NDArray:
    """Return one feature in its linear form; of a joined column, only its values are known."""
    if key not in QUANTITIES:
        return values
    if key.startswith("abs_mag_r"):
        return 0.4 * (SUN_AB["r"] - values)
    if key.startswith("sfr"):
        return np.log10(values + _LEAST_SFR)
    return np.log10(values) if key.startswith(_RATIO_SCALES) else values
