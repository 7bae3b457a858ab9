"""One picture of a batch: what to do with it, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # Only for annotations: worker processes import this module before they limit the threads of numpy.
    from cleanplate.tasks.erase_options import EraseOptions, Targets
    from cleanplate.tasks.selection import Selection


@dataclass(frozen=True)
class Job:
    """One picture to erase from.

    Attributes:
        key: its relative path with forward slashes; names it in messages and in the manifest.
        source: the picture file.
        targets: where its outputs go.
        selection: what to erase, with the masks of this picture.
        overwrite: replace outputs that exist, because an earlier attempt of this batch left them.
    """

    key: str
    source: Path
    targets: Targets
    selection: Selection
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
        report: as :meth:`cleanplate.tasks.file_report.FileReport.to_json` gives it.
    """

    key: str
    error: str | None = None
    exit_code: int = 0
    report: dict[str, Any] | None = None


def erase_job(job: Job, options: EraseOptions) -> Outcome:
    """Do a job; whatever goes wrong with this picture becomes its outcome."""
    from cleanplate.errors import CleanplateError
    from cleanplate.tasks.photo import erase_file

    try:
        chosen = replace(options, overwrite=options.overwrite or job.overwrite, make_folders=True)
        report = erase_file(job.source, job.targets, job.selection, chosen, name=job.key)
    except CleanplateError as error:
        return failed(job, str(error), error.exit_code)
    except MemoryError:
        return failed(job, f"{job.key}: out of memory")
    except Exception as error:
        # One bad picture must not stop the others, whatever it is that it upsets.
        return failed(job, f"{job.key}: unexpected {type(error).__name__}: {' '.join(str(error).split())}")
    return Outcome(job.key, report=report.to_json())


def failed(job: Job, error: str, exit_code: int = 1) -> Outcome:
    """The outcome of a job that went wrong."""
    return Outcome(job.key, error=error, exit_code=exit_code)
