"""What comes of one picture of a batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cleanplate.batch.job import Job, do_job
from cleanplate.errors import OutputError, SelectionError


class Failing:
    """An errand that cannot be done."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def do(self, source: Path | bytes, *, name: str | None, again: bool = False) -> Any:
        raise self.error


def test_errors_name_the_picture_unless_they_name_something_else() -> None:
    job = Job("in/a.jpg", Path("in/a.jpg"), Failing(SelectionError("everything is selected", fix="select less")))  # type: ignore[arg-type]
    outcome = do_job(job)
    assert (outcome.error, outcome.exit_code) == ("in/a.jpg: everything is selected; select less", 4)
    other = Job("in/a.jpg", Path("in/a.jpg"), Failing(OutputError("exists", subject="out/a.jpg")))  # type: ignore[arg-type]
    assert do_job(other).error == "out/a.jpg: exists"
