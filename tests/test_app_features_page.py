"""The Features page: what its workers learn, what it shows and what it says of it."""

import re
import time
from concurrent.futures import CancelledError
from threading import Event

import holoviews as hv
import numpy as np
import pandas as pd
import pytest
from bokeh.models import Text
from pages import is_shown, settle, texts, widget
from sample_tables import make_dataset, make_samples

from galmass_app import tree_models
from galmass_app.agreement import compare_to_published
from galmass_app.plots.comparison import Axes, drawn_rows, frame_of
from galmass_app.plots.correlation import correlation_picture, pair_at
from galmass_app.plots.importance import importance_bars
from galmass_app.plots.prediction import SHARES, cloud_of, contour_lines, smooth_density
from galmass_app.plots.prediction_figures import PredictionFigures
from galmass_app.state import SessionState
from galmass_app.tree_models import (
    FitRequest,
    drawn_samples,
    learn,
    measure,
    resolve_request,
    table_five,
    why_missing,
)
from galmass_app.views import prediction
from galmass_app.views.features.correlations import Correlations, related
from galmass_app.views.features.page import Features
from galmass_app.views.prediction import Prediction, errors_text, left_out, signed
from galmass_app.views.table_five import table
from galmass_app.workers import Executor, Job, Slot
from galmass_core.learning.correlations import correlation_matrix
from galmass_core.learning.experiments import FEATURES
from galmass_core.learning.fitting import evaluate
from galmass_core.learning.importance import NOISE
from galmass_core.learning.metrics import Estimate

SIX = ("abs_mag_r", "g_minus_r", "sfr_1gyr", "sigma_v", "bulge_fraction", "bulge_index")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """200 galaxies that the ten features of the paper describe."""
    samples = make_samples(200).assign(synthetic=True)
    return make_dataset(tmp_path_factory.mktemp("home") / "learnable", samples)


@pytest.fixture(scope="module")
def fit(data):
    return learn(fit_request(data))


@pytest.fixture
def visit_page(data, monkeypatch):
    """Make the page of a data set, as a session would."""

    def visit_page(folder=data.path, **chosen):
        monkeypatch.setenv("GALMASS_HOME", str(folder.parent))
        monkeypatch.delenv("GALMASS_DATA", raising=False)
        session = SessionState(page="features", dataset=folder.name, **chosen)
        session.settle()
        return Features(session)

    return visit_page


def fit_request(data, features=FEATURES, target="log_mstar_1rhsm", split="galaxy"):
    return FitRequest(data=data, target=target, features=tuple(features), split=split)


def shown(page, kind):
    """Return all HTML of one view of a page."""
    panes = page.views[kind].__panel__().select(lambda part: hasattr(part, "object"))
    return " ".join(part.object for part in panes if isinstance(part.object, str))


def test_newest_request_wins():
    slot, begun, go_on, done = Slot(Executor()), Event(), Event(), []

    def work(name):
        begun.set()
        assert go_on.wait(120)
        done.append(name)
        return name

    slot.submit(lambda _: work("first"))
    assert begun.wait(120)
    slot.submit(lambda _: work("second"))
    slot.submit(lambda _: work("third"))
    go_on.set()
    while (answer := slot.take()) is None:
        time.sleep(0.01)
    assert answer == "third"
    assert done == ["first", "third"]
    assert not slot.busy


def test_failed_work_raises_where_it_is_taken():
    slot = Slot(Executor())
    slot.submit(lambda _: {}["nothing"])
    with pytest.raises(KeyError, match="nothing"):  # noqa: PT012
        while slot.busy:
            slot.take()
            time.sleep(0.01)


def test_measuring_stops_when_it_is_dropped(data):
    begun = Event()
    job = Job(Executor(), lambda job: begun.wait(120) and measure(fit_request(data), job))
    job.cancel()
    begun.set()
    with pytest.raises(CancelledError):
        job.future.result()


def test_fit_is_what_the_core_learns(data, fit):
    outcome = evaluate(fit_request(data).experiment, data.samples)
    np.testing.assert_allclose(fit.predictions["y_pred"], outcome.predictions["y_pred"])


def test_request_takes_what_there_is_for_what_there_is_not(data):
    tree_request = resolve_request(
        data, "log_mstar_2rhsm", ["bulge_index", "sigma_v", "nonsense"], "galaxy"
    )
    assert tree_request == fit_request(data, ["sigma_v"])
    assert resolve_request(data, "log_mstar_1rhsm", [], "galaxy").features == FEATURES


def test_missing_columns_have_the_reason_that_the_data_set_gives(tmp_path):
    samples = make_samples(4).drop(columns=["log_ml_r_1rhsm", "f_hot"])
    why = {"log_ml_r_1rhsm": "a catalogue has no light inside apertures"}
    data = make_dataset(tmp_path / "some", samples, not_available=why)
    reasons = why_missing(data, ("log_ml_r_1rhsm", "f_hot", "sigma_v"))
    assert reasons == why | {"f_hot": "this data set has no such column"}


@pytest.mark.parametrize(
    ("name", "features", "scatter", "agrees", "why"),
    [
        ("TNG/TNG100-1", FEATURES, 0.047, True, ""),
        ("TNG/TNG100-1", FEATURES, 0.07, False, ""),
        ("TNG/TNG100-1", SIX, 0.05, None, "learned without n, c/a"),
        ("synthetic/table", FEATURES, 0.05, None, "the galaxies are of synthetic/table"),
    ],
)
def test_only_the_papers_experiment_can_agree(tmp_path, name, features, scatter, agrees, why):
    samples = make_samples(2)
    samples["name"] = samples["name"].str.replace("synthetic/table", name)
    data = make_dataset(tmp_path / "some", samples)
    verdict = compare_to_published(
        data, "log_mstar_1rhsm", features, Estimate(scatter, scatter - 0.001, scatter + 0.001)
    )
    assert (verdict.published, verdict.agrees) == (0.05, agrees)
    assert verdict.why.startswith(why)
    assert bool(verdict.why) == (agrees is None)


def test_contours_hold_as_many_samples_as_they_say():
    generator = np.random.default_rng(5)
    true, error = generator.normal(10, 0.4, 20000), generator.normal(0, 0.05, 20000)
    areas = []
    density = smooth_density(true, error)
    for lines in contour_lines(density, density.at(true, error)):
        each = [
            0.5 * abs(np.sum(x * np.roll(y, 1) - y * np.roll(x, 1)))
            for x, y in map(np.transpose, lines)
        ]
        areas.append(max(each))
    expected = [-2 * np.log(1 - share) * np.pi * 0.4 * 0.05 for share in SHARES.values()]
    assert areas == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize(("count", "crisp"), [(3000, True), (3001, False)])
def test_many_samples_become_an_image(count, crisp):
    values = np.linspace(9, 11, count)
    predictions = pd.DataFrame({"name": "a", "los": "x", "y_true": values, "y_pred": values + 0.1})
    axes = Axes()
    axes.follow(frame_of([predictions], "log_mstar_1rhsm"))
    figures = PredictionFigures(axes)
    figures.show(cloud_of(drawn_rows(predictions)))
    points, image = (
        next(
            one.data_source.data for one in figures.square.renderers if key in one.data_source.data
        )
        for key in ("shade", "image")
    )
    assert len(points["x"]) == (count if crisp else 0)
    assert len(image["image"]) == (not crisp)


def test_cell_is_its_pair_and_the_diagonal_is_none():
    matrix = pd.DataFrame(np.eye(3), *(["abs_mag_r", "sigma_v", "log_mstar"],) * 2)
    assert pair_at(matrix, (0.2, 0.4)) == ("abs_mag_r", "log_mstar")
    assert pair_at(matrix, (2.1, 1.8)) == ("log_mstar", "abs_mag_r")
    assert pair_at(matrix, (1, 1)) is None
    assert pair_at(matrix, (-0.9, 1)) is None


def test_matrix_is_drawn_with_features_first(data):
    count, samples = related(data, "log_mstar_1rhsm")
    assert tuple(samples.columns[:count]) == (*FEATURES, "effective_radius")
    matrix = correlation_matrix(samples, list(samples))
    cells, *_ = correlation_picture(matrix, count)
    assert len(cells) == len(matrix) * (len(matrix) - 1)


def test_numbers_stay_readable_when_a_cell_is_tapped(data):
    matrix = correlation_matrix(data.samples, ["sigma_v", "abs_mag_r"])
    figure = hv.render(correlation_picture(matrix, 1))
    (numbers,) = [one for one in figure.renderers if isinstance(one.glyph, Text)]
    assert numbers.nonselection_glyph is None


def test_left_out_samples_are_counted_in_words():
    assert left_out({"bulge_index is not a number": 1033}) == [
        "1,033 samples left out: n_bulge is not a number."
    ]


def test_pair_of_the_matrix_is_stated_in_words(data):
    view = Correlations(data, "log_mstar_1rhsm", "dark")
    view.show("sigma_v", "f_star_1rhsm")
    text = widget(view, "gm-pair-words").object
    value = correlation_matrix(data.samples, ["sigma_v", "f_star_1rhsm"]).iloc[0, 1]
    assert "f* against σ_v" in text
    assert f"<b>{signed(value, 2)}</b> (Pearson), N = 600" in text


def test_bars_come_the_largest_on_top_and_show_the_level_of_noise():
    bars, _, _, noise = importance_bars(pd.Series({"a": 3.0, "b": 9.0}), "gain [%]", floor=1.0)
    lengths = bars.dimension_values("x1")
    assert list(lengths) == [3.0, 9.0]
    assert noise.data.to_numpy().ravel().tolist() == [1.0]


def test_measures_have_noise_beside_them(data):
    small = make_dataset(data.path.parent.parent / "small", make_samples(70))
    measured = measure(
        fit_request(small, ["abs_mag_r", "g_minus_r"]), Job(Executor(), lambda _: None)
    )
    assert set(measured.index) == {"abs_mag_r", "g_minus_r", *NOISE}
    assert measured.index[0] == "abs_mag_r"
    assert measured["drop_cluster_error"].notna().all()


def test_result_is_stated_in_words(fit):
    scatter = fit.errors["std"]
    text = errors_text(fit)
    assert f"<b>{scatter} dex</b>" in text
    assert "N = 198 test samples of 66 galaxies, split by galaxy" in text


def test_random_split_says_how_many_siblings_are_learned_from(data):
    text = errors_text(learn(fit_request(data, split="paper")))
    assert re.search(r"split at random: [678]\d % of them have a sibling in training", text)


def test_zero_has_no_minus():
    assert (signed(-0.0002, 3), signed(-0.002, 3)) == ("+0.000", "−0.002")


def test_table_stands_beside_the_paper_also_before_it_is_measured(data):
    written = table(data, [])
    assert written.count("<tr>") == 10
    assert '<td class="number">0.13</td>' in written


def test_table_says_why_a_row_is_not_available(data):
    row = {"row": 9, "status": "not available: the data lack log_ml_r_1rhsm"}
    assert "not available: the data lack log_ml_r_1rhsm" in table(data, [row])


def test_table_says_from_how_many_features_ours_is(data):
    sigma = {"value": 0.08, "low": 0.07, "high": 0.09}
    row = {"row": 1, "target": "log_mstar_1rhsm", "features": ["sigma_v", "abs_mag_r"]}
    row |= {"status": "measured", "n": 9, "n_train": 20, "left_out": {}, "std": sigma}
    leakage = {"value": -0.03, "low": -0.04, "high": -0.02, "has_training_noise": True}
    row |= {"mean": sigma, "leakage": leakage | {"one_sample_each": False}}
    written = table(data, [row])
    assert "all ten; ours from 2: σ_v, M_r" in written
    assert "<td>all ten</td>" in written  # of rows without ours


def test_table_has_what_the_papers_split_changes_on_either_split(data, monkeypatch):
    leakage = {"value": -0.03, "low": -0.04, "high": -0.02, "has_training_noise": True}
    sigma = {"value": 0.08, "low": 0.07, "high": 0.09}
    row = {"row": 1, "target": "log_mstar_1rhsm", "features": [], "status": "measured", "n": 9}
    row |= {"left_out": {}, "n_train": 20, "std": sigma, "mean": sigma}
    row |= {"paper_split": {"n_train": 30}, "leakage": leakage | {"one_sample_each": False}}
    monkeypatch.setattr(tree_models, "_both_splits", lambda _: [row])
    for split, trained in (("galaxy", 20), ("paper", 30)):
        written = table(data, table_five(data, split))
        assert '<td class="number">−0.030 ± 0.010</td>' in written
        assert f'<td class="number">{trained}</td>' in written


def test_page_learns_at_once_and_again_when_a_feature_goes(visit_page):
    page = visit_page()
    settle(page)
    before = shown(page, Prediction)
    widget(page, "gm-checkbox-abs_mag_r").value = False
    settle(page)
    assert page.session.features == list(FEATURES[1:])
    after = shown(page, Prediction)
    numbers = [float(re.search(r"<b>(0\.\d+)", text)[1]) for text in (before, after)]
    assert numbers[1] > 2 * numbers[0]
    assert not page.session.error


def test_last_feature_cannot_be_taken_away(visit_page):
    page = visit_page(features=["sigma_v"])
    settle(page)
    widget(page, "gm-checkbox-sigma_v").value = False
    assert "Select at least one" in widget(page, "gm-nothing").object
    assert page.session.features == ["sigma_v"]


def test_synthetic_galaxies_are_called_so(visit_page):
    assert "synthetic</span>" in texts(visit_page())


@pytest.mark.parametrize(("galaxies", "matrix"), [(4, True), (1, True)])
def test_few_galaxies_are_not_learned_from(visit_page, tmp_path, galaxies, matrix):
    page = visit_page(make_dataset(tmp_path / "few", make_samples(galaxies)).path)
    words = "galaxies are" if galaxies > 1 else "galaxy is"
    assert f"{galaxies} {words} too few" in texts(page)
    assert not is_shown(page, "gm-learning")
    assert not page.pull()
    assert page.slots[Correlations].visible is matrix


def test_of_many_galaxies_some_are_drawn_with_all_their_samples(data):
    drawn = drawn_samples(data, 50)
    assert drawn["name"].nunique() == 50
    assert len(drawn) == 150
    assert drawn_samples(data, 200) is data.samples


def test_fit_to_drawn_galaxies_says_so(fit, monkeypatch):
    monkeypatch.setattr(prediction, "QUICK_GALAXIES", 50)
    assert "On 50 of 200 galaxies, drawn by chance." in prediction.notes(fit)
