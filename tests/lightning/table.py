#!/usr/bin/env python3
"""docs/lightning-parity.md has a row for every name of Lightning's, and says nothing of us that is not so.

    table.py --ltc build/ltc [--planted]

The names are those that record.py recorded. A row that says `the same` spells it in our words, and each of them is
tried: options in `program --help`, the rest as part of a spec that has to compile. `later` and `meaningless here`
stand only for what the lists below allow; differences in runs are exactly those of differences.py, with its reasons.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import differences
from compare import write_rows

HERE = pathlib.Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "lightning-parity.md"
VERDICTS = ("the same", "different", "later", "meaningless here")
LATER = (
    "half precision",
    '`"32-true"` and `"64-true"` are there; 16 and bf16: half precision',
    "profilers",
    "tuners",
    "ranks",
    "GPUs",
    "accumulation by epoch",
    "stochastic weight averaging",
    "pruning",
    "backbone finetuning",
    "device statistics",
    "on-exception checkpoint",
    "prediction writer",
    "spike detection",
    "MLflow",
    "Weights & Biases",
    "Comet",
    "TensorBoard's model graph",
    "prepare",
)
MEANINGLESS = ("of devices", "of another strategy", "a switch of cuDNN", "no plugins", "a registry of the vendor")

SPEC = """
data Rows {{
    source = npy(x = "x.npy")
    split  = (train = 20, val = 3, test = 3)
    batch  = 2
    sample(x: f64) {{ x = f32(x)[_] }}
}}

model Net() {{
    part = linear(1, 1)
    forward(x: f32[B, 1]) -> f32[B, 1] {{ x |> part }}
    training_step(x) {{
        loss = mean(forward(x))
{logs}
        {minimize}
    }}
    validation_step(x) {{ log val_loss = mean(x) }}
    test_step(x) {{ log test_loss = mean(x) }}
    predict(x) {{ forward(x) }}
    {optimizer}
{own}
}}

callback tries() {{
{hooks}
    on_train_end {{
{statements}
    }}
}}

trainer {{
    accumulate_grad_batches = 1
    gradient_clip_val       = 1.0
    loggers   = [{loggers}]
    callbacks = [tries(), {callbacks}]
}}
"""
METHODS = ("forward(x)", "training_step(x)", "validation_step(x)", "test_step(x)", "predict(x)")  # SPEC has them
CALLBACKS = (
    "model_checkpoint",
    "early_stopping",
    "lr_monitor",
    "timer",
    "ema_weights",
    "weight_averaging",
    "progress_bar",
    "throughput_monitor",
    "terminate_on_nan",
    "gradual_unfreezing",
)
# A setting that is only there where the spec gives it a value.
GIVEN = (
    "model_checkpoint(train_time_interval = 10 minutes)",
    'early_stopping(monitor = "val_loss", stopping_threshold = 0.1, ' "divergence_threshold = 9.0)",
    "timer(30 minutes)",
    "ema_weights()",
    "weight_averaging()",
    "throughput_monitor()",
    "lr_monitor()",
)


def read_page(text):
    """Section: [(name, verdict, what)]; and the table of differences."""
    sections, current = {}, None
    for line in text.splitlines():
        if line.startswith("## "):
            current = sections.setdefault(line[3:], [])
        cells = [cell.strip() for cell in line.strip("|").split(" | ")] if line.startswith("| ") else []
        if (
            current is not None
            and len(cells) >= 2
            and set(line) - set("|- ")
            and cells[0] not in ("Lightning", "difference")
        ):
            current.append((cells[0].strip("`"), cells[1], " | ".join(cells[2:]).strip(" |")))
    return sections


def check_names(sections, names):
    found = []
    for section, wanted in names.items():
        rows = [name for name, _, _ in sections.get(section, [])]
        found += [f"{section}: `{name}` has no row" for name in wanted if name not in rows]
        found += [f"{section}: the row `{name}` names nothing of Lightning's" for name in rows if name not in wanted]
        found += [f"{section}: `{name}` has two rows" for name in set(rows) if rows.count(name) > 1]
    return found


def check_verdicts(sections, names):
    found, used = [], set()
    for section in names:
        for name, verdict, what in sections.get(section, []):
            if verdict not in VERDICTS:
                found.append(f"{section}, {name}: `{verdict}` is none of {', '.join(VERDICTS)}")
            if len(what) < 4:
                found.append(f"{section}, {name}: says nothing")
            if verdict == "later" and not what.startswith(LATER):
                found.append(f"{section}, {name}: `{what}` is not what comes later")
            if verdict == "meaningless here" and not what.startswith(MEANINGLESS):
                found.append(f"{section}, {name}: `{what}` is not what may be meaningless")
            slanted = set(re.findall(r"(?<!\w)\*([^*]+)\*(?!\w)", what))
            used |= slanted if verdict == "different" else set()
            if slanted and verdict != "different":
                found.append(f"{section}, {name}: names a difference, but says `{verdict}`")
    for name in sorted(used ^ set(differences.REASONS)):
        found.append(f"the difference `{name}` is {'of no run' if name in used else 'in no row'}")
    told = {name.strip("*"): verdict for name, verdict, _ in sections.get("What a run does otherwise", [])}
    for name, reason in differences.REASONS.items():
        if told.get(name, "").lower() != reason.lower():
            found.append(f"the reason of `{name}` is not told: {reason}")
    return found


def sort_words(sections, names):
    """What `the same` rows spell, by the place where it is tried; and rows and words that cannot be."""
    places = {
        "option": set(),
        "command": set(),
        "hook": set(),
        "own hook": set(),
        "statement": set(),
        "callback": set(),
        "logger": set(),
        "log": set(),
        "minimize": set(),
        "optimizer": set(),
        "method": set(),
    }
    kinds = (
        ("option", r"--[\w.-]+( \S.*)?$"),
        ("command", r"program \w+$"),
        ("hook", r"on_\w+$"),
        ("logger", r"(csv|tensorboard|jsonl)\(\)$"),
        ("callback", rf"({'|'.join(CALLBACKS)})\(.*\)$"),
        ("log", r"log "),
        ("minimize", r"minimize "),
        ("optimizer", r"optimizer = "),
        ("method", r"\w+_step\(x\)$|forward\(x\)$|predict\(x\)$"),
        ("statement", r"(trainer\.|metrics\[|save\(|warn\(|freeze\(|unfreeze\(|model$)"),
    )
    found = []
    for section in names:
        for name, verdict, what in sections.get(section, []):
            if verdict != "the same":
                continue
            words = re.findall(r"`([^`]+)`", what)
            if not words:
                found.append(f"{section}, {name}: spells nothing")
            for word in words:
                kind = next((kind for kind, pattern in kinds if re.match(pattern, word)), None)
                kind = "own hook" if kind == "hook" and section.startswith("LightningModule") else kind
                if kind:
                    places[kind].add(word)
                else:
                    found.append(f"{section}, {name}: cannot try `{word}`")
    return places, found


def statement(index, word):
    if word.startswith("warn("):
        return 'warn("so")'
    value = re.match(r"trainer\.|metrics", word)
    return f'v{index} = {word}\n        if v{index} == 7 {{ warn("seven") }}' if value else word


def write_spec(places):
    hooks = [f'    {hook} {{ warn("{hook}") }}' for hook in sorted(places["hook"]) if hook != "on_train_end"]
    own = [f'    {hook} {{ warn("{hook}") }}' for hook in sorted(places["own hook"])]
    statements = [
        f"        {statement(i, word)}" for i, word in enumerate(sorted(places["statement"])) if word != "model"
    ]
    logs = [re.sub(r"^log \w+(?= =|\b)", f"log l{i}", word) for i, word in enumerate(sorted(places["log"]))]
    logs = [
        f"        {re.sub(r'^log (l[0-9]+)(?! =)', r'log l = loss', line) if ' = loss' not in line else line}"
        for line in logs
    ]
    logs = [line.replace("log l ", f"log k{i} ") for i, line in enumerate(logs)]
    return SPEC.format(
        hooks="\n".join(hooks),
        own="\n".join(own),
        statements="\n".join(statements),
        logs="\n".join(re.sub(r", b = ", ", second = ", line) for line in logs),
        minimize=(sorted(places["minimize"]) or ["minimize loss"])[0],
        optimizer=(sorted(places["optimizer"]) or ["optimizer = sgd()"])[0],
        loggers=", ".join(sorted(places["logger"])),
        callbacks=", ".join(sorted(places["callback"] | set(GIVEN))),
    )


def try_words(ltc, places):
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_rows(folder / "x.npy")
        (folder / "all.lt").write_text(write_spec(places))
        built = subprocess.run(
            [ltc, "build", "all.lt", "-o", "all"], cwd=folder, capture_output=True, text=True, timeout=200
        )
        if built.returncode:
            return [f"what the page spells does not compile:\n{built.stderr}"]
        text = "".join(
            subprocess.run(["./all", *command, "--help"], cwd=folder, capture_output=True, text=True, timeout=60).stdout
            for command in ([], ["fit"], ["test"], ["predict"])
        )
    # The second callback of a kind has a number in its name.
    options = {re.sub(r"\d+\.", ".", option.replace("-", "_").strip("_")) for option in re.findall(r"--[\w.-]+", text)}
    for word in sorted(places["option"]):
        if word.split()[0].replace("-", "_").strip("_") not in options:
            found.append(f"`{word}` is not in the help of a program")
    for word in sorted(places["command"]):
        if not re.search(rf"^ *{word.split()[1]}\b|[ |]{word.split()[1]}[ |]", text, re.MULTILINE):
            found.append(f"`{word}` is not in the help of a program")
    return found + [f"`{word}` is no method of a model" for word in sorted(places["method"] - set(METHODS))]


def faults(ltc, text, names):
    sections = read_page(text)
    places, found = sort_words(sections, names)
    return check_names(sections, names) + check_verdicts(sections, names) + found + try_words(ltc, places)


# The page with a mistake, and what has to be said of it.
PLANTED = [
    ("| `min_epochs` | the same | `--trainer.min_epochs` |\n", "", "has no row"),
    ("| `EarlyStopping(patience)`", "| `EarlyStopping(patients)`", "names nothing of Lightning's"),
    ("`--early_stopping.patience`", "`--early_stopping.patients`", "is not in the help"),
    (
        "| `on_fit_start` | the same | `on_fit_start` |",
        "| `on_fit_start` | the same | `on_fit_begin` |",
        "does not compile",
    ),
    ("`trainer.max_epochs`", "`trainer.most_epochs`", "does not compile"),
    ('model_checkpoint(mode = "max")', 'model_checkpoint(modus = "max")', "does not compile"),
    ("| `deterministic` | different", "| `deterministic` | later", "is not what comes later"),
    ("| `deterministic` | different", "| `deterministic` | meaningless here", "is not what may be meaningless"),
    ("*the last window*", "*the last windows*", "is of no run"),
    ("A run always ends with a validation", "A run may end with a validation", "is not told"),
    ("| `max_time` | the same | `--trainer.max_time", "| `max_time` | alike | `--trainer.max_time", "is none of"),
]


def planted(ltc, text, names):
    unseen = 0
    for before, after, said in PLANTED:
        found = faults(ltc, text.replace(before, after), names) if before in text else []
        if not any(said in fault for fault in found):
            unseen += 1
            print(f"{before.strip()} as {after.strip() or 'nothing'}: `{said}` is not said, but {found}")
    print(f"{len(PLANTED) - unseen} of {len(PLANTED)} mistakes in the page are found")
    return unseen


def main():
    parser = argparse.ArgumentParser(description="checks the table of Lightning's names")
    parser.add_argument("--ltc", required=True)
    parser.add_argument("--planted", action="store_true")
    options = parser.parse_args()
    ltc, text = str(pathlib.Path(options.ltc).resolve()), PAGE.read_text()
    names = json.loads((HERE / "names.json").read_text())["names"]
    if options.planted:
        sys.exit(1 if planted(ltc, text, names) else 0)
    found = faults(ltc, text, names)
    for fault in found:
        print(fault)
    print(f"{sum(len(section) for section in names.values())} names, {len(found)} faults")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
