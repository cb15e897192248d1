"""The memory that one contestant holds while a whole model runs, in a process of
its own, as one line of JSON: the most that is resident during a few calls,
beyond what the library took by being imported. Weights, prepared ones, and what
was left of compiling count, what only the table needs does not. Started by
worker.py."""
import ctypes
import gc
import json
import pathlib
import sys
import tempfile

import peers
import suites
from machine import Machine


def kilobytes(key):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(key))


def forget_peak():
    """What VmHWM says begins anew."""
    with open("/proc/self/clear_refs", "w") as refs:
        refs.write("5")


def main():
    about = json.loads(sys.argv[1])
    name, build, threads = about["contestant"], pathlib.Path(about["build"]), about["threads"]
    row = next(r for r in suites.rows("model", about["shapes"]) if r.name == about["row"])
    machine = Machine(build / "lib/libmgbench.so", threads)
    if name in peers.ALL:
        peers.ALL[name].version()
    before = kilobytes("VmRSS")
    with tempfile.TemporaryDirectory(prefix="mg-bench-") as folder:
        folder = pathlib.Path(folder)
        row.export(build, folder)
        row.prepare()
        runner = row.contestant(name, build, threads, folder, machine)
        runner.seconds(2)
        planned = runner.planned() if hasattr(runner, "planned") else None
        row.release()
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        forget_peak()
        runner.seconds(2)
        print(json.dumps({"resident": 1024 * (kilobytes("VmHWM") - before), "planned": planned}), flush=True)
        runner.close()


main()
