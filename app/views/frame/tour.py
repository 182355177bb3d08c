"""The stops of the tour: what is pointed at on each page, and what is said of it."""

TOUR = {  # page: CSS class of what is pointed at, where it is in view; title; words
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
            "Another galaxy, another side",
            "Type an ID, go on with the keys ← and →, or let chance choose. x, y and z turn the "
            "galaxy.",
        ],
        [
            "gm-targets",
            "What is to be learnt",
            "The true masses inside R_hsm, which no telescope sees: the question is how much of "
            "them the maps tell. Every word with a dotted line explains itself.",
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
            "How many there are",
            "Galaxies and samples of this data set. A sample is a galaxy and the side it is seen "
            "from.",
        ],
        [
            "gm-relations",
            "Is the data set right?",
            "Scaling relations that real galaxies keep: a wrong build shows here first. The galaxy "
            "in view is marked in all of them.",
        ],
        [
            "gm-report",
            "How it was made",
            "Who was left out and why, what is defined otherwise than in the paper, and with which "
            "settings the maps were drawn.",
        ],
    ],
    "features": [
        [
            "gm-checkboxes",
            "Learn from a few numbers",
            "Choose what to learn, and tick from what: trees are trained anew at once.",
        ],
        [
            "gm-prediction",
            "How good it is",
            "Each point is a galaxy that the trees have not learned from: its true mass across, "
            "what they say of it up. On the line they are right.",
        ],
        [
            "gm-importance",
            "What counts",
            "What each number is worth to the trees; choose how that is measured.",
        ],
        [
            "gm-correlations",
            "What follows what",
            "Click a cell to see the samples behind it.",
        ],
    ],
    "train": [
        [
            "gm-checkboxes",
            "Order a network",
            "Tick what it shall learn, and below from which maps.",
        ],
        [
            "gm-go",
            "Start it",
            "First see how long it takes on this machine. The line below is the same order for a "
            "terminal. A training goes on when you leave.",
        ],
        [
            "gm-run-list",
            "All trainings",
            "Those at work can be stopped, those that stopped can go on; a finished one can be "
            "compared.",
        ],
        [
            "gm-run-in-view",
            "One of them",
            "How its errors fall while it learns, and all that is needed to do it again.",
        ],
    ],
    "compare": [
        [
            "gm-branches",
            "Switch a branch",
            "Which maps may a network see? Each combination has a panel of its own.",
        ],
        [
            "gm-compared-0",
            "What it says",
            "True mass across, predicted mass up, for galaxies it has not learned from. Below, its "
            "error, and how sure we are that it beats the reference.",
        ],
        [
            "gm-compared-galaxy",
            "The galaxy behind a point",
            "Tap a point in any panel: here are its maps, and what each network says of it.",
        ],
        [
            "gm-table-part",
            "Beside the paper",
            "The paper's own results, and ours where a network has been trained.",
        ],
    ],
    "why": [
        [
            "gm-why-choices",
            "Whom to ask",
            "What is predicted, and the network that predicts it.",
        ],
        [
            "gm-why-network",
            "Where it looks",
            "Orange pixels raise the prediction for this galaxy, blue ones lower it. The bars "
            "below add them up in rings around the centre.",
        ],
        [
            "gm-why-replaced",
            "If a map were another",
            "Each map in turn is replaced by that of other galaxies. The further the prediction "
            "moves, the more it rests on this map.",
        ],
        [
            "gm-why-trees",
            "What trees say",
            "The same mass from ten numbers: how each number moves the prediction.",
        ],
    ],
    "paper": [
        [
            "gm-contents",
            "Every figure and table",
            "Choose one: it is made anew from the galaxies in view.",
        ],
        [
            "gm-paper-heading",
            "What the paper says",
            "Its statement in short. Below come ours, and whether the two can be compared.",
        ],
        [
            "gm-how",
            "Do it yourself",
            "Unfold this for the calls that give the same numbers in Python.",
        ],
    ],
}
EVERYWHERE = [
    [
        "gm-selection",
        "Choose many",
        "Type what galaxies shall have, such as log_mstar > 11, or draw a box or a lasso in a "
        "plot. They stay selected from page to page.",
    ],
    [
        "gm-download",
        "Take it along",
        "Every figure as a picture (PNG, SVG, PDF), its data as CSV or FITS.",
    ],
    [
        "gm-pages",
        "More pages",
        "From one galaxy to the sample, to what ten numbers say about mass, to networks that learn "
        "it from the maps. Each has its tour.",
    ],
    [
        "gm-address",
        "Share what you see",
        "The address of this page holds all that you chose. Copy it here; the browser's back and "
        "forward work as well.",
    ],
]
