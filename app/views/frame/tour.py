"""The steps of the tour: parts of each page, with a title and an explanation."""

TOUR = {  # page: CSS class of a part, skipped where it is not in view; title; explanation
    "explore": [
        [
            "gm-maps",
            "Four maps of one galaxy",
            "Its light in r, its colour, how fast its stars move away from us or towards us, and "
            "how far their speeds scatter. Zoom into one and all follow. Rings mark two radii: "
            "R_hsm holds half of the stars' mass, R_e half of their light.",
        ],
        [
            "gm-controls",
            "Another galaxy or line of sight",
            "Type an ID, step with the keys ← and →, or choose one at random. x, y and z change "
            "the line of sight.",
        ],
        [
            "gm-targets",
            "What is predicted",
            "The true masses inside R_hsm, which no telescope sees: the question is how well the "
            "maps predict them. Words with a dotted underline have an explanation.",
        ],
        [
            "gm-strips",
            "Truth and estimates",
            "A line for each run, for the power law of light and for dynamics; bars hold the "
            "truth with 68 and 90 % probability, and the upright line is the truth.",
        ],
        [
            "gm-insight-buttons",
            "More about it",
            "Galaxies that look like it and differ in mass, motions by radius, the three lines of "
            "sight side by side or any other, and a second galaxy that is pinned.",
        ],
        [
            "gm-sample",
            "Its place in the sample",
            "Any quantity against any other. Tap a point to see its galaxy.",
        ],
    ],
    "sample": [
        [
            "gm-tally",
            "Counts",
            "Galaxies and samples of this data set. A sample is a galaxy seen along one line of "
            "sight.",
        ],
        [
            "gm-relations",
            "Is the data set right?",
            "Scaling relations that real galaxies follow: a wrong build shows here first. The "
            "galaxy in view is marked in all of them.",
        ],
        [
            "gm-report",
            "How it was made",
            "Which galaxies were excluded and why, what is defined differently from the paper, "
            "and the settings of the maps.",
        ],
    ],
    "gallery": [
        [
            "gm-gallery-map",
            "One map of every galaxy",
            "Choose the map; sort the galaxies and colour their frames by any quantity, or by the "
            "error of a run.",
        ],
        [
            "gm-gallery",
            "All of them",
            "Scroll through as many as there are. A tap chooses a galaxy for all pages.",
        ],
        [
            "gm-embedding",
            "Galaxies by likeness",
            "Those that look alike to a network lie near each other. Draw a lasso to see a group "
            "in the grid.",
        ],
    ],
    "features": [
        [
            "gm-checkboxes",
            "Train on summary features",
            "Choose a target and its features: the trees are retrained immediately.",
        ],
        [
            "gm-prediction",
            "How accurate it is",
            "Each point is a test sample: true mass on the x axis, predicted mass on the y axis. "
            "On the line the prediction is exact.",
        ],
        [
            "gm-importance",
            "Feature importance",
            "How much each feature contributes to the prediction; choose how that is measured.",
        ],
        [
            "gm-correlations",
            "Correlations",
            "Click a cell to see the samples behind it.",
        ],
    ],
    "train": [
        [
            "gm-checkboxes",
            "Train a network",
            "Select the targets, and below the input maps.",
        ],
        [
            "gm-go",
            "Start it",
            "Check first how long it takes on this machine. The line below is the same command "
            "for a terminal. Training continues when you close the page.",
        ],
        [
            "gm-run-list",
            "All trainings",
            "Running trainings can be stopped and resumed; finished ones can be compared.",
        ],
        [
            "gm-run-in-view",
            "One of them",
            "How its errors fall during training, and everything needed to repeat it.",
        ],
    ],
    "compare": [
        [
            "gm-branches",
            "Switch a branch",
            "Which maps is the network trained on? Each combination has its own panel.",
        ],
        [
            "gm-compared-0",
            "What it says",
            "True mass on the x axis, predicted mass on the y axis, for samples outside the "
            "training set. Below, its error, and how certain it is that it beats the reference.",
        ],
        [
            "gm-compared-galaxy",
            "The galaxy behind a point",
            "Tap a point in any panel: its maps appear here, with the prediction of each network.",
        ],
        [
            "gm-table-part",
            "Beside the paper",
            "The paper's own results, and ours where a network has been trained.",
        ],
    ],
    "runs": [
        [
            "gm-run-table",
            "Every training",
            "Search by name, data set, tag or note; sort by any column. A click opens a run: tags, "
            "notes, its log, and predictions of the galaxies that are selected.",
        ],
        [
            "gm-grouped",
            "Groups of seeds",
            "Trainings that differ in their seed only share a row, with the mean σ and its spread. "
            "Tick one row for the losses of all seeds, or two for what differs.",
        ],
    ],
    "diagnostics": [
        [
            "gm-diagnosed-run",
            "Choose a run",
            "One training, its test galaxies, and one target. The run stays in the address.",
        ],
        [
            "gm-calibration",
            "Do the intervals hold?",
            "Intervals of 68 % should cover 68 % of the true values, at every level and mass. "
            "Grey bands show what chance allows.",
        ],
        [
            "gm-slices",
            "Where do predictions fail?",
            "Scatter, bias and coverage by type, inclination, distance to the training set, and "
            "more. A click on a row selects its galaxies.",
        ],
    ],
    "why": [
        [
            "gm-why-choices",
            "Choose a model",
            "The predicted target, and the network that predicts it.",
        ],
        [
            "gm-why-network",
            "Saliency",
            "Orange pixels raise the prediction for this galaxy, blue ones lower it. The bars "
            "below add them up in rings around the centre.",
        ],
        [
            "gm-why-replaced",
            "Swap one map",
            "Each map in turn is replaced by that of other galaxies. The further the prediction "
            "moves, the more it depends on this map.",
        ],
        [
            "gm-why-trees",
            "Boosted trees",
            "The same mass from ten numbers: how each number moves the prediction.",
        ],
    ],
    "transfer": [
        [
            "gm-transfer-record",
            "What is left of the accuracy",
            "The same model on galaxies of its own simulation and of another; then adapted "
            "without labels; last a model trained on the other, as the best to hope for.",
        ],
        [
            "gm-transfer-bins",
            "By stellar mass",
            "Bias, scatter, and how many true values lie inside the interval that holds 68 % "
            "where the model was trained.",
        ],
        [
            "gm-transfer-form",
            "Another simulation",
            "Choose a data set to test on: models are trained on the one in view. Both must have "
            "been made alike.",
        ],
    ],
    "paper": [
        [
            "gm-contents",
            "Every figure and table",
            "Choose one: it is reproduced from the data set in view.",
        ],
        [
            "gm-paper-heading",
            "What the paper says",
            "Its statement in short. Below come ours, and whether the two can be compared.",
        ],
        [
            "gm-how",
            "Reproduce it",
            "Open this for the Python calls that give the same numbers.",
        ],
    ],
}
EVERYWHERE = [
    [
        "gm-selection",
        "Select galaxies",
        "Type a condition, such as log_mstar > 11, or draw a box or a lasso in a plot. The "
        "selection is kept on all pages.",
    ],
    [
        "gm-download",
        "Download",
        "Every figure as a picture (PNG, SVG, PDF), its data as CSV or FITS.",
    ],
    [
        "gm-pages",
        "More pages",
        "From one galaxy to the sample, to masses predicted from ten features, to networks "
        "trained on maps. Each page has its own tour.",
    ],
    [
        "gm-address",
        "Share this view",
        "The address of this page holds every choice. Copy it here; the browser's back and "
        "forward work as well.",
    ],
]
