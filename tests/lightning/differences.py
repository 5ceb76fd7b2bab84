"""What we do otherwise on purpose: each difference by name, with its reason, as a function that turns what Lightning
did into what we do. docs/lightning-parity.md marks the same settings `different`, and names the difference.

A function changes a recorded run (hooks, weights, files, rows) and is applied to every scenario; the rest must be
equal.
"""

from scenarios import BATCH, ROWS, TABLE, TRAIN, VAL

REASONS = {
    "fast_dev_run is whole": "fast_dev_run makes all of its steps, whatever asks for a stop",
    "minimums to the step": "min_steps holds to the step: a stop request counts as soon as that many steps are done, "
    "and not at the end of the epoch in which they are",
    "share at the end of the epoch": "val_check_interval as a share validates at the end of the epoch too",
    "a last validation": "a run always ends with a validation, so that its last weights are measured and saved",
    "the last window": "the last window of an epoch is divided by its own batches, and not by accumulate_grad_batches",
    "means of rows": "a row of the log has the means since the row before, and the run's last step has a row",
    "names of sets": "a validation set is named by its data block, and the first is not named",
    "names of optimisers": "an optimiser is named as the spec spells it",
    "last is kept": "where the newest position is not among the best, it stays as last.safetensors",
    "an epoch without batches": "an epoch that a callback stopped before its first batch is not counted",
}


def place(event):
    """step, epoch, batch"""
    return tuple(int(number) for number in event.split()[1].split("."))


def name(event):
    return event.split()[0]


def steps_of(run):
    """The batches that were trained: (index in the epoch, step before it, epoch, step after it)."""
    starts = [place(event) for event in run["hooks"] if name(event) == "Tb<"]
    ends = [place(event) for event in run["hooks"] if name(event) == "Tb>"]
    return [(start[2], start[0], start[1], end[0]) for start, end in zip(starts, ends)]


def batch_rows(index):
    return ROWS[BATCH * index : min(BATCH * index + BATCH, TRAIN)]


def mean(values):
    return sum(values) / len(values)


def val_batches(scenario):
    """The sizes of the batches of a validation."""
    trainer, sizes = scenario["trainer"], [min(BATCH, VAL - at) for at in range(0, VAL, BATCH)]
    limit = trainer.get("overfit_batches") or trainer.get("limit_val_batches", 1.0)
    if trainer.get("fast_dev_run"):
        limit = int(trainer["fast_dev_run"])
    count = int(len(sizes) * limit) if isinstance(limit, float) else limit
    return sizes[:count]


def validation(step, epoch, scenario):
    sets = 2 if scenario["program"] == "sets" else 1
    inside = ["Vb<", "Vb>"] * (sets * len(val_batches(scenario)))
    return [f"{hook} {step}.{epoch}.0" for hook in ["V<", "Ve<", *inside, "Ve>", "V>"]]


def validated(run, scenario, step, epoch):
    """The numbers that a validation logs, into the row of its step."""
    rows = sum(val_batches(scenario))
    row = row_of(run, step, epoch)
    row["val_loss"] = TABLE[min(step, len(TABLE) - 1)]
    row["val_x"] = mean(ROWS[TRAIN : TRAIN + rows])


def row_of(run, step, epoch):
    for row in run["rows"]:
        if int(row["step"]) == step - 1:
            return row
    run["rows"].append({"step": str(step - 1), "epoch": str(epoch)})
    return run["rows"][-1]


def logs(scenario):
    return not scenario["trainer"].get("fast_dev_run") and not scenario["trainer"].get("barebones")


def newest(run):
    index, _, epoch, step = steps_of(run)[-1]
    return f"epoch={epoch}-step={step}"


def has_own_checkpoint(scenario):
    return any(callback == "model_checkpoint" for callback, _ in scenario["callbacks"])


def insert_validation(run, scenario, at, step, epoch):
    run["hooks"][at:at] = validation(step, epoch, scenario)
    if logs(scenario):
        validated(run, scenario, step, epoch)


# ---- the differences ----------------------------------------------------------------------------


def minimums_to_the_step(run, scenario, runs):
    least, stop = scenario["trainer"].get("min_steps"), scenario["stop"]
    if not least or not stop:
        return False
    for at, event in enumerate(run["hooks"]):
        step, epoch, batch = place(event)
        if name(event) == "Tb>" and step >= max(least, stop[1]):
            break
    after = [name(event) for event in run["hooks"][at + 1 :]]
    if "Tb<" not in after:
        return False
    run["hooks"][at + 1 :] = [f"Te> {step}.{epoch}.0", f"T> {step}.{epoch + 1}.0", f"F> {step}.{epoch + 1}.0"]
    run["weights"] = run["weights"][:step]
    run["rows"] = [row for row in run["rows"] if int(row["step"]) < step - 1]
    run["files"] = [newest(run)]
    return True


def share_at_the_end_of_the_epoch(run, scenario, runs):
    if not isinstance(scenario["trainer"].get("val_check_interval"), float):
        return False
    changed, every = False, scenario["trainer"].get("check_val_every_n_epoch", 1)
    for at in reversed(range(1, len(run["hooks"]))):
        step, epoch, _ = place(run["hooks"][at])
        if name(run["hooks"][at]) == "Te>" and name(run["hooks"][at - 1]) == "Tb>" and (epoch + 1) % every == 0:
            insert_validation(run, scenario, at, step, epoch)
            changed = True
    if changed and not has_own_checkpoint(scenario):
        run["files"] = [newest(run)]
    return changed


def a_last_validation(run, scenario, runs):
    ends = [at for at, event in enumerate(run["hooks"]) if name(event) == "Te>"]
    if not ends or not val_batches(scenario):
        return False
    at = ends[-1]
    if name(run["hooks"][at - 1]) != "Tb>":
        return False
    # A stop that is asked for as the epoch ends comes after the usual moment.
    late = scenario["stop"] and scenario["stop"][0] == "on_train_epoch_end"
    insert_validation(run, scenario, at + bool(late), *place(run["hooks"][at])[:2])
    if not has_own_checkpoint(scenario) and logs(scenario):
        run["files"] = [newest(run)]
    elif scenario["name"] == "save_all":
        run["files"].append(newest(run))
    return True


def windows(run, divide_by_k, k):
    """The weight after each step, by hand: lr times the mean gradient, which is the mean of the rows."""
    w, weights, window = 1.0, [], []
    for index, before, _, after in steps_of(run):
        window.append(mean(batch_rows(index)))
        if after > before:
            w -= 0.01 * sum(window) / (k if divide_by_k else len(window))
            weights.append(w)
            window = []
    return weights


def the_last_window(run, scenario, runs):
    k = scenario["trainer"].get("accumulate_grad_batches", 1)
    theirs, ours = windows(run, True, k), windows(run, False, k)
    if theirs == ours:  # windows that come out even are not looked at
        return False
    if any(abs(a - b) > 2e-6 for a, b in zip(run["weights"], theirs)):
        raise AssertionError(
            f"{scenario['name']}: Lightning's weights are not divided by {k}: {run['weights']}, {theirs}"
        )
    run["weights"] = ours
    return theirs != ours


def losses(run, scenario):
    """What each batch logs: (step after it, epoch, value, closes a window)."""
    weights = [1.0, *run["weights"]]
    logged = []
    for index, before, epoch, after in steps_of(run):
        x = mean(batch_rows(index))
        logged.append((after, epoch, x if scenario["program"] == "logs" else x * weights[before], after > before))
    return logged


def means_of_rows(run, scenario, runs):
    if not logs(scenario) or not steps_of(run):
        return False
    names = ("plain", "both_step") if scenario["program"] == "logs" else ("train_loss",)
    for row in run["rows"]:
        for column in names:
            row.pop(column, None)
    every, logged, since = scenario["trainer"].get("log_every_n_steps", 50), losses(run, scenario), []
    called = [name(event) for event in run["hooks"] if name(event)[0] != "m"]
    ended_with_batch = called[-3] == "Te>" and called[-4] != "Te<" or called[-3] == "V>"
    for at, (step, epoch, value, closes) in enumerate(logged):
        since.append(value)
        last = at == len(logged) - 1 and ended_with_batch
        if closes and every and (step % every == 0 or last):
            for column in names:
                row_of(run, step, epoch)[column] = mean(since)
            since = []
    run["rows"] = [row for row in run["rows"] if set(row) - {"step", "epoch"}]
    return True


def fast_dev_run_is_whole(run, scenario, runs):
    if not scenario["trainer"].get("fast_dev_run") or not scenario["stop"]:
        return False
    run.update(runs["fast_dev_run_3"])
    return True


def names_of_sets(run, scenario, runs):
    prefix = {"/dataloader_idx_0": "", "/dataloader_idx_1": "Others/"}
    changed = False
    for row in run["rows"]:
        for column in list(row):
            for suffix, ours in prefix.items():
                if column.endswith(suffix):
                    row[ours + column[: -len(suffix)]] = row.pop(column)
                    changed = True
    return changed


def names_of_optimisers(run, scenario, runs):
    changed = False
    for row in run["rows"]:
        for column in list(row):
            if column.startswith("lr-SGD"):
                row[column.replace("lr-SGD", "lr-sgd")] = row.pop(column)
                changed = True
    return changed


def last_is_kept(run, scenario, runs):
    """After a save that was not among the best, and where the end of the run was not saved."""
    if scenario["name"] not in (
        "save_best",
        "save_greatest",
        "save_every_3_steps",
        "save_every_2_epochs",
        "save_steps_of_val_loss",
    ):
        return False
    run["files"].append("last")
    return True


def an_epoch_without_batches(run, scenario, runs):
    if not scenario["stop"] or scenario["stop"][0] != "on_train_epoch_start":
        return False
    for at in (-2, -1):
        step, epoch, batch = place(run["hooks"][at])
        run["hooks"][at] = f"{name(run['hooks'][at])} {step}.{epoch - 1}.{batch}"
    return True


def apply(difference, run, scenario, runs):
    return globals()[difference.replace(" ", "_")](run, scenario, runs)
