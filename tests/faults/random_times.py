"""Bar 2: killed at random times and resumed until it is done, a run ends in the same bits.

tests/proof/specs/kills.lt has a shuffle, dropout, running statistics, momentum, a warm-up and a save
every 7 steps, inside the epochs. Each run gets SIGKILL after a uniformly random time, goes on with
`--resume auto`, and again, until it ends; every third kill waits for a half-written file, so that
it falls inside a save. Held equal at the end: every checkpoint that remains, every row of
metrics.csv (each step once), every scalar of the event files. After each kill, the newest whole
checkpoint is no more than 7 steps behind the last step that was begun.

Quick: 8 runs of a fraction of a second. Long: 100 runs of 5 seconds. LT_TEST_SEED=N repeats the
moments of a seed that was printed.

--planted turns a bit of an optimiser's state, under a sum that is right, before a run's last
resume, or lets the newest checkpoints be cut: both must be found.
"""
import os
import random
import shutil
import signal
import subprocess
import time

import bars

BETWEEN_SAVES = 7
SECONDS = {False: 0.3, True: 5.0}
RUNS = {False: 8, True: 100}


class Killed:
    def __init__(self, bar, moments):
        self.bar, self.moments = bar, moments
        self.root, self.counts = bar.path("killed"), bar.path("counts")
        self.words = ("--trainer.log_every_n_steps", "5")
        self.kills = self.torn = self.lost = 0
        self.wrong = []

    def measure(self):
        """The reference: as many epochs as take the time that is wanted."""
        never = self.bar.path("never")
        self.bar.program("kills")
        begun = time.monotonic()
        self.bar.fit("kills", never, *self.words, "--trainer.max_epochs", "12")
        epochs = max(12, round(12 * SECONDS[self.bar.long] / (time.monotonic() - begun)))
        self.words += ("--trainer.max_epochs", str(epochs), "--early_stopping.patience", "1000000")
        shutil.rmtree(never)
        begun = time.monotonic()
        self.bar.fit("kills", never, *self.words)
        self.length = time.monotonic() - begun
        self.reference = bars.left(never)
        print("a run has %d epochs and takes %.2f s" % (epochs, self.length), flush=True)
        return bars.rows_are_whole(self.reference["metrics.csv"])

    def start(self):
        if os.path.exists(self.counts):
            os.remove(self.counts)
        command = [self.bar.program("kills"), *self.bar.words(self.root, "--resume", "auto", *self.words)]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                env={**os.environ, "LT_COUNTS": self.counts})

    def wait(self, process, until, in_save):
        """Whether the moment came before the run's end."""
        while time.monotonic() < until and process.poll() is None:
            time.sleep(max(0, min(0.01, until - time.monotonic())))
        give_up = until + 1
        while in_save and process.poll() is None and time.monotonic() < give_up:
            if bars.half_written(self.root):
                break
        return process.poll() is None

    def kill(self, in_save):
        """One start and one kill; True once the run came to its end."""
        begun = time.monotonic()
        process = self.start()
        self.wait(process, begun + self.moments.uniform(0, self.length / 2), in_save)
        process.send_signal(signal.SIGKILL)
        _, said = process.communicate()
        if process.returncode == 0:
            return True
        if process.returncode != -signal.SIGKILL:
            self.wrong.append("ended with %d: %s" % (process.returncode, said.decode()))
            return True
        self.kills += 1
        self.torn += bool(bars.half_written(self.root))
        self.look_for_loss()
        return False

    def look_for_loss(self):
        counts = bars.Counts(self.counts)
        saved = bars.sealed_step(self.root) if bars.versions(self.root) else 0
        lost = counts.step + 1 - saved if counts.train else 0
        self.lost = max(self.lost, lost)
        if lost > BETWEEN_SAVES:
            self.wrong.append("killed in step %d, but only %d are saved" % (counts.step + 1, saved))

    def run(self, spoil=None):
        """Killed until it is done; what is wrong then."""
        shutil.rmtree(self.root, ignore_errors=True)
        self.wrong = []
        for number in range(100):
            if self.kill(in_save=number % 3 == 2) or self.wrong:
                break
            if spoil and bars.versions(self.root) and bars.sealed_step(self.root) > BETWEEN_SAVES:
                spoil(self.root)
                self.look_for_loss()
                break
        if not self.wrong:
            done = self.bar.resume("kills", self.root, *self.words, expect=None)
            differ = bars.differences(self.reference, bars.left(self.root))
            if done.returncode:
                self.wrong.append("resuming ended with %d: %s" % (done.returncode, done.stderr))
            if differ:
                self.wrong.append("these differ: " + ", ".join(differ))
            if bars.half_written(self.root):
                self.wrong.append("a half-written file is left")
        return self.wrong


def run_planted(bar, killed):
    found = 0
    for spoil in (bars.turn_bit, bars.tear):
        wrong = killed.run(spoil)
        print("%s: %s" % (spoil.__name__, "; ".join(wrong) or "NOT found"))
        found += bool(wrong)
    bar.end(found < 2, "%d of 2" % found)


def main():
    bar = bars.Bar(__doc__)
    seed = bar.seed or random.randrange(1, 2**32)
    print("seed %d" % seed)
    killed = Killed(bar, random.Random(seed))
    if not killed.measure():
        bar.end(False, "metrics.csv has a step twice, out of order, or lacks steps")
    if bar.planted:
        run_planted(bar, killed)
    same, runs = 0, RUNS[bar.long]
    for number in range(runs):
        wrong = killed.run()
        same += not wrong
        if wrong:
            print("run %d: %s" % (number + 1, "; ".join(wrong)), flush=True)
    bar.end(same == runs and killed.kills >= runs,
            "%d of %d runs the same after %d kills (%d left a half-written file), at most %d steps lost"
            % (same, runs, killed.kills, killed.torn, killed.lost))


main()
