"""Processes that begin with all of galmass imported: none of them spends seconds on that."""

import multiprocessing

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "pytest",
        "galmass_core.training.queue",
        "galmass_core.training.network_runs",
        "torch.distributed",
        "torch._dynamo",  # which the first step of an optimiser imports, with SymPy: 1.3 s
    ]
)
