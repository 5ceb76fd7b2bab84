"""What the recorders share: .lt text of tensors, and the cases collected so far."""
import json
import math
import pathlib

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

torch.set_default_dtype(torch.float64)
here = pathlib.Path(__file__).parent
cases = {}


# ---- writing .lt ------------------------------------------------------------------------------------

def number(value):
    if isinstance(value, bool) or value in (True, False) and not isinstance(value, (int, float)):
        return "true" if value else "false"
    return repr(value)


def literal(array):
    """A tensor as .lt: stack([...]) in its shape."""
    array = np.asarray(array)
    if array.ndim == 0:
        return number(array.item())
    flat = "stack([" + ", ".join(number(v) for v in array.reshape(-1).tolist()) + "])"
    flat = f"i32({flat})" if array.dtype.kind == "i" else flat
    return flat if array.ndim == 1 else f"reshape({flat}, {list(array.shape)})"


def value(v):
    """A keyword's value as .lt."""
    if v is None:
        return "none"
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, str):
        return '"' + v + '"'
    if isinstance(v, (list, tuple)):
        return "[" + ", ".join(value(x) for x in v) + "]"
    if isinstance(v, (torch.Tensor, np.ndarray)):
        return literal(v.detach().numpy() if isinstance(v, torch.Tensor) else v)
    return repr(v)


def shape(array):
    return "f32" + (str(list(np.shape(array))) if np.ndim(array) else "")


KEEP = "optimizer keep_gradient() { update(p, g) { p = g } }\n"
TRAINER = 'trainer {{ max_steps = {steps}; precision = "64-true"; log_every_n_steps = 1; loggers = [csv()] }}\n'


def listed(array):
    array = np.asarray(array, dtype=float)
    return {"shape": list(array.shape), "data": array.reshape(-1).tolist()}


def add(theme, name, spec, tensors=None, log=None, files=None, tolerance=1e-9, absolute=1e-12, **more):
    group = cases.setdefault(theme, [])
    assert name not in [c["name"] for c in group], name
    case = {"name": name, "spec": spec, "tolerance": tolerance, "absolute": absolute}
    if tensors:
        case["tensors"] = {k: listed(v) for k, v in tensors.items()}
    if log:
        case["log"] = log
    if files:
        case["files"] = files
    case.update(more)
    group.append(case)


def draw(seed, *sizes, scale=1.0):
    return torch.from_numpy(np.asarray(np.round(np.random.default_rng(seed).normal(size=sizes) * scale, 4)))


def graph_case(theme, name, inputs, call, torch_call, module=None, layer=None, before="", local="", **options):
    """inputs: tensors whose gradients count; call: .lt for y; torch_call(inputs, module): the same in torch."""
    leaves = {k: v.clone().requires_grad_(True) for k, v in inputs.items()}
    members = [f"    param {k}: {shape(v)} = {literal(v)}" for k, v in inputs.items()]
    tensors = {}
    if module is not None:
        given = "".join(f", {k} = {literal(v.detach().numpy())}" for k, v in module.named_parameters())
        if any("." in k for k, _ in module.named_parameters()):        # of layers inside: no keyword, but a file
            given = ', weights = safetensors("weights.safetensors")'
            options["weights"] = {k: listed(v.detach().numpy()) for k, v in module.named_parameters()}
        frozen = "" if module.training else ", frozen = true"
        buffers = "".join(f", {k} = {literal(v.numpy())}" for k, v in module.named_buffers() if v.dim()) if not module.training else ""
        if not layer.endswith("("):
            inner = layer[:-1] + given + buffers + frozen + ")"
        else:
            inner = layer + (given + frozen)[2:] + ")"
        members.append(f"    part = {inner}")
    y = torch_call(leaves, module)
    c = draw(99, *y.shape)
    (y * c).sum().backward()
    for k, v in leaves.items():
        tensors[k] = v.grad if v.grad is not None else torch.zeros_like(v)
    if module is not None and module.training:
        for k, v in module.named_parameters():
            tensors["part." + k] = v.grad if v.grad is not None else torch.zeros_like(v)
        for k, v in module.named_buffers():
            if v.dim():
                tensors["part." + k] = v
    tensors["y"] = y.detach()
    spec = (
        "model Case() {\n" + "\n".join(members) + "\n"
        f"    buffer y: {shape(y.detach())} = zeros\n"
        "    training_step() {\n" + local +
        f"        y = {call}\n"
        f"        minimize sum(y * {literal(c)})\n"
        "    }\n"
        "    optimizer = keep_gradient()\n"
        "}\n\n" + KEEP + before + TRAINER.format(steps=1))
    add(theme, name, spec, {k: v.detach().numpy() if isinstance(v, torch.Tensor) else v for k, v in tensors.items()}, **options)


def write():
    """Writes each theme that has cases to a file of its own."""
    total = 0
    for theme, group in cases.items():
        shared = {}
        for case in group:                      # the metrics share their files
            if "files" in case and theme == "metrics":
                shared = case.pop("files")
        text = json.dumps({"files": shared, "cases": group}, separators=(",", ":"))
        text = text.replace('{"name":', '\n{"name":')
        (here / f"{theme}.json").write_text(text + "\n")
        total += len(text)
        print(f"{theme}: {len(group)} cases, {len(text) // 1024} KiB")
    print(f"{sum(map(len, cases.values()))} cases, {total // 1024} KiB; torch {torch.__version__}")
