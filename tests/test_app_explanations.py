"""Why a network, and trees, say what they say: what is asked, what is drawn, what is said of it."""

import re
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from bokeh.models import Line, Quad, Scatter, VSpan
from pages import settle, texts
from sample_tables import make_dataset, make_samples
from toy_maps import SIDE, make_map_dataset

from galmass_app import explanations
from galmass_app.markup import snippet
from galmass_app.plots.saliency import (
    DOWN,
    HEIGHTS,
    LOWERS,
    RAISES,
    UP,
    ReplacedMaps,
    RingSteps,
    line_heights,
    share_density,
    share_lines,
)
from galmass_app.plots.waterfall import Waterfall
from galmass_app.state import SessionState
from galmass_app.tree_models import learn, resolve_request
from galmass_app.views.why import explanation_text
from galmass_app.views.why.explanation_text import prediction_numbers
from galmass_app.views.why.network import WhyNetwork
from galmass_app.views.why.page import Why
from galmass_app.views.why.replaced import WhyReplaced
from galmass_app.views.why.trees import WhyTrees
from galmass_core.learning.intervals import calibrate
from galmass_core.networks.training import TrainingConfig
from galmass_core.quantities import MAPS
from galmass_core.training.model_runs import train_run
from galmass_core.training.run_predictions import load_model, predict_run, run_calibrations
from galmass_core.training.runs import open_run

GALAXIES = 70  # enough for trees
MASS, TOTAL = "log_mstar_1rhsm", "log_mtot_1rhsm"
TINY = TrainingConfig(width=0.05, epochs=1, batch=20)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home folder with a data set, a network that sees two of its maps and one that sees one."""
    home = tmp_path_factory.mktemp("home")
    data = make_map_dataset(home / "toys", GALAXIES, redshift=0.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GALMASS_HOME", str(home))
        for name, folder in (("mstar,mtot/r+V@60", "two"), ("mstar/r@60", "one")):
            train_run(data, name, training=TINY, device="cpu", path=home / "runs" / folder)
    make_dataset(home / "numbers", make_samples(GALAXIES).assign(redshift=0.0))
    make_map_dataset(home / "alone", 1, redshift=0.0)
    return home


@pytest.fixture
def session(home, monkeypatch):
    """The data set in view, and no network but the two."""
    monkeypatch.setenv("GALMASS_HOME", str(home))
    monkeypatch.setenv("GALMASS_DATA", str(home / "toys"))
    monkeypatch.setattr(explanations, "shipped_runs", list)
    for key in ("r", "g-r"):
        monkeypatch.setitem(MAPS, key, replace(MAPS[key], pixels=SIDE))  # of toys
    session = SessionState(page="why")
    session.settle()
    return session


@pytest.fixture
def reasons(session):
    return answer(session)


def answer(session, name="two", target=MASS):
    run = next(run for run in explanations.networks(session.data) if run.name == name)
    return explanations.explain_by_network(
        explanations.request_for(session.data, session.galaxy, session.los, run, target)
    )


def data_of(figure, glyph):
    """Return the data of the first layer of a kind."""
    return next(
        layer for layer in figure.renderers if isinstance(layer.glyph, glyph)
    ).data_source.data


# What is asked


def test_network_that_sees_most_is_explained_first(session):
    assert [run.name for run in explanations.networks(session.data)] == ["two", "one"]


def test_answer_is_that_of_the_network_itself(session, reasons):
    run = open_run(session.data.path.parent / "runs" / "two")
    row = session.data.samples.index[
        (session.data.samples["name"] == session.galaxy)
        & (session.data.samples["los"] == session.los)
    ]
    predicted = load_model(run).predict(session.data, np.array(row), device="cpu")[0, 0]
    assert reasons.result.predicted == pytest.approx(predicted, abs=1e-5)
    assert reasons.true == session.data.row(session.galaxy, session.los)[MASS]
    assert reasons.others == explanations.OTHERS


def reference(session, name="two"):
    run = open_run(session.data.path.parent / "runs" / name)
    return explanations.reference_of(session.data, run.path, run.record["ended"])


def test_reference_comes_from_the_training_set(session, reasons):
    run = open_run(session.data.path.parent / "runs" / "two")
    tested = set(run.predictions()["name"])
    assert reference(session).trained
    assert not {name for name, _ in reference(session).samples} & tested
    assert f"{reasons.others} galaxies of its training set" in explanation_text.network_text(
        reasons
    )


def test_reference_of_other_data_is_called_so(session, reasons):
    text = explanation_text.network_text(replace(reasons, trained=False, others=1))
    assert "mean maps of\n1 galaxy of the data set in view, instead of its training set" in text
    assert "<b>The training set of this network is not here" in text


def test_others_are_other_galaxies_and_always_the_same(session):
    drawn = reference(session).samples
    assert len({name for name, _ in drawn}) == explanations.OTHERS + 1
    session.galaxy = drawn[0][0]
    own = answer(session)
    assert own.others == explanations.OTHERS
    changes = own.result.maps.query("by == 'other'")["change"]
    assert (changes.abs() > 1e-7).all()


def test_part_of_the_split_is_reported(session):
    run = open_run(session.data.path.parent / "runs" / "two")
    known = run.predictions().drop_duplicates("name").set_index("name")["part"]
    parts = {}
    for galaxy in session.data.galaxy_names:
        session.galaxy = galaxy
        parts.setdefault(known.get(galaxy, "train"), galaxy)
    assert set(parts) == {"train", "validation", "test"}
    for part, galaxy in parts.items():
        session.galaxy = galaxy
        assert answer(session).part == part


@pytest.fixture
def without_training_set(monkeypatch):
    """The training sets of all networks are gone."""

    def forget():
        explanations.reference_of.cache_clear()
        explanations.explain_by_network.cache_clear()

    forget()
    monkeypatch.setattr(explanations, "training_samples", lambda *_: None)
    yield
    forget()


def test_one_galaxy_is_compared_with_the_training_set(session):
    session.open("alone")
    alone = answer(session)
    assert (alone.others, alone.trained) == (explanations.OTHERS, True)


@pytest.mark.usefixtures("without_training_set")
def test_data_set_of_one_galaxy_has_none_to_compare_with(session):
    session.open("alone")
    with pytest.raises(ValueError, match="alone has no galaxy besides this one"):
        answer(session)


def test_network_beside_maps_needs_its_numbers(session, tmp_path):
    path = tmp_path / "runs" / "scalars"
    training = replace(TINY, scalars=True)
    run = train_run(session.data, "mstar/r@60", training=training, device="cpu", path=path)
    samples = session.data.samples.copy()
    samples.loc[samples["name"].eq(session.galaxy), "effective_radius"] = np.nan
    lacking = replace(session.data, samples=samples)
    asked = explanations.request_for(lacking, session.galaxy, session.los, run, MASS)
    reason = "scalars cannot predict this galaxy: effective_radius is not a number"
    with pytest.raises(ValueError, match=reason):
        explanations.explain_by_network(asked)


def test_trees_of_the_features_page_add_up_to_their_prediction(session):
    fit_request = resolve_request(session.data, MASS, ["sigma_v", "abs_mag_r"], "galaxy")
    steps = explanations.explain_by_trees(fit_request, session.galaxy, session.los)
    row = session.data.row(session.galaxy, session.los)
    predicted = learn(fit_request).model.predict(row.to_frame().T)[0]
    assert steps.predicted == pytest.approx(predicted)
    assert dict(steps.steps["value"]) == {key: row[key] for key in steps.steps.index}
    assert steps.steps["step"].abs().is_monotonic_decreasing


def test_trees_say_why_they_cannot_use_a_sample(tmp_path):
    samples = make_samples(GALAXIES)
    samples.loc[0, "sersic_n"] = np.nan
    data = make_dataset(tmp_path / "some", samples)
    fit_request = resolve_request(data, MASS, ["sersic_n", "sigma_v"], "galaxy")
    reason = explanations.explain_by_trees(
        fit_request, samples.loc[0, "name"], samples.loc[0, "los"]
    )
    assert explanation_text.unusable_text(reason) == (
        "<p>The trees cannot predict this galaxy: its n is not a number.</p>"
    )


# What is drawn


def test_smoothed_shares_keep_their_sum():
    share_HW = np.random.default_rng(0).normal(size=(48, 48)).astype("f4")
    density_HW = share_density(share_HW)
    assert density_HW.sum() * (6 / 48) ** 2 == pytest.approx(share_HW.sum(), rel=1e-4)


def test_shares_on_finer_pixels_have_the_same_density():
    coarse = np.zeros((30, 30))
    coarse[10:20, 10:20] = 1 / 100
    fine = np.kron(coarse, np.ones((2, 2))) / 4
    middle = [share_density(each)[len(each) // 2, len(each) // 2] for each in (coarse, fine)]
    assert middle[0] == pytest.approx(middle[1], rel=0.01)


def test_lines_lie_where_the_shares_are():
    density_HW = np.zeros((60, 60))
    density_HW[40:50, 10:20] = 1.0  # upper left: rows go up
    density_HW[10:20, 40:50] = -1.0
    lines = share_lines(density_HW, line_heights({"r": density_HW}), half_width=15.0)
    assert len(lines["x"]) == 2 * len(HEIGHTS)
    for x, y, colour, dash in zip(*lines.values(), strict=True):
        up = dash == "solid"
        assert colour == (RAISES if up else LOWERS)
        corner = (-10, -5, 5, 10) if up else (5, 10, -10, -5)
        assert np.all((x > corner[0] - 0.5) & (x < corner[1] + 0.5))
        assert np.all((y > corner[2] - 0.5) & (y < corner[3] + 0.5))


def test_map_that_says_nothing_has_no_lines():
    nothing = np.zeros((60, 60))
    lines = share_lines(nothing, line_heights({"r": nothing}), half_width=15.0)
    assert lines == {"x": [], "y": [], "colour": [], "dash": []}


def test_lines_over_a_map_are_solid_where_pixels_raise_and_dashed_where_they_lower():
    shares = np.zeros((2, 48, 48))
    shares[0, 20:30, 20:30], shares[1, 5:9, 5:9] = 1.0, -1.0
    for each, dash in zip(shares, ("solid", "dashed"), strict=True):
        assert set(share_lines(each, line_heights({"V": each}), 15.0)["dash"]) == {dash}


def test_ring_adds_what_is_lost_without_it():
    rings = pd.DataFrame({"inner": [0.0, 0.5], "outer": [0.5, 1.0], "change": [-0.2, 0.1]})
    steps = RingSteps()
    steps.show(rings, reach=0.3)
    bars, line = data_of(steps.figure, Quad), data_of(steps.figure, Line)
    np.testing.assert_allclose(bars["top"], [0.2, -0.1])
    assert bars["colour"] == [UP, DOWN]
    np.testing.assert_allclose(line["added"], [0, 0.2, 0.2, -0.1, -0.1, 0])
    assert (steps.figure.y_range.start, steps.figure.y_range.end) == (-0.3, 0.3)


def test_each_replaced_map_has_a_bar_and_a_mark_for_each_other_galaxy(reasons):
    changes = reasons.result.maps
    shown = ReplacedMaps()
    shown.show(changes, {"r": "r image", "V": "velocity map"})
    bars = data_of(shown.figure, Quad)
    np.testing.assert_allclose(bars["right"], changes.query("by == 'mean'")["change"])
    np.testing.assert_allclose((bars["bottom"] + bars["top"]) / 2, [1, 0])
    assert shown.figure.yaxis[0].major_label_overrides == {0: "velocity map", 1: "r image"}
    assert len(data_of(shown.figure, Scatter)["x"]) == 2 * explanations.OTHERS


def test_waterfall_leads_from_the_mean_to_the_prediction():
    shown = Waterfall()
    shown.show(10.0, pd.Series([0.5], index=["before"]), "mass")
    shown.show(10.0, pd.Series({"a": 0.5, "b": -0.2, "c": 0.1}), "mass")
    bars = data_of(shown.figure, Quad)
    np.testing.assert_allclose(bars["left"], [10.0, 10.5, 10.3])
    np.testing.assert_allclose(bars["right"], [10.5, 10.3, 10.4])
    assert bars["colour"] == [UP, DOWN, UP]
    np.testing.assert_allclose(data_of(shown.figure, VSpan)["x"], [10.0, 10.4])
    assert shown.figure.yaxis[0].major_label_overrides == {0: "c", 1: "b", 2: "a"}


# What is said


def test_amounts_have_the_digits_and_the_unit_that_matter():
    assert explanation_text.amount(MASS, 10.52) == "3.31 × 10¹⁰ M☉"
    assert explanation_text.amount("f_dm_1rhsm", np.log10(0.41)) == "0.41"
    assert explanation_text.amount("log_ml_r_1rhsm", np.log10(2.5)) == "2.5 M☉/L☉"


def test_verdict_states_prediction_truth_and_error():
    text = snippet("why.html", "prediction", prediction_numbers(MASS, 10.5, 10.6))
    assert "<b>3.16 × 10¹⁰ M☉</b> (10.500 dex)" in text
    assert "3.98 × 10¹⁰ M☉ (10.600 dex)" in text
    assert "<b>−0.100 dex</b>" in text
    unknown = snippet("why.html", "prediction", prediction_numbers(MASS, 10.5, np.nan))
    assert unknown.endswith("the truth is not known here")


# The page


def test_page_shows_network_and_trees_of_the_galaxy_in_view(session):
    page = settle(Why(session))
    assert all(page.slots[kind].visible for kind in (WhyNetwork, WhyReplaced, WhyTrees))
    text = texts(page)
    known = page.views[WhyNetwork].content.explanation.result
    assert f"{known.predicted:.3f} dex" in text
    assert text.count("Not an input of this network.") == 2
    assert text.count("of its own galaxies</span>.") == 2  # distance to both training sets
    total = sum(float(each.sum()) for each in known.shares.values())
    assert f"add up to {explanation_text.signed(total, 3)} of" in text
    assert not session.error


def test_page_follows_the_galaxy_and_asks_no_question_twice(session):
    page = settle(Why(session))
    before = page.views[WhyNetwork].content.explanation
    session.step(+1)
    assert page.explaining.busy
    settle(page)
    after = page.views[WhyNetwork].content.explanation
    assert after.request.galaxy == session.galaxy != before.request.galaxy
    assert after.result.predicted != before.result.predicted
    session.theme = "light"
    assert not page.explaining.busy


def test_page_out_of_view_asks_nothing_until_it_is_in_view_again(session):
    page = settle(Why(session))
    session.page = "explore"
    session.step(+1)
    session.step(+1)
    assert not page.explaining.busy
    session.page = "why"
    settle(page)
    assert page.views[WhyNetwork].content.explanation.request.galaxy == session.galaxy


def test_choice_of_run_and_target_is_obeyed_where_it_can_be(session):
    session.explained_run = "one"
    page = settle(Why(session))
    assert page.views[WhyNetwork].content.explanation.run.name == "one"
    session.target = TOTAL  # which only the other predicts
    settle(page)
    shown = page.views[WhyNetwork].content.explanation
    assert (shown.run.name, shown.result.target) == ("two", TOTAL)
    session.target = "f_dm_1rhsm"  # which nobody predicts
    settle(page)
    assert page.views[WhyNetwork].content.explanation.result.target in (MASS, TOTAL)
    assert page.views[WhyTrees].steps.request.target == "f_dm_1rhsm"


def test_numbers_without_maps_leave_the_trees(session):
    session.open("numbers")
    page = settle(Why(session))
    assert "This data set holds numbers, no maps" in texts(page)
    assert [kind for kind, slot in page.slots.items() if slot.visible] == [WhyTrees]
    assert len(page.views[WhyTrees].table) == 10


def test_where_nobody_trained_the_page_says_how_to(session, monkeypatch):
    monkeypatch.setattr(explanations.services, "runs", list)
    text = texts(settle(Why(session)))
    assert "No network yet" in text
    assert re.search("galmass train toys", text)


@pytest.mark.usefixtures("without_training_set")
def test_failure_is_reported_in_place_of_pictures(session, home):
    page = settle(Why(session))
    session.open("alone")
    settle(page)
    assert "The network gave no prediction" in texts(page)
    assert not page.slots[WhyNetwork].visible
    assert "has no galaxy besides this one" in session.error
    assert "No trees can be trained on this data set: 1 galaxy is too few" in texts(page)
    session.theme = "light"  # a failure is told until something else is asked
    settle(page)
    assert "The network gave no prediction" in texts(page)
    session.open("toys")
    settle(page)
    assert page.slots[WhyNetwork].visible
    assert "gave no prediction" not in texts(page)


def test_a_set_of_maps_of_a_network_for_each_is_explained_on_its_own(session):
    folder = session.data.path.parent / "runs" / "every"
    train_run(session.data, "mstar/any@60", training=TINY, device="cpu", path=folder)
    try:
        runs = explanations.networks(session.data)
        assert len(runs) == 15 + 2
        one = answer(session, "every:g-r+V")
        whole = answer(session, "every")
        assert set(one.result.shares) == {"g-r", "V"}
        assert set(whole.result.shares) == {"r", "g-r", "V", "sigma"}
        predicted, _ = predict_run(open_run(f"{folder}:g-r+V"), session.data)
        rows = predicted[(predicted["name"] == session.galaxy) & (predicted["los"] == session.los)]
        assert one.result.predicted == pytest.approx(rows["y_pred"].item(), abs=1e-5)
    finally:
        shutil.rmtree(folder)


# Intervals


def part_galaxy(session, run, part):
    """Return a galaxy of a part of a run's split; the training set has no predictions."""
    table = open_run(session.data.path.parent / "runs" / run).predictions()
    if part != "train":
        return table.loc[table["part"] == part, "name"].iloc[0]
    return next(name for name in session.data.galaxy_names if name not in set(table["name"]))


def test_prediction_for_a_galaxy_of_the_training_set_has_no_interval(session):
    session.galaxy = part_galaxy(session, "two", "train")
    reasons = answer(session)
    assert reasons.limits == {}
    text = explanation_text.network_text(reasons)
    assert "Not tested on this galaxy: it was in the training set." in text


def test_prediction_of_a_network_has_the_interval_of_its_run(session):
    session.galaxy = part_galaxy(session, "two", "test")
    calibration = run_calibrations(open_run(session.data.path.parent / "runs" / "two"))[MASS]
    reasons = answer(session)
    low, high = calibration.interval([reasons.result.predicted], 0.68)
    assert (reasons.limits.get("low_68"), reasons.limits.get("high_68")) == (low[0], high[0])
    assert f"68 %: {low[0]:.2f} to {high[0]:.2f}" in explanation_text.network_text(reasons)


def test_trees_are_calibrated_on_the_other_galaxies_of_the_test_set(session):
    request = resolve_request(session.data, MASS, [], "galaxy")
    fit = learn(request)
    tested = fit.predictions["name"].iloc[0]
    steps = explanations.explain_by_trees(request, tested, session.los)
    others = fit.predictions[fit.predictions["name"] != tested]
    low, _ = calibrate(others).interval([steps.predicted], 0.68)
    assert steps.limits["low_68"] == pytest.approx(low[0])
    learned = next(
        name for name in session.data.galaxy_names if name not in set(fit.predictions["name"])
    )
    known = explanations.explain_by_trees(request, learned, session.los)
    assert known.limits == {}
    assert "it was in the training set" in explanation_text.trees_text(known)
