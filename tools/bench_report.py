#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes one report of what benchmarks wrote.

Usage: bench_report.py [--json FILE] [--markdown FILE] [--plots FOLDER] [--status FILE] RESULTS...

--markdown writes tables, --plots a picture of all ratios and one of each growth curve (SVG), and
--status puts the tables into a document, between its lines `<!-- bench -->` and `<!-- /bench -->`.
"""
import argparse
import datetime
import json
import math
import pathlib
import sys
from xml.sax.saxutils import escape

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"
COLOURS = ("#0b6e99", "#c2571a", "#5b8c2a", "#7d4f9e", "#8a6d1f", "#666666")


def figure(value):
    """A few digits, as strata-bench has them."""
    size = abs(value)
    if size >= 1000 or size == math.floor(size):
        return f"{value:.0f}"
    return f"{value:.1f}" if size >= 100 else f"{value:.2f}" if size >= 1 else f"{value:.3g}"


# ── Tables ─────────────────────────────────────────────────────────────────────────────────────

def spread(contestant):
    if "unavailable" in contestant:
        return f"not available: {contestant['unavailable']}"
    text = (f"{figure(contestant['median'])} "
            f"[{figure(contestant['min'])} - {figure(contestant['max'])}]")
    told = [f"{figure(value)} {name}" for name, value in contestant.get("details", {}).items()]
    if "cores" in contestant:
        told.append(f"{contestant['cores']:.1f} cores")
    return f"{text} ({', '.join(told)})" if told else text


def goal(result):
    relation = ">=" if result["better"] == "higher" else "<="
    wanted = [f"{relation} {figure(result['goal'])}"] if "goal" in result else []
    if "ratio_goal" in result:
        wanted.append(f"{relation} {figure(result['ratio_goal'])}x peer")
    if not wanted:
        return ""
    verdict = {True: "reached", False: "**missed**"}.get(result.get("reaches_goal"),
                                                         "cannot be judged")
    return f"{', '.join(wanted)}: {verdict}"


def table_of_claims(results):
    lines = ["| benchmark | unit | Strata | others in the same run | ratio | goal | load |",
             "|---|---|---|---|---|---|---|"]
    for result in results:
        ours, *others = result["contestants"]
        peers = "<br>".join(f"{one['name']}: {spread(one)}" for one in others)
        ratio = f"{result['ratio']:.2f}" if "ratio" in result else ""
        lines.append(f"| {result['name']} | {result['unit']} | {spread(ours)} | {peers} | {ratio} "
                     f"| {goal(result)} | {result['load']:.1f} |")
    return lines


def table_of_curve(name, points):
    first = points[0]
    names = [one["name"] for one in first["contestants"]]
    lines = [f"`{name}`, {first['unit']} ({first['better']} is better): {first['claim']}.", "",
             f"| {first['point']['of']} | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for point in points:
        cells = " | ".join(spread(one) for one in point["contestants"])
        lines.append(f"| {point['point']['at']:,.0f} | {cells} |")
    return lines


def curves_of(results):
    curves = {}
    for result in results:
        if "point" in result:
            curves.setdefault(result["point"]["curve"], []).append(result)
    return {name: sorted(points, key=lambda point: point["point"]["at"])
            for name, points in curves.items()}


def markdown(document):
    machine, results = document["machine"], document["results"]
    lines = [f"{datetime.date.today().isoformat()}, {machine['cpu']}, {machine['cores']} cores, "
             f"{machine['kernel']}. Median [smallest - largest] of the rounds.", ""]
    claims = [result for result in results if "point" not in result]
    if claims:
        lines += table_of_claims(claims)
    for name, points in curves_of(results).items():
        lines += ["", *table_of_curve(name, points)]
    return "\n".join(lines) + "\n"


# ── Pictures ───────────────────────────────────────────────────────────────────────────────────

def svg(width, height, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">\n'
            f'<rect width="{width}" height="{height}" fill="white"/>\n' + "\n".join(parts) +
            "\n</svg>\n")


def text(x, y, words, anchor="start", colour="#222"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">'
            f"{escape(words)}</text>")


def line(x1, y1, x2, y2, colour="#ccc", width=1.0):
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
            f'stroke-width="{width}"/>')


def spelled(value):
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


class Decades:
    """A logarithmic axis from `low` to `high`, in pixels from `begin` to `end`."""

    def __init__(self, values, begin, end):
        self.low = math.floor(math.log10(min(values)))
        self.high = max(math.ceil(math.log10(max(values))), self.low + 1)
        self.begin, self.end = begin, end

    def at(self, value):
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.begin + share * (self.end - self.begin)

    def marks(self):
        return [10.0 ** power for power in range(self.low, self.high + 1)]


def picture_of_curve(name, points):
    width, height, left, right, top, bottom = 740, 400, 80, 40, 50, 60
    drawn = [(point["point"]["at"], one["name"], one) for point in points
             for one in point["contestants"] if one.get("median")]
    if not drawn:
        return None
    across = Decades([at for at, _, _ in drawn], left, width - right)
    up = Decades([value for _, _, one in drawn for value in (one["min"], one["max"]) if value > 0],
                 height - bottom, top)
    parts = [text(left, 20, f"{name}: {points[0]['unit']}, {points[0]['better']} is better")]
    for mark in across.marks():
        parts += [line(across.at(mark), top, across.at(mark), height - bottom),
                  text(across.at(mark), height - bottom + 18, spelled(mark), "middle")]
    for mark in up.marks():
        parts += [line(left, up.at(mark), width - right, up.at(mark)),
                  text(left - 6, up.at(mark) + 4, spelled(mark), "end")]
    parts.append(text((left + width - right) / 2, height - 20, points[0]["point"]["of"], "middle"))
    for number, label in enumerate(dict.fromkeys(label for _, label, _ in drawn)):
        colour = COLOURS[number % len(COLOURS)]
        spots = [(across.at(at), one) for at, other, one in drawn if other == label]
        path = " ".join(f"{x:.1f},{up.at(one['median']):.1f}" for x, one in spots)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for x, one in spots:
            parts.append(line(x, up.at(max(one["min"], 10.0 ** up.low)), x, up.at(one["max"]),
                              colour, 1.5))
            parts.append(f'<circle cx="{x:.1f}" cy="{up.at(one["median"]):.1f}" r="3.5" '
                         f'fill="{colour}"/>')
        parts.append(text(left + 190 * number, 38, f"● {label}", colour=colour))
    return svg(width, height, parts)


def advantage(result):
    """How many times better we are, whichever way is better."""
    return result["ratio"] if result["better"] == "higher" else 1 / result["ratio"]


def picture_of_ratios(results):
    shown = [result for result in results
             if "point" not in result and result.get("ratio", 0) > 0]
    if not shown:
        return None
    left, row, top = 240, 24, 50
    width, height = 860, top + row * len(shown) + 40
    scale = Decades([min(0.1, *map(advantage, shown)), max(10, *map(advantage, shown))],
                    left, width - 130)
    parts = [text(left, 20, "How many times better than the peer in the same run")]
    for mark in scale.marks():
        parts += [line(scale.at(mark), top - 8, scale.at(mark), height - 30,
                       "#888" if mark == 1 else "#ddd"),
                  text(scale.at(mark), height - 14, spelled(mark), "middle")]
    for number, result in enumerate(shown):
        y, value = top + row * number, advantage(result)
        begin, end = sorted((scale.at(1), scale.at(value)))
        colour = COLOURS[0] if value >= 1 else COLOURS[1]
        parts += [text(left - 8, y + 12, result["name"], "end"),
                  f'<rect x="{begin:.1f}" y="{y}" width="{max(end - begin, 1):.1f}" height="14" '
                  f'fill="{colour}"/>',
                  text(width - 120, y + 12, f"{value:.2f}")]
        if "ratio_goal" in result:
            goal_ratio = result["ratio_goal"]
            wanted = goal_ratio if result["better"] == "higher" else 1 / goal_ratio
            parts.append(line(scale.at(wanted), y - 3, scale.at(wanted), y + 17, "#222", 2))
    parts.append(text(width - 120, 38, "| the goal", colour="#222"))
    return svg(width, height, parts)


def pictures(results):
    made = {"ratios": picture_of_ratios(results)}
    for name, points in curves_of(results).items():
        made[name.replace("/", "-")] = picture_of_curve(name, points)
    return {name: picture for name, picture in made.items() if picture}


# ── Where it goes ──────────────────────────────────────────────────────────────────────────────

def merged(paths):
    documents = [json.loads(pathlib.Path(path).read_text(encoding="utf-8")) for path in paths]
    return {"machine": documents[0]["machine"],
            "results": [result for document in documents for result in document["results"]]}


def write(path, words):
    if path == "-":
        sys.stdout.write(words)
    else:
        pathlib.Path(path).write_text(words, encoding="utf-8")


def put_into(path, words):
    page = pathlib.Path(path).read_text(encoding="utf-8")
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f"bench: {path} has no lines {BEGIN} and {END}")
    write(path, f"{before}{BEGIN}\n{words}{END}{after}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for option in ("--json", "--markdown", "--plots", "--status"):
        parser.add_argument(option, default="")
    parser.add_argument("results", nargs="+")
    given = parser.parse_args()
    document = merged(given.results)
    if given.json:
        write(given.json, json.dumps(document, indent=1) + "\n")
    if given.markdown:
        write(given.markdown, markdown(document))
    if given.status:
        put_into(given.status, markdown(document))
    if given.plots:
        pathlib.Path(given.plots).mkdir(parents=True, exist_ok=True)
        for name, picture in pictures(document["results"]).items():
            write(pathlib.Path(given.plots) / f"{name}.svg", picture)


if __name__ == "__main__":
    main()
