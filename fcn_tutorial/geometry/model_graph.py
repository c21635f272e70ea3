"""The layers of a functional Keras model as a flat list, read from its configuration alone (no Keras import)."""

from typing import NamedTuple


class Step(NamedTuple):
    """One call of one layer or operation.

    kind: the class of a Keras layer, such as "Add"; an operation of keras.ops is "ops.Add"; any other class has its
        module in front or, where it is one's own, "custom.".
    config: its configuration; parents: the indices of the steps that feed it; arguments: {name: value} of the call's
        keyword arguments; shape: of its output as Keras knows it, None where it doesn't.
    """

    name: str
    kind: str
    config: dict
    parents: tuple[int, ...]
    arguments: dict
    shape: tuple | None = None

    @property
    def trains(self):
        """Is the layer called as in training, whatever the model is called for: `layer(x, training=True)`?"""
        return bool(self.arguments.get("training"))


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
    for index, tensor in zip(outputs, getattr(model, "outputs", ()), strict=False):
        steps[index] = steps[index]._replace(shape=tuple(tensor.shape))
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
        for layer, call, node in waiting:
            tensors = dict(_tensors(node))
            if not all(reference in known for reference in tensors):
                later.append((layer, call, node))
                continue
            for reference, shape in tensors.items():
                steps[known[reference]] = steps[known[reference]]._replace(shape=shape)
            parents = [known[reference] for reference, _ in _tensors(node)]
            made = _add(layer, (call, parents, node.get("kwargs", {})), prefix, steps)
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
            first = {"module": "keras.layers", "class_name": "InputLayer", "config": {"name": "input"}}
            current = _add(first, (0, [], {}), prefix, steps)
        current = _add(layer, (0, current or [], {}), prefix, steps)
    return current


def _calls(layers, known):
    """Every call of every layer with its arguments, without the inputs already known."""
    for layer in layers:
        name = layer["config"]["name"]
        if layer["class_name"] == "InputLayer":
            if (name, 0, 0) not in known:
                yield layer, 0, {}
            continue
        for call, node in enumerate(layer["inbound_nodes"]):
            yield layer, call, node


def _add(layer, called, prefix, steps):
    """Append one call (for a nested model: its steps) and return the indices of what it gives out."""
    (call, parents, arguments), config = called, layer["config"]
    name = prefix + config["name"] + (f" (call {call + 1})" if call else "")
    if _is_model(layer):
        first, outputs = len(steps), _read_model(config, parents, name + "/", steps)
        if arguments.get("training"):  # the layers of a model are called as it is, unless they are told otherwise
            told = {"training": arguments["training"]}
            inner = (step._replace(arguments=told | _without_none(step.arguments)) for step in steps[first:])
            steps[first:] = list(inner)
        return outputs
    steps.append(Step(name, kind_of(layer), config, tuple(parents), arguments))
    return [len(steps) - 1]


def _without_none(arguments):
    return {key: value for key, value in arguments.items() if value is not None}


def _is_model(layer):
    """Is this one of Keras' models, whose layers say all? A class of one's own may do anything with them."""
    return "layers" in layer["config"] and (layer.get("module") or "").split(".")[0] == "keras"


def kind_of(thing):
    """The kind (see `Step`) of a layer, operation or function from its configuration {module, class_name, ...}."""
    module, name = thing.get("module") or "", thing["class_name"]
    if module == "keras.layers":
        return name
    if module.startswith("keras.src.ops."):
        return f"ops.{name}"
    return f"{module or 'custom'}.{name}"


def _tensors(value):
    """((layer name, call, output), shape) of all tensors in a call's arguments, however nested."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            yield tuple(value["config"]["keras_history"]), tuple(value["config"]["shape"])
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
