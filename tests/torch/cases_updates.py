"""Optimisers over ten updates, and schedules over the steps of a run."""
import math

import numpy as np
import torch

from cases import TRAINER, add, draw, literal, shape, value


# ---- optimisers -------------------------------------------------------------------------------------

def optimizer_case(name, call, make, steps=10):
    w, b = draw(61, 3, 4).requires_grad_(True), draw(62, 4).requires_grad_(True)
    a, c, d = draw(63, 3, 4).abs(), draw(64, 3, 4), draw(65, 4)
    start_w, start_b = literal(w.detach()), literal(b.detach())
    matrix_only = name.startswith("muon")
    step = make([w] if matrix_only else [w, b])
    for _ in range(steps):
        w.grad = b.grad = None
        loss = (a * (w - c) ** 2).sum() + (torch.sin(b) * d).sum() + (w.sum(0) * b).sum() * 0.1
        loss.backward()
        step()
    over = f"    optimizer = {call} over rank == 2\n    optimizer = sgd(lr = 0)\n" if matrix_only else f"    optimizer = {call}\n"
    spec = (
        "model Case() {\n"
        f"    param w: f32[3, 4] = {start_w}\n    param b: f32[4] = {start_b}\n"
        "    training_step() {\n"
        f"        minimize sum({literal(a)} * (w - {literal(c)})^2) + sum(sin(b) * {literal(d)}) + sum(sum(w, axis = 0) * b) * 0.1\n"
        "    }\n" + over + "}\n\n" + TRAINER.format(steps=steps))
    add("optimizers", name, spec, {"w": w.detach().numpy(), "b": b.detach().numpy()})


def optimizers():
    def builtin(cls, **keywords):
        def make(params):
            o = cls(params, foreach=False, **keywords) if cls is not torch.optim.Muon else cls(params, **keywords)
            return o.step
        return make

    def one(name, lt, cls, **keywords):
        args = ", ".join(f"{k} = {tuple_of(v)}" for k, v in keywords.items())
        optimizer_case(name, f"{lt}({args})", builtin(cls, **keywords))

    def tuple_of(v):
        return "(" + ", ".join(value(x) for x in v) + ")" if isinstance(v, tuple) else value(v)

    o = torch.optim
    one("sgd", "sgd", o.SGD, lr=0.05)
    one("sgd_default", "sgd", o.SGD)
    one("sgd_momentum", "sgd", o.SGD, lr=0.05, momentum=0.9)
    one("sgd_dampening", "sgd", o.SGD, lr=0.05, momentum=0.9, dampening=0.3)
    one("sgd_nesterov", "sgd", o.SGD, lr=0.05, momentum=0.8, nesterov=True)
    one("sgd_decay_maximize", "sgd", o.SGD, lr=0.01, momentum=0.5, weight_decay=0.1, maximize=True)
    one("adam", "adam", o.Adam)
    one("adam_all", "adam", o.Adam, lr=0.02, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1)
    one("adam_amsgrad", "adam", o.Adam, lr=0.1, betas=(0.5, 0.7), amsgrad=True)
    one("adam_maximize", "adam", o.Adam, lr=0.02, maximize=True)
    one("adamw", "adamw", o.AdamW)
    one("adamw_all", "adamw", o.AdamW, lr=0.02, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.3)
    one("adamw_amsgrad", "adamw", o.AdamW, lr=0.1, betas=(0.5, 0.7), amsgrad=True, maximize=True)
    one("rmsprop", "rmsprop", o.RMSprop)
    one("rmsprop_all", "rmsprop", o.RMSprop, lr=0.005, alpha=0.9, eps=1e-4, weight_decay=0.1, momentum=0.7, centered=True)
    one("rmsprop_maximize", "rmsprop", o.RMSprop, lr=0.005, centered=True, maximize=True)
    one("adagrad", "adagrad", o.Adagrad)
    one("adagrad_all", "adagrad", o.Adagrad, lr=0.1, lr_decay=0.05, weight_decay=0.1, initial_accumulator_value=0.3, eps=1e-4, maximize=True)
    one("adadelta", "adadelta", o.Adadelta)
    one("adadelta_all", "adadelta", o.Adadelta, lr=0.5, rho=0.8, eps=1e-3, weight_decay=0.1, maximize=True)
    one("nadam", "nadam", o.NAdam)
    one("nadam_all", "nadam", o.NAdam, lr=0.02, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.1, momentum_decay=0.02)
    one("nadam_decoupled", "nadam", o.NAdam, lr=0.02, weight_decay=0.1, decoupled_weight_decay=True, maximize=True)
    one("radam", "radam", o.RAdam)
    one("radam_all", "radam", o.RAdam, lr=0.02, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.1)
    one("radam_decoupled", "radam", o.RAdam, lr=0.02, weight_decay=0.1, decoupled_weight_decay=True, maximize=True)
    one("adamax", "adamax", o.Adamax)
    one("adamax_all", "adamax", o.Adamax, lr=0.02, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1, maximize=True)
    one("rprop", "rprop", o.Rprop)
    one("rprop_all", "rprop", o.Rprop, lr=0.1, etas=(0.4, 1.5), step_sizes=(1e-3, 0.3), maximize=True)
    one("adafactor", "adafactor", o.Adafactor, eps=(1e-7, 1e-3))
    one("adafactor_all", "adafactor", o.Adafactor, lr=0.5, beta2_decay=-0.6, eps=(1e-5, 0.2), d=1.2, weight_decay=0.1, maximize=True)

    # PyTorch's Muon iterates in bfloat16; in float64 it is its own source with that one cast left out.
    import inspect
    import torch.optim._muon as muon
    exact = inspect.getsource(muon._zeropower_via_newtonschulz).replace("grad.to(dtype=torch.bfloat16, copy=True)", "grad.clone()")
    exec(exact, muon.__dict__)
    one("muon", "muon", o.Muon)
    one("muon_all", "muon", o.Muon, lr=0.02, weight_decay=0.3, momentum=0.8, nesterov=False, ns_coefficients=(3.0, -3.2, 1.2), eps=1e-3, ns_steps=3)

    # No reference in PyTorch: the papers' formulas.
    def lion(params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        state = [torch.zeros_like(p) for p in params]

        def step():
            with torch.no_grad():
                for p, m in zip(params, state):
                    update = (betas[0] * m + (1 - betas[0]) * p.grad).sign()
                    p.mul_(1 - lr * weight_decay).sub_(lr * update)
                    m.mul_(betas[1]).add_((1 - betas[1]) * p.grad)
        return step

    def lamb(params, lr=1e-3, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.01):
        state = [(torch.zeros_like(p), torch.zeros_like(p)) for p in params]
        count = [0]

        def step():
            count[0] += 1
            with torch.no_grad():
                for p, (m, v) in zip(params, state):
                    m.mul_(betas[0]).add_((1 - betas[0]) * p.grad)
                    v.mul_(betas[1]).add_((1 - betas[1]) * p.grad ** 2)
                    u = m / (1 - betas[0] ** count[0]) / ((v / (1 - betas[1] ** count[0])).sqrt() + eps) + weight_decay * p
                    p.sub_(lr * p.norm() / u.norm() * u)
        return step

    optimizer_case("lion", "lion()", lambda params: lion(params))
    optimizer_case("lion_all", "lion(lr = 0.02, betas = (0.7, 0.9), weight_decay = 0.1)", lambda params: lion(params, 0.02, (0.7, 0.9), 0.1))
    optimizer_case("lamb", "lamb()", lambda params: lamb(params))
    optimizer_case("lamb_all", "lamb(lr = 0.02, betas = (0.7, 0.9), eps = 1e-3, weight_decay = 0.1)", lambda params: lamb(params, 0.02, (0.7, 0.9), 1e-3, 0.1))


# ---- schedules --------------------------------------------------------------------------------------

SPY = "optimizer spy(lr) { update(p, g, t) { p = p + lr * f32(i32(0..%d) == t - 1) } }\n"


def schedules():
    import warnings
    warnings.simplefilter("ignore")
    s = torch.optim.lr_scheduler

    def rates(make, steps):
        p = torch.zeros(1, requires_grad=True)
        optimizer = torch.optim.SGD([p], lr=0.5, momentum=0.9)
        schedule = make(optimizer)
        seen = []
        for _ in range(steps):
            seen.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
        return seen

    def one(name, call, seen):
        n = len(seen)
        spec = (f"model Case() {{\n    param seen: f32[{n}] = zeros\n"
                "    training_step() { minimize sum(seen) }\n"
                f"    optimizer = spy(lr = {call})\n}}\n\n" + SPY % n + TRAINER.format(steps=n))
        add("schedules", name, spec, {"seen": np.array(seen)})

    one("constant", "constant(0.5)", [0.5] * 5)
    one("constant_factor", "constant(0.5, factor = 0.25, total_iters = 3)", rates(lambda o: s.ConstantLR(o, 0.25, 3), 6))
    one("step", "step(0.5, step_size = 3)", rates(lambda o: s.StepLR(o, 3), 12))
    one("step_gamma", "step(0.5, step_size = 4 steps, gamma = 0.3)", rates(lambda o: s.StepLR(o, 4, 0.3), 12))
    one("sequential", "sequential([linear_factor(0.5, start_factor = 0.25, total_iters = 4), cosine(0.5, T_max = 6), step(0.5, step_size = 2)], milestones = [4, 9])",
        rates(lambda o: s.SequentialLR(o, [s.LinearLR(o, 0.25, total_iters=4), s.CosineAnnealingLR(o, 6), s.StepLR(o, 2)], [4, 9]), 12))
    one("multi_step", "multi_step(0.5, milestones = [2, 5, 9], gamma = 0.3)", rates(lambda o: s.MultiStepLR(o, [2, 5, 9], 0.3), 12))
    one("exponential", "exponential(0.5, gamma = 0.8)", rates(lambda o: s.ExponentialLR(o, 0.8), 12))
    one("linear_factor", "linear_factor(0.5)", rates(lambda o: s.LinearLR(o), 8))
    one("linear_factor_all", "linear_factor(0.5, start_factor = 0.1, end_factor = 0.7, total_iters = 6)", rates(lambda o: s.LinearLR(o, 0.1, 0.7, 6), 9))
    one("cosine", "cosine(0.5)", rates(lambda o: s.CosineAnnealingLR(o, 12), 12))
    one("cosine_all", "cosine(start = 0.5, T_max = 8, eta_min = 0.1)", rates(lambda o: s.CosineAnnealingLR(o, 8, 0.1), 8))
    one("cosine_restarts", "cosine_restarts(0.5, T_0 = 4)", rates(lambda o: s.CosineAnnealingWarmRestarts(o, 4), 13))
    one("cosine_restarts_all", "cosine_restarts(0.5, T_0 = 2, T_mult = 3, eta_min = 0.1)", rates(lambda o: s.CosineAnnealingWarmRestarts(o, 2, 3, 0.1), 30))
    one("polynomial", "polynomial(0.5)", rates(lambda o: s.PolynomialLR(o, 12), 12))
    one("polynomial_all", "polynomial(0.5, total_iters = 8, power = 2.5)", rates(lambda o: s.PolynomialLR(o, 8, 2.5), 12))
    one("one_cycle", "one_cycle(0.5)", rates(lambda o: s.OneCycleLR(o, 0.5, total_steps=20, cycle_momentum=False), 19) + [0.5 / 25 / 1e4])
    one("one_cycle_all", 'one_cycle(max_lr = 0.5, total_steps = 21, pct_start = 0.4, anneal_strategy = "linear", div_factor = 10.0, final_div_factor = 100.0)',
        rates(lambda o: s.OneCycleLR(o, 0.5, total_steps=21, pct_start=0.4, anneal_strategy="linear", div_factor=10.0, final_div_factor=100.0, cycle_momentum=False), 20))
    one("one_cycle_three", "one_cycle(max_lr = 0.5, total_steps = 21, three_phase = true)",
        rates(lambda o: s.OneCycleLR(o, 0.5, total_steps=21, three_phase=True, cycle_momentum=False), 20))
    one("cyclic", "cyclic(base_lr = 0.1, max_lr = 0.5, step_size_up = 4)", rates(lambda o: s.CyclicLR(o, 0.1, 0.5, 4, cycle_momentum=False), 20))
    one("cyclic_2", 'cyclic(0.1, 0.5, step_size_up = 4, step_size_down = 2, mode = "triangular2")',
        rates(lambda o: s.CyclicLR(o, 0.1, 0.5, 4, 2, "triangular2", cycle_momentum=False), 20))
    one("cyclic_exp", 'cyclic(0.1, 0.5, step_size_up = 3, mode = "exp_range", gamma = 0.9)',
        rates(lambda o: s.CyclicLR(o, 0.1, 0.5, 3, None, "exp_range", 0.9, cycle_momentum=False), 20))

    def formula(name, call, f, n=12):
        one(name, call, [f(k) for k in range(n)])
    formula("linear_warmup", "linear_warmup(0.5, warmup = 4)", lambda k: 0.5 * min(k / 4, 1))
    formula("warmup_cosine", "warmup_cosine(peak = 0.5, warmup = 4)", lambda k: 0.5 * k / 4 if k < 4 else 0.5 * (1 + math.cos(math.pi * (k - 4) / 8)) / 2)
    formula("warmup_cosine_all", "warmup_cosine(0.5, 3 steps, floor = 0.1, total = 15)",
            lambda k: 0.5 * k / 3 if k < 3 else 0.1 + 0.4 * (1 + math.cos(math.pi * (k - 3) / 12)) / 2)
    formula("warmup_linear", "warmup_linear(0.5, warmup = 4)", lambda k: 0.5 * k / 4 if k < 4 else 0.5 * (1 - (k - 4) / 8))
    formula("inverse_sqrt", "inverse_sqrt(0.5, warmup = 4)", lambda k: 0.5 * min((k + 1) / 4, math.sqrt(4 / (k + 1))))
    formula("noam", "noam(dim = 16, warmup = 4, factor = 2.0)", lambda k: 2 * 16 ** -0.5 * min((k + 1) ** -0.5, (k + 1) * 4 ** -1.5))

    losses_seen = [3.0, 2.9, 2.9, 2.89999, 2.95, 2.5, 2.6, 2.6, 2.6, 2.6, 2.6, 2.4, 2.45, 2.45, 2.45, 2.45]

    def plateau(name, call, **keywords):
        p = torch.zeros(1, requires_grad=True)
        optimizer = torch.optim.SGD([p], lr=0.5)
        schedule = s.ReduceLROnPlateau(optimizer, **keywords)
        sign = -1 if keywords.get("mode") == "max" else 1
        seen = []
        for loss in losses_seen:
            seen.append(optimizer.param_groups[0]["lr"])
            schedule.step(sign * loss + (6 if sign < 0 else 0))
        n = len(losses_seen)
        table = literal(np.array([sign * v + (6 if sign < 0 else 0) for v in losses_seen]))
        spec = (
            'data Rows {\n    source = npy(a = "a.npy")\n    split = (train = 2, val = 2)\n    batch = 2\n    sample(a: f64) { x = f32(a) }\n}\n\n'
            f"model Case() {{\n    param seen: f32[{n}] = zeros\n"
            "    training_step(x) { minimize sum(seen) + 0 * sum(x) }\n"
            f"    validation_step(x) {{ log val_loss = sum({table} * f32(i32(0..{n}) == trainer.step - 1)) + 0 * sum(x) }}\n"
            f"    optimizer = spy(lr = {call})\n}}\n\n" + SPY % n +
            f'trainer {{ max_epochs = {n}; num_sanity_val_steps = 0; precision = "64-true"; log_every_n_steps = 1; loggers = [csv()] }}\n')
        add("schedules", name, spec, {"seen": np.array(seen)}, files={"a.npy": {"dtype": "float64", "shape": [4], "data": [1.0, 2.0, 3.0, 4.0]}})

    plateau("reduce_on_plateau", 'reduce_on_plateau(0.5, monitor = "val_loss", patience = 2)', patience=2)
    plateau("reduce_on_plateau_all", 'reduce_on_plateau(0.5, monitor = "val_loss", factor = 0.3, patience = 1, threshold = 0.05, threshold_mode = "abs", cooldown = 2, min_lr = 0.02)',
            factor=0.3, patience=1, threshold=0.05, threshold_mode="abs", cooldown=2, min_lr=0.02)
    plateau("reduce_on_plateau_max", 'reduce_on_plateau(0.5, monitor = "val_loss", mode = "max", patience = 1)', mode="max", patience=1)


def record():
    optimizers()
    schedules()
