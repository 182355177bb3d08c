"""The Paper page: what each figure asks, what answers it, and calls that give the same numbers."""

import shlex
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import panel as pn
import pytest
from bokeh.models import Scatter
from pages import parts, settle, texts, widget
from sample_tables import make_dataset, make_samples

from galmass_app.comparison import Missing
from galmass_app.markup import snippet
from galmass_app.paper_answers import Matrix, answer, correlations, leakage, measured
from galmass_app.paper_calls import command_lines, python_call
from galmass_app.paper_figures import FIGURES, PaperPanel
from galmass_app.plots.comparison import drawn_rows
from galmass_app.state import SessionState
from galmass_app.theme import ACCENT
from galmass_app.views.paper.figure_text import gap, how_made, panel_text, text_table
from galmass_app.views.paper.page import Paper
from galmass_core.benchmarks.invented import make_run
from galmass_core.cli import build_parser
from galmass_core.datasets.fits_files import table_as_fits
from galmass_core.learning.experiments import FEATURES
from galmass_core.learning.galaxy_types import early_types
from galmass_core.paper.published import DATA, published_table
from galmass_core.training.leakage import leakage_text

NETWORKS = ("mstar/r+2V", "mtot/r+2V", "mstar,mtot/r+2V", "ml/r+2V")
SAMPLE = ("synthetic/table/0/3", "y")
INPUTS = {"features": "default10", "no-magnitude": "default10_minus_Mr"}


def galaxies():
    """150 galaxies, a third of them of early type."""
    samples = make_samples(150)
    early = np.repeat(np.arange(150) % 3 == 0, 3)
    return samples.assign(
        sersic_n=np.where(early, 4.0, 1.0),
        sfr_1gyr=np.where(early, 0.0, 5.0),
        log_mstar2d_2rhsm=samples["log_mstar_1rhsm"] + 0.2,
        synthetic=True,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def data(home):
    data = make_dataset(home / "learnable", galaxies())
    for name in NETWORKS:
        make_run(home, data, name, 0.05)
    make_run(home, data, "mtot/r+2V", 0.03, seed=5, split="paper")
    return data


@pytest.fixture(autouse=True)
def at_home(home, data, monkeypatch):
    monkeypatch.setenv("GALMASS_HOME", str(home))
    monkeypatch.delenv("GALMASS_DATA", raising=False)


def visit(figure, **chosen):
    """Make the page as a session would, and wait until its figure is there."""
    session = SessionState(page="paper", dataset="learnable", figure=figure, **chosen)
    session.settle()
    page = settle(Paper(session))
    assert not session.error or session.figure != figure
    return page


def printed(key, data, capsys):
    """Run the Python of a figure; return what it prints."""
    content = measured(data, key, "galaxy")
    call = python_call(key, data, content, split="galaxy", sample=SAMPLE)
    capsys.readouterr()
    exec(compile(call, f"figure {key}", "exec"), {})
    return content, capsys.readouterr().out


def test_all_figures_and_tables_of_the_paper_are_there():
    assert list(FIGURES) == [*map(str, range(1, 13)), "table-4", "table-5", "text"]


@pytest.mark.parametrize(
    "panel", [panel for figure in FIGURES.values() for panel in figure.panels if panel.row]
)
def test_panel_shows_the_row_of_the_paper_that_it_names(panel):
    number = 5 if panel.wanted.method == "trees" else 4
    row = published_table(number).set_index("row").loc[panel.row]
    inputs = panel.experiment.partition("/")[2]
    assert row["target"] == panel.target
    assert row["inputs"] == INPUTS.get(inputs, inputs)
    assert (row["subset"] == "test_ETG") == panel.early
    assert number == 5 or len(row["train_targets"].split(",")) == len(panel.wanted.targets)


@pytest.mark.parametrize("key", ["6", "7", "8", "11", "12"])
def test_python_call_gives_the_scatters_in_view(key, data, capsys):
    content, text = printed(key, data, capsys)
    assert len(content) == len(FIGURES[key].panels)
    for one in content:
        assert f"'value': {one.errors['std'].value}" in text


def test_python_call_gives_the_losses_in_view(data, capsys):
    [fit], text = printed("4", data, capsys)
    assert f"{fit.curves['test_l2'].iloc[-1]:.6f}" in text


def test_python_call_gives_the_matrix_in_view(data, capsys):
    matrix, text = printed("10", data, capsys)
    assert isinstance(matrix, Matrix)
    assert str(matrix.values.round(2)) in text


def test_python_call_counts_the_weights_of_the_network(data, capsys):
    _, text = printed("3", data, capsys)
    assert round(int(text) / 4e6, 1) == 11.2


def test_command_lines_of_all_figures_parse(data):
    for key in FIGURES:
        content = None if key in ("table-4", "table-5", "text") else measured(data, key, "galaxy")
        lines = command_lines(key, data, content, "galaxy")
        assert lines or key == "9"
        for line in lines:
            program, *words = shlex.split(line)
            assert program == "galmass"
            build_parser().parse_args(words)


def test_other_features_are_named_in_both_calls(home):
    short = make_dataset(home / "short", galaxies().drop(columns="f_cold"))
    content = measured(short, "12", "galaxy")
    features = tuple(key for key in FEATURES if key != "f_cold")
    assert content[0].request.features == features
    call = python_call("12", short, content, split="galaxy", sample=SAMPLE)
    assert f"features={features!r}" in call
    assert ",".join(features) in command_lines("12", short, content, "galaxy")[0]


def test_joint_figure_takes_the_run_that_learned_both(data):
    content = measured(data, "8", "galaxy")
    assert {one.run.name for one in content} == {"mstar,mtot-r+2V-0"}


def test_last_panel_of_the_joint_figure_has_early_types_only(data):
    *_, whole, early = measured(data, "8", "galaxy")
    names = set(data.samples["name"][early_types(data.samples)])
    assert set(early.predictions["name"]) == set(whole.predictions["name"]) & names
    assert 0 < len(early.predictions) < len(whole.predictions)


def test_power_law_is_that_of_the_table_of_baselines(data):
    from galmass_core.paper.tables import baseline_table

    rows = {row["experiment"]: row for row in baseline_table(data)}
    one = measured(data, "6", "galaxy")[1]
    assert rows["mstar/power-law"]["std"]["value"] == pytest.approx(one.errors["std"].value)


def test_what_the_papers_split_changes_stands_beside_a_network(data):
    [panel] = FIGURES["7"].panels
    [one] = measured(data, "7", "galaxy")
    found = leakage(data, panel)
    paper = answer(data, panel, "paper")
    assert found["value"] == pytest.approx(paper.errors["std"].value - one.errors["std"].value)
    text = texts(visit("7"))
    assert f"<p>{leakage_text(found)}</p>" in text
    assert "<p>Paper split − galaxy split: training noise not included" in text


def test_what_the_papers_split_changes_stands_beside_the_power_law(data):
    network, line = FIGURES["6"].panels
    assert leakage(data, network) is None  # its run has no other of the paper's split
    assert f"<p>{leakage_text(leakage(data, line))}</p>" in texts(visit("6"))


def test_what_is_not_trained_leads_to_training_it(home, data):
    samples = galaxies().assign(shard=0)
    mapped = replace(make_dataset(home / "mapped", samples), info={"shards": {"one": 1}})
    panel = FIGURES["9"].panels[1]
    missing = answer(mapped, panel, "galaxy")
    assert missing.experiment == "ml/g,r+2V"
    assert "?page=train&amp;data=mapped&amp;experiment=ml/g%2Cr%2B2V" in gap(mapped, panel, missing)


def test_what_is_not_in_the_data_says_so_and_leads_to_the_features(home):
    poor = make_dataset(home / "poor", galaxies().drop(columns="log_mdm_1rhsm"))
    *_, panel = FIGURES["11"].panels
    missing = answer(poor, panel, "galaxy")
    text = gap(poor, panel, missing)
    assert "no true M_DM(&lt;R_hsm) here: this data set has no such column" in text.replace(
        "There", "there"
    )
    assert "?page=features&amp;data=poor" in text


def test_few_galaxies_are_not_learned_from(home):
    few = make_dataset(home / "few", galaxies().head(30))
    assert all(isinstance(one, Missing) for one in measured(few, "12", "galaxy"))
    assert correlations(few).samples == 30  # few points are shown
    assert isinstance(correlations(make_dataset(home / "two", galaxies().head(2))), Missing)


def test_agreement_is_marked_on_the_paper_s_galaxies_alone(home, data, monkeypatch):
    renamed = galaxies().assign(synthetic=False)
    renamed["name"] = DATA + "/99/" + renamed["name"].str.rpartition("/")[2]
    theirs = make_dataset(home / "theirs", renamed)
    rows = [
        {
            "section": "2",
            "statement": "so many",
            "published": "450",
            "unit": "count",
            "ours": 450,
            "status": "measured",
            "contradicted_by": "",
        }
    ]
    panel = PaperPanel(experiment="mstar/features", target="log_mstar_1rhsm", row=1)
    for where, marked in ((data, False), (theirs, True)):
        text = panel_text(where, panel, answer(where, panel, "galaxy"), None)
        text += text_table(where, rows)
        assert ('class="agrees"' in text) == marked
        assert ("not comparable" in text.lower()) != marked


def test_linear_axes_show_the_fraction_itself():
    table = pd.DataFrame({"name": ["a"], "los": ["x"], "y_true": [-1.0], "y_pred": [np.log10(0.3)]})
    rows = drawn_rows(table, linear=True)
    assert rows[["y_true", "y_pred", "y"]].iloc[0].tolist() == pytest.approx([0.1, 0.3, 0.2])


@pytest.mark.parametrize("figure", ["workflow", "network"])
def test_diagrams_are_well_formed(figure):
    assert ElementTree.fromstring(snippet("diagrams.html", figure)).find("svg") is not None


@pytest.mark.parametrize("key", list(FIGURES))
def test_page_shows_a_figure_and_how_it_was_made(key):
    page = visit(key)
    assert len(widget(page, "gm-paper-figure"))
    assert "How was this made" in texts(page)
    assert "learnable: 150 galaxies, 450 samples" in texts(page)


def test_page_says_which_figure_there_is_not():
    page = visit("13")
    assert page.session.figure == "1"
    assert page.session.error == "The address asks for figure=13, but there is no such value."


def test_disclosure_names_run_split_and_filter(data):
    content = measured(data, "8", "galaxy")
    text = how_made("8", data, content, split="galaxy", sample=SAMPLE)
    assert "mstar,mtot-r+2V-0 (learned mstar,mtot/r+2V)" in text
    assert "by galaxy: all its lines of sight on one side" in text
    assert "Early types: sSFR &lt; 1e-11/yr" in text


@pytest.mark.parametrize("key", ["4", "5", "8", "10", "12", "table-4", "text"])
def test_numbers_of_a_figure_can_be_exported_as_fits(key):
    page = visit(key)
    assert len(table_as_fits(page.drawing.rows, {"DATASET": "learnable"})) > 2880


def test_contents_and_choice_stay_at_the_same_figure():
    page = visit("2")
    [contents] = page.__panel__().select(lambda part: type(part).__name__ == "Contents")
    contents.figure = "3"
    assert page.session.figure == "3"
    page.session.figure = "1"
    assert contents.figure == "1"


def marked(panel):
    """Return the true values of the samples that a panel rings."""
    dots = [layer for layer in panel.figures.square.renderers if isinstance(layer.glyph, Scatter)]
    (ring,) = (layer for layer in dots if layer.glyph.fill_color == ACCENT)
    return ring.data_source.data["x"]


def test_galaxy_in_view_is_marked_in_the_panels():
    page = visit("12")
    views = page.drawing.panels
    galaxy = views[0].rows["name"].iloc[0]
    page.session.galaxy = galaxy
    assert len(marked(views[0])) == 3


def test_panels_are_drawn_one_at_a_time_each_with_the_galaxy_in_view():
    page = visit("12")
    page.session.galaxy = page.drawing.panels[0].rows["name"].iloc[0]
    page.session.theme = "light"  # draws the figure anew
    count = len(page.drawing.panels)
    assert [panel.drawn for panel in page.drawing.panels] == [False] * count
    for done in range(1, count + 1):
        assert page.pull() == (done < count)
        assert sum(panel.drawn for panel in page.drawing.panels) == done
    for panel in page.drawing.panels:
        assert len(marked(panel)) == 3


def test_page_without_data_says_how_to_make_some(home, monkeypatch):
    monkeypatch.setattr("galmass_app.services.catalogue", dict)
    page = Paper(SessionState(page="paper"))
    assert widget(page, "gm-message").visible
    assert not parts(page, "gm-slot")[0].visible
    assert isinstance(page.__panel__(), pn.Column)
