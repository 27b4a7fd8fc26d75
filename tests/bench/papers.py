"""How long a 住民票の写し of four people takes, beside the peers: same page, same font, one interleaved run.

    python tests/bench/papers.py [--quick] [--json]
Ours lays the page out and draws it; the peers are handed the finished positions and only draw. Every round
gives every engine another number on the page, so that nothing is a copy of the page before.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# Everything else is imported where it is used: a cold start is to measure the paper, not this file.
ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
from printing.layout.page import MM_PER_POINT, Page  # noqa: E402 - found only through the line above

OURS = "madoguchi"
ENGINES = (OURS, "typst", "reportlab", "fpdf2", "weasyprint")
REPEATS = {OURS: 10, "typst": 10, "reportlab": 3, "fpdf2": 1, "weasyprint": 1}  # in one round
FONT_FAMILY = "IPAmjMincho"
Draw = Callable[[int], bytes]


@dataclass(frozen=True)
class Figure:
    """One line of the result."""

    name: str
    value: float
    target: float | None
    better: str
    scale: str

    @property
    def ok(self) -> bool:
        """Tell whether the target is met."""
        if self.target is None:
            return True
        return self.value <= self.target if self.better == "lower" else self.value >= self.target


def our_page() -> Callable[[int], Page]:
    """Return what lays the bench's page out, with a number of its own each time."""
    from client.domain.certificate import OfficialSeal
    from printing.layout.fonts import find_fonts
    from printing.layout.glyphs import FontChain
    from printing.papers.juminhyo_copy import pages
    from tests.printing.paper_builders import decided, family, seal_png

    chain, asked = FontChain(find_fonts()), decided(family(4), seal=OfficialSeal(seal_png(96), 24))
    assert asked.serial is not None
    serial = asked.serial

    def lay(n: int) -> Page:
        (page,) = pages(replace(asked, serial=replace(serial, serial=n)), chain)
        return page

    return lay


def madoguchi() -> Draw:
    """Our own: layout and drawing."""
    from printing.desk.draw import Drawer
    from printing.layout.fonts import find_fonts
    from printing.layout.glyphs import FontChain

    lay, drawer = our_page(), Drawer(FontChain(find_fonts()))
    return lambda n: drawer.pdf((lay(n),), title="住民票の写し")


def font_file() -> str:
    """Return the font all engines use."""
    from printing.layout.fonts import find_fonts

    return str(find_fonts()[0])


def reportlab() -> Draw:
    """reportlab with its own TrueType class, which draws no sequence."""
    import io

    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas

    lay, mm = our_page(), 1 / MM_PER_POINT
    pdfmetrics.registerFont(TTFont("paper", font_file()))

    def draw(n: int) -> bytes:
        page, out = lay(n), io.BytesIO()
        canvas = Canvas(out, pagesize=(page.width * mm, page.height * mm), pageCompression=1, invariant=1)
        for line in page.lines:
            canvas.setLineWidth(line.weight * mm)
            canvas.line(line.x1 * mm, (297 - line.y1) * mm, line.x2 * mm, (297 - line.y2) * mm)
        for text in page.texts:
            canvas.setFont("paper", text.size)
            canvas.drawString(text.x * mm, (297 - text.baseline) * mm, text.text, charSpace=text.spacing * mm)
        canvas.save()
        return out.getvalue()

    return draw


def fpdf2() -> Draw:
    """fpdf2: drops selectors, reads the font anew for each document."""
    fpdf: Any = import_module("fpdf")
    lay, font = our_page(), font_file()

    def draw(n: int) -> bytes:
        page = lay(n)
        pdf = fpdf.FPDF(format="A4", unit="mm")
        pdf.set_auto_page_break(False)
        pdf.add_page()
        pdf.add_font("paper", "", font)
        for line in page.lines:
            pdf.set_line_width(line.weight)
            pdf.line(line.x1, line.y1, line.x2, line.y2)
        for text in page.texts:
            pdf.set_font("paper", size=text.size)
            pdf.set_char_spacing(text.spacing / MM_PER_POINT)
            pdf.text(text.x, text.baseline, text.text)
        return bytes(pdf.output())

    return draw


def weasyprint() -> Draw:
    """WeasyPrint: HTML with absolute positions."""
    import html

    page_of: Any = import_module("weasyprint").HTML
    lay = our_page()
    head = (
        "<meta charset=utf-8><style>@page{size:A4;margin:0}"
        f"body{{font-family:'{FONT_FAMILY}'}}div{{position:absolute;white-space:pre;line-height:1}}"
        "i{position:absolute;background:#000}</style>"
    )

    def draw(n: int) -> bytes:
        page, parts = lay(n), [head]
        for line in page.lines:
            wide, high = max(abs(line.x2 - line.x1), line.weight), max(abs(line.y2 - line.y1), line.weight)
            left, top = min(line.x1, line.x2), min(line.y1, line.y2)
            parts.append(f'<i style="left:{left}mm;top:{top}mm;width:{wide}mm;height:{high}mm"></i>')
        for text in page.texts:
            place = (
                f"left:{text.x}mm;top:{text.em.y}mm;font-size:{text.size}pt;letter-spacing:{text.spacing}mm"
            )
            parts.append(f'<div style="{place}">{html.escape(text.text)}</div>')
        return bytes(page_of(string="".join(parts)).write_pdf())

    return draw


def typst() -> Draw:
    """Typst, compiler kept warm; the only peer that draws sequences as fast."""
    engine: Any = import_module("typst")
    lay = our_page()
    compiler = engine.Compiler(font_paths=[str(Path(font_file()).parent)], ignore_system_fonts=True)
    head = (
        '#set page(paper: "a4", margin: 0mm)\n'
        f'#set text(font: "{FONT_FAMILY}", lang: "ja", cjk-latin-spacing: none, '
        'top-edge: "ascender", bottom-edge: "descender")\n'
    )

    def draw(n: int) -> bytes:
        page, parts = lay(n), [head]
        for line in page.lines:
            ends = f"start: ({line.x1}mm, {line.y1}mm), end: ({line.x2}mm, {line.y2}mm)"
            parts.append(f"#place(top + left, line({ends}, stroke: {line.weight}mm))\n")
        for text in page.texts:
            look = f"size: {text.size}pt, tracking: {text.spacing}mm"
            place = f"dx: {text.x}mm, dy: {text.em.y}mm"
            parts.append(
                f"#place(top + left, {place}, text({look}, {json.dumps(text.text, ensure_ascii=False)}))\n"
            )
        return bytes(compiler.compile(input="".join(parts).encode(), format="pdf"))

    return draw


MAKERS: dict[str, Callable[[], Draw]] = {
    OURS: madoguchi,
    "typst": typst,
    "reportlab": reportlab,
    "fpdf2": fpdf2,
    "weasyprint": weasyprint,
}


def work(name: str) -> None:
    """Be one engine's process: a line in is a page asked for, a line out is how long it took."""
    import resource

    draw = MAKERS[name]()
    size = len(draw(1))  # the first page loads what is loaded late
    print(json.dumps({"ready": size}), flush=True)
    for line in sys.stdin:
        begun = time.perf_counter()
        draw(int(line))
        spent = 1e3 * (time.perf_counter() - begun)
        print(
            json.dumps({"ms": spent, "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}),
            flush=True,
        )


class Worker:
    """An engine in a process of its own."""

    def __init__(self, name: str) -> None:
        import os
        import subprocess

        self.name = name
        self.times: list[float] = []
        self.rss_mb = 0.0
        quiet = {**os.environ, "PYTHONWARNINGS": "ignore"}
        call = [sys.executable, __file__, "--worker", name]
        self._process = subprocess.Popen(
            call,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=quiet,
        )
        self.size = int(self._answer()["ready"])

    def page(self, number: int) -> None:
        """Ask for one page and note its time."""
        assert self._process.stdin is not None
        print(number, file=self._process.stdin, flush=True)
        told = self._answer()
        self.times.append(told["ms"])
        self.rss_mb = told["rss_mb"]

    def by_round(self) -> list[float]:
        """Return the median time of each round."""
        from statistics import median

        step = REPEATS[self.name]
        return [median(self.times[n : n + step]) for n in range(0, len(self.times), step)]

    def end(self) -> None:
        """Let the process end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended without a page")
        told: dict[str, Any] = json.loads(line)
        return told


def cold(name: str) -> float:
    """Return how long a new process takes to its first page, in milliseconds."""
    import subprocess

    begun = time.perf_counter()
    subprocess.run([sys.executable, __file__, "--cold", name], check=True, stdout=subprocess.DEVNULL)
    return 1e3 * (time.perf_counter() - begun)


def run(*, quick: bool) -> tuple[list[Worker], dict[str, list[float]]]:
    """Run all engines, a few pages of each in turn, and new processes in between."""
    rounds = 7 if quick else 15
    workers = [Worker(name) for name in ENGINES]
    first_pages: dict[str, list[float]] = {OURS: [], "typst": []}
    number = 1
    for _ in range(rounds):
        for worker in workers:
            for _ in range(REPEATS[worker.name]):
                number += 1
                worker.page(number)
        for name, times in first_pages.items():
            times.append(cold(name))
    for worker in workers:
        worker.end()
    return workers, first_pages


def figures(workers: list[Worker], first_pages: dict[str, list[float]]) -> list[Figure]:
    """Return the figures; a ratio is the median over the rounds, since a busy moment slows its whole round."""
    from statistics import median

    by_name = {worker.name: worker for worker in workers}
    ours, scale = by_name[OURS].by_round(), "one A4 page, 4 people"

    def over_ours(name: str) -> float:
        return median(peer / own for peer, own in zip(by_name[name].by_round(), ours, strict=True))

    return [
        Figure("papers.warm_ms", median(by_name[OURS].times), 15, "lower", scale),
        Figure("papers.cold_ms", median(first_pages[OURS]), 300, "lower", scale + ", new process"),
        Figure("papers.ratio_fpdf2", over_ours("fpdf2"), 30, "higher", "its time over ours"),
        Figure("papers.ratio_weasyprint", over_ours("weasyprint"), 50, "higher", "its time over ours"),
        Figure("papers.ratio_typst", 1 / over_ours("typst"), 1.5, "lower", "our time over its"),
        Figure("papers.ratio_reportlab", over_ours("reportlab"), 1, "higher", "its time over ours"),
        Figure("papers.rss_mb", by_name[OURS].rss_mb, None, "lower", "peak of the process that drew"),
    ]


def main() -> int:
    """Run, print the table, and with --json the last line for machines."""
    import argparse

    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--quick", action="store_true", help="end within 45 s on two cores")
    options.add_argument("--json", action="store_true", help="one last line for machines")
    chosen = options.parse_args()
    absent = [module for module in ("fpdf", "weasyprint", "typst") if find_spec(module) is None]
    if absent:
        print(
            f"not installed: {', '.join(absent)}; install the project's extra 'bench' to measure beside them"
        )
        return 2
    workers, first_pages = run(quick=chosen.quick)
    found = figures(workers, first_pages)
    show(workers, first_pages, found)
    if chosen.json:
        print(json.dumps(as_json(workers, found), ensure_ascii=False))
    return 0 if all(figure.ok for figure in found) else 1


def show(workers: list["Worker"], first_pages: dict[str, list[float]], found: list[Figure]) -> None:
    """Print the table for people."""
    from statistics import median

    print(f"{'engine':12}{'pages':>7}{'median ms':>12}{'least ms':>11}{'bytes':>9}{'RSS MB':>9}")
    for worker in workers:
        middle, least = median(worker.times), min(worker.times)
        print(
            f"{worker.name:12}{len(worker.times):7}{middle:12.1f}{least:11.1f}{worker.size:9}{worker.rss_mb:9.0f}"
        )
    for name, times in first_pages.items():
        print(f"{name}, new process: median {median(times):.0f} ms, least {min(times):.0f} ms")
    for figure in found:
        target = (
            ""
            if figure.target is None
            else f"target {'≤' if figure.better == 'lower' else '≥'} {figure.target:g}"
        )
        print(
            f"{figure.name:26}{figure.value:9.2f}  {target:16}{'ok' if figure.ok else 'MISSED'}  {figure.scale}"
        )


def as_json(workers: list[Worker], found: list[Figure]) -> dict[str, Any]:
    """Return the line for machines."""
    import importlib.metadata
    import os
    import platform
    from statistics import median

    lines = [
        {
            "name": figure.name,
            "value": round(figure.value, 3),
            "target": figure.target,
            "better": figure.better,
            "scale": figure.scale,
            "ok": figure.ok,
        }
        for figure in found
    ]
    peers = {
        worker.name: {
            "version": importlib.metadata.version(worker.name),
            "warm_ms": round(median(worker.times), 2),
            "rss_mb": round(worker.rss_mb),
            "bytes": worker.size,
        }
        for worker in workers
        if worker.name != OURS
    }
    machine = {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()}
    return {"bench": "papers", "figures": lines, "peers": peers, "machine": machine}


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--cold", engine]:
            MAKERS[engine]()(1)
        case ["--worker", engine]:
            work(engine)
        case _:
            sys.exit(main())
