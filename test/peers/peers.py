"""What the checkers share: cases of one .npz, comparing, counting."""
import sys

import numpy as np
import torch


class Cases:
    def __init__(self):
        self.arrays = dict(np.load(sys.argv[1]))
        self.bad = 0
        self.count = 0

    def __call__(self, name):
        """The tensor of that name."""
        return torch.from_numpy(self.arrays[name].copy())

    def has(self, name):
        return name in self.arrays

    def leaves(self, prefix):
        """The names below `prefix`."""
        return [name[len(prefix) + 1 :] for name in self.arrays if name.startswith(prefix + "/")]

    def compare(self, name, want, tolerance):
        """`name` against `want`, relative to 1 + its size."""
        got = self.arrays[name].astype(np.float64)
        want = np.asarray(want.detach() if torch.is_tensor(want) else want, np.float64)
        self.count += 1
        if got.shape != want.shape:
            error = f"shape {got.shape}, not {want.shape}"
        else:
            error = float(np.max(np.abs(got - want) / (1 + np.abs(want))))
        ok = not isinstance(error, str) and error <= tolerance
        self.bad += not ok
        print(f"{'ok  ' if ok else 'FAIL'} {name}: {error} (at most {tolerance})")

    def finish(self, least):
        """Fails, too, where fewer cases than `least` were compared."""
        print(f"{self.count} compared, {self.bad} differ")
        sys.exit(self.bad > 0 or self.count < least)
