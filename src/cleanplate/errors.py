"""The whole error tree of cleanplate.

Every error that a user can cause is a :class:`CleanplateError`. Its text is one line that names the file or
argument, the problem and the fix; the facts are attributes too. The command line maps ``exit_code`` to its exit
status and a server maps ``http_status`` to its answer, so neither needs a table of its own.
"""

from __future__ import annotations

from pathlib import Path


class CleanplateError(Exception):
    """Root of all errors that cleanplate raises on purpose."""

    exit_code = 1
    http_status = 500

    def __init__(self, problem: str, *, subject: str | Path | None = None, fix: str | None = None) -> None:
        """Say what is wrong (``problem``), with what (``subject``), and what to do about it (``fix``)."""
        self.problem = problem
        self.subject = None if subject is None else str(subject)
        self.fix = fix
        text = problem if self.subject is None else f"{self.subject}: {problem}"
        super().__init__(text if fix is None else f"{text}; {fix}")

    def about(self, subject: str | Path) -> CleanplateError:
        """The same error, naming ``subject`` if it names nothing yet: who works on arrays does not know their file."""
        return self if self.subject is not None else _rebuild(type(self), self.problem, str(subject), self.fix)

    def __reduce__(self) -> tuple[object, ...]:
        """Cross process borders unharmed (worker processes report their failures)."""
        return (_rebuild, (type(self), self.problem, self.subject, self.fix))


def _rebuild(kind: type[CleanplateError], problem: str, subject: str | None, fix: str | None) -> CleanplateError:
    return kind(problem, subject=subject, fix=fix)


class ArgumentError(CleanplateError):
    """An argument of a call or command is wrong in itself (type, range, spelling)."""

    exit_code = 2
    http_status = 422


class InputError(CleanplateError):
    """A file or array that was given cannot be used."""

    exit_code = 3
    http_status = 400


class MissingInputError(InputError):
    """The file is not there or may not be read."""

    http_status = 404


class FormatError(InputError):
    """The bytes are not a picture type that cleanplate reads."""

    http_status = 415


class BrokenInputError(InputError):
    """The picture is empty, truncated or damaged."""


class TooLargeError(InputError):
    """The picture is over a stated limit (pixels, bytes)."""

    http_status = 413


class ArrayError(InputError):
    """An array breaks the contracts in :mod:`cleanplate.types` (shape, dtype, range)."""


class SelectionError(CleanplateError):
    """What was selected cannot be worked on (mask of another size, everything selected, empty box)."""

    exit_code = 4
    http_status = 422


class OutputError(CleanplateError):
    """The result cannot be written (exists, collides, no permission, disk full)."""

    exit_code = 5
    http_status = 507


class EngineError(CleanplateError):
    """An engine is unknown, not installed, or failed."""

    exit_code = 6


class DeviceError(EngineError):
    """A device was asked for that is not there; cleanplate never falls back silently."""


class WeightsError(EngineError):
    """Weights are missing, damaged or not what their record says."""

    http_status = 501


class MissingExtraError(CleanplateError):
    """An optional part is not installed; the text names the extra."""

    exit_code = 6
    http_status = 501


class PartialFailureError(CleanplateError):
    """Some pictures of a batch failed; the others are done."""

    exit_code = 7


class AccessError(CleanplateError):
    """A request to the server lacks the token, or comes from where it may not."""

    http_status = 401


class SlowRequestError(CleanplateError):
    """A request to the server was not sent in time."""

    http_status = 408


class BusyError(CleanplateError):
    """The server's queue is full."""

    http_status = 429


class DeadlineError(CleanplateError):
    """The work took longer than the server allows."""

    http_status = 504


class CancelledError(CleanplateError):
    """The work was called off."""

    http_status = 409


INTERRUPTED_EXIT_CODE = 130
"""Exit status after Ctrl-C, as shells expect it."""
