"""Running a study: train the next missing run, record it, judge, until the answer is decided.

The unit of everything is one run: recorded in one transaction when it is finished, retrained from its seed if
it was not. So killing any process at any moment loses at most the runs under way.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from paribus.errors import NumericsError, WorkerError
from paribus.execute.estimate import seconds_a_run
from paribus.execute.interrupt import Interrupt
from paribus.execute.pool import Heard, WorkerPool
from paribus.execute.wire import Message, read_evaluation, read_trained
from paribus.records import Assignment, Registration, failed_run
from paribus.spec import canonical, declaration, study_digest
from paribus.standing import (
    Ending,
    Event,
    Failure,
    Layout,
    Outcome,
    RoundJudged,
    RunEvaluated,
    RunFailed,
    RunFinished,
    Runs,
    RunStarted,
    RunStepped,
    Standing,
    StudyStarted,
    StudyStopped,
    assess,
    recorded_runs,
    with_noises,
)
from paribus.store import Store

ATTEMPTS = 3
"""How often a run is tried before it counts as failed: a worker may die for reasons that pass."""

PATIENCE_SECONDS = 0.2
"""How long to wait for a worker's message before looking whether the user wants to stop."""

OnEvent = Callable[[Event], None]
Run = tuple[str, int]
"""Variant and seed."""


def run_study(
    layout: Layout, store: Store, pool: WorkerPool, *, on_event: OnEvent, interrupt: Interrupt
) -> Outcome:
    """Train a study's missing runs, round by round, until it is decided or at its cap.

    Args:
        layout: The study.
        store: Opened for writing.
        pool: Workers; the caller closes it.
        on_event: Told of everything that happens.
        interrupt: Looked at several times a second.

    Raises:
        NumericsError: If the study's runs were made with other numerics than this machine's.
        UnequalRoundError: If variants of a round did not share what they must share.
        WorkerError: If workers cannot be started.
        StoreError: If a run cannot be recorded.
    """
    return _Session(layout, store, pool, on_event, interrupt).run()


class _Session:
    """One call of `run_study`."""

    def __init__(
        self, layout: Layout, store: Store, pool: WorkerPool, on_event: OnEvent, interrupt: Interrupt
    ) -> None:
        self.layout = layout
        self.store = store
        self.pool = pool
        self.tell = on_event
        self.interrupt = interrupt
        self.keys = layout.keys()
        self.runs_of = {key: run for run, key in self.keys.items()}
        self.attempts: dict[Run, int] = {}
        self.without_weights: set[Run] = set()
        self.failures: dict[Run, Failure] = {}
        self.trained = 0
        self.began = time.monotonic()
        self.standing: Standing

    def run(self) -> Outcome:
        numerics = self._numerics()
        if numerics is None:
            return self._stop("interrupted")
        registration = self._register(numerics)
        runs = recorded_runs(self.layout, self.store, numerics)
        self.standing = assess(self.layout, runs, numerics=numerics, registration=registration)
        if self.layout.study.keep_weights:
            bare = self.store.without_weights(self.keys.values(), numerics)
            self.without_weights = {self.runs_of[key] for key in bare}
        self.tell(StudyStarted(self.standing, len(self.pool.workers), seconds_a_run(self.layout, runs)))
        while (ending := self._ending()) is None:
            self._assign()
            heard = self.pool.hear(PATIENCE_SECONDS)
            if heard is not None:
                self._handle(heard)
        return self._stop(ending)

    def _numerics(self) -> str | None:
        """What the workers compute with; None if the user stopped before any was ready."""
        while not self.interrupt.requested:
            heard = self.pool.hear(PATIENCE_SECONDS)
            if heard is not None and heard.message is not None and heard.message.kind == "ready":
                return str(heard.message.fields["numerics"])
        self.standing = assess(self.layout, {}, numerics="", registration=None)
        return None

    def _register(self, numerics: str) -> Registration:
        """Register the study if this is its first run, and hold it to the numerics it began with."""
        digest = study_digest(self.layout.study)
        registration = self.store.registration(digest) or self.store.register(
            Registration(
                study_digest=digest,
                name=self.layout.study.name,
                numerics=numerics,
                registered_at=datetime.now(UTC).isoformat(timespec="seconds"),
                runs_existing=self.store.numerics_of(self.keys.values()).total(),
                declaration=canonical(declaration(self.layout.study)),
            )
        )
        if registration.numerics != numerics:
            raise NumericsError(
                f"{self.layout.study.name} was begun with other numerics",
                expected=registration.numerics,
                found=f"{numerics} on this machine",
                means="its runs so far are safe, but runs of both kinds must not be compared with each other",
                mend="go on where it was begun, or begin afresh in another store (--store FOLDER)",
            )
        return registration

    def _ending(self) -> Ending | None:
        """Why to stop now, if there is a reason."""
        if self.interrupt.requested:
            return "interrupted"
        verdict = self.standing.verdict
        if not verdict.needed and not self.without_weights:
            return "decided" if verdict.decided else "at the cap"
        if self.failures and not self.pool.busy and next(self._missing(), None) is None:
            return "a run failed"
        return None

    def _missing(self) -> Iterator[Run]:
        """Runs to train next: recorded ones whose weights are gone, then the others in the order of rounds.

        They may be ahead of the verdict: while a round's last run is trained, other workers begin the next
        round. A failed run holds the verdict up, so nothing beyond its round is begun.
        """
        under_way = {self.runs_of[assignment.run_key] for assignment in self.pool.busy}
        yield from sorted(self.without_weights - under_way - self.failures.keys())
        last = min((failure.seed for failure in self.failures.values()), default=self.layout.seeds[-1])
        for seed in range(self.layout.seeds[0] + self.standing.verdict.rounds, last + 1):
            for name in self.standing.verdict.needed:
                run = (name, seed)
                if seed not in self.standing.runs[name] and run not in under_way and run not in self.failures:
                    yield run

    def _assign(self) -> None:
        for worker in tuple(self.pool.idle):
            run = next(self._missing(), None)
            if run is None:
                return
            name, seed = run
            configuration = self.layout.variant(name).configuration
            self.attempts[run] = self.attempts.get(run, 0) + 1
            self.pool.assign(worker, Assignment(self.keys[run], configuration, seed))
            self.tell(RunStarted(name, seed, self.attempts[run]))

    def _handle(self, heard: Heard) -> None:
        message, assignment = heard.message, heard.assignment
        if assignment is None:
            return
        name, seed = run = self.runs_of[assignment.run_key]
        if message is None:
            self._failed(run, heard.end, again=True)
        elif message.kind == "step":
            self.tell(RunStepped(name, seed, message.fields["iteration"], message.fields["loss"]))
        elif message.kind == "evaluated":
            self.tell(RunEvaluated(name, seed, read_evaluation(message)))
        elif message.kind == "failed":
            self._failed(run, message.fields["reason"], again=message.fields["again"])
        elif message.kind == "done":
            self._record(run, message)

    def _record(self, run: Run, message: Message) -> None:
        """Make a finished run durable, then judge."""
        name, seed = run
        trained = read_trained(message)
        if trained.record.numerics != self.standing.numerics:
            raise WorkerError(
                "a worker computed with other numerics than the study's",
                expected=self.standing.numerics,
                found=trained.record.numerics,
                means="its run was not recorded",
                mend="run `paribus doctor`",
            )
        record = self.store.commit(trained, keep_weights=self.layout.study.keep_weights)
        self.trained += 1
        self.without_weights.discard(run)
        self.tell(RunFinished(name, seed, record))
        self._judge({**self.standing.runs, name: {**self.standing.runs[name], seed: record}})

    def _judge(self, runs: Runs) -> None:
        rounds = self.standing.verdict.rounds
        self.standing = assess(
            self.layout,
            runs,
            numerics=self.standing.numerics,
            registration=self.standing.registration,
            failures=tuple(self.failures.values()),
        )
        if self.standing.verdict.rounds > rounds:
            self.tell(RoundJudged(self.standing, self._seconds_left()))

    def _failed(self, run: Run, reason: str, *, again: bool) -> None:
        name, seed = run
        final = not again or self.attempts[run] >= ATTEMPTS
        self.tell(RunFailed(name, seed, self.attempts[run], reason, final))
        if final:
            self.failures[run] = Failure(name, seed, reason)
            self.store.commit(failed_run(self.keys[run], self.standing.numerics, seed, reason))
            self.standing = replace(self.standing, failures=tuple(self.failures.values()))

    def _seconds_left(self) -> float | None:
        """Expected seconds if the study goes on to its cap."""
        seconds = seconds_a_run(self.layout, self.standing.runs)
        verdict = self.standing.verdict
        left = sum(
            seconds[name]
            for seed in self.layout.seeds[verdict.rounds :]
            for name in verdict.needed
            if seed not in self.standing.runs[name]
        )
        return left / len(self.pool.workers)

    def _stop(self, ending: Ending) -> Outcome:
        self.standing = with_noises(self.standing, self.store)
        outcome = Outcome(self.standing, ending, self.trained, time.monotonic() - self.began)
        self.tell(StudyStopped(outcome))
        return outcome
