"""Builds the programs that the bars run, before the first of them."""
import bars

bar = bars.Bar(__doc__)
names = ("small", "kills")
for name in names:
    bar.program(name)
bar.end(True, "%d programs" % len(names))
