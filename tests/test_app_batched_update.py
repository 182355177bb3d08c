import panel as pn
import pytest
from bokeh.document import Document
from bokeh.models import ImportedStyleSheet

from galmass_app.framework import batched_update
from galmass_app.theme import Look


@pytest.fixture
def document():
    """The page of a visitor whom our own server serves."""
    document = Document()
    document.template_variables["dist_url"] = "static/extensions/panel/"
    before, pn.state.curdoc = pn.state.curdoc, document
    yield document
    pn.state.curdoc = before


def test_a_part_that_comes_and_changes_in_one_update_is_styled_from_our_server(document):
    page = pn.Column(pn.pane.HTML("here before"), design=Look)
    document.add_root(page.get_root(document))
    part = pn.pane.HTML("new")
    with batched_update():
        page.append(part)
        part.object = "and changed"
    sheets = [sheet.url for sheet in document.select({"type": ImportedStyleSheet})]
    assert sheets
    assert all(url.startswith("static/") for url in sheets)


def test_changes_outside_a_page_are_made_too():
    pane = pn.pane.HTML("before")
    with batched_update():
        pane.object = "after"
    assert pane.object == "after"


def test_models_are_looked_for_once_and_only_if_there_may_be_new_ones(document, monkeypatch):
    pane = pn.pane.HTML("here before")
    page = pn.Column(pane, design=Look)
    document.add_root(page.get_root(document))
    looked, look = [], type(document.models).recompute
    monkeypatch.setattr(
        type(document.models), "recompute", lambda models: (looked.append(True), look(models))
    )
    with batched_update():
        pane.object = "other words"
    assert not looked
    with batched_update():
        page.append(pn.pane.HTML("new"))
        page.append(pn.pane.HTML("and another"))
    assert len(looked) == 1


def test_update_that_fails_leaves_later_ones_whole(document):
    page = pn.Column(design=Look)
    document.add_root(page.get_root(document))
    with pytest.raises(RuntimeError), batched_update():
        raise RuntimeError
    with batched_update():
        page.append(pn.pane.HTML("new"))
    assert len(list(document.select({"text": "new"}))) == 1
