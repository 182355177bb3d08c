"""Maps of a galaxy -> pictures of them: colours, rings at R_hsm and R_e, a ruler in kpc."""

from collections.abc import Callable, Sequence
from functools import partial

import holoviews as hv
import numpy as np
from bokeh.models import (
    ColumnDataSource,
    Ellipse,
    FixedTicker,
    HoverTool,
    Metric,
    ScaleBar,
    Text,
)
from holoviews.plotting.bokeh.element import ElementPlot

from galmass_app.markup import snippet
from galmass_app.plots.frame import quiet_toolbar, set_range
from galmass_app.plots.scale import Scale, scale_of
from galmass_app.theme import Theme, map_colours
from galmass_core.imaging.maps import GalaxyMaps
from galmass_core.quantities import MAPS, map_keys

SHADE, CHALK = "#0e1116", "#ffffff"  # lines are drawn twice: readable on dark and bright pixels
FRAME = 300  # px, in a notebook
EMPTY = "#c9cdd3"  # pixels without light or stars, in a notebook


def four_maps(maps: GalaxyMaps, effective_radius: float | None = None) -> hv.Layout:
    """Show a galaxy's r image, colour, velocity, dispersion and registered maps side by side.

    Parameters
    ----------
    effective_radius : float, kpc, optional
        R_e, for its ring.

    Returns
    -------
    holoviews.Layout
        Zooming in one zooms all; shows itself in a notebook.
    """
    pictures = []
    for key in map_keys():
        scale, shown = scale_of(maps, key), MAPS[key]
        bar = {"height": 8, "ticker": FixedTicker(ticks=list(scale.ticks))}
        pictures.append(
            picture(maps, key, scale, effective_radius=effective_radius, theme="light").opts(
                title=shown.name,
                frame_width=FRAME,
                frame_height=FRAME,
                border=8,
                bgcolor=EMPTY,
                colorbar=True,
                colorbar_position="bottom",
                colorbar_opts=bar | {"major_label_overrides": scale.ticks},
                clabel=shown.label,
            )
        )
    return hv.Layout(pictures).cols(len(pictures))


def picture(
    maps: GalaxyMaps,
    key: str,
    scale: Scale,
    *,
    effective_radius: float | None = None,
    theme: Theme = "dark",
    hooks: Sequence[Callable] = (),
) -> hv.Image:
    """Draw one map in kpc with its rings and ruler.

    Parameters
    ----------
    effective_radius : float, kpc, optional
        R_e, for its ring.
    hooks : sequence of callable
        HoloViews hooks that draw more.

    Returns
    -------
    holoviews.Image
        Pixels without light or stars show the frame's background.
    """
    edge = maps.half_width
    radii = (maps.half_mass_radius, effective_radius)
    return hv.Image(
        maps.view(key)[::-1],  # an Image's first row is its top
        bounds=(-edge, -edge, edge, edge),
        kdims=["x_kpc", "y_kpc"],
        vdims=[key],
    ).opts(
        cmap=map_colours(key, theme),
        clim=(scale.low, scale.high),
        cnorm="log" if scale.log else "linear",
        border=0,
        xaxis=None,
        yaxis=None,
        xlim=(-edge, edge),
        ylim=(-edge, edge),
        tools=[_hover(key)],
        default_tools=["pan", "wheel_zoom", "box_zoom", "reset"],
        active_tools=[],
        hooks=[
            quiet_toolbar,
            _ruler,
            partial(_follow, edge=edge),
            partial(_rings, radii=radii),
            *hooks,
        ],
    )


def _hover(key: str) -> HoverTool:
    """Return a tooltip with the value under the pointer and where it is."""
    shown = MAPS[key]
    value = f"@image{{{shown.digits}}}"
    return HoverTool(
        tooltips=snippet("tooltips.html", "pixel", shown.symbol, value, shown.shown_unit),
        formatters={"@image": "printf"},
    )


def _follow(plot: ElementPlot, element: hv.Image, edge: float) -> None:
    """Move the frame to a galaxy of another size; a zoom on the same galaxy stays."""
    for axis in ("x_range", "y_range"):
        set_range(plot.handles[axis], -edge, edge)


def _rings(plot: ElementPlot, element: hv.Image, radii: tuple[float, float | None]) -> None:
    """Draw circles at R_hsm (solid, named above) and R_e (dashed, named below)."""
    radii = np.array(radii, dtype=float)  # NaN is not drawn
    data = {
        "width": 2 * radii,
        "dash": ["solid", "dashed"],
        "top": radii * [1, -1],
        "name": ["R_hsm", "R_e"],
        "baseline": ["bottom", "top"],
    }
    if "rings" in plot.handles:
        plot.handles["rings"].data = data
        return
    plot.handles["rings"] = source = ColumnDataSource(data)
    circle = {"x": 0, "y": 0, "width": "width", "height": "width", "fill_color": None}
    for glyph in (
        Ellipse(**circle, line_color=SHADE, line_width=3, line_alpha=0.45),
        Ellipse(**circle, line_color=CHALK, line_width=1.2, line_dash="dash"),
        Text(
            x=0,
            y="top",
            text="name",
            text_align="center",
            text_baseline="baseline",
            text_color=CHALK,
            text_font_size="12px",
            background_fill_color=SHADE,
            background_fill_alpha=0.45,
        ),
    ):
        plot.state.add_glyph(source, glyph)


def _ruler(plot: ElementPlot, element: hv.Image) -> None:
    """Draw a ruler in kpc that follows the zoom; once per figure."""
    if "ruler" in plot.handles:
        return
    plot.handles["ruler"] = ruler = ScaleBar(
        unit="kpc",
        dimensional=Metric(base_unit="pc", include=["pc", "kpc"]),
        location="bottom_left",
        label_location="above",
        bar_length=0.25,
        bar_line_color=CHALK,
        bar_line_width=2,
        label_text_color=CHALK,
        label_text_font_size="12px",
        css_variables={"--bk-background-fill-color": SHADE},
        background_fill_alpha=0.45,
        border_line_color=None,
        margin=8,
        padding=6,
    )
    plot.state.add_layout(ruler)
