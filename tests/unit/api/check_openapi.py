#!/usr/bin/env python3
"""Compare openapi.yaml with the routes that the API really has: check_openapi.py LIST_ROUTES OPENAPI_YAML.

Each route is one test case, and so is each rule about the document as a whole; prints TAP.
"""
import json
import subprocess
import sys

import yaml


class UniqueKeys(yaml.SafeLoader):
    """PyYAML keeps the last of two equal keys without a word."""


def mapping(loader, node):
    keys = [loader.construct_object(key) for key, _ in node.value]
    for key in keys:
        if keys.count(key) > 1:
            raise yaml.YAMLError(f"{key} stands twice, line {node.start_mark.line + 1}")
    return {loader.construct_object(k): loader.construct_object(v, deep=True) for k, v in node.value}


UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)


def resolve(doc, node):
    while isinstance(node, dict) and "$ref" in node:
        name = node["$ref"]
        assert name.startswith("#/"), name
        node = doc
        for part in name[2:].split("/"):
            node = node[part]
    return node


def schema_keys(doc, schema):
    schema = resolve(doc, schema)
    keys = set(schema.get("properties", {}))
    for part in schema.get("allOf", []):
        keys |= schema_keys(doc, part)
    return keys


def faults_of(doc, route):
    """What is wrong with the description of one route."""
    item = doc["paths"].get(route["path"])
    operation = (item or {}).get(route["method"].lower())
    if operation is None:
        yield "is not described"
        return
    if operation.get("summary") != route["summary"]:
        yield f"summary is {operation.get('summary')!r}, not {route['summary']!r}"
    if sorted(operation.get("x-roles", [])) != sorted(route["roles"]):
        yield f"x-roles is {operation.get('x-roles')}, not {route['roles']}"
    if (operation.get("security") == []) != (route["roles"] == ["anyone"]):
        yield "only what anyone may call lifts the security requirement"
    content = resolve(doc, operation.get("requestBody", {})).get("content", {})
    kind = {"none": [], "json": ["application/json"], "upload": ["application/octet-stream"],
            "cap": ["application/cap+xml"]}
    if list(content) != kind[route["body"]]:
        yield f"takes {list(content)}, not {kind[route['body']]}"
    elif route["body"] == "json":
        schema = resolve(doc, content["application/json"]["schema"])
        keys = schema_keys(doc, schema)
        if keys != set(route["keys"]):
            yield f"keys {sorted(keys)}, not {sorted(route['keys'])}"
        if schema.get("additionalProperties") is not False:
            yield "other keys are refused, so additionalProperties must be false"
    names = {p["name"] for p in map(lambda p: resolve(doc, p), operation.get("parameters", []) +
                                    item.get("parameters", [])) if p["in"] == "path"}
    wanted = {part[1:-1] for part in route["path"].split("/") if part.startswith("{")}
    if names != wanted:
        yield f"path parameters {sorted(names)}, not {sorted(wanted)}"
    if not any(str(code).startswith("2") for code in operation["responses"]):
        yield "has no response that is a success"
    if "default" not in operation["responses"]:
        yield "does not describe its errors"


def references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def broken_references(doc):
    for name in sorted(set(references(doc))):
        try:
            resolve(doc, {"$ref": name})
        except (KeyError, AssertionError):
            yield f"{name} leads nowhere"


def unknown_operations(doc, routes):
    known = {(route["method"].lower(), route["path"]) for route in routes}
    for path, item in doc["paths"].items():
        for method in item:
            if method != "parameters" and (method, path) not in known:
                yield f"{method} {path} does not exist"


def repeated_ids(doc):
    ids = [operation["operationId"] for item in doc["paths"].values()
           for method, operation in item.items() if method != "parameters"]
    return (f"operationId {name} stands twice" for name in set(ids) if ids.count(name) > 1)


def main():
    lines = subprocess.run([sys.argv[1]], check=True, stdout=subprocess.PIPE, text=True).stdout
    routes = [json.loads(line) for line in lines.splitlines() if line.startswith("{")]
    with open(sys.argv[2], encoding="utf-8") as file:
        doc = yaml.load(file, UniqueKeys)
    cases = [(f"{r['method']} {r['path']} is described as it is", list(faults_of(doc, r)))
             for r in routes]
    cases += [
        ("the document describes no other operation", list(unknown_operations(doc, routes))),
        ("every reference leads somewhere", list(broken_references(doc))),
        ("every operationId is its own", list(repeated_ids(doc))),
        ("the version is one of OpenAPI 3", [] if str(doc["openapi"]).startswith("3.") else ["no"]),
    ]
    print(f"1..{len(cases)}")
    for number, (name, faults) in enumerate(cases, 1):
        for fault in faults:
            print(f"# {name}: {fault}")
        print(f"{'not ok' if faults else 'ok'} {number} - {name}")
    sys.exit(any(faults for _, faults in cases))


if __name__ == "__main__":
    main()
