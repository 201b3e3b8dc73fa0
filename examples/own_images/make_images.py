"""Write a folder of pictures, one subfolder for each class, as you might have collected them yourself.

Takes the first images of each class of a dataset that paribus fetches: every second one becomes a PNG file of
28 × 28 pixels, the others JPEG files twice as large. Run it with ``python make_images.py``.
"""

import argparse
import re
from pathlib import Path

import numpy as np
from PIL import Image

import paribus

HERE = Path(__file__).parent


def main() -> None:
    """Read the options and write the pictures."""
    options = argparse.ArgumentParser(description="Write a folder of pictures, one subfolder for each class.")
    options.add_argument("--folder", type=Path, default=HERE / "images", help="where the pictures go")
    options.add_argument("--dataset", default="fashion-mnist", help="where they come from")
    options.add_argument("--each", type=int, default=200, help="how many of each class")
    asked = options.parse_args()
    count = write_pictures(asked.folder, asked.dataset, asked.each)
    print(f"{count} pictures in {asked.folder}")


def write_pictures(folder: Path, dataset: str, each: int) -> int:
    """Write the first pictures of each class of a dataset's training split.

    Args:
        folder: Gets a subfolder for each class; made where missing.
        dataset: Name of a dataset of grey images.
        each: Pictures of each class.

    Returns:
        How many pictures were written.
    """
    loaded = paribus.load(dataset)
    written = 0
    for label, name in enumerate(loaded.classes):
        place = folder / re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        place.mkdir(parents=True, exist_ok=True)
        for number, index in enumerate(np.flatnonzero(loaded.train.labels == label)[:each]):
            picture = Image.fromarray(loaded.train.images[index, 0])
            if number % 2 == 0:
                picture.save(place / f"{number:04}.png")
            else:
                width, height = picture.size
                picture.resize((2 * width, 2 * height)).save(place / f"{number:04}.jpg", quality=95)
            written += 1
    return written


if __name__ == "__main__":
    main()
