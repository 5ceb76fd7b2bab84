"""Bar 1: killed at every system call of the save path and resumed, a run ends in the same bits.

strace counts the calls that a run makes from the moment it makes its folder, of each kind that
touches the disk; then the run is done again for each of them and killed as the call begins
(`strace -e inject=CALL:signal=KILL:when=N`), resumed with `--resume auto`, and held against the run
that was never killed: checkpoints, rows, scalars. No half-written file may remain.

Quick: specs/small.lt, every call of its first 10 steps. Long: all of its steps, with and without
more threads, and 30 steps of digits with saves at 10, 20 and 30.

--planted spoils what a kill left, in two ways: cut files, of which the bar must see that work was
lost, and a changed moment under a sum that is right, of which it must see that the end differs.
"""
import os
import shutil

import bars

CALLS = ("openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "renameat", "renameat2", "mkdir",
         "unlink", "unlinkat", "ftruncate", "close")
QUICK = ("--trainer.max_steps", "10")
BETWEEN_SAVES = {"small": 3, "digits": 10}      # small every 2, but the first waits for a score
DIGITS = ("--trainer.limit_train_batches", "10", "--trainer.max_epochs", "3", "--trainer.limit_val_batches", "2",
          "--trainer.log_every_n_steps", "5")


def count(bar, name, words, calls=CALLS):
    """{call: (how many before the run's folder is made, how many from then on)}"""
    root = bar.path("counted")
    shutil.rmtree(root, ignore_errors=True)
    command = [bar.path("calls"), bar.program(name), *bar.words(root, *words)]
    counts = {call: [0, 0] for call in calls}
    begun = False
    for call, line in bars.calls_of(command, calls, LT_COUNTS=bar.path("counts")):
        begun = begun or call == "mkdir"
        counts[call][begun] += 1
    return counts


def killed(bar, name, words, call, number, reference, spoil=None):
    """What is wrong after a kill at this call, or None; False: it was not killed there."""
    root, counts = bar.path("killed"), bar.path("counts")
    shutil.rmtree(root, ignore_errors=True)
    if os.path.exists(counts):
        os.remove(counts)
    done = bar.fit(name, root, *words, expect=None, LT_COUNTS=counts,
                   before=bars.injected("%s:signal=KILL:when=%d" % (call, number)))
    if done.returncode == 0:        # a call less than when they were counted
        return False
    if done.returncode not in (-9, 137):
        return "ended with %d: %s" % (done.returncode, done.stderr)
    if spoil and bars.versions(root):
        spoil(root)
    reached = bars.Counts(counts)
    saved = bars.sealed_step(root) if bars.versions(root) else 0
    if reached.train and reached.step + 1 - saved > BETWEEN_SAVES[name]:
        return "step %d was reached, but only %d steps are saved" % (reached.step + 1, saved)
    done = bar.resume(name, root, *words, expect=None)
    if done.returncode != 0:
        return "resuming ended with %d: %s" % (done.returncode, done.stderr)
    if bars.half_written(root):
        return "left " + ", ".join(bars.half_written(root))
    wrong = bars.differences(reference, bars.left(root))
    return "these differ: " + ", ".join(wrong) if wrong else None


def every_call(bar, name, words):
    bar.fit(name, bar.path("never"), *words)
    reference = bars.left(bar.path("never"))
    tried = same = 0
    counts = count(bar, name, words)
    for call, (before, after) in counts.items():
        for number in range(before + 1, before + after + 1):
            wrong = killed(bar, name, words, call, number, reference)
            if wrong is False:
                continue
            tried += 1
            same += not wrong
            if wrong:
                print("%s, killed at %s %d of %d: %s" % (name, call, number - before, after, wrong), flush=True)
    shutil.rmtree(bar.path("never"))
    made = ", ".join("%d %s" % (n, call) for call, (_, n) in counts.items() if n)
    print("%s %s: %d of %d the same (%s)" % (name, " ".join(words), same, tried, made), flush=True)
    return tried, same


def run_planted(bar):
    bar.fit("small", bar.path("never"), *QUICK)
    reference = bars.left(bar.path("never"))
    fsyncs, = (before + after for call, (before, after) in count(bar, "small", QUICK).items() if call == "fsync")
    found = 0
    for spoil in (bars.tear, bars.turn_bit):
        wrong = killed(bar, "small", QUICK, "fsync", fsyncs - 2, reference, spoil)
        print("%s: %s" % (spoil.__name__, wrong or "NOT found"))
        found += bool(wrong)
    bar.end(found < 2, "%d of 2" % found)


def main():
    bar = bars.Bar(__doc__)
    why = bars.can_trace()
    if why:
        bars.tools.skip(why)
    if bar.planted:
        run_planted(bar)
    cases = [("small", QUICK)]
    if bar.long:
        cases = [("small", ()), ("small", ("--threads", "3")), ("digits", DIGITS)]
    counts = [every_call(bar, name, words) for name, words in cases]
    tried, same = map(sum, zip(*counts))
    bar.end(same == tried >= 50, "killed at %d calls, %d ends the same, no more work lost than since a save"
            % (tried, same))


if __name__ == "__main__":
    main()
