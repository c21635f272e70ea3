"""Damaged copies of right files: what a disk, a network or a stranger makes of them. The same number, the same copy."""

import random

# Where a length or a count stands, these do most.
_NUMBERS = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1]


def mutant(samples, number):
    """(place of the sample, damaged bytes): copy `number` of one of the `samples`, a list of bytes."""
    rng = random.Random(number)
    place = rng.randrange(len(samples))
    damaged = bytearray(samples[place])
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        rng.choice(_CHANGES)(rng, damaged, samples)
    return place, bytes(damaged)


def _somewhere(rng, damaged):
    """A place in the file: in its head, where sizes and kinds stand, as often as anywhere else."""
    return rng.randrange(min(len(damaged), rng.choice((64, 512, len(damaged)))) or 1)


def _flip(rng, damaged, samples):
    if damaged:
        damaged[_somewhere(rng, damaged)] ^= 1 << rng.randrange(8)


def _set(rng, damaged, samples):
    if damaged:
        damaged[_somewhere(rng, damaged)] = rng.randrange(256)


def _number(rng, damaged, samples):
    size, at = rng.choice((1, 2, 4, 8)), _somewhere(rng, damaged)
    value = rng.choice(_NUMBERS) % 256**size
    damaged[at : at + size] = value.to_bytes(size, rng.choice(("little", "big")))


def _cut(rng, damaged, samples):
    del damaged[_somewhere(rng, damaged) :]


def _delete(rng, damaged, samples):
    at = _somewhere(rng, damaged)
    del damaged[at : at + rng.randint(1, 32)]


def _insert(rng, damaged, samples):
    at = _somewhere(rng, damaged)
    damaged[at:at] = rng.randbytes(rng.randint(1, 32))


def _repeat(rng, damaged, samples):
    at, size = _somewhere(rng, damaged), rng.randint(1, 256)
    damaged[at:at] = damaged[at : at + size] * rng.randint(1, 8)


def _splice(rng, damaged, samples):
    other = rng.choice(samples)
    at, size = rng.randrange(len(other) or 1), rng.randint(1, 512)
    into = _somewhere(rng, damaged)
    damaged[into : into + size] = other[at : at + size]


_CHANGES = (_flip, _flip, _set, _set, _number, _number, _cut, _delete, _insert, _repeat, _splice)
