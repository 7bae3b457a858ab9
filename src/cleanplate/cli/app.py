"""The ``cleanplate`` program: which commands there are, and how errors become one line and an exit code.

A command is one module with a Typer ``app``; it is imported only when it is the one that runs, so that
``cleanplate --help`` stays quick.
"""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from types import FrameType
from typing import Any

import typer
from typer.core import TyperGroup

from cleanplate.errors import INTERRUPTED_EXIT_CODE, CleanplateError

COMMANDS = {
    "erase": ("cleanplate.cli.erase", "Remove what is selected from photos and continue their surroundings."),
    "cutout": ("cleanplate.cli.cutout", "Cut people out of photos: transparent background, clean edges."),
    "background": ("cleanplate.cli.background", "Put another background behind the people of photos."),
    "batch": ("cleanplate.cli.batch", "Work on very many pictures, from and to any store, here or on a Ray cluster."),
    "restore": ("cleanplate.cli.restore", "Find the damage of old photos, fill it, and colour them."),
    "colorize": ("cleanplate.cli.colorize", "Colour grey and sepia photos."),
    "video": ("cleanplate.cli.video", "Put another background behind the people of a video, or cut them out of it."),
    "adapt": ("cleanplate.cli.adapt", "Adapt a matting network to one clip (needs the extra 'train')."),
    "camera": ("cleanplate.cli.camera", "Put another background behind you, live, in the browser or a virtual camera."),
    "serve": ("cleanplate.cli.serve", "Serve the HTTP API and the web page on this machine."),
    "web": ("cleanplate.cli.web", "Write the page as a static site that works without a server."),
    "segment": ("cleanplate.cli.segment", "Find people in a photo: numbered outlines, boxes, masks."),
    "models": ("cleanplate.cli.models", "List, fetch, verify and convert the weights of networks."),
    "doctor": ("cleanplate.cli.doctor", "Check this installation: versions, cores, devices, weights, folders."),
}
"""The commands in the order of the help: name -> (module with a Typer ``app``, one line of help)."""

TERMINATED_EXIT_CODE = 143
"""Exit status after SIGTERM, as shells expect it."""

EXIT_CODES = """\b
Exit codes:
  0    all done
  1    a defect of cleanplate itself (--debug shows where)
  2    wrong option or argument
  3    a file that was given cannot be read
  4    the selection cannot be worked on
  5    the result cannot be written
  6    engine, device or weights unknown, missing or failed
  7    some pictures of several failed, the others are done
  130  interrupted (Ctrl-C)
  143  terminated (SIGTERM)
"""


class CommandTable(TyperGroup):
    """Loads a command's module when that command is asked for, and ends every run with a documented exit code."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import and build one command; None if there is no such."""
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        command = typer.main.get_command(import_module(module).app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    def invoke(self, ctx: Any) -> Any:
        """Run the command; errors end as one line on stderr and an exit code."""
        try:
            return super().invoke(ctx)
        except CleanplateError as error:
            if ctx.params.get("debug"):
                raise
            say(f"error: {error}")
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            say("interrupted")
            raise typer.Exit(INTERRUPTED_EXIT_CODE) from None
        except BrokenPipeError:
            # The reader of our output has left; that is its choice, and there is nobody to tell.
            raise typer.Exit(CleanplateError.exit_code) from None
        except Exception as error:
            # Typer's own exceptions (usage, exit) pass; their classes are not public in all versions.
            if type(error).__module__.startswith(("typer", "click")) or ctx.params.get("debug"):
                raise
            what = "out of memory" if isinstance(error, MemoryError) else f"{type(error).__name__}: {error}"
            say(f"error: unexpected {' '.join(what.split())}; run with --debug for the details")
            raise typer.Exit(CleanplateError.exit_code) from None


app = typer.Typer(
    name="cleanplate",
    cls=CommandTable,
    epilog=EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from cleanplate import __version__

        typer.echo(f"cleanplate {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(
        False, "--version", help="Show the version and exit.", callback=_show_version, is_eager=True
    ),
    debug: bool = typer.Option(False, "--debug", help="Show the whole traceback of an error."),
) -> None:
    """Retouch photographs on your own machine, offline, at full resolution."""


def say(line: str) -> None:
    """One line for people, on stderr."""
    typer.echo(line, err=True)


def main(arguments: list[str] | None = None) -> None:
    """Entry point of the ``cleanplate`` program; ends the process."""
    signal.signal(signal.SIGTERM, _end)
    # Windows are filled side by side already; threads of the matrix library on top of that wait for each other, which
    # costs up to ten times the time on a busy machine. Read when numpy is imported, which no command has done yet.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    words = sys.argv[1:] if arguments is None else arguments
    app(args=_debug_first(words), prog_name="cleanplate")


def _debug_first(words: list[str]) -> list[str]:
    """Accept ``--debug`` anywhere before ``--``, as people add it to the end of the line that failed."""
    options = words[: words.index("--")] if "--" in words else words
    if "--debug" not in options:
        return words
    return ["--debug", *(word for word in options if word != "--debug"), *words[len(options) :]]


def _end(number: int, frame: FrameType | None) -> None:
    # An exception, so that temporary files are removed on the way out.
    raise SystemExit(TERMINATED_EXIT_CODE)
