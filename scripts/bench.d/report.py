#!/usr/bin/env python3
"""report.py DIRECTORY table|json [SVG]: what the measurements in DIRECTORY/results come to."""
import json
import math
import os
import platform
import statistics
import sys
from xml.sax.saxutils import escape

COLUMNS = ("outage_ms", "gap_ms", "freeze_ms", "total_ms", "bytes", "processes", "cpu_ms")


def pairs(path):
    with open(path, encoding="utf-8") as file:
        return dict(line.strip().split("=", 1) for line in file if "=" in line)


def spread(values):
    if not values:
        return None
    return {"median": round(statistics.median(values), 1), "min": min(values), "max": max(values),
            "n": len(values)}


def summarize(results, containers, methods):
    rows = []
    for container in containers:
        for method in methods:
            of_both = [r for r in results if r["container"] == container and r["method"] == method]
            if not of_both:
                continue
            timed = [r for r in of_both if r["round"] > 0]
            row = {"container": container, "method": method, "moves": len(timed),
                   "failed": sum("total_ms" not in r for r in timed),
                   "requests": sum(r.get("asked", 0) for r in timed),
                   "requests_failed": sum(r.get("lost", 0) for r in timed)}
            for column in COLUMNS:
                row[column] = spread([r[column] for r in timed if column in r])
            if method == "cmigrate":
                row["bytes"] = spread([r["bytes"] for r in results
                                       if r["container"] == container and "bytes" in r
                                       and r["method"] == "cmigrate_bytes"])
            rows.append(row)
        add_ratios([r for r in rows if r["container"] == container])
    return rows


def length(row):
    """What is compared: the outage; where nothing is moved, the freeze."""
    return row["outage_ms"] or row["freeze_ms"]


def add_ratios(rows):
    own = next((length(r) for r in rows if r["method"] == "cmigrate"), None)
    for row in rows:
        other = length(row)
        row["ratio"] = round(other["median"] / own["median"], 2) if own and other else None


def processors():
    return len(os.sched_getaffinity(0))


def limits(versions):
    return [
        f"Hosts in namespaces of one machine with {processors()} processors and kernel "
        f"{platform.release().split('-')[0]}: no real network and no NFS between them, source and "
        "destination share processors and page cache.",
        "criu {}, runc {}{}.".format(versions.get("criu", "?"), versions.get("runc", "?"),
                                     f", podman {versions['podman']}" if "podman" in versions else ""),
        "outage: from the start of the freeze, or of the script, to the first answer; for the floor "
        "the freeze. client: the longest time between two answers of a client that asks every 2 ms.",
        "Under requests only cmigrate moves: the others fail with connections open. All else is "
        "measured without that client. processes, processor: what the machine started and computed "
        "meanwhile, both hosts and threads included. The article and podman ask every 50 ms whether it answers.",
    ]


def ms(value, digits=0):
    return f"{value:,.{digits}f}".replace(",", " ")


def size(value):
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} GB"


def cell(stat, show=ms):
    return show(stat["median"]) if stat else ""


def print_table(report):
    print("| container | method | outage ms | min, max | client ms | freeze ms | total ms | images "
          "| processes | processor ms | outage by cmigrate's |")
    print("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    for row in report["rows"]:
        main = length(row)
        bounds = f"{ms(main['min'])}, {ms(main['max'])}" if main else "failed"
        ratio = f"{row['ratio']:.2f}" if row["ratio"] else ""
        print(f"| {report['containers'][row['container']]} | {report['methods'][row['method']]} "
              f"| {cell(main)} | {bounds} | {cell(row['gap_ms'])} | {cell(row['freeze_ms'])} "
              f"| {cell(row['total_ms'])} | {cell(row['bytes'], size)} "
              f"| {cell(row['processes'])} | {cell(row['cpu_ms'])} | {ratio} |")
    moves = max((r["moves"] for r in report["rows"]), default=0)
    print(f"\nMedians of {moves} moves each, taken in turn.", end="")
    fewer = {r["container"]: r["moves"] for r in report["rows"] if r["moves"] < moves}
    for container, count in fewer.items():
        print(f" Of {report['containers'][container]}: {count}.", end="")
    for row in report["rows"]:
        if row["failed"]:
            print(f" {row['failed']} of {row['moves']} moves of {row['container']} by "
                  f"{row['method']} failed.", end="")
    asked = sum(r["requests"] for r in report["rows"])
    lost = sum(r["requests_failed"] for r in report["rows"])
    if asked:
        print(f" Of {asked} requests asked meanwhile {lost} failed.", end="")
    print("\n")
    for line in report["limits"]:
        print(f"- {line}")


COLOURS = {"cmigrate": "#2a6f97", "whole": "#7f8fa6", "direct": "#14746f", "directclear": "#248277", "directwhole": "#8fb9aa",
           "postcopy": "#52b788", "postcopyclear": "#74c69d", "busy": "#468faf", "busypostcopy": "#95d5b2", "other": "#61a5c2", "article": "#e09f3e", "podman": "#9e2a2b",
           "floor": "#8d99ae"}
WIDTH, LEFT, RIGHT, BAR, GAP, HEAD, TOP = 800, 190, 110, 18, 6, 30, 52


def draw_bar(row, methods, scale, y):
    stat = length(row)
    text = f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(methods[row["method"]])}</text>'
    if not stat:
        return text + f'<text x="{LEFT + 4}" y="{y + 13}">failed</text>'
    low, high = (LEFT + stat[key] * scale for key in ("min", "max"))
    middle = y + BAR / 2
    return (text +
            f'<rect x="{LEFT}" y="{y}" width="{stat["median"] * scale:.1f}" height="{BAR}" '
            f'fill="{COLOURS[row["method"]]}"/>'
            f'<path d="M{low:.1f} {middle}H{high:.1f}M{low:.1f} {middle - 4}v8M{high:.1f} '
            f'{middle - 4}v8" stroke="#222"/>'
            f'<text x="{max(high, LEFT + stat["median"] * scale) + 8:.1f}" y="{y + 13}">'
            f'{ms(stat["median"])} ms</text>')


CURVE, CURVE_HEIGHT = {"redis-1m": 1, "redis-100m": 100, "redis-1g": 1024, "redis-4g": 4096}, 220
CURVE_TICKS = (10, 100, 1000, 10000, 100000)


def draw_line(points, method):
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b, _ in points)
    dots = "".join(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3.5" fill="{COLOURS[method]}"/>' for a, b, _ in points)
    return f'<polyline points="{path}" fill="none" stroke="{COLOURS[method]}" stroke-width="2"/>{dots}'


def draw_names(lines, methods):
    """Behind the end of the longest line, each as high as its own ends, or below the name above it."""
    parts, above = [], -math.inf
    beside = max((points[-1][0] for points in lines.values()), default=0) + 8
    for method, points in sorted(lines.items(), key=lambda line: line[1][-1][1]):
        above = max(points[-1][1] + 4, above + 13)
        parts.append(f'<text x="{beside:.1f}" y="{above:.1f}" font-size="11" fill="{COLOURS[method]}">'
                     f'{escape(methods[method])}</text>')
    return "".join(parts)


def draw_curve(report, y):
    """Outage over memory, both logarithmic; nothing where fewer than three sizes were measured."""
    rows = [r for r in report["rows"] if r["container"] in CURVE and length(r)]
    sizes = sorted({CURVE[r["container"]] for r in rows})
    if len(sizes) < 3:
        return "", y
    low, high = 1, max(2, math.ceil(max(math.log10(length(r)["median"]) for r in rows)))
    across = (WIDTH - LEFT - RIGHT - 60) / math.log(sizes[-1] / sizes[0])
    up = CURVE_HEIGHT / (high - low)
    place_x = lambda mib: LEFT + math.log(mib / sizes[0]) * across
    place_y = lambda value: y + HEAD + CURVE_HEIGHT - (math.log10(max(value, 10)) - low) * up
    parts = [f'<text x="{LEFT}" y="{y + 14}" font-weight="bold">redis, by its memory</text>']
    for tick in (t for t in CURVE_TICKS if math.log10(t) <= high):
        parts.append(f'<path d="M{LEFT} {place_y(tick):.1f}H{WIDTH - RIGHT - 60}" stroke="#ddd"/>'
                     f'<text x="{LEFT - 8}" y="{place_y(tick) + 4:.1f}" text-anchor="end">{ms(tick)} ms</text>')
    for mib in sizes:
        parts.append(f'<text x="{place_x(mib):.1f}" y="{y + HEAD + CURVE_HEIGHT + 18}" text-anchor="middle">'
                     f'{f"{mib} MB" if mib < 1024 else f"{mib // 1024} GB"}</text>')
    lines = {}
    for method in report["methods"]:
        points = sorted((place_x(CURVE[r["container"]]), place_y(length(r)["median"]), r["container"])
                        for r in rows if r["method"] == method)
        if len(points) > 1:
            lines[method] = points
            parts.append(draw_line(points, method))
    parts.append(draw_names(lines, report["methods"]))
    return "\n".join(parts), y + HEAD + CURVE_HEIGHT + 30


def draw(report, path):
    """One panel a container, each with a scale of its own: a gigabyte would hide the rest."""
    parts, y = [], TOP
    for container, words in report["containers"].items():
        rows = [r for r in report["rows"] if r["container"] == container]
        longest = max((length(r)["max"] for r in rows if length(r)), default=1)
        scale = (WIDTH - LEFT - RIGHT) / longest
        parts.append(f'<text x="{LEFT}" y="{y + 18}" font-weight="bold">{escape(words)}</text>')
        y += HEAD
        for row in rows:
            parts.append(draw_bar(row, report["methods"], scale, y))
            y += BAR + GAP
        y += GAP
    curve, y = draw_curve(report, y)
    parts.append(curve)
    body = "\n".join(parts)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'''<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 10}" \
viewBox="0 0 {WIDTH} {y + 10}" font-family="sans-serif" font-size="13" fill="#222">
<title>Outage of a container that is moved</title>
<rect width="100%" height="100%" fill="#fff"/>
<text x="{LEFT}" y="22" font-size="16">Outage of a container that is moved</text>
<text x="{LEFT}" y="40" fill="#555">medians, with the shortest and the longest; each panel has its own \
scale</text>
{body}
</svg>
''')


def main():
    directory, form = sys.argv[1:3]
    with open(f"{directory}/results", encoding="utf-8") as file:
        results = [json.loads(line) for line in file]
    containers, methods = pairs(f"{directory}/containers"), pairs(f"{directory}/methods")
    versions = pairs(f"{directory}/versions")
    report = {"containers": containers, "methods": methods, "versions": versions,
              "processors": processors(), "limits": limits(versions),
              "rows": summarize(results, containers, methods)}
    if form == "json":
        print(json.dumps(report, indent=2))
    else:
        print_table(report)
    if len(sys.argv) > 3:
        draw(report, sys.argv[3])


main()
