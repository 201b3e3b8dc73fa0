"""Images and labels: where they come from, that they are intact, in which order they are seen.

What a net makes of an image belongs to other rooms; nothing here knows torch, prints, or guesses: every byte
is checked against its SHA-256 each time it is loaded.
"""

from paribus.data.about import facts, remembered, surveyed
from paribus.data.cache import cache_folder
from paribus.data.catalogue import datasets, entry_of
from paribus.data.dataset import Batches, Dataset, Split
from paribus.data.known import Duplicates, Facts, Skipped
from paribus.data.loading import as_data, fetch, is_cached, load
from paribus.data.order import batch_order, batches_per_epoch, epochs_of, iterations_of
from paribus.data.published import Archive, DataFile, DatasetEntry, Package
from paribus.data.sources import Fetched, Served

__all__ = [
    "Archive",
    "Batches",
    "DataFile",
    "Dataset",
    "DatasetEntry",
    "Duplicates",
    "Facts",
    "Fetched",
    "Package",
    "Served",
    "Skipped",
    "Split",
    "as_data",
    "batch_order",
    "batches_per_epoch",
    "cache_folder",
    "datasets",
    "entry_of",
    "epochs_of",
    "facts",
    "fetch",
    "is_cached",
    "iterations_of",
    "load",
    "remembered",
    "surveyed",
]
