"""Time two ways of doing one thing alternately in one run, and print their ratio."""

import statistics
import time


def compare(slow, fast, names, rounds=15, warm_up=2):
    """Call both functions alternately; print each median in milliseconds and the median of the ratios slow / fast.

    Both must return something that waits for the result (a NumPy array, say). Returns the ratio.
    """
    for _ in range(warm_up):
        slow(), fast()
    pairs = [(_seconds(slow), _seconds(fast)) for _ in range(rounds)]
    for name, times in zip(names, zip(*pairs, strict=True), strict=True):
        print(f"{name}: {1000 * statistics.median(times):.1f} ms")
    ratios = [first / second for first, second in pairs]
    ratio = statistics.median(ratios)
    print(f"{names[1]} is {ratio:.1f} times faster ({min(ratios):.1f} to {max(ratios):.1f} in {rounds} rounds)")
    return ratio


def _seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start
