"""Stages: what follows what, that weights are handed on, and that an interruption changes nothing."""

import numpy as np
import pytest
from small_backbone import shake, small_backbone, weights_of

from fcn_tutorial import models, weights
from fcn_tutorial.training import stages

RNG = np.random.RandomState(0)
LABELS = RNG.choice([0, 3, 5, 11], (3, 4, 6)).astype(np.uint8).repeat(8, axis=1).repeat(8, axis=2)
DATA = [((20 * mask[..., None] + RNG.randint(0, 9, (32, 48, 3))).astype(np.uint8), mask) for mask in LABELS]
QUIET = dict(batch_size=2, progress=False)


def names(plan):
    return [name for name, _ in plan]


@pytest.mark.parametrize("name", models.NETWORKS)
def test_one_network_at_once_is_one_stage(name):
    given = {"epochs": 4, "learning_rate": 0.1, "fine_tune": False, "augment": None}
    assert stages.plan(name, 4, 0.1) == [(name, given)]


@pytest.mark.parametrize("name", models.NETWORKS)
def test_frozen_epochs_come_first_at_their_own_rate(name):
    views = {"crop": [16, 16]}
    first, second = stages.plan(name, 4, 0.1, fine_tune=True, frozen_epochs=2, augment=views)
    assert first == (name, {"epochs": 2, "fine_tune": False})
    assert second == (name, {"epochs": 4, "learning_rate": 0.1, "fine_tune": True, "augment": views})


def test_the_papers_order():
    assert names(stages.plan("fcn16s", 4, stages=True)) == ["fcn32s", "fcn16s"]
    plan = stages.plan("fcn8s", 4, stages=True)
    assert names(plan) == ["fcn32s", "fcn16s", "fcn8s"]
    assert all(given == plan[0][1] and given["epochs"] == 4 and not given["fine_tune"] for _, given in plan)
    plan = stages.plan("fcn8s", 4, fine_tune=True, frozen_epochs=1, stages=True)
    assert names(plan) == ["fcn32s", "fcn32s", "fcn16s", "fcn8s"]
    assert [given["fine_tune"] for _, given in plan] == [False, True, True, True]
    assert [given["epochs"] for _, given in plan] == [1, 4, 4, 4]


def test_what_cannot_be_planned():
    for name in ("fcn32s", "fcn4s"):
        with pytest.raises(ValueError, match=f"{name} has no stages"):
            stages.plan(name, 4, stages=True)
    with pytest.raises(ValueError, match="2 frozen epochs come before fine-tuning"):
        stages.plan("fcn8s", 4, frozen_epochs=2)
    with pytest.raises(ValueError, match=r"crop=\[1, 40\]"):
        stages.plan("fcn8s", 4, fine_tune=True, frozen_epochs=2, augment={"crop": [1, 40]})


def test_each_stage_starts_where_the_one_before_ended(monkeypatch):
    """Training is played: it gives every score layer new numbers."""
    seen = []

    def played(network, dataset, **arguments):
        scores = {layer.name: layer.get_weights() for layer in network.scores.layers if layer.weights}
        before = seen[-1]["after"] if seen else {}
        for name, values in scores.items():
            expected = before.get(name, [np.zeros_like(value) for value in values])
            assert all((a == b).all() for a, b in zip(values, expected, strict=True)), name
        shake(network.model, len(seen))
        after = {layer.name: layer.get_weights() for layer in network.scores.layers if layer.weights}
        seen.append({"network": network, "arguments": arguments, "after": after})
        return [float(len(seen))]

    monkeypatch.setattr(stages, "train", played)
    plan = stages.plan("fcn8s", 4, 0.1, fine_tune=True, frozen_epochs=2, stages=True)
    network, losses = stages.train_in_stages(
        small_backbone(), plan, DATA, out="a.weights.h5", half=True, features="maps", seed=7
    )
    assert losses == [1, 2, 3, 4] and network is seen[-1]["network"]
    made = [stage["network"] for stage in seen]
    assert [one.name for one in made] == ["fcn32s", "fcn32s", "fcn16s", "fcn8s"] and made[0] is made[1]
    assert all(one.backbone is made[0].backbone for one in made)
    given = [stage["arguments"] for stage in seen]
    assert [one["half"] for one in given] == [False, False, False, True]
    assert all(one["seed"] == 7 and one["out"] == "a.weights.h5" and one["resume"] is False for one in given)
    assert len({one["features"] for one in given}) == 3  # one folder for each network's maps
    assert given[0]["epochs"] == 2 and "learning_rate" not in given[0] and given[1]["learning_rate"] == 0.1


def test_one_network_keeps_its_maps_where_it_was_told(monkeypatch):
    folders = []
    monkeypatch.setattr(stages, "train", lambda network, dataset, **given: folders.append(given["features"]) or [])
    for features in ("maps", None):
        stages.train_in_stages(small_backbone(), stages.plan("fcn8s", 1), DATA, features=features)
    assert folders == ["maps", None]


def test_carry_hands_on_what_both_have_and_no_more():
    backbone = small_backbone()
    source, target = models.fcn32s(backbone), models.fcn8s(backbone)
    shake(source.scores, 1)
    shake(target.scores, 2)
    before = {layer.name: layer.get_weights() for layer in target.scores.layers if layer.weights}
    stages.carry(source, target)
    for name, expected in {**before, "score32": source.scores.get_layer("score32").get_weights()}.items():
        found = target.scores.get_layer(name).get_weights()
        assert all((a == b).all() for a, b in zip(found, expected, strict=True)), name


def test_a_start_brings_its_weights_to_the_first_stage(monkeypatch):
    """Of the same network all of it, of another one the scores that both have, on the same backbone."""
    seen = []
    monkeypatch.setattr(stages, "train", lambda network, dataset, **given: seen.append(network) or [])
    start = models.fcn16s(small_backbone())
    shake(start.scores, 1)
    for name in ("fcn16s", "fcn8s"):
        stages.train_in_stages(start.backbone, stages.plan(name, 1), DATA, start)
    assert seen[0] is start and seen[1].backbone is start.backbone
    for name in ("score32", "score16"):
        for a, b in zip(*(network.scores.get_layer(name).get_weights() for network in seen), strict=True):
            assert (a == b).all() and (a != 0).any()
    assert (seen[1].scores.get_layer("score8").get_weights()[0] == 0).all()


def test_resumed_in_the_middle_of_a_stage_or_between_two_is_the_uninterrupted_run(tmp_path, monkeypatch):
    """What an interruption leaves behind is the file as it was after some epoch: resume from two of those."""
    plan = stages.plan("fcn16s", 2, 0.002, fine_tune=True, stages=True, augment={"crop": [24, 40], "colour": 0.1})
    common = dict(balance=True, half=True, **QUIET)
    save, copies = weights.save, []

    def save_and_copy(network, path, *arguments, **options):
        save(network, path, *arguments, **options)
        copies.append(path.read_bytes())

    with monkeypatch.context() as patch:
        patch.setattr(weights, "save", save_and_copy)
        whole, losses = stages.train_in_stages(
            small_backbone(), plan, DATA, out=tmp_path / "whole.weights.h5", **common
        )
    assert len(copies) == len(losses) == 4 and len(set(losses)) == 4
    for done, name in ((2, "fcn32s"), (3, "fcn16s")):
        out = tmp_path / f"after{done}.weights.h5"
        out.write_bytes(copies[done - 1])
        assert weights.read_card(out)["network"] == name
        resumed, rest = stages.train_in_stages(small_backbone(), plan, DATA, out=out, resume=True, **common)
        assert rest == pytest.approx(losses[0 if done == 2 else 2 :], rel=1e-4)
        for a, b in zip(weights_of(resumed.model), weights_of(whole.model), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-4)
        assert (weights.read_card(out)["network"], resumed.name) == ("fcn16s", "fcn16s")


def test_a_finished_run_stays_as_it_is_and_other_runs_cannot_go_on_from_it(tmp_path):
    def resume(plan, out):
        return stages.train_in_stages(small_backbone(), plan, DATA, out=out, resume=True, **QUIET)

    plan, out = stages.plan("fcn16s", 1, 0.02, stages=True), tmp_path / "net.weights.h5"
    network, losses = stages.train_in_stages(small_backbone(), plan, DATA, out=out, **QUIET)
    moved = network.scores.get_layer("score16").get_weights()
    again, rest = resume(plan, out)
    assert rest == losses[1:]
    for a, b in zip(weights_of(again.model), weights_of(network.model), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert np.abs(moved[0]).max() > 0.01
    with pytest.raises(ValueError, match="written while training fcn16s, frozen: no stage of this run"):
        resume(stages.plan("fcn8s", 1), out)
    with pytest.raises(ValueError, match="no stage of this run"):
        resume(stages.plan("fcn16s", 1, fine_tune=True), out)
    with pytest.raises(ValueError, match="same settings"):
        resume(stages.plan("fcn16s", 2, 0.02), out)
    with pytest.raises(FileNotFoundError, match="none.weights.h5"):
        resume(plan, tmp_path / "none.weights.h5")
