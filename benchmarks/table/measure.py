"""One row: every contestant answers, then takes its turn in interleaved rounds."""
import contextlib
import os
import pathlib
import statistics
import threading
import time

from ours import Failed

# A sample is the fastest of bursts, as the bound is: what disturbs only slows
# down. A burst lasts this long or one call. What a contestant has read last lies
# in the caches, so all of a row have the same number of bursts, that which gives
# the fastest one a sample of this length; fewer where one would take too long.
BURST, SAMPLE, BURSTS, TOO_LONG = 0.002, 0.02, 8, 0.2
# Longer calls than this are their own warm-up.
LONG = 0.05
# Threads of the one before spin for up to 120 ms until they sleep, on the core
# that another's thread needs.
PAUSE, PAUSES = 0.004, 75
# A figure this far below the bound of the same round is not believed: the bound
# itself moves with the neighbours.
BELIEVED = 0.7
SAME_CORE = 60


class Contestant:
    def __init__(self, name, runner):
        self.name, self.runner, self.samples, self.rejected = name, runner, [], 0

    def calibrate(self):
        """Seconds of a call, and calls in a burst."""
        once = self.runner.seconds(1)
        for limit in (10 * LONG, LONG):
            if once < limit:
                once = min(once, self.runner.seconds(1))
        if once < 1e-4:
            once = self.runner.seconds(max(1, int(1e-3 / once)))
        self.once, self.repeat = once, max(1, int(BURST / once))

    def sample(self, machine):
        """A warm call, then the sample; again, a few times, where the two
        threads were on one core."""
        for _ in range(4):
            before, _ = machine.placement()
            if self.once < LONG:
                self.runner.seconds(1)
            took = min(self.runner.seconds(self.repeat) for _ in range(self.bursts))
            after, kind = machine.placement()
            if machine.threads < 2 or min(before, after) >= SAME_CORE:
                self.samples.append(took)
                return kind
            self.rejected += 1
        self.samples.append(took)
        return "same core"


def processes(able):
    """This one and those that it measures."""
    return [os.getpid(), *(c.runner.process.pid for c in able if hasattr(c.runner, "process"))]


def threads(able):
    """(process, thread) of all contestants."""
    for process in processes(able):
        for thread in os.listdir(f"/proc/{process}/task"):
            yield process, int(thread)


def running(process, thread):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended since
        stat = pathlib.Path(f"/proc/{process}/task/{thread}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] == "R"
    return False


def settle(able):
    """Until all threads but this one are asleep."""
    own = threading.get_native_id()
    for _ in range(PAUSES):
        time.sleep(PAUSE)
        if not any(running(p, t) for p, t in threads(able) if t != own):
            return


def share_time(able):
    """The bursts of each, once all are calibrated."""
    bursts = [c.once * c.repeat for c in able]
    most = max(1, min(BURSTS, int(SAMPLE / min(bursts, default=SAMPLE))))
    for contestant, burst in zip(able, bursts):
        contestant.bursts = max(1, min(most, int(TOO_LONG / burst)))


@contextlib.contextmanager
def scheduled(able, realtime):
    """Before all other processes, if so, while this lasts."""
    if realtime:
        schedule(able, os.SCHED_RR)
    try:
        yield
    finally:
        if realtime:
            schedule(able, os.SCHED_OTHER)


def prepared(row, names, make, realtime, say):
    """The contestants that can do this row and answer it right, and why the
    others cannot."""
    able, reasons = [], {}
    for name in names:
        try:
            contestant = Contestant(name, make(name, row))
            row.check(contestant.runner)
            settle([*able, contestant])
            with scheduled([contestant], realtime):
                contestant.calibrate()
            able.append(contestant)
        except Failed as failure:
            reasons[name] = str(failure)
        except Exception as failure:  # a peer's own; the row goes on without it
            text = str(failure).strip().splitlines()
            reasons[name] = f"{type(failure).__name__}: {text[0][:160] if text else ''}"
        say(f"{row.name}: {name}" + (f": {reasons[name]}" if name in reasons else ""))
    return able, reasons


def schedule(able, policy):
    """All threads of this process and of those that it measures."""
    for _, thread in threads(able):
        with contextlib.suppress(ProcessLookupError):  # it has ended since
            os.sched_setscheduler(thread, policy, os.sched_param(int(policy == os.SCHED_RR)))


def measure(row, suite, machine, names, make, rounds, realtime, say):
    """The row as a dictionary; the key `error` where it is not to be believed.
    `realtime`: before all other processes while a round lasts."""
    row.prepare()
    able, reasons = prepared(row, names, make, realtime, say)
    share_time(able)
    bounds, floors, kinds, which = [], [], [], ""
    for i in range(rounds):
        say(f"{row.name}: round {i + 1} of {rounds}")
        with scheduled(able, realtime):
            settle(able)
            seconds, floor, which = machine.bound(row.work)
            bounds.append(seconds)
            floors.append(floor)
            # Who comes first changes from round to round.
            for contestant in able[i % len(able):] + able[:i % len(able)] if able else []:
                settle(able)
                kinds.append(contestant.sample(machine))
    for contestant in able:
        contestant.runner.close()
    row.release()
    return report(row, suite, machine, able, reasons, (bounds, min(floors), which), kinds)


def report(row, suite, machine, able, reasons, bound, kinds):
    def micro(seconds):
        return round(1e6 * seconds, 3)

    bounds, lowest, which = bound
    medians = {c.name: micro(statistics.median(c.samples)) for c in able}
    best = {c.name: micro(min(c.samples)) for c in able}
    result = {
        "suite": suite, "name": row.name, "dtype": row.dtype, "threads": machine.threads, "flops": int(row.work.flops),
        "ours_us": medians.pop("ours", None), "eager_us": medians.pop("eager", None),
        "bound_us": micro(statistics.median(bounds)), "peers": medians,
        "bound_of": which, "best_us": best, "spread": {
            c.name: round(max(c.samples) / min(c.samples), 2) for c in able},
        "placement": statistics.mode(kinds) if kinds else "", "missing": reasons,
        "rejected": sum(c.rejected for c in able), "load": round(os.getloadavg()[0], 1),
    }
    above = [c.name for c in able if min(c.samples) < BELIEVED * lowest]
    if above:
        result["error"] = f"above this machine's peak: {', '.join(above)}"
    if "ours" in reasons:
        result["error"] = f"ours: {reasons['ours']}"
    return result
