"""``python -m paribus.store FOLDER``: put a damaged store in order and say what was done."""

import sys
from pathlib import Path

from paribus.errors import ParibusError
from paribus.store.mending import mend
from paribus.store.store import DEFAULT_FOLDER


def main(arguments: list[str]) -> int:
    """Mend the store in a folder.

    Args:
        arguments: The folder; none for the default one.

    Returns:
        Exit code: 0 if the store is now in order.
    """
    folder = Path(arguments[0]) if arguments else DEFAULT_FOLDER
    try:
        sentences = mend(folder)
    except ParibusError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write("\n".join(sentences or [f"{folder} is intact"]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
