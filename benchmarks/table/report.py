"""Rows as a table, and their geometric mean."""
import math
import re
import statistics


def best_peer(row):
    """Name and time of the fastest peer; None where none did the row."""
    return min(row["peers"].items(), key=lambda p: p[1], default=None)


def geometric_mean(ratios):
    return math.exp(statistics.fmean(map(math.log, ratios))) if ratios else None


# Below this a peer's figure is Python's way to it: such rows are shown, but in no
# mean.
CALL = 0.5


def ratios(rows, other):
    """other(row) / ours of the rows that have both."""
    pairs = [(other(r), r["ours_us"]) for r in rows if "error" not in r and (r["ours_us"] or 0) >= CALL]
    return [a / b for a, b in pairs if a and b]


def fastest(row):
    best = best_peer(row)
    return best and best[1]


def summary(rows):
    """The last line: per suite and number of threads the geometric mean of
    best peer / ours; of eager / ours, where there was no peer. Wrong rows and
    calls of less than half a microsecond are left out."""
    parts = []
    for suite, threads in sorted({(r["suite"], r["threads"]) for r in rows}):
        some = [r for r in rows if (r["suite"], r["threads"]) == (suite, threads)]
        peers, eager = ratios(some, fastest), ratios(some, lambda r: r["eager_us"])
        text = f"best peer / ours {geometric_mean(peers):.2f} ({len(peers)} rows)" if peers else (
            f"eager / ours {geometric_mean(eager):.2f} ({len(eager)} rows, no peer)" if eager else "nothing measured")
        parts.append(f"{suite} T{threads}: {text}")
    return "geometric mean: " + "; ".join(parts)


def micro(us):
    if us is None:
        return ""
    return f"{us:.3f}" if us < 1 else f"{us:.2f}" if us < 10 else f"{us:.1f}" if us < 1000 else f"{us:.0f}"


def columns(rows):
    names = []
    for row in rows:
        names += [n for n in row["peers"] if n not in names]
    return names


def rate(row):
    """10^9 of the definition's additions and multiplications in a second."""
    if not row["ours_us"] or not row.get("flops"):
        return ""
    rate = row["flops"] / row["ours_us"] / 1e3
    return f"{rate:.1f}" if rate < 100 else f"{rate:.0f}"


def cells(row, names, rates, eager):
    ours, best = row["ours_us"], fastest(row)
    yield row["name"]
    yield micro(ours)
    if rates:
        yield rate(row)
    yield f"{100 * row['bound_us'] / ours:.0f} %" if ours else ""
    yield f"**{best / ours:.2f}**" if ours and best else ""
    if eager:
        yield micro(row["eager_us"])
    for name in names:
        yield micro(row["peers"].get(name))


def memory(rows):
    """What whole models hold in memory, where that was measured."""
    rows = [r for r in rows if r.get("memory_mb")]
    names = list(dict.fromkeys(n for r in rows for n in r["memory_mb"] if n not in ("planned", "ours")))
    if not rows:
        return []
    head = ["MB", "minigrad, planned", "resident", *names]
    lines = ["### memory of whole models", "", "| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for row in rows:
        cells = [row["memory_mb"].get(n, "") for n in ("planned", "ours", *names)]
        lines.append(f"| {row['name']} | " + " | ".join(map(str, cells)) + " |")
    return lines + [""]


def markdown(rows, shapes="listed"):
    """A table per suite and number of threads. `shapes` is what the rows were
    chosen by; the heading says so unless they are listed."""
    lines = []
    chosen = "" if shapes == "listed" else f", `--shapes {shapes}`"
    for suite, threads in sorted({(r["suite"], r["threads"]) for r in rows}):
        some = [r for r in rows if (r["suite"], r["threads"]) == (suite, threads)]
        names = columns(some)
        rates = any(r.get("flops") for r in some)
        eager = any(r["eager_us"] for r in some)
        head = ["us", "minigrad", *(["GFLOP/s"] if rates else []), "of the bound",
                f"{names[0] if len(names) == 1 else 'best peer'} / minigrad",
                *(["eager"] if eager else []), *names]
        lines += [f"### {suite}{chosen}, {threads} thread{'s' if threads > 1 else ''}", "",
                  "| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
        lines += ["| " + " | ".join(cells(r, names, rates, eager)) + " |" for r in some]
        lines.append("")
        if threads > 1:
            lines += ["Placement of the two threads: " + ", ".join(
                f"{kind} {n}" for kind, n in count(r["placement"] for r in some).items()) + ".", ""]
    return "\n".join(lines + memory(rows))


# A heading, its table, and the line about threads that may follow.
TABLE = re.compile(r"^(### .+)\n\n(?:\|.*\n)+(?:\nPlacement of the two threads: .*\n)?", re.MULTILINE)


def into(page, tables):
    """The page with each of these tables in place of the one with its heading;
    KeyError: it has none."""
    ours = {m[1]: m[0] for m in TABLE.finditer(tables + "\n")}
    for heading in ours.keys() - {m[1] for m in TABLE.finditer(page)}:
        raise KeyError(heading)
    return TABLE.sub(lambda m: ours.get(m[1], m[0]), page)


def count(words):
    found = {}
    for word in words:
        found[word] = found.get(word, 0) + 1
    return found


def line(row):
    """One row, as it comes."""
    best = best_peer(row)
    beside = f"; {best[0]} {micro(best[1])} us, ratio {best[1] / row['ours_us']:.2f}" if best and row["ours_us"] else ""
    ours = (f"ours {micro(row['ours_us'])} us, {100 * row['bound_us'] / row['ours_us']:.0f} % of the bound"
            if row["ours_us"] else "ours: none")
    speed = f", {rate(row)} GFLOP/s" if rate(row) else ""
    eager = f"; eager {micro(row['eager_us'])}" if row["eager_us"] else ""
    error = f"  ERROR: {row['error']}" if "error" in row else ""
    return f"{row['suite']} T{row['threads']} {row['name']}: {ours}{speed}{eager}{beside}{error}"
