"""Charts of a tab as SVG, drawn from their specification and the cells."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

from revalign_udf.localsheets.book import Book, Json, Scalar
from revalign_udf.localsheets.formats import show
from revalign_udf.localsheets.view.colours import colour_of, css
from revalign_udf.localsheets.view.strokes import paint, point, stroke

__all__ = ["draw", "kind_of", "title_of"]

_PALETTE = 8
_LEFT, _RIGHT, _TOP, _BOTTOM = 14, 18, 44, 34
_LETTER = 6.0
_MOST_POINTS = 2000


@dataclass(frozen=True, slots=True)
class _Series:
    name: str
    values: tuple[float | None, ...]
    kind: str
    colour: str
    """a class of the palette, or a colour as ``fill``"""
    number_format: Mapping[str, Any] | None = None
    line: Mapping[str, Any] = field(default_factory=dict)
    """LineStyle"""
    point: Mapping[str, Any] = field(default_factory=dict)
    """PointStyle"""

    def shown(self, value: float) -> str:
        return show(value, self.number_format)


@dataclass(slots=True)
class _Data:
    labels: list[str]
    series: list[_Series] = field(default_factory=list)


def title_of(chart: Mapping[str, Any]) -> str:
    """What the chart is called."""
    return str(chart.get("spec", {}).get("title", "")) or "Chart"


def kind_of(spec: Mapping[str, Any]) -> str:
    """The kind of a chart in words."""
    basic = spec.get("basicChart")
    if basic:
        stacked = {"STACKED": "stacked ", "PERCENT_STACKED": "stacked to 100 % "}.get(str(basic.get("stackedType")), "")
        return stacked + str(basic.get("chartType", "chart")).lower().replace("_", " ")
    name = next((name for name in spec if name.endswith("Chart")), "chart")
    return name.removesuffix("Chart").lower() or "chart"


def draw(book: Book, chart: Mapping[str, Any]) -> str:
    """A chart as an SVG picture with a name and a description."""
    spec = chart.get("spec", {})
    overlay = chart.get("position", {}).get("overlayPosition", {})
    width, height = int(overlay.get("widthPixels", 600)), int(overlay.get("heightPixels", 371))
    said = str(spec.get("altText", ""))
    identity = f"chart-{chart.get('chartId', 0)}"
    title, about, inner = title_of(chart), "", ""
    if "basicChart" in spec:
        data = _basic(book, spec["basicChart"])
        about = _about(kind_of(spec), data)
        if any(value is not None for series in data.series for value in series.values):
            inner = _Plot(width, height, spec["basicChart"], data).svg()
    elif "pieChart" in spec:
        data = _pie_data(book, spec["pieChart"])
        about = _about("pie", data)
        inner = _pie(width, height, spec["pieChart"], data)
    elif "scorecardChart" in spec:
        inner, about = _scorecard(book, width, height, spec["scorecardChart"])
    else:
        about = f"A {kind_of(spec)} chart, which this page does not draw."
    inner = inner or _message(width, height, about if "does not draw" in about else "No numbers to draw.")
    subtitle = str(spec.get("subtitle", ""))
    head = f'<text class="title" x="{_LEFT + 4}" y="26">{escape(_cut(title, width - 30, 8.2))}</text>'
    if subtitle:
        head += f'<text class="soft" x="{_LEFT + 4}" y="42">{escape(_cut(subtitle, width - 30, _LETTER))}</text>'
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-labelledby="{identity}-t {identity}-d"><title id="{identity}-t">{escape(title)}</title>'
        f'<desc id="{identity}-d">{escape(f"{said} {about}".strip())}</desc>{head}{inner}</svg>'
    )


# --- data ------------------------------------------------------------------------------------------------------------


def _line(book: Book, source: Mapping[str, Any]) -> list[tuple[Scalar, Mapping[str, Any] | None]]:
    """The cells a chart looks at, in order; an error is a blank."""
    found: list[tuple[Scalar, Mapping[str, Any] | None]] = []
    for item in source.get("sourceRange", {}).get("sources", ()):
        rect = book.rect(item)
        sheet = book.sheet(rect.sheet)
        bottom = min(rect.bottom, max(sheet.extent()[0], rect.top + 1)) if rect.right - rect.left == 1 else rect.bottom
        for row in range(rect.top, bottom):
            for column in range(rect.left, rect.right):
                cell = sheet.cell(row, column)
                found.append((None if cell.error else cell.value, cell.format.get("numberFormat")))
    return found[:_MOST_POINTS]


def _number(value: Scalar) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _colour(series: Mapping[str, Any], at: int) -> str:
    own = colour_of(series, "color")
    return css(own) if own is not None else f"c{at % _PALETTE}"


def _basic(book: Book, spec: Mapping[str, Any]) -> _Data:
    lines = [_line(book, item.get("series", {})) for item in spec.get("series", ())]
    header = int(spec.get("headerCount", 0))
    if "headerCount" not in spec and lines and lines[0]:
        header = 1 if isinstance(lines[0][0][0], str) else 0
    domains = spec.get("domains", ())
    domain = _line(book, domains[0].get("domain", {})) if domains else []
    labels = [show(value, number_format) for value, number_format in domain[header:]]
    data = _Data(labels)
    for at, (item, line) in enumerate(zip(spec.get("series", ()), lines, strict=True)):
        name = " ".join(show(value) for value, _ in line[:header]) if header else f"Series {at + 1}"
        values = tuple(_number(value) for value, _ in line[header:])
        number_format = next((kept for value, kept in line[header:] if _number(value) is not None), None)
        kind = str(item.get("type") or spec.get("chartType", "LINE"))
        kind = "COLUMN" if kind == "COMBO" else kind
        line_style, point_style = item.get("lineStyle", {}), item.get("pointStyle", {})
        data.series.append(_Series(name, values, kind, _colour(item, at), number_format, line_style, point_style))
    longest = max((len(series.values) for series in data.series), default=0)
    data.labels = [*labels, *([""] * (longest - len(labels)))][: max(longest, 0)] if longest else []
    return data


def _pie_data(book: Book, spec: Mapping[str, Any]) -> _Data:
    domain, line = _line(book, spec.get("domain", {})), _line(book, spec.get("series", {}))
    header = 1 if line and isinstance(line[0][0], str) else 0
    number_format = next((kept for value, kept in line[header:] if _number(value) is not None), None)
    data = _Data([show(value, kept) for value, kept in domain[header:]])
    name = show(line[0][0]) if header else "Values"
    data.series.append(_Series(name, tuple(_number(value) for value, _ in line[header:]), "PIE", "c0", number_format))
    return data


def _about(kind: str, data: _Data) -> str:
    if not data.series:
        return f"A {kind} chart without series."
    spans = []
    for series in data.series:
        numbers = [value for value in series.values if value is not None]
        if numbers:
            spans.append(f"{series.name or 'series'} from {series.shown(min(numbers))} to {series.shown(max(numbers))}")
    ends = f", {data.labels[0]} to {data.labels[-1]}" if data.labels and data.labels[0] else ""
    return f"{kind.capitalize()} chart with {len(data.labels)} points{ends}: {'; '.join(spans) or 'no numbers'}."


# --- drawing ---------------------------------------------------------------------------------------------------------


def _cut(text: str, width: float, letter: float) -> str:
    room = max(int(width / letter), 3)
    return text if len(text) <= room else text[: room - 1].rstrip() + "…"


def _message(width: int, height: int, text: str) -> str:
    return f'<text class="soft" x="{width / 2}" y="{height / 2}" text-anchor="middle">{escape(text)}</text>'


def ticks(low: float, high: float, wanted: int) -> list[float]:
    """Round numbers that span a range.

    >>> ticks(0, 83000, 5)
    [0.0, 20000.0, 40000.0, 60000.0, 80000.0, 100000.0]
    """
    if high <= low:
        high = low + (abs(low) or 1.0)
    raw = (high - low) / max(wanted, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(at * step, 12) for at in range(first, last + 1)]


@dataclass(slots=True)
class _Plot:
    """A chart with two axes."""

    width: int
    height: int
    spec: Mapping[str, Any]
    data: _Data
    marks: list[str] = field(default_factory=list)

    def svg(self) -> str:
        kinds = {series.kind for series in self.data.series}
        flat = kinds == {"BAR"}
        stacked = str(self.spec.get("stackedType", "NOT_STACKED"))
        series = self._shares() if stacked == "PERCENT_STACKED" else self.data.series
        stack = stacked in {"STACKED", "PERCENT_STACKED"}
        low, high = self._range(series, stack=stack, from_zero=bool(kinds & {"BAR", "COLUMN", "AREA", "STEPPED_AREA"}))
        low, high = self._fixed(low, high)
        legend, below = self._legend()
        top = _TOP + (22 if str(self.spec.get("legendPosition")) == "TOP_LEGEND" else 0)
        bottom = self.height - _BOTTOM - below
        values = ticks(low, high, max((self.width if flat else bottom - top) // (90 if flat else 48), 2))
        words = [self._worded(value, series) for value in values]
        labels = self.data.labels
        room = max(map(len, words)) * _LETTER
        if flat:
            room = min(max((len(label) for label in labels), default=0) * _LETTER, self.width * 0.35)
        left, right = _LEFT + room + 10, float(self.width - _RIGHT)
        right -= len(words[-1]) * _LETTER / 2 - 6 if flat else 0
        name = self._axis_title("BOTTOM_AXIS")
        bottom -= 18 if name else 0
        span = (values[0], values[-1])
        if flat:
            self._across(values, words, left, right, top, bottom)
            self._bars(series, span, (left, right), (top, bottom), stack=stack, flat=True)
            self._side_labels(labels, left, top, bottom)
        else:
            self._upright(values, words, left, right, top, bottom)
            columns = [item for item in series if item.kind == "COLUMN"]
            self._areas(
                [item for item in series if "AREA" in item.kind], span, (left, right), (top, bottom), stack=stack
            )
            self._bars(columns, span, (bottom, top), (left, right), stack=stack, flat=False)
            self._lines(
                [item for item in series if item.kind in {"LINE", "SCATTER"}], span, (left, right), (top, bottom)
            )
            self._under_labels(labels, left, right, bottom)
        if name:
            middle = (left + right) / 2
            self.marks.append(
                f'<text class="soft" x="{middle:.1f}" y="{bottom + 38:.1f}" text-anchor="middle">{escape(name)}</text>'
            )
        return "".join(self.marks) + legend

    def _axis_title(self, position: str) -> str:
        axes = self.spec.get("axis", ())
        return next((str(axis.get("title", "")) for axis in axes if axis.get("position") == position), "")

    def _shares(self) -> list[_Series]:
        made: list[_Series] = []
        totals = [
            math.fsum(abs(series.values[at] or 0.0) for series in self.data.series if at < len(series.values))
            for at in range(len(self.data.labels))
        ]
        for series in self.data.series:
            values = tuple(
                None if value is None or not total else value / total
                for value, total in zip(series.values, totals, strict=False)
            )
            share = {"type": "PERCENT", "pattern": "0%"}
            made.append(replace(series, values=values, number_format=share))
        return made

    def _range(self, series: Sequence[_Series], *, stack: bool, from_zero: bool) -> tuple[float, float]:
        if stack:
            lows, highs = [], []
            for at in range(len(self.data.labels)):
                column = [item.values[at] or 0.0 for item in series if at < len(item.values)]
                lows.append(math.fsum(value for value in column if value < 0))
                highs.append(math.fsum(value for value in column if value > 0))
            numbers = [*lows, *highs]
        else:
            numbers = [value for item in series for value in item.values if value is not None]
        low, high = min(numbers), max(numbers)
        # A line that keeps far from zero shows its own range, as Google draws it.
        if from_zero or low < 0 < high or (low >= 0 and low < 0.4 * high) or low == high:
            low, high = min(low, 0.0), max(high, 0.0)
        return low, high

    def _fixed(self, low: float, high: float) -> tuple[float, float]:
        for axis in self.spec.get("axis", ()):
            window = axis.get("viewWindowOptions", {})
            if axis.get("position") == "LEFT_AXIS" and window:
                low, high = float(window.get("viewWindowMin", low)), float(window.get("viewWindowMax", high))
        return low, high

    @staticmethod
    def _worded(value: float, series: Sequence[_Series]) -> str:
        number_format = dict(series[0].number_format or {}) if series else {}
        pattern = str(number_format.get("pattern", ""))
        if pattern and "%" not in pattern and abs(value - round(value)) < 1e-9:
            number_format["pattern"] = pattern.replace(".00", "").replace(".0", "")
        shown = show(round(value, 10), number_format or None)
        return f"{value:g}" if len(shown) > 16 else shown

    # axes

    def _rule(self, value: float, x1: float, y1: float, x2: float, y2: float) -> None:
        kind = "zero" if value == 0 else "rule"
        self.marks.append(f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')

    def _upright(
        self, values: Sequence[float], words: Sequence[str], left: float, right: float, top: float, bottom: float
    ) -> None:
        place = _scale((values[0], values[-1]), (bottom, top))
        for value, word in zip(values, words, strict=True):
            y = place(value)
            self._rule(value, left, y, right, y)
            self.marks.append(
                f'<text class="soft" x="{left - 8:.1f}" y="{y + 4:.1f}" text-anchor="end">{escape(word)}</text>'
            )

    def _across(
        self, values: Sequence[float], words: Sequence[str], left: float, right: float, top: float, bottom: float
    ) -> None:
        place = _scale((values[0], values[-1]), (left, right))
        for value, word in zip(values, words, strict=True):
            x = place(value)
            self._rule(value, x, top, x, bottom)
            self.marks.append(
                f'<text class="soft" x="{x:.1f}" y="{bottom + 18:.1f}" text-anchor="middle">{escape(word)}</text>'
            )

    def _under_labels(self, labels: Sequence[str], left: float, right: float, bottom: float) -> None:
        if not labels:
            return
        step = (right - left) / len(labels)
        longest = max(map(len, labels))
        every = max(1, math.ceil((min(longest, 18) * _LETTER + 10) / step))
        for at in range(0, len(labels), every):
            x = left + step * (at + 0.5)
            text = escape(_cut(labels[at], max(step * every - 6, 30), _LETTER))
            self.marks.append(
                f'<text class="soft" x="{x:.1f}" y="{bottom + 18:.1f}" text-anchor="middle">{text}</text>'
            )

    def _side_labels(self, labels: Sequence[str], left: float, top: float, bottom: float) -> None:
        step = (bottom - top) / max(len(labels), 1)
        every = max(1, math.ceil(14 / step))
        for at in range(0, len(labels), every):
            y = top + step * (at + 0.5)
            text = escape(_cut(labels[at], left - _LEFT - 8, _LETTER))
            self.marks.append(f'<text class="soft" x="{left - 8:.1f}" y="{y + 4:.1f}" text-anchor="end">{text}</text>')

    # marks

    def _told(self, series: _Series, at: int, value: float) -> str:
        label = self.data.labels[at] if at < len(self.data.labels) else ""
        return f"<title>{escape(f'{label} · {series.name}: {series.shown(value)}')}</title>"

    def _bars(
        self,
        series: Sequence[_Series],
        span: tuple[float, float],
        along: tuple[float, float],
        beside: tuple[float, float],
        *,
        stack: bool,
        flat: bool,
    ) -> None:
        """Columns, or bars when ``flat``: values run ``along`` one side, labels ``beside`` the other."""
        if not series or not self.data.labels:
            return
        place = _scale(span, along)
        step = (beside[1] - beside[0]) / len(self.data.labels)
        lanes = 1 if stack else len(series)
        thick = min(step * 0.72 / lanes, 64)
        for at in range(len(self.data.labels)):
            up = down = 0.0
            for lane, item in enumerate(series):
                value = item.values[at] if at < len(item.values) else None
                if value is None:
                    continue
                base = 0.0
                if stack:
                    base = up if value >= 0 else down
                    up, down = (up + value, down) if value >= 0 else (up, down + value)
                base = min(max(base, span[0]), span[1])
                one, two = place(base), place(base + value if stack else value)
                start = beside[0] + step * (at + 0.5) - thick * lanes / 2 + (0 if stack else thick * lane)
                low, size = min(one, two), max(abs(one - two), 0.6)
                box = (low, start, size, max(thick - 1, 1)) if flat else (start, low, max(thick - 1, 1), size)
                self.marks.append(
                    f'<rect {paint(item.colour, "fill")} x="{box[0]:.1f}" y="{box[1]:.1f}" width="{box[2]:.1f}" '
                    f'height="{box[3]:.1f}" rx="1">{self._told(item, at, value)}</rect>'
                )

    def _lines(
        self, series: Sequence[_Series], span: tuple[float, float], across: tuple[float, float], up: tuple[float, float]
    ) -> None:
        place = _scale(span, (up[1], up[0]))
        step = (across[1] - across[0]) / max(len(self.data.labels), 1)
        for item in series:
            pieces, dots = [], ""
            pen = "M"
            for at, value in enumerate(item.values):
                if value is None:
                    pen = "M"  # a gap stays a gap
                    continue
                x, y = across[0] + step * (at + 0.5), place(value)
                pieces.append(f"{pen}{x:.1f} {y:.1f}")
                pen = "L"
                told = self._told(item, at, value)
                dots += point(item.colour, item.point, x, y, told)
            if item.kind == "LINE":
                self.marks.append(f'<path {stroke(item.colour, item.line)} d="{"".join(pieces)}"/>')
            self.marks.append(dots if len(self.data.labels) <= 60 or item.kind == "SCATTER" else "")

    def _areas(
        self,
        series: Sequence[_Series],
        span: tuple[float, float],
        across: tuple[float, float],
        up: tuple[float, float],
        *,
        stack: bool,
    ) -> None:
        place = _scale(span, (up[1], up[0]))
        step = (across[1] - across[0]) / max(len(self.data.labels), 1)
        floor = [0.0] * len(self.data.labels)
        for item in series:
            tops = [(value or 0.0) + (floor[at] if stack else 0.0) for at, value in enumerate(item.values)]
            run: list[int] = []
            for at in range(len(item.values) + 1):
                if at < len(item.values) and item.values[at] is not None:
                    run.append(at)
                elif run:
                    xs = [across[0] + step * (one + 0.5) for one in run]
                    upper = [f"{x:.1f} {place(tops[one]):.1f}" for x, one in zip(xs, run, strict=True)]
                    lower = [
                        f"{x:.1f} {place(floor[one] if stack else min(max(0.0, span[0]), span[1])):.1f}"
                        for x, one in zip(xs, run, strict=True)
                    ]
                    shape = "M" + "L".join([*upper, *reversed(lower)]) + "Z"
                    self.marks.append(f'<path {paint(item.colour, "fill")} fill-opacity=".28" d="{shape}"/>')
                    line = "M" + "L".join(upper)
                    self.marks.append(f'<path {stroke(item.colour, item.line)} d="{line}"/>')
                    run = []
            for at, value in enumerate(item.values):
                if value is not None and len(item.values) <= 60:
                    x = across[0] + step * (at + 0.5)
                    self.marks.append(
                        f'<circle {paint(item.colour, "fill")} cx="{x:.1f}" cy="{place(tops[at]):.1f}" r="2.6">'
                        f"{self._told(item, at, value)}</circle>"
                    )
            if stack:
                floor[: len(tops)] = tops

    def _legend(self) -> tuple[str, int]:
        position = str(self.spec.get("legendPosition", "BOTTOM_LEGEND" if len(self.data.series) > 1 else "NO_LEGEND"))
        if position == "NO_LEGEND":
            return "", 0
        top = _TOP + 4 if position == "TOP_LEGEND" else 0
        entries = [(item.name, item.colour) for item in self.data.series]
        signs = {at: item for at, item in enumerate(self.data.series) if item.kind == "LINE"}
        return _legend(entries, self.width, self.height, top, signs)


def _legend(
    entries: Sequence[tuple[str, str]],
    width: int,
    height: int,
    top: int = 0,
    signs: Mapping[int, _Series] | None = None,
) -> tuple[str, int]:
    """The names beside their colours, in as many lines as they need; and the height that takes.

    ``signs`` are the series that are lines: beside their names stands a piece of the line.
    """
    lines: list[list[tuple[str, str, float, _Series | None]]] = [[]]
    used = 0.0
    for at, (name, colour) in enumerate(entries):
        text, sign = _cut(name, width * 0.6, _LETTER), (signs or {}).get(at)
        wide = len(text) * _LETTER + (50 if sign else 34)
        if used + wide > width - 24 and lines[-1]:
            lines.append([])
            used = 0.0
        lines[-1].append((text, colour, wide, sign))
        used += wide
    made = ""
    first = top or height - 12 - 18 * (len(lines) - 1)
    for number, line in enumerate(lines):
        x = (width - sum(wide for _, _, wide, _ in line)) / 2 + 10
        y = first + 18 * number
        for text, colour, wide, sign in line:
            if sign:
                made += f'<path {stroke(sign.colour, sign.line)} d="M{x:.1f} {y - 4}h28"/>'
                made += point(sign.colour, sign.point, x + 14, y - 4)
            else:
                made += f'<rect {paint(colour, "fill")} x="{x:.1f}" y="{y - 10}" width="11" height="11" rx="2"/>'
            made += f'<text class="soft" x="{x + (32 if sign else 16):.1f}" y="{y}">{escape(text)}</text>'
            x += wide
    return made, 0 if top else 18 * len(lines) + 6


def _scale(span: tuple[float, float], pixels: tuple[float, float]) -> Callable[[float], float]:
    wide = (span[1] - span[0]) or 1.0
    return lambda value: pixels[0] + (value - span[0]) / wide * (pixels[1] - pixels[0])


def _pie(width: int, height: int, spec: Mapping[str, Any], data: _Data) -> str:
    parts = [
        (label, value, f"c{at % _PALETTE}")
        for at, (label, value) in enumerate(zip(data.labels, data.series[0].values, strict=False))
        if value is not None and value > 0
    ]
    total = math.fsum(value for _, value, _ in parts)
    if not total:
        return ""
    legend, below = _legend([(label, colour) for label, _, colour in parts], width, height)
    x, y = width / 2, (_TOP + height - below) / 2
    radius = max(min(width / 2 - 30, (height - below - _TOP) / 2 - 8), 10)
    hole = radius * float(spec.get("pieHole", 0))
    made, angle = "", -math.pi / 2
    for label, value, colour in parts:
        share = value / total
        end = angle + share * 2 * math.pi
        told = f"<title>{escape(f'{label}: {data.series[0].shown(value)} ({share:.1%})')}</title>"
        if share > 0.9999:
            made += f'<circle {paint(colour, "fill")} cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}">{told}</circle>'
        else:
            one, two = (f"{x + radius * math.cos(at):.1f} {y + radius * math.sin(at):.1f}" for at in (angle, end))
            far = int(share > 0.5)
            shape = f"M{x:.1f} {y:.1f}L{one}A{radius:.1f} {radius:.1f} 0 {far} 1 {two}Z"
            made += f'<path {paint(colour, "fill")} d="{shape}">{told}</path>'
        if share >= 0.06:
            middle, near = (angle + end) / 2, (radius + hole) / 2 if hole else radius * 0.66
            made += (
                f'<text class="slice" x="{x + near * math.cos(middle):.1f}" y="{y + near * math.sin(middle) + 4:.1f}" '
                f'text-anchor="middle">{share:.0%}</text>'
            )
        angle = end
    if hole:
        made += f'<circle class="hole" cx="{x:.1f}" cy="{y:.1f}" r="{hole:.1f}"/>'
    return made + legend


def _scorecard(book: Book, width: int, height: int, spec: Json) -> tuple[str, str]:
    line = _line(book, spec.get("keyValueData", {}))
    value, number_format = next(((v, f) for v, f in line if _number(v) is not None), (None, None))
    shown = show(value, number_format) or "–"
    base = next((v for v, _ in _line(book, spec.get("baselineValueData", {})) if _number(v) is not None), None)
    made = f'<text class="key" x="{width / 2}" y="{height / 2 + 14}" text-anchor="middle">{escape(shown)}</text>'
    about = f"Figure: {shown}."
    if base is not None and value is not None:
        gap = float(value) - float(base)
        share = f"{gap / abs(float(base)):+.1%}" if base else "no base"
        word = f"{'▲' if gap > 0 else '▼' if gap < 0 else '='} {share} · before {show(base, number_format)}"
        made += f'<text class="soft" x="{width / 2}" y="{height / 2 + 42}" text-anchor="middle">{escape(word)}</text>'
        about += f" Before: {show(base, number_format)}."
    return made, about
