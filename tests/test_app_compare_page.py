"""The Compare page: what it takes from runs, what it draws of them and what it says."""

import re
import time
from threading import Event

import numpy as np
import pandas as pd
import pytest
from pages import is_shown, parts, texts, widget
from sample_tables import make_dataset, make_samples

from galmass_app.address import FIELDS
from galmass_app.comparison import (
    BASELINE,
    MOST,
    Missing,
    answers,
    baseline,
    compare,
    controls,
    other_panels,
    with_limits,
)
from galmass_app.paper_answers import answer as paper_answer
from galmass_app.paper_figures import FIGURES
from galmass_app.plots.comparison import (
    Axes,
    common_frame,
    errors_beside,
    extent_of,
    largest_moves,
    values_of,
)
from galmass_app.plots.prediction import cloud_of
from galmass_app.plots.prediction_figures import PredictionFigures
from galmass_app.run_index import run_index, targets_of
from galmass_app.state import SessionState
from galmass_app.training_distance import distance_to, unusual, with_distance
from galmass_app.views.compare import panel_text
from galmass_app.views.compare.controls import add_panel, panel_keys, reference_of, remove_panel
from galmass_app.views.compare.galaxy import ComparedGalaxy
from galmass_app.views.compare.page import Compare
from galmass_app.views.compare.panel import ComparePanel
from galmass_app.views.prediction import distance_text
from galmass_app.views.table_four import table
from galmass_app.workers import SLOW
from galmass_core.benchmarks.invented import SCATTERS, make_run, make_runs
from galmass_core.learning.baselines import fit_power_law
from galmass_core.learning.experiments import input_maps
from galmass_core.learning.metrics import Estimate
from galmass_core.learning.out_of_distribution import OOD
from galmass_core.learning.splits import NETWORK_SIZES, split_samples
from galmass_core.learning.uncertainty import Comparison
from galmass_core.paper.table_four import table_4

MSTAR, MTOT, F_DM = "log_mstar_1rhsm", "log_mtot_1rhsm", "f_dm_1rhsm"
INPUTS = ("r", "2V", "r+2V", "occupancy")


def make_home(folder, name="synthetic/table", **description):
    samples = make_samples(200).assign(synthetic=True)
    samples["name"] = samples["name"].str.replace("synthetic/table", name)
    samples["log_mstar"] = samples[MSTAR] + 0.3
    return make_dataset(folder / "learnable", samples, **description)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home folder with 200 galaxies and networks that saw some of their maps."""
    folder = tmp_path_factory.mktemp("home")
    data = make_home(folder)
    make_runs(folder, data, inputs=INPUTS)
    make_run(folder, data, "mstar,mtot/r+2V", 0.05)
    make_run(folder, data, "mstar/2V", 0.07, seed=1, stars=10000)
    make_run(folder, data, "mstar/r@60", 0.08, split="paper")
    return folder


@pytest.fixture
def data(home, monkeypatch):
    return settle(home, monkeypatch).data


@pytest.fixture
def visit(home, monkeypatch):
    """Make the page, as a session would."""

    def visit(folder=home, **chosen):
        return Compare(settle(folder, monkeypatch, **chosen))

    return visit


@pytest.fixture
def pictures(data):
    """The figures of a panel, and the rows in them."""
    (answer,) = results(data, "r")
    values, label = values_of(data.samples, "log_mstar")
    axes = Axes()
    axes.follow(common_frame([extent_of(answer.predictions)], MSTAR, values, label))
    made = PredictionFigures(axes)
    rows = errors_beside(answer.predictions, values)
    made.show(cloud_of(rows))
    return made, rows


def settle(folder, monkeypatch, **chosen):
    monkeypatch.setenv("GALMASS_HOME", str(folder))
    monkeypatch.delenv("GALMASS_DATA", raising=False)
    session = SessionState(page="compare", dataset="learnable", **chosen)
    session.settle()
    return session


def results(data, *keys, target=MSTAR, split="galaxy"):
    return answers(data, target, keys, split)


def layer(figure, name):
    """Return the data of the layer that has such a column."""
    (found,) = (one for one in figure.renderers if name in one.data_source.data)
    return found.data_source.data


def estimate(value):
    return Estimate(value, value - 0.001, value + 0.001)


@pytest.mark.parametrize("inputs", INPUTS)
def test_panel_shows_the_run_of_its_inputs(data, inputs):
    (answer,) = results(data, inputs)
    assert answer.experiment.maps == input_maps(inputs)
    assert answer.errors["std"].value == pytest.approx(SCATTERS[inputs], rel=0.2)
    parts = split_samples(data.samples, sizes=NETWORK_SIZES)
    tested = data.samples[parts == "test"]
    assert set(answer.predictions["name"]) == set(tested["name"])
    assert len(answer.predictions) == len(tested)


def test_runs_of_another_split_answer_where_it_is_requested(data):
    by_galaxy, at_random = (results(data, "r", split=split)[0] for split in ("galaxy", "paper"))
    assert by_galaxy.siblings == 0
    assert at_random.siblings > 0.5
    assert "Split at random, " in panel_text.learning(at_random, frame_of(at_random))


def frame_of(answer):
    values = pd.DataFrame({"x": [0.0, 1.0]})
    return common_frame([extent_of(answer.predictions)], MSTAR, values, "x")


def test_baseline_is_fitted_to_the_training_part_alone(data):
    answer = baseline(data, MSTAR, "galaxy")
    parts = split_samples(data.samples)
    train, test = (data.samples[parts == part] for part in ("train", "test"))
    model = fit_power_law(train[["abs_mag_r"]], train[MSTAR])
    np.testing.assert_allclose(answer.predictions["y_pred"], model.predict(test))


def test_baseline_has_one_scatter_whatever_stands_beside_it(data):
    run, line = results(data, "r", BASELINE)
    (alone,) = results(data, BASELINE)
    on_paper = paper_answer(data, FIGURES["6"].panels[1], "galaxy")
    assert line.errors == alone.errors == on_paper.errors
    pairs = compare(run, line)
    assert 0 < pairs.n_samples == len(run.predictions) < len(line.predictions)


def test_baseline_of_few_galaxies_says_so(tmp_path):
    few = make_dataset(tmp_path / "few", make_samples(20))
    assert "too few galaxies" in baseline(few, MSTAR, "galaxy").why


def test_dark_matter_fraction_follows_from_masses_learned_together(data):
    answer, missing = results(data, "r+2V", "r", target=F_DM)
    assert answer.derived
    masses = (
        run_index(data)
        .predictions[answer.run.name]
        .pivot_table(index=["name", "los"], columns="target", values="y_pred")
    )
    fractions = 1 - 10 ** (masses[MSTAR] - masses[MTOT])
    rows = answer.predictions.set_index(["name", "los"])["y_pred"]
    np.testing.assert_allclose(10**rows, fractions.clip(lower=1e-3)[rows.index])
    assert isinstance(missing, Missing)


def test_what_is_not_trained_says_what_to_train(tmp_path):
    data = make_home(tmp_path)
    data.info["shards"] = {"shard-00000.h5": {}}
    one, fraction = results(data, "g-r+V"), results(data, "g-r+V", target=F_DM)
    assert (one[0].title, one[0].experiment) == ("g−r + V", "mstar/any")
    assert fraction[0].experiment == "mstar,mtot/any"
    gap = panel_text.gap(one[0], data, MSTAR)
    assert 'href="?page=train&amp;data=learnable&amp;experiment=mstar/any"' in gap
    assert "galmass train learnable --experiment mstar/any" in gap
    rows = table_4(data, run_index(data).runs.values())
    assert 'experiment=mstar2d/r">train it</a>' in table(data, rows)


def test_data_without_maps_cannot_be_trained_on(data):
    (missing,) = results(data, "g-r")
    assert missing.experiment == ""
    assert "has numbers, no maps" in missing.why


def test_a_run_that_ends_is_seen_and_others_are_not_read_again(tmp_path, monkeypatch):
    make_home(tmp_path)
    data = settle(tmp_path, monkeypatch).data
    before = run_index(data)
    assert run_index(data) is before
    make_run(tmp_path, data, "mstar/r", 0.06)
    assert list(run_index(data).runs) == ["mstar-r-0"]


def test_targets_with_predictions_come_first(data):
    assert set(targets_of(data)[:3]) == {MSTAR, MTOT, F_DM}
    assert "f_star_1rhsm" in targets_of(data)[3:]


def test_all_runs_that_predict_a_target_are_offered(data):
    assert set(other_panels(data, MTOT).values()) == {BASELINE, "run:mstar,mtot-r+2V-0"}
    assert len(other_panels(data, MSTAR)) == 1 + len(INPUTS) + 3


def test_controls_stand_beside_networks_that_saw_motions(data):
    image, motion = results(data, "r", "2V")
    assert controls(data, MSTAR, image) == {}
    found = controls(data, MSTAR, motion)
    assert found["occupancy"].errors["std"].value == pytest.approx(SCATTERS["occupancy"], rel=0.2)
    assert found["thinned"].errors["std"].value == pytest.approx(0.07, rel=0.2)
    assert panel_text.control_lines(found, data).count("σ = 0.") == 2


def test_a_worse_run_is_called_worse_beyond_doubt(data):
    both, image = results(data, "r+2V", "r")
    compared = compare(both, image)
    assert compared.difference.value == pytest.approx(0.02, abs=0.01)
    assert compared.low95 > 0


def test_predictions_of_a_calibrated_run_carry_intervals(data):
    (answer,) = results(data, "r")
    table = with_limits(answer, MSTAR)
    inside = table["y_true"].between(table["low_68"], table["high_68"])
    assert inside.mean() == pytest.approx(0.68, abs=0.15)


def test_the_baseline_has_no_intervals(data):
    (answer,) = results(data, "power-law")
    assert with_limits(answer, MSTAR)[["low_68", "high_90"]].isna().all(axis=None)


def test_the_galaxy_in_view_has_the_interval_of_each_prediction(data, home, monkeypatch):
    session, found = settle(home, monkeypatch), results(data, "r", "power-law")
    session.look_at(*found[0].predictions[["name", "los"]].iloc[0])
    view = ComparedGalaxy(session)
    view.draw(found, MSTAR)
    text = texts(view)
    assert re.search(r"68 %</th>.*>[\d.]+ to [\d.]+</span></td>", text, re.DOTALL)
    assert re.search(r">Distance</span>: (closer|farther) .* than .* of its own galaxies\.", text)


def test_exports_say_how_unusual_each_galaxy_is(data):
    network, baseline = results(data, "r", "power-law")
    found = with_distance(with_limits(network, MSTAR), network, data)[OOD]
    assert 30 < found.mean() < 70
    assert with_distance(baseline.predictions, baseline, data)[OOD].isna().all()


def test_runs_with_the_same_training_set_share_their_distances(data):
    network, other, alike = results(data, "r", "2V", "r+2V")
    shared = distance_to(network, data)
    assert distance_to(other, data) is distance_to(alike, data) is shared
    (random,) = results(data, "run:mstar-r@60-0")
    (seeded,) = results(data, "run:mstar-2V-1")
    apart = [distance_to(one, data) for one in (random, seeded)]
    assert all(len(each.training) and each is not shared for each in apart)
    assert apart[0].kind == "paper"
    assert not apart[1].training.index.equals(shared.training.index)


def test_the_sample_in_view_is_as_unusual_as_its_export_says(data):
    (network,) = results(data, "r")
    row = with_distance(network.predictions, network, data).iloc[0]
    assert unusual(distance_to(network, data), data, row["name"], row["los"]) == row[OOD]


@pytest.mark.parametrize(
    ("percentile", "text"),
    [
        (97.36, "farther from the training set than 97 % of its own galaxies"),
        (100, "farther from the training set than all of its own galaxies"),
        (99.99, "farther from the training set than 99 % of its own galaxies"),
        (17.4, "closer to the training set than 82 % of its own galaxies"),
        (0, "closer to the training set than all of its own galaxies"),
        (np.nan, ""),
    ],
)
def test_distance_is_stated_in_words(percentile, text):
    assert distance_text(percentile) == text


def test_single_trainings_draw_no_verdict(data):
    compared = compare(*results(data, "r+2V", "r"))
    text = panel_text.difference(compared, "r + V + σ")
    assert "training noise not included" in text
    assert "worse" not in text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(-3, -1, "▼ better"), (1, 3, "▲ worse"), (-1, 2, "no difference shown")],
)
def test_difference_is_stated_in_words(low, high, text):
    compared = Comparison(estimate(0.0), low, high, 9, 3, (2, 2), has_training_noise=True)
    words = panel_text.difference(compared, "r")
    assert text in words
    assert "9 pairs of 3 galaxies" in words


def test_runs_without_common_samples_are_not_compared():
    assert "Has no sample in common" in panel_text.difference(None, "r")


@pytest.fixture
def grouped(tmp_path, monkeypatch):
    """Three trainings of r, and one of V and σ; the last made is the newest."""
    data = make_home(tmp_path)
    for seed, scatter in enumerate((0.166, 0.183, 0.163)):
        make_run(tmp_path, data, "mstar/r", scatter, training_seed=seed)
    make_run(tmp_path, data, "mstar/2V", 0.07)
    return settle(tmp_path, monkeypatch).data


def test_trainings_of_one_experiment_are_one_panel(grouped):
    (answer,) = results(grouped, "r")
    assert [run.training_seed for run in answer.group] == [2, 0, 1]
    scatters = answer.measured.scatters
    assert answer.errors["std"].value == pytest.approx(np.mean(scatters))
    text = panel_text.numbers(answer)
    assert "Mean of 3 trainings" in text
    assert all(f"{scatter:.3f}" in text for scatter in scatters)


def test_runs_are_offered_once_for_a_group(grouped):
    texts_ = list(other_panels(grouped, MSTAR))
    assert [text for text in texts_ if "trainings" in text] == [
        "r · mstar-r-0-2, 3 trainings",
        "r · mstar-r-0-2, mean of 3 trainings",
    ]
    assert len(texts_) == 4


def test_the_mean_of_a_group_is_a_panel(grouped):
    group, mean = results(grouped, "r", "mean:mstar-r-0-2")
    averaged = np.mean([table["y_pred"] for table in group.tables], axis=0)
    assert mean.predictions["y_pred"].to_numpy() == pytest.approx(averaged)
    assert mean.errors["std"].value < group.errors["std"].value
    assert mean.title == "r (mean of 3)"
    assert "the mean of 3 trainings, mstar-r-0-2" in panel_text.learning(mean, frame_of(mean))
    assert compare(group, mean).has_training_noise


def test_intervals_of_the_mean_are_calibrated_on_its_own_errors(grouped):
    group, mean = results(grouped, "r", "mean:mstar-r-0-2")
    wide, narrow = (
        (table["high_90"] - table["low_90"]).mean()
        for table in (with_limits(one, MSTAR) for one in (group, mean))
    )
    assert 0 < narrow < wide


def test_a_group_that_has_one_training_left_has_no_mean(grouped):
    (answer,) = results(grouped, "mean:mstar-2V-0")
    assert isinstance(answer, Missing)
    assert "trainings of this run are gone" in answer.why


def test_a_single_training_has_the_spread_of_an_alike_group(tmp_path, monkeypatch):
    data = make_home(tmp_path)
    for seed, scatter in enumerate((0.166, 0.183, 0.163)):
        make_run(tmp_path, data, "mstar/r", scatter, training_seed=seed)
    make_run(tmp_path, data, "mstar/r", 0.17, seed=1)
    data = settle(tmp_path, monkeypatch).data
    group, alone = (results(data, f"run:mstar-r-{name}")[0] for name in ("0-1", "1"))
    assert alone.measured.noise is None
    assert alone.noise == group.noise


@pytest.fixture
def overtaken(tmp_path, monkeypatch):
    """A page on a run of r, after which a newer one of another split was made."""
    data = make_home(tmp_path)
    make_run(tmp_path, data, "mstar/r", 0.08)
    page = Compare(settle(tmp_path, monkeypatch, panels=["r"]))
    make_run(tmp_path, data, "mstar/r", 0.2, seed=1)
    page.session.poll_count += 1
    return page


def test_the_address_pins_the_run_of_a_panel(overtaken):
    assert overtaken.session.pinned == ["mstar-r-0"]
    text = texts(overtaken)
    assert "a newer run predicts from these maps: mstar-r-1" in text
    assert "Run mstar-r-0" in text or "run mstar-r-0" in text


def test_the_newer_run_is_shown_when_asked_for(overtaken):
    button, *others = parts(overtaken, "gm-newer")
    assert button.visible
    assert not any(other.visible for other in others)
    button.clicks += 1
    assert overtaken.session.pinned == ["mstar-r-1"]
    assert "run mstar-r-1" in texts(overtaken)
    assert not button.visible


def test_trees_and_formulas_have_no_noise_of_training(grouped):
    (formula, group) = results(grouped, BASELINE, "r")
    assert compare(formula, group).has_training_noise


@pytest.mark.parametrize(
    ("name", "target", "text"),
    [
        ("synthetic/table", MSTAR, "not comparable"),
        ("TNG/TNG100-1", MSTAR, "✓ agrees with ours"),
        ("TNG/TNG100-1", "log_mdm_1rhsm", ""),
    ],
)
def test_only_networks_on_the_papers_galaxies_can_agree(tmp_path, monkeypatch, name, target, text):
    data = make_home(tmp_path, name)
    make_run(tmp_path, data, "mstar/r" if target == MSTAR else "mdm/r", 0.06)
    data = settle(tmp_path, monkeypatch).data
    (answer,) = results(data, "r", target=target)
    paper = panel_text.beside_paper(data, target, answer)
    assert text in paper
    assert bool(text) == bool(paper)


def test_small_images_are_not_the_papers(tmp_path, monkeypatch):
    make_run(tmp_path, make_home(tmp_path, "TNG/TNG100-1"), "mstar/r@60", 0.06)
    data = settle(tmp_path, monkeypatch).data
    (answer,) = results(data, "r")
    assert "learned from images of 60²" in panel_text.beside_paper(data, MSTAR, answer)


def test_frame_holds_every_truth_and_no_prediction_gone_astray():
    true = np.linspace(9, 11, 1000)
    table = pd.DataFrame({"y_true": true, "y_pred": true + 0.01})
    table.loc[500, "y_pred"] = 3.0
    frame = common_frame([extent_of(table)], MSTAR, pd.DataFrame({"x": [1.0, 2.0]}), "x")
    low, high = frame.ends
    assert 8.8 < low < 9
    assert 11 < high < 11.2
    assert frame.beyond(table) == 1


def test_largest_moves_come_first():
    before = pd.DataFrame({"name": list("abc"), "los": "x", "y_true": 1.0, "y_pred": 1.0})
    after = before.assign(y_pred=[1.1, 0.5, 1.2])
    moves = largest_moves(before, after, 2)
    assert moves[["start", "end"]].to_numpy().tolist() == [[1.0, 0.5], [1.0, 1.2]]


def test_property_that_spans_decades_is_drawn_as_its_logarithm():
    samples = pd.DataFrame({"name": list("ab"), "los": "x", "sigma_v": [10.0, 1000.0]})
    table, label = values_of(samples, "sigma_v")
    assert table["x"].tolist() == [1.0, 3.0]
    assert label == "log σ_v [km/s]"
    table, label = values_of(samples.assign(sigma_v=[100.0, 200.0]), "sigma_v")
    assert table["x"].tolist() == [100.0, 200.0]
    assert label == "σ_v [km/s]"


def test_panels_share_axes_and_bins(data):
    both, image = results(data, "r+2V", "r")
    values, label = values_of(data.samples, "log_mstar")
    axes = Axes()
    axes.follow(
        common_frame(
            [extent_of(both.predictions), extent_of(image.predictions)], MSTAR, values, label
        )
    )
    one, two = PredictionFigures(axes), PredictionFigures(axes)
    for made, answer in ((one, both), (two, image)):
        made.show(cloud_of(errors_beside(answer.predictions, values)))
    assert one.square.x_range is two.square.x_range
    assert one.strip.y_range is two.strip.y_range
    edges = [layer(made.inset, "left")["left"] for made in (one, two)]
    np.testing.assert_array_equal(*edges)


def test_every_sample_is_drawn(pictures):
    made, rows = pictures
    (points,) = (one for one in made.square.renderers if "shade" in one.data_source.data)
    np.testing.assert_allclose(points.data_source.data["y"], rows["y_pred"], rtol=1e-6)
    reach = made.strip.y_range.reset_end
    assert layer(made.inset, "top")["top"].sum() == (rows["y"].abs() <= reach).sum()


def test_many_samples_become_an_image_that_counts_them_all(pictures):
    made, rows = pictures
    many = pd.concat([rows] * 30, ignore_index=True)
    made.show(cloud_of(many))
    assert layer(made.square, "image")["image"][0].sum() == len(many)
    assert len(layer(made.square, "shade")["x"]) == 0


def test_lines_of_sight_of_a_galaxy_are_joined_in_both_figures(pictures):
    made, rows = pictures
    own = rows[rows["name"] == rows["name"].iloc[0]]
    made.mark(own, "y")
    for figure, columns in ((made.square, ["y_true", "y_pred"]), (made.strip, ["x", "y"])):
        mark = layer(figure, "size")
        assert sorted(mark["size"]) == [8, 8, 14]
        place = own.loc[own["los"] == "y", columns].iloc[0].tolist()
        assert [mark["x"][-1], mark["y"][-1]] == place


def test_arrows_point_where_predictions_go(pictures):
    made, _ = pictures
    made.move(pd.DataFrame({"y_true": [1, 2], "start": [1.0, 1.0], "end": [1.5, 0.5]}))
    assert layer(made.square, "marker")["marker"].tolist() == ["triangle", "inverted_triangle"]
    made.move(None)
    assert len(layer(made.square, "start")["start"]) == 0


def test_errors_stay_beside_their_samples():
    samples = {"name": ["b", "a", "b", "c"], "los": ["x", "y", "x", "z"]}
    predictions = pd.DataFrame(
        {**samples, "y_true": 10.0, "y_pred": [10.1, 10.2, 10.3, 10.4]}, index=[7, 7, 2, 0]
    )
    values = pd.DataFrame({"name": ["a", "b", "b"], "los": ["y", "z", "x"], "x": [1.0, 2.0, 3.0]})
    rows = errors_beside(predictions, values)
    np.testing.assert_array_equal(rows["x"], [3, 1, 3, np.nan])
    np.testing.assert_allclose(rows["y"], [0.1, 0.2, 0.3, 0.4])
    assert [*rows["name"]] == samples["name"]


def test_tap_chooses_the_nearest_sample(data):
    (answer,) = results(data, "r")
    values, label = values_of(data.samples, "log_mstar")
    axes, session = Axes(), SessionState(dataset="learnable")
    axes.follow(common_frame([extent_of(answer.predictions)], MSTAR, values, label))
    panel = ComparePanel(session, axes, 0)
    panel.draw(answer, "log_mstar")
    row = answer.predictions.iloc[7]
    panel.tap("y_true", "y_pred", (row["y_true"], row["y_pred"]), (1.0, 1.0))
    assert (session.galaxy, session.los) == (row["name"], row["los"])


def test_page_shows_its_panels_and_what_each_branch_is_worth(visit):
    page = visit()
    text = texts(page)
    assert len([panel for panel in page.panels if panel.in_view]) == 4
    assert text.count("against r + V + σ (95 %:") == 3
    assert "synthetic</span>" in text
    assert not page.session.error


def test_switching_a_branch_brings_its_panel(visit):
    page = visit()
    widget(page, "gm-branches").value = ["V", "sigma"]
    assert page.session.branches == "2V"
    assert page.session.panels == ["r+2V", "r", "2V", "power-law"]
    widget(page, "gm-branches").value = ["V"]
    assert page.session.panels[-1] == "V"
    widget(page, "gm-branches").value = []
    assert "Select at least one map" in widget(page, "gm-nothing").object
    assert page.session.branches == "V"


def test_seventh_panel_takes_the_place_of_the_active_one():
    session = SessionState(panels=["r", "V", "sigma", "2V", "g-r", "r+V"], branches="V")
    add_panel(session, "r+2V")
    assert panel_keys(session) == ["r", "r+2V", "sigma", "2V", "g-r", "r+V"]
    assert len(panel_keys(session)) == MOST


def test_page_says_which_panel_a_seventh_has_replaced(visit):
    page = visit(panels=["r", "V", "sigma", "2V", "g-r", "r+V"], branches="V")
    assert "has replaced" not in texts(page)
    add_panel(page.session, "r+2V")
    assert "r + V + σ has replaced V: there are at most 6 panels." in texts(page)


def test_reference_that_is_removed_leaves_its_place_to_the_first():
    session = SessionState(panels=["r", "V"], reference="V")
    assert reference_of(session) == "V"
    remove_panel(session, "V")
    assert reference_of(session) == "r"
    remove_panel(session, "r")
    assert session.panels == ["r"]


def test_removed_panel_is_not_shown_any_more(visit):
    page = visit()
    widget(page.panels[1], "gm-remove").clicks += 1
    assert page.session.panels == ["r+2V", "2V", "power-law"]
    assert [panel.in_view for panel in page.panels] == [True, True, True, False, False, False]


def test_arrows_lead_from_the_reference(visit):
    page = visit(arrows=True)
    counts = [
        len(layer(panel.figures.square, "start")["start"]) for panel in page.panels if panel.in_view
    ]
    assert counts == [0, 30, 30, 30]


def test_page_without_runs_says_what_to_do_and_shows_the_baseline(visit, tmp_path):
    make_home(tmp_path)
    page = visit(tmp_path)
    text = texts(page)
    assert "No network has predicted these galaxies yet" in text
    assert "galmass train" not in text  # it has no maps
    assert text.count("it has numbers, no maps") >= 3
    assert re.search(r"power law in M_r</h2>(.|\n)*σ = <b>0\.", text)


def test_page_of_few_galaxies_says_how_to_get_more(visit, tmp_path):
    make_dataset(tmp_path / "learnable", make_samples(4))
    page = visit(tmp_path)
    assert "4 galaxies are too few" in texts(page)
    assert "galmass demo" in texts(page)
    assert not is_shown(page, "gm-compare")


def test_page_of_galaxies_without_masses_says_so(visit, tmp_path):
    samples = make_samples(4)[["name", "los", "is_central", "host_group", "sigma_v"]]
    make_dataset(tmp_path / "learnable", samples)
    page = visit(tmp_path)
    assert "Nothing to compare" in texts(page)
    assert not is_shown(page, "gm-compare")


def test_page_answers_for_the_galaxy_in_view(visit, data):
    (answer,) = results(data, "r")
    row = answer.predictions.iloc[0]
    page = visit(galaxy=row["name"], los=row["los"])
    text = widget(page, "gm-compared-table").object
    assert f"{row['y_true']:.3f}" in text
    assert f"{row['y_pred']:.3f}" in text


def test_choice_of_the_page_is_in_the_address():
    assert {"target", "branches", "panels", "reference", "against", "arrows"} <= set(FIELDS)


def test_table_has_our_rows_beside_the_papers(data):
    rows = table_4(data, run_index(data).runs.values())
    written = table(data, rows)
    assert written.count("<tr>") == 25
    measured = next(row for row in rows if row["row"] == 1)
    assert str(Estimate(**measured["std"])) in written
    assert "train it" not in written  # this data set has no maps
    assert written.count("not comparable") == sum(row["status"] == "measured" for row in rows)


def test_next_panel_is_made_before_it_is_needed(visit):
    page = visit(panels=["r+2V", "r"])
    assert [panel.ready for panel in page.panels] == [True, True, *[False] * 4]
    page.prepare()
    assert [panel.ready for panel in page.panels] == [True, True, True, *[False] * 3]
    assert [panel.in_view for panel in page.panels] == [True, True, *[False] * 4]
    figures = page.panels[2].figures
    page.session.panels = ["r+2V", "r", "2V"]
    assert page.panels[2].in_view
    assert page.panels[2].figures is figures


def test_results_of_other_maps_are_found_before_they_are_asked_for(tmp_path, monkeypatch):
    make_runs(tmp_path, make_home(tmp_path), inputs=("r", "2V"))
    page = Compare(settle(tmp_path, monkeypatch, panels=["r"]))
    page.prepare()
    while not page.ahead.ready:
        time.sleep(0.01)
    assert page.ahead.take() is None  # and not an error
    for name in ("comparison.with_errors", "comparison.compare_groups"):
        monkeypatch.setattr(f"galmass_app.{name}", None)
    monkeypatch.setattr("galmass_app.views.compare.ahead.cloud_of", None)
    page.session.panels = ["r", "2V"]
    assert not page.session.error
    assert "against r (95 %:" in texts(page)


def test_what_is_found_ahead_delays_nothing_that_someone_waits_for(visit):
    page, ended = visit(panels=["r"]), Event()
    page.ahead.submit(lambda _: ended.wait(60))
    try:
        assert SLOW.submit(bool).result(timeout=30) is False
    finally:
        ended.set()


def test_results_are_looked_for_once(visit):
    page, submitted = visit(panels=["r+2V", "r"]), []
    page.ahead.submit = submitted.append
    page.prepare()
    page.session.panels = ["r+2V", "r", "2V"]
    page.prepare()
    assert len(submitted) == 1
    page.session.reference = "r"
    page.prepare()
    assert len(submitted) == 2


def test_panels_that_stay_are_not_marked_again(visit, data):
    page = visit(panels=["r"])  # the other needs no wider axes
    figures, marked = page.panels[0].figures, []
    figures.mark = figures.select = lambda *_: marked.append(True)
    page.session.panels = ["r", "r+2V"]
    assert not marked
    page.session.look_at(data.galaxy_names[3], "y")
    assert len(marked) == 1


def test_one_network_for_every_set_of_maps_fills_every_panel(tmp_path, monkeypatch):
    home = make_home(tmp_path)
    run = make_run(tmp_path, home, "mstar/any", 0.05)
    make_run(tmp_path, home, "mstar/r+2V", 0.05)  # newer, but of these maps only
    data = settle(tmp_path, monkeypatch).data
    shown = answers(data, MSTAR, ["r", "g-r+V", "g,r+2V", "r+2V"], "galaxy")
    names = [each.run.name for each in shown]
    assert names == [f"{run.name}:r", f"{run.name}:g-r+V", run.name, f"{run.name}:r+2V"]
    assert with_limits(shown[0], MSTAR)["low_68"].notna().all()
    frame = frame_of(shown[0])
    assert "one network for every set of maps" in panel_text.learning(shown[0], frame)
