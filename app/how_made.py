"""How a figure was made: data, selection, run, and the calls that give its numbers."""

import shlex
from collections.abc import Sequence
from typing import Any

import pandas as pd

from galmass_app.agreement import simulations
from galmass_app.comparison import Result
from galmass_app.markup import snippet
from galmass_app.paper_calls import place, training_command
from galmass_app.state import SessionState
from galmass_app.tree_models import Fit, FitRequest
from galmass_core.datasets.capabilities import further_maps
from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.filter_syntax import quoted
from galmass_core.quantities.targets import TARGETS
from galmass_core.telescope.settings import settings_of
from galmass_core.training.runs import Run

_OPEN = "import galmass_core as galmass\n\ndata = galmass.open_dataset({place!r})\n"
_EXPLAINED = """from galmass_app.explanations import explain_by_network, request_for

run = galmass.open_run({run!r})
request = request_for(data, {galaxy!r}, {los!r}, run, {target!r})
print(explain_by_network(request))"""
_STEPS = """from galmass_app.explanations import explain_by_trees
from galmass_app.tree_models import resolve_request

request = resolve_request(data, {target!r}, {features!r}, {split!r})
print(explain_by_trees(request, {galaxy!r}, {los!r}))"""
_GALLERY = """for name in data.galaxy_names:
    print(name, data.maps(name, {los!r}).view({key!r}).mean())"""
_RUNS = """from galmass_core.training.runs import list_runs

for run in list_runs():
    print(run.summary())"""
_PARTS = {  # of Explore and Why, by key
    "alike": """from galmass_core.training.twins import find_twins

print(find_twins(data, {inputs!r}))""",
    "further": """from galmass_core.datasets.capabilities import further_maps

print(further_maps(data))
maps = data.maps({galaxy!r}, {los!r})
for key in {further!r}:
    print(key, maps.meaningful(key))""",
    "motion": """from galmass_core.dynamics.motion import motion_profile

print(motion_profile(data.maps({galaxy!r}, {los!r})))""",
    "lines": """for row in data.rows_of({galaxy!r}):
    print(data.samples.iloc[row])""",
    "definitions": "print(data.row({galaxy!r}, {los!r}))",
    "beside": "print(data.row({galaxy!r}, {los!r}))",
    "observed": """from galmass_core.observations.kept import kept_observations

print([each.row for each in kept_observations()[0]])""",
    "telescope": """from galmass_core.telescope.settings import adjusted
from galmass_app.telescopes import see

print(see(data, {galaxy!r}, {los!r}, adjusted({telescope!r}, {settings!r})).table)""",
    "turn": "print(data.row({galaxy!r}, {los!r})['source'])  # for galmass.read_galaxy",
}
_CONTROLS = """from galmass_core.training.controls import last_controls

print(last_controls(data))"""
_CURVES = """from galmass_core.training.curves import curves_folder, learning_curves, measure_curve
from galmass_core.training.runs import list_runs

for curve in learning_curves(list_runs(curves_folder())):
    print(measure_curve(curve))"""
_FITTED = """from galmass_app.tree_models import learn, resolve_request

request = resolve_request(data, {target!r}, {features!r}, {split!r})
print(learn(request).{content})"""
SPLITS = {
    "galaxy": "by galaxy: all its lines of sight on one side",
    "paper": "at random, as in the paper: lines of sight of a galaxy may be on both sides",
}


def how_made(
    session: SessionState,
    python: str,
    *commands: Sequence[str],
    run: Run | None = None,
    facts: dict[str, str] | None = None,
) -> str:
    """Write how a figure was made, as HTML.

    Parameters
    ----------
    session : SessionState
        Its data set and selection.
    python : str
        Code that gives the numbers, once the data set is opened as ``data``.
    *commands : sequence of str
        Arguments of ``galmass`` that give them, a sequence for each command line.
    run : Run, optional
        That predicts.
    facts : dict of str to str, optional
        What else there is to know, by name.

    Returns
    -------
    str
    """
    data = session.data
    known = data_facts(data) | _selected(session) | (_trained(run) if run else {}) | (facts or {})
    calls = {
        "In Python": _OPEN.format(place=place(data)) + python,
        "In a terminal": "\n".join(shlex.join(["galmass", *each]) for each in commands),
    }
    return snippet("shared.html", "how_made", known, calls)


def data_facts(data: DataSet) -> dict[str, str]:
    """Return which data set a figure is of."""
    galaxies = f"{len(data.galaxy_names):,} galaxies, {len(data):,} samples"
    return {"data set": f"{data.path.name}: {galaxies} of {', '.join(simulations(data))}"}


def of_maps(session: SessionState) -> str:
    """Of the maps of the sample in view."""
    python = f"maps = data.maps({session.galaxy!r}, {session.los!r})\nprint(maps.view('V'))  # km/s"
    return how_made(session, python, facts=_sample(session))


def of_columns(session: SessionState, table: pd.DataFrame) -> str:
    """Of columns of the data set."""
    python = f"print(data.samples[{list(table)!r}])"
    return how_made(session, python, ["info", place(session.data), "--json"])


def of_profiles(session: SessionState, run: Run | None) -> str:
    """Of the mass profiles of the galaxy in view, and their prediction."""
    python, where = f"print(data.profiles({session.galaxy!r}))", place(session.data)
    if run is None:
        return how_made(session, python, facts=_sample(session))
    python += _predicted(session, run.name)
    return how_made(session, python, ["predict", run.name, where], run=run, facts=_sample(session))


def of_predictions(session: SessionState, runs: Sequence[str]) -> str:
    """Of the masses of the sample in view by runs and by dynamics."""
    where = place(session.data)
    python = f"print(data.row({session.galaxy!r}, {session.los!r}))"
    python += "".join(_predicted(session, run) for run in runs)
    commands = [["predict", run, where] for run in runs] + [["dynamics", where]]
    facts = _sample(session) | ({"runs": ", ".join(runs)} if runs else {})
    return how_made(session, python, *commands, facts=facts)


def of_part(session: SessionState, key: str) -> str:
    """Of a part of a page that is opened (`state.INSIGHTS`)."""
    sample = {"galaxy": session.galaxy, "los": session.los, "inputs": session.alike}
    sample |= {"further": [key for key in session.further if key in further_maps(session.data)]}
    seen_by = {"telescope": session.telescope, "settings": settings_of(session.tuned)}
    python, where = _PARTS[key].format(**sample, **seen_by), place(session.data)
    commands = {
        "alike": ["twins", where, "--inputs", session.alike],
        "telescope": ["telescope", where, "--preset", session.telescope],
        "observed": ["observe", "FILE", "--keep"],
    }
    known = [commands[key]] if key in commands else []
    return how_made(session, python, *known, facts=_sample(session))


def of_gallery(session: SessionState) -> str:
    """Of the thumbnails of the galaxies that are selected."""
    python = _GALLERY.format(los=session.los, key=session.gallery_map)
    facts = {"map": session.gallery_map, "sorted by": session.gallery_order or "place"}
    return how_made(session, python, facts=facts)


def of_run_table() -> str:
    """Of the table of all runs."""
    calls = {"In Python": _RUNS, "In a terminal": "galmass runs --json"}
    return snippet("shared.html", "how_made", {}, calls)


def of_selection(session: SessionState, run: Run) -> str:
    """Of what a run predicts for the galaxies that are selected."""
    python = f"print(galmass.predict({run.name!r}, data))"
    return how_made(session, python, ["predict", run.name, place(session.data)], run=run)


def of_run(session: SessionState, run: Run) -> str:
    """Of the losses of a run."""
    python = f"print(galmass.open_run({run.name!r}).history)"
    return how_made(session, python, training_command(session.data, run), run=run)


def of_result(session: SessionState, result: Result, target: str) -> str:
    """Of the predictions of a panel of Compare."""
    kind, where = result.split.kind, place(session.data)
    if result.run is None:
        python = f"print(galmass.table('baselines', data, split={kind!r}))"
        facts = {"split": SPLITS[kind]}
        return how_made(
            session, python, ["table", "baselines", where, "--split", kind], facts=facts
        )
    python = f"""from galmass_core.paper.table_four import measure_target
from galmass_core.training.pairing import run_predictions_on

run = galmass.open_run({result.run.name!r})
[predictions] = run_predictions_on([run], data, {kind!r})
print(measure_target(predictions, {target!r}, data.samples)["std"])"""
    return how_made(session, python, training_command(session.data, result.run), run=result.run)


def of_table(session: SessionState, number: int) -> str:
    """Of Table 4 or 5."""
    python = f"print(galmass.table({number}, data, split={session.split!r}))"
    command = ["table", str(number), place(session.data), "--split", session.split]
    return how_made(session, python, command, facts={"split": SPLITS[session.split]})


def of_fit(session: SessionState, fit: Fit, content: str) -> str:
    """Of the trees of the Features page; ``content`` is the attribute of `Fit` in view."""
    request = fit.request
    python = _FITTED.format(content=content, **_requested(request))
    verb = "importance" if content == "importance" else "train"
    name, features = TARGETS[request.target].word, ",".join(map(quoted, request.features))
    arguments = [verb, place(session.data), "--experiment", f"{name}/features"]
    arguments += ["--features", features]
    return how_made(session, python, arguments, facts={"split": SPLITS[request.split]})


def of_correlations(session: SessionState, table: pd.DataFrame, method: str) -> str:
    """Of a matrix of correlations."""
    python = f"""from galmass_core.learning.correlations import correlation_matrix

print(correlation_matrix(data.samples, {list(table)!r}, {method!r}))"""
    return how_made(session, python)


def of_explanation(session: SessionState, run: Run, target: str) -> str:
    """Of what the prediction of a network depends on."""
    sample = {"galaxy": session.galaxy, "los": session.los}
    python = _EXPLAINED.format(run=run.name, target=target, **sample)
    command = ["predict", run.name, place(session.data)]
    return how_made(session, python, command, run=run, facts=_sample(session))


def of_steps(session: SessionState, request: FitRequest) -> str:
    """Of how trees come to their prediction."""
    sample = {"galaxy": session.galaxy, "los": session.los}
    python = _STEPS.format(**_requested(request), **sample)
    return how_made(session, python, facts=_sample(session) | {"split": SPLITS[request.split]})


def of_diagnosis(session: SessionState, run: Run) -> str:
    """Of how a run's intervals hold, and where it fails."""
    python = f"print(galmass.open_run({run.name!r}).predictions())"
    return how_made(session, python, ["slices", place(session.data), run.name], run=run)


def of_controls(session: SessionState) -> str:
    """Of the controls of the data set."""
    return how_made(session, _CONTROLS, ["controls", place(session.data)])


def of_curve(session: SessionState, row: dict[str, Any]) -> str:
    """Of a learning curve."""
    return how_made(session, _CURVES, ["curve", place(session.data), row["experiment"]])


def of_transfer(record: Run) -> str:
    """Of a transfer between two simulations, which need not be those in view."""
    config = record.config
    train, test, adapt = config["train"]["name"], config["test"]["name"], config["adapt"]
    python = f"""import galmass_core as galmass

record = galmass.open_run({str(record.path)!r}).record
print(record["scores"])"""
    command = ["galmass", "transfer", "--train", train, "--test", test, "--adapt", adapt]
    facts = {"trained on": train, "tested on": test, "learned": config["experiment"]}
    calls = {"In Python": python, "In a terminal": shlex.join(command)}
    return snippet("shared.html", "how_made", facts | {"adapted": adapt}, calls)


def _selected(session: SessionState) -> dict[str, str]:
    """Return the selection, which figures mark."""
    if not session.selection_query:
        return {}
    return {"selected": f"{len(session.selection):,} galaxies: {session.selection_query}"}


def _sample(session: SessionState) -> dict[str, str]:
    """Return the sample in view."""
    return {"sample": f"{session.galaxy} along {session.los}"}


def _trained(run: Run) -> dict[str, str]:
    """Return what a run learned, and how it was split."""
    split, dataset = run.config["split"], run.record.get("dataset") or {}
    facts = {
        "run": f"{run.name}: {run.config['experiment']}",
        "split": f"{SPLITS[split['kind']]}; seed {split['seed']}",
    }
    return facts | ({"trained on": dataset["name"]} if "name" in dataset else {})


def _predicted(session: SessionState, run: str) -> str:
    """Write the code that predicts the sample in view with a run."""
    sample = f"name == {session.galaxy!r} and los == {session.los!r}"
    return f"\nprint(galmass.predict({run!r}, data).query({sample!r}))"


def _requested(request: FitRequest) -> dict[str, Any]:
    """Return what `resolve_request` takes."""
    return {
        "target": request.target,
        "features": list(request.features),
        "split": request.split,
    }
