"""A picture of a handwritten digit brought into the form of MNIST.

As its authors describe it: white ink on black, the ink's box scaled to fit a square of 20 × 20 pixels with
its aspect ratio kept and grey levels from antialiasing, placed in 28 × 28 pixels by its centre of mass
(Y. LeCun, C. Cortes, C. J. C. Burges, *The MNIST database of handwritten digits*). Ink is what differs in
colour from the paper; the paper may be of any colour and unevenly lit, so no picture has to be inverted.
"""

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from paribus.inference.reading import PictureError
from paribus.inference.regions import label_regions

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_WORKING_SIDE = 600
"""Pixels to which the longer side of a larger picture is reduced before anything is measured in it."""
_FITTED_SIDE = 100
"""Pixels along the longer side of the grid to which the paper's colour is fitted."""
_LEAST_CONTRAST = 20.0
"""Difference from the paper, of 255, below which nothing counts as ink."""
_SPECK = 0.03
"""Share of all ink below which a region of its own is dust."""


def as_digit(picture: Image.Image, side: int = 28, box: int = 20) -> npt.NDArray[np.uint8]:
    """The digit of a picture, as MNIST would show it.

    Args:
        picture: RGBA.
        side: Side of the result.
        box: Longer side of the ink's box in it.

    Returns:
        ``(side, side)`` uint8, ink bright.

    Raises:
        PictureError: If there is no ink to be seen.
    """
    scale = max(picture.size) / _WORKING_SIDE
    if scale > 1:
        _, ink = _covered(_reduced(picture))
        top, bottom, left, right = (scale * end for end in _bounds(ink))
        margin = max(bottom - top, right - left) / 2
        around = (left - margin, top - margin, right + margin, bottom + margin)
        edges = np.clip(np.rint(around), 0, [*picture.size, *picture.size]).astype(int)
        picture = picture.crop(tuple(edges.tolist()))
    cover, ink = _covered(_reduced(picture))
    return _centred(_boxed(cover, ink, box), side)


def _reduced(picture: Image.Image) -> Floats:
    """Pixels of a picture, ``(H, W, 4)``, reduced to the working side where it is larger."""
    small = picture.copy()
    small.thumbnail((_WORKING_SIDE, _WORKING_SIDE), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float64)


def _covered(rgba: Floats) -> tuple[Floats, Mask]:
    """How much of each pixel of a picture the ink covers, and which pixels are ink, ``(H, W)`` each.

    Raises:
        PictureError: If there is no ink to be seen.
    """
    colours = _on_paper(rgba)
    paper = _paper_under(colours)
    distance = _rms(colours - paper)
    noise = float(np.median(distance[distance <= _limit(distance)]))
    ink = _ink(distance, noise)
    return _cover(colours, paper, distance, ink, noise), ink


def _on_paper(rgba: Floats) -> Floats:
    """Colours ``(H, W, 3)`` of a picture, with paper where it is transparent.

    Strokes alone are put on white if they are dark and on black if they are light; a picture that has its
    paper with it, such as one cut out with round corners, is put on more of the same paper.
    """
    colours, alpha = rgba[..., :3], rgba[..., 3:] / 255
    if alpha.min() > 0.98:
        return colours
    solid = alpha[..., 0] > 0.5
    if not solid.any():
        raise PictureError("a drawn digit", "a picture that is transparent everywhere")
    luminance = (colours @ np.array([0.299, 0.587, 0.114]))[solid]
    low, high = np.percentile(luminance, [5, 95])
    if high - low > 64 and solid.sum() > 0.6 * _area(_bounds(solid)):
        paper = np.median(colours[solid], axis=0)
    else:
        paper = np.full(3, 255.0 if luminance.mean() < 128 else 0.0)
    return np.asarray(alpha * colours + (1 - alpha) * paper)


def _paper_under(colours: Floats) -> Floats:
    """The colour of the paper at each pixel, ``(H, W, 3)``.

    It is a constant, then a plane, fitted to the rim of the picture, then a quadratic surface fitted to
    everything like it; each fit leaves out what is far from the one before. A grid of pixels is enough for
    the fits.
    """
    height, width, _ = colours.shape
    step = -(-max(height, width) // _FITTED_SIDE)
    grid = colours[::step, ::step]
    terms = _surface_terms(height, width)[::step, ::step]
    rim = _rim(*grid.shape[:2])
    everywhere = np.ones_like(rim)
    surface = np.zeros((6, 3))
    surface[0] = np.median(grid[rim], axis=0)
    for order, where in ((3, rim), (3, rim), (6, everywhere), (6, everywhere)):
        distance = _rms(grid - terms @ surface)
        paper = where & (distance <= _limit(distance[where]))
        if paper.sum() >= 4 * order:
            surface[:order] = np.linalg.lstsq(terms[paper][:, :order], grid[paper], rcond=None)[0]
    return np.asarray(_surface_terms(height, width) @ surface)


def _ink(distance: Floats, noise: float) -> Mask:
    """Which pixels are ink: beyond Otsu's threshold, and not dust.

    Args:
        distance: How far each pixel's colour is from the paper's, 0 to 255, ``(H, W)``.
        noise: How far that of paper is.

    Raises:
        PictureError: If nothing stands out from the paper.
    """
    threshold = max(_otsu(distance), 4 * noise)
    ink = distance > threshold
    if not ink.any() or float(np.percentile(distance[ink], 75)) < max(_LEAST_CONTRAST, 6 * noise):
        raise PictureError("a drawn digit", "a blank picture: nothing stands out from the paper")
    regions = label_regions(ink)
    sizes = np.bincount(regions.ravel())
    sizes[0] = 0
    kept = sizes >= _SPECK * ink.sum()
    kept[0] = False
    return np.asarray(kept[regions])


def _cover(colours: Floats, paper: Floats, distance: Floats, ink: Mask, noise: float) -> Floats:
    """How much of each pixel the ink covers, 0 to 1: all of it in a stroke's core, less at its edges.

    That is how far the pixel's colour has gone from the paper's to the ink's, or, where strokes are of
    several colours, how far it has gone from the paper's at all.
    """
    full = float(np.percentile(distance[ink], 75))
    way = np.median(colours[ink & (distance >= full)], axis=0) - paper
    gone = ((colours - paper) * way).sum(axis=-1) / np.maximum(np.square(way).sum(axis=-1), 1.0)
    floor = min(3 * noise / full, 1 / 3)
    cover = (np.maximum(gone, distance / full) - floor) / (1 - floor)
    near = np.asarray(Image.fromarray(ink).convert("L").filter(ImageFilter.MaxFilter(5))) > 0
    return np.where(near, np.clip(cover, 0, 1), 0.0)


def _boxed(cover: Floats, ink: Mask, box: int) -> Floats:
    """The ink scaled so that the longer side of its box has so many pixels, in full contrast."""
    top, bottom, left, right = _bounds(ink)
    scale = box / max(bottom - top, right - left)
    top, left = max(top - 1, 0), max(left - 1, 0)
    cut = Image.fromarray(cover[top : bottom + 1, left : right + 1].astype(np.float32))
    size = (max(round(cut.width * scale), 1), max(round(cut.height * scale), 1))
    pixels = np.clip(np.asarray(cut.resize(size, Image.Resampling.HAMMING), dtype=np.float64), 0, 1)
    full = float(np.percentile(pixels[pixels > 0.1 * pixels.max()], 75))
    return np.asarray(np.clip(pixels / full, 0, 1))


def _centred(pixels: Floats, side: int) -> npt.NDArray[np.uint8]:
    """The ink in a square field, its centre of mass on the field's centre."""
    field = np.zeros((side, side))
    starts, cuts = [], []
    for axis in (0, 1):
        weights = pixels.sum(axis=1 - axis)
        centre = float((np.arange(len(weights)) * weights).sum() / weights.sum())
        start = round(side / 2 - centre)
        length = min(len(weights), side)
        starts.append(min(max(start, 0), side - length))
        cuts.append(length)
    field[starts[0] : starts[0] + cuts[0], starts[1] : starts[1] + cuts[1]] = pixels[: cuts[0], : cuts[1]]
    return np.rint(field * 255).astype(np.uint8)


def _surface_terms(height: int, width: int) -> Floats:
    """Terms of a quadratic surface over a picture, those of a plane first, ``(H, W, 6)``."""
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)


def _rim(height: int, width: int) -> Mask:
    """The outer twentieth of a picture on each side."""
    thick = max(1, round(0.05 * min(height, width)))
    rim = np.ones((height, width), dtype=np.bool_)
    rim[thick:-thick, thick:-thick] = False
    return rim


def _rms(differences: Floats) -> Floats:
    return np.asarray(np.sqrt(np.square(differences).mean(axis=-1)))


def _limit(distances: Floats) -> float:
    """The distance beyond which a pixel is taken for something else than paper."""
    return max(8.0, 3 * float(np.median(distances)))


def _otsu(values: Floats) -> float:
    """The threshold that best separates values into two classes (N. Otsu, 1979)."""
    counts, edges = np.histogram(values, bins=256, range=(0, max(float(values.max()), 1e-9)))
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    sums = np.cumsum(counts * middles)
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return float(edges[1:][int(np.nan_to_num(between).argmax())])


def _bounds(mask: Mask) -> tuple[int, int, int, int]:
    """Top, bottom, left and right of a mask; bottom and right one beyond."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _area(bounds: tuple[int, int, int, int]) -> int:
    top, bottom, left, right = bounds
    return (bottom - top) * (right - left)
