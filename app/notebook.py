"""A data set or a run -> a page of the dashboard in a notebook cell, in one line."""

from base64 import b64encode
from functools import lru_cache

import panel as pn
from bokeh.models import ImportedStyleSheet
from panel.io.resources import CDN_DIST, DIST_DIR
from panel.io.state import state

from galmass_app import services
from galmass_app.page import PAGES
from galmass_app.state import Choice
from galmass_app.theme import Look, style_sheet
from galmass_app.views.frame.selection_bar import SelectionBar
from galmass_app.views.train.run_in_view import RunInView
from galmass_core.datasets.dataset import DataSet
from galmass_core.training.runs import Run


def show(what: DataSet | Run, page: str = "explore", **chosen: str) -> pn.Column:
    """Show a page of the dashboard in a notebook; it answers as it does in the browser.

    >>> show(open_dataset("demo"))
    >>> show(open_dataset("demo"), "features", target="log_mtot_1rhsm")
    >>> show(open_run("mstar-r+2V-20260101-120000"))

    Parameters
    ----------
    what : DataSet or Run
        A run shows its curves and facts.
    page : str
        ``explore``, ``sample``, ``features``, ``train``, ``compare``, ``why`` or ``paper``, for a
        data set.
    **chosen : str
        What else is chosen, by the names of `state.Choice`: ``galaxy``, ``los``, ``x``, ``y``,
        ``target``, ``theme``, … The theme is light by default.

    Returns
    -------
    panel.Column
        Shows itself as the last line of a cell.

    Raises
    ------
    ValueError
        If there is no such page, something chosen does not exist, or the data set cannot be used.
    """
    _load()
    theme = chosen.setdefault("theme", "light")
    views = [RunInView(what, theme)] if isinstance(what, Run) else _page(what, page, chosen)
    return pn.Column(
        *views,
        stylesheets=[style_sheet("tokens.css")],
        css_classes=["gm-notebook", f"gm-{theme}"],
        sizing_mode="stretch_width",
        hooks=[_bring_sheets],
    )


def _page(data: DataSet, page: str, chosen: dict[str, str]) -> list[pn.viewable.Viewer]:
    """Make a page of a data set, under the bar that selects galaxies in words."""
    if page not in PAGES:
        msg = f"page must be one of {', '.join(PAGES)}, got {page!r}"
        raise ValueError(msg)
    if unknown := set(chosen) - set(Choice.param):
        msg = f"chosen must be names of Choice, got {', '.join(sorted(unknown))}"
        raise ValueError(msg)
    choice = Choice(page=page, dataset=services.offer(data.path), **chosen)
    choice.settle()
    if trouble := choice.error or choice.not_found or choice.not_kept:
        raise ValueError(trouble)
    return [SelectionBar.of(choice), PAGES[page][1](choice)]


@lru_cache(maxsize=1)
def _load() -> None:
    """Bring scripts and looks into the notebook; from then on all of Panel there looks so."""
    pn.extension(inline=True, design=Look)


def _bring_sheets(*_: object) -> None:
    """Put the style sheets of Panel's own parts into the notebook; called when it draws some.

    Panel does so itself for parts that are new, but for one that changes it asks its makers' host.
    """
    for sheets in state._stylesheets.values():
        for sheet in sheets.values():
            url = str(sheet.url) if isinstance(sheet, ImportedStyleSheet) else ""
            if url.startswith(CDN_DIST):
                path = DIST_DIR / url.removeprefix(CDN_DIST).partition("?")[0]
                sheet.url = "data:text/css;base64," + b64encode(path.read_bytes()).decode()
