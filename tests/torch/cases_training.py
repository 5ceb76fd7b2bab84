"""How whole models train.

Weights and inputs start from a formula that both sides compute, wave(k): scale * sin(0.9 * i + k) over the
elements i of a tensor. A case trains for some steps; its log must hold each loss, its checkpoint the weights.
"""
import math

import torch
import torch.nn.functional as F
from torch import nn

from cases import TRAINER, add, literal

WAVE = """
fn wave(k, scale = 0.5) = fill(fn(shape) {
    n = 1
    for s in shape { n = n * s }
    reshape(scale * sin(0.9 * f32(0..n) + k), shape)
})
"""


def wave(k, *sizes, scale=0.5):
    n = math.prod(sizes)
    return (scale * torch.sin(0.9 * torch.arange(n, dtype=torch.float64) + k)).reshape(sizes)


def fill(module, table):
    """Gives each parameter named in `table` its wave; table: name -> (k, scale) or k."""
    own = dict(module.named_parameters())
    assert set(table) <= set(own), set(table) - set(own)
    with torch.no_grad():
        for name, k in table.items():
            k, scale = k if isinstance(k, tuple) else (k, 0.5)
            own[name].copy_(wave(k, *own[name].shape, scale=scale))
    return module


def state(module, rename=lambda n: n):
    return {rename(k): v.detach().numpy() for k, v in module.state_dict().items() if "num_batches" not in k}


def case(name, spec, losses, tensors, steps, trainer="", tolerance=1e-8, **more):
    head = TRAINER.format(steps=steps)
    if trainer:
        head = head.replace("log_every", trainer + "; log_every")
    add("training", name, spec.strip("\n") + "\n" + WAVE + "\n" + head, tensors, log=losses, tolerance=tolerance, absolute=1e-10, **more)


def train(steps, optimizers, loss_of, before=None, after=None):
    seen = []
    for k in range(steps):
        if before:
            before(k)
        loss = loss_of()
        for o in optimizers:
            o.zero_grad()
        loss.backward()
        if after:
            after()
        for o in optimizers:
            o.step()
        seen.append(loss.item())
    return seen


# ---- a residual convnet with batch normalisation, label smoothing, groups, a schedule -----------------------

def residual():
    class Block(nn.Module):
        def __init__(self, a, b, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(a, b, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(b)
            self.conv2 = nn.Conv2d(b, b, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(b)
            self.skip = nn.Conv2d(a, b, 1, stride, bias=False) if stride != 1 or a != b else nn.Identity()

        def forward(self, x):
            y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
            return F.relu(y + self.skip(x))

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Conv2d(2, 3, 3, padding=1)
            self.blocks = nn.Sequential(Block(3, 3, 1), Block(3, 4, 2), Block(4, 4, 1))
            self.fc = nn.Linear(4, 3)

        def forward(self, x):
            return self.fc(self.blocks(self.stem(x)).mean((2, 3)))

    net = fill(Net(), {"stem.weight": 1, "stem.bias": 2, "fc.weight": 3, "fc.bias": 4,
                       **{f"blocks.{i}.conv1.weight": 10 + i for i in range(3)}, **{f"blocks.{i}.conv2.weight": 20 + i for i in range(3)},
                       "blocks.1.skip.weight": 30})
    x, y = wave(50, 6, 2, 6, 5, scale=1.0), torch.tensor([0, 2, 1, 1, 0, 2])
    matrices = [p for p in net.parameters() if p.dim() > 1]
    vectors = [p for p in net.parameters() if p.dim() < 2]
    o = torch.optim.SGD([{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}], lr=0.1, momentum=0.9, nesterov=True)
    steps = 8

    def rate(k):
        for g in o.param_groups:
            g["lr"] = 0.1 * k / 3 if k < 3 else 0.1 * (1 + math.cos(math.pi * (k - 3) / (steps - 3))) / 2
    seen = train(steps, [o], lambda: F.cross_entropy(net(x), y, label_smoothing=0.1), before=rate)
    spec = f"""
layer Block(in: int, out: int, stride: int, k: int) {{
    conv1 = conv2d(in, out, 3, stride = stride, padding = 1, bias = none, weight = wave(10 + k))
    bn1   = batch_norm(out)
    conv2 = conv2d(out, out, 3, padding = 1, bias = none, weight = wave(20 + k))
    bn2   = batch_norm(out)
    skip  = conv2d(in, out, 1, stride = stride, bias = none, weight = wave(29 + k)) when stride != 1 or in != out else identity
    forward(x: f32[B, in, H, W]) -> f32[B, out, _, _] {{
        y = x |> conv1 |> bn1 |> relu |> conv2 |> bn2
        relu(y + skip(x))
    }}
}}

model Residual(table: [(int, int, int)] = [(3, 3, 1), (3, 4, 2), (4, 4, 1)]) {{
    stem   = conv2d(2, 3, 3, padding = 1, weight = wave(1), bias = wave(2))
    blocks = [Block(a, b, stride, i) for i, (a, b, stride) in enumerate(table)]
    fc     = linear(4, 3, weight = wave(3), bias = wave(4))
    forward(x: f32[B, 2, H, W]) -> f32[B, 3] {{ x |> stem |> blocks |> mean(axis = (2, 3)) |> fc }}
    training_step() {{
        x = wave(50, scale = 1.0)[6, 2, 6, 5]
        loss = cross_entropy(forward(x), {literal(y)}, label_smoothing = 0.1)
        log loss
        minimize loss
    }}
    optimizer = sgd(lr = warmup_cosine(peak = 0.1, warmup = 3), momentum = 0.9, nesterov = true, weight_decay = 0.1) {{
        group rank < 2 {{ weight_decay = 0 }}
    }}
}}
"""
    case("residual", spec, {"loss": seen[-1]}, state(net), steps)


# ---- a convolutional autoencoder, gradients clipped by norm ---------------------------------------------

def autoencoder():
    net = fill(nn.Sequential(nn.Conv2d(1, 3, 3, 2, 1), nn.ReLU(), nn.Conv2d(3, 4, 3, 2, 1), nn.Flatten(), nn.Linear(16, 5),
                             nn.Linear(5, 16), nn.Unflatten(1, (4, 2, 2)), nn.ConvTranspose2d(4, 3, 4, 2, 1), nn.SiLU(), nn.ConvTranspose2d(3, 1, 4, 2, 1), nn.Sigmoid()),
               {"0.weight": 1, "0.bias": 2, "2.weight": 3, "2.bias": 4, "4.weight": 5, "4.bias": 6, "5.weight": 7, "5.bias": 8,
                "7.weight": 9, "7.bias": 10, "9.weight": 11, "9.bias": 12})
    x = wave(50, 5, 1, 8, 8).abs()
    o = torch.optim.Adam(net.parameters(), lr=0.02)
    seen = train(8, [o], lambda: F.mse_loss(net(x), x), after=lambda: nn.utils.clip_grad_norm_(net.parameters(), 0.02))
    spec = """
model Autoencoder() {
    net = [conv2d(1, 3, 3, stride = 2, padding = 1, weight = wave(1), bias = wave(2)), relu,
           conv2d(3, 4, 3, stride = 2, padding = 1, weight = wave(3), bias = wave(4)), flatten(_, start_dim = 1),
           linear(16, 5, weight = wave(5), bias = wave(6)), linear(5, 16, weight = wave(7), bias = wave(8)), reshape(_, [5, 4, 2, 2]),
           conv_transpose2d(4, 3, 4, stride = 2, padding = 1, weight = wave(9), bias = wave(10)), silu,
           conv_transpose2d(3, 1, 4, stride = 2, padding = 1, weight = wave(11), bias = wave(12)), sigmoid]
    training_step() {
        x = abs(wave(50)[5, 1, 8, 8])
        loss = mse(net(x), x)
        log loss
        minimize loss
    }
    optimizer = adam(lr = 0.02)
}
"""
    case("autoencoder", spec, {"loss": seen[-1]}, state(net, lambda n: "net." + n), 8, trainer="gradient_clip_val = 0.02", tolerance=1e-6)


# ---- a mixer: layers in layers in a list --------------------------------------------------------------------

def mixer():
    class Mlp(nn.Module):
        def __init__(self, dim, hidden):
            super().__init__()
            self.up, self.down = nn.Linear(dim, hidden), nn.Linear(hidden, dim)

        def forward(self, x):
            return self.down(F.gelu(self.up(x)))

    class Mixer(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.across, self.norm2, self.channels = nn.LayerNorm(6), Mlp(4, 8), nn.LayerNorm(6), Mlp(6, 5)

        def forward(self, x):
            x = x + self.across(self.norm1(x).mT).mT
            return x + self.channels(self.norm2(x))

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.blocks, self.norm, self.head = nn.Linear(3, 6), nn.Sequential(Mixer(), Mixer()), nn.RMSNorm(6, eps=1e-6), nn.Linear(6, 2)

        def forward(self, x):
            return self.head(self.norm(self.blocks(self.embed(x))).mean(1))

    table = {"embed.weight": 1, "embed.bias": 2, "head.weight": 3, "head.bias": 4}
    for i in range(2):
        for j, part in enumerate(("across", "channels")):
            for k, inner in enumerate(("up", "down")):
                table[f"blocks.{i}.{part}.{inner}.weight"] = 10 * (i + 1) + 2 * j + k
    net = fill(Net(), table)
    with torch.no_grad():
        for name, p in net.named_parameters():
            if name.endswith("up.bias") or name.endswith("down.bias"):
                p.zero_()
    x, y = wave(50, 5, 4, 3, scale=1.0), wave(60, 5, 2, scale=1.0)
    o = torch.optim.AdamW(net.parameters(), lr=0.01, weight_decay=0.2, betas=(0.9, 0.98))
    seen = train(10, [o], lambda: F.huber_loss(net(x), y, delta=0.4))
    spec = """
layer Mlp(dim: int, hidden: int, k: int) {
    up   = linear(dim, hidden, weight = wave(k), bias = zeros)
    down = linear(hidden, dim, weight = wave(k + 1), bias = zeros)
    forward(x: f32[.., dim]) -> f32[.., dim] { x |> up |> gelu |> down }
}

layer Mixer(tokens: int, dim: int, k: int) {
    norm1    = layer_norm(dim)
    across   = Mlp(tokens, 8, k)
    norm2    = layer_norm(dim)
    channels = Mlp(dim, 5, k + 2)
    forward(x: f32[B, tokens, dim]) -> f32[B, tokens, dim] {
        x = x + across(norm1(x).T).T
        x + channels(norm2(x))
    }
}

model Net() {
    embed  = linear(3, 6, weight = wave(1), bias = wave(2))
    blocks = [Mixer(4, 6, 10 * (i + 1)) for i in 0..2]
    norm   = rms_norm(6, eps = 1e-6)
    head   = linear(6, 2, weight = wave(3), bias = wave(4))
    training_step() {
        x = wave(50, scale = 1.0)[5, 4, 3]
        loss = huber(x |> embed |> blocks |> norm |> mean(axis = 1) |> head, wave(60, scale = 1.0)[5, 2], delta = 0.4)
        log loss
        minimize loss
    }
    optimizer = adamw(lr = 0.01, weight_decay = 0.2, betas = (0.9, 0.98))
}
"""
    case("mixer", spec, {"loss": seen[-1]}, state(net), 10)


# ---- two inputs, two losses with learned weights, a tied table ----------------------------------------------

def two_losses():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(5, 3)
            self.trunk = nn.Sequential(nn.Linear(7, 6), nn.Mish())
            self.value, self.word = nn.Linear(6, 1), nn.Linear(6, 3)
            self.log_var = nn.Parameter(torch.zeros(2))

    net = fill(Net(), {"table.weight": 1, "trunk.0.weight": 2, "trunk.0.bias": 3, "value.weight": 4, "value.bias": 5, "word.weight": 6, "word.bias": 7})
    ids, numbers = torch.tensor([3, 0, 4, 1, 3, 2]), wave(50, 6, 4, scale=1.0)
    target, next_ids = wave(60, 6, scale=1.0), torch.tensor([1, 1, 0, 4, 2, 3])
    o = torch.optim.RMSprop(net.parameters(), lr=0.01, alpha=0.9, momentum=0.5)

    def loss_of():
        h = net.trunk(torch.cat([net.table(ids), numbers], -1))
        a = F.smooth_l1_loss(net.value(h)[:, 0], target)
        b = F.cross_entropy(net.word(h) @ net.table.weight.T, next_ids)
        return (torch.exp(-net.log_var) * torch.stack([a, b]) + net.log_var).sum()
    seen = train(9, [o], loss_of)
    spec = f"""
model TwoLosses() {{
    table = embedding(5, 3, weight = wave(1))
    trunk = [linear(7, 6, weight = wave(2), bias = wave(3)), mish]
    value = linear(6, 1, weight = wave(4), bias = wave(5))
    word  = linear(6, 3, weight = wave(6), bias = wave(7))
    head  = linear(3, 5, bias = none, weight = table.weight)            # tied
    param log_var: f32[2] = zeros                                       # Kendall et al.: learned weights of the tasks

    training_step() {{
        ids, numbers = {literal(ids)}, wave(50, scale = 1.0)[6, 4]
        h = concat([table(ids), numbers], axis = -1) |> trunk
        a = smooth_l1(value(h)[:, 0], wave(60, scale = 1.0)[6])
        b = cross_entropy(h |> word |> head, {literal(next_ids)})
        loss = sum(exp(-log_var) * stack([a, b]) + log_var)
        log loss, a, b
        minimize loss
    }}
    optimizer = rmsprop(lr = 0.01, alpha = 0.9, momentum = 0.5)
}}
"""
    case("two_losses", spec, {"loss": seen[-1]}, state(net), 9)


# ---- two networks and two optimisers in one step ------------------------------------------------------------

def adversarial():
    generator = fill(nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 4), nn.Tanh()), {"0.weight": 1, "0.bias": 2, "2.weight": 3, "2.bias": 4})
    critic = fill(nn.Sequential(nn.Linear(4, 6), nn.LeakyReLU(0.2), nn.Linear(6, 1)), {"0.weight": 5, "0.bias": 6, "2.weight": 7, "2.bias": 8})
    z, real = wave(50, 6, 3, scale=1.0), wave(60, 6, 4, scale=1.0)
    og = torch.optim.Adam(generator.parameters(), lr=0.02, betas=(0.5, 0.999))
    oc = torch.optim.Adam(critic.parameters(), lr=0.03, betas=(0.5, 0.9))
    bce = F.binary_cross_entropy_with_logits
    ones, zeros = torch.ones(6, 1), torch.zeros(6, 1)
    for _ in range(8):
        fake = generator(z)
        c_loss = bce(critic(real), ones) + bce(critic(fake.detach()), zeros)
        oc.zero_grad()
        c_loss.backward()
        oc.step()
        g_loss = bce(critic(fake), ones)
        og.zero_grad()
        g_loss.backward()
        og.step()
    spec = """
model Adversarial() {
    generator = [linear(3, 5, weight = wave(1), bias = wave(2)), relu, linear(5, 4, weight = wave(3), bias = wave(4)), tanh]
    critic    = [linear(4, 6, weight = wave(5), bias = wave(6)), leaky_relu(_, 0.2), linear(6, 1, weight = wave(7), bias = wave(8))]

    training_step() {
        real = wave(60, scale = 1.0)[6, 4]
        fake = wave(50, scale = 1.0)[6, 3] |> generator
        c_loss = bce_with_logits(critic(real), 1) + bce_with_logits(critic(stop_gradient(fake)), 0)
        minimize c_loss over critic
        g_loss = bce_with_logits(critic(fake), 1)
        minimize g_loss over generator
        log c_loss, g_loss
    }

    optimizer = adam(lr = 0.02, betas = (0.5, 0.999)) over generator
    optimizer = adam(lr = 0.03, betas = (0.5, 0.9)) over critic
}
"""
    tensors = {**state(generator, lambda n: "generator." + n), **state(critic, lambda n: "critic." + n)}
    case("adversarial", spec, {"c_loss": c_loss.item(), "g_loss": g_loss.item()}, tensors, 8)


# ---- a penalty on a gradient: the second derivative of a network ---------------------------------------------

def penalty():
    net = fill(nn.Sequential(nn.Linear(3, 6), nn.Softplus(), nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 1)),
               {"0.weight": 1, "0.bias": 2, "2.weight": 3, "2.bias": 4, "4.weight": 5, "4.bias": 6})
    x, y = wave(50, 5, 3, scale=1.0), wave(60, 5, scale=1.0)
    o = torch.optim.SGD(net.parameters(), lr=0.05)

    def loss_of():
        v = x.clone().requires_grad_(True)
        out = net(v)[:, 0]
        slope, = torch.autograd.grad(out.sum(), v, create_graph=True)
        return F.mse_loss(out, y) + 0.3 * ((slope.norm(dim=1) - 1) ** 2).mean()
    seen = train(8, [o], loss_of)
    spec = """
model Penalty(weight: float = 0.3) {
    net = [linear(3, 6, weight = wave(1), bias = wave(2)), softplus, linear(6, 4, weight = wave(3), bias = wave(4)), tanh,
           linear(4, 1, weight = wave(5), bias = wave(6))]
    training_step() {
        x     = wave(50, scale = 1.0)[5, 3]
        out   = net(x)[:, 0]
        slope = grad(sum(out), x)
        loss  = mse(out, wave(60, scale = 1.0)[5]) + weight * mean((norm(slope, axis = 1) - 1)^2)
        log loss
        minimize loss
    }
    optimizer = sgd(lr = 0.05)
}
"""
    case("penalty", spec, {"loss": seen[-1]}, state(net, lambda n: "net." + n), 8)


# ---- attention by hand, with a causal mask ------------------------------------------------------------------

def attention():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens, self.positions = nn.Embedding(6, 8), nn.Embedding(5, 8)
            self.qkv, self.proj, self.norm, self.head = nn.Linear(8, 24), nn.Linear(8, 8), nn.LayerNorm(8), nn.Linear(8, 6, bias=False)

        def forward(self, ids):
            x = self.tokens(ids) + self.positions(torch.arange(5))
            q, k, v = (t.reshape(3, 5, 2, 4).transpose(1, 2) for t in self.qkv(self.norm(x)).split(8, -1))
            scores = (q @ k.mT / 2).masked_fill(torch.ones(5, 5).triu(1).bool(), -math.inf)
            y = (scores.softmax(-1) @ v).transpose(1, 2).reshape(3, 5, 8)
            return self.head(x + self.proj(y))

    net = fill(Net(), {"tokens.weight": 1, "positions.weight": 2, "qkv.weight": 3, "qkv.bias": 4, "proj.weight": 5, "proj.bias": 6, "head.weight": 7})
    ids = torch.tensor([[1, 4, 0, 2, 5], [3, 3, 1, 0, 4], [5, 2, 2, 1, 0]])
    after = torch.tensor([[4, 0, 2, 5, 1], [3, 1, 0, 4, 2], [2, 2, 1, 0, 3]])
    o = torch.optim.NAdam(net.parameters(), lr=0.01)
    seen = train(8, [o], lambda: F.cross_entropy(net(ids).reshape(15, 6), after.reshape(15)))
    spec = f"""
layer Attention(dim: int, heads: int) {{
    qkv  = linear(dim, 3 * dim, weight = wave(3), bias = wave(4))
    proj = linear(dim, dim, weight = wave(5), bias = wave(6))
    fn per_head(x) = rearrange(x, "b t (h d) -> b h t d", h = heads)
    forward(x: f32[B, T, dim]) -> f32[B, T, dim] {{
        q, k, v = [per_head(part) for part in x |> qkv |> split(3, axis = -1)]
        scores = q @ k.T / sqrt(dim / heads)
        past   = i32(0..T)[:, _] >= 0..T
        softmax(scores when past else -inf, axis = -1) @ v |> rearrange("b h t d -> b t (h d)") |> proj
    }}
}}

model Net() {{
    tokens    = embedding(6, 8, weight = wave(1))
    positions = embedding(5, 8, weight = wave(2))
    norm      = layer_norm(8)
    attend_to = Attention(8, 2)
    head      = linear(8, 6, bias = none, weight = wave(7))
    forward(ids: i32[B, T]) -> f32[B, T, 6] {{
        x = tokens(ids) + positions(0..T)
        x + (x |> norm |> attend_to) |> head
    }}
    training_step() {{
        loss = cross_entropy(forward({literal(ids)}), {literal(after)})
        log loss
        minimize loss
    }}
    optimizer = nadam(lr = 0.01)
}}
"""
    rename = {"qkv": "attend_to.qkv", "proj": "attend_to.proj"}
    case("attention", spec, {"loss": seen[-1]},
         state(net, lambda n: ".".join([rename.get(n.split(".")[0], n.split(".")[0])] + n.split(".")[1:])), 8)


# ---- what a user writes: layer, loss, optimiser, schedule; a frozen teacher; a target that follows -----------

def custom():
    student, teacher = nn.Module(), fill(nn.Linear(3, 4), {"weight": 5, "bias": 6})
    gate, mix = wave(1, 4, 3), wave(2, 4, 4)
    gate.requires_grad_(True), mix.requires_grad_(True)
    shadow_gate, shadow_mix = gate.detach().clone(), mix.detach().clone()
    x = wave(50, 5, 3, scale=1.0)
    momentum = [torch.zeros_like(gate), torch.zeros_like(mix)]
    seen = []
    for k in range(9):
        h = x @ gate.T
        y = (h * torch.sigmoid(1.5 * h)) @ mix.T
        hs = x @ shadow_gate.T
        follow = (hs * torch.sigmoid(1.5 * hs)) @ shadow_mix.T
        loss = torch.log(torch.cosh(y - teacher(x).detach())).mean() + 0.1 * ((y - follow) ** 2).mean()
        gate.grad = mix.grad = None
        loss.backward()
        rate = 0.2 / (1 + k // 3)
        with torch.no_grad():
            for p, m in zip((gate, mix), momentum):
                m.mul_(0.8).add_(p.grad / (p.grad.abs().mean() + 1e-3))
                p.sub_(rate * m)
            shadow_gate.lerp_(gate, 0.25)
            shadow_mix.lerp_(mix, 0.25)
        seen.append(loss.item())
    spec = """
## A hidden layer with a sharp swish.
layer Sharp(in: int, hidden: int, out: int, slope: float = 1.0) {
    param gate: f32[hidden, in]  = wave(1)
    param mix:  f32[out, hidden] = wave(2)
    forward(x: f32[.., in]) -> f32[.., out] {
        h = x @ gate.T
        (h * sigmoid(slope * h)) @ mix.T
    }
}

fn soft_distance(a, b) = mean(log((exp(a - b) + exp(b - a)) / 2))

optimizer scaled(lr, const keep = 0.9, floor = 1e-3) {
    state m = 0
    update(p, g) {
        m = keep * m + g / (mean(abs(g)) + floor)
        p = p - lr * m
    }
}

schedule harmonic(start, every = 3) {
    at(step) { start / (1 + step // every) }
}

model Custom() {
    student = Sharp(3, 4, 4, slope = 1.5)
    shadow  = copy(student, frozen = true)
    teacher = linear(3, 4, weight = wave(5), bias = wave(6), frozen = true)

    training_step() {
        x = wave(50, scale = 1.0)[5, 3]
        y = student(x)
        loss = soft_distance(y, teacher(x)) + 0.1 * mse(y, shadow(x))
        log loss
        minimize loss
        shadow = lerp(shadow, student, 0.25)
    }
    optimizer = scaled(lr = harmonic(0.2), keep = 0.8)
}
"""
    tensors = {"student.gate": gate, "student.mix": mix, "shadow.gate": shadow_gate, "shadow.mix": shadow_mix, "teacher.weight": teacher.weight}
    case("custom", spec, {"loss": seen[-1]}, {k: v.detach().numpy() for k, v in tensors.items()}, 9)


# ---- alternating updates: a branch on the step in the middle of a step ---------------------------------------

def branches():
    a = fill(nn.Linear(3, 3), {"weight": 1, "bias": 2})
    b = fill(nn.Linear(3, 2), {"weight": 3, "bias": 4})
    x, y = wave(50, 4, 3, scale=1.0), wave(60, 4, 2, scale=1.0)
    oa, ob = torch.optim.Adagrad(a.parameters(), lr=0.1), torch.optim.SGD(b.parameters(), lr=0.1, momentum=0.9)
    for k in range(7):
        loss = F.l1_loss(b(torch.tanh(a(x))), y)
        ob.zero_grad()
        loss.backward()
        ob.step()
        if k % 3 == 2:
            oa.zero_grad()
            F.mse_loss(b(torch.tanh(a(x))), y).backward()
            oa.step()
    spec = """
model Branches(every: int = 3) {
    a = linear(3, 3, weight = wave(1), bias = wave(2))
    b = linear(3, 2, weight = wave(3), bias = wave(4))
    training_step() {
        x, y = wave(50, scale = 1.0)[4, 3], wave(60, scale = 1.0)[4, 2]
        loss = l1(x |> a |> tanh |> b, y)
        log loss
        minimize loss over b
        if trainer.step % every == every - 1 { minimize mse(x |> a |> tanh |> b, y) over a }
    }
    optimizer = adagrad(lr = 0.1) over a
    optimizer = sgd(lr = 0.1, momentum = 0.9) over b
}
"""
    tensors = {**state(a, lambda n: "a." + n), **state(b, lambda n: "b." + n)}
    case("branches", spec, {"loss": loss.item()}, tensors, 7)


# ---- batches of a file in order, the last one smaller; validation of ragged batches --------------------------

def batches():
    net = fill(nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.ELU(), nn.Linear(5, 2)), {"0.weight": 1, "0.bias": 2, "3.weight": 3, "3.bias": 4})
    x, y = wave(50, 15, 3, scale=1.0), wave(60, 15, 2, scale=1.0)
    o = torch.optim.AdamW(net.parameters(), lr=0.05)
    for _ in range(3):
        net.train()
        for rows in (slice(0, 4), slice(4, 8), slice(8, 10)):
            loss = F.mse_loss(net(x[rows]), y[rows])
            o.zero_grad()
            loss.backward()
            o.step()
        net.eval()
        val_loss = F.mse_loss(net(x[10:]), y[10:])
        val_far = (net(x[10:]) - y[10:]).abs().amax(1).mean()
    spec = """
data Rows {
    source      = npy(x = "x.npy", y = "y.npy")
    split       = (train = 10, val = 5)
    split_order = "file"
    shuffle     = false
    batch       = 4
    sample(x: f64[3], y: f64[2]) {
        x = f32(x)
        y = f32(y)
    }
}

model Batches() {
    net = [linear(3, 5, weight = wave(1), bias = wave(2)), batch_norm(5), elu, linear(5, 2, weight = wave(3), bias = wave(4))]
    training_step(x, y) {
        loss = mse(net(x), y)
        log loss
        minimize loss
    }
    validation_step(x, y) {
        log val_loss = mse(net(x), y), val_far = mean(max(abs(net(x) - y), axis = 1))
    }
    optimizer = adamw(lr = 0.05)
}
"""
    files = {name: {"dtype": "float64", "shape": list(v.shape), "data": v.reshape(-1).tolist()} for name, v in (("x.npy", x), ("y.npy", y))}
    case("batches", spec, {"loss": loss.item(), "val_loss": val_loss.item(), "val_far": val_far.item()}, state(net, lambda n: "net." + n), 9, files=files)


def record():
    for one in (batches, residual, autoencoder, mixer, two_losses, adversarial, penalty, attention, custom, branches):
        one()
