"""libmgbench by ctypes, aligned memory, and what bounds a row on this machine
in this minute."""
import ctypes
import mmap

import numpy as np

READ, WRITE, STREAM_WRITE, COPY, STREAM_COPY = range(5)
# Types whose products have a peak of their own, in the order of its C enum.
PRODUCTS = ("f64", "i8", "bf16")
HUGE = 2 << 20


def memory(bytes):
    """Zeroed bytes that begin at a huge page where they are many, else at a
    cache line."""
    if bytes < HUGE:
        block = np.zeros(bytes + 64, np.uint8)
        start = -block.ctypes.data % 64
        return block[start:start + bytes]
    block = mmap.mmap(-1, bytes + HUGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        block.madvise(mmap.MADV_HUGEPAGE)
    view = np.frombuffer(block, np.uint8)
    start = -view.ctypes.data % HUGE
    view = view[start:start + bytes]
    view[:] = 0
    return view


def array(shape, dtype=np.float32):
    shape = tuple(shape)
    bytes = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    return memory(max(bytes, 1))[:bytes].view(dtype).reshape(shape)


def copied(x):
    out = array(x.shape, x.dtype)
    out[...] = x
    return out


def poison(x):
    """No answer: NaN, or -1."""
    x.reshape(-1).view(np.uint8).fill(0xff)


class Machine:
    def __init__(self, library, threads):
        lib = self.lib = ctypes.CDLL(str(library))
        for name, result, arguments in [
                ("pool", ctypes.c_void_p, [ctypes.c_size_t]),
                ("probe", ctypes.c_void_p, [ctypes.c_size_t]),
                ("call", ctypes.c_double, [ctypes.c_void_p] * 6 + [ctypes.c_int64]),
                ("flops", ctypes.c_double, [ctypes.c_void_p]),
                ("bandwidth", ctypes.c_double, [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]),
                ("ping_pong", ctypes.c_double, [ctypes.c_void_p]),
                ("products", ctypes.c_double, [ctypes.c_void_p, ctypes.c_int]),
                ("exponentials", ctypes.c_double, [ctypes.c_void_p])]:
            function = getattr(lib, "mgb_" + name)
            function.restype, function.argtypes = result, arguments
        self.threads, self.most = threads, {}
        self.pool = lib.mgb_pool(threads)
        self.probe = lib.mgb_probe(threads)

    def placement(self):
        """Nanoseconds of a round trip between the two threads, and its class."""
        if self.threads < 2:
            return 0, "one thread"
        ns = self.lib.mgb_ping_pong(self.probe) * 1e9
        kind = "same core" if ns < 60 else "shared cache" if ns <= 400 else "far apart"
        return ns, kind

    def rate(self, kind, foot):
        """Bytes per second now, and the most that this run has seen of a
        footprint of that size."""
        # The probe repeats what is short.
        again = 3 if foot >= self.threads << 26 else 1
        now = max(self.lib.mgb_bandwidth(self.probe, kind, foot) for _ in range(again))
        return self.seen((kind, foot.bit_length()), now)

    def seen(self, key, now):
        self.most[key] = max(now, self.most.get(key, 0))
        return now, self.most[key]

    def bound(self, work):
        """Seconds below which no program can do this work: the bytes through
        the smallest level that holds them all, the multiply-adds, or the
        exponentials, whichever takes longest (arithmetic that is no product counts
        as multiply-adds). By what the machine does now, by
        the most that it did in this run, and which of the three it was."""
        foot, both = max(work.read + work.written, 4096), min(work.read, work.written)
        parts = {"bytes": [0.0, 0.0]}
        for amount, kinds in ((2 * both, (COPY, STREAM_COPY)), (work.read - both, (READ,)),
                              (work.written - both, (WRITE, STREAM_WRITE))):
            if amount:
                rates = list(zip(*(self.rate(k, foot) for k in kinds)))
                for i in (0, 1):
                    parts["bytes"][i] += amount / max(rates[i])
        if work.flops or work.operations:
            dtype = getattr(work, "dtype", "f32")
            rates = self.seen(f"flops of {dtype}", self.lib.mgb_products(self.pool, PRODUCTS.index(dtype))
                              if dtype in PRODUCTS else self.lib.mgb_flops(self.probe))
            # A multiply-add is two.
            products = work.flops, getattr(work, "fewest", work.flops)
            parts["multiply-adds"] = [(p + 2 * work.operations) / r for p, r in zip(products, rates)]
        if work.exps:
            rates = self.seen("exponentials", self.lib.mgb_exponentials(self.pool))
            parts["exponentials"] = [work.exps / r for r in rates]
        which = max(parts, key=lambda k: parts[k][0])
        return parts[which][0], max(p[1] for p in parts.values()), which
