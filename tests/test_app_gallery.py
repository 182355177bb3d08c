"""The Gallery: order and colours, pictures that a worker makes, and galaxies by similarity."""

import numpy as np
import pytest
from bokeh.models import ColorBar
from pages import enclose, ends_of, figure_of, is_shown, send, settle, texts, widget, zoom
from sample_tables import make_dataset, make_samples
from toy_maps import make_map_dataset

from galmass_app.embeddings import AXES, embed, principal_components
from galmass_app.gallery import colours_of, orders, ranked
from galmass_app.selection import largest_errors
from galmass_app.state import SessionState
from galmass_app.thumbnails import thumbnail
from galmass_app.views.gallery.embedding import EmbeddingPanel
from galmass_app.views.gallery.page import Gallery
from galmass_core.benchmarks.invented import make_run

TARGET = "log_mstar_1rhsm"


@pytest.fixture(scope="module")
def blobs(tmp_path_factory):
    """Data set of 24 galaxies with maps, with a run."""
    home = tmp_path_factory.mktemp("home")
    data = make_map_dataset(home / "blobs", 24)
    make_run(home, data, "mstar/r", 0.06)
    return data


@pytest.fixture
def page(blobs, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(blobs.path.parent))
    monkeypatch.delenv("GALMASS_DATA", raising=False)

    def page(**chosen):
        session = SessionState(page="gallery", dataset="blobs", **chosen)
        session.settle()
        return Gallery(session)

    return page


@pytest.fixture
def sent(monkeypatch):
    """Messages to the browser."""
    sent = []
    monkeypatch.setattr(
        "galmass_app.views.gallery.gallery_grid.GalleryGrid._send_msg",
        lambda _, message: sent.append(message),
    )
    return sent


def ids(names):
    return [name.rpartition("/")[2] for name in names]


def test_all_galaxies_are_there_and_of_a_selection_those_only(page, blobs):
    view = page()
    assert view.grid.shown["ids"] == ids(blobs.galaxy_names)
    assert view.grid.shown["head"].startswith("24 of 24 galaxies, ")
    view.session.select(blobs.galaxy_names[3:6], "some")
    assert view.grid.shown["ids"] == ids(blobs.galaxy_names[3:6])


def test_sorted_by_a_column_the_largest_come_first_with_their_number(page, blobs):
    view = page(gallery_order=TARGET)
    values = blobs.galaxies[TARGET].sort_values(ascending=False, kind="stable")
    assert view.grid.shown["ids"] == ids(values.index)
    assert view.grid.shown["notes"][0].endswith(f"{values.iloc[0]:.4g}")
    assert view.grid.shown["colours"] == []
    table = widget(view, "gm-download").files["CSV"]().decode().splitlines()
    assert table[0] == f"name,los,{TARGET}"
    assert table[1] == f"{values.index[0]},z,{values.iloc[0]}"


def test_sorted_and_coloured_by_the_error_of_a_run_untested_ones_come_last(page, blobs):
    view = page()
    ((words, key),) = orders(blobs)["Errors of runs"].items()
    assert "mstar-r-0" in words
    assert widget(view, "gm-gallery-order").groups["Errors of runs"] == {words: key}
    widget(view, "gm-gallery-order").value = key
    widget(view, "gm-gallery-colour").value = key
    names = tuple(blobs.galaxy_names)
    found = ranked(blobs, names, key)
    known = found.values.dropna()
    assert 0 < len(known) < 24
    shown = view.grid.shown
    assert shown["ids"][0] == known.idxmax().rpartition("/")[2]
    assert shown["notes"][-1] == "not tested"
    assert [colour == "" for colour in shown["colours"]] == [False] * len(known) + [True] * (
        24 - len(known)
    )
    assert shown["notes"][0].endswith(" dex")
    assert "\n" not in shown["notes"][0]


def test_errors_are_those_of_the_run(page, blobs):
    page()
    (key,) = orders(blobs)["Errors of runs"].values()
    table = make_run_table(blobs)
    found = ranked(blobs, tuple(blobs.galaxy_names), key)
    expected = largest_errors(table)["size"]
    np.testing.assert_allclose(found.values.dropna(), expected.reindex(found.values.dropna().index))


def make_run_table(data):
    from galmass_core.training.runs import list_runs

    table = list_runs()[0].predictions()
    return table[table["part"] == "test"]


def test_what_does_not_exist_is_refused(page, blobs):
    page()
    with pytest.raises(ValueError, match="must be sorted by a column of blobs, got luck"):
        ranked(blobs, tuple(blobs.galaxy_names), "luck")
    with pytest.raises(ValueError, match="must be one that predicts blobs, got gone"):
        ranked(blobs, tuple(blobs.galaxy_names), "error|log_mstar_1rhsm|gone")


def test_an_address_with_a_key_of_other_data_shows_them_unsorted(page, blobs):
    view = page(gallery_order="luck", gallery_colour="error|x|gone")
    assert view.session.gallery_order == ""
    assert view.grid.shown["ids"] == ids(blobs.galaxy_names)


def test_colours_span_the_values_and_are_empty_where_unknown():
    colours = colours_of(np.array([0.0, 1.0, np.nan, 0.5]))
    assert colours[2] == ""
    assert len(set(colours)) == 4
    assert len(set(colours_of(np.array([3.0, 3.0])))) == 1
    assert colours_of(np.array([np.nan])) == [""]


def test_pictures_that_are_in_view_are_made_and_no_others(page, sent, blobs):
    view = page(gallery_map="V", los="x")
    send(view.grid, ["pictures", view.grid.shown["series"], [2, 5, 99]])
    settle(view.grid)
    assert {message["series"] for message in sent} == {view.grid.shown["series"]}
    made = dict(each for message in sent for each in message["made"])
    expected = {
        at: thumbnail(blobs, blobs.galaxy_names[at], "x", "V", view.session.theme) for at in (2, 5)
    }
    assert made == expected
    assert made[2] != made[5]
    assert made[2] != thumbnail(blobs, blobs.galaxy_names[2], "y", "V", view.session.theme)


def test_requests_of_an_earlier_series_are_ignored(page, sent):
    view = page()
    before = view.grid.shown["series"]
    view.session.los = "y"
    assert view.grid.shown["series"] == before + 1
    send(view.grid, ["pictures", before, [1]])
    send(view.grid, ["show", before, 3])
    settle(view.grid)
    assert sent == []
    assert view.session.galaxy == view.session.data.galaxy_names[0]


def test_a_tap_chooses_a_galaxy_which_is_marked(page, blobs):
    view = page(gallery_order=TARGET, los="y")
    send(view.grid, ["show", view.grid.shown["series"], 4])
    assert view.session.galaxy.rpartition("/")[2] == view.grid.shown["ids"][4]
    assert (view.session.los, view.grid.here) == ("y", 4)
    view.session.select([name for name in blobs.galaxy_names if name != view.session.galaxy], "")
    assert view.grid.here >= 0  # the first that is left


def test_without_maps_the_page_says_so(page, tmp_path, monkeypatch):
    make_dataset(tmp_path / "table", make_samples(10))
    monkeypatch.setenv("GALMASS_HOME", str(tmp_path))
    session = SessionState(page="gallery", dataset="table")
    session.settle()
    view = Gallery(session)
    assert "no maps" in texts(view)
    assert not is_shown(view, "gm-gallery")


def test_principal_components_are_those_of_a_known_cloud():
    generator = np.random.default_rng(0)
    values = np.outer(generator.normal(size=200) * 5, [3, 4, 0]) / 5
    values += np.outer(generator.normal(size=200), [4, -3, 0]) / 5
    places, explained = principal_components(values)
    assert explained[0] == pytest.approx(25 / 26, abs=0.02)
    assert sum(explained) == pytest.approx(1)
    direction = (values - values.mean(axis=0)) @ [0.6, 0.8, 0]
    assert abs(np.corrcoef(direction, places[:, 0])[0, 1]) > 0.99
    values[3, 1] = np.nan  # counts as the mean
    assert np.isfinite(principal_components(values)[0]).all()
    with pytest.raises(ValueError, match="must have galaxies that differ"):
        principal_components(np.ones((5, 3)))


def test_too_few_galaxies_have_no_embedding(blobs):
    with pytest.raises(ValueError, match="must have at least 3 galaxies, got 2"):
        embed(blobs, blobs.galaxy_names[:2], "z", "r")


def test_galaxies_by_likeness_are_linked_to_the_grid(page, blobs):
    view = page(gallery_map="V")
    panel = view.views[EmbeddingPanel]
    widget(view, "gm-embedding-source").value = ""  # pixels
    widget(view, "gm-embed").clicks += 1
    settle(panel)
    table = panel.embedding.table
    assert list(table["name"]) == blobs.galaxy_names
    assert "24 galaxies; the axes hold" in texts(view)

    row = table.iloc[7]
    panel.tap(row[AXES[0]], row[AXES[1]])
    assert view.session.galaxy == row["name"]
    assert view.grid.here == 7
    right = float(table[AXES[0]].median())
    enclose(figure_of(panel, "gm-likeness"), right, 1e9, -1e9, 1e9)
    chosen = set(table["name"][table[AXES[0]] > right])
    assert set(view.session.selection) == chosen
    assert view.grid.shown["ids"] == ids(name for name in blobs.galaxy_names if name in chosen)

    seen = ((right, right + 1), (0.0, 1.0))
    zoom(figure_of(panel, "gm-likeness"), *seen)
    view.session.gallery_colour = TARGET
    figure = figure_of(panel, "gm-likeness")
    assert ends_of(figure) == seen
    assert figure.select({"type": ColorBar})
