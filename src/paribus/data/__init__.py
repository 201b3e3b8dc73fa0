"""Images and labels: where they come from, that they are intact, in which order they are seen.

What a net makes of an image belongs to other rooms; nothing here knows torch, prints, or guesses: every byte
is checked against a published SHA-256 each time it is loaded.
"""

from paribus.data.cache import cache_folder
from paribus.data.catalogue import DataFile, DatasetEntry, Package, datasets, facts, fingerprint
from paribus.data.dataset import Batches, Dataset, Split
from paribus.data.loading import fetch, is_cached, load
from paribus.data.order import batch_order, batches_per_epoch, epochs_of, iterations_of
from paribus.data.sources import Fetched, Served

__all__ = [
    "Batches",
    "DataFile",
    "Dataset",
    "DatasetEntry",
    "Fetched",
    "Package",
    "Served",
    "Split",
    "batch_order",
    "batches_per_epoch",
    "cache_folder",
    "datasets",
    "epochs_of",
    "facts",
    "fetch",
    "fingerprint",
    "is_cached",
    "iterations_of",
    "load",
]
