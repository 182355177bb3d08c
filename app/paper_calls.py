"""A figure of the paper as it is in view -> the Python and command lines that give its numbers."""

import shlex
from collections.abc import Sequence
from dataclasses import asdict

from galmass_app.comparison import Result
from galmass_app.jobs import Order
from galmass_app.paper_answers import Answer, Matrix
from galmass_app.paper_figures import FIGURES, PaperPanel
from galmass_app.tree_models import Fit
from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.folders import home_folder
from galmass_core.learning.experiments import experiment
from galmass_core.networks.presets import TrainingConfig
from galmass_core.training.runs import Run

_OPEN = "from galmass_core.datasets.dataset import open_dataset"


def place(data: DataSet) -> str:
    """Return what opens a data set: its name under the home folder, else its folder."""
    at_home = data.path.parent == home_folder().resolve()
    return data.path.name if at_home else str(data.path)


def python_call(
    key: str, data: DataSet, content: object, *, split: str, sample: tuple[str, str]
) -> str:
    """Write Python that gives the numbers of a figure.

    Parameters
    ----------
    key : str
        Of `paper_figures.FIGURES`.
    content : object
        As `paper_answers.measured` gives it.
    sample : (str, str)
        Galaxy and line of sight that Figure 1 shows.

    Returns
    -------
    str
        Empty if there is nothing in view.
    """
    if key == "3":
        return _NETWORK
    opened = f"data = open_dataset({place(data)!r})"
    if key == "1":
        return _MAPS.format(open=_OPEN, opened=opened, sample=", ".join(map(repr, sample)))
    if key == "2":
        return f"{_OPEN}\n\n{opened}\nprint(len(data.galaxy_names), len(data))"
    if key in _TABLES:
        return _TABLES[key].format(open=_OPEN, opened=opened, split=repr(split))
    if key == "10":
        return _matrix(opened, content)
    shown = _shown(key, content)
    if key == "4":
        return _losses(opened, shown, split)
    if key == "5":
        return "".join(f"{_RUN}print(open_run({one.run.name!r}).history)" for _, one in shown)
    return _predictions(opened, shown, split)


def command_lines(key: str, data: DataSet, content: object, split: str) -> list[str]:
    """Write command lines that give the numbers of a figure; arguments as of `python_call`."""
    where = place(data)
    if key in ("1", "2", "3"):
        whole = ["train", where, "--experiment", "mstar/g,r+2V", "--estimate"]
        arguments = {"1": ["serve", where], "2": ["info", where], "3": whole}[key]
        return [shlex.join(["galmass", *arguments])]
    if key in _TABLES or key == "10":
        table = "text" if key in ("10", "text") else key[-1]
        return [_table(table, where, split)]
    lines = [_command(key, data, shown, split) for shown in _shown(key, content)]
    return list(dict.fromkeys(lines))


_MAPS = """from galmass_app.plots.maps import four_maps
{open}

{opened}
maps, row = data.maps({sample}), data.row({sample})
four_maps(maps, row["effective_radius"])  # in a notebook; maps.view("V") is an array"""
_NETWORK = """from galmass_core.learning.experiments import input_maps
from galmass_core.networks.network import MultibranchResNet

network = MultibranchResNet(input_maps("g,r+2V"))
print(sum(weights.numel() for weights in network.parameters()))"""
_RUN = "from galmass_core.training.runs import open_run\n\n"
_TABLES = {
    "table-4": """{open}
from galmass_core.training.runs import list_runs, shipped_runs
from galmass_core.paper.table_four import table_4
from galmass_core.paper.table_four_text import format_table_4

{opened}
print(format_table_4(table_4(data, [*list_runs(), *shipped_runs()], {split})))""",
    "table-5": """{open}
from galmass_core.paper.tables import format_rows, table_5

{opened}
print(format_rows(table_5(data, {split})))""",
    "text": """{open}
from galmass_core.training.runs import list_runs, shipped_runs
from galmass_core.paper.statements import format_text_results, text_results

{opened}
runs = [*list_runs(), *shipped_runs()]
print(format_text_results(text_results(data, {split}, runs=runs)))""",
}


def _shown(key: str, content: object) -> list[tuple[PaperPanel, Answer]]:
    """Return the panels that show something."""
    pairs = zip(FIGURES[key].panels, content or (), strict=False)
    return [(panel, one) for panel, one in pairs if isinstance(one, Result | Fit)]


def _predictions(opened: str, shown: Sequence[tuple[PaperPanel, Answer]], split: str) -> str:
    """Write how predictions are measured, panel by panel."""
    imports, lines = {_OPEN}, []
    for panel, one in shown:
        if isinstance(one, Fit) or one.run is None:
            imports.add("from galmass_core.learning.fitting import evaluate, score")
            lines += _on_table(panel, one, split, imports)
        else:
            imports.add("from galmass_core.training.pairing import run_predictions_on")
            imports.add("from galmass_core.training.runs import open_run")
            imports.add("from galmass_core.paper.table_four import measure_target")
            call = f"run_predictions_on([open_run({one.run.name!r})], data, {one.split.kind!r})"
            opens = f"[predictions] = {call}"
            lines += [opens] * (opens not in lines)
            early = ", only_early=True" * panel.early
            lines.append(
                f'print(measure_target(predictions, {panel.target!r}, data.samples{early})["std"])'
            )
    return "\n".join([*sorted(imports), "", opened, *lines]) if lines else ""


def _on_table(panel: PaperPanel, one: Answer, split: str, imports: set[str]) -> list[str]:
    """Write how trees or the power law are trained and measured."""
    lines = [
        f"outcome = evaluate({_wanted(panel, one, imports)}, data.samples, {split!r})",
        'print(score(outcome.predictions)["std"])',
    ]
    return lines + ["print(outcome.models[0].gain())"] * isinstance(one, Fit)


def _wanted(panel: PaperPanel, one: Answer, imports: set[str]) -> str:
    """Write what is learned, with its features where they are not the experiment's."""
    imports.add("from galmass_core.learning.experiments import experiment")
    name = f"experiment({panel.experiment!r})"
    if features := _other_features(panel, one):
        imports.add("from dataclasses import replace")
        return f"replace({name}, features={features!r})"
    return name


def _other_features(panel: PaperPanel, one: Answer) -> tuple[str, ...]:
    """Return the features where they are not the experiment's; empty where they are."""
    features = one.request.features if isinstance(one, Fit) else ()
    return features if features != experiment(panel.experiment).features else ()


def _losses(opened: str, shown: Sequence[tuple[PaperPanel, Answer]], split: str) -> str:
    """Write how trees are trained so that their losses are kept."""
    lines = [_OPEN, "from galmass_core.training.model_runs import train_run", "", opened]
    for panel, one in shown:
        features = _other_features(panel, one)
        more = f", features={features!r}" if features else ""
        lines.append(f"run = train_run(data, {panel.experiment!r}, split={split!r}{more})")
        lines.append("print(run.history)")
    return "\n".join(lines) if shown else ""


def _matrix(opened: str, content: object) -> str:
    """Write how columns are correlated."""
    if not isinstance(content, Matrix):
        return ""
    keys = list(content.values)
    features, targets = keys[: content.features], keys[content.features :]
    masses = [key for key in targets if key.startswith("log_m") and "_ml_" not in key]
    return f"""from galmass_core.learning.correlations import correlation_matrix, strong_pairs
{_OPEN}
from galmass_core.learning.experiments import usable_rows

{opened}
features = {features!r}
targets = {targets!r}
usable, _ = usable_rows(data.samples, features, {masses!r})
matrix = correlation_matrix(data.samples[usable], features + targets)
print(matrix.round(2))
print(strong_pairs(matrix))"""


def _command(key: str, data: DataSet, shown: tuple[PaperPanel, Answer], split: str) -> str:
    (panel, one), where = shown, place(data)
    if isinstance(one, Fit):
        arguments = ["train", where, "--experiment", panel.experiment, "--split", split]
        if features := _other_features(panel, one):
            arguments += ["--features", ",".join(features)]
        return shlex.join(["galmass", *arguments])
    if one.run is None:
        return _table("baselines", where, split)
    if key == "5":
        return shlex.join(["galmass", *training_command(data, one.run)])
    return _table("4", where, one.split.kind)


def training_command(data: DataSet, run: Run) -> list[str]:
    """Return arguments of ``galmass`` that train a model as that of a run was trained."""
    usual, config = asdict(TrainingConfig()), run.config
    changes = {
        name: value
        for name, value in config.get("training", {}).items()
        if name != "seed" and value != usual[name]
    }
    split = config["split"]
    order = Order(
        data=data.path,
        experiment=config["experiment"],
        preset="paper",
        changes=tuple(changes.items()),
        split=split["kind"],
        seed=split["seed"],
        training_seed=own if (own := run.training_seed) != split["seed"] else None,
    )
    return ["train", *order.arguments]


def _table(table: str, where: str, split: str) -> str:
    return shlex.join(["galmass", "table", table, where, "--split", split])
