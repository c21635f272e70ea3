"""The layers of a functional Keras model as a flat list, read from its configuration alone (no Keras import)."""

from typing import NamedTuple


class Step(NamedTuple):
    """One call of one layer: its name, class name, configuration and the indices of the steps that feed it."""

    name: str
    kind: str
    config: dict
    parents: tuple[int, ...]


def read_steps(model):
    """Return (steps, outputs) of a functional or sequential Keras `model`.

    `steps` is a list of `Step` in which parents come before children; `outputs` the indices of the model's outputs.
    A layer inside a nested model is named "outer/inner"; the second call of a shared layer "name (call 2)".
    Raises ValueError for a model that is not functional.
    """
    config = model.get_config()
    if "layers" not in config:
        raise ValueError(
            f"{getattr(model, 'name', model)!r} has no list of layers to read; expected a functional or sequential "
            "Keras model. Build it with keras.Model(inputs, outputs)."
        )
    steps = []
    outputs = _read_model(config, None, "", steps)
    return steps, outputs


def _read_model(config, inputs, prefix, steps):
    """Append a model's steps; `inputs` are the steps that feed it, None for the outermost. Returns its outputs."""
    if "output_layers" not in config:
        return _read_sequence(config["layers"], inputs, prefix, steps)
    known = {}
    if inputs is not None:
        known = {
            (name, 0, 0): step for (name, _, _), step in zip(_references(config["input_layers"]), inputs, strict=True)
        }
    waiting = list(_calls(config["layers"], known))
    while waiting:
        later = []
        for layer, call, parents in waiting:
            if not all(parent in known for parent in parents):
                later.append((layer, call, parents))
                continue
            made = _add(layer, call, [known[parent] for parent in parents], prefix, steps)
            known.update({(layer["config"]["name"], call, k): step for k, step in enumerate(made)})
        if len(later) == len(waiting):
            raise ValueError(f"layer {later[0][0]['config']['name']!r} takes an input that is no output of one tensor.")
        waiting = later
    # Keras counts the calls of a nested functional model from 1 in this one list, from 0 everywhere else.
    nested = {layer["config"]["name"] for layer in config["layers"] if "output_layers" in layer["config"]}
    return [known[name, call - (name in nested), k] for name, call, k in _references(config["output_layers"])]


def _read_sequence(layers, inputs, prefix, steps):
    """The same for a Sequential model: each layer feeds the next."""
    current = inputs
    for layer in layers:
        if layer["class_name"] == "InputLayer" and current is not None:
            continue
        if layer["class_name"] != "InputLayer" and current is None:
            current = _add({"class_name": "InputLayer", "config": {"name": "input"}}, 0, [], prefix, steps)
        current = _add(layer, 0, current or [], prefix, steps)
    return current


def _calls(layers, known):
    """Every call of every layer with the references of its input tensors, without the inputs already known."""
    for layer in layers:
        name = layer["config"]["name"]
        if layer["class_name"] == "InputLayer":
            if (name, 0, 0) not in known:
                yield layer, 0, []
            continue
        for call, node in enumerate(layer["inbound_nodes"]):
            yield layer, call, list(_tensors(node))


def _add(layer, call, parents, prefix, steps):
    """Append one call (for a nested model: its steps) and return the indices of what it gives out."""
    kind, config = layer["class_name"], layer["config"]
    name = prefix + config["name"] + (f" (call {call + 1})" if call else "")
    if "layers" in config:
        return _read_model(config, parents, name + "/", steps)
    steps.append(Step(name, kind, config, tuple(parents)))
    return [len(steps) - 1]


def _tensors(value):
    """References (layer name, call, output) of all tensors in a call's arguments, however nested."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            yield tuple(value["config"]["keras_history"])
            return
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)


def _references(value):
    """References of a model's inputs or outputs in the order of Keras: one, a list, or a dict sorted by key."""
    if isinstance(value, dict):
        return [reference for key in sorted(value) for reference in _references(value[key])]
    if value and isinstance(value[0], str):
        return [tuple(value)]
    return [reference for item in value for reference in _references(item)]
