"""One picture of a batch: what to do with it, and what came of it.

This module must not import numpy or OpenCV: worker processes import it before they limit those libraries' threads.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cleanplate.batch.assignment import Errand


@dataclass(frozen=True)
class Job:
    """One picture to work on.

    Attributes:
        key: its relative path with forward slashes; names it in messages and in the manifest.
        source: the picture file.
        errand: what to do with it, and where its outputs go.
        overwrite: replace outputs that exist, because an earlier attempt of this batch left them.
    """

    key: str
    source: Path
    errand: Errand
    overwrite: bool = False

    def again(self) -> Job:
        """The job for another attempt, which may replace what the first one wrote."""
        return replace(self, overwrite=True)


@dataclass(frozen=True)
class Outcome:
    """What came of a job.

    Attributes:
        key: the job's.
        error: one line, or None if it succeeded.
        exit_code: of the error.
        report: as :meth:`cleanplate.batch.assignment.Report.to_json` gives it.
    """

    key: str
    error: str | None = None
    exit_code: int = 0
    report: dict[str, Any] | None = None


def do_job(job: Job) -> Outcome:
    """Do a job; whatever goes wrong with this picture becomes its outcome."""
    from cleanplate.errors import CleanplateError

    try:
        report = job.errand.do(job.source, name=job.key, again=job.overwrite)
    except CleanplateError as error:
        return failed(job.key, str(error.about(job.key)), error.exit_code)
    except MemoryError:
        return failed(job.key, f"{job.key}: out of memory")
    except Exception as error:
        # One bad picture must not stop the others, whatever it is that it upsets.
        return failed(job.key, f"{job.key}: unexpected {type(error).__name__}: {' '.join(str(error).split())}")
    return Outcome(job.key, report=report.to_json())


def failed(key: str, error: str, exit_code: int = 1) -> Outcome:
    """The outcome of a job that went wrong."""
    return Outcome(key, error=error, exit_code=exit_code)
