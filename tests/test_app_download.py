"""What can be taken along without a browser: the data of every figure, under telling names."""

import re
import shlex
import shutil
from contextlib import redirect_stdout
from html import unescape
from io import BytesIO, StringIO

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.table import Table
from demo_folder import NAMES, write_demo_galaxies
from pages import send, settle
from sample_tables import make_dataset, make_samples

from galmass_app.page import PAGES
from galmass_app.state import INSIGHTS, SessionState
from galmass_app.views.download import HOW, Download
from galmass_app.views.features.page import FIGURES
from galmass_app.views.prediction import Prediction
from galmass_app.views.table_five import TableFive
from galmass_core.assets import asset
from galmass_core.benchmarks.invented import SCATTERS, enlarge, make_runs
from galmass_core.cli import build_parser
from galmass_core.datasets.build import build_dataset
from galmass_core.datasets.dataset import open_dataset
from galmass_core.datasets.fits_files import table_as_fits
from galmass_core.training.model_runs import train_run
from galmass_core.training.runs import open_run


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Toys with maps, a table that is large enough to learn from, and a run on it."""
    home = tmp_path_factory.mktemp("home")
    cutouts = write_demo_galaxies(tmp_path_factory.mktemp("sources") / "cutouts", 3)
    build_dataset([cutouts], home / "toys")
    table = make_dataset(home / "table", make_samples(100))
    train_run(table, "mstar/features", path=home / "runs" / "trees")
    shutil.copytree(asset("showcase"), home / "many")
    enlarge(open_dataset(home / "many"), 50)
    make_runs(home, open_dataset(home / "many"), inputs=("r", "2V"))
    return home


@pytest.fixture
def visit_page(home, monkeypatch):
    """Make a page as a session would."""
    monkeypatch.setenv("GALMASS_HOME", str(home))
    monkeypatch.delenv("GALMASS_DATA", raising=False)

    def visit_page(key, dataset, **chosen):
        session = SessionState(page=key, dataset=dataset, **chosen)
        session.settle()
        page = PAGES[key][1](session)
        return settle(page) if key == "features" else page

    return visit_page


def take(page, monkeypatch):
    """Ask every menu of a page for its data; return what came, by file name."""
    files = {}
    for menu in page.__panel__().select(lambda part: isinstance(part, Download) and part.visible):

        def keep(sent):
            files[f"{sent['name']}.{sent['format'].lower()}"] = sent["content"]

        monkeypatch.setattr(menu, "_send_msg", keep)
        for kind in set(menu.formats) - {"PNG", "SVG", "PDF"}:
            send(menu, kind)
    assert not page.session.error
    return files


def test_explorer_gives_maps_profiles_and_sample(visit_page, monkeypatch):
    files = take(visit_page("explore", "toys", galaxy="2", los="y"), monkeypatch)
    who = "toys_" + NAMES[1].replace("/", "-")
    assert set(files) == {
        f"{who}_y_maps.fits",
        *(f"{who}_profiles.{kind}" for kind in ("csv", "fits")),
        *(f"toys_log_mtot_1rhsm_log_mstar.{kind}" for kind in ("csv", "fits")),
    }
    with fits.open(BytesIO(files[f"{who}_y_maps.fits"])) as hdus:
        assert (hdus[0].header["OBJECT"], hdus[0].header["LOS"]) == (NAMES[1], "y")
    table = pd.read_csv(BytesIO(files["toys_log_mtot_1rhsm_log_mstar.csv"]))
    assert list(table) == ["name", "los", "log_mstar", "log_mtot_1rhsm"]
    assert len(table) == 9


@pytest.mark.parametrize("dataset", ["toys", "table"])
def test_sample_page_gives_the_columns_of_its_relations(visit_page, monkeypatch, dataset):
    page = visit_page("sample", dataset)
    files = take(page, monkeypatch)
    back = Table.read(BytesIO(files[f"{dataset}_relations.fits"]), hdu=1)
    assert len(back) == len(page.session.data)
    assert {"name", "los", "sigma_v"} <= set(back.colnames)


def test_every_figure_of_the_features_page_gives_its_data(visit_page, monkeypatch):
    page = visit_page("features", "table")
    files = take(page, monkeypatch)
    stem = "table_log_mstar_1rhsm_split-by-galaxy_"
    names = {f"{stem}{kind.__name__.lower()}" for kind in FIGURES}
    assert set(files) == {f"{name}.{ending}" for name in names for ending in ("csv", "fits")}
    predictions = pd.read_csv(BytesIO(files[f"{stem}prediction.csv"]))
    shown = page.views[Prediction].fit.predictions["y_pred"]
    np.testing.assert_allclose(predictions["y_pred"], shown)


def test_compare_page_gives_maps_predictions_and_table_4(visit_page, monkeypatch, home):
    page = visit_page(
        "compare", "many", panels=["r", "2V", "g-r", "power-law"], against="sigma_v", los="x"
    )
    files = take(page, monkeypatch)
    who = f"many_{page.session.galaxy.replace('/', '-')}_x_maps.fits"
    panels = ("mstar-r-0", "mstar-2V-0", "power-law-in-M_r")
    stems = [f"many_{panel}_log_mstar_1rhsm" for panel in panels]
    stems.append("many_table-4_split-by-galaxy")
    assert set(files) == {who, *(f"{stem}.{kind}" for stem in stems for kind in ("csv", "fits"))}

    table = pd.read_csv(BytesIO(files[f"{stems[0]}.csv"]))
    limits = ["low_68", "high_68", "low_90", "high_90"]
    assert list(table) == ["name", "los", "y_true", "y_pred", *limits, "ood_percentile", "sigma_v"]
    predictions = open_run(home / "runs" / "mstar-r-0").predictions()
    predictions = predictions[predictions["part"] == "test"].set_index(["name", "los"])["y_pred"]
    pd.testing.assert_series_equal(table.set_index(["name", "los"])["y_pred"], predictions)
    samples = page.session.data.samples.set_index(["name", "los"])["sigma_v"]
    assert (samples.loc[predictions.index].to_numpy() == table["sigma_v"]).all()
    assert len(Table.read(BytesIO(files[f"{stems[-1]}.fits"]), hdu=1)) == 24


def test_table_4_carries_ours_once_it_is_measured(visit_page, monkeypatch):
    page = settle(visit_page("compare", "many"))
    files = take(page, monkeypatch)
    table = pd.read_csv(BytesIO(files["many_table-4_split-by-galaxy.csv"])).set_index("experiment")
    assert table.loc["mstar/g,r", "status"] == "not trained"
    assert table.loc["mstar/2V", "std_value"] == pytest.approx(SCATTERS["2V"], rel=0.2)
    assert table.loc["mstar/2V", "run"] == "mstar-2V-0"


def test_curves_of_a_run_carry_its_name(visit_page, monkeypatch):
    files = take(visit_page("train", "table", run="trees"), monkeypatch)
    assert set(files) == {"table_trees_history.csv", "table_trees_history.fits"}
    assert "iteration" in pd.read_csv(BytesIO(files["table_trees_history.csv"]))


def test_table_5_carries_ours_once_it_is_measured(visit_page, monkeypatch):
    page = visit_page("features", "table")
    view = page.views[TableFive]
    rows = [
        {"row": 1, "features": ["a", "b"], "left_out": {}, "std": {"value": 0.1}},
        {"row": 2, "features": ["a"], "left_out": {"c is missing": 2}, "std": {"value": 0.2}},
    ]
    monkeypatch.setattr(view, "_rows", rows)
    assert list(view.table["std_value"]) == [0.1, 0.2]
    assert list(view.table["features"]) == ["a b", "a"]


def test_what_cannot_be_made_is_reported(visit_page, monkeypatch):
    page = visit_page("explore", "toys")

    def fail():
        msg = "disk on fire"
        raise OSError(msg)

    menu = Download.of(page.session, "gm-sample", lambda: "x", how=str, table=fail)
    send(menu, "CSV")
    assert page.session.error == "disk on fire"


def test_names_in_any_letters_are_downloaded_as_text(visit_page, home, monkeypatch):
    name = "naïve σ <b>{{7*7}}<b>"
    samples = make_samples(20)
    samples["name"] = samples["name"] + name
    make_dataset(home / name, samples)
    files = take(visit_page("sample", name), monkeypatch)
    assert not any("/" in each or "\\" in each for each in files)
    (content,) = (content for each, content in files.items() if each.endswith("fits"))
    with fits.open(BytesIO(content)) as hdus:
        assert hdus[1].header["DATASET"] == "na?ve s <b>{{7*7}}<b>"
        assert hdus[1].data["name"][0].endswith(name.translate({239: "?", 963: "s"}))


def test_columns_in_any_letters_have_names_in_fits():
    table = pd.DataFrame({"=1+1\tδ": [1.0], "=1+1\tε": [2.0], "σ": ["ï"]})
    read = Table.read(BytesIO(table_as_fits(table, {})))
    assert read.colnames == ["_1_1__", "_1_1___2", "s"]
    assert read["s"][0] == "?"


# How it was made


def ask(page, monkeypatch):
    """Ask every menu of a page how its figure was made; return what came, by figure."""
    texts = {}
    for menu in page.__panel__().select(lambda part: isinstance(part, Download) and part.visible):
        figure = menu.figure

        def keep(sent, figure=figure):
            texts[figure] = sent["text"]

        monkeypatch.setattr(menu, "_send_msg", keep)
        send(menu, HOW)
    assert not page.session.error
    return texts


def repeat(text):
    """Run the Python and parse the command lines of a figure; return what was printed."""
    codes = [unescape(code) for code in re.findall(r"<pre[^>]*>(.*?)</pre>", text, re.DOTALL)]
    printed = StringIO()
    with redirect_stdout(printed):
        exec(compile(codes[0], "figure", "exec"), {})
    for line in "".join(codes[1:]).splitlines():
        program, *words = shlex.split(line)
        assert program == "galmass"
        build_parser().parse_args(words)
    return printed.getvalue()


@pytest.mark.parametrize(
    ("key", "dataset", "figures"),
    [
        (
            "explore",
            "toys",
            {
                "gm-portrait",
                "gm-profiles",
                "gm-sample",
                *(f"gm-explore-{part}" for part in INSIGHTS),
            },
        ),
        ("sample", "table", {"gm-scaling"}),
        ("gallery", "toys", {"gm-gallery"}),
        ("features", "table", {figure for figure, _ in FIGURES.values()}),
        ("train", "table", {"gm-run-in-view"}),
        ("compare", "many", {"gm-compared-0", "gm-compared-1", "gm-table-part"}),
    ],
)
def test_every_figure_says_how_it_was_made(visit_page, monkeypatch, key, dataset, figures):
    page = visit_page(
        key, dataset, run="trees" if key == "train" else "", panels=["r", "power-law"]
    )
    if key == "explore":
        page.session.insights = list(INSIGHTS)
    texts = ask(page, monkeypatch)
    assert figures <= set(texts)
    for figure in sorted(figures):
        assert f"{dataset}: " in texts[figure], figure
        assert repeat(texts[figure]), figure


def test_python_of_a_figure_prints_its_numbers(visit_page, monkeypatch):
    page = visit_page("features", "table")
    printed = repeat(ask(page, monkeypatch)["gm-prediction"])
    assert printed.rstrip("\n") == str(page.views[Prediction].fit.predictions)


def test_selection_is_part_of_how_a_figure_was_made(visit_page, monkeypatch):
    page = visit_page("sample", "table")
    page.session.keep("log_mstar_1rhsm > 10.2")
    text = ask(page, monkeypatch)["gm-scaling"]
    assert f"{len(page.session.selection)} galaxies: log_mstar_1rhsm &gt; 10.2" in text
