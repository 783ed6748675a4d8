"""Plots as SVG, with nothing but text: bars of ratios against their aims, lines over sizes or time."""

import html
import math

STYLE = ('font-family="DejaVu Sans, Verdana, sans-serif" font-size="12"')
COLOURS = ("#2a6f97", "#c8553d", "#588157", "#8f5fa8", "#b08900", "#5b5b5b", "#d17ba5", "#3d9f9f", "#1d3557", "#e0a458")
INK, PALE = "#333333", "#dddddd"


class Canvas:
    def __init__(self, width, height, title):
        self.parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
                      f'{STYLE} fill="{INK}">', f"<title>{html.escape(title)}</title>",
                      f'<rect width="{width}" height="{height}" fill="white"/>']

    def line(self, x1, y1, x2, y2, colour=INK, width=1.0, dashed=False):
        dash = ' stroke-dasharray="4 3"' if dashed else ""
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
                          f'stroke-width="{width}"{dash}/>')

    def box(self, x, y, width, height, colour):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}" fill="{colour}"/>')

    def dot(self, x, y, colour):
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>')

    def path(self, points, colour):
        steps = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{steps}" fill="none" stroke="{colour}" stroke-width="2"/>')

    def text(self, x, y, content, anchor="start", bold=False, colour=INK):
        weight = ' font-weight="bold"' if bold else ""
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"{weight}>{html.escape(content)}</text>')

    def save(self, path):
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(self.parts) + "\n</svg>\n")


def short(value):
    if value >= 1e6:
        return f"{value / 1e6:g} M"
    if value >= 1e4:
        return f"{value / 1e3:g} k"
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def against_aims(path, title, rows):
    """rows: (label, ratio, aim, at_least). Every bar says how far from the aim it is: 1 is the aim, right of it is better."""
    left, width, row = 430, 900, 24
    canvas = Canvas(width, 70 + row * len(rows), title)
    canvas.text(12, 22, title, bold=True)
    span = width - left - 130
    margins = [ratio / aim if at_least else aim / ratio for _, ratio, aim, at_least in rows]
    top = max(2.0, min(4.0, max(margins, default=2.0)))
    at = left + span / top
    for index, ((label, ratio, aim, at_least), margin) in enumerate(zip(rows, margins)):
        y = 44 + row * index
        canvas.text(left - 8, y + 13, label, "end")
        length = span * min(margin, top) / top
        canvas.box(left, y + 3, length, row - 8, COLOURS[0] if margin >= 1 else COLOURS[1])
        sign = "\u2265" if at_least else "\u2264"
        canvas.text(left + length + 6, y + 13, f"{ratio:.3g}  (aim {sign} {aim:g})")
    canvas.line(at, 36, at, 46 + row * len(rows), INK, 1.2, dashed=True)
    canvas.text(at, 60 + row * len(rows), "the aim; longer is better", "middle")
    canvas.save(path)


def beside_baseline(path, title, rows):
    """rows: (label, ratio, ours per second, the baseline's per second). A bar's length is the ratio; the dashed line is the baseline."""
    left, width, row = 80, 720, 44
    canvas = Canvas(width, 84 + row * len(rows), title)
    canvas.text(12, 22, title, bold=True)
    span = width - left - 250
    top = max(max(ratio for _, ratio, _, _ in rows), 2.0)
    for index, (label, ratio, ours, theirs) in enumerate(rows):
        y = 44 + row * index
        length = span * ratio / top
        canvas.text(left - 10, y + 20, label, "end")
        canvas.box(left, y + 4, length, row - 16, COLOURS[0] if ratio >= 1 else COLOURS[1])
        canvas.text(left + length + 8, y + 20, f"{ratio:.1f} times: {ours:,.0f} instead of {theirs:,.0f}")
    at = left + span / top
    canvas.line(at, 36, at, 44 + row * len(rows), INK, 1.2, dashed=True)
    canvas.text(at, 62 + row * len(rows), "plpgsql, pgcrypto and HMAC in SQL: 1", "middle" if at > 150 else "start")
    canvas.save(path)


def lines(path, title, x_label, y_label, series, log_x=False, log_y=False):
    """series: {label: [(x, y), ...]}"""
    width, height, left, right, top, bottom = 760, 420, 80, 200, 50, 60
    canvas = Canvas(width, height, title)
    canvas.text(12, 22, title, bold=True)
    points = [point for line in series.values() for point in line]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    scale_x = _scale(min(xs), max(xs), left, width - right, log_x)
    low = min(ys) if log_y else 0
    high = max(ys)
    scale_y = _scale(low / 1.3 if log_y else 0, high * (1.3 if log_y else 1.08) or 1, height - bottom, top, log_y)
    for tick in _ticks(low, high, log_y):
        canvas.line(left, scale_y(tick), width - right, scale_y(tick), PALE)
        canvas.text(left - 6, scale_y(tick) + 4, short(tick), "end")
    for tick in sorted(set(xs)) if log_x else _ticks(min(xs), max(xs), False):
        canvas.line(scale_x(tick), height - bottom, scale_x(tick), height - bottom + 4)
        canvas.text(scale_x(tick), height - bottom + 18, short(tick), "middle")
    canvas.line(left, height - bottom, width - right, height - bottom)
    canvas.line(left, height - bottom, left, top)
    canvas.text((left + width - right) / 2, height - 16, x_label, "middle")
    canvas.text(left, top - 10, y_label)
    for index, (label, line) in enumerate(series.items()):
        colour = COLOURS[index % len(COLOURS)]
        place = [(scale_x(x), scale_y(y)) for x, y in line]
        canvas.path(place, colour)
        if len(place) < 20:
            for x, y in place:
                canvas.dot(x, y, colour)
        y = top + 10 + 18 * index
        canvas.line(width - right + 14, y - 4, width - right + 34, y - 4, colour, 2)
        canvas.text(width - right + 40, y, label)
    canvas.save(path)


def _scale(low, high, start, end, log):
    if log:
        low, high = math.log10(low), math.log10(high)
    span = (high - low) or 1.0
    return lambda v: start + ((math.log10(v) if log else v) - low) / span * (end - start)


def _ticks(low, high, log):
    if log:
        return [m * 10 ** e for e in range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
                for m in (1, 2, 5) if low / 1.3 <= m * 10 ** e <= high * 1.3]
    step = 10 ** math.floor(math.log10((high - low) or 1))
    if (high - low) / step < 3:
        step /= 2
    elif (high - low) / step > 7:
        step *= 2
    first = math.ceil(low / step)
    return [i * step for i in range(first, int(high / step) + 1)]
