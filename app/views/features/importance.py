"""What each feature is worth to a fit, by the measure that is chosen."""

from functools import partial
from typing import NamedTuple

import holoviews as hv
import pandas as pd
import param
from holoviews.streams import Pipe

from galmass_app.markup import snippet
from galmass_app.plots.correlation import short
from galmass_app.plots.importance import importance_bars
from galmass_app.tree_models import SHAP_SAMPLES, SLOW_GALAXIES, Fit, measure
from galmass_app.views.heading import section
from galmass_app.views.layout import View, button, column, follower, html, row, select
from galmass_app.workers import SLOW, Slot
from galmass_core.learning.importance import NOISE


class Measure(NamedTuple):
    """A way to measure importance."""

    name: str
    unit: str
    help: str


_GROWTH = "growth of σ [dex]"
MEASURES = {
    "gain": Measure(
        "Gain (the paper's)",
        "gain [% of all]",
        "How much splits on a feature lower the training loss. It shares credit by chance between "
        "features with the same information, and gives some to noise.",
    ),
    "shap": Measure(
        "Mean |SHAP|",
        "mean |SHAP| [dex]",
        "How far a feature moves the prediction of a test sample, on average.",
    ),
    "permutation": Measure(
        "Shuffled",
        _GROWTH,
        "How much σ grows when a feature, with all that follow it, is shuffled between galaxies.",
    ),
    "drop_column": Measure(
        "Left out",
        _GROWTH,
        "How much σ grows when the model is trained without the feature; others may replace it.",
    ),
    "drop_cluster": Measure(
        "Left out with correlated features",
        _GROWTH,
        "How much σ grows when the model is trained without the feature and all that follow it.",
    ),
}


OF_THE_FIT = {  # known as soon as a model is
    "gain": "Of this model.",
    "shap": f"Of this model, on up to {SHAP_SAMPLES:,} test samples.",
}


class Importance(View):
    """Bars for one measure; those that train many models wait for a button."""

    def __init__(self, fit: Fit, wake: object) -> None:
        super().__init__()
        self._fit, self._wake, self._slot, self._measured = fit, wake, Slot(SLOW), None
        self._measure = select(
            "gm-inline gm-measure",
            "measured as",
            options={one.name: key for key, one in MEASURES.items()},
            wide=False,
        )
        self._button = button("gm-start", "Measure", self._start)
        self._help = html("gm-measure-help")
        self._foot = html("gm-foot")
        self._pipe = Pipe(data=self._bars())
        self._plot = follower("gm-bars", _drawn, self._pipe)
        self._layout = column(
            "gm-importance",
            section("Feature importance"),
            row("gm-group", self._measure, self._button, wide=False),
            self._help,
            self._plot,
            self._foot,
        )
        self._measure.param.watch(self._turn, "value")
        self._write()

    @property
    def busy(self) -> bool:
        """Whether something is being measured."""
        return self._slot.busy

    @property
    def table(self) -> pd.DataFrame:
        """All measures that are known, one row per feature."""
        known = self._fit.importance
        if self._measured is not None:
            slow = [key for key in self._measured if key.removesuffix("_error") not in OF_THE_FIT]
            known = known.join(self._measured[slow], how="outer")
        return known.reset_index(names="feature")

    def draw(self, fit: Fit) -> None:
        """Show another fit; what was being measured of the one before is dropped."""
        if fit.request != self._fit.request:
            self._slot.cancel()
            self._measured = None
        self._fit = fit
        self._turn()

    def pull(self) -> None:
        """Look whether the measuring is done, or how far it is. Raises what it raised."""
        if self._slot.busy:
            measured = self._slot.take()
            if measured is None:
                self._write()
            else:
                self._measured = measured
                self._turn()

    def _start(self, _: object) -> None:
        self._slot.submit(partial(measure, self._fit.request))
        self._write()
        self._wake()

    def _turn(self, *_: param.parameterized.Event) -> None:
        self._pipe.send(self._bars())
        self._write()

    def _bars(self) -> dict[str, object]:
        """Return what the picture takes; bars of no length where nothing is measured yet."""
        key, one = self._measure.value, MEASURES[self._measure.value]
        if key in OF_THE_FIT:
            return {"values": _named(self._fit.importance[key]), "unit": one.unit}
        if self._measured is None:
            return {"values": _named(self._fit.importance["gain"] * 0), "unit": one.unit}
        table = self._measured
        features = table.drop(index=list(NOISE))
        noise = table.loc[list(NOISE)]
        return {
            "values": _named(features[key]),
            "errors": _named(features[f"{key}_error"]),
            "floor": max(0.0, float((noise[key] + noise[f"{key}_error"]).max())),
            "unit": one.unit,
        }

    def _write(self) -> None:
        """Say what the measure means, what it stands on, and how far it is."""
        key = self._measure.value
        waiting = key not in OF_THE_FIT and self._measured is None
        self._help.object = snippet("shared.html", "paragraph", MEASURES[key].help)
        self._button.visible, self._plot.visible = waiting, not waiting
        self._button.disabled = self._slot.busy
        self._foot.object = self._footnote(waiting)

    def _footnote(self, waiting: bool) -> str:
        """Write below the bars what one must know of them."""
        if self._measure.value in OF_THE_FIT:
            return snippet("shared.html", "paragraph", OF_THE_FIT[self._measure.value])
        galaxies = len(self._fit.request.data.galaxy_names)
        drawn = f"{min(galaxies, SLOW_GALAXIES):,} of {galaxies:,} galaxies"
        if self._slot.busy:
            text = f"Measuring: {self._slot.progress or 'soon'}…"
            return snippet("shared.html", "at_work", text)
        if waiting:
            text = f"Trains many models, on {drawn}: takes up to a minute."
            return snippet("shared.html", "paragraph", text)
        text = f"Five splits by galaxy, {drawn}; whiskers: spread between splits."
        return snippet("features.html", "measured", text, _alike(self._measured["cluster"]))


def _drawn(data: dict[str, object]) -> hv.Overlay:
    return importance_bars(**data)


def _named(values: pd.Series) -> pd.Series:
    return values.rename(index=short)


def _alike(clusters: pd.Series) -> str:
    """List the features that follow each other."""
    groups = clusters.drop(index=list(NOISE)).groupby(clusters)
    alike = [", ".join(map(short, keys)) for keys in groups.groups.values() if len(keys) > 1]
    return f"Alike (|R| > 0.75): {'; '.join(alike)}." if alike else ""
