"""Measures the rows of suites with one number of threads, in one process that
holds every peer; prints a line of JSON per row. Started by tools/bench, which
set the environment and the affinity before."""
import ctypes
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

import measure
import ours
import peers
import suites
from machine import Machine


def importable(names):
    """The peers that are here, and why others are not."""
    versions, missing = {}, {}
    for name in names:
        try:
            versions[name] = peers.ALL[name].version()
        except Exception as failure:
            missing[name] = f"{type(failure).__name__}: {failure}"
    return versions, missing


def residents(row, names, options, threads):
    """Megabytes by each contestant that can run the row."""
    # A process that returns pages as it would without the table.
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_TUNABLES"))}
    found = {}
    for name in names:
        about = {"contestant": name, "row": row.name, "build": options["build"], "threads": threads,
                 "shapes": options["shapes"]}
        script = pathlib.Path(__file__).parent / "resident.py"
        done = subprocess.run([sys.executable, script, json.dumps(about)], capture_output=True, text=True, env=plain)
        lines = done.stdout.splitlines()
        if done.returncode == 0 and lines:
            answer = json.loads(lines[-1])
            found[name] = round(answer["resident"] / 1e6, 2)
            if answer["planned"] is not None:
                found["planned"] = round(answer["planned"] / 1e6, 2)
    return found


def end_with_parent():
    set_death_signal = 1
    ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)


def measure_apart(row, suite, options):
    """The row in a process of its own, which prints it: peers keep what they
    held for a model."""
    about = options | {"suites": [suite], "only": row.name}
    done = subprocess.run([sys.executable, __file__, json.dumps(about)], preexec_fn=end_with_parent)
    if done.returncode:
        sys.exit(f"{row.name}: its process ended with {done.returncode}")


def main():
    options = json.loads(sys.argv[1])
    only = options.get("only")
    threads = options["threads"]

    def say(text):
        print(f"[{threads} thread{'s' if threads > 1 else ''}] {text}", file=sys.stderr, flush=True)

    build = pathlib.Path(options["build"])
    machine = Machine(build / "lib/libmgbench.so", threads)
    versions, missing = importable(options["peers"])
    for name, reason in missing.items():
        say(f"no {name}: {reason}")
    if not only:
        print(json.dumps({"versions": versions, "missing": missing}), flush=True)
    with tempfile.TemporaryDirectory(prefix="mg-bench-") as folder:
        folder = pathlib.Path(folder)

        def make(name, row):
            if hasattr(row, "contestant"):
                return row.contestant(name, build, threads, folder, machine)
            if name in peers.ALL:
                return peers.ALL[name](row, threads)
            return (ours.Compiled if name == "ours" else ours.Eager)(row, build, folder, machine)

        for suite in options["suites"]:
            rows = suites.rows(suite, options["shapes"])
            rows = [r for r in rows if options["filter"] in r.name and r.dtype in options["dtypes"]]
            for i, row in enumerate(rows):
                if only and row.name != only:
                    continue
                say(f"{suite} {i + 1}/{len(rows)}: {row.name}")
                row.flags = options["flags"]
                if hasattr(row, "export"):
                    if not only:
                        measure_apart(row, suite, options)
                        continue
                    row.export(build, folder)
                names = ("ours", "eager", *versions) if options["eager"] else ("ours", *versions)
                names = getattr(row, "contestants", names)
                label = ", ".join((suite, *(f"`{flag}`" for flag in row.flags)))
                result = measure.measure(row, label, machine, names, make, options["rounds"], options["realtime"], say)
                if options["memory"] and hasattr(row, "export"):
                    result["memory_mb"] = residents(row, ("ours", *result["peers"]), options, threads)
                print(json.dumps(result), flush=True)


main()
