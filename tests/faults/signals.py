"""Bar 13: signals, at every place of a run, end it well or are obeyed on the way.

SIGINT, SIGTERM and SIGHUP come while a row is prepared, in a training batch, in a validation batch,
while a checkpoint is flushed and as it is renamed. The run then begins no more than one batch,
leaves with 128 + the signal's number, says so in one sentence, leaves no half-written file, and
ends, resumed, in the bits of the run that was never disturbed. SIGUSR1 saves and goes on; a pipe
that closes stops nothing; a second SIGINT leaves at once; under nohup SIGHUP is ignored; as
process 1 and with closed standard files a run is the same. The handlers call nothing but _exit,
read from the library's machine code.

Quick: three moments of each place. Long: every batch and every call.

--planted lets the trainer hear of a signal late, and puts stdio into a handler: both are found.
"""
import itertools
import os
import re
import shutil
import signal
import subprocess
import time

import bars

LEAVING = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
QUICK = {"sample": (1, 333, 900), "train": (1, 17, 60), "validate": (1, 9, 21), "fsync": (1, 4, 9),
         "rename": (1, 3, 7)}


class Signals:
    def __init__(self, bar):
        self.bar, self.root, self.counts = bar, bar.path("signalled"), bar.path("counts")
        bar.fit("small", bar.path("never"), LT_COUNTS=self.counts)
        self.reference = bars.left(bar.path("never"))
        self.whole = bars.Counts(self.counts)
        self.tried = self.good = 0
        self.slowest = 0

    def check(self, what, wrong):
        self.tried += 1
        self.good += not wrong
        if wrong:
            print("%s: %s" % (what, "; ".join(wrong)), flush=True)

    def clear(self):
        shutil.rmtree(self.root, ignore_errors=True)

    def same_end(self, *words):
        done = self.bar.resume("small", self.root, *words, expect=None)
        if done.returncode:
            return ["resuming ended with %d: %s" % (done.returncode, done.stderr)]
        return self.same()

    def same(self):
        bars.drop_left_over(self.root, self.reference)
        wrong = bars.differences(self.reference, bars.left(self.root))
        return ["these differ: " + ", ".join(wrong)] if wrong else []

    def leaving(self, number, place, count, **variables):
        self.clear()
        begun = time.monotonic()
        done = self.bar.fit("small", self.root, expect=None, LT_COUNTS=self.counts,
                            LT_AT="%d %s %d" % (number, place, count), **variables)
        self.slowest = max(self.slowest, time.monotonic() - begun)
        seen = bars.Counts(self.counts)
        if done.returncode == 0 and seen.train == self.whole.train and place not in ("train", "validate"):
            return self.same()          # in the last save, or in rows prepared too many: all was done
        later, wrong = seen.later, []
        if done.returncode != LEAVING[number]:
            wrong.append("ended with %d, expected %d" % (done.returncode, LEAVING[number]))
        if later > 1:
            wrong.append("%d batches were begun afterwards" % later)
        if done.stderr.count("\n") != 1 or number.name not in done.stderr:
            wrong.append("said %r" % done.stderr)
        if bars.half_written(self.root):
            wrong.append("left " + ", ".join(bars.half_written(self.root)))
        if not all(bars.is_sealed(os.path.join(bars.checkpoint_folder(self.root), name))
                   for name in bars.checkpoints(self.root)):
            wrong.append("a checkpoint is damaged")
        return wrong or self.same_end()

    def is_last_save(self, place, count):
        return (place == "fsync" and count > self.whole.fsync - 2) or (place == "rename" and count == self.whole.rename)

    def saving(self, place, count):
        self.clear()
        done = self.bar.fit("small", self.root, expect=None, LT_AT="10 %s %d" % (place, count))
        wrong = [] if done.returncode == 0 else ["ended with %d" % done.returncode]
        if "SIGUSR1: saved step" not in done.stderr:
            wrong.append("said %r" % done.stderr)
        return wrong + self.same()

    # ---- from outside ---------------------------------------------------------------------------

    def command(self, *words):
        return [self.bar.program("small"), *(word for word in self.bar.words(self.root, *words)
                                             if word != "--quiet")]

    def closed_pipe(self):
        self.clear()
        done = subprocess.run(["bash", "-c", "set -o pipefail; \"$@\" | head -1", "bash", *self.command()],
                              capture_output=True, timeout=60)
        return (["ended with %d" % done.returncode] if done.returncode else []) + self.same()

    def twice(self):
        self.clear()
        process = subprocess.Popen(self.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   env={**os.environ, "LT_AT": "2+5000000 train 20", "LT_COUNTS": self.counts})
        while process.poll() is None and bars.Counts(self.counts).train < 20:
            time.sleep(0.005)
        time.sleep(0.2)
        wrong = ["did not wait for its step"] if process.poll() is not None else []
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)
        if process.returncode != 130 or time.monotonic() - begun > 1:
            wrong.append("ended with %d after %.1f s" % (process.returncode, time.monotonic() - begun))
        return wrong or self.same_end()

    def ignored(self):
        self.clear()
        done = subprocess.run(self.command(), capture_output=True, timeout=60,
                              preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
                              env={**os.environ, "LT_AT": "1 train 20"})
        return (["ended with %d" % done.returncode] if done.returncode else []) + self.same()

    def closed_files(self):
        self.clear()
        done = subprocess.run(["bash", "-c", "exec \"$@\" <&- >&- 2>&-", "bash", *self.command()], timeout=60)
        return (["ended with %d" % done.returncode] if done.returncode else []) + self.same()

    def process_1(self):
        self.clear()
        alone = ["unshare", "--pid", "--fork"]
        if subprocess.run([*alone, "true"], capture_output=True).returncode:
            print("left out: a run that is process 1, as no namespace can be made here")
            return None
        done = subprocess.run([*alone, *self.command()], capture_output=True, timeout=60,
                              env={**os.environ, "LT_AT": "15 train 20"})
        return (["ended with %d" % done.returncode] if done.returncode != 143 else []) + self.same_end()


# ---- the handlers -------------------------------------------------------------------------------

def calls_in_handlers(path):
    """What the two handlers refer to, by the relocations in an object file or library."""
    text = bars.tools.run(["objdump", "-dr", "--no-show-raw-insn", path]).stdout
    found, inside = set(), False
    for line in text.splitlines():
        begin = re.match(r"[0-9a-f]+ <([^>]+)>:", line)
        if begin:
            inside = re.match(r"note_(leave|save)\b", begin[1])
        reference = re.search(r"R_\w+\s+([\w.]+)", line)
        if inside and reference:
            found.add(reference[1])
    return found


def handlers_are_plain(found):
    allowed = {"_exit", "leave_signal", "save_asked"}
    more = {name for name in found - allowed if not name.startswith((".bss", ".data", ".text"))}
    return ["the handlers call " + ", ".join(sorted(more))] if more else [] if "_exit" in found else ["no handler"]


def planted_handler(bar):
    source = bars.tools.read_text(os.path.join(bar.tree.source, "runtime", "trainer", "signals.c"))
    path = bar.path("planted.c")
    with open(path, "w") as file:
        file.write("#include <stdio.h>\n" + source.replace("    leave_signal = signal;",
                                                           "    puts(\"leaving\");\n    leave_signal = signal;"))
    bars.tools.run([os.environ.get("CC", "cc"), "-O2", "-c", "-I" + os.path.join(bar.tree.source, "runtime"),
                    "-I" + bar.tree.include, path, "-o", bar.path("planted.o")])
    return handlers_are_plain(calls_in_handlers(bar.path("planted.o")))


def run_planted(bar, signals):
    late = signals.leaving(signal.SIGTERM, "train", 17, LT_DEAF="3")
    stdio = planted_handler(bar)
    for wrong in (late, stdio):
        print("; ".join(wrong) or "NOT found")
    bar.end(not (late and stdio), "%d of 2" % (bool(late) + bool(stdio)))


def moments(bar, signals, place):
    if not bar.long:
        return QUICK[place]
    if place == "sample":               # rows of the next epoch are prepared to the end
        return range(1, 1100, 37)
    return range(1, getattr(signals.whole, place) + 1)


def main():
    signal.signal(signal.SIGHUP, signal.SIG_DFL)        # also where this is run by nohup
    bar = bars.Bar(__doc__)
    signals = Signals(bar)
    if bar.planted:
        run_planted(bar, signals)
    for place, number in itertools.product(QUICK, LEAVING):
        for count in moments(bar, signals, place):
            signals.check("%s at %s %d" % (number.name, place, count), signals.leaving(number, place, count))
    for place in QUICK:
        for count in filter(lambda count: not signals.is_last_save(place, count), moments(bar, signals, place)):
            signals.check("SIGUSR1 at %s %d" % (place, count), signals.saving(place, count))
    for name in ("closed_pipe", "twice", "ignored", "closed_files", "process_1"):
        wrong = getattr(signals, name)()
        if wrong is not None:
            signals.check(name, wrong)
    signals.check("the handlers", handlers_are_plain(calls_in_handlers(bar.tree.library)))
    bar.end(signals.good == signals.tried, "%d of %d signals answered well, the slowest run %.0f ms from start to end"
            % (signals.good, signals.tried, 1000 * signals.slowest))


main()
