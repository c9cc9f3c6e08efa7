"""What a check-up found, as text and as HTML."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..._core.lines import Line

WIDTH = 100


@dataclass(frozen=True)
class Finding:
    """One mistake, or what is likely to be one.

    Attributes:
        name: what it is called, such as ``"softmax before cross-entropy"``.
        where: the module, parameter or argument that it is about.
        line: the line of the program; None if there is none to be told.
        what: what was seen, and what comes of it.
        fix: what to do.
        table: figures to it, line by line.
    """

    name: str
    where: str
    line: Line | None
    what: str
    fix: str
    table: tuple[str, ...] = ()


@dataclass
class Report:
    """The findings of `nn.doctor`: ``print`` it, or look at its `findings`.

    ``"float64 data" in report`` says whether there is a finding of a name; a report is true if there are findings.
    """

    title: str
    findings: list[Finding] = field(default_factory=list)
    checked: tuple[str, ...] = ()
    skipped: str = ""  # why not all was looked at

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __getitem__(self, name: str | int) -> Finding:
        if isinstance(name, int):
            return self.findings[name]
        for finding in self.findings:
            if finding.name == name:
                return finding
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(finding.name == name for finding in self.findings)

    def __str__(self) -> str:
        count = len(self.findings)
        head = f"{self.title}: {count or 'no'} finding{'' if count == 1 else 's'}"
        parts = [head, *(_as_text(number, finding) for number, finding in enumerate(self.findings, 1))]
        if not count:
            parts.append(_wrapped(f"Looked for: {', '.join(self.checked)}.", "  "))
        if self.skipped:
            parts.append(_wrapped(self.skipped, "  "))
        return "\n\n".join(parts)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """For notebooks."""
        count = len(self.findings)
        items = "".join(_as_html(finding) for finding in self.findings)
        body = f"<ol>{items}</ol>" if count else f"<p>Looked for: {html.escape(', '.join(self.checked))}.</p>"
        note = f"<p>{html.escape(self.skipped)}</p>" if self.skipped else ""
        head = f"{html.escape(self.title)}: {count or 'no'} finding{'' if count == 1 else 's'}"
        return f"<div><b>{head}</b>{body}{note}</div>"


def _wrapped(text: str, indent: str, first: str | None = None) -> str:
    return textwrap.fill(
        text, WIDTH, initial_indent=indent if first is None else first, subsequent_indent=indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _as_text(number: int, finding: Finding) -> str:
    lines = [f"{number}. {finding.name}: {finding.where}"]
    if finding.line is not None:
        lines.append(f"   {finding.line}")
    lines.append(_wrapped(finding.what, "   "))
    lines.extend(f"     {row}" for row in finding.table)
    lines.append(_wrapped(finding.fix, "        ", "   Fix: "))
    return "\n".join(lines)


def _as_html(finding: Finding) -> str:
    line = "" if finding.line is None else f"<br><code>{html.escape(str(finding.line))}</code>"
    table = f"<pre>{html.escape(chr(10).join(finding.table))}</pre>" if finding.table else ""
    return (
        f"<li><b>{html.escape(finding.name)}</b>: <code>{html.escape(finding.where)}</code>{line}"
        f"<br>{html.escape(finding.what)}{table}<br><b>Fix:</b> {html.escape(finding.fix)}</li>"
    )
