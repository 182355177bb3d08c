"""Scaling relations and mass functions of a data set -> small plots that all look alike.

Each plot is made of layers, which the views change: points of one group or of
two, their running medians, and the galaxy in view with its lines of sight joined.
"""

from collections.abc import Callable, Collection

import holoviews as hv
import numpy as np
import pandas as pd

from galmass_app.plots.frame import quiet_toolbar
from galmass_app.plots.points import CRISP
from galmass_app.plots.selection import Geometry, above, picked, spread_out
from galmass_app.plots.trends import MASS, MASS_BIN, Related, Relation
from galmass_app.theme import ACCENT, CASING, GROUPS, MARK
from galmass_core.quantities import quantity

HEIGHT = 300
FEW = 300  # points up to which they are drawn large
_FRAME = {
    "responsive": True,
    "height": HEIGHT,
    "min_width": 240,  # never one pixel wide, not even before the page is laid out
    "show_legend": False,
    "default_tools": ["pan", "wheel_zoom", "box_zoom", "reset"],
    "active_tools": [],
    "hooks": [quiet_toolbar],
}
Layer = hv.DynamicMap | hv.Element


def layers(apart: bool) -> tuple[str, str]:
    """Return which group each of the two layers of points shows; the second may be nobody."""
    return ("centrals", "satellites") if apart else ("all", "nobody")


def dots(related: Related, relation: Relation, group: str) -> hv.Points:
    """Return the points of a group, bare: `shown_points` makes them visible."""
    points = related.points
    shown = points if group == "all" else points[points["group"] == group]
    return hv.Points(
        (shown["x"].to_numpy("f4"), shown["y"].to_numpy("f4")), _axes(related, relation)
    )


def shown_points(points: Layer, related: Related, layer: int) -> Layer:
    """Draw a layer of points: each as a mark of its own, or datashaded if there are many."""
    style = GROUPS[layer]
    if len(related.points) > CRISP:
        from holoviews.operation.datashader import rasterize, spread  # 1.5 s, few data need it

        shaded = spread(rasterize(points), px=1)
        return shaded.opts(cmap=_density(style.colour), cnorm="log", tools=["tap"])
    return points.opts(
        color=style.colour,
        marker=style.marker,
        size=5 if len(related.points) > FEW else 8,
        alpha=0.55,
        nonselection_alpha=0.55,
        tools=["tap"],
    )


def trend(related: Related, relation: Relation, group: str, layer: int) -> hv.Overlay:
    """Draw the running median of a group and the band that holds 68 % around it."""
    x, y = _axes(related, relation)
    style = GROUPS[layer]
    table = related.trends.get(group, related.trends["all"].iloc[:0])
    band = hv.Area((table["x"], table["low"], table["high"]), x, [y, y.clone("high")])
    line = hv.Curve((table["x"], table["median"]), x, y)
    return hv.Overlay(
        [
            band.opts(color=style.colour, alpha=0.25, line_alpha=0),
            line.opts(color=CASING, line_width=5, line_dash=style.dash),
            line.clone().opts(color=style.light, line_width=2.5, line_dash=style.dash),
        ]
    )


def joined(related: Related, relation: Relation, name: str, los: str) -> hv.Overlay:
    """Mark the galaxy in view: its lines of sight joined, the one in view large."""
    axes = _axes(related, relation)
    rows = related.points[related.points["name"] == name]
    seen = rows["los"] == los if (rows["los"] == los).any() else ~rows["name"].duplicated()
    place = rows[["x", "y"]].to_numpy(float)
    last = np.argsort(seen, kind="stable")  # the one in view on top
    return hv.Overlay(
        [
            hv.Curve(np.concatenate([place, place[:1]]), *axes).opts(
                color=ACCENT, line_width=2.5, hooks=[above]
            ),
            hv.Points((*place[last].T, np.where(seen, 15, 8)[last]), axes, "size").opts(
                size=hv.dim("size"),
                color=ACCENT,
                line_color="#ffffff",
                line_width=2,
                hooks=[above],
            ),
        ]
    )


def selected(
    related: Related,
    relation: Relation,
    names: Collection[str],
    chosen: Callable[[Geometry], None],
) -> hv.Points:
    """Show which galaxies are selected, and let a box or a lasso select others."""
    rows = related.points[related.points["name"].isin(names)]
    places = spread_out(rows["x"].to_numpy(float), rows["y"].to_numpy(float))
    return picked(places, _axes(related, relation), chosen)


def framed(plot: hv.Overlay, relation: Relation) -> hv.Overlay:
    """Give a relation its frame."""
    return plot.opts(invert_xaxis=relation.brighter_right, **_FRAME)


def zero_line(zeros: float, related: Related, relation: Relation) -> hv.Overlay:
    """Name the line on which zeros lie."""
    x, y = _axes(related, relation)
    share = (related.points["y"] == zeros).mean()
    label = (
        related.limits("x")[1],
        zeros,
        f"no {quantity(relation.y).symbol}: {100 * share:.0f} % ",
    )
    return hv.Overlay(
        [
            hv.HLines([zeros], y).opts(color=MARK, line_dash="dotted"),
            hv.Labels([label], [x, y]).opts(
                text_color=MARK, text_font_size="12px", text_align="right", text_baseline="bottom"
            ),
        ]
    )


def mass_function(tables: dict[str, pd.DataFrame], group: str, layer: int) -> hv.Overlay:
    """Draw the counts of a group by stellar mass, with their Poisson errors."""
    mass, count = _count_axes(tables)
    style = GROUPS[layer]
    table = tables.get(group, tables["all"].iloc[:0])
    x, y = table["x"], table["count"]
    errors = (x, y, y - table["low"], table["high"] - y)
    return hv.Overlay(
        [
            hv.Curve((x, y), mass, count).opts(color=style.colour, line_dash=style.dash),
            hv.ErrorBars(errors, mass, [count, "down", "up"]).opts(
                line_color=style.colour, lower_head=None, upper_head=None, line_width=1.6
            ),
            hv.Points((x, y), [mass, count]).opts(color=style.colour, marker=style.marker, size=8),
        ]
    ).opts(logy=True)


def mass_mark(tables: dict[str, pd.DataFrame], mass: float) -> hv.VLines:
    """Mark the stellar mass of the galaxy in view."""
    return hv.VLines([mass], _count_axes(tables)[0]).opts(color=ACCENT, line_width=2.5)


def framed_counts(plot: hv.Overlay) -> hv.Overlay:
    """Give the mass functions their frame."""
    return plot.opts(logy=True, ylabel="galaxies per dex", **_FRAME)


def _axes(related: Related, relation: Relation) -> list[hv.Dimension]:
    """Name the axes, with their labels and ends."""
    return [
        hv.Dimension(f"{relation.key}_{axis}", label=label, range=related.limits(axis))
        for axis, label in zip("xy", relation.labels, strict=True)
    ]


def _count_axes(tables: dict[str, pd.DataFrame]) -> list[hv.Dimension]:
    """Name the axes of the mass functions; counts span two decades at least."""
    everyone = tables["all"]
    masses = everyone["x"].min() - MASS_BIN, everyone["x"].max() + MASS_BIN
    counts = min(1, everyone["low"].min() / 2), max(100, 2 * everyone["high"].max())
    return [
        hv.Dimension("mass_function_x", label=quantity(MASS).label, range=masses),
        hv.Dimension("mass_function_y", range=counts),
    ]


def _density(colour: str) -> list[str]:
    """Return the shades of a colour: more samples, less see-through."""
    return [f"{colour}{alpha:02x}" for alpha in range(90, 220)]
