"""What happened, in a line."""

from __future__ import annotations

from pathlib import Path

from cleanplate.batch.runner import Summary
from cleanplate.tasks.file_report import FileReport
from cleanplate.tasks.photo import NOTHING_SELECTED


def erased(report: FileReport) -> list[str]:
    """The lines about one picture that was erased from."""
    return [sentence(report), *further_files(report)]


def sentence(report: FileReport) -> str:
    """One line about one picture: from where to where, how much, with what, how long."""
    where = " + ".join(report.outputs) or "standard output"
    start = f"{report.source} -> {where}: "
    if report.status == "copied":
        return start + NOTHING_SELECTED
    pixels = report.size[0] * report.size[1]
    share = f"{share_of(report.mask_pixels, pixels)} of {pixels / 1e6:.1f} megapixels"
    if report.status == "preview":
        return start + f"{share} selected, nothing erased (dry run)"
    return start + f"erased {share} in {report.timings['total']:.1f} s ({report.engine} on {report.device})"


def further_files(report: FileReport) -> list[str]:
    """Lines about files beside the result, and remarks."""
    lines = [f"  side by side: {report.sheet}"] if report.sheet else []
    lines += [f"  selection: {report.saved_mask}"] if report.saved_mask else []
    return lines + [f"  note: {note}" for note in report.notes if note != NOTHING_SELECTED]


def share_of(part: int, whole: int) -> str:
    """``part`` of ``whole`` in percent, with as many digits as it takes to not be zero."""
    percent = 100.0 * part / whole
    return f"{percent:.1f} %" if percent >= 0.1 else f"{percent:.2g} %"


def batch_sentence(summary: Summary, where: Path | None, seconds: float) -> str:
    """One line about a batch."""
    done = len(summary.outcomes) - len(summary.failures)
    parts = [f"{done} done"]
    nobody = sum(1 for outcome in summary.outcomes if outcome.report and outcome.report.get("covered") == 0)
    if nobody:
        parts.append(f"{nobody} of them with nobody in the picture")
    if summary.failures:
        parts.append(f"{len(summary.failures)} failed")
    if summary.resumed:
        parts.append(f"{summary.resumed} done before and skipped")
    if summary.others:
        parts.append(f"{summary.others} passed over (no pictures)")
    ways = {
        f"{outcome.report['engine']} on {outcome.report['device']}" for outcome in summary.outcomes if outcome.report
    }
    ways.discard(" on ")
    how = f" ({', '.join(sorted(ways))})" if ways else ""
    return f"{where or 'in place'}: {', '.join(parts)} in {seconds:.1f} s{how}"
