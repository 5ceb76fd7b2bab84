"""A cross compiler with the runtime built by it, and the way to run what it makes.

Needs gcc-aarch64-linux-gnu, libc6-dev-arm64-cross and qemu-user. zlib for AArch64 comes from
`zlib1g-dev:arm64` where that is installed; else its two packages are fetched and unpacked into
the test's own folder, with lists of their own, so that nothing is installed.
"""
import glob
import os
import platform
import subprocess

import tools

COMPILER, RUNNER, SYSTEM = "aarch64-linux-gnu-gcc", "qemu-aarch64", "/usr/aarch64-linux-gnu"
FLAGS = ["-std=c17", "-O2", "-ffp-contract=off", "-fno-strict-aliasing", "-fopenmp"]


class Cross:
    def __init__(self, tree, zlib):
        self.include, self.library_folder = zlib
        self.tree = tree
        self.runner = (RUNNER, "-L", SYSTEM, "-E", "LD_LIBRARY_PATH=" + self.library_folder)
        self.library = self.build_runtime()

    def build_runtime(self):
        """Every source of runtime/, as one static library."""
        runtime = os.path.join(self.tree.source, "runtime")
        folder = self.tree.path("aarch64")
        os.makedirs(folder, exist_ok=True)
        objects = []
        for source in sorted(glob.glob(os.path.join(runtime, "**", "*.c"), recursive=True)):
            name = os.path.relpath(source, runtime).replace("/", "_")[:-2] + ".o"
            objects.append(os.path.join(folder, name))
            tools.run([COMPILER, *FLAGS, "-D_GNU_SOURCE", "-I" + runtime, "-I" + self.tree.include,
                       "-I" + self.include, "-c", source, "-o", objects[-1]])
        library = os.path.join(folder, "liblt.a")
        tools.run([COMPILER.replace("gcc", "ar"), "rcs", library, *objects])
        return library

    def build(self, folder):
        source = glob.glob(os.path.join(folder, "*.c"))[0]
        program = source[:-2]
        tools.run([COMPILER, *FLAGS, "-I" + self.tree.include, "-o", program, source, self.library,
                   "-L" + self.library_folder, "-l:libz.so.1", "-lpthread", "-lm"])
        return program


def installed():
    """The folders of zlib's header and library in a Debian with arm64 as second architecture."""
    library = "/usr/lib/aarch64-linux-gnu"
    if os.path.exists("/usr/include/zlib.h") and os.path.exists(library + "/libz.so.1"):
        return "/usr/include", library
    return None


def fetched(tree):
    """The same from the archive, unpacked and not installed; None without a network."""
    if not (tools.has("apt-get") and tools.has("dpkg")):
        return None
    root = tree.path("apt")
    for name in ("state/lists/partial", "cache/archives/partial", "unpacked"):
        os.makedirs(os.path.join(root, name), exist_ok=True)
    open(os.path.join(root, "state", "status"), "w").close()
    apt = ["apt-get", "-qq", "-o", "APT::Architecture=arm64", "-o", "APT::Architectures=arm64",
           "-o", "Dir::State=%s/state" % root, "-o", "Dir::State::status=%s/state/status" % root,
           "-o", "Dir::Cache=%s/cache" % root, "-o", "APT::Sandbox::User=root"]
    try:
        for words in (["update"], ["download", "zlib1g", "zlib1g-dev"]):
            subprocess.run(apt + words, cwd=root, capture_output=True, timeout=180)
    except subprocess.TimeoutExpired:
        return None
    for package in glob.glob(os.path.join(root, "*.deb")):
        tools.run(["dpkg", "-x", package, os.path.join(root, "unpacked")])
    include = os.path.join(root, "unpacked", "usr", "include")
    found = glob.glob(os.path.join(root, "unpacked", "**", "libz.so.1"), recursive=True)
    if not found or not os.path.exists(os.path.join(include, "zlib.h")):
        return None
    return include, os.path.dirname(found[0])


known = {}


def toolchain(tree):
    """The cross compiler, made once; None, with the reason printed, where there is none."""
    if "cross" not in known:
        known["cross"] = find(tree)
    return known["cross"]


def find(tree):
    missing = [name for name in (COMPILER, RUNNER) if not tools.has(name)]
    if missing or platform.machine() == "aarch64":
        print("left out: AArch64 (%s)" % (", ".join(missing) + " missing" if missing
                                           else "this machine is one"))
        return None
    zlib = installed() or fetched(tree)
    if not zlib:
        print("left out: AArch64 (its zlib is not installed, and cannot be fetched)")
        return None
    return Cross(tree, zlib)
