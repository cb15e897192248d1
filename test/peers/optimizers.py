"""optimizers.py CASES.npz: 1,000 updates, schedules and the loss scaler of peers-cases by PyTorch."""
import torch
from torch.optim import SGD, Adam, AdamW, lr_scheduler

from peers import Cases

case = Cases()
RULES = {
    "sgd": lambda p: SGD(p, lr=1e-3),
    "sgd_momentum": lambda p: SGD(p, lr=1e-3, momentum=0.9, dampening=0.3, weight_decay=0.01),
    "sgd_nesterov": lambda p: SGD(p, lr=1e-3, momentum=0.9, nesterov=True),
    "adam": lambda p: Adam(p),
    "adam_amsgrad": lambda p: Adam(p, weight_decay=0.01, amsgrad=True),
    "adamw": lambda p: AdamW(p),
    "adamw_fast": lambda p: AdamW(p, lr=0.01, betas=(0.8, 0.95), amsgrad=True),
}
# f32 parameters of size 1 round a thousand times.
TOLERANCES = {"f32": 1e-6, "f64": 1e-13}

for name, rule in RULES.items():
    for dtype, tolerance in TOLERANCES.items():
        kind = torch.float32 if dtype == "f32" else torch.float64
        p = case("optim/start").to(kind).requires_grad_()
        optimizer = rule([p])
        for t, gradient in enumerate(case("optim/gradients").to(kind), 1):
            p.grad = gradient
            optimizer.step()
            if t in (10, 100, 1000):
                case.compare(f"optim/{name}/{dtype}/{t}", p, tolerance)

SCHEDULES = {
    "linear": lambda o: lr_scheduler.LinearLR(o, 1, 0.1, 20),
    "step": lambda o: lr_scheduler.StepLR(o, 7, 0.5),
    "exponential": lambda o: lr_scheduler.ExponentialLR(o, 0.9),
    "cosine": lambda o: lr_scheduler.CosineAnnealingLR(o, 49, 0.01),
    "one_cycle": lambda o: lr_scheduler.OneCycleLR(o, 0.1, 50),
}
for name, make in SCHEDULES.items():
    optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    schedule, rates = make(optimizer), []
    for _ in range(50):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(rates) < 50:
            schedule.step()
    case.compare(f"schedule/{name}", rates, 1e-7)

scaler = torch.tensor(65536.0)
streak = torch.tensor(0, dtype=torch.int32)
scales = []
for finite in case("loss_scaler/finite"):
    torch._amp_update_scale_(scaler, streak, torch.tensor(float(not finite)), 2.0, 0.5, 3)
    scales.append(float(scaler))
case.compare("loss_scaler/scales", scales, 0)

case.finish(least=48)
