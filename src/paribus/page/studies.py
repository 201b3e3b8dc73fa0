"""The studies that the page knows: those given to it, those registered in the store, and the built-in ones.

A study is found by its slug among these; no part of an address ever becomes part of a path.
"""

import json
import shlex
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from paribus.errors import ParibusError
from paribus.inference.registered import declared_study
from paribus.records import Registration
from paribus.spec import Study, builtin_names, locate, study_digest
from paribus.standing import Layout, lay_out
from paribus.store import DEFAULT_FOLDER, Store


@dataclass(frozen=True)
class Known:
    """A study.

    Attributes:
        slug: What addresses name it by: its name and the beginning of its digest.
        name: Its name.
        digest: Digest of what it declares.
        layout: It laid out; None where this machine lacks what it takes.
        registration: When it was first run; None if it never was.
        asked: How it is named on the command line, with options.
        origin: Where it is known from: ``given``, ``built in`` or ``registered``.
        trouble: Why it cannot be laid out; empty if it can.
    """

    slug: str
    name: str
    digest: str
    layout: Layout | None
    registration: Registration | None
    asked: tuple[str, ...]
    origin: str
    trouble: str = ""

    @property
    def question(self) -> str:
        """Its question, or nothing."""
        if self.layout is not None and self.layout.study.question:
            return self.layout.study.question
        return _question(self.registration)


class Shelf:
    """All studies that a page shows; may be asked from any thread.

    Args:
        store: Opened for reading.
        given: How the user named further studies, and the studies.
    """

    def __init__(self, store: Store, given: Sequence[tuple[str, Study]] = ()) -> None:
        self._store = store
        self._turn = threading.Lock()
        self._options = () if store.folder == DEFAULT_FOLDER else ("--store", str(store.folder))
        self._laid_out: dict[str, tuple[Layout | None, str]] = {}
        self._at_hand = {study_digest(study): (study, name, "given") for name, study in given}
        for name in builtin_names():
            study = Study.read(locate(name))
            self._at_hand.setdefault(study_digest(study), (study, name, "built in"))

    def all(self) -> list[Known]:
        """Every study: those run last come first, then those never run, the given ones before the built-in.

        Raises:
            StoreError: If the store cannot be read.
        """
        registrations = {entry.study_digest: entry for entry in reversed(self._store.registrations())}
        run = [self._known(digest, entry) for digest, entry in registrations.items()]
        waiting = [self._known(digest, None) for digest in self._at_hand if digest not in registrations]
        return run + sorted(waiting, key=lambda known: known.origin != "given")

    def find(self, slug: str) -> Known | None:
        """The study of that slug, if there is one."""
        return next((known for known in self.all() if known.slug == slug), None)

    def _known(self, digest: str, registration: Registration | None) -> Known:
        study, called, origin = self._at_hand.get(digest, (None, "", "registered"))
        name = study.name if study is not None else registration.name if registration is not None else ""
        layout, trouble = self._layout(digest, study, registration)
        slug = f"{name}-{digest[:10]}"
        # a study that is known from the store alone can be saved from its page as a file of this name
        asked = (called or f"{name}.toml", *self._options)
        return Known(slug, name, digest, layout, registration, asked, origin, trouble)

    def _layout(
        self, digest: str, study: Study | None, registration: Registration | None
    ) -> tuple[Layout | None, str]:
        with self._turn:
            if digest not in self._laid_out:
                self._laid_out[digest] = _lay_out(digest, study, registration)
            return self._laid_out[digest]


def declared(registration: Registration) -> Study | None:
    """The study of a registration with claims and factors; None where it cannot be made again exactly.

    Raises:
        StudyError: If it needs code or data that are not at hand.
    """
    content = json.loads(registration.declaration)
    plain = declared_study(registration.declaration)
    shared = {
        "name": plain.name,
        "question": content.get("question", ""),
        "claims": content["claims"],
        "data": plain.data,
        "net": plain.net,
        "protocol": plain.protocol,
        "decision": plain.decision,
    }
    crossed = {"factors": content["factors"]} if content["factors"] else {"variants": plain.variants}
    study = Study(**shared, **crossed)
    return study if study_digest(study) == registration.study_digest else None


def address_of(known: Known) -> str:
    """Where a study's page is."""
    return f"/study/{known.slug}"


def command(known: Known, verb: str) -> str:
    """What to type for a study, such as ``paribus run mnist-pooling``."""
    return f"paribus {verb} {shlex.join(known.asked)}"


def _lay_out(
    digest: str, study: Study | None, registration: Registration | None
) -> tuple[Layout | None, str]:
    """A study laid out, or None and the reason why it cannot be."""
    try:
        found = study if study is not None or registration is None else declared(registration)
        if found is None:
            return None, "it was declared by another version of paribus"
        return lay_out(found), ""
    except ParibusError as error:
        return None, error.what.splitlines()[-1].strip(" -")
    except (KeyError, ValueError, TypeError):
        return None, f"its declaration {digest[:10]} cannot be read by this version of paribus"


def _question(registration: Registration | None) -> str:
    if registration is None:
        return ""
    try:
        question = json.loads(registration.declaration).get("question", "")
    except ValueError:
        return ""
    return question if isinstance(question, str) else ""
