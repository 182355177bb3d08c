"""Maps of a galaxy -> pictures of them: colours, rings at R_hsm and R_e, a ruler in kpc.

A page's pictures are drawn with Bokeh itself, whose figures are built in a sixth of the time that
HoloViews takes; a notebook's are HoloViews elements, which show themselves.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal

import holoviews as hv
import numpy as np
from bokeh.models import (
    Angular,
    ColumnDataSource,
    Ellipse,
    FixedTicker,
    HoverTool,
    Image,
    LinearColorMapper,
    LogColorMapper,
    Metric,
    Plot,
    Range1d,
    ScaleBar,
    Text,
)
from bokeh.plotting import figure
from holoviews.plotting.bokeh.element import ElementPlot

from galmass_app.markup import snippet
from galmass_app.plots.frame import STRETCHED, quiet, quiet_toolbar, set_range
from galmass_app.plots.scale import Scale, scale_of
from galmass_app.theme import Theme, map_colours
from galmass_core.imaging.maps import GalaxyMaps
from galmass_core.quantities import MAPS, map_keys

Unit = Literal["kpc", "arcsec"]
_ARCSEC = "″"  # on a ruler
SHADE, CHALK = "#0e1116", "#ffffff"  # lines are drawn twice: readable on dark and bright pixels
TOOLS = "pan,wheel_zoom,box_zoom,reset"
FRAME = 300  # px, in a notebook
CLEAR = """:host {
  --icon-color: #ffffff;
  background: none !important;
  filter: drop-shadow(0 0 2px #000000);
}"""  # of a toolbar through which a map is seen
EMPTY = "#c9cdd3"  # pixels without light or stars, in a notebook


def four_maps(
    maps: GalaxyMaps,
    effective_radius: float | None = None,
    keys: Sequence[str] | None = None,
) -> hv.Layout:
    """Show a galaxy's r image, colour, velocity, dispersion and registered maps side by side.

    Parameters
    ----------
    effective_radius : float, kpc, optional
        R_e, for its ring.
    keys : sequence of str, optional
        Other maps, such as ``("age", "h3")``.

    Returns
    -------
    holoviews.Layout
        Zooming in one zooms all; shows itself in a notebook.
    """
    pictures = []
    for key in map_keys() if keys is None else keys:
        scale, shown = scale_of(maps, key), MAPS[key]
        bar = {"height": 8, "ticker": FixedTicker(ticks=list(scale.ticks))}
        pictures.append(
            _picture(maps, key, scale, effective_radius=effective_radius).opts(
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


class MapFigures:
    """Pictures of all maps of one sample; a zoom in one zooms all.

    Attributes
    ----------
    figures : dict of bokeh.plotting.figure
        By map; pixels without light, or with too few stars, show the figure's background.

    Parameters
    ----------
    keys : sequence of str, optional
        Of the maps; by default those that are always shown.
    small : bool
        Whether rings have no names and the ruler has no ground, which would cover a small map.
    counted : bool
        Whether the tooltip says how many stars a pixel has; maps of a telescope do not know.
    unit : str
        Of lengths: ``kpc`` or ``arcsec``.
    """

    def __init__(
        self,
        keys: Sequence[str] | None = None,
        *,
        small: bool = False,
        counted: bool = True,
        unit: Unit = "kpc",
    ) -> None:
        keys = map_keys() if keys is None else keys
        self._theme, self._small, self._counted = None, small, counted
        self._ends = {"x_range": Range1d(), "y_range": Range1d()}
        self._rings = ColumnDataSource(_rings(np.nan, None))
        self._ruler = _ruler(small=small, unit=unit)
        self._images = {key: ColumnDataSource(_nothing()) for key in keys}
        self._mappers = {
            key: (LogColorMapper if MAPS[key].colours == "decades" else LinearColorMapper)(
                nan_color="rgba(0, 0, 0, 0)"
            )
            for key in keys
        }
        self.figures = {key: self._figure(key) for key in keys}

    def show(
        self,
        maps: GalaxyMaps,
        scales: Mapping[str, Scale],
        *,
        effective_radius: float | None = None,
        least_stars: int = 1,
        theme: Theme = "dark",
    ) -> None:
        """Draw maps of a sample, in kpc; the others stay as they are.

        Parameters
        ----------
        scales : mapping of Scale
            Range of the colours by map that is drawn.
        effective_radius : float, kpc, optional
            R_e, for its ring.
        least_stars : int
            Fewest stars in a pixel of motion that is drawn.
        """
        for key, mapper in self._mappers.items():
            if theme != self._theme:  # colours are many to check
                mapper.palette = map_colours(key, theme)
            if key not in scales:
                continue
            mapper.update(low=scales[key].low, high=scales[key].high)
            self._images[key].data = _pixels(maps, key, least_stars)
        self._theme = theme
        self._rings.data = _rings(maps.half_mass_radius, effective_radius)
        for ends in self._ends.values():
            set_range(ends, -maps.half_width, maps.half_width)

    def _figure(self, key: str) -> figure:
        drawn = figure(
            **self._ends,
            **STRETCHED | {"sizing_mode": "scale_width", "min_border": 0},
            aspect_ratio=1,
            x_axis_type=None,
            y_axis_type=None,
            tools=TOOLS,
            css_classes=["gm-map"],
        )
        quiet(drawn)
        drawn.update(toolbar_location="above")
        drawn.toolbar.stylesheets = [CLEAR]
        corner = {"x": "x", "y": "y", "dw": "dw", "dh": "dh", "image": "image"}
        image = Image(**corner, color_mapper=self._mappers[key])
        hover = _hover(key, plain=not self._counted)
        hover.renderers = [drawn.add_glyph(self._images[key], image)]
        drawn.add_tools(hover)
        _draw_rings(drawn, self._rings, named=not self._small)
        drawn.add_layout(self._ruler)
        return drawn


def _pixels(maps: GalaxyMaps, key: str, least_stars: int) -> dict[str, list]:
    """Return a picture of a map as columns; of motion with the stars of each pixel."""
    values_HW = maps.meaningful(key, least_stars=least_stars)
    corner, side = [-maps.half_width], [2 * maps.half_width]
    more = {}
    if MAPS[key].is_of_stars:  # under the pointer, where there are fewer stars too
        more = {"value": [maps.meaningful(key)], "stars": [maps.stars(len(values_HW))]}
    return {"image": [values_HW], "x": corner, "y": corner, "dw": side, "dh": side, **more}


def _nothing() -> dict[str, list]:
    """Return a picture of nothing as columns."""
    blank = [np.full((1, 1), np.nan, dtype=np.float32)]
    return {"image": blank, "value": blank, "stars": blank} | {
        key: [0.0] for key in ("x", "y", "dw", "dh")
    }


def _picture(
    maps: GalaxyMaps, key: str, scale: Scale, *, effective_radius: float | None = None
) -> hv.Image:
    """Draw one map in kpc with its rings and ruler, in a notebook."""
    edge = maps.half_width
    return hv.Image(
        maps.meaningful(key)[::-1],  # an Image's first row is its top
        bounds=(-edge, -edge, edge, edge),
        kdims=["x_kpc", "y_kpc"],
        vdims=[key],
    ).opts(
        cmap=map_colours(key, "light"),
        clim=(scale.low, scale.high),
        cnorm="log" if scale.log else "linear",
        xaxis=None,
        yaxis=None,
        xlim=(-edge, edge),
        ylim=(-edge, edge),
        tools=[_hover(key, plain=True)],
        default_tools=TOOLS.split(","),
        active_tools=[],
        hooks=[
            quiet_toolbar,
            partial(_decorate, rings=_rings(maps.half_mass_radius, effective_radius)),
        ],
    )


def _lengths(unit: Unit) -> dict[str, object]:
    """Return the unit of a ruler, and what it may say."""
    if unit == "kpc":
        return {"unit": "kpc", "dimensional": Metric(base_unit="pc", include=["pc", "kpc"])}
    ticks = [number * 10**power for power in range(3) for number in (1, 2, 5)]
    basis = {_ARCSEC: (1, _ARCSEC, "arcsec")}
    return {"unit": _ARCSEC, "dimensional": Angular(basis=basis, ticks=ticks)}


def _hover(key: str, *, plain: bool = False) -> HoverTool:
    """Return a tooltip with the value under the pointer, where it is and, unless plain, of what."""
    shown = MAPS[key]
    counted = shown.is_of_stars and not plain
    column, stars = ("@value", "@stars{0}") if counted else ("@image", "")
    value = f"{column}{{{shown.digits}}}"
    return HoverTool(
        tooltips=snippet("tooltips.html", "pixel", shown.symbol, value, shown.shown_unit, stars),
        formatters={column: "printf"},
    )


def _decorate(plot: ElementPlot, element: hv.Image, rings: dict[str, object]) -> None:
    """Draw rings and a ruler over a map (a HoloViews hook)."""
    _draw_rings(plot.state, ColumnDataSource(rings))
    plot.state.add_layout(_ruler())


def _rings(half_mass_radius: float, effective_radius: float | None) -> dict[str, object]:
    """Return circles at R_hsm (solid, named above) and R_e (dashed, named below) as columns."""
    radii = np.array([half_mass_radius, effective_radius], dtype=float)  # NaN is not drawn
    return {
        "width": 2 * radii,
        "dash": ["solid", "dashed"],
        "top": radii * [1, -1],
        "name": ["R_hsm", "R_e"],
        "baseline": ["bottom", "top"],
    }


def _draw_rings(plot: Plot, source: ColumnDataSource, *, named: bool = True) -> None:
    circle = {"x": 0, "y": 0, "width": "width", "height": "width", "fill_color": None}
    glyphs = (
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
    )
    for glyph in glyphs if named else glyphs[:2]:
        plot.add_glyph(source, glyph)


def _ruler(*, small: bool = False, unit: Unit = "kpc") -> ScaleBar:
    """Make a ruler that follows the zoom."""
    return ScaleBar(
        **_lengths(unit),
        location="bottom_left",
        label_location="above",
        bar_length=0.25,
        bar_line_color=CHALK,
        bar_line_width=2,
        label_text_color=CHALK,
        label_text_font_size="12px",
        css_variables={"--bk-background-fill-color": SHADE},
        background_fill_alpha=0.0 if small else 0.45,
        border_line_color=None,
        margin=2 if small else 8,
        padding=2 if small else 6,
        label_standoff=2 if small else 10,
    )
