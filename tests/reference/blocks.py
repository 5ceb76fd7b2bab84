"""Code blocks of the documentation, and the specs that they stand in.

A block that begins with ```lt is a whole spec. A word behind `lt` makes it a fragment:

    lt step     statements, put into `training_step` of the small model below
    lt body     members, put into the body of that model
    lt top      declarations, put before it
    lt data     a data block, read by a model that takes the fields named after `fields:`

Behind the word may stand `error E0300`: the checker must refuse the block with this code. After
that, each following `|` begins one line that the small model gets: `| body: …`, `| step: …`,
`| optimizer: …`, `| trainer: …`.

A fragment that has a `model`, `data` or `trainer` block, an `optimizer` or a `minimize` of its own
takes the place of the small spec's.
"""
import re

FENCE = re.compile(r"^( *)```lt\b([^\n]*)\n(.*?)^\1```\s*$", re.M | re.S)

SMALL_DATA = """\
data Small {
    source = npy(x = "x.npy", y = "y.npy", image = "image.npy", t = "t.npy", ids = "ids.npy")
    split  = (train = 48, val = 8, test = 8)
    batch  = 8
    sample(x: f32[8], y: i32, image: f32[3, 8, 8], t: f32, ids: i32[6]) {
        x = x
        y = y
        image = image
        t = t
        ids = ids
    }
}
"""

SMALL_MODEL = """\
model Tiny {
    net = linear(8, 4)
BODY
    training_step(x, y, image, t, ids) {
        out = net(x)
STEP
    }
    validation_step(x, y) { log val_loss = cross_entropy(net(x), y) }
OPTIMIZER
}
"""


class Block:
    def __init__(self, page, line, info, text):
        self.page, self.line, self.text = page, line, text
        parts = [part.strip() for part in re.split(r"\s\|\s", info)]
        words = parts[0].split()
        self.kind = "spec"
        if words and words[0] in ("step", "body", "top", "data"):
            self.kind = words.pop(0)
        self.error = None
        if words and words[0] == "error":
            self.error = words[1]
            words = words[2:]
        if words:
            raise ValueError(f"{self.where()}: cannot read `lt {info}`")
        self.extra = {}
        for part in parts[1:]:
            key, _, line_text = part.partition(":")
            self.extra.setdefault(key.strip(), []).append(line_text.strip())

    def where(self):
        return f"{self.page}:{self.line}"

    def spec(self):
        """The whole spec that this block stands in."""
        if self.kind == "spec":
            return self.text
        if self.kind == "data":
            return self.text + reader_of(self.extra["fields"][0].split())
        return self.fragment()

    def fragment(self):
        body, step, top = [], [], []
        {"body": body, "step": step, "top": top}[self.kind].append(self.text)
        body += self.extra.get("body", [])
        step += self.extra.get("step", [])
        whole = "\n".join(top)
        if not declares(whole, "model"):
            whole += "\n" + small_model("\n".join(body), "\n".join(step),
                                        self.extra.get("optimizer", []))
        if not declares(whole, "data"):
            whole = SMALL_DATA + whole
        if not declares(whole, "trainer"):
            settings = self.extra.get("trainer", [])
            whole += "trainer {\n" + "".join(f"    {line}\n" for line in settings) + "}\n"
        return whole


def declares(text, word):
    return re.search(rf"^{word}\b(?! *=)[^\n]*{{", text, re.M) is not None


def small_model(body, step, optimizer):
    if not re.search(r"^\s*(if .*)?minimize\b|\{ *minimize\b", step, re.M):
        step += "\nminimize cross_entropy(out, y)"
    if not re.search(r"^optimizer\b", body, re.M):
        optimizer = optimizer or ["sgd(lr = 0.1)"]
    lines = "".join(f"    optimizer = {one}\n" for one in optimizer)
    return (SMALL_MODEL.replace("BODY", indented(body, 4)).replace("STEP", indented(step, 8))
            .replace("OPTIMIZER", lines))


def indented(text, by):
    return re.sub(r"^(?=.)", " " * by, text, flags=re.M)


def reader_of(fields):
    terms = "\n".join(f"        total = total + sum(f32({name}))" for name in fields)
    return f"""
model Reader {{
    param w: f32 = 0
    training_step({", ".join(fields)}) {{
        total = w
{terms}
        minimize total^2
    }}
    optimizer = sgd(lr = 0.1)
}}
trainer {{ max_epochs = 1 }}
"""


def blocks_of(page, text):
    found = []
    for match in FENCE.finditer(text):
        indent = match.group(1)
        code = re.sub(rf"^{indent}", "", match.group(3), flags=re.M)
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(page, line, match.group(2), code))
    return found
