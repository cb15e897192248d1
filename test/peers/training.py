"""training.py TRAIN_DIGITS DATA: PyTorch trains the networks of
examples/train-digits from the same first weights with the same batches; every
loss must be the same but for rounding, which grows from step to step."""
import os
import subprocess
import sys
import tempfile

import numpy as np
import torch
from torch.nn import functional as F

EPOCHS = 3
TOLERANCE = 1e-5  # relative to 1 + the loss, after 66 steps


def mlp(w, x):
    h = torch.relu(x @ w["fc1.w"] + w["fc1.b"])
    return h @ w["fc2.w"] + w["fc2.b"]


def cnn(w, x):
    h = x.reshape(-1, 1, 8, 8)
    for name in ("conv1", "conv2"):
        h = F.conv2d(h, w[f"{name}.w"], w[f"{name}.b"], padding=1)
        h = F.max_pool2d(torch.relu(h), 2)
    return h.flatten(1) @ w["fc.w"] + w["fc.b"]


def losses_of(network, record, images, labels):
    weights = {name: torch.from_numpy(array.copy()).requires_grad_()
               for name, array in record.items() if "." in name}
    adam = torch.optim.Adam(weights.values(), lr=1e-3)
    losses = []
    for batch in record["order"].astype(np.int64):
        loss = F.cross_entropy(network(weights, images[batch]), labels[batch])
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(loss.item())
    return np.array(losses)


def main():
    program, data = sys.argv[1:]
    images = torch.from_numpy(np.load(f"{data}/train_images.npy"))
    labels = torch.from_numpy(np.load(f"{data}/train_labels.npy")).long()
    bad = False
    for name, network in (("mlp", mlp), ("cnn", cnn)):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "record.npz")
            subprocess.run([program, name, data, str(EPOCHS), "1", path], check=True)
            record = dict(np.load(path))
        got, want = record["losses"], losses_of(network, record, images, labels)
        assert len(got) == EPOCHS * 22 and got[-1] < got[0] - 0.3, got
        errors = np.abs(got - want) / (1 + np.abs(want))
        ok = errors.max() <= TOLERANCE and errors[0] <= 1e-6
        print(f"{'ok  ' if ok else 'FAIL'} {name}: first {errors[0]:.2g}, largest {errors.max():.2g} (at most {TOLERANCE})")
        bad |= not ok
    sys.exit(bad)


main()
