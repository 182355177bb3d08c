"""What was measured for a figure of the paper -> its pictures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import pandas as pd

from galmass_app import services
from galmass_app.comparison import Missing, Result
from galmass_app.markup import snippet
from galmass_app.paper_answers import Answer, Matrix
from galmass_app.paper_figures import FIGURES
from galmass_app.plots.correlation import correlation_picture
from galmass_app.state import SessionState
from galmass_app.tree_models import Fit
from galmass_app.views.download import flat
from galmass_app.views.features.losses import Losses
from galmass_app.views.four_maps import FourMaps, shown_maps
from galmass_app.views.layout import column, html, plot, row
from galmass_app.views.paper import figure_text
from galmass_app.views.paper.panel_view import PaperPanelView, shared_axes
from galmass_app.views.table_four import table
from galmass_app.views.train.run_in_view import RunInView
from galmass_core.datasets.fits_files import maps_as_fits


@dataclass
class Drawing:
    """The pictures of a figure."""

    parts: list = field(default_factory=list)
    # Those that mark the galaxy in view; `draw_next` fills them
    panels: list[PaperPanelView] = field(default_factory=list)
    rows: pd.DataFrame = field(default_factory=pd.DataFrame)  # the numbers in the pictures
    fits: Callable[[], bytes] | None = None  # returns a FITS file where it is more than these

    def mark(self, galaxy: str, los: str) -> None:
        """Mark the galaxy in view."""
        for panel in self.panels:
            panel.mark(galaxy, los)

    @property
    def due(self) -> bool:
        """Whether there are panels to be drawn."""
        return any(not panel.drawn for panel in self.panels)

    def draw_next(self) -> None:
        """Draw one panel more: all in one go would keep other visitors waiting."""
        next(panel for panel in self.panels if not panel.drawn).draw()


def sample_of(session: SessionState) -> tuple[str, str]:
    """Return galaxy and line of sight of Figure 1: the paper's if it is here."""
    there = session.data.samples["name"].eq(figure_text.GALAXY).any()
    return (figure_text.GALAXY if there else session.galaxy), session.los


def draw_figure(session: SessionState, content: object) -> Drawing:
    """Draw the figure or table in view; ``content`` is what `paper_answers.measured` returns."""
    functions = {
        "1": _galaxy,
        "2": _workflow,
        "3": _network,
        "4": _tree_losses,
        "5": _network_losses,
        "10": _matrix,
        "table-4": _table_four,
        "table-5": lambda *_: Drawing(),  # this table draws itself
        "text": _text,
    }
    return functions.get(session.figure, _panels)(session, content)


def _galaxy(session: SessionState, _: object) -> Drawing:
    data, sample = session.data, sample_of(session)
    if not data.has_maps:
        return _message(snippet("paper.html", "no_maps"))
    shown = shown_maps(session, *sample)
    text = html("gm-result", figure_text.galaxy_in_view(data, *sample))
    fits = partial(maps_as_fits, shown.maps, data.row(*sample))
    return Drawing([FourMaps(shown), text], fits=fits)


def _workflow(session: SessionState, _: object) -> Drawing:
    galaxies, samples = len(session.data.galaxy_names), len(session.data)
    counts = snippet("paper.html", "counts", f"{galaxies:,}", f"{samples:,}")
    return _message(snippet("diagrams.html", "workflow") + counts)


def _network(_session: SessionState, _: object) -> Drawing:
    return _message(snippet("diagrams.html", "network") + snippet("paper.html", "weights"))


def _tree_losses(session: SessionState, content: Sequence[Answer]) -> Drawing:
    [panel], [one] = FIGURES[session.figure].panels, content
    if not isinstance(one, Fit):
        return _message(figure_text.gap(session.data, panel, one))
    ours = snippet("shared.html", "paragraph", "Ours:")
    text = ours + figure_text.panel_text(session.data, panel, one, None)
    return Drawing([Losses(one), html("gm-result", text)], rows=one.curves)


def _network_losses(session: SessionState, content: Sequence[Answer]) -> Drawing:
    [panel], [one] = FIGURES[session.figure].panels, content
    if not isinstance(one, Result):
        return _message(figure_text.gap(session.data, panel, one))
    text = html("gm-result", figure_text.run_text(panel, one))
    return Drawing([RunInView(one.run, session.theme), text], rows=services.history(one.run))


def _matrix(session: SessionState, content: Matrix | Missing) -> Drawing:
    if isinstance(content, Missing):
        return _message(figure_text.gap(session.data, None, content))
    picture = correlation_picture(content.values, content.features, session.theme)
    pane = plot("gm-matrix", picture, linked_axes=False)
    parts = [row("gm-paper-matrix", pane, html("gm-result", figure_text.matrix_text(content)))]
    return Drawing(parts, rows=content.values.reset_index(names="column"))


def _table_four(session: SessionState, content: list[dict]) -> Drawing:
    return Drawing([html("gm-table-four", table(session.data, content))], rows=flat(content))


def _text(session: SessionState, content: list[dict]) -> Drawing:
    text = figure_text.text_table(session.data, content)
    return Drawing([html("gm-table-text", text)], rows=flat(content))


def _message(text: str) -> Drawing:
    """Show a text alone."""
    return Drawing([html("gm-result", text)])


def _panels(session: SessionState, content: Sequence[Answer]) -> Drawing:
    """Draw predictions against the truth, panel by panel."""
    figure = FIGURES[session.figure]
    axes = shared_axes(figure.panels, content)
    views = [
        PaperPanelView(session.data, panel, one, axes.get(panel.target), session.look_at)
        for panel, one in zip(figure.panels, content, strict=True)
    ]
    help_ = html("gm-result", snippet("shared.html", "paragraph", figure_text.TAP))
    grid = column(f"gm-paper-{figure.across}", *views)
    return Drawing([help_, grid], views, _predictions(figure, content))


def _predictions(figure: object, content: Sequence[Answer]) -> pd.DataFrame:
    """Return all predictions in a figure, with what each is of."""
    tables = [
        one.predictions.assign(experiment=panel.experiment, target=panel.target, early=panel.early)
        for panel, one in zip(figure.panels, content, strict=True)
        if not isinstance(one, Missing)
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
