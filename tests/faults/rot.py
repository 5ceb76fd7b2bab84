"""Bar 6: damage to a checkpoint is noticed when it is loaded, and the one before it is taken.

damage.c turns bits of the header and of the data and cuts the file; the program that wrote it has to
refuse each. Then the newest checkpoint of a run is emptied, cut, overwritten, swapped with another,
replaced by a folder, a pipe, a socket, a link to itself, a file of another program; `--resume auto`
names it in one sentence, goes on from the one before, and ends in the same bits, and
`--resume FILE` ends in one sentence. Nothing is waited for.

Quick: every 4th bit of the header, 2,000 bits of the data. Long: every bit, 10,000 bits, and every
512th end of the file with a resume each.

--planted turns a bit and makes the sum right again, and lets a checkpoint forget under which name it
was saved before two are swapped: both are found.
"""
import json
import os
import shutil
import socket
import subprocess
import time

import bars

SLOWEST = 5.0           # seconds after which a load counts as a hang


def with_file(change):
    """A damage that changes the bytes."""
    def damage(path):
        data = bytearray(bars.tools.read_bytes(path))
        with open(path, "wb") as file:
            file.write(change(data))
    return damage


def instead(make):
    """A damage that puts something else there."""
    def damage(path):
        os.remove(path)
        make(path)
    return damage


def turned(data, at):
    data[at] ^= 16
    return data


def make_socket(path):
    here = os.getcwd()
    os.chdir(os.path.dirname(path))         # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(os.path.basename(path))
    finally:
        os.chdir(here)


def plain_weights(path):
    """A file of the right tensors without the run's state."""
    def strip(header, body):
        del header["__metadata__"]
    data = bars.tools.read_bytes(path)
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])
    strip(header, data)
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + data[8 + size:])


def newer_format(path):
    bars.rewrite(path, lambda header, body: header["__metadata__"].update({"lt.format": "2"}))


DAMAGE = {
    "emptied": with_file(lambda data: b""), "one byte": with_file(lambda data: data[:1]),
    "half of it": with_file(lambda data: data[:len(data) // 2]),
    "the last byte gone": with_file(lambda data: data[:-1]),
    "a byte more": with_file(lambda data: data + b"\0"),
    "all zeros": with_file(lambda data: bytes(len(data))),
    "a page of zeros": with_file(lambda data: data[:-8192] + bytes(4096) + data[-4096:]),
    "a bit of the length": with_file(lambda data: turned(data, 1)),
    "a bit of the header": with_file(lambda data: turned(data, 900)),
    "a bit of the sum": with_file(lambda data: turned(data, 40)),
    "a bit of the data": with_file(lambda data: turned(data, len(data) - 5000)),
    "text": with_file(lambda data: b"not a checkpoint\n"),
    "twice itself": with_file(lambda data: data + data),
    "a folder": instead(os.mkdir), "a pipe": instead(os.mkfifo), "a socket": instead(make_socket),
    "a link to itself": instead(lambda path: os.symlink(os.path.basename(path), path)),
    "a link to nothing": instead(lambda path: os.symlink("nowhere", path)),
    "a link to a device": instead(lambda path: os.symlink("/dev/zero", path)),
    "weights without a run": plain_weights, "a newer format": newer_format,
}


class Rot:
    def __init__(self, bar):
        self.bar, self.root = bar, bar.path("rotten")
        bar.fit("small", bar.path("never"))
        self.reference = bars.left(bar.path("never"))
        bar.fit("small", bar.path("stopped"), expect=143, LT_AT="15 train 42")     # step 14 of 21
        self.tried = self.good = 0

    def begin(self):
        """The folder of a run that was stopped, and its checkpoints, newest last."""
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(self.bar.path("stopped"), self.root)
        folder = bars.checkpoint_folder(self.root)
        return sorted((os.path.join(folder, name) for name in bars.checkpoints(self.root)), key=bars.step_of)

    def check(self, what, wrong):
        self.tried += 1
        self.good += not wrong
        if wrong:
            print("%s: %s" % (what, "; ".join(wrong)), flush=True)

    def timed(self, *words):
        command = [self.bar.program("small"), *self.bar.words(self.root, *words)]
        begun = time.monotonic()
        try:
            done = subprocess.run([word for word in command if word != "--quiet"], capture_output=True, text=True,
                                  timeout=SLOWEST)
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, -1, "", ""), ["hangs"]
        return done, [] if time.monotonic() - begun < SLOWEST else ["was slow"]

    def falls_back(self, damage):
        *_, older, newest = self.begin()
        damage(newest)
        done, wrong = self.timed("--resume", newest)
        if done.returncode != 1 or done.stderr.count("\n") != 1 or newest not in done.stderr:
            wrong.append("--resume FILE ended with %d and said %r" % (done.returncode, done.stderr))
        done, slow = self.timed("--resume", "auto")
        wrong += slow
        said = [line for line in done.stderr.splitlines() if newest in line]
        if "resumed from " + older not in done.stdout or not said:
            wrong.append("did not fall back: %r %r" % (done.stdout, done.stderr))
        taken = not os.path.isfile(newest)          # a name that cannot be given to a file again
        if done.returncode != (1 if taken and done.returncode else 0):
            wrong.append("ended with %d" % done.returncode)
        if len(said) > 1 and not taken:
            wrong.append("said %r" % said)
        return wrong + ([] if taken else self.same())

    def same(self):
        bars.drop_left_over(self.root, self.reference)
        differ = bars.differences(self.reference, bars.left(self.root))
        return ["these differ: " + ", ".join(differ)] if differ else []

    def swap(self, spoil):
        *_, older, newest = self.begin()
        if spoil:
            spoil(older)
            spoil(newest)
        os.rename(older, older + ".x")
        os.rename(newest, older)
        os.rename(older + ".x", newest)
        return older, newest

    def swapped(self, spoil=None):
        """Two whole files under each other's names: seen by auto, and not taken for the best."""
        pair, wrong = self.swap(spoil), []
        done = bars.tools.run([self.bar.program("small"), "test", "--data.root", self.bar.data,
                               "--trainer.default_root_dir", self.root, "--weights", "best"], timeout=SLOWEST)
        best = [line for line in done.stdout.splitlines() if line.startswith("weights: best")]
        if best and any(path in best[0] for path in pair):
            wrong.append("took it for the best: " + best[0])
        for path in pair:
            self.swap(spoil)
            done, _ = self.timed("--resume", path)
            if path not in done.stderr or "was saved as" not in done.stderr:
                wrong.append("--resume %s said %r" % (path, done.stderr))
        self.swap(spoil)
        done, _ = self.timed("--resume", "auto")
        if not all(path in done.stderr for path in pair):
            wrong.append("did not name them: %r" % done.stderr)
        if "resumed from " + pair[0] not in done.stdout or done.returncode:
            wrong.append("did not take the newest state: %r, ended with %d" % (done.stdout, done.returncode))
        return wrong + self.same()

    def none_is_left(self):
        for path in self.begin():
            os.truncate(path, 100)
        done, wrong = self.timed("--resume", "last")
        if done.returncode != 1:
            wrong.append("ended with %d" % done.returncode)
        done, slow = self.timed("--resume", "auto")
        return wrong + slow + (["ended with %d" % done.returncode] if done.returncode else []) + self.same()


def small_damage(bar, rot, *words):
    """damage.c on the newest checkpoint: (noticed, tried)."""
    newest = rot.begin()[-1]
    done = bars.tools.run([bar.program("small", "damage"), newest, *words], expect=None)
    *lines, figure = done.stdout.splitlines()
    print("\n".join(lines) + "\n" if lines else "", end="")
    noticed, _, tried = figure.split()
    return int(noticed), int(tried)


def run_planted(bar, rot):
    def forget(path):
        def change(header, body):
            state = json.loads(header["__metadata__"]["lt.run"])
            del state["fact"]["saved_as"]
            header["__metadata__"]["lt.run"] = json.dumps(state, separators=(",", ":"))
        bars.rewrite(path, change)
    noticed, tried = small_damage(bar, rot, "100", "64", "--planted")
    wrong = rot.swapped(forget)
    print("; ".join(wrong) or "NOT found")
    bar.end(noticed == tried or not wrong, "%d of 2" % ((noticed < tried) + bool(wrong)))


def main():
    bar = bars.Bar(__doc__)
    rot = Rot(bar)
    if bar.planted:
        run_planted(bar, rot)
    noticed, tried = small_damage(bar, rot, *(("10000", "1") if bar.long else ("2000", "4")))
    for name, damage in DAMAGE.items():
        rot.check(name, rot.falls_back(damage))
    rot.check("swapped", rot.swapped())
    rot.check("none is left", rot.none_is_left())
    if bar.long:
        size = os.path.getsize(rot.begin()[-1])
        for length in range(0, size, 512):
            rot.check("cut at %d" % length, rot.falls_back(with_file(lambda data, n=length: data[:n])))
    bar.end(noticed == tried and rot.good == rot.tried,
            "%d of %d small damages noticed, %d of %d files fallen back from"
            % (noticed, tried, rot.good, rot.tried))


main()
