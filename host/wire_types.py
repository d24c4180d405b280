"""`rpc.discover` as TypeScript, for the page: `python -m host.wire_types > host/web/src/wire.ts`. A test keeps it."""

from __future__ import annotations

import json
import sys
from typing import Any

HEAD = "// Made from the host's OpenRPC document by `python -m host.wire_types`; change the methods, not this.\n"
PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def typescript(document: dict[str, Any]) -> str:
    """Every schema as a type, and `Methods`: a method's name -> its parameters and its result."""
    schemas = document["components"]["schemas"]
    lines = [HEAD]
    lines += [f"export type {name} = {type_of(schema)};" for name, schema in sorted(schemas.items())]
    lines.append("\nexport interface Methods {")
    for method in document["methods"]:
        params = members_of({one["name"]: (one["schema"], one["required"]) for one in method["params"]})
        result = type_of(method["result"]["schema"])
        lines += [f"  /** {method['summary']} */", f'  "{method["name"]}": {{ params: {params}; result: {result} }};']
    return "\n".join([*lines, "}", ""])


def type_of(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema or "enum" in schema:
        return " | ".join(json.dumps(one) for one in schema.get("enum", [schema.get("const")]))
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " | ".join(dict.fromkeys(type_of(one) for one in schema[several]))
    match schema.get("type"):
        case "array" if "prefixItems" in schema:
            return f"[{', '.join(type_of(one) for one in schema['prefixItems'])}]"
        case "array":
            return f"Array<{type_of(schema.get('items', {}))}>"
        case "object" if schema.get("properties"):
            required = set(schema.get("required", ()))
            return members_of({name: (one, name in required) for name, one in schema["properties"].items()})
        case "object":
            more = schema.get("additionalProperties")
            return f"Record<string, {type_of(more) if isinstance(more, dict) else 'any'}>"
        case str() as kind:
            return PLAIN[kind]
    return "any"


def members_of(members: dict[str, tuple[dict[str, Any], bool]]) -> str:
    shown = [f"{name}{'' if required else '?'}: {type_of(schema)}" for name, (schema, required) in members.items()]
    return f"{{ {'; '.join(shown)} }}" if shown else "Record<string, never>"


if __name__ == "__main__":
    from host.methods import CONTRACT

    sys.stdout.write(typescript(CONTRACT.document("0")))
