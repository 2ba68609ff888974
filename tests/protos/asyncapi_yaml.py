"""protos/asyncapi.yaml is YAML, and every reference in it leads somewhere: what a tool needs before it can say more."""
import pathlib
import yaml

document = yaml.safe_load((pathlib.Path(__file__).parents[2] / "protos" / "asyncapi.yaml").read_text())


def references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        node = list(node.values())
    for child in node if isinstance(node, list) else []:
        yield from references(child)


def resolve(reference):
    assert reference.startswith("#/"), reference
    node = document
    for part in reference[2:].split("/"):
        assert part in node, f"{reference} leads nowhere"
        node = node[part]
    return node


found = list(references(document))
for reference in found:
    resolve(reference)
assert document["asyncapi"].startswith("3."), document["asyncapi"]
assert document["channels"] and len(found) > 100, "there are streams, and references"
for name, channel in document["channels"].items():
    assert channel["address"].endswith(":" + name), name
    for event, reference in channel["messages"].items():
        assert resolve(reference["$ref"])["title"] == event, event
