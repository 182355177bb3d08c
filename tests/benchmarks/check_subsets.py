"""Compare a network for every set of maps with networks of one set each: errors, and CPU time.

    python tests/benchmarks/check_subsets.py DATA --any RUN ... --dedicated RUN ...

prints for each set of maps and target the RMS error on the samples of a data set that both predict,
that of ``--any`` as the mean over its runs, and their ratio with its error by bootstrap over
galaxies and its standard deviation over the runs; then a summary for each target. Then the CPU
time of a step with the preset ``laptop``, beside that of a network of the same four maps without
subsets; ``--no-time`` leaves it out. Runs are folders or names.
"""

import argparse
import os
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from galmass_core.benchmarks.timing import compare
from galmass_core.datasets.dataset import DataSet, open_dataset
from galmass_core.learning.experiments import input_maps, inputs_of
from galmass_core.quantities import map_keys
from galmass_core.training.pairing import predictions_on
from galmass_core.training.runs import Run, open_run

KEYS = ["name", "los", "target"]
RESAMPLES = 500
SAMPLES = 200  # of an epoch that is timed


def main() -> None:
    """Read the command line and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data")
    parser.add_argument("--any", nargs="+", required=True, metavar="RUN")
    parser.add_argument("--dedicated", nargs="+", default=[], metavar="RUN")
    parser.add_argument("--no-time", action="store_true")
    args = parser.parse_args()
    data, whole = open_dataset(args.data), [open_run(name) for name in args.any]
    rows = [
        row for run in map(open_run, args.dedicated) for row in compare_errors(whole, run, data)
    ]
    if rows:
        table = pd.DataFrame(rows)
        print(table.drop(columns="ratios").to_string(index=False, float_format="%.4f"))
        print(summary(table).to_string())
    if not args.no_time:
        print_times()


def compare_errors(whole: Sequence[Run], alone: Run, data: DataSet) -> list[dict[str, Any]]:
    """Return a row for each target that both predict from the maps of ``alone``."""
    inputs = inputs_of(alone.config["maps"])
    tables = [predictions_on(run.with_inputs(inputs), data) for run in whole]
    rows = []
    for target, own in predictions_on(alone, data).groupby("target", sort=False):
        errors = [errors_of(own, table) for table in tables]
        if not len(errors[0]):
            continue
        pairs = pd.concat(errors, axis=1).dropna()
        ratios, error = ratios_of_rms(pairs.to_numpy(), pairs.index.get_level_values("name"))
        rms = np.sqrt(np.square(pairs.to_numpy()).mean(0))
        rows.append(
            {
                "maps": inputs,
                "target": target,
                "n": len(pairs),
                "any": rms[0::2].mean(),
                "dedicated": rms[1],
                "ratio": ratios.mean(),
                "error": error,
                "spread": ratios.std(ddof=1) if len(ratios) > 1 else np.nan,
                "ratios": ratios,
            }
        )
    return rows


def errors_of(alone: pd.DataFrame, whole: pd.DataFrame) -> pd.DataFrame:
    """Return the errors of both for the samples of both, dex."""
    both = alone.merge(whole, on=KEYS, suffixes=("_alone", "_any")).set_index(KEYS)
    return pd.DataFrame(
        {
            "any": both["y_pred_any"] - both["y_true_any"],
            "dedicated": both["y_pred_alone"] - both["y_true_alone"],
        }
    )


def ratios_of_rms(errors_N2: NDArray, galaxies: pd.Index) -> tuple[NDArray, float]:
    """Return the ratio of RMS errors of each pair of columns, and the error of their mean."""
    numbers = pd.factorize(galaxies)[0]
    sums = np.stack([np.bincount(numbers, each) for each in np.square(errors_N2).T], axis=1)

    def ratios(totals: NDArray) -> NDArray:
        return np.sqrt(totals[0::2] / totals[1::2])

    rng = np.random.default_rng(0)
    draws = rng.integers(len(sums), size=(RESAMPLES, len(sums)))
    means = [ratios(sums[draw].sum(0)).mean() for draw in draws]
    return ratios(sums.sum(0)), float(np.std(means))


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return what the ratios of each target are; ± is the standard deviation over runs."""
    whole = max(table["maps"], key=lambda inputs: len(input_maps(inputs)))
    summaries = {}
    for target, rows in table.groupby("target", sort=False):
        ratios = pd.DataFrame(rows["ratios"].tolist(), index=rows["maps"])
        figures = {"median": ratios.median(), "largest": ratios.max(), whole: ratios.loc[whole]}
        words = {
            name: f"{each.mean():.3f}" + (f" ± {each.std():.3f}" if len(each) > 1 else "")
            for name, each in figures.items()
        }
        for most in (1.05, 1.1):
            words[f"<= {most:.2f}"] = f"{int((rows['ratio'] <= most).sum())} of {len(rows)}"
        summaries[target] = words
    return pd.DataFrame(summaries)


def print_times() -> None:
    """Print the CPU time of an epoch with and without subsets."""
    import torch

    from galmass_core.benchmarks.networks import noise_samples, our_steps
    from galmass_core.benchmarks.train import take
    from galmass_core.learning.experiments import experiment
    from galmass_core.networks.presets import PRESETS

    torch.set_num_threads(1)
    config, pixels = PRESETS["laptop"]
    samples = noise_samples(map_keys(), SAMPLES, pixels)
    subsets = [input_maps(inputs) for inputs in experiment("mstar/any").subsets]
    cpu, number = torch.device("cpu"), SAMPLES // config.batch
    calls = {
        program: partial(take, our_steps(samples, config, cpu, sets), number)
        for program, sets in (("four maps", ()), ("every set of maps", subsets))
    }
    for figure in compare("epoch", SAMPLES, calls, time.process_time):
        print(f"{figure.program}: {figure.cpu_ms / number:.0f} ms of CPU time a step")


if __name__ == "__main__":
    main()
