"""Files of weights: written aside, then named; hashed on every reading. Which run is whose is the store's."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import safetensors.numpy
from safetensors import SafetensorError

from paribus.errors import StoreDamagedError
from paribus.store.durable import ASIDE, write_durably
from paribus.store.words import damaged, system_faults_in_words

Weights = Mapping[str, npt.NDArray[np.generic]]

QUARANTINED = ".damaged"


class WeightsFolder:
    """The files of weights of one store.

    Args:
        folder: The folder they are in; made with the first file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, run_key: str, numerics: str) -> Path:
        """Where the weights of a run are kept; another file for each numerics."""
        short = hashlib.sha256(numerics.encode()).hexdigest()[:12]
        return self._folder / run_key[:2] / f"{run_key}-{short}.safetensors"

    def write(self, path: Path, weights: Weights) -> str:
        """Write a file of weights, durably once this returns.

        Returns:
            SHA-256 of the file.

        Raises:
            StoreError: If the disk is full or may not be written to.
        """
        ordered = {name: np.asarray(values, order="C") for name, values in weights.items()}
        data = safetensors.numpy.save(ordered)
        with system_faults_in_words(path):
            write_durably(path, data)
        return hashlib.sha256(data).hexdigest()

    def read(self, path: Path, sha256: str) -> dict[str, npt.NDArray[np.generic]]:
        """The weights in a file.

        Args:
            path: The file.
            sha256: What ``write`` gave.

        Raises:
            StoreDamagedError: If the file is gone or is not the one that was written.
        """
        data = self._intact(path, sha256)
        try:
            return dict(safetensors.numpy.load(data))
        except SafetensorError as error:
            raise damaged(path, expected="a safetensors file", found=str(error)) from error

    def fault(self, path: Path, sha256: str) -> StoreDamagedError | None:
        """What is wrong with a file, if anything is."""
        try:
            self._intact(path, sha256)
        except StoreDamagedError as error:
            return error
        return None

    def quarantine(self, path: Path) -> None:
        """Rename a damaged file, so that nothing takes it for weights; one that is gone stays gone."""
        with system_faults_in_words(path):
            if path.exists():
                path.replace(path.with_name(path.name + QUARANTINED))

    def remove_leftovers(self) -> None:
        """Remove what killed writers left half-written; only the holder of the lock may."""
        for leftover in self._folder.glob(f"*/*{ASIDE}"):
            with system_faults_in_words(leftover):
                leftover.unlink(missing_ok=True)

    def _intact(self, path: Path, sha256: str) -> bytes:
        with system_faults_in_words(path):
            try:
                data = path.read_bytes()
            except FileNotFoundError as error:
                raise damaged(path, expected=f"weights with SHA-256 {sha256}", found="no file") from error
        found = hashlib.sha256(data).hexdigest()
        if found != sha256:
            raise damaged(path, expected=f"weights with SHA-256 {sha256}", found=found)
        return data
