"""The whole way through the Python API in seconds: declare, look, train, judge, check.

Three learning rates on a small net and 2,000 of MNIST's training images. Run it with
``python examples/tiny.py``; run it again and nothing is trained a second time.
"""

import sys
from pathlib import Path

import paribus
from paribus import Block, Data, Decision, Net, Protocol, Study

study = Study(
    name="tiny",
    question="Is a learning rate of 0.1 better than 0.03, and is 0.001 enough?",
    claims=["tenth < base", "hundredth < tenth"],
    data=Data(dataset="mnist", train_images=2000),
    net=Net(blocks=(Block(channels=4, kernel=3), Block(channels=8, kernel=3))),
    protocol=Protocol(batch_size=50, iterations=60, learning_rate=0.1, momentum=0.9),
    variants={
        "base": {},
        "tenth": {"protocol.learning_rate": 0.03},
        "hundredth": {"protocol.learning_rate": 0.001},
    },
    decision=Decision(margin_pp=1.0, min_rounds=3, max_rounds=6),
)


def main(store: Path) -> None:
    """Run the study and tell what it found.

    Args:
        store: Folder in which the runs are kept.
    """
    image, label = paribus.load("mnist").test[0]
    print(f"The first test image has shape {image.shape} and shows a {label}.")

    outcome = paribus.run(study, store=store)
    for sentence in outcome.verdict.sentences:
        print(sentence)
    for variant, runs in outcome.runs.items():
        print(variant, [f"{record.accuracy:.2f} %" for record in runs.values()])

    comparisons = paribus.verify(study, runs=1, store=store)
    print("The same bits again:", all(not comparison.differing for comparison in comparisons))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "paribus-store"))
