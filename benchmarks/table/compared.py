"""Rows whose outputs are compared with an answer in f64."""
import numpy as np

from ours import Failed


def difference(got, expected, tolerance):
    """The largest |got - expected| / (|expected| + rms(expected)) in units of
    the tolerance; infinite for NaN."""
    worst = 0.0
    for g, e in zip(got, expected, strict=True):
        if g.shape != e.shape:
            raise Failed(f"answers a shape {g.shape}, not {e.shape}")
        if not e.size:
            continue
        scale = float(np.sqrt(np.mean(np.square(e)))) or 1.0
        error = np.abs(g - e) / (np.abs(e) + scale)
        top = float(np.max(error)) / tolerance
        worst = max(worst, top if top == top else float("inf"))
    return worst


class Compared:
    """`expected()`, `tolerance` and `inputs` are the row's."""

    # Inputs that are the same in all calls; a library may prepare them.
    weights = ()

    # What minigrad's compiler is given with the program.
    flags = ()

    output_dtype = np.dtype(np.float32)

    def values(self, x):
        """What an output of a contestant says."""
        return x

    def torch_inputs(self, torch):
        return [torch.from_numpy(x) for x in self.inputs]

    def torch_array(self, x):
        return x.numpy()

    def jax_inputs(self, jnp):
        return [jnp.asarray(x) for x in self.inputs]

    def jax_array(self, x):
        return np.asarray(x)

    def check(self, runner):
        """Raises where the runner's answer is wrong."""
        if self._answer is None:
            self._answer = self.expected()
        worst = difference([self.values(x) for x in runner.answer()], self._answer, self.tolerance)
        if worst > 1:
            raise Failed(f"wrong: {worst:.1f} times the tolerance of {self.tolerance:g}")

    _answer = None

    def release(self):
        self.inputs = self._answer = None
